# SPDX-License-Identifier: GPL-2.0-or-later
"""Which messages are the same one on its way: for all messages of a chunk at once.

A message goes on from another when what does not change is the same (from the service request of the agent to the end;
for the agent's own message the inner one), its address list is what is left of the other's, and both its ends are where
that list says. Messages between the two may be missing. Each is compared with the one before it of the same key and
transaction number, which repeaters are known to keep; else with the one before it of the same key: where it has no
number, or comes from the very next node, which is not known to keep them. A chain has one message for each place.
What then is left over may have been changed on its way (`changed`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import MAX_WAIT_NS
from osgp_analyzer.analysis.chains.changed import changed_from
from osgp_analyzer.analysis.chains.fitting import fits_on
from osgp_analyzer.analysis.chains.messages import LEAST_WAIT_MS, LONG, LONG_TIMER_MS, MS, OF_AGENT
from osgp_analyzer.analysis.chains.numbers import Keepers
from osgp_analyzer.analysis.runs import MIX, Rows, Runs, joined, take
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE, NUMBER_SHIFT, elapsed
from osgp_analyzer.engines.columns.values import Bools, Ints


class Links:
    """Gives messages the number of their chain: the frame of its first message. Chunk by chunk in the order of the
    capture."""

    def __init__(self) -> None:
        self._open: Rows | None = None
        self._again: Rows | None = None
        self._keepers = Keepers()

    def follow(self, own: Rows, again: Rows, stop: int, data: NDArray[np.uint8]) -> tuple[Ints, Bools]:
        """The chain of each of the `messages` of a chunk that ends before frame `stop`, and whether it was changed.
        `again`: its messages that were sent again: `root`, `frame` and `time`."""
        again = joined(self._again, again)
        self._again = take(again, stop - again["frame"] <= FAR_BACK)
        size = len(own["frame"])
        # Of a row of an earlier chunk `seen` has the places of its whole chain, a bit each.
        place = np.left_shift(1, own["left"].astype(np.int32) - OF_AGENT)
        rows = joined(self._open, own | {"chain": np.full(size, NONE), "seen": place})
        new = rows["chain"] == NONE
        numbered, every = Runs(rows["key"] + (rows["number"].astype(np.int64) + 1) * MIX), Runs(rows["key"])
        before = self._same_number(rows, new, numbered, data)
        other = self._other_number(rows, new, every, before, data)
        changed = changed_from(rows, new & (before == NONE) & (other == NONE), numbered, self._near)
        _resolve(rows, new, every, before, other, changed)
        kept = np.union1d(numbered.order[numbered.last], every.order[every.last])
        self._open = take(rows, kept[stop - rows["frame"][kept] <= FAR_BACK])
        return rows["chain"][len(new) - size :], rows["changed"][len(new) - size :]

    def _same_number(self, rows: Rows, new: Bools, runs: Runs, data: NDArray[np.uint8]) -> Ints:
        """For each new row the one before it of the same number, where it fits; -1 for none."""
        found = np.full(len(new), NONE)
        row, previous = _pairs(runs, new)
        near = self._near(rows, row, previous)
        row, previous = row[near], previous[near]
        fits = fits_on(rows, row, previous, data)
        found[row[fits]] = previous[fits]
        return found

    def _other_number(self, rows: Rows, new: Bools, runs: Runs, before: Ints, data: NDArray[np.uint8]) -> Ints:
        """The same of whatever number, each nearer to the target than the one before."""
        found = np.full(len(new), NONE)
        row, previous = _pairs(runs, new)
        _, timed = elapsed(rows["time"][previous], rows["time"][row])
        unnumbered = (rows["number"][row] == NONE) | (rows["number"][previous] == NONE)
        next_one = rows["left"][row] == rows["left"][previous] - 1
        near = (unnumbered | (next_one & timed)) & (previous != before[row])
        near &= rows["left"][row] < rows["left"][previous]
        near[near] = self._near(rows, row[near], previous[near])
        row, previous = row[near], previous[near]
        fits = fits_on(rows, row, previous, data)
        row, previous = row[fits], previous[fits]
        node, frame = rows["asker"] - (rows["number"].astype(np.int64) + 1 << NUMBER_SHIFT), rows["frame"]
        kept = np.flatnonzero((before != NONE) & (rows["number"] != NONE))
        kept = kept[rows["left"][kept] < rows["left"][before[kept]]]
        changed = np.flatnonzero((rows["number"][row] != NONE) & (rows["number"][previous] != NONE))
        believed = np.ones(len(row), bool)
        believed[changed] = self._keepers.may_change(
            (node[kept], frame[kept]), (node[row[changed]], frame[row[changed]])
        )
        found[row[believed]] = previous[believed]
        return found

    def _near(self, rows: Rows, row: Ints, previous: Ints) -> Bools:
        """Whether rows are for other places than those before them, and come within the timers since these were sent,
        for the last time up to there."""
        near = rows["frame"][row] - rows["frame"][previous] <= FAR_BACK
        near &= rows["left"][row] != rows["left"][previous]
        wait = np.maximum(rows["wait"][row], rows["wait"][previous])
        # One for a place further from the target that comes later must have been sent before: it is sent again.
        turned = rows["left"][row] > rows["left"][previous]
        wait[turned] = np.clip(rows["timer"][row[turned]], LEAST_WAIT_MS * MS, MAX_WAIT_NS)
        # The last repeater's message has no timer, but tells whether it is a long one.
        wait[turned & (rows["left"][row] == 0) & ((rows["flags"][row] & LONG) != 0)] += LONG_TIMER_MS * MS
        time, _ = elapsed(rows["time"][previous], rows["time"][row])
        late = np.flatnonzero(near & (np.abs(time) > wait))
        if len(late) and self._again is not None and len(self._again["root"]):
            time[late] = _since_last(self._again, rows, row[late], previous[late], time[late])
        return np.asarray(near & (np.abs(time) <= wait))


def _pairs(runs: Runs, new: Bools) -> tuple[Ints, Ints]:
    """New rows that have one before them in their run, and these."""
    place = np.flatnonzero(runs.same)
    row, previous = runs.order[place], runs.order[place - 1]
    kept = new[row]
    return row[kept], previous[kept]


def _since_last(again: Rows, rows: Rows, row: Ints, previous: Ints, time: Ints) -> Ints:
    """ns from the last sending of the messages before up to these rows; `time` where they were not sent again."""
    order = np.lexsort((again["frame"], again["root"]))
    sent = take(again, order)
    key = sent["root"] << 32 | (sent["frame"] - sent["root"])
    root = rows["frame"][previous]
    at = np.searchsorted(key, root << 32 | (rows["frame"][row] - root)) - 1
    some = at >= 0
    some[some] = sent["root"][at[some]] == root[some]
    since, _ = elapsed(sent["time"][at[some]], rows["time"][row[some]])
    found = time.copy()
    found[some] = since
    return found


def _resolve(rows: Rows, new: Bools, runs: Runs, before: Ints, other: Ints, changed: Ints) -> None:
    """Give each new row its chain: that of the row before with its number, else that of the other one, unless something
    was heard of its place there; else its own. `runs`: by key; `changed`: rows that it may have been changed from."""
    odd = rows["mixed"] | (changed != NONE)
    odd[changed[changed != NONE]] = True
    order, left = runs.order, rows["left"]
    # Most runs are nothing but chains one after the other, each place nearer to the target than the one before.
    linked = np.where(before != NONE, before, other)
    follows = np.zeros(runs.size, bool)
    follows[1:] = runs.same[1:] & (linked[order[1:]] == order[:-1]) & (left[order[1:]] < left[order[:-1]])
    lowest = (rows["seen"] & (np.left_shift(1, left.astype(np.int32) - OF_AGENT) - 1)) == 0
    simple = (follows | (linked[order] == NONE)) & lowest[order] & ~odd[order]
    begins = np.flatnonzero(~runs.same)
    whole = np.logical_and.reduceat(simple, begins) if len(begins) else simple
    whole = np.repeat(whole, np.diff(np.append(begins, runs.size)))
    start = np.maximum.accumulate(np.where(follows, 0, np.arange(runs.size)))
    first = order[start]
    chain = np.where(new[first], rows["frame"][first], rows["chain"][first])
    bits = rows["seen"][order].astype(np.int64)
    total = np.cumsum(bits)
    seen = total - total[start] + bits[start]
    easy = np.flatnonzero(whole & new[order])
    rows["chain"][order[easy]], rows["seen"][order[easy]] = chain[easy], seen[easy]
    _one_by_one(rows, new, np.sort(order[~whole]), before, other, changed)
    rows["mixed"] |= np.isin(rows["chain"], rows["chain"][rows["changed"]])


def _one_by_one(rows: Rows, new: Bools, some: Ints, before: Ints, other: Ints, changed: Ints) -> None:
    """The same for rows whose runs are more than that, in their order."""
    chain, seen = rows["chain"], rows["seen"]
    places: dict[int, int] = {}
    for row, is_new in zip(some.tolist(), new[some].tolist(), strict=True):
        bit = int(seen[row])
        if is_new:
            chain[row] = rows["frame"][row]
            for previous in (int(before[row]), int(other[row]), int(changed[row])):
                if previous != NONE and not places[int(chain[previous])] & bit:
                    chain[row] = chain[previous]
                    rows["changed"][row] = previous == changed[row]
                    break
        number = int(chain[row])
        places[number] = places.get(number, 0) | bit
        seen[row] = places[number]
