# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways that messages to each target take, and when they change."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import NO_TIME

RECENT = 100
"""Changes of a route that are kept of each target: all are counted."""
Route = tuple[int, ...]
"""Numbers of the nodes from the source to the one before the target."""


@dataclass
class Use:
    """How often a route was taken, and how often the message got through; times in ns, None without stamps."""

    messages: int = 0
    answered: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, messages: int, answered: int, first: int | None, last: int | None) -> None:
        """Count some more messages, which came later."""
        self.messages += messages
        self.answered += answered
        self.first = first if self.first is None else self.first
        self.last = last if last is not None else self.last


@dataclass
class Target:
    """The routes to a target. `changes`: how often another one was taken than before; `recent`: when, and which."""

    routes: dict[Route, Use] = field(default_factory=dict)
    current: Route = ()
    changes: int = 0
    recent: deque[tuple[int | None, Route]] = field(default_factory=lambda: deque(maxlen=RECENT))

    def best(self) -> Route:
        """The route that got through most often, of several the latest."""
        return max(self.routes, key=lambda route: (self.routes[route].answered, self.routes[route].last or 0))

    def needed(self) -> list[int]:
        """Repeaters without which the target was never reached: those that are on all routes that got through."""
        through = [set(route[1:]) for route, use in self.routes.items() if use.answered]
        return sorted(set.intersection(*through)) if through else []


class Routes:
    """Routes by target, a number of the directory."""

    def __init__(self) -> None:
        self.targets: dict[int, Target] = {}

    def add(self, target: Ints, route: Ints, time: Ints, answered: Bools) -> None:
        """Take in messages: their targets, and their routes as rows of node numbers, -1 behind the end."""
        if not len(target):
            return
        distinct, which = np.unique(route, axis=0, return_inverse=True)
        which = which.reshape(-1)
        order = np.lexsort((time, target))
        target, which, time, answered = target[order], which[order], time[order], answered[order]
        changed = (np.diff(target, prepend=-1) != 0) | (np.diff(which, prepend=-1) != 0)
        start = np.flatnonzero(changed)
        stop = np.append(start[1:], len(target))
        rows: Rows = {
            "target": target[start],
            "route": which[start],
            "messages": stop - start,
            "answered": np.add.reduceat(answered.astype(np.int64), start),
            "first": time[start],
            "last": time[stop - 1],
        }
        names = [tuple(node for node in nodes if node >= 0) for nodes in distinct.tolist()]
        for row in zip(*(rows[name].tolist() for name in rows), strict=True):
            self._use(row, names)

    def _use(self, row: tuple[Any, ...], names: list[Route]) -> None:
        number, which, messages, answered, first, last = row
        target, route = self.targets.setdefault(number, Target()), names[which]
        stamps = (None if first == NO_TIME else first), (None if last == NO_TIME else last)
        target.routes.setdefault(route, Use()).add(messages, answered, *stamps)
        if route != target.current:
            target.changes += bool(target.current)
            target.current = route
            target.recent.append((stamps[0], route))
