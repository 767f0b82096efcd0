# SPDX-License-Identifier: GPL-2.0-or-later
"""The shape of a layer: where its first fields are, once the few small fields that decide on it are known.

A header has few shapes and many rows. In rows of one shape every condition and width that depends on the deciding
fields is the same: it is worked out once for the shape, by the reference semantics of the expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NoReturn

from osgp_analyzer import schema
from osgp_analyzer.schema import REGISTRY, Definition
from osgp_analyzer.schema.expr import Call, Expr, Not, Op, Outer, Ref
from osgp_analyzer.schema.layer import bit_runs, walk
from osgp_analyzer.schema.types import TIME_SIZES

WIDEST = 4
"""Bits of a deciding field, at most: its values are told apart one by one."""


class Unsettled(Exception):
    """The value is not the same in all rows of the shape."""


UNSETTLED = object()
NO_REQUEST = "request"
"""Known of rows whose request is not known."""

Settled = tuple[tuple[str, int | None], ...]
"""Names with their values."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field in a shape: `bits` from bit `bit` of the layer on, or the constant `value` where `fixed`."""

    present: bool
    bit: int = 0
    bits: int = 0
    value: int = 0
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A deciding field whose value must be known to go on, with its place."""

    name: str
    bit: int
    bits: int


class Shape:
    """What is known of a layer's rows: `known` has values of its own fields (``type``) and of outer ones
    (``npdu.version``), None for one that is not there."""

    def __init__(self, definition: Definition, known: dict[str, int | None]) -> None:
        self.definition, self.known = definition, known
        self.places: list[Place] = []
        """The places of the first fields of the header, as far as they are the same in all rows."""
        self.starts: list[int] = [0]
        """First bit of each of these fields, and of what follows."""
        self.wanted: list[Wanted] = []
        self._settled: dict[str, int | None] = dict(known)
        self._values: dict[Expr, Any] = {}
        self._held: dict[Expr, Any] = {}
        self._chosen: dict[Any, Any] = {}
        self._lay_out()

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def size(self) -> int:
        """Bytes of the placed fields."""
        return (self.starts[-1] + 7) // 8

    def value(self, node: Expr) -> Any:
        """The value of an expression in the rows of this shape: a number, None (not known), or `UNSETTLED`."""
        found = self._values.get(node, self)
        if found is self:
            found = self._values[node] = self._value(node)
        return found

    def holds(self, node: Expr) -> Any:
        """Whether a condition holds in the rows of this shape, `UNSETTLED` where that depends on the row."""
        found = self._held.get(node)
        if found is None:
            found = self._held[node] = self._holds(node)
        return found

    def _holds(self, node: Expr) -> Any:
        match node:
            case Op(operator="and", left=left, right=right):
                sides = (self.holds(left), self.holds(right))
                return False if False in sides else UNSETTLED if UNSETTLED in sides else True
            case Op(operator="or", left=left, right=right):
                sides = (self.holds(left), self.holds(right))
                return True if True in sides else UNSETTLED if UNSETTLED in sides else False
            case Not(operand=operand):
                held = self.holds(operand)
                return held if held is UNSETTLED else not held
        value = self.value(node)
        return value if value is UNSETTLED else bool(value)

    def choose(self, target: Any) -> Any:
        """The layer that a choice gives in the rows of this shape, `UNSETTLED` where that depends on the row."""
        found = self._chosen.get(target, self)
        if found is self:
            found = self._chosen[target] = self._choose(target)
        return found

    def _choose(self, target: Any) -> Any:
        if isinstance(target, schema.Switch):
            key = self.value(target.key)
            if key is UNSETTLED or target.table:
                return UNSETTLED
            return self.choose(target.cases.get(key, target.default))
        if isinstance(target, schema.Cases):
            for case in target.cases:
                held = self.holds(case.when)
                if held is UNSETTLED:
                    return held
                if held:
                    return self.choose(case.target)
            return self.choose(target.default)
        return target

    def extend(self, more: Settled) -> Shape:
        """The shape of the rows in which these are known too."""
        return shape_of(self.definition, (*self.known.items(), *more))

    def _value(self, node: Expr) -> Any:
        try:
            found = node.compiled()(_Env(self._settled))
        except Unsettled:
            return UNSETTLED
        return int(found) if found is not None else None

    def _lay_out(self) -> None:
        runs = bit_runs(self.definition.fields) if self.definition.bit_order == "lsb" else {}
        deciding, _ = deciders(self.definition)
        bit = 0
        for field in self.definition.header:
            present = True if field.when is None else self._value(field.when)
            if present is UNSETTLED or field.name in runs:
                break
            place = Place(False, bit)
            if not present:
                self._settled[field.name] = None
            else:
                placed = self._place(field, bit)
                if placed is None:
                    break
                place = placed
                if field.name in deciding and field.name not in self.known:
                    self.wanted.append(Wanted(field.name, bit, place.bits))
                elif place.fixed:
                    self._settled[field.name] = place.value
            bit = place.bit + place.bits
            self.places.append(place)
            self.starts.append(bit)

    def _place(self, field: schema.Field, bit: int) -> Place | None:
        """Where a field is, None where that depends on the row."""
        whole = (bit + 7) // 8 * 8
        match field:
            case schema.Computed(expression=expression):
                value = self._value(expression)
                return None if value is None or value is UNSETTLED else Place(True, bit, 0, value, True)
            case schema.Bits(width=width):
                bits = width if isinstance(width, int) else self._value(width)
                if bits is None or bits is UNSETTLED or bits < 0 or bits > 48:
                    return None
                value = self.known.get(field.name)
                return Place(True, bit, bits, value or 0, value is not None)
            case schema.Integer(size=size, signed=False) | schema.Flags(size=size) if size < 8:
                return Place(True, whole, size * 8)
            case schema.Time(kind=kind):
                return Place(True, whole, TIME_SIZES[kind] * 8)
            case schema.Bytes(length=length) | schema.BCD(length=length):
                if length is None:
                    return None
                size = length if isinstance(length, int) else self._value(length)
                return None if size is None or size is UNSETTLED else Place(True, whole, max(0, size) * 8)
        return None


@cache
def shape_of(definition: Definition, known: Settled) -> Shape:
    """The shape with these values known."""
    return Shape(definition, dict(known))


@cache
def deciders(definition: Definition) -> tuple[frozenset[str], tuple[str, ...]]:
    """Small fields that expressions of the layer depend on: its own, by name, and outer ones, by full name."""
    own: set[str] = set()
    outer: dict[str, None] = {}
    small = {f.name for f in definition.header if _small(f)}
    for expression in definition.expressions():
        nodes = walk(expression)
        if any(isinstance(node, Call) for node in nodes):
            continue
        own |= {node.name for node in nodes if isinstance(node, Ref) and node.name in small}
        outer.update((node.name, None) for node in nodes if isinstance(node, Outer) and _outer_small(node.name))
    return frozenset(own), tuple(outer)


def _small(field: schema.Field) -> bool:
    return isinstance(field, schema.Bits) and isinstance(field.width, int) and field.width <= WIDEST


@cache
def _outer_small(name: str) -> bool:
    fields = [
        f for layer in REGISTRY.values() for f in layer.definition.fields if layer.definition.full_name(f) == name
    ]
    return bool(fields) and all(_small(f) for f in fields)


class _Env:
    """Expressions are evaluated in what is settled."""

    def __init__(self, settled: dict[str, int | None]) -> None:
        self.settled = settled

    def field(self, name: str) -> int | None:
        if name not in self.settled:
            raise Unsettled
        return self.settled[name]

    outer = field

    def request(self, _: str) -> None:
        if NO_REQUEST not in self.settled:
            raise Unsettled

    def _by_row(self, *_: Any) -> NoReturn:
        raise Unsettled

    index = context = remaining = peek = size_of = call = again = _by_row
