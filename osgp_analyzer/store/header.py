# SPDX-License-Identifier: GPL-2.0-or-later
"""Which fields are kept for every frame, and in how many bytes: the headers that lists, filters and tracking need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import dissectors.definitions  # noqa: F401  defines the layers
from osgp_analyzer import schema
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.read import gather
from osgp_analyzer.engines.columns.values import Ints, Numbers, Slices, Value, every
from osgp_analyzer.schema import REGISTRY
from osgp_analyzer.store.chunk import ABSENT

LAYERS = ("lpdu", "npdu", "tpdu", "spdu", "authpdu", "apdu", "nv")
PLACED = {"npdu": "npdu", "lonudp": "npdu", "apdu": "apdu", "nv": "apdu", "c1218.fragment": "part"}
"""Layers whose place in the frame is kept: what is in the place of an NPDU, and of an APDU."""
MESSAGES = ("mep", "c1218", "apdu")
"""Layers whose place, and end, is that of a message on one of a meter's ports."""
ENDS = {"npdu": "end", "message": "message_end", "part": "part_end"}
PLACES = ("npdu", "apdu", "end", "message", "message_end", "part", "part_end")
BODIES = {"apdu": "inner", "osgp": "body", "osgp.encrypted": "body", "mep.unread": "body", "mep.tls": "tls"}
"""Layers whose last place in a frame, and end, is kept where messages are to be opened: the innermost APDU, and what is
behind the length of the MEP port."""
OPENABLE = frozenset(name for name, layer in REGISTRY.items() if layer.definition.name in BODIES)
"""Their class names."""
OF_PORTS = frozenset(("osgp.direction", "c1218.multi_packet", "c1218.first", "c1218.sequence"))
OF_DATAGRAMS = frozenset(("udp.src_port", "udp.dst_port", "ipv4.src", "ipv4.dst"))
"""Fields of other layers that tracking needs; the second ones where the user says what a UDP port carries."""
PACKED = 6
"""Byte strings of up to so many bytes are kept as a number: the bytes, and their length above them."""


@dataclass(frozen=True)
class Kept:
    """A column that every chunk has."""

    name: str
    dtype: Any


def _bits(field: schema.Field) -> int | None:
    match field:
        case schema.Bits(width=int() as width):
            return width
        case schema.Bits():
            return 12
        case schema.Integer(size=size):
            return size * 8
        case schema.Computed():
            return 8
        case schema.Bytes() if field.name in ("domain", "neuron_id", "src", "dst"):
            return 63
    return None


def kept_columns(datagrams: bool = False) -> dict[str, Kept]:
    """The columns by full field name; -1 stands for a field that the frame does not have. `datagrams`: keep who sends
    datagrams to whom."""
    more = OF_PORTS | OF_DATAGRAMS if datagrams else OF_PORTS
    found: dict[str, Kept] = {}
    for layer in REGISTRY.values():
        definition = layer.definition
        for field, name in definition.full_names:
            bits = _bits(field) if definition.name in LAYERS or name in more else None
            if bits is not None:
                dtype = np.int8 if bits < 8 else np.int16 if bits < 16 else np.int32 if bits < 32 else np.int64
                found.setdefault(name, Kept(name, dtype))
    return found


def request_fields() -> list[str]:
    """Fields of a request that the definition of some response asks for."""
    return sorted(frozenset().union(*(layer.definition.asked for layer in REGISTRY.values())))


def asked_columns(names: Iterable[str]) -> dict[str, Kept]:
    """The columns for fields of requests: -1 where a frame has none. A field that several layers have gets room for the
    longest."""
    found: dict[str, Kept] = {}
    for layer in REGISTRY.values():
        for field, full in layer.definition.full_names:
            if full in names:
                bits = 63 if isinstance(field, schema.Bytes) else _bits(field) or 63
                if full not in found or bits >= 16:
                    found[full] = Kept(full, np.int16 if bits < 16 else np.int64)
    return found


def layers_on_the_way(names: Iterable[str]) -> frozenset[str]:
    """The layers that have one of these fields, or enclose one that does, by class name."""
    wanted = set(names)
    found = {
        name
        for name, layer in REGISTRY.items()
        if any(layer.definition.full_name(field) in wanted for field in layer.definition.fields)
    }
    inside = {name: {t.__name__ for t in layer.definition.enclosed()} for name, layer in REGISTRY.items()}
    while more := {name for name, targets in inside.items() if name not in found and targets & found}:
        found |= more
    return frozenset(found)


