# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of a capture found quickly: many places of the file are walked at once, in step.

A record tells where the next one begins, so a file can only be walked from its start. But what looks like the start of
a record a little further on mostly is one: from many such places walks begin at once, and a walk counts when the one
before it, which counts, ends exactly where it began. So a wrong guess costs time and never a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from mmap import mmap

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

MANY = 2048
"""Frames from which on it pays to walk many places at once."""
LANES = 1024
SHORTEST = 64
"""Records that a walk must be worth."""
STRIP = 32
"""Places that are tried at once in each stretch."""
ENOUGH = 256
"""Frames from which the average size of a record is taken."""


@dataclass(frozen=True)
class Records:
    """What the records of a file look like. `size`: octets of the record at each place, 0 where none can be. `likely`:
    whether one might begin at each place. `aligned`: places lie so many octets apart, or a multiple of it."""

    size: Callable[[Places], Places]
    likely: Callable[[Places], Flags]
    aligned: int = 1


def numbers(view: mmap, order: str) -> Callable[[Places, int], Places]:
    """A function that gives the 32-bit numbers so many octets after each place, in an order of bytes ("<" or ">");
    0 behind the end of the file."""
    last = len(view) - 4
    words = np.ndarray((max(1, last + 1),), f"{order}u4", view if last >= 0 else bytes(4), strides=(1,))

    def at(places: Places, after: int) -> Places:
        places = places + after
        inside = places <= last
        if inside.all():
            return words[places].astype(np.int64)
        return np.where(inside, words[np.where(inside, places, 0)], 0).astype(np.int64)

    return at


def heads(view: mmap, order: str, places: Places, count: int) -> list[Places]:
    """The first `count` 32-bit numbers of records that lie wholly in the file."""
    size = 4 * count
    whole = np.ndarray((max(0, len(view) - size + 1),), f"V{size}", view, strides=(1,))
    return list(whole[places].view(f"{order}u4").reshape(-1, count).T)


def walk(records: Records, at: int, stop: int, limit: int, average: int) -> Places:
    """Places of up to `limit` successive records from `at` on that end at or before byte `stop`; there may be more.

    `average`: octets of a record, more or less.
    """
    none = np.zeros(0, np.int64)
    lanes = min(LANES, limit // SHORTEST)
    room = min(stop - at, limit * average)
    if lanes < 2 or room < lanes * average * 4:
        return none
    starts = _starts(records, at, room // lanes, lanes, average)
    ends = np.append(starts[1:], at + room)
    here, steps, going = starts, [], []
    while True:
        size = records.size(here)
        following = here + size
        on = (here < ends) & (size > 0) & (following <= stop)
        if not on.any():
            break
        steps.append(here)
        going.append(on)
        here = np.where(on, following, here)
    if not steps:
        return none
    broken = np.flatnonzero(here[:-1] != starts[1:])
    count = int(broken[0]) + 1 if len(broken) else len(starts)
    return np.stack(steps, 1)[:count][np.stack(going, 1)[:count]][:limit]


def _starts(records: Records, at: int, stride: int, lanes: int, average: int) -> Places:
    """`at`, and in each stretch behind it the first place where a record seems to begin, and another behind that."""
    begin = at + np.arange(1, lanes) * (stride // records.aligned * records.aligned)
    found, open_ = [np.array([at])], np.ones(len(begin), bool)
    for after in range(0, min(stride, max(256, 3 * average)), STRIP * records.aligned):
        left = begin[open_]
        places = left[:, None] + np.arange(after, after + STRIP * records.aligned, records.aligned)
        rows, columns = np.nonzero(records.likely(places))
        first = places[rows, columns]
        sound = records.likely(first + records.size(first))
        which, best = np.unique(rows[sound], return_index=True)
        found.append(first[sound][best])
        open_[np.flatnonzero(open_)[which]] = False
        if not open_.any():
            break
    return np.sort(np.concatenate(found))
