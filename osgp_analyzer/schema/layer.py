# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer: fields in wire order under one name, with what to check and how to sum it up in a line."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import ClassVar, Literal

from osgp_analyzer.schema.expr import Call, Context, Expr, Peek, Ref, Remaining, Request, SizeOf
from osgp_analyzer.schema.findings import Group, Severity
from osgp_analyzer.schema.source import Source
from osgp_analyzer.schema.types import (
    Array,
    Bits,
    BitSet,
    Bytes,
    Cases,
    Computed,
    Field,
    Flags,
    Integer,
    Payload,
    Struct,
    Switch,
    Text,
    View,
)

Template = str | tuple[tuple[Expr | None, str], ...]
"""Text with ``{field}`` in it; or several, the first whose condition holds (None: always)."""


@dataclass(frozen=True)
class Check:
    """A finding for a layer where `when` holds, placed at `field`. `text` may have ``{field}`` in it."""

    code: str
    """Its finding is ``layer.code``."""
    when: Expr
    severity: Severity
    group: Group
    text: str
    field: str = ""


@dataclass(frozen=True, eq=False)
class Definition:
    """All that is known of one layer; what the engines read."""

    name: str
    """Prefix of its fields: ``npdu`` gives ``npdu.version``."""
    class_name: str
    title: str
    doc: str
    source: Source
    order: Literal["big", "little"]
    bit_order: Literal["msb", "lsb"]
    fields: tuple[Field, ...]
    checks: tuple[Check, ...]
    info: tuple[tuple[Expr | None, str], ...]
    source_address: tuple[tuple[Expr | None, str], ...]
    destination_address: tuple[tuple[Expr | None, str], ...]
    protocol: str
    """What the protocol column of a packet list says; empty for layers that do not decide it."""

    def expressions(self) -> Iterator[Expr]:
        """Every expression of the layer: of its fields, labels, choices, checks and texts."""
        for field in self.fields:
            yield from field.expressions()
            yield from field.label_expressions()
            if isinstance(field, (Struct, View, Payload)):
                yield from _of_choice(field.target)
        yield from (check.when for check in self.checks)
        for texts in (self.info, self.source_address, self.destination_address):
            yield from (condition for condition, _ in texts if condition is not None)

    def enclosed(self) -> Iterator[type[Layer]]:
        """Every layer that may be inside this one."""
        for field in self.fields:
            if isinstance(field, (Struct, View, Payload)):
                yield from _targets(field.target)
            elif isinstance(field, Array) and not isinstance(field.element, Field):
                yield field.element

    @cached_property
    def uniform(self) -> bool:
        """Whether it always takes the same number of bytes, as far as its own fields decide on that."""
        return all(_steady(field, (Peek, Remaining, SizeOf, Call, Ref)) for field in self.fields)

    @cached_property
    def asked(self) -> frozenset[str]:
        """Fields of the request of a frame, by full name, that the layer depends on."""
        nodes = (node for expression in self.expressions() for node in walk(expression))
        return frozenset(node.name for node in nodes if isinstance(node, Request))

    @cached_property
    def payload(self) -> Payload | None:
        """The enclosed part, if there is one."""
        return next((f for f in self.fields if isinstance(f, Payload)), None)

    @cached_property
    def header(self) -> tuple[Field, ...]:
        """The fields before the payload."""
        payload = self.payload
        return self.fields if payload is None else self.fields[: self.fields.index(payload)]

    @cached_property
    def trailer(self) -> tuple[Field, ...]:
        """The fields after the payload."""
        payload = self.payload
        return () if payload is None else self.fields[self.fields.index(payload) + 1 :]

    @cached_property
    def end_fields(self) -> tuple[Field, ...]:
        """The trailer, where it is taken from the end."""
        payload = self.payload
        return self.trailer if payload is not None and payload.length is None else ()

    @cached_property
    def full_names(self) -> tuple[tuple[Field, str], ...]:
        """Each field with its full name."""
        return tuple((field, self.full_name(field)) for field in self.fields)

    def full_name(self, field: Field) -> str:
        """The name by which filters, JSON and columns know a field."""
        return field.qualified or f"{self.name}.{field.name}"

    def source_of(self, field: Field) -> Source:
        """Where a field is specified."""
        return field.source or self.source


