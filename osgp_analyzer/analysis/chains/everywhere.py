# SPDX-License-Identifier: GPL-2.0-or-later
"""What repeaters send to the target themselves, where a message wants all of them to act as agents.

Each sends the inner message once, unacknowledged. lon-stack-dx adds an octet to it that is left from the message before
(captures/README.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dissectors.proxying import UNACKD
from osgp_analyzer.analysis.chains.fitting import alike_targets
from osgp_analyzer.analysis.chains.messages import ALL_AGENTS, OF_AGENT
from osgp_analyzer.analysis.runs import Rows, joined, same_bytes
from osgp_analyzer.analysis.transactions import NONE, elapsed
from osgp_analyzer.engines.columns.values import Ints

STALE = 1
"""Octets that may be too many."""
ALIKE = ("frame", "time", "source", "receiver", "left", "flags", "form", "target", "start", "end", "wait", "chain",
         "service")  # fmt: skip


def local(rows: Rows, sent: Rows, data: NDArray[np.uint8]) -> Ints:
    """The chain of each of `messages` that a repeater made of a proxied one that it got, -1 for others. `sent`: proxied
    messages, with all their sendings."""
    found = np.full(len(rows["frame"]), NONE)
    wide = np.flatnonzero(((sent["flags"] & ALL_AGENTS) != 0) & (sent["left"] > 0)) if sent else found[:0]
    own = np.flatnonzero((rows["left"] == OF_AGENT) & (rows["service"] == UNACKD))
    if not len(wide) or not len(own):
        return found
    both = joined({name: sent[name][wide] for name in ALIKE}, {name: rows[name][own] for name in ALIKE})
    upper, lower = np.arange(len(wide)), len(wide) + np.arange(len(own))
    # The latest message to each repeater before what it sends.
    order = np.lexsort((both["frame"][upper], both["receiver"][upper]))
    key = both["receiver"][order].astype(np.int64) << 40 | both["frame"][order]
    at = np.searchsorted(key, both["source"][lower].astype(np.int64) << 40 | both["frame"][lower]) - 1
    upper = order[np.maximum(at, 0)]
    fits = (at >= 0) & (both["receiver"][upper] == both["source"][lower]) & (both["form"][upper] == both["form"][lower])
    time, _ = elapsed(both["time"][upper], both["time"][lower])
    fits &= (time >= 0) & (time <= both["wait"][upper]) & alike_targets(both, lower, upper)
    length = both["end"][upper] - both["start"][upper]
    more = both["end"][lower] - both["start"][lower] - length
    fits &= (more == 0) | (more == STALE)
    some = np.flatnonzero(fits)
    same = same_bytes(data, both["start"][lower[some]], both["start"][upper[some]], length[some])
    found[own[some[same]]] = both["chain"][upper[some[same]]]
    return found
