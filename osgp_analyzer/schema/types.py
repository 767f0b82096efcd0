# SPDX-License-Identifier: GPL-2.0-or-later
"""The field types of the definition language.

Every field carries its label, documentation and source; those that are not given come from its name and its layer.
`when` makes a field conditional; `auto` is the value it gets while building unless the user sets one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from osgp_analyzer.schema.expr import Expr
from osgp_analyzer.schema.source import Source

if TYPE_CHECKING:
    from osgp_analyzer.schema.layer import Layer

Values = Mapping[int, str]
"""Names of the values of an enumeration."""

Size = int | Expr
ByteOrder = Literal["", "big", "little"]
"""Empty: the order of the layer."""

_WORDS = {"src": "source", "dst": "destination", "nv": "NV", "id": "ID", "ip": "IP", "uid": "unique ID", "oma": "OMA"}


@dataclass(frozen=True)
class Label:
    """Another way to name a value: where `when` holds, its text is ``values[key]``."""

    when: Expr
    key: Expr
    values: Values


@dataclass(frozen=True, eq=False, kw_only=True)
class Field:
    """What all field types have in common."""

    label: str = ""
    doc: str = ""
    source: Source | None = None
    """None: the source of the layer."""
    when: Expr | None = None
    default: Any = None
    auto: Expr | None = None
    unit: str = ""
    scale: Fraction | None = None
    """Value in `unit` = number on the wire times `scale`."""
    show: str = ""
    """Name of a way to write the value (``hex``, ``neuron_id``, ``ipv4``, ...); empty: the type's own. ``secret``: the
    value is in no tree, JSON or export."""
    labels: tuple[Label, ...] = ()
    qualified: str = ""
    """Full name, where it is another layer's: the same thing has one name everywhere."""
    name: str = field(default="", init=False)

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    @property
    def title(self) -> str:
        """The label, or one made of the name."""
        if self.label:
            return self.label
        text = " ".join(_WORDS.get(word, word) for word in self.name.split("_"))
        return text[:1].upper() + text[1:]

    def expressions(self) -> tuple[Expr, ...]:
        """Every expression tree that decides whether and how the field is read or built."""
        found = [getattr(self, name) for name in ("when", "auto", "width", "length", "count", "expression")
                 if hasattr(self, name)]  # fmt: skip
        return tuple(e for e in found if isinstance(e, Expr))

    def label_expressions(self) -> tuple[Expr, ...]:
        """Those that decide its text; they may refer to any field of the layer."""
        return tuple(e for label in self.labels for e in (label.when, label.key))


@dataclass(frozen=True, eq=False)
class Bits(Field):
    """An unsigned integer of `width` bits, not on a byte border of its own."""

    width: Size
    values: Values | None = None


@dataclass(frozen=True, eq=False)
class Integer(Field):
    """An integer of `size` whole bytes."""

    size: int
    values: Values | None = None
    signed: bool = False
    order: ByteOrder = ""


U8 = partial(Integer, 1)
U16 = partial(Integer, 2)
U24 = partial(Integer, 3)
U32 = partial(Integer, 4)
U48 = partial(Integer, 6)
U64 = partial(Integer, 8)
I8 = partial(Integer, 1, signed=True)
I16 = partial(Integer, 2, signed=True)
I32 = partial(Integer, 4, signed=True)


@dataclass(frozen=True, eq=False)
class Flags(Field):
    """An unsigned integer of `size` bytes whose bits have names; bit 0 is the least significant."""

    size: int
    bits: Mapping[int, str]
    order: ByteOrder = ""


@dataclass(frozen=True, eq=False)
class Bytes(Field):
    """Uninterpreted bytes; without a length, all that are left."""

    length: Size | None = None


@dataclass(frozen=True, eq=False)
class Text(Field):
    """Characters, filled up with `pad` to a fixed length."""

    length: Size | None = None
    encoding: str = "latin-1"
    pad: str = "\0"


@dataclass(frozen=True, eq=False)
class BCD(Field):
    """Two decimal digits a byte, high digit first."""

    length: Size


