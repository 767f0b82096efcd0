# SPDX-License-Identifier: GPL-2.0-or-later
"""Text of many rows at once: looked up in tables of few texts, and put together piece by piece for all rows.

A piece of every row is copied in a step, a table's whole width at a time. What is copied too much is overwritten by the
next piece of its row; the first bytes of the row behind it are put right at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.engines.columns.values import Ints, Slices

Bytes2 = NDArray[np.uint8]

WIDTH = 16
"""Tables are a multiple of so many bytes wide."""
STRIP = 32
"""Bytes that are copied at once, at most."""
BLOCK = 4096


_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(slots=True)
class Cells:
    """A column of texts in UTF-8: row i is the first ``length[place[i]]`` bytes of ``text[place[i]]``.

    A `place` of None: row i is text i.
    """

    text: Bytes2
    length: Ints
    place: Ints | None = None

    def __len__(self) -> int:
        return len(self.length if self.place is None else self.place)

    def lengths(self) -> Ints:
        """Bytes of each row."""
        return self.length if self.place is None else self.length[self.place]

    def take(self, rows: Ints) -> Cells:
        """The rows at `rows`."""
        return Cells(self.text, self.length, rows if self.place is None else self.place[rows])


def table(texts: Sequence[str], place: Ints | None = None) -> Cells:
    """These texts, or the ones at `place` among them."""
    encoded = [text.encode() for text in texts]
    width = -(-max(map(len, encoded), default=1) // WIDTH) * WIDTH or WIDTH
    flat = np.frombuffer(b"".join(t.ljust(width, b"\0") for t in encoded), np.uint8)
    return Cells(flat.reshape(len(encoded), width), np.array([len(t) for t in encoded], np.int64), place)


def constant(text: str, size: int) -> Cells:
    """The same text in every row."""
    return table([text], np.zeros(size, np.int64))


def distinct(values: Ints) -> tuple[Ints, Ints]:
    """The distinct values, and the place of each row's value among them."""
    if not len(values):
        return values, np.zeros(0, np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low < 1 << 16:
        shifted = values - low
        found = np.flatnonzero(np.bincount(shifted))
        places = np.zeros(high - low + 1, np.int64)
        places[found] = np.arange(len(found))
        return found + low, places[shifted]
    # Few values are told apart by a part of their product with a large odd number; where two agree in it, by sorting.
    buckets = (values.astype(np.uint64) * _ODD) >> np.uint64(48)
    held = np.zeros(1 << 16, np.int64)
    held[buckets] = values
    if not (held[buckets] == values).all():
        found, back = np.unique(values, return_inverse=True)
        return found, back
    used = np.flatnonzero(np.bincount(buckets.astype(np.int64)))
    order = np.argsort(held[used])
    places = np.zeros(1 << 16, np.int64)
    places[used[order]] = np.arange(len(used))
    return held[used[order]], places[buckets]


def of_values(values: Ints, text: Callable[[int], str]) -> Cells:
    """The text of each value; `text` is asked once for each that is different."""
    found, place = distinct(values)
    return table([text(value) for value in found.tolist()], place)


@cache
def _small(width: int, suffix: str) -> Cells:
    """Texts of nothing (-1) and of the numbers up to 65535, to the right of `width`."""
    return table([f"{number:>{width}}{suffix}" for number in ("", *range(1 << 16))])


@cache
def _thousands(suffix: str) -> Cells:
    """Texts of the numbers of three digits, with leading zeros."""
    return table([f"{n:03}{suffix}" for n in range(1000)])


def numbers(values: NDArray[Any], width: int = 0, suffix: str = "") -> Cells:
    """Whole numbers, to the right of `width` (up to 5), and a suffix; -1 is no number."""
    return concat(whole_numbers(values, width, suffix))


def whole_numbers(values: NDArray[Any], width: int = 0, suffix: str = "") -> list[Cells]:
    """As `numbers`, in pieces."""
    values = values.astype(np.int64)
    if not len(values) or (values.min() >= -1 and values.max() < 1 << 16):
        return [Cells(_small(width, suffix).text, _small(width, suffix).length, values + 1)]
    if values.min() < -1 or values.max() >= 1 << 60:
        return [of_values(values, lambda value: f"{'' if value == -1 else value:>{width}}{suffix}")]
    small = np.flatnonzero(values < 1 << 16)
    thousands, rest = np.divmod(values, 1000)
    last = _thousands(suffix)
    pieces = [*whole_numbers(thousands), Cells(last.text, last.length, rest)]
    if not len(small):
        return pieces
    large = np.flatnonzero(values >= 1 << 16)
    return [merge([(large, concat(pieces).take(large)), (small, numbers(values[small], width, suffix))], len(values))]


def seconds(times: Ints, missing: int, width: int = 0, suffix: str = "") -> list[Cells]:
    """Nanoseconds as seconds with nine decimals, to the right of `width` (up to 14), in pieces; `missing` is no
    number."""
    if not len(times) or times.min() < 0:
        return [of_values(times, lambda ns: f"{'' if ns == missing else decimal(ns):>{width}}{suffix}")]
    whole, rest = np.divmod(times, 10**9)
    return [of_values(whole, lambda second: f"{second:>{max(0, width - 10)}}."), *fraction(rest, suffix)]


def fraction(rest: Ints, suffix: str) -> list[Cells]:
    """Nanoseconds below a second as nine decimals, in pieces."""
    micros, thousandths = np.divmod(rest, 1000)
    millis, micros = np.divmod(micros, 1000)
    digits, last = _thousands(""), _thousands(suffix)
    return [
        Cells(digits.text, digits.length, millis),
        Cells(digits.text, digits.length, micros),
        Cells(last.text, last.length, thousandths),
    ]


def padding(cells: Cells, width: int) -> Cells:
    """The blanks that fill each text up to `width` bytes."""
    return Cells(*_blanks(width), np.maximum(width - cells.lengths(), 0))


@cache
def _blanks(width: int) -> tuple[Bytes2, Ints]:
    made = table([" " * count for count in range(width + 1)])
    return made.text, made.length


def decimal(ns: int) -> str:
    """Nanoseconds as seconds."""
    return f"{'-' if ns < 0 else ''}{abs(ns) // 10**9}.{abs(ns) % 10**9:09}"


_HEX = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint16)


