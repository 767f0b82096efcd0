# SPDX-License-Identifier: GPL-2.0-or-later
"""Which messages are the same one on its way: for all messages of a chunk at once.

A message goes on from another when what does not change is the same (from the service request of the agent to the end;
for the agent's own message the inner one), its address list is what is left of the other's, and both its ends are where
that list says. Messages between the two may be missing. Each is compared with the one before it of the same key and
transaction number, which repeaters are known to keep; else with the one before it of the same key: where it has no
number, or comes from the very next node, which is not known to keep them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.analysis.chains.fitting import fits_on
from osgp_analyzer.analysis.chains.messages import LEAST_WAIT_MS, MS, OF_AGENT
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

    def follow(self, own: Rows, again: Rows, stop: int, data: NDArray[np.uint8]) -> Ints:
        """The chain of each of the `messages` of a chunk that ends before frame `stop`. `again`: its messages that were
        sent again: `root`, `frame` and `time`."""
        again = joined(self._again, again)
        self._again = take(again, stop - again["frame"] <= FAR_BACK)
        size = len(own["frame"])
        place = np.left_shift(1, own["left"].astype(np.int32) - OF_AGENT)
        rows = joined(self._open, own | {"chain": np.full(size, NONE), "seen": place})
        new = rows["chain"] == NONE
        before = np.full(len(new), NONE)
        numbered = Runs(rows["key"] + (rows["number"].astype(np.int64) + 1) * MIX)
        self._link(rows, new, numbered, before, data)
        every = Runs(rows["key"])
        self._link_others(rows, new & (before == NONE), every, before, data)
        self._resolve(rows, new, before)
        kept = np.union1d(numbered.order[numbered.last], every.order[every.last])
        self._open = take(rows, kept[stop - rows["frame"][kept] <= FAR_BACK])
        return np.asarray(rows["chain"][len(new) - size :])

    def _link(self, rows: Rows, new: Bools, runs: Runs, before: Ints, data: NDArray[np.uint8]) -> None:
        """Note for each new row the one before it, where that is of the same chain, in which nothing was heard of its
        place yet. `seen`: places of the chain that were heard of, a bit each."""
        order = runs.order
        fits = runs.same.copy()
        place = np.flatnonzero(fits & new[order])
        row, previous = order[place], order[place - 1]
        near = self._near(rows, row, previous)
        near[near] = fits_on(rows, row[near], previous[near], data)
        fits[place] = near
        bit = rows["seen"][order]
        falls = fits.copy()
        falls[1:] &= rows["left"][order[1:]] < rows["left"][order[:-1]]
        lowest = (rows["seen"] & (np.left_shift(1, rows["left"].astype(np.int32) - OF_AGENT) - 1)) == 0
        simple = (runs.same <= falls) & lowest[order]
        begins = np.flatnonzero(~runs.same)
        alike = np.logical_and.reduceat(simple, begins) if len(begins) else simple
        alike = np.repeat(alike, np.diff(np.append(begins, runs.size)))
        first = np.maximum.accumulate(np.where(fits, 0, np.arange(runs.size)))
        total = np.cumsum(bit)
        seen = total - total[first] + bit[first]
        for at in np.flatnonzero(~alike).tolist():
            if fits[at] and not seen[at - 1] & bit[at]:
                seen[at] = seen[at - 1] | bit[at]
            else:
                fits[at], seen[at] = False, bit[at]
        rows["seen"][order] = seen
        linked = np.flatnonzero(fits)
        before[order[linked]] = order[linked - 1]

    def _link_others(self, rows: Rows, wanted: Bools, runs: Runs, before: Ints, data: NDArray[np.uint8]) -> None:
        """The same for wanted rows of whatever transaction number, one nearer to the target each."""
        place = np.flatnonzero(runs.same)
        row, previous = runs.order[place], runs.order[place - 1]
        _, timed = elapsed(rows["time"][previous], rows["time"][row])
        unnumbered = (rows["number"][row] == NONE) | (rows["number"][previous] == NONE)
        next_one = rows["left"][row] == rows["left"][previous] - 1
        near = unnumbered | (next_one & timed)
        near &= wanted[row] & (rows["left"][row] < rows["left"][previous])
        near &= (rows["seen"][row] & rows["seen"][previous]) == 0
        near[near] = self._near(rows, row[near], previous[near])
        row, previous = row[near], previous[near]
        fits = fits_on(rows, row, previous, data)
        row, previous = row[fits], previous[fits]
        node, frame = rows["asker"] - (rows["number"].astype(np.int64) + 1 << NUMBER_SHIFT), rows["frame"]
        kept = np.flatnonzero((before != NONE) & (rows["number"] != NONE))
        other = np.flatnonzero((rows["number"][row] != NONE) & (rows["number"][previous] != NONE))
        believed = np.ones(len(row), bool)
        believed[other] = self._keepers.may_change((node[kept], frame[kept]), (node[row[other]], frame[row[other]]))
        before[row[believed]] = previous[believed]

    def _near(self, rows: Rows, row: Ints, previous: Ints) -> Bools:
        """Whether rows are for other places than those before them, and come within the timers since these were sent,
        for the last time up to there."""
        near = (rows["frame"][row] - rows["frame"][previous] <= FAR_BACK) & (
            rows["left"][row] != rows["left"][previous]
        )
        wait = np.maximum(rows["wait"][row], rows["wait"][previous])
        # One for a place further from the target that comes later must have been sent before: it is sent again.
        turned = rows["left"][row] > rows["left"][previous]
        wait[turned] = np.maximum(rows["timer"][row[turned]], LEAST_WAIT_MS * MS)
        time, _ = elapsed(rows["time"][previous], rows["time"][row])
        late = np.flatnonzero(near & (np.abs(time) > wait))
        if len(late) and self._again is not None and len(self._again["root"]):
            order = np.lexsort((self._again["frame"], self._again["root"]))
            sent = take(self._again, order)
            key = sent["root"] << 32 | (sent["frame"] - sent["root"])
            root, frame = rows["frame"][previous[late]], rows["frame"][row[late]]
            at = np.searchsorted(key, root << 32 | (frame - root)) - 1
            some = at >= 0
            some[some] = sent["root"][at[some]] == root[some]
            since, _ = elapsed(sent["time"][at[some]], rows["time"][row[late[some]]])
            time[late[some]] = since
        return np.asarray(near & (np.abs(time) <= wait))

    def _resolve(self, rows: Rows, new: Bools, before: Ints) -> None:
        """Give each new row the chain of the one that it goes on from, or its own."""
        at = np.where(before == NONE, np.arange(len(new)), before)
        while True:  # twice as far each time
            further = at[at]
            if np.array_equal(further, at):
                break
            at = further
        own = np.where(new, rows["frame"], rows["chain"])
        rows["chain"][new] = own[at][new]
