# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the fields of a layer are, worked out from its definition alone, with no bytes at hand.

For partial reads of a table, whose bytes begin anywhere, and for holding a definition against a document that gives
offsets. Conditions, lengths and counts that refer to other tables take the values given for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from osgp_analyzer.schema.expr import Context, Expr, Outer, Ref
from osgp_analyzer.schema.layer import MAX_DEPTH, Definition, Layer, resolve, walk
from osgp_analyzer.schema.types import (
    BCD,
    TIME_SIZES,
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
    Size,
    Struct,
    Switch,
    Text,
    Time,
)

Values = Mapping[str, int]
"""Values by full name."""
ENDLESS = 1 << 40
"""Bytes left, for conditions, where the size of the layer is not given: what may follow is there."""


@dataclass(frozen=True)
class Place:
    """A field, and where it is as far as that can be told."""

    name: str
    """Full name."""
    field: Field
    level: int
    """Layers around it: the fields of a struct, or of the first element of an array, follow it one level deeper."""
    bit: int | None = None
    """First bit from the start of the layout, None where that cannot be told. In a layer that counts bits from the low
    end, bit 0 of a byte is its lowest."""
    bits: int | None = None
    """Width, None where that cannot be told; of an array the width of all its elements."""
    count: int = 1
    """Elements of an array."""
    missing: str = ""
    """Why `bit` or `bits` cannot be told."""

    @property
    def offset(self) -> int | None:
        """First byte."""
        return None if self.bit is None else self.bit // 8

    @property
    def size(self) -> int | None:
        """Bytes that the field touches."""
        return None if self.bit is None or self.bits is None else (self.bit % 8 + self.bits + 7) // 8

    @property
    def stride(self) -> int | None:
        """Bits from one element of an array to the next."""
        return self.bits // self.count if self.bits is not None and self.count else None


def layout(
    definition: Definition,
    context: Values,
    values: Values | None = None,
    size: int | None = None,
    index: int = 0,
) -> tuple[Place, ...]:
    """The fields of a layer in wire order, each followed by those in it.

    `context` has values of other tables, `values` of the layer's own fields and of those in and around it, both by
    full name. `size` is that of the whole layer in bytes; without it optional parts at its end are taken to be there.
    Absent fields are left out. The elements of an array are taken to be as long as the first; where they differ by
    their number, that of `index` stands for them.
    """
    return tuple(_Walk(context, values or {}, size, index).layer(definition, 0))


class _MissingValue(Exception):
    """A value is needed that was not given."""


