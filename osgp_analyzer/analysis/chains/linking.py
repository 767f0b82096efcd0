# SPDX-License-Identifier: GPL-2.0-or-later
"""Which messages are the same one on its way: for all messages of a chunk at once.

A message goes on from another when what does not change is the same (from the service request of the agent to the end;
for the agent's own message the inner one), its address list is what is left of the other's, and both its ends are where
that list says. Messages between the two may be missing. Each is compared with the one before it of the same key and
transaction number, which repeaters are known to keep; else with the one before it of the same key: where it has no
number, or comes from the very next node within the timers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import MAX_WAIT_NS
from osgp_analyzer.analysis.chains.messages import OF_AGENT, alike
from osgp_analyzer.analysis.runs import MIX, Rows, Runs, joined, same_bytes, take
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE, elapsed
from osgp_analyzer.engines.columns.values import Bools, Ints


class Links:
    """Gives messages the number of their chain: the frame of its first message. Chunk by chunk in the order of the
    capture."""

    def __init__(self) -> None:
        self._open: Rows | None = None

    def follow(self, own: Rows, stop: int, data: NDArray[np.uint8]) -> Ints:
        """The chain of each of the `messages` of a chunk that ends before frame `stop`."""
        size = len(own["frame"])
        rows = joined(self._open, own | {"chain": np.full(size, NONE), "top": own["left"].copy()})
        new = rows["chain"] == NONE
        before = np.full(len(new), NONE)
        numbered = rows["key"] + (rows["number"].astype(np.int64) + 1) * MIX
        latest = [self._link(rows, new, Runs(numbered), before, data)]
        latest.append(self._link(rows, new & (before == NONE), Runs(rows["key"]), before, data, numbered))
        self._resolve(rows, new, before)
        kept = np.unique(np.concatenate(latest))
        self._open = take(rows, kept[stop - rows["frame"][kept] <= FAR_BACK])
        return np.asarray(rows["chain"][len(new) - size :])

    def _link(
        self,
        rows: Rows,
        wanted: Bools,
        runs: Runs,
        before: Ints,
        data: NDArray[np.uint8],
        numbered: Ints | None = None,
    ) -> Ints:
        """Note for each wanted row the one that it goes on from, and gives the last row of each run. `numbered`: the
        runs are of whatever numbers; their key with it."""
        place = np.flatnonzero(runs.same)
        row, previous = runs.order[place], runs.order[place - 1]
        kept = wanted[row]
        row, previous = row[kept], previous[kept]
        time, timed = elapsed(rows["time"][previous], rows["time"][row])
        if numbered is not None:
            less = (rows["number"][row] == NONE) | (rows["number"][previous] == NONE)
            next_one = rows["left"][row] == rows["left"][previous] - 1
            other = less | (next_one & timed & (time <= rows["wait"][previous]))
            row, previous, time = row[other], previous[other], time[other]
            down = rows["left"][row] < rows["left"][previous]
        else:
            down = rows["left"][row] < rows["left"][previous]
            up = np.flatnonzero(~down)
            down[up] = self._top(rows, runs, row, previous, wanted)[up]
        near = down & (np.abs(time) <= MAX_WAIT_NS) & (rows["frame"][row] - rows["frame"][previous] <= FAR_BACK)
        row, previous = row[near], previous[near]
        fits = _fits(rows, row, previous, data)
        before[row[fits]] = previous[fits]
        return runs.order[runs.last]

    def _top(self, rows: Rows, runs: Runs, row: Ints, previous: Ints, wanted: Bools) -> Bools:
        """Whether each row is for a place above all those that were heard in a row down to the one before it."""
        left, order = rows["left"], runs.order
        falls = runs.same.copy()
        falls[1:] &= left[order[1:]] < left[order[:-1]]
        start = np.maximum.accumulate(np.where(falls, 0, np.arange(runs.size)))
        top = np.zeros(runs.size, np.int8)
        top[order] = rows["top"][order[start]]
        known = np.where(wanted, top, rows["top"])  # rows of earlier chunks know theirs
        rows["top"][:] = known
        return np.asarray(left[row] > known[previous])

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


def _fits(rows: Rows, row: Ints, previous: Ints, data: NDArray[np.uint8]) -> Bools:
    """Whether two messages can be the same one, of which one is nearer to the target."""
    turned = rows["left"][row] > rows["left"][previous]
    lower, upper = np.where(turned, previous, row), np.where(turned, row, previous)
    fits = np.asarray(rows["left"][upper] > OF_AGENT)
    fits &= rows["form"][lower] == rows["form"][upper]
    agents = rows["left"][lower] == OF_AGENT
    fits &= np.where(agents, rows["service"][lower], rows["asks"][lower]) == rows["asks"][upper]
    fits &= agents | (rows["flags"][lower] == rows["flags"][upper])
    fits &= agents | (rows["service"][lower] == rows["service"][upper])
    fits &= alike_targets(rows, lower, upper)
    # Both ends of the nearer message, as the list of the other one has them.
    ahead = rows["left"][upper].astype(np.int64) - rows["left"][lower]
    fits &= alike(rows["source"][lower], _listed(rows, upper, ahead - 1))
    fits &= agents | alike(rows["receiver"][lower], _listed(rows, upper, ahead))
    found = np.flatnonzero(fits)
    lower, upper, agents, ahead = lower[found], upper[found], agents[found], ahead[found]
    start = np.where(agents, rows["start"][lower], rows["rule"][lower])
    other = np.where(agents, rows["start"][upper], rows["rule"][upper])
    length = rows["end"][lower] - start
    same = (rows["end"][upper] - other == length) & _same_lists(rows, lower, upper, ahead, agents)
    same &= same_bytes(data, start, other, length)
    fits[found] = same
    return fits


def alike_targets(rows: Rows, lower: Ints, upper: Ints) -> Bools:
    """Whether two messages may be for the same target; its subnet may be unknown."""
    one, other = rows["target"][lower], rows["target"][upper]
    small = (one < 1 << 17) & (other < 1 << 17)
    return np.asarray((one == other) | (small & alike(one, other)))


def _listed(rows: Rows, row: Ints, ahead: Ints) -> NDArray[np.int32]:
    """The address so many places after the receiver; 0: the receiver itself."""
    listed = rows["hops"][row, np.clip(ahead - 1, 0, None)]
    return np.asarray(np.where(ahead > 0, listed, rows["receiver"][row]))


def _same_lists(rows: Rows, lower: Ints, upper: Ints, ahead: Ints, agents: Bools) -> Bools:
    """Whether the nearer message has what is left of the list of the other one."""
    same = np.ones(len(lower), bool)
    left = np.where(agents, 0, rows["left"][lower])
    for place in range(int(left.max(initial=0))):
        some = np.flatnonzero(place < left)
        other = rows["hops"][upper[some], place + ahead[some]]
        same[some] &= rows["hops"][lower[some], place] == other
    return same
