# SPDX-License-Identifier: GPL-2.0-or-later
"""The named procedures of :mod:`dissectors.procedures` in their column form: over all rows of a layer at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dissectors.procedures import MIN_LPDU, REVERSED, SIGNALS, count_signals, packet_start
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import (
    Bools,
    Ints,
    Numbers,
    Objects,
    Slices,
    Value,
    as_numbers,
    everywhere,
    some,
    unknown,
)


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


def _before_zeros() -> NDArray[np.uint16]:
    register = np.arange(1 << 16, dtype=np.uint16)
    after = TABLE[register >> 8] ^ register << 8
    found = [0xFFFF]
    for _ in range(7):
        found.append(int(np.flatnonzero(after == found[-1])[0]))
    return np.array(found, np.uint16).byteswap()


START = _before_zeros()
"""The register that is 0xFFFF after so many bytes 0; in little-endian order."""
BEHIND = np.array([(1 << 64) - (1 << 8 * count) for count in range(8)], np.uint64)
"""All bytes of a little-endian word but the first ones."""


def crc16(data: NDArray[np.uint8], start: Ints, end: Ints) -> NDArray[np.uint16]:
    """CRC-16 of LPDUs over `start` to `end` of each row."""
    words = data[: len(data) // 8 * 8].view("<u8")
    if len(end) and int(end.max()) > len(words) * 8:
        begin = int(start.min()) // 8 * 8
        return crc16(np.append(data[begin:], np.zeros(8, np.uint8)), start - begin, end - begin)
    # Eight bytes at a time, the first time bytes 0 before the row make up for what it lacks. Longest first: the rows
    # still running are a prefix. Small integers are sorted in linear time.
    blocks = (end - start + 7) >> 3
    order = np.argsort((-blocks).astype(np.int16) if int(blocks.max(initial=0)) < 32768 else -blocks, kind="stable")
    blocks = blocks.take(order)
    first = end.take(order) - blocks * 8
    lacking = start.take(order) - first
    at, shift = first >> 3, (first & 7).astype(np.uint64) << np.uint64(3)
    running, low = START.take(lacking), words.take(at, mode="clip")
    for number, count in enumerate(np.searchsorted(-blocks, -np.arange(blocks.max(initial=0)), side="left").tolist()):
        at, shift = at[:count] + 1, shift[:count]
        high = words.take(at, mode="clip")
        block = low[:count] >> shift | high << np.uint64(64) - shift
        if not number:
            block &= BEHIND.take(lacking[:count])
        register, low = running[:count], high
        for pair in block.view("<u2").reshape(-1, 4).T:
            register ^= pair
            PAIRS.take(register, out=register, mode="clip")
    found = np.empty_like(running)
    found[order] = running.byteswap()
    return found ^ np.uint16(0xFFFF)


def _crc_matches(group: Group) -> Bools:
    key = ("crc16",)
    found = group.procedures.get(key)
    if isinstance(found, Numbers):
        return np.asarray(found.values != 0)
    start, end = group.start, group.whole
    rows = np.flatnonzero(end - start >= 3)
    if len(rows) < group.size:
        start, end = start.take(rows), end.take(rows)
    stop = end - 2
    stored = group.data.take(stop).astype(np.uint16) << 8 | group.data[1:].take(stop)
    matches = np.zeros(group.size, bool)
    matches[rows] = crc16(group.data, start, stop) == stored
    group.procedures[key] = Numbers(as_numbers(matches), everywhere(group.size))
    return matches


def _status(group: Group, kept: Value) -> NDArray[np.uint8]:
    """0 bad, 1 good, 2 absent, in every row."""
    assert isinstance(kept, Numbers)
    said = group.known.crc.take(group.frames)
    keeps = np.where(kept.known, kept.values, said) if some(kept.known) else said
    matches = _crc_matches(group) & (said != 0)
    expected = (keeps == 1) & (said != 0) & (group.whole - group.start >= MIN_LPDU)
    return as_numbers(matches) + np.uint8(2) * as_numbers(~matches & ~expected)


def _crc_present(group: Group, kept: Value) -> Value:
    return Numbers(as_numbers(_status(group, kept) != 2), everywhere(group.size))


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


def _joined(group: Group, last: Value) -> Value:
    earlier = group.known.earlier
    if earlier is None or not isinstance(last, Slices):
        return Slices(group.data, group.start, group.start - group.start, np.zeros(group.size, bool))
    parts = [
        b"" if one is None or own is None else one + own
        for one, own in zip(_rows(earlier.take(group.frames), group.size), _rows(last, group.size), strict=True)
    ]
    length = np.array([len(part) for part in parts], np.int64)
    data = np.frombuffer(b"".join(parts) or b"\0", np.uint8)
    return Slices(data, np.cumsum(length) - length, length, earlier.known.take(group.frames) & last.known)


def _opened_next(group: Group) -> Value:
    opened = group.known.opened
    if opened is None or group.at is not None:
        return unknown(group.size)
    here = opened.at.take(group.frames) == group.byte
    return Numbers(as_numbers(opened.response.take(group.frames)), here)


def _opened(group: Group) -> Value:
    opened = group.known.opened
    if opened is None or group.at is not None:
        return Slices(group.data, group.start, group.start - group.start, np.zeros(group.size, bool))
    found = opened.plain.take(group.frames)
    return Slices(found.data, found.offset, found.length, found.known & (opened.at.take(group.frames) == group.start))


def _clear(group: Group, which: str) -> Value:
    opened = group.known.opened
    if opened is None or group.at is not None:
        return unknown(group.size)
    count = opened.head if which == "head" else opened.tail
    return Numbers(count.take(group.frames), opened.at.take(group.frames) == group.start)


def _opened_head(group: Group) -> Value:
    return _clear(group, "head")


def _opened_tail(group: Group) -> Value:
    return _clear(group, "tail")


def _eui64_unique_id(group: Group, address: Value) -> Value:
    def unique_id(a: bytes | None) -> bytes | None:
        if a is None or len(a) != 16:
            return None
        return bytes([(a[8] << 2 | a[8] >> 6) & 0xFF]) + a[9:11] + a[13:16]

    return Objects([unique_id(a) for a in _rows(address, group.size)])


BITS_REVERSED = np.frombuffer(REVERSED, np.uint8)


def crc_x25(data: NDArray[np.uint8], start: Ints, end: Ints) -> NDArray[np.uint16]:
    """CRC-16/X-25 over `start` to `end` of each row."""
    if not len(start):
        return np.zeros(0, np.uint16)
    first = int(start.min())
    found = crc16(BITS_REVERSED.take(data[first : int(end.max())]), start - first, end - first)
    return BITS_REVERSED.take(found.view(np.uint8)).view(np.uint16).byteswap()


def _crc_x25(group: Group, size: Value) -> Value:
    assert isinstance(size, Numbers)
    end = group.start + size.values
    known = size.known & (end <= group.whole)
    rows = np.flatnonzero(known)
    values = np.zeros(group.size, np.uint16)
    values[rows] = crc_x25(group.data, group.start.take(rows), end.take(rows))
    return Numbers(values, known)


def _negated_sum(group: Group, value: Value) -> Value:
    if not isinstance(value, Slices):
        sums = [None if one is None else -sum(one) & 0xFF for one in _rows(value, group.size)]
        return Numbers(np.array([s or 0 for s in sums], np.int64), np.array([s is not None for s in sums], bool))
    rows = np.flatnonzero(value.known)
    values = np.zeros(group.size, np.int64)
    if len(rows):
        start, length = value.offset.take(rows), value.length.take(rows)
        first = int(start.min())
        total = np.append(0, np.cumsum(value.data[first : int((start + length).max())], dtype=np.int64))
        values[rows] = total.take(start - first) - total.take(start - first + length) & 0xFF
    return Numbers(values, value.known)


def _ahead(function: Callable[[bytes], int], nothing: bytes) -> Callable[..., Value]:
    """A function of the bytes that are left, row by row where the next byte is not among those that give 0: few are."""
    gives = np.ones(256, bool)
    gives[list(nothing)] = False

    def run(group: Group, left: Value) -> Value:
        assert isinstance(left, Numbers)
        values, at = np.zeros(group.size, np.int64), group.byte
        rows = np.flatnonzero(left.values > 0)
        for row in rows[gives.take(group.data.take(at.take(rows)))].tolist():
            values[row] = function(group.data[at[row] : at[row] + left.values[row]].tobytes())
        return Numbers(values, everywhere(group.size))

    return run


PROCEDURES: dict[str, Callable[..., Value]] = {
    "crc_present": _crc_present,
    "crc_status": _crc_status,
    "byte": _byte,
    "slice": _slice,
    "join": _join,
    "joined": _joined,
    "opened_next": _opened_next,
    "opened": _opened,
    "opened_head": _opened_head,
    "opened_tail": _opened_tail,
    "eui64_unique_id": _eui64_unique_id,
    "crc_x25": _crc_x25,
    "negated_sum": _negated_sum,
    "signals": _ahead(count_signals, bytes(set(range(256)) - set(SIGNALS))),
    "packet_start": _ahead(packet_start, b"\xee"),
}
