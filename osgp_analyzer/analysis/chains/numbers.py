# SPDX-License-Identifier: GPL-2.0-or-later
"""Which nodes send a message on under the transaction number that it came with, and which take one of their own.

No source says that they must keep it; lon-stack-dx does. So each node is known by what it did before: where it kept the
number more often, another number is another message.
"""

from __future__ import annotations

import numpy as np

from osgp_analyzer.analysis.runs import Rows, joined, take
from osgp_analyzer.engines.columns.values import Bools, Ints


class Keepers:
    """How often each node has kept a number, and how often it may have changed one."""

    def __init__(self) -> None:
        none = np.zeros(0, np.int64)
        self._nodes: Rows = {"node": none, "frame": none, "kept": none, "changed": none}

    def may_change(self, kept: tuple[Ints, Ints], changed: tuple[Ints, Ints]) -> Bools:
        """Whether each change is to be believed. Both are nodes and frames, of the next chunk."""
        events = self._nodes
        for nodes, name in ((kept, "kept"), (changed, "changed")):
            ones, none = np.ones(len(nodes[0]), np.int64), np.zeros(len(nodes[0]), np.int64)
            new = {"node": nodes[0], "frame": nodes[1], "kept": none, "changed": none}
            events = joined(events, new | {name: ones})
        order = np.lexsort((events["frame"], events["node"]))
        rows = take(events, order)
        begins = np.diff(rows["node"], prepend=0) != 0
        if len(begins):
            begins[0] = True
        start = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
        total: Rows = {}
        for name in ("kept", "changed"):
            sums = np.cumsum(rows[name])
            total[name] = sums - (sums - rows[name])[start]
        found = np.zeros(len(order), bool)
        found[order] = total["kept"] < total["changed"] + 1  # this change is among them
        last = np.append(begins[1:], True)[: len(order)]
        self._nodes = {"node": rows["node"][last], "frame": np.full(int(last.sum()), -1)}
        self._nodes |= {name: total[name][last] for name in total}
        return found[len(order) - len(changed[0]) :]
