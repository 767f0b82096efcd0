# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers that were sent again, and frames without a transaction that were heard twice.

An answer is a duplicate of an earlier one with the same NPDU when both answer sendings of the same message, or when
it came sooner than half the shortest repeat timer (two taps, or two ways through a router). A message of the
unacknowledged service has no transaction number, so on one interface the same bytes again may be another message: it
is a duplicate only of what another interface heard as soon.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import HEARD_TWICE_NS
from osgp_analyzer.analysis.runs import MIX, Rows, Runs, joined, starts, take
from osgp_analyzer.analysis.transactions import (
    ACK,
    ADDRESS_BITS,
    FAR_BACK,
    NONE,
    NOTHING,
    REPLY,
    between,
    elapsed,
    places,
    same_places,
)
from osgp_analyzer.engines.columns.values import Bools, Ints


class Copies:
    """Finds copies, chunk by chunk in the order of the capture."""

    def __init__(self) -> None:
        self._answers: Rows | None = None
        self._others: Rows | None = None

    def follow(self, own: Rows, root: Ints, stop: int, data: NDArray[np.uint8]) -> Ints:
        """For the `transactions` of a chunk that ends before frame `stop` the index of the frame that each repeats,
        else -1; `root`: the message that each answers, by its first sending; `data`: the buffer of the capture."""
        found, role = np.full(len(root), NONE, np.int64), own["role"]
        used = np.flatnonzero(between(role, ACK, REPLY))
        rows = _rows(own, used) | {"root": root[used]}
        rows["key"] = own["asker"][used] + (role[used].astype(np.int64) << ADDRESS_BITS | own["source"][used])
        found[used], self._answers = _copies(self._answers, rows, stop, data)

        used = np.flatnonzero((role == NOTHING) & (own["apdu"] >= 0))
        rows = _rows(own, used) | {"interface": own["interface"][used], "heard_by": own["interface"][used]}
        rows["key"] = (own["domain"][used] * MIX + own["neuron_id"][used]) * MIX + own["source"][used]
        rows["key"] += own["crc"][used].astype(np.int64) << ADDRESS_BITS
        found[used], self._others = _copies(self._others, rows, stop, data)
        return found


def _rows(own: Rows, used: Ints) -> Rows:
    return {name: own[name][used] for name in ("frame", "time", "link")} | places(own, used)


def _copies(before: Rows | None, own: Rows, stop: int, data: NDArray[np.uint8]) -> tuple[Ints, Rows]:
    """What each row repeats, and what later rows may repeat: the latest of each key. Rows with an `interface` repeat
    only what another one heard, rows with a `root` also what has the same."""
    rows = joined(before, own | {"heard": own["frame"].copy()})
    runs = Runs(rows["key"])
    place = np.flatnonzero(runs.same)
    row, previous = runs.order[place], runs.order[place - 1]
    time, timed = elapsed(rows["time"][previous], rows["time"][row])
    copy: Bools = timed & (np.abs(time) < HEARD_TWICE_NS) & (rows["link"][row] == rows["link"][previous])
    if "interface" in rows:
        copy &= rows["interface"][row] != rows["interface"][previous]
    if "root" in rows:
        copy |= (rows["root"][row] != NONE) & (rows["root"][row] == rows["root"][previous])
    copy &= rows["frame"][row] - rows["frame"][previous] <= FAR_BACK
    place, row, previous = place[copy], row[copy], previous[copy]
    same = same_places(data, rows, row, previous, "npdu", "end")
    place, row, previous = place[same], row[same], previous[same]
    if "interface" in rows:  # back at the interface that heard it first: another message
        other = rows["interface"][row] != rows["heard_by"][previous[starts(place)]]
        place, row, previous = place[other], row[other], previous[other]
        rows["heard_by"][row] = rows["heard_by"][previous[starts(place)]]
    rows["heard"][row] = rows["heard"][previous[starts(place)]]
    found = np.where(rows["heard"] != rows["frame"], rows["heard"], NONE)
    latest = runs.order[runs.last]
    return found[runs.size - len(own["frame"]) :], take(rows, latest[stop - rows["frame"][latest] <= FAR_BACK])