MAX_DEPTH = 32
"""Layers inside layers that an engine reads; more is an attack or noise."""


def fixed_size(field: Field) -> int:
    """Bytes of a field in a trailer that is taken from the end. Raises TypeError for one without a fixed size."""
    match field:
        case Integer(size=size) | Flags(size=size):
            return size
        case Bytes(length=int() as length):
            return length
        case Computed():
            return 0
    raise TypeError(f"{field.name}: a trailer without a payload length needs fixed sizes")


REGISTRY: dict[str, type[Layer]] = {}
"""Every layer that was defined, by class name."""


def resolve(target: type[Layer] | str) -> type[Layer]:
    """The layer class for a target that may be given by class name. Raises KeyError for one never defined."""
    return REGISTRY[target] if isinstance(target, str) else target


class Layer:
    """Base of all layers. The class body lists the fields in wire order; base classes' fields come first.

    The docstring is the documentation shown to users. ``name`` prefixes the field names and ``source`` holds for
    every field that names none of its own. Tables of meters are ``order="little", bit_order="lsb"``.
    """

    definition: ClassVar[Definition]
    checks: ClassVar[tuple[Check, ...]] = ()
    info: ClassVar[Template] = ""
    source_address: ClassVar[Template] = ""
    destination_address: ClassVar[Template] = ""

    def __init_subclass__(
        cls,
        name: str = "",
        title: str = "",
        source: Source | None = None,
        order: Literal["big", "little"] = "big",
        bit_order: Literal["msb", "lsb"] = "msb",
        protocol: str = "",
    ) -> None:
        base = getattr(cls, "definition", None)
        source = source or (base.source if base else None)
        if source is None:
            raise ValueError(f"{cls.__name__}: a layer needs a source")
        own = tuple(value for value in vars(cls).values() if isinstance(value, Field))
        definition = Definition(
            name=name or (base.name if base else cls.__name__.lower()),
            class_name=cls.__name__,
            title=title or (base.title if base else cls.__name__),
            doc=inspect.cleandoc(cls.__doc__ or ""),
            source=source,
            order=base.order if base else order,
            bit_order=base.bit_order if base else bit_order,
            fields=_merge(base.fields if base else (), own),
            checks=cls.checks,
            info=_alternatives(cls.info),
            source_address=_alternatives(cls.source_address),
            destination_address=_alternatives(cls.destination_address),
            protocol=protocol or (base.protocol if base else ""),
        )
        _validate(definition)
        cls.definition = definition
        REGISTRY[cls.__name__] = cls


def _alternatives(template: Template) -> tuple[tuple[Expr | None, str], ...]:
    if isinstance(template, str):
        return ((None, template),) if template else ()
    return template


def _targets(target: type[Layer] | str | Switch | Cases | None) -> Iterator[type[Layer]]:
    if isinstance(target, Switch):
        for inner in (*target.cases.values(), target.default):
            yield from _targets(inner)
        if target.table:
            yield from REGISTRY.values()
    elif isinstance(target, Cases):
        for case in target.cases:
            yield from _targets(case.target)
        yield from _targets(target.default)
    elif target is not None:
        yield resolve(target)


def _of_choice(target: object) -> Iterator[Expr]:
    if isinstance(target, Switch):
        yield target.key
        for inner in (*target.cases.values(), target.default):
            yield from _of_choice(inner)
    elif isinstance(target, Cases):
        for case in target.cases:
            yield case.when
            yield from _of_choice(case.target)
        yield from _of_choice(target.default)


