# SPDX-License-Identifier: GPL-2.0-or-later
"""A network as trees: each node below the one that most messages to it come from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Name = tuple[str, str]
"""Domain in hex, and address."""


@dataclass
class Branch:
    """A node with those below it."""

    name: Name
    depth: int = 0
    below: list[Branch] = field(default_factory=list)

    def all(self) -> Iterator[Branch]:
        """This one, then all below it."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.below))


def trees(result: dict[str, Any]) -> list[Branch]:
    """The trees of a result of `Result.all`, by its best routes; all nodes on them are in one."""
    votes: dict[Name, Counter[Name]] = defaultdict(Counter)
    for meter in result["meters"]:
        for rank, route in enumerate(meter["routes"]):
            nodes = [(meter["domain"] or "", node) for node in (*route["route"], meter["meter"])]
            weight = route["answered"] + 1 if not rank else route["answered"]
            for one, other in pairwise(nodes):
                votes[other][one] += weight
                votes.setdefault(one, Counter())
    order = _order(result, votes)
    above = {node: max(counted, key=lambda one: counted[one]) for node, counted in votes.items() if counted}
    below: dict[Name, list[Name]] = defaultdict(list)
    for node in order:
        if node in above and _ends(node, above):
            below[above[node]].append(node)
        else:
            above.pop(node, None)
    return [_grown(node, below) for node in order if node not in above]


def _order(result: dict[str, Any], votes: dict[Name, Counter[Name]]) -> list[Name]:
    """All nodes on routes, in the order of their addresses: nodes first, then groups and the like."""
    nodes = [(node["domain"] or "", node["address"]) for node in result["nodes"]]
    others = [(meter["domain"] or "", meter["meter"]) for meter in result["meters"]]
    return [name for name in dict.fromkeys(nodes + others) if name in votes]


def _ends(node: Name, above: dict[Name, Name]) -> bool:
    """Whether the way up from a node comes to an end: routes may go in a circle."""
    seen = {node}
    while node in above:
        node = above[node]
        if node in seen:
            return False
        seen.add(node)
    return True


def _grown(root: Name, below: dict[Name, list[Name]]) -> Branch:
    tree = Branch(root)
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        one.below = [Branch(name, one.depth + 1) for name in below[one.name]]
        waiting += one.below
    return tree
