# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made of a definition once for each layer class: its steps, checks, and the choice of its payload."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from osgp_analyzer import schema
from osgp_analyzer.engines.scapy.steps import Step, size_of
from osgp_analyzer.schema.expr import Compiled, Ref

if TYPE_CHECKING:
    from osgp_analyzer.engines.scapy.packet import DefinedPacket


class Plan:
    """All steps of a layer class, compiled once."""

    def __init__(self, definition: schema.Definition, compile_step: Callable[[schema.Field], Step]) -> None:
        self.definition = definition
        self.header = tuple(compile_step(field) for field in definition.header)
        self.trailer = tuple(compile_step(field) for field in definition.trailer)
        self.steps = {step.field.name: step for step in (*self.header, *self.trailer)}
        self.checks = tuple((check, check.when.compiled()) for check in definition.checks)
        self.derived = [f.name for f in definition.fields if isinstance(f, schema.View) and not isinstance(f.data, Ref)]
        payload = definition.payload
        self.payload_size = size_of(payload.length) if payload is not None and payload.length is not None else None
        self.required = _condition(payload.required if payload is not None else False)
        self.nothing = _condition(payload.nothing if payload is not None and payload.nothing is not None else False)
        self.choose: Callable[[Any], type[DefinedPacket] | None] = lambda env: None


def _condition(value: schema.Expr | bool) -> Compiled:
    return value.compiled() if isinstance(value, schema.Expr) else lambda env: value
