# SPDX-License-Identifier: GPL-2.0-or-later
"""The named procedures of :mod:`dissectors.procedures` in their column form: over all rows of a layer at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dissectors.procedures import MIN_LPDU
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Objects, Slices, Value, everywhere


def _table() -> NDArray[np.uint16]:
    table: NDArray[np.uint16] = np.arange(256, dtype=np.uint16) << np.uint16(8)
    for _ in range(8):
        table = np.where(table & 0x8000, table << 1 ^ 0x1021, table << 1).astype(np.uint16)
    return table


def _after_two(table: NDArray[np.uint16]) -> NDArray[np.uint16]:
    register = np.arange(1 << 16, dtype=np.uint16).byteswap()
    for _ in range(2):
        register = table[register >> 8] ^ register << 8
    return register.byteswap()


TABLE = _table()
PAIRS = _after_two(TABLE)
"""The register after two bytes, by the register exclusive-or these bytes; both in little-endian order."""


def crc16(data: NDArray[np.uint8], start: Ints, end: Ints) -> NDArray[np.uint16]:
    """CRC-16 of LPDUs over `start` to `end` of each row."""
    # Longest first: the rows still running are a prefix. Small integers are sorted in linear time.
    size = end - start
    order = np.argsort((-size).astype(np.int16) if len(size) and size.max() < 32768 else -size, kind="stable")
    at, pairs = start[order], size[order] >> 1
    running = np.full(len(start), 0xFFFF, np.uint16)
    words = np.empty((len(start), 2), np.uint8)
    longest = int(pairs[0]) if len(pairs) else 0
    for count in np.searchsorted(-pairs, -np.arange(longest), side="left").tolist():
        here = at[:count]
        words[:count, 0] = data[here]
        words[:count, 1] = data[here + 1]
        running[:count] = PAIRS[running[:count] ^ words[:count].view("<u2")[:, 0]]
        here += 2
    running = running.byteswap()
    odd = np.flatnonzero(size[order] & 1)
    now = running[odd]
    running[odd] = TABLE[now >> 8 ^ data[at[odd]]] ^ now << 8
    register = np.empty_like(running)
    register[order] = running
    return register ^ np.uint16(0xFFFF)


def _crc_matches(group: Group) -> Bools:
    key = ("crc16",)
    found = group.procedures.get(key)
    if isinstance(found, Numbers):
        return np.asarray(found.values != 0)
    end = group.whole
    enough = end - group.start >= 3
    rows = np.flatnonzero(enough)
    matches = np.zeros(group.size, bool)
    stop = end[rows] - 2
    stored = group.data[stop].astype(np.uint16) << 8 | group.data[stop + 1]
    matches[rows] = crc16(group.data, group.start[rows], stop) == stored
    group.procedures[key] = Numbers(matches.astype(np.int64), everywhere(group.size))
    return matches


def _status(group: Group, kept: Value) -> Ints:
    """0 bad, 1 good, 2 absent, in every row."""
    assert isinstance(kept, Numbers)
    said = group.known.crc[group.frames]
    keeps = np.where(kept.known, kept.values, said)
    matches = _crc_matches(group) & (said != 0)
    expected = (keeps == 1) & (said != 0) & (group.whole - group.start >= MIN_LPDU)
    return np.where(matches, 1, np.where(expected, 0, 2))


def _crc_present(group: Group, kept: Value) -> Value:
    return Numbers((_status(group, kept) != 2).astype(np.int64), np.ones(group.size, bool))


def _crc_status(group: Group, kept: Value) -> Value:
    return Numbers(_status(group, kept), group.whole > group.start)


def _byte(group: Group, value: Value, index: Value) -> Value:
    assert isinstance(index, Numbers)
    if isinstance(value, Slices):
        return value.byte(int(index.values[0]) if group.size else 0)
    if isinstance(value, Objects):
        at = int(index.values[0]) if group.size else 0
        found = [v[at] if v is not None and at < len(v) else None for v in value.values]
        return Numbers(np.array([f or 0 for f in found], np.int64), np.array([f is not None for f in found], bool))
    return Numbers(np.zeros(group.size, np.int64), np.zeros(group.size, bool))


def _slice(group: Group, value: Value, start: Value, stop: Value) -> Value:
    if not isinstance(value, Slices) or not isinstance(start, Numbers) or not isinstance(stop, Numbers):
        return Objects([None] * group.size)
    known = value.known & (stop.values <= value.length)
    return Slices(value.data, value.offset + start.values, stop.values - start.values, known)


def _rows(value: Value, size: int) -> list[bytes | None]:
    return [None] * size if isinstance(value, Numbers) else [value.get(row) for row in range(size)]


def _join(group: Group, first: Value, second: Value) -> Value:
    pairs = zip(_rows(first, group.size), _rows(second, group.size), strict=True)
    return Objects([a + b if a is not None and b is not None else None for a, b in pairs])


def _eui64_unique_id(group: Group, address: Value) -> Value:
    def unique_id(a: bytes | None) -> bytes | None:
        if a is None or len(a) != 16:
            return None
        return bytes([(a[8] << 2 | a[8] >> 6) & 0xFF]) + a[9:11] + a[13:16]

    return Objects([unique_id(a) for a in _rows(address, group.size)])


PROCEDURES: dict[str, Callable[..., Value]] = {
    "crc_present": _crc_present,
    "crc_status": _crc_status,
    "byte": _byte,
    "slice": _slice,
    "join": _join,
    "eui64_unique_id": _eui64_unique_id,
}