def pack(value: Slices) -> Ints:
    """Short byte strings as numbers."""
    length = np.minimum(value.length, PACKED)
    packed = np.zeros(len(length), np.int64)
    for size in np.flatnonzero(np.bincount(length)).tolist():
        rows = np.flatnonzero(length == size)
        packed[rows] = gather(value.data, value.offset.take(rows), size) | size << (8 * PACKED)
    return packed


def unpack(number: int) -> bytes:
    """The bytes of a packed number."""
    length = number >> (8 * PACKED)
    return (number & ((1 << (8 * PACKED)) - 1)).to_bytes(PACKED, "big")[PACKED - length :]


class Headers:
    """The columns of `size` frames while they are filled: of a field that occurs again in a frame the first value stays
    in `columns`, and the last (the innermost) one in `innermost`.

    `more`: by name the values after the first one: rows of frames, and values; several such pairs in their order.
    `places`: first byte of the NPDU and of the APDU, and the end of the NPDU, in the buffer; first byte and end of a
    message on one of a meter's ports. `bodies`: also those of `BODIES`.
    """

    def __init__(self, kept: Mapping[str, Kept], asked: Mapping[str, Kept], size: int, bodies: bool = False) -> None:
        self.size = size
        self.columns = {name: np.full(size, ABSENT, one.dtype) for name, one in kept.items()}
        self.innermost = {name: np.full(size, ABSENT, one.dtype) for name, one in asked.items()}
        wanted = (*PLACES, *BODIES.values(), *(f"{name}_end" for name in BODIES.values())) if bodies else PLACES
        self.places = {name: np.full(size, ABSENT, np.int64) for name in wanted}
        self._bodies = bodies
        self.more: dict[str, list[tuple[Ints, Any]]] = {}
        self._begun: set[str] = set()

    def add(self, group: Group, frames: Ints) -> None:
        """Put what a group has into the columns. `frames`: the rows of the frames that were decoded together."""
        if group.definition is None:
            return
        everyone = frames if group.size == len(frames) else frames.take(group.frames)
        if group.definition.name in PLACED:
            self._place(PLACED[group.definition.name], group, everyone)
        if group.definition.name in MESSAGES:
            self._place("message", group, everyone)
        if self._bodies and group.at is None and group.definition.name in BODIES:
            name = BODIES[group.definition.name]
            self.places[name][everyone], self.places[f"{name}_end"][everyone] = group.start, group.whole
        for field, name in group.definition.full_names:
            column = group.columns.get(field.name)
            if column is None or (name not in self.columns and name not in self.innermost):
                continue
            rows = None if every(column.present) else np.flatnonzero(column.present)
            where = everyone if rows is None else everyone.take(rows)
            if not len(where):
                continue
            if name in self.innermost and not group.beside and isinstance(column.value, (Numbers, Slices)):
                values = column.value.values if isinstance(column.value, Numbers) else pack(column.value)
                self.innermost[name][self._at(where)] = values if rows is None else values.take(rows)
            if name in self.columns:
                self._first(name, column.value, rows, where)

    def _at(self, where: Ints) -> Any:
        """Where to put values of these frames: all frames at once where these are all, as they are in order."""
        return where if len(where) < self.size else slice(None)

    def _place(self, name: str, group: Group, where: Ints) -> None:
        free = np.flatnonzero(self.places[name][self._at(where)] == ABSENT)
        self.places[name][where.take(free)] = group.start.take(free)
        if name in ENDS:
            self.places[ENDS[name]][where.take(free)] = group.whole.take(free)

    def _first(self, name: str, value: Value, rows: Ints | None, where: Ints) -> None:
        into = self.columns[name]
        values: Any
        if isinstance(value, Numbers):
            values = value.values.astype(into.dtype)
            values = values if rows is None else values.take(rows)
        elif isinstance(value, Slices):
            values = pack(value if rows is None else value.take(rows))
        else:
            made = [value.get(row) or b"" for row in (range(len(where)) if rows is None else rows.tolist())]
            values = [int.from_bytes(v[:PACKED], "big") | min(len(v), PACKED) << (8 * PACKED) for v in made]
            values = np.array(values, np.int64)
        if name in self._begun:
            free = into.take(where) == ABSENT
            if not free.all():
                self.more.setdefault(name, []).append((where[~free], values[~free]))
                where, values = where[free], values[free]
        self._begun.add(name)
        into[self._at(where)] = values
