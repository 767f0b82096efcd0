# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows put together by a key, in columns: what the tracking of a chunk is made of."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.engines.columns.values import Bools, Ints

Rows = dict[str, Any]
"""Equally long arrays by name."""

MIX = np.int64(-7046029254386353131)
"""An odd number that spreads the bits of what it is multiplied with."""


def take(rows: Rows, which: Any) -> Rows:
    """Some of the rows, by index or mask."""
    return {name: values[which] for name, values in rows.items()}


def joined(before: Rows | None, after: Rows) -> Rows:
    """Rows after rows."""
    if before is None:
        return after
    return {name: np.concatenate([before[name], values]) for name, values in after.items()}


class Runs:
    """Rows in an order in which those with the same key are neighbours, each run in the order of the rows.

    `order`: row at each place. `same`: the place before is of the same run. `last`: nothing of the run follows.
    """

    def __init__(self, key: Ints) -> None:
        self.order = _grouped(key)
        self.size = len(key)
        ordered = key[self.order]
        self.same = np.zeros(self.size, bool)
        np.equal(ordered[1:], ordered[:-1], out=self.same[1:])
        self.last = np.ones(self.size, bool)
        np.logical_not(self.same[1:], out=self.last[:-1])

    @cached_property
    def start(self) -> Ints:
        """For each place the place where its run starts."""
        return np.maximum.accumulate(np.where(self.same, 0, np.arange(self.size)))

    def before(self, marked: Bools) -> Ints:
        """For each place the latest marked place before it in its run, -1 where there is none."""
        found = np.full(self.size, -1, np.int64)
        np.maximum.accumulate(np.where(marked, np.arange(self.size), -1)[:-1], out=found[1:])
        found[found < self.start] = -1
        return found


def starts(place: Ints) -> Ints:
    """Of places in ascending order those that are neighbours make a chain: for each the index of the one that its chain
    starts with."""
    first = np.ones(len(place), bool)
    np.not_equal(place[1:], place[:-1] + 1, out=first[1:])
    return np.maximum.accumulate(np.where(first, np.arange(len(place)), 0))


def _grouped(key: Ints) -> Ints:
    """Like ``argsort(kind="stable")`` but in any order of the keys: two quick passes over 32 mixed bits, which
    together tell the keys of a chunk apart nearly always."""
    mixed = ((key * MIX) >> 32).astype(np.uint32)
    low = np.argsort(mixed.astype(np.uint16), kind="stable")
    order = low[np.argsort((mixed >> 16).astype(np.uint16)[low], kind="stable")]
    hashes, keys = mixed[order], key[order]
    if np.any((hashes[1:] == hashes[:-1]) & (keys[1:] != keys[:-1])):
        return np.argsort(key, kind="stable")
    return order


def packed(*parts: tuple[NDArray[Any], int]) -> NDArray[np.int32]:
    """Columns put together in one number, each with its width in bits; -1, a value that is absent, counts too."""
    number = parts[0][0].astype(np.int32) + 1
    for values, bits in parts[1:]:
        number <<= bits
        number += values
        number += 1
    return number


WORD = 8
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(WORD + 1)], np.uint64)


def same_bytes(data: NDArray[np.uint8], one: Ints, other: Ints, length: Ints) -> Bools:
    """Whether the bytes of the buffer from `one` on and from `other` on are the same, `length` of them in each row."""
    equal = np.ones(len(length), bool)
    rows, at = np.flatnonzero(one != other), 0
    while len(rows):
        left = length[rows] - at
        differ = (_words(data, one[rows] + at) ^ _words(data, other[rows] + at)) & _MASKS[np.clip(left, 0, WORD)]
        equal[rows[differ != 0]] = False
        rows, at = rows[(differ == 0) & (left > WORD)], at + WORD
    return equal


def hashed(data: NDArray[np.uint8], start: Ints, length: Ints) -> Ints:
    """A number for the `length` bytes of the buffer from `start` on in each row: the same for the same bytes."""
    found = length.astype(np.int64)
    rows, at = np.flatnonzero(length > 0), 0
    while len(rows):
        left = length[rows] - at
        word = (_words(data, start[rows] + at) & _MASKS[np.clip(left, 0, WORD)]).view(np.int64)
        found[rows] = (found[rows] ^ (found[rows] >> 29)) * MIX + word
        rows, at = rows[left > WORD], at + WORD
    return (found ^ (found >> 32)) * MIX


def _words(data: NDArray[np.uint8], offset: Ints) -> NDArray[np.uint64]:
    """Eight bytes from each offset on, the first in the low bits; zeros behind the end of the buffer."""
    over = offset - (len(data) - WORD)
    if len(over) and over.max() > 0:
        few = np.concatenate([data[-WORD:], np.zeros(2 * WORD, np.uint8)])
        words = np.zeros(len(offset), np.uint64)
        near = over > 0
        words[near] = _words(few, over[near] + min(len(data), WORD) - WORD)
        words[~near] = _words(data, offset[~near])
        return words
    overlapping = np.ndarray((max(0, len(data) - WORD + 1),), "<u8", data, strides=(1,))
    return overlapping[offset].astype(np.uint64, copy=False)
