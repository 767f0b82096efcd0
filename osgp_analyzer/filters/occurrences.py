# SPDX-License-Identifier: GPL-2.0-or-later
"""The occurrences of a field in the frames of a chunk, from the kept columns or from all layers decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.analysis.fields import FIELDS
from osgp_analyzer.analysis.remarks import Remark
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.engines.columns.group import Column, Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices, Value
from osgp_analyzer.engines.text import SECRET, SHOW
from osgp_analyzer.filters.literals import BROADCAST, GROUP_ADDRESS, NEURON_ID, SUBNET, SUBNET_NODE
from osgp_analyzer.filters.names import ADDRESSES, FINDING, FRAME, GROUPS, SEVERITIES, TRACKED
from osgp_analyzer.store import NO_TIME, Chunk, FrameStore
from osgp_analyzer.store.chunk import ABSENT
from osgp_analyzer.store.header import PACKED, pack

BROADCAST_FORMAT = 0
"""Address format of messages to a subnet or to all."""
LOW = (1 << 8 * PACKED) - 1


@dataclass(slots=True)
class Packed:
    """Short byte strings as numbers, as the store keeps them."""

    values: Any
    known: Bools


@dataclass(slots=True)
class Texts:
    """Strings; None where there is none."""

    values: list[str | None]


@dataclass(slots=True)
class Part:
    """Occurrences: `rows` of the chunk, None for one in each row at most. `known`: where there is one at all."""

    rows: Ints | None
    value: Numbers | Packed | Slices | Texts | list[bytes | None]
    known: Bools

    def spread(self, hits: Bools, size: int) -> Bools:
        """Occurrences as a mask of the chunk's rows."""
        if self.rows is None:
            return hits
        mask = np.zeros(size, bool)
        mask[self.rows[hits]] = True
        return mask


def frame_part(name: str, store: FrameStore, chunk: Chunk, tracked: Tracked | None = None) -> Part:
    """A field of the frame itself, or one that follows from other frames: nobody has that unless they are tracked."""
    if name in TRACKED:
        none = np.full(chunk.stop - chunk.start, ABSENT, np.int64)
        found = FIELDS[name].values(tracked) if tracked is not None else none
        words = FIELDS[name].words
        if words is not None:
            texts = np.array([*(words(tracked) if tracked is not None else ()), None], object)  # the last one: absent
            return Part(None, Texts(texts[found].tolist()), found != ABSENT)
        return Part(None, Numbers(found, found != ABSENT), found != ABSENT)
    everywhere = np.ones(chunk.stop - chunk.start, bool)
    known = everywhere
    if name == "frame.number":
        values: Any = np.arange(chunk.start + 1, chunk.stop + 1)
    elif name in ("frame.time", "frame.time_epoch"):
        values, known = chunk.time, chunk.time != NO_TIME
    elif name == "frame.len":
        values = chunk.length
    elif name == "frame.cap_len":
        values = chunk.captured
    elif name == "frame.interface":
        values = chunk.interface
    else:
        values = link_types(store, chunk)
    return Part(None, Numbers(values, known), known)


def link_types(store: FrameStore, chunk: Chunk) -> Ints:
    """The link type of every frame."""
    links = {i.index: i.link_type for i in store.capture.interfaces}
    by_interface = np.array([links.get(i, ABSENT) for i in range(max(links, default=0) + 1)], np.int64)
    return np.asarray(by_interface[chunk.interface])


def kept_parts(name: str, store: FrameStore, chunk: Chunk, tracked: Tracked | None = None) -> list[Part]:
    """A field from the kept columns."""
    if name in FRAME or name in TRACKED:
        return [frame_part(name, store, chunk, tracked)]
    if name in ADDRESSES:
        return _addresses(name, lambda part: _kept_numbers(chunk, part), None)
    kind = Packed if name in ("npdu.domain", "npdu.neuron_id") else Numbers
    column = chunk.columns[name]
    known = column != ABSENT
    parts = [Part(None, kind(column, known), known)]
    for rows, values in chunk.more.get(name, ()):
        known = np.ones(len(rows), bool)
        parts.append(Part(rows, kind(values, known), known))
    return parts


def _kept_numbers(chunk: Chunk, name: str) -> Numbers:
    column = chunk.columns[name].astype(np.int64)
    return Numbers(column, column != ABSENT)


def _addresses(name: str, get: Callable[[str], Numbers | None], rows: Ints | None) -> list[Part]:
    """Addresses as numbers (see `literals.address`), of the fields that `get` has."""
    parts = []
    if name in ("npdu.src", "npdu.addr"):
        subnet, node = get("npdu.src_subnet"), get("npdu.src_node")
        if subnet is not None and node is not None:
            known = subnet.known & node.known
            parts.append(Part(rows, Numbers(_kind(SUBNET_NODE, subnet.values << 8 | node.values), known), known))
    if name in ("npdu.dst", "npdu.addr"):
        parts += _destination(get, rows)
    return parts


def _kind(kind: int, rest: Any) -> Any:
    return rest | np.int64(kind << 48)