class _Walk:
    """A position, and what expressions are evaluated in there (a `schema.Env`)."""

    def __init__(self, context: Values, values: Values, size: int | None, index: int) -> None:
        self.tables, self.known, self.end = context, dict[str, int | None](values), size
        self.element = index
        self.bit = 0
        self.names: dict[str, str] = {}
        self.missing = ""
        """Set once the position is not known any more."""
        self.deciding = False

    def layer(self, definition: Definition, level: int) -> list[Place]:
        """Places of the fields of a layer from the position on."""
        around, self.names = self.names, {field.name: name for field, name in definition.full_names}
        places: list[Place] = []
        for field, name in definition.full_names:
            if self.missing:
                places.append(Place(name, field, level, missing=self.missing))
            else:
                places += self._field(field, name, level)
        self.names = around
        return places

    def _field(self, field: Field, name: str, level: int) -> list[Place]:
        start: int | None = None
        try:
            if field.when is not None and not self._holds(field.when):
                self.known[name] = None
                return []
            if not isinstance(field.element if isinstance(field, Array) else field, (Bits, Computed)):
                self.bit = (self.bit + 7) // 8 * 8
            start = self.bit
            return self._there(field, name, level)
        except _MissingValue as reason:
            self.missing = f"{field.title} and what follows need {reason}"
            return [Place(name, field, level, start, missing=self.missing)]

    def _there(self, field: Field, name: str, level: int) -> list[Place]:
        """The place of a field that is there, and of those in it; the position is behind it then."""
        start = self.bit
        match field:
            case Computed(expression=expression):
                self.known[name] = self._number(expression)
            case Array():
                return self._array(field, name, level)
            case Struct() | Payload():
                return self._struct(field, name, level)
            case _:
                self.bit += self._width(field)
        return [Place(name, field, level, start, self.bit - start)]

    def _struct(self, field: Struct | Payload, name: str, level: int) -> list[Place]:
        start, end = self.bit, self.end
        length = None if field.length is None else self._number(field.length)
        if length is not None:
            self.end = start // 8 + length
        inner = self._inside(field.target, level + 1)
        self.end = end
        if length is not None:
            self.missing, self.bit = "", start + length * 8
        bits = None if self.missing else self.bit - start
        return [Place(name, field, level, start, bits, missing=self.missing), *inner]

    def _inside(self, target: Any, level: int) -> list[Place]:
        """The fields of what a struct encloses."""
        try:
            chosen = self._choose(target)
        except _MissingValue as reason:
            self.missing = f"which layer follows needs {reason}"
            return []
        if chosen is None or level > MAX_DEPTH:
            self.missing = "what follows is not known"
            return []
        return self.layer(chosen.definition, level)

    def _array(self, field: Array, name: str, level: int) -> list[Place]:
        start = self.bit
        count = None if field.count is None else self._number(field.count)
        inner: list[Place] = []
        if count == 0:
            return [Place(name, field, level, start, 0, 0)]
        if isinstance(field.element, Field):
            self.bit += self._width(field.element)
        else:
            inner = self._inside(field.element, level + 1)
        if count is None and not self.missing:
            self.missing = f"{field.title} and what follows need the number of elements"
        if count is None or self.missing:
            return [Place(name, field, level, start, missing=self.missing), *inner]
        self.bit = start + (self.bit - start) * count
        return [Place(name, field, level, start, self.bit - start, count), *inner]

    def _choose(self, target: Any) -> type[Layer] | None:
        while isinstance(target, (Switch, Cases)):
            if isinstance(target, Switch):
                target = target.cases.get(self._number(target.key), target.default)
            else:
                held = (case.target for case in target.cases if self._holds(case.when))
                target = next(held, target.default)
        return None if target is None else resolve(target)

    def _width(self, field: Field) -> int:
        """Bits of a field that is no layer and no array."""
        match field:
            case Bits(width=width):
                return self._number(width)
            case Integer(size=size) | Flags(size=size):
                return size * 8
            case Time(kind=kind):
                return TIME_SIZES[kind] * 8
            case Bytes(length=length) | Text(length=length) | BCD(length=length) | BitSet(length=length):
                return (self.remaining() if length is None else self._number(length)) * 8
        raise TypeError(f"{field.name}: {type(field).__name__} has no place in a layout")

    def _holds(self, condition: Expr) -> bool:
        self.deciding = True
        try:
            return bool(condition.compiled()(self))
        finally:
            self.deciding = False

    def _number(self, expression: Size) -> int:
        """A size, count or key; not below 0."""
        if isinstance(expression, int):
            return expression
        value = expression.compiled()(self)
        if value is None:
            absent = [node.name for node in walk(expression) if isinstance(node, (Ref, Outer, Context))]
            raise _MissingValue(", ".join(absent) or "a value that is not there")
        return max(0, int(value))

    # What expressions ask for.

    def field(self, name: str) -> int | None:
        return self.outer(self.names[name])

    def outer(self, name: str) -> int | None:
        if name not in self.known:
            raise _MissingValue(name)
        return self.known[name]

    def context(self, name: str) -> int:
        if name not in self.tables:
            raise _MissingValue(name)
        return self.tables[name]

    def index(self) -> int:
        return self.element

    def request(self, name: str) -> None:
        return None

    def remaining(self) -> int:
        if self.end is not None:
            return max(0, self.end - (self.bit + 7) // 8)
        if self.deciding:
            return ENDLESS
        raise _MissingValue("the size of the table")

    def peek(self, offset: int) -> NoReturn:
        raise _MissingValue("the bytes themselves")

    def size_of(self, name: str) -> None:
        return None

    def call(self, procedure: str, *args: Any) -> NoReturn:
        raise _MissingValue(f"{procedure} of the bytes")
