# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages and answers that a node did not pass on as it got them.

A chain is known by what it carries. A message that fits to none may be one that the node before has changed: it has the
transaction number, the way and the target of a message that this node got in time, and did not pass on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dissectors.en14908.npdu import BROADCAST, GROUP
from dissectors.proxying import FAILURE, PROXIED
from osgp_analyzer.analysis.chains.fitting import fits_on
from osgp_analyzer.analysis.chains.messages import OF_AGENT, node_of
from osgp_analyzer.analysis.chains.outcome import ANSWER
from osgp_analyzer.analysis.runs import MIX, Rows, Runs, hashed
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE
from osgp_analyzer.engines.columns.values import Bools, Ints

MOST = 64
"""Messages that a node got on the same way under the same number: of more before no one is looked at."""


def changed_from(rows: Rows, wanted: Bools, runs: Runs, near: Callable[[Rows, Ints, Ints], Bools]) -> Ints:
    """For each of the `wanted` rows the one that it may have been changed from, -1 where there is none or are several.
    `runs`: by what they carry and transaction number; `near`: whether rows come in time after others."""
    found, frame, left = np.full(len(wanted), NONE), rows["frame"], rows["left"].astype(np.int64)
    numbered = rows["number"] != NONE
    own = np.flatnonzero(wanted & numbered & (rows["source"] > 0))
    got = np.flatnonzero((left > OF_AGENT) & numbered)
    way = rows["way"] + (rows["number"].astype(np.int64) + 1) * MIX
    key = way[own] + ((left[own] + 1) << 8 | node_of(rows["source"][own])) * (MIX - 2)
    other = way[got] + (left[got] << 8 | node_of(rows["receiver"][got])) * (MIX - 2)
    some = np.isin(key, other)
    if not some.any():
        return found
    own, key = own[some], key[some]
    some = np.isin(other, key)
    got, other = got[some], other[some]
    after = np.full(runs.size, runs.size)
    after[runs.order[:-1]] = np.where(runs.same[1:], runs.order[1:], runs.size)
    # How many of each key came before: both in one order, those looked for first.
    order = np.lexsort((np.concatenate([own, got]), np.concatenate([key, other])))
    is_got = order >= len(own)
    got = got[order[is_got] - len(own)]
    before, first = np.cumsum(is_got), np.searchsorted(np.sort(other), key)
    last = np.zeros(len(own), np.int64)
    last[order[~is_got]] = before[~is_got]
    fitting = np.zeros(len(own), np.int64)
    for back in range(1, MOST + 1):
        one = np.flatnonzero(last - back >= first)
        if not len(one):
            break
        row, previous = own[one], got[last[one] - back]
        kept = (after[previous] > row) & (frame[row] - frame[previous] <= FAR_BACK)
        kept[kept] = near(rows, row[kept], previous[kept])
        kept[kept] = fits_on(rows, row[kept], previous[kept], None)
        fitting[one[kept]] += 1
        found[row[kept]] = previous[kept]
    found[own[fitting != 1]] = NONE
    return found


def other_answers(members: Rows, rows: Rows, data: NDArray[np.uint8]) -> Bools:
    """Answers that are none of those which the node that passes them on got, the first of each. `members`: frames of
    chains, in the order of chain and frame; `rows`: their messages."""
    found = np.zeros(len(members["frame"]), bool)
    wide = rows["chain"][np.isin(rows["form"], (GROUP, BROADCAST))]
    answers = (members["kind"] == ANSWER) & (members["start"] != NONE) & ~np.isin(members["code"], (PROXIED, FAILURE))
    some = np.flatnonzero(answers & ~np.isin(members["chain"], wide))
    if not len(some):
        return found
    said = hashed(data, members["start"][some], members["end"][some] - members["start"][some])
    chain, left = members["chain"][some], members["left"][some].astype(np.int64)
    start = np.flatnonzero(np.diff(chain, prepend=NONE))
    differ = np.minimum.reduceat(said, start) != np.maximum.reduceat(said, start)
    looked = np.flatnonzero(np.repeat(differ, np.diff(np.append(start, len(chain)))))
    heard: dict[int, set[int]] = {}
    of = NONE
    for at in looked.tolist():
        if chain[at] != of:
            of, heard = chain[at], {}
        place, what = int(left[at]), int(said[at])
        below = max((one for one in heard if one < place), default=None)
        if below is not None and what not in heard[below]:
            found[some[at]] = what not in heard.get(place, ())
        heard.setdefault(place, set()).add(what)
    return found
