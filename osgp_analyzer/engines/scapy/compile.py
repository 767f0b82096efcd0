# SPDX-License-Identifier: GPL-2.0-or-later
"""From a definition to a Scapy layer class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scapy.packet import Packet, bind_top_down

from osgp_analyzer import schema
from osgp_analyzer.engines.scapy.environment import BuildEnv
from osgp_analyzer.engines.scapy.fields import When, scapy_field
from osgp_analyzer.engines.scapy.packet import DefinedPacket
from osgp_analyzer.engines.scapy.plan import Plan
from osgp_analyzer.engines.scapy.steps import compile_step, compile_target
from osgp_analyzer.schema.expr import Op, Ref

LAYERS: dict[str, type[DefinedPacket]] = {}
"""The Scapy class of every layer compiled so far, by class name."""


MIXINS: dict[str, type] = {}
"""Methods for a layer's Scapy class beyond what its definition gives, by class name."""


def scapy_layer(target: type[schema.Layer] | str) -> type[DefinedPacket]:
    """The Scapy class for a layer, made on first use. Raises KeyError for a name that was never defined."""
    layer = schema.resolve(target)
    found = LAYERS.get(layer.__name__)
    return found if found is not None else _compile(layer)


def _compile(layer: type[schema.Layer]) -> type[DefinedPacket]:
    definition = layer.definition
    for field in definition.fields:
        if field.name in TAKEN:
            raise ValueError(f"{definition.class_name}.{field.name}: Scapy uses this name itself, choose another")
    members: dict[str, Any] = {
        "__slots__": (),
        "__doc__": definition.doc,
        "__module__": "dissectors.layers",
        "name": definition.title,
        "definition": definition,
        "full_names": {definition.full_name(field): field.name for field in definition.fields},
        "fields_desc": [_shown(field) for field in definition.fields if not isinstance(field, schema.Payload)],
        "plan": None,
    }
    mixin = (MIXINS[definition.class_name],) if definition.class_name in MIXINS else ()
    metaclass: Any = type(DefinedPacket)
    cls: type[DefinedPacket] = metaclass(definition.class_name, (*mixin, DefinedPacket), members)
    LAYERS[definition.class_name] = cls
    for field in definition.fields:
        # A field named like an attribute of Packet would never be reached: give the name to the field.
        if hasattr(Packet, field.name):
            type.__setattr__(cls, field.name, _field_property(field.name))
    cls.plan = Plan(definition, lambda field: compile_step(field, definition, scapy_layer))
    payload = definition.payload
    if payload is not None:
        cls.plan.choose = compile_target(payload.target, scapy_layer)
    return cls


TAKEN = frozenset(dir(DefinedPacket)) - {"command", "direction"}
"""Names that a field cannot have. Those two it can: Scapy itself makes no use of them while it dissects or builds."""


def bind(layer: type[schema.Layer]) -> None:
    """Let ``Lower()/Upper()`` set the field of the lower layer that says what is above."""
    payload = layer.definition.payload
    for name, value, upper in _choices(payload.target) if payload is not None else ():
        bind_top_down(scapy_layer(layer), scapy_layer(upper), **{name: value})


def _choices(target: Any) -> Iterator[tuple[str, int, Any]]:
    """Each (field, value, layer) of the switches below `target`."""
    if isinstance(target, schema.Cases):
        for case in target.cases:
            if isinstance(case.when, Op) and case.when.operator == "==" and isinstance(case.when.left, Ref):
                continue
            yield from _choices(case.target)
        yield from _choices(target.default)
    elif isinstance(target, schema.Switch) and isinstance(target.key, Ref):
        for value, upper in target.cases.items():
            for one in _leaves(upper):
                yield target.key.name, value, one


def _leaves(target: Any) -> Iterator[Any]:
    if isinstance(target, schema.Cases):
        for case in target.cases:
            yield from _leaves(case.target)
        yield from _leaves(target.default)
    elif target is not None and not isinstance(target, schema.Switch):
        yield target


def _shown(field: schema.Field) -> Any:
    made = scapy_field(field)
    if field.when is None and not isinstance(field, (schema.Struct, schema.View)):
        return made
    name = field.name
    return When(made, lambda pkt: _present(pkt, name))


def _present(pkt: DefinedPacket, name: str) -> bool:
    if pkt.pristine:
        return name in pkt.fields or pkt.computed_fields.get(name) is not None
    return pkt.has_field(pkt.plan.steps[name], BuildEnv(pkt))


def _field_property(name: str) -> property:
    def get(self: DefinedPacket) -> Any:
        return self.getfieldval(name)

    def put(self: DefinedPacket, value: Any) -> None:
        # Packet.__init__ sets its own attributes to None, and copying sets them to what they are.
        if value is not None and value != get(self):
            self.setfieldval(name, value)

    return property(get, put)