def bit_runs(fields: tuple[Field, ...]) -> dict[str, tuple[int, int]]:
    """For bits that count from the low end: shift in their little-endian word, and its bytes. A word ends at the first
    byte border."""
    runs: dict[str, tuple[int, int]] = {}
    word: list[tuple[str, int]] = []
    shift = 0
    for field in fields:
        if isinstance(field, Bits) and isinstance(field.width, int):
            word.append((field.name, shift))
            shift += field.width
            if shift % 8 == 0:
                runs.update((name, (start, shift // 8)) for name, start in word)
                word, shift = [], 0
    return runs


def _merge(inherited: tuple[Field, ...], own: tuple[Field, ...]) -> tuple[Field, ...]:
    """A field that the base has too replaces it in its place; the others follow."""
    replaced = {field.name: field for field in own}
    kept = tuple(replaced.pop(field.name, field) for field in inherited)
    return kept + tuple(replaced.values())


def walk(expression: Expr) -> list[Expr]:
    """The node and all below it."""
    found = [expression]
    for node in found:  # those that are added come in their turn
        found += node.children()
    return found


@cache
def asks(expression: Expr | int | bool | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What an expression stands on: fields of other tables, by full name, and fields of its own layer."""
    nodes = walk(expression) if isinstance(expression, Expr) else []
    others = dict.fromkeys(node.name for node in nodes if isinstance(node, Context) and node.index is None)
    own = dict.fromkeys(node.name for node in nodes if isinstance(node, Ref))
    return tuple(others), tuple(own)


def uniform(element: Field | type[Layer]) -> bool:
    """Whether all elements of an array take the same number of bytes, whatever is in them."""
    if isinstance(element, Field):
        return _steady(element, (Peek, Remaining, SizeOf, Call))
    return element.definition.uniform


def _steady(field: Field, moving: tuple[type[Expr], ...]) -> bool:
    if isinstance(field, Payload) or (isinstance(field, Struct) and not isinstance(field.target, (str, type))):
        return False
    if isinstance(field, (Bytes, BitSet, Text)) and field.length is None:
        return False
    if isinstance(field, Struct) and field.length is None and not uniform(resolve(field.target)):  # type: ignore[arg-type]
        return False
    if isinstance(field, Array):
        inner = _steady(field.element, moving) if isinstance(field.element, Field) else uniform(field.element)
        if field.count is None or not inner:
            return False
    sizes = (getattr(field, name, None) for name in ("when", "width", "length", "count"))
    return not any(isinstance(node, moving) for size in sizes if isinstance(size, Expr) for node in walk(size))


def _validate(definition: Definition) -> None:
    """Refuse what no engine could read. Raises ValueError naming layer, field and the nearest right name."""
    seen: list[str] = []
    everything = [f.name for f in definition.fields]

    def known(where: str, name: str, names: list[str]) -> None:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(
                f"{definition.class_name}.{where} refers to {name!r}, which is not a field before it{hint}"
            )

    for field in definition.fields:
        for expression in _all_expressions(field):
            for node in walk(expression):
                if isinstance(node, Ref) and expression is not field.auto:
                    known(field.name, node.name, seen)
                elif isinstance(node, (Ref, SizeOf)):
                    known(field.name, node.name, [*everything, "payload"])
        for expression in field.label_expressions():
            for node in walk(expression):
                if isinstance(node, Ref):
                    known(field.name, node.name, everything)
        if field.name in seen:
            raise ValueError(f"{definition.class_name} has two fields named {field.name!r}")
        seen.append(field.name)
    texts = [*definition.info, *definition.source_address, *definition.destination_address]
    for condition, text in texts + [(c.when, c.text) for c in definition.checks]:
        for name in re.findall(r"\{(\w+)\}", text):
            known("info or check", name, seen)
        for node in walk(condition) if condition is not None else ():
            if isinstance(node, Ref):
                known("info or check", node.name, seen)
    for check in definition.checks:
        if check.field:
            known("check", check.field, seen)
    if definition.bit_order == "lsb":
        _validate_runs(definition)


def _all_expressions(field: Field) -> Iterator[Expr]:
    yield from field.expressions()
    if isinstance(field, (Struct, View, Payload)):
        choice = field.target
        if isinstance(choice, Switch):
            yield choice.key


def _validate_runs(definition: Definition) -> None:
    width = 0
    for field in (*definition.fields, None):
        if isinstance(field, Bits):
            if not isinstance(field.width, int) or field.when is not None:
                raise ValueError(
                    f"{definition.class_name}.{field.name}: bits counted from the low end need a fixed width"
                )
            width += field.width
        elif width % 8:
            raise ValueError(
                f"{definition.class_name}: bit fields do not fill whole bytes before {field and field.name!r}"
            )
        else:
            width = 0