def _destination(get: Callable[[str], Numbers | None], rows: Ints | None) -> list[Part]:
    """One destination a frame: a Neuron ID before a group before subnet and node; a broadcast is told by its format."""
    subnet, node = get("npdu.dst_subnet"), get("npdu.dst_node")
    group, neuron, form = get("npdu.dst_group"), get("npdu.neuron_id"), get("npdu.address_format")
    some = next((n for n in (subnet, group, neuron) if n is not None), None)
    if some is None:
        return []
    values = np.zeros(len(some.values), np.int64)
    known = np.zeros(len(values), bool)

    def put(where: Bools, what: Any) -> None:
        values[where], known[where] = what[where], True

    if subnet is not None and form is not None:
        cast = subnet.known & form.known & (form.values == BROADCAST_FORMAT)
        put(cast & (subnet.values != 0), _kind(SUBNET, subnet.values))
        put(cast & (subnet.values == 0), np.full(len(values), BROADCAST << 48, np.int64))
    if subnet is not None and node is not None:
        put(subnet.known & node.known, _kind(SUBNET_NODE, subnet.values << 8 | node.values))
    if group is not None:
        put(group.known, _kind(GROUP_ADDRESS, group.values))
    if neuron is not None:
        whole = neuron.known & (neuron.values >> 8 * PACKED == PACKED)
        put(whole, _kind(NEURON_ID, neuron.values & LOW))
    return [Part(rows, Numbers(values, known), known)]


class Flat:
    """The occurrences of the wanted fields and layers in a chunk that was decoded in full.

    `reduced`: rows may have been taken out of the layers (`Group.only`), which leaves their columns empty.
    """

    def __init__(self, wanted: Iterable[str], reduced: bool) -> None:
        self.reduced = reduced
        self.parts: dict[str, list[Part]] = {name: [] for name in wanted}
        self._made = [n for n in ADDRESSES if n in self.parts]
        self._remarks = [n for n in ("finding", *FINDING) if n in self.parts]

    def add(self, rows: Ints, group: Group) -> None:
        """Take what is wanted of a layer; `rows` are the chunk's rows of the frames decoded together."""
        where = rows[group.frames]
        for finding in group.findings if self._remarks else ():
            self.remark((finding.severity, finding.code, finding.group), where[finding.rows])
        if group.name in self.parts:
            there = _filled(group) if self.reduced else _exists(group)
            self.parts[group.name].append(Part(where, Numbers(there.astype(np.int64), there), there))
        if group.definition is None:
            self._take(f"{group.name}.{group.name}", where, group.columns.get(group.name), None)
            return
        definition = group.definition
        for field in definition.fields:
            self._take(definition.full_name(field), where, group.columns.get(field.name), field)
        if self._made:
            own = {definition.full_name(f): group.columns.get(f.name) for f in definition.fields}
            for name in self._made:
                self.parts[name] += _addresses(name, lambda part: _numbers(own.get(part)), where)

    def remark(self, remark: Remark, where: Ints) -> None:
        """Take a finding on these rows of the chunk."""
        severity, code, group = remark
        known, size = np.ones(len(where), bool), len(where)
        values: dict[str, Numbers | Texts] = {
            "finding": Numbers(np.ones(size, np.int64), known),
            "finding.code": Texts([code] * size),
            "finding.severity": Numbers(np.full(size, SEVERITIES.index(severity), np.int64), known),
            "finding.group": Numbers(np.full(size, GROUPS.index(group), np.int64), known),
        }
        for name in self._remarks:
            self.parts[name].append(Part(where, values[name], known))

    def _take(self, name: str, where: Ints, column: Column | None, field: schema.Field | None) -> None:
        parts = self.parts.get(name)
        if parts is None or column is None:
            return
        if isinstance(field, schema.Array) and isinstance(field.element, schema.Field):
            for item in column.items:
                self._take(name, where, item, field.element)
            return
        kept = np.flatnonzero(column.present)
        if len(kept):
            value = _plain(column.value.take(kept), field)
            parts.append(Part(where[kept], value, np.ones(len(kept), bool)))


def _plain(value: Value, field: schema.Field | None) -> Numbers | Slices | Texts | list[bytes | None]:
    if field is not None and field.show == SECRET and not isinstance(value, Numbers):
        return Texts([SHOW[SECRET](value.get(row) or b"") for row in range(len(value.known))])
    if isinstance(field, schema.Text) and not isinstance(value, Numbers):
        whole = (value.get(row) for row in range(len(value.known)))
        return Texts([None if v is None else v.decode(field.encoding, "replace").rstrip(field.pad) for v in whole])
    return value if isinstance(value, (Numbers, Slices)) else value.values


def _numbers(column: Column | None) -> Numbers | None:
    """A column as numbers; short byte strings packed."""
    if column is None:
        return None
    value = column.value
    if isinstance(value, Numbers):
        return Numbers(value.values.astype(np.int64), column.present)
    if isinstance(value, Slices):
        return Numbers(pack(value), column.present)
    short = [v if v is not None and len(v) <= PACKED else b"" for v in value.values]
    packed = [int.from_bytes(v, "big") | len(v) << 8 * PACKED for v in short]
    return Numbers(np.array(packed, np.int64), column.present)


def _exists(group: Group) -> Bools:
    """Rows in which the layer is there: one without bytes, fields and findings is not, nor a structure of which
    nothing was read."""
    if group.nested:
        return _read(group, computed=True)
    if group.parent is None or group.definition is None:
        return np.ones(group.size, bool)
    there = (group.whole > group.start) | _read(group, computed=False)
    for finding in group.findings:
        there[finding.rows] = True
    return np.asarray(there)


def _filled(group: Group) -> Bools:
    """Rows in which something was read, or found: a layer that has no fields in any row is in all that have bytes."""
    there = _read(group, computed=True)
    if group.nested:
        return there
    for finding in group.findings:
        there[finding.rows] = True
    return there if there.any() or group.columns else np.asarray(group.whole > group.start)


def _read(group: Group, computed: bool) -> Bools:
    """Rows in which a field was read, or also computed."""
    there = np.zeros(group.size, bool)
    for column in group.columns.values():
        if computed or not column.computed:
            there |= column.present
    return there
