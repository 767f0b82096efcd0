# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes of a table that someone has from elsewhere, decoded without a capture around them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dissectors.definitions  # noqa: F401  defines the layers
from dissectors.layers import layer_class
from dissectors.osgp.names import EXTENDED, PENDING
from dissectors.osgp.names import TABLES as NAMES
from dissectors.osgp.tables import TABLES, numbers
from osgp_analyzer.analysis.contexts import context_fields, needed
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.packet import DefinedPacket
from osgp_analyzer.engines.scapy.tree import layers
from osgp_analyzer.engines.tree import LayerNode
from osgp_analyzer.schema import Finding, Group
from osgp_analyzer.schema.expr import element

LARGEST = 1 << 24
"""Messages give the place of a part in 24 bits."""


@dataclass
class Pasted:
    """A table, or a part of one. Offsets count from the start of the table."""

    name: str
    """``BT23``."""
    number: int
    size: int
    offset: int | None
    """Where the part begins, None for the whole table."""
    layers: list[LayerNode]
    findings: list[Finding]
    values: dict[str, int]
    """All numbers in it, by full name."""
    missing: tuple[str, ...]
    """Values of tables that are needed to read all of it."""

    @property
    def whole(self) -> bool:
        """Whether all bytes were read, and none was missing."""
        return not self.missing and not any(finding.group is Group.MALFORMED for finding in self.findings)


def decode_table(word: str, data: bytes, offset: int | None = None, known: Mapping[str, int] | None = None) -> Pasted:
    """Decode a table by its name or number. `known`: values of other tables, by full name. Raises `CaptureError` for a
    table that has no definition."""
    number = table_number(word)
    layer = TABLES[number]
    tables = _Asked(known or {})
    packet = layer_class(layer.__name__)(_internal=1, knowledge=Knowledge(tables=tables))
    packet.frame_offset, packet.part, packet.original = offset or 0, (offset or 0, offset is None), data
    packet.dissect(data)
    findings = packet.frame_findings()
    missing: list[str] = []
    if any(finding.code.endswith(".unknown_size") for finding in findings):
        own = [name for name in tables.missed if name.startswith(f"{layer.definition.name}.")]
        missing = [name for name in (*own, *needed(layer.definition)) if name not in tables]
    shown = list(layers(packet, bytes(offset or 0) + data))
    values = dict(_numbers(packet))
    return Pasted(layer.__name__, number, len(data), offset, shown, findings, values, tuple(dict.fromkeys(missing)))


class _Asked(dict[str, int]):
    """Values of tables; `missed` are names that were asked for in vain."""

    def __init__(self, known: Mapping[str, int]) -> None:
        super().__init__(known)
        self.missed: dict[str, None] = {}

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self.missed[name] = None
        return super().get(name, default)


def _numbers(packet: DefinedPacket) -> Iterator[tuple[str, int]]:
    """Every number in a table, also in what it has inside; of elements of arrays with their number."""
    for full, name in packet.full_names.items():
        value = packet.field_value(name)
        if isinstance(value, DefinedPacket):
            yield from _numbers(value)
        elif isinstance(value, list):
            for number, one in enumerate(value):
                if isinstance(one, DefinedPacket):
                    inner = _numbers(one)
                    yield from ((n if n.endswith("]") else element(n, number), v) for n, v in inner)
        elif isinstance(value, int):
            yield full, value


def table_number(word: str) -> int:
    """The number of a table that is defined, by ``BT23``, ``bt23``, ``23`` or ``0x0817``. Raises `CaptureError`."""
    match = re.fullmatch(r"(BT|ET)0*(\d{1,4})", word.upper())
    if match:
        number = int(match[2]) + EXTENDED * (match[1] == "ET")
    elif re.fullmatch(r"\d{1,5}|0[xX][0-9a-fA-F]{1,4}", word):
        number = int(word, 16) if word[:2].lower() == "0x" else int(word)
    else:
        names = [layer.__name__ for layer in TABLES.values()]
        raise CaptureError(f"no table named {word!r}{_nearest(word.upper(), names)}; `osgp-analyzer table` lists them")
    if number not in TABLES:
        name = NAMES.get(number)
        known = f"{name} is known by name only" if name and " " in name else f"no table {word} is known"
        raise CaptureError(f"{known}: a file of definitions can say what is in it (--define)")
    return number


def octets(text: str, of: str) -> bytes:
    """Bytes from hex digits as people paste them. Raises `CaptureError` naming `of`."""
    digits = re.sub(r"(?<![0-9a-fA-F])0[xX]|[\s:,;._-]", "", text)
    wrong = re.search(r"[^0-9a-fA-F]", digits)
    if wrong:
        raise CaptureError(f"{of}: {wrong[0]!r} is no hex digit")
    if not digits or len(digits) % 2:
        raise CaptureError(f"{of}: {'half a byte is missing' if digits else 'there are no bytes'}")
    return bytes.fromhex(digits)


def contexts(given: Iterable[str]) -> dict[str, int]:
    """What other tables say, from ``bt21.summations=11`` and ``BT21=3F0E0C...``. Raises `CaptureError`."""
    known: dict[str, int] = {}
    names = numbers().keys() | context_fields()
    tables: list[tuple[str, str, str]] = []
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        option = f"--context {text[:60]}"
        if not equals:
            raise CaptureError(f"{option}: is not FIELD=NUMBER or TABLE=HEX, such as bt21.summations=11 or BT21=3f0e")
        if "." not in name:
            tables.append((name, value, option))
            continue
        if re.sub(r"\[\d{1,4}\]$", "", name) not in names:
            raise CaptureError(f"{option}: no field named {name!r}{_nearest(name, names)}")
        if not re.fullmatch(r"-?(\d{1,18}|0[xX][0-9a-fA-F]{1,15})", value):
            raise CaptureError(f"{option}: {value!r} is no number")
        known[name] = int(value, 16 if "x" in value.lower() else 10)
    for name, value, option in tables:
        try:
            read = decode_table(name, octets(value, "the bytes"), None, known)
        except CaptureError as error:
            raise CaptureError(f"{option}: {error}") from None
        known |= {one: number for one, number in read.values.items() if one not in known}
    return known


def listed() -> tuple[list[tuple[str, str, list[str]]], list[str]]:
    """The tables that are defined: name, title, and tables that tell their sizes; and those known by name only."""
    defined = []
    for _, layer in sorted(TABLES.items()):
        definition = layer.definition
        others = dict.fromkeys(name.partition(".")[0].upper() for name in needed(definition))
        defined.append((layer.__name__, definition.title, [one for one in others if one != layer.__name__]))
    named = [name for number, name in sorted(NAMES.items()) if number < PENDING and " " in name]
    return defined, [name for name in named if name.partition(" ")[0] not in {one[0] for one in defined}]


def _nearest(wrong: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(wrong, sorted(known), 3, 0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""