def hexadecimal(value: Slices) -> Cells:
    """The bytes of each row in hex."""
    longest = int(value.length.max()) if len(value.length) else 0
    width = -(-longest * 2 // WIDTH) * WIDTH or WIDTH
    made = np.zeros((len(value.length), width // 2), np.uint16)
    last = len(value.data) - 1
    for i in range(longest):
        rows = np.flatnonzero(value.length > i)
        made[rows, i] = _HEX[value.data[np.minimum(value.offset[rows] + i, last)]]
    return Cells(made.view(np.uint8), value.length * 2)


def merge(parts: Sequence[tuple[Ints, Cells]], size: int) -> Cells:
    """A column of `size` rows of which parts are given: rows, and their texts. Rows without one are empty."""
    width = max((cells.text.shape[1] for _, cells in parts), default=WIDTH)
    texts, lengths, at = [np.zeros((1, width), np.uint8)], [np.zeros(1, np.int64)], 1
    place = np.zeros(size, np.int64)
    for rows, cells in parts:
        place[rows] = at + (np.arange(len(rows)) if cells.place is None else cells.place)
        wide = cells.text
        if wide.shape[1] < width:
            wide = np.zeros((len(cells.text), width), np.uint8)
            wide[:, : cells.text.shape[1]] = cells.text
        texts.append(wide)
        lengths.append(cells.length)
        at += len(wide)
    return Cells(np.concatenate(texts), np.concatenate(lengths), place)


def joint(columns: Sequence[NDArray[Any]], suffixes: Sequence[str]) -> list[Cells]:
    """Columns of small numbers, each with its suffix; -1 is no number. Neighbours are looked up together."""
    found: list[Cells] = []
    first = 0
    while first < len(columns):
        last, size, keys = first, 1, np.zeros(len(columns[first]), np.int64)
        radices: list[int] = []
        while last < len(columns) and (not radices or size * _radix(columns[last]) <= 1 << 16):
            radices.append(_radix(columns[last]))
            keys = keys * radices[-1] + columns[last].astype(np.int64) + 1
            size *= radices[-1]
            last += 1
        texts, (key, place) = [], distinct(keys)
        for radix, suffix in zip(reversed(radices), reversed(suffixes[first:last]), strict=True):
            key, digit = np.divmod(key, radix)
            texts.append(numbers(digit - 1, 0, suffix))
        whole = concat(texts[::-1])
        found.append(Cells(whole.text, whole.length, place if whole.place is None else whole.place[place]))
        first = last
    return found


def _radix(column: NDArray[Any]) -> int:
    return int(column.max()) + 2 if len(column) else 1


def concat(columns: Sequence[Cells], least: int = WIDTH) -> Cells:
    """The texts of several columns, row by row one after the other, in a table at least so wide."""
    if len(columns) == 1:
        return columns[0]
    lengths = [column.lengths() for column in columns]
    total = np.add.reduce(lengths)
    room = int(total.max()) + max(column.text.shape[1] for column in columns) if len(total) else 0
    width = -(-max(room, least) // WIDTH) * WIDTH
    out = np.zeros(len(total) * width + STRIP, np.uint8)
    begin = np.arange(len(total)) * width
    for rows in _blocks(len(total)):
        _write(out, begin[rows], columns, lengths, rows, None)
    return Cells(out[: len(total) * width].reshape(len(total), width), total)


def join(columns: Sequence[Cells]) -> NDArray[np.uint8]:
    """The texts of all columns and rows, one after the other."""
    lengths = [column.lengths() for column in columns]
    total = np.add.reduce(lengths)
    end = np.cumsum(total)
    if not len(end):
        return np.zeros(0, np.uint8)
    out = np.empty(int(end[-1]) + STRIP, np.uint8)
    spoilt = min(STRIP, max(column.text.shape[1] for column in columns))
    covered, count = 0, 0
    while covered < spoilt and count < len(columns):  # so many columns make up the first bytes of a row
        covered += int(lengths[count].min())
        count += 1
    target = np.ndarray((len(out) - spoilt + 1,), f"V{spoilt}", out, strides=(1,))
    for rows in _blocks(len(end)):
        begin = end[rows] - total[rows]
        at, clean = _write(out, begin, columns[:count], lengths, rows, end[rows])
        if clean:
            heads = target[begin]
        else:
            first = [column.take(np.arange(rows.start, rows.stop)) for column in columns[:count]]
            whole = concat([*first, constant("", len(begin))], spoilt)
            heads = np.ascontiguousarray(whole.text[:, :spoilt]).view(f"V{spoilt}")[:, 0]
        _write(out, at, columns[count:], lengths[count:], rows, None)
        target[begin] = heads  # row by row, in their order
    return out[: int(end[-1])]


def _blocks(size: int) -> Iterator[slice]:
    """Rows that are put together at a time: few enough for the processor's cache."""
    return (slice(first, min(first + BLOCK, size)) for first in range(0, size, BLOCK))


def _write(
    out: Bytes2, at: Ints, columns: Sequence[Cells], lengths: Sequence[Ints], rows: slice, end: Ints | None
) -> tuple[Ints, bool]:
    """Copy the pieces of some rows to `at`, from left to right. Gives where the next piece goes, and whether nothing
    behind the `end` of a row was spoilt (if that is given); it is `STRIP` bytes at most."""
    clean = True
    for column, whole in zip(columns, lengths, strict=False):
        length = whole[rows]
        place = column.place[rows] if column.place is not None else np.arange(rows.start, rows.stop)
        for first in range(0, int(length.max()), STRIP):
            strip = min(STRIP, column.text.shape[1] - first)
            piece = np.ndarray((len(column.text),), f"V{strip}", column.text, first, (column.text.shape[1],))
            some = slice(None) if first == 0 else np.flatnonzero(length > first)
            where = at[some] + first
            np.ndarray((len(out) - strip + 1,), f"V{strip}", out, strides=(1,))[where] = piece[place[some]]
            clean = clean and end is not None and not (where + strip > end[some]).any()
        at = at + length
    return at, clean
