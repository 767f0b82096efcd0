# SPDX-License-Identifier: GPL-2.0-or-later
"""Text of many rows at once: looked up in tables of few texts, and put together piece by piece for all rows.

A piece of every row is copied in a step, a table's whole width at a time. What is copied too much is overwritten by the
next piece of its row; the first bytes of the row behind it are put right at the end. Pieces are what costs time, so
neighbours of which few combinations occur become one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.engines.columns.values import Ints, beyond, some

Bytes2 = NDArray[np.uint8]

WIDTH = 16
"""Tables are a multiple of so many bytes wide."""
STRIP = 48
"""Bytes that are copied at once, at most."""
FEW = 1024
"""Combinations of texts that are made whether they occur or not."""
MANY = 1 << 62
"""More places than any table has."""

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


def distinct(values: NDArray[Any]) -> tuple[Ints, Ints]:
    """The distinct values, and the place of each row's value among them."""
    if some(beyond(values)):
        return np.unique(values, return_inverse=True)
    values = values.astype(np.int64, copy=False)
    if not len(values):
        return values, np.zeros(0, np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low < 1 << 16:
        shifted = values - low
        found, places = _used(shifted, high - low + 1)
        return found + low, places[shifted]
    # Told apart by a part of their product with a large odd number; those that agree in it with others, by sorting.
    buckets = ((values.astype(np.uint64) * _ODD) >> np.uint64(48)).astype(np.int64)
    held = np.zeros(1 << 16, np.int64)
    held[buckets] = values
    others = np.flatnonzero(held[buckets] != values)
    used, places = _used(buckets, 1 << 16)
    more, place_of_more = np.unique(values[others], return_inverse=True)
    found = np.concatenate([held[used], more])
    order = np.argsort(found)
    rank = np.empty(len(found), np.int64)
    rank[order] = np.arange(len(found))
    place = rank[places[buckets]]
    place[others] = rank[len(used) + place_of_more]
    return found[order], place


def _used(numbers: Ints, size: int) -> tuple[Ints, Ints]:
    """Which numbers below `size` there are, and the place of each of them among these."""
    there = np.zeros(size, bool)
    there[numbers] = True
    found = np.flatnonzero(there)
    places = np.empty(size, np.int64)
    places[found] = np.arange(len(found))
    return found, places


def of_values(values: NDArray[Any], text: Callable[[int], str]) -> Cells:
    """The text of each value; `text` is asked once for each that is different."""
    found, place = distinct(values)
    return table([text(value) for value in found.tolist()], place)


def padded(cells: Cells, width: int, suffix: str, right: bool = False) -> Cells:
    """The texts filled up with blanks to `width` bytes, behind them or before them (`right`), and a suffix."""
    own = Cells(cells.text, cells.length)
    blanks = table([" " * count for count in range(width + 1)], np.maximum(width - cells.length, 0))
    made = _written([*((blanks, own) if right else (own, blanks)), constant(suffix, len(own))])
    return Cells(made.text, made.length, cells.place)


EVERY = slice(None)
Some = tuple[Any, Cells]
"""Texts of some rows: their numbers (or `EVERY`), and the text of each."""


def merge(parts: Sequence[Some], size: int) -> Cells:
    """A column of `size` rows of which parts are given. Rows without one are empty."""
    place, at = np.zeros(size, np.int64), 1
    for rows, cells in parts:
        place[rows] = at + (np.arange(len(cells)) if cells.place is None else cells.place)
        at += len(cells.text)
    made = below([table([""]), *(cells for _, cells in parts)])
    return Cells(made.text, made.length, place)


def below(tables: Sequence[Cells]) -> Cells:
    """The texts of several tables in one."""
    height = sum(len(one.text) for one in tables)
    text, at = np.zeros((height, max(one.text.shape[1] for one in tables)), np.uint8), 0
    for one in tables:
        text[at : at + len(one.text), : one.text.shape[1]] = one.text
        at += len(one.text)
    return Cells(text, np.concatenate([one.length for one in tables]))


def fewer(columns: Sequence[Cells]) -> list[Cells]:
    """The same texts in fewer columns: neighbours are looked up together where that takes a small table only."""
    found: list[Cells] = []
    together: list[Cells] = []
    radices: list[int] = []
    size = 1
    for column in columns:
        radix = MANY if column.place is None or not len(column) else int(column.place.max()) + 1
        if together and size * radix > len(column):
            found.append(_together(together, radices, size))
            together, radices, size = [], [], 1
        together.append(column)
        radices.append(radix)
        size *= radix
    return [*found, _together(together, radices, size)] if together else found


def _together(columns: Sequence[Cells], radices: Sequence[int], size: int) -> Cells:
    """Columns as one, each with the number of its places; `size` is their product."""
    if len(columns) == 1:
        return columns[0]
    key: Any = columns[0].place
    for column, radix in zip(columns[1:], radices[1:], strict=True):
        key = key * radix + column.place if radix > 1 else key
    found, place = (np.arange(size), key) if size <= FEW else distinct(key)
    parts = []
    for column, radix in zip(reversed(columns), reversed(radices), strict=True):
        found, digit = np.divmod(found, radix)
        parts.append(Cells(column.text, column.length, digit))
    made = _written(parts[::-1])
    width = -(-int(made.length.max()) // WIDTH) * WIDTH or WIDTH
    return Cells(np.ascontiguousarray(made.text[:, :width]), made.length, place)


def concat(columns: Sequence[Cells], least: int = WIDTH) -> Cells:
    """The texts of several columns, row by row one after the other, in a table at least so wide."""
    columns = fewer(columns)
    return columns[0] if len(columns) == 1 and columns[0].text.shape[1] >= least else _written(columns, least)


def _written(columns: Sequence[Cells], least: int = WIDTH) -> Cells:
    """One text for each row, in a table at least so wide."""
    size, lengths = len(columns[0]), [column.lengths() for column in columns]
    total = sum(lengths[1:], lengths[0])
    room = int(total.max()) + max(column.text.shape[1] for column in columns) if size else 0
    width = -(-max(room, least) // WIDTH) * WIDTH
    out = np.zeros(size * width + STRIP, np.uint8)
    at: Ints | slice = slice(0, size * width, width)
    for column, length in zip(columns, lengths, strict=True):
        _put(out, at, column, length)
        if isinstance(at, slice) and size and (len(column.text) == 1 or length.min() == length.max()):
            at = slice(at.start + int(length[0]), at.stop + int(length[0]), width)  # quicker than single places
        else:
            at = (np.arange(at.start, at.stop, width) if isinstance(at, slice) else at) + length
    return Cells(out[: size * width].reshape(size, width), total)


def join(columns: Sequence[Cells], parts: Sequence[Some] = ()) -> NDArray[np.uint8]:
    """The texts of all columns and rows, one after the other; behind those of each row what `parts` has for it."""
    columns = fewer(columns)
    size = len(columns[0])
    if not size:
        return np.zeros(0, np.uint8)
    pieces = [*((EVERY, column) for column in columns), *parts]
    lengths = [cells.lengths() for _, cells in pieces]
    total = np.zeros(size, np.int64)
    for (rows, _), length in zip(pieces, lengths, strict=True):
        total[rows] += length
    end = np.cumsum(total)
    begin = end - total
    spoilt = min(STRIP, max(cells.text.shape[1] for _, cells in pieces))
    count = _reaching(lengths[: len(columns)], spoilt)
    if count:
        first = concat(columns[:count], spoilt)
    else:  # the rows are too short for that, or too long
        beginnings = [_cut(merge([piece], size), spoilt) for piece in pieces]
        count, first = 0, concat([*beginnings, constant("", size)], spoilt)
    heads = first.text if first.place is None else first.text.take(first.place, 0)
    out = np.empty(int(end[-1]) + max(STRIP, heads.shape[1]), np.uint8)
    at = begin
    if count:
        _at_once(out, heads.shape[1])[begin] = heads.view(f"V{heads.shape[1]}")[:, 0]
        at = begin + first.lengths()
    for (rows, cells), length in zip(pieces[count:], lengths[count:], strict=True):
        where = at[rows]
        _put(out, where, cells, length)
        at[rows] = where + length
    heads = np.ascontiguousarray(heads[:, :spoilt])
    _at_once(out, spoilt)[end - total] = heads.view(f"V{spoilt}")[:, 0]  # row by row, in their order
    return out[: int(end[-1])]


def _reaching(lengths: Sequence[Ints], enough: int) -> int:
    """How many columns make up `enough` bytes in every row, and not many more in any; 0 where none do."""
    least = most = 0
    for count, length in enumerate(lengths, 1):
        least, most = least + int(length.min()), most + int(length.max())
        if least >= enough:
            return count if most <= 4 * STRIP else 0
    return 0


def _cut(cells: Cells, width: int) -> Cells:
    """The first bytes of each text."""
    return Cells(np.ascontiguousarray(cells.text[:, :width]), np.minimum(cells.length, width), cells.place)


def _at_once(out: Bytes2, width: int) -> NDArray[Any]:
    """So many bytes from each place on."""
    return np.ndarray((len(out) - width + 1,), f"V{width}", out, strides=(1,))


def _put(out: Bytes2, at: Ints | slice, cells: Cells, length: Ints) -> None:
    """Copy texts to `at`, with up to `STRIP` bytes behind them."""
    whole = cells.text.shape[1]
    most = whole if whole <= STRIP or not len(length) else int(length.max())
    for first in range(0, most, STRIP):
        width = min(STRIP, whole - first)
        some: Any
        where: Any
        if isinstance(at, slice):
            some, where = EVERY, slice(at.start + first, at.stop + first, at.step)
        else:
            some = np.flatnonzero(length > first) if first else EVERY
            where = at[some] + first
        if cells.place is not None and width == whole:
            piece = cells.text.take(cells.place, 0).view(f"V{width}")[:, 0]  # quicker than what is below
        else:
            strip = np.ndarray((len(cells.text),), f"V{width}", cells.text, first, (whole,))
            piece = strip[some] if cells.place is None else strip[cells.place[some]]
        _at_once(out, width)[where] = piece
