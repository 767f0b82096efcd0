# SPDX-License-Identifier: GPL-2.0-or-later
"""Text of many rows at once: digits come from tables, and a chunk's lines are put together byte by byte of every row
in parallel. No Python object for a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import NO_TIME
from osgp_analyzer.store.header import ABSENT, unpack


@dataclass(slots=True)
class Cells:
    """A column of texts: row i is the first ``length[place[i]]`` bytes of ``text[place[i]]``."""

    text: Any
    length: Ints
    place: Ints


@cache
def _small() -> tuple[Any, Ints]:
    """Texts of nothing (-1) and of the numbers up to 65535."""
    return _table(["", *map(str, range(65536))])


def _table(texts: Sequence[str]) -> tuple[Any, Ints]:
    encoded = [text.encode() for text in texts]
    width = max(map(len, encoded), default=0) or 1
    made = np.zeros((len(encoded), width), np.uint8)
    flat = np.frombuffer(b"".join(t.ljust(width, b"\0") for t in encoded), np.uint8)
    made[:] = flat.reshape(len(encoded), width)
    return made, np.array([len(t) for t in encoded], np.int64)


def numbers(values: Any) -> Cells:
    """Whole numbers; -1 is an empty text."""
    if len(values) and values.min() >= ABSENT and values.max() < 65536:
        text, length = _small()
        return Cells(text, length, values.astype(np.int64) + 1)
    if len(values) and values.min() >= 0:
        return _digits(values)
    return texts(["" if v == ABSENT else str(v) for v in values.tolist()])


def _digits(values: Ints) -> Cells:
    width = len(str(int(values.max())))
    right = np.empty((len(values), width), np.uint8)
    rest = values
    for i in reversed(range(width)):
        rest, digit = np.divmod(rest, 10)
        right[:, i] = digit + ord("0")
    length = np.searchsorted(10 ** np.arange(1, width, dtype=np.int64), values, side="right") + 1
    column = np.minimum((width - length)[:, None] + np.arange(width), width - 1)
    return Cells(np.take_along_axis(right, column, axis=1), length, np.arange(len(values)))


def _distinct(values: Ints) -> tuple[Ints, Ints]:
    """Values, each perhaps more than once, and the place of each row's value among them."""
    change = np.ones(len(values), bool)
    change[1:] = values[1:] != values[:-1]
    if int(change.sum()) * 4 > len(values):
        found, place = np.unique(values, return_inverse=True)
        return found, place
    return values[change], np.cumsum(change) - 1


def packed(values: Ints) -> Cells:
    """Packed byte strings as hex; -1 is an empty text."""
    found, place = _distinct(values)
    text, length = _table(["" if n == ABSENT else unpack(n).hex() for n in found.tolist()])
    return Cells(text, length, place)


def texts(values: Sequence[str]) -> Cells:
    """Texts that are there already."""
    text, length = _table(values)
    return Cells(text, length, np.arange(len(values)))


def seconds(times: Ints) -> Cells:
    """Nanoseconds since 1970 as seconds with nine decimals; no stamp is an empty text."""
    if len(times) and times.min() < 0:
        return texts([_seconds(t) for t in times.tolist()])
    whole, rest = np.divmod(times, 10**9)
    found, place = _distinct(whole)
    head, length = _table([f"{n}." for n in found.tolist()])
    made = np.zeros((len(times), head.shape[1] + 9), np.uint8)
    made[:, : head.shape[1]] = head[place]
    size = length[place]
    rows = np.arange(len(times))
    for i in range(9):
        rest, digit = np.divmod(rest, 10)
        made[rows, size + 8 - i] = digit + ord("0")
    return Cells(made, size + 9, rows)


def _seconds(ns: int) -> str:
    if ns == NO_TIME:
        return ""
    return f"{'-' if ns < 0 else ''}{abs(ns) // 10**9}.{abs(ns) % 10**9:09}"


def lines(columns: Sequence[Cells], separator: str, mask: Bools) -> str:
    """The rows of a mask, cells joined by `separator`, each ended by a line break."""
    rows = np.flatnonzero(mask)
    between = np.frombuffer(separator.encode(), np.uint8)
    places = [c.place[rows] for c in columns]
    lengths = [c.length[p] for c, p in zip(columns, places, strict=True)]
    total = sum(lengths) + len(between) * (len(columns) - 1) + 1
    end = np.cumsum(total)
    out = np.empty(int(end[-1]) if len(end) else 0, np.uint8)
    at = end - total
    for number, (column, place, length) in enumerate(zip(columns, places, lengths, strict=True)):
        if number:
            for byte in between.tolist():
                out[at] = byte
                at = at + 1
        shortest, longest = (int(length.min()), int(length.max())) if len(length) else (0, 0)
        for i in range(longest):
            if i < shortest:
                out[at + i] = column.text[place, i]
            else:
                some = np.flatnonzero(length > i)
                out[at[some] + i] = column.text[place[some], i]
        at = at + length
    out[at] = ord("\n")
    return out.tobytes().decode()