@dataclass(frozen=True, eq=False)
class BitSet(Field):
    """A set of small numbers: number n is bit n mod 8 of byte n div 8.

    Bit 0 is the least significant one, or the most significant with ``msb_first``. `values` names its members.
    """

    length: Size | None = None
    values: Values | None = None
    msb_first: bool = False


def limits(field: Field) -> tuple[int, int] | None:
    """The lowest and the highest number that a field can have; None where it has none, or its width varies."""
    match field:
        case Bits(width=int() as width):
            return 0, (1 << width) - 1
        case Integer(size=size, signed=True):
            return -(1 << (size * 8 - 1)), (1 << (size * 8 - 1)) - 1
        case Integer(size=size) | Flags(size=size):
            return 0, (1 << (size * 8)) - 1
    return None


TIME_SIZES = {"seconds_since_1900": 4, "time": 3, "stime_date": 5, "ltime_date": 6}
"""Bytes of each kind of time. The last three are year (from 2000), month, day, hour, minute, second, a byte each,
as far as their length goes (``time`` is hour, minute, second)."""


@dataclass(frozen=True, eq=False)
class Time(Field):
    """A date or time in one of the encodings of `TIME_SIZES`."""

    kind: str
    order: ByteOrder = ""


@dataclass(frozen=True, eq=False)
class Computed(Field):
    """A value that takes no bytes: it follows from others, the way Wireshark brackets generated fields."""

    expression: Expr
    values: Values | None = None


Target = "type[Layer] | str | None | Switch | Cases"
"""A layer, its name where it is defined later, None for bytes that stay undecoded, or a further choice."""


@dataclass(frozen=True, eq=False)
class Switch:
    """Choose a layer by the value of `key`; anything else gives `default`.

    `table`: a name (``udp.port``) under which users can choose any layer for values of the key, before `cases`.
    """

    key: Expr
    cases: Mapping[int, type[Layer] | str | Switch | Cases | None]
    default: type[Layer] | str | Switch | Cases | None = None
    table: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """`target` where `when` holds."""

    when: Expr
    target: type[Layer] | str | Switch | Cases | None


@dataclass(frozen=True, eq=False)
class Cases:
    """Choose the layer of the first case that holds; none gives `default`."""

    cases: tuple[Case, ...]
    default: type[Layer] | str | Switch | Cases | None = None


@dataclass(frozen=True, eq=False)
class Struct(Field):
    """A group of fields defined as a layer of its own; with `length`, bounded to so many bytes."""

    target: type[Layer] | str | Switch | Cases | None
    length: Size | None = None


@dataclass(frozen=True, eq=False)
class View(Field):
    """A layer read from bytes that are there already: those of a field before it, or made by a procedure.

    Where they are made by a procedure they are nowhere in the frame: the layer goes on with the message, and is not a
    part of this one. `made` is what such bytes are called.

    The bytes may be a part of the layer: they begin `skip` bytes into it, and end where they end. `whole` says where
    they should be all of it; only then is it worth a finding that some are missing. It takes no bytes itself, and
    what is wrong in it does not keep the fields after it from being read.
    """

    target: type[Layer] | str | Switch | Cases | None
    data: Expr
    skip: Size = 0
    whole: Expr | bool = True
    made: str = "Derived"

    def expressions(self) -> tuple[Expr, ...]:
        extra = (self.data, self.skip, self.whole)
        return (*super().expressions(), *(e for e in extra if isinstance(e, Expr)))


@dataclass(frozen=True, eq=False)
class Array(Field):
    """`count` elements, each a field (without a name of its own) or a layer; without a count, until the end."""

    element: Field | type[Layer]
    count: Size | None = None


@dataclass(frozen=True, eq=False)
class Payload(Field):
    """The enclosed layer. Fields after it are the trailer: they follow it where it has a `length`, and are
    taken from the end where it has none (then they need fixed sizes).

    `required` marks a frame that ends here as cut short; `nothing` (a condition) says that no byte may follow.
    """

    target: type[Layer] | str | Switch | Cases | None
    length: Size | None = None
    required: Expr | bool = True
    nothing: Expr | None = None

    def expressions(self) -> tuple[Expr, ...]:
        extra = (self.required, self.nothing)
        return (*super().expressions(), *(e for e in extra if isinstance(e, Expr)))
