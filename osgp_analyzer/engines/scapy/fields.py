# SPDX-License-Identifier: GPL-2.0-or-later
"""Definition fields as Scapy fields: what `ls()`, `show()`, `fuzz()` and assignment need. Reading and writing of
whole layers is in :mod:`.steps`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from scapy.fields import ConditionalField, Field
from scapy.volatile import RandBin, RandNum

from osgp_analyzer import schema
from osgp_analyzer.engines.text import describe


class DefinedField(Field[Any, Any]):
    """One field of a definition, as Scapy sees it."""

    __slots__ = ["definition"]

    def __init__(self, definition: schema.Field) -> None:
        self.definition = definition
        super().__init__(definition.name, default_of(definition), "B")
        self.sz: float = _size(definition)  # type: ignore[assignment]  # Scapy has fractions too: BitField

    def any2i(self, pkt: Any, x: Any) -> Any:
        """What a user assigns: also the name of an enumeration value, and text for bytes."""
        values = getattr(self.definition, "values", None)
        if isinstance(x, str) and values:
            for number, name in values.items():
                if name == x:
                    return number
            raise ValueError(f"{self.name}: {x!r} is none of {', '.join(dict.fromkeys(values.values()))}")
        if isinstance(x, str) and isinstance(self.definition, (schema.Bytes, schema.BCD, schema.BitSet)):
            return _bytes_of(x, self.definition.show)
        return x

    def i2h(self, pkt: Any, x: Any) -> Any:
        return x

    def i2repr(self, pkt: Any, x: Any) -> str:
        from osgp_analyzer.engines.scapy.environment import BuildEnv

        if x is None:
            return "None"
        if not isinstance(x, (int, bytes, str, list)):
            return repr(x)
        return describe(self.definition, x, BuildEnv(pkt))

    def i2len(self, pkt: Any, x: Any) -> int:
        return len(x) if isinstance(x, (bytes, list)) else int(self.sz)

    def getfield(self, pkt: Any, s: bytes) -> tuple[bytes, Any]:
        raise TypeError(f"{self.name}: the fields of this layer are read together, by dissecting the layer")

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        raise TypeError(f"{self.name}: the fields of this layer are written together, by building the layer")

    def randval(self) -> Any:
        match self.definition:
            case schema.Bits(width=int() as width):
                return RandNum(0, (1 << width) - 1)
            case schema.Integer(size=size) | schema.Flags(size=size):
                return RandNum(0, (1 << (8 * size)) - 1)
            case schema.Bytes(length=length):
                return RandBin(length if isinstance(length, int) else RandNum(0, 32))
        return None


class BitsField(DefinedField):
    """Some bits."""


class IntegerField(DefinedField):
    """Whole bytes as a number, flags and times that are numbers included."""


class BytesField(DefinedField):
    """Bytes, digits, bit sets and times that are not numbers."""


class TextField(DefinedField):
    """Characters."""


class StructField(DefinedField):
    """A nested layer."""

    holds_packets = 1

    def do_copy(self, x: Any) -> Any:
        return x.copy() if x is not None else None


class ListField(DefinedField):
    """An array of values."""

    islist = 1

    def do_copy(self, x: Any) -> Any:
        return list(x) if x is not None else None


class StructListField(DefinedField):
    """An array of nested layers."""

    islist = 1
    holds_packets = 1

    def do_copy(self, x: Any) -> Any:
        return [p.copy() for p in x] if x is not None else None


class ComputedField(DefinedField):
    """A value without bytes. Scapy shows it; assigning to it has no effect on the wire."""

    def i2h(self, pkt: Any, x: Any) -> Any:
        return pkt.computed_value(self.definition) if pkt is not None else x

    def i2repr(self, pkt: Any, x: Any) -> str:
        return super().i2repr(pkt, pkt.computed_value(self.definition))


class When(ConditionalField):
    """A field that is shown only where it is present."""

    def __init__(self, fld: DefinedField, cond: Callable[[Any], bool]) -> None:
        super().__init__(fld, cond)


def default_of(definition: schema.Field) -> Any:
    """The value of a field that was not set: None where it is computed or absent unless set."""
    if definition.default is not None or definition.auto is not None:
        return definition.default
    match definition:
        case schema.Bits() | schema.Integer() | schema.Flags():
            return 0
        case schema.Bytes(length=int() as length) | schema.BCD(length=int() as length):
            return bytes(length)
        case schema.BitSet(length=int() as length):
            return bytes(length)
        case schema.Bytes() | schema.BCD() | schema.BitSet():
            return b""
        case schema.Time(kind=kind, order=_):
            return 0 if kind == "seconds_since_1900" else bytes(schema.types.TIME_SIZES[kind])
        case schema.Text():
            return ""
        case schema.Array():
            return []
    return None


def scapy_field(definition: schema.Field) -> DefinedField:
    """The Scapy field for a definition field."""
    match definition:
        case schema.Struct() | schema.View():
            return StructField(definition)
        case schema.Array(element=schema.Field()):
            return ListField(definition)
        case schema.Array():
            return StructListField(definition)
        case schema.Computed():
            return ComputedField(definition)
        case schema.Bits():
            return BitsField(definition)
        case schema.Text():
            return TextField(definition)
        case schema.Integer() | schema.Flags() | schema.Time(kind="seconds_since_1900"):
            return IntegerField(definition)
    return BytesField(definition)


def _size(definition: schema.Field) -> float:
    match definition:
        case schema.Bits(width=int() as width):
            return width / 8
        case schema.Integer(size=size) | schema.Flags(size=size):
            return size
        case schema.Bytes(length=int() as length):
            return length
    return 0


def _bytes_of(text: str, show: str) -> bytes:
    if show in ("ipv4", "ipv6"):
        return ipaddress.ip_address(text).packed
    return bytes.fromhex(text.replace(":", ""))
