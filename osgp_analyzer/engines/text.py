# SPDX-License-Identifier: GPL-2.0-or-later
"""How a value is written for people. Named ways (`show`), enumerations, units and scales of the definitions."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable
from typing import Any

from osgp_analyzer.schema import (
    BCD,
    Array,
    Bits,
    BitSet,
    Bytes,
    Computed,
    Env,
    Field,
    Flags,
    Integer,
    Label,
    Text,
    Time,
    Values,
)

EPOCH_1900 = datetime.datetime(1900, 1, 1, tzinfo=datetime.UTC)


def colons(value: bytes) -> str:
    """``04:11:22``."""
    return value.hex(":")


def ip(value: bytes) -> str:
    """An IPv4 or IPv6 address, by its length."""
    return str(ipaddress.ip_address(value)) if len(value) in (4, 16) else value.hex()


SECRET = "secret"
"""The way of a value that is shown nowhere: trees, JSON and exports have its text in its place."""
SHOW: dict[str, Callable[[Any], str]] = {
    "neuron_id": colons,
    "mac": colons,
    "ipv4": ip,
    "ipv6": ip,
    SECRET: lambda value: f"{count(len(value))}, not shown",
    "ascii": lambda value: printable(value.decode("latin-1")),
}
"""The ways that are not ``hex``, which needs the width."""


def printable(text: str) -> str:
    """`text` with everything that a terminal could act on, or that hides, written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def count(number: int) -> str:
    """``1 byte``, ``2 bytes``."""
    return f"{number} byte" if number == 1 else f"{number} bytes"


def place(offset: int, length: int) -> str:
    """``0004 +2``: offset in hex, as hex dumps have it, and length."""
    return f"{offset:04x} {'+' + str(length) if length else '':<6}"


def dotted(raw: bytes, bits: tuple[int, int]) -> str:
    """The bits of a field among those of its bytes, as Wireshark draws them: ``..01 ....``."""
    first, count = bits
    digits = "".join(f"{byte:08b}" for byte in raw)
    shown = "".join(d if first <= i < first + count else "." for i, d in enumerate(digits))
    return " ".join(shown[i : i + 4] for i in range(0, len(shown), 4))


def describe(field: Field, value: Any, env: Env, short: bool = False) -> str:
    """The text of a value: name and number for enumerations, unit and scale applied, bytes as hex.

    `short` leaves the number out where the name stands for no other value: for one-line summaries.
    """
    if value is None:
        return ""
    if isinstance(value, list):
        one = field.element if isinstance(field, Array) and isinstance(field.element, Field) else field
        return ", ".join(describe(one, v, env, short) for v in value)
    for label in field.labels:
        if label.when.compiled()(env):
            name = label.values.get(label.key.compiled()(env))
            if name is not None:
                return labelled(field, value, label, name, short)
    return unlabelled(field, value, short)


def labelled(field: Field, value: int, label: Label, name: str, short: bool) -> str:
    """The text of a value whose name is that of a label which holds."""
    return _named(name, field, value, short and _unique(name, label.values))


def unlabelled(field: Field, value: Any, short: bool) -> str:
    """The text of a value where no label holds: it depends on nothing but the value."""
    if isinstance(field, (Bits, Integer, Computed)) and field.values is not None and isinstance(value, int):
        name = field.values.get(value)
        return _named(name or "unknown", field, value, short and name is not None and _unique(name, field.values))
    if field.show in SHOW and isinstance(value, bytes):
        return SHOW[field.show](value)
    return _plain(field, value)


def _number(field: Field, value: int) -> str:
    if field.show == "hex" and isinstance(value, int):
        bits = field.size * 8 if isinstance(field, (Integer, Flags)) else field.width if isinstance(field, Bits) else 8
        return f"0x{value:0{(bits + 3) // 4 if isinstance(bits, int) else 1}x}"
    return str(value)


def _named(name: str, field: Field, value: int, alone: bool) -> str:
    return name if alone else f"{name} ({_number(field, value)})"


def _unique(name: str, values: Values) -> bool:
    return sum(other == name for other in values.values()) == 1


def _plain(field: Field, value: Any) -> str:
    match field:
        case Flags():
            names = [name for bit, name in sorted(field.bits.items()) if value >> bit & 1]
            return f"0x{value:0{field.size * 2}x}" + (f" ({', '.join(names)})" if names else "")
        case BitSet():
            numbers = members(value, field.msb_first)
            named = field.values or {}
            return ", ".join(named.get(number, str(number)) for number in numbers) if numbers else "none"
        case Text():
            return printable(str(value))
        case Time():
            return _time(field.kind, value)
        case BCD() | Bytes():
            return str(value.hex())
    if isinstance(value, bytes):
        return value.hex()
    if field.scale is not None and isinstance(value, int):
        scaled = value * field.scale
        text = str(scaled.numerator) if scaled.denominator == 1 else f"{float(scaled):g}"
    else:
        text = _number(field, value)
    return f"{text} {field.unit}" if field.unit else text


def members(value: bytes, msb_first: bool = False) -> list[int]:
    """The numbers in a bit set."""
    return [8 * i + b for i, byte in enumerate(value) for b in range(8) if byte >> (7 - b if msb_first else b) & 1]


def _time(kind: str, value: int | bytes) -> str:
    if isinstance(value, int):
        return (
            "not set (0)" if value == 0 else f"{EPOCH_1900 + datetime.timedelta(seconds=value):%Y-%m-%d %H:%M:%S} UTC"
        )
    if kind == "time":
        return ":".join(f"{b:02}" for b in value)
    if not any(value) or all(byte == 0xFF for byte in value):
        return f"not set ({value.hex()})"
    year, month, day, *clock = value
    return f"{2000 + year:04}-{month:02}-{day:02} " + ":".join(f"{b:02}" for b in clock)
