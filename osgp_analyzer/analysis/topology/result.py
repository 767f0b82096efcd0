# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of a network in the end, as plain values: for JSON, graphs and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from dissectors.en14908.npdu import SUBNET_NODE, UNIQUE_ID
from osgp_analyzer.analysis.statistics.directory import Endpoint
from osgp_analyzer.analysis.topology.routes import Route, Target
from osgp_analyzer.analysis.topology.topology import ROLES, Topology

Row = dict[str, Any]
FEW = 4
"""Messages that a link must have carried to be called weak."""


Names = Mapping[tuple[str, str], str]
"""What nodes are called, by domain in hex and address; by an empty domain and Neuron ID, too."""


class Result:
    """Reads a `Topology`. A node that is known by its Neuron ID, too, is one node. `names`: what nodes are called."""

    def __init__(self, topology: Topology, names: Names | None = None) -> None:
        self._topology, self._called = topology, names or {}
        self._node_of = {endpoint: node for node, endpoint in topology.neuron_ids.items()}
        self._ids_of: dict[int, list[int]] = {}
        for endpoint, node in self._node_of.items():
            self._ids_of.setdefault(node, []).append(endpoint)

    def all(self) -> Row:
        """``nodes``, ``links``, ``meters``, and ``weakest``: links by their places in ``links``; ``from`` and ``to``:
        the times of the first and the last frame in ns, None without stamps."""
        links = self.links()
        judged = [place for place, link in enumerate(links) if link["asked"] >= FEW and link["success"] < 1]
        weakest = sorted(judged, key=lambda place: (links[place]["success"], -links[place]["asked"]))
        times = self._topology.timeline
        ends = (None, None) if times.start is None else (times.start, times.stop)
        found = {"nodes": self.nodes(), "links": links, "meters": self.meters(), "weakest": weakest}
        return found | dict(zip(("from", "to"), ends, strict=True))

    def nodes(self) -> list[Row]:
        """The nodes, in the order of their addresses. `heard`: sent a frame; `addressed`: a frame is for it; both with
        the first and last time in ns. `silent`: ns from when it was last heard to the end of the capture. `name`:
        None where it has none."""
        known, found = self._topology, []
        for number, endpoint in self._ordered():
            if endpoint.format not in (SUBNET_NODE, UNIQUE_ID) or self._one(number) != number:
                continue
            numbers = self._numbers(number)
            sums: Counter[str] = Counter()
            for one in numbers:
                sums.update(known.counts.row(one))
                sums.update(known.roles.row(one))
            heard, addressed = known.heard.get(number), _joined([known.addressed.get(one) for one in numbers])
            neuron = known.neuron_ids.get(number, number if endpoint.format == UNIQUE_ID else None)
            found.append(
                {
                    "domain": endpoint.domain,
                    "address": endpoint.address,
                    "name": self._named(number),
                    "neuron_id": known.directory[neuron].address if neuron is not None else None,
                    "roles": [role for role in ROLES if sums[role]],
                    "frames_sent": sums["frames_sent"],
                    "frames_received": sums["frames_received"],
                    "first_heard": heard[0] if heard else None,
                    "last_heard": heard[1] if heard else None,
                    "silent": known.timeline.stop - heard[1] if heard else None,
                    "first_addressed": addressed[0] if addressed else None,
                    "last_addressed": addressed[1] if addressed else None,
                    "asked": sums["asked"],
                    "answered": sums["answered"],
                    "reached": bool(sums["frames_sent"] or sums["answered"]),
                }
            )
        return found

    def links(self) -> list[Row]:
        """The links, each in one direction. `success`: answered of those that asked, None without any. `time`: mean ns
        that the hop takes by itself."""
        known = self._topology
        sums: dict[tuple[int, int], Counter[str]] = {}
        for number, pair in enumerate(known.pairs.values):
            ends = self._one(pair >> 32), self._one(pair & 0xFFFFFFFF)
            sums.setdefault(ends, Counter()).update(known.links.row(number))
        found = []
        for (one, other), count in sums.items():
            source, to = known.directory[one], known.directory[other]
            row: Row = {"domain": source.domain, "from": source.address, "to": to.address}
            row |= {name: count[name] for name in ("sent", "retries", "alt_path", "asked", "answered", "missing")}
            row["success"] = round(count["answered"] / count["asked"], 4) if count["asked"] else None
            row["time"] = count["time"] * 1000 // count["timed"] if count["timed"] else None
            found.append((source.order, to.order, row))
        return [row for *_, row in sorted(found, key=lambda one: one[:2])]

    def meters(self) -> list[Row]:
        """Whom messages were for, with the routes to each: what got through most often comes first. `only_through`:
        repeaters without which it was never reached; `over_time`: how often it was reached in equal parts of the
        capture's time, of which `from` is the beginning."""
        found = []
        for number, target in self._merged().items():
            endpoint = self._topology.directory[number]
            found.append((endpoint.order, self._meter(number, endpoint, target)))
        return [row for _, row in sorted(found, key=lambda one: one[0])]

    def _meter(self, number: int, endpoint: Endpoint, target: Target) -> Row:
        best = sorted(target.routes.items(), key=lambda item: (-item[1].answered, -(item[1].last or 0)))
        return {
            "domain": endpoint.domain,
            "meter": endpoint.address,
            "name": self._named(number),
            "changes": target.changes,
            "only_through": [self._name(node) for node in target.needed()],
            "routes": [
                {
                    "route": self._names(route),
                    "messages": use.messages,
                    "answered": use.answered,
                    "first": use.first,
                    "last": use.last,
                }
                for route, use in best
            ],
            "over_time": self._topology.timeline.of(self._numbers(number)),
            "recent": [{"from": time, "route": self._names(route)} for time, route in target.recent],
        }

    def _merged(self) -> dict[int, Target]:
        """Targets by node, those by Neuron ID put to their address."""
        found: dict[int, Target] = {}
        for number, target in self._topology.routes.targets.items():
            one = self._one(number)
            if one not in found:
                found[one] = target
                continue
            into = found[one]
            for route, use in target.routes.items():
                if route in into.routes:
                    into.routes[route].add(use.messages, use.answered, use.first, use.last)
                else:
                    into.routes[route] = use
            into.changes += target.changes
        return found

    def _ordered(self) -> list[tuple[int, Endpoint]]:
        directory = self._topology.directory
        return sorted(((n, directory[n]) for n in range(len(directory))), key=lambda item: item[1].order)

    def _one(self, number: int) -> int:
        return self._node_of.get(number, number)

    def _numbers(self, number: int) -> list[int]:
        """The number of a node, and of its Neuron ID."""
        return [number, *self._ids_of.get(number, ())]

    def _named(self, number: int) -> str | None:
        """What a node is called."""
        for one in self._numbers(number):
            endpoint = self._topology.directory[one]
            domain = "" if endpoint.format == UNIQUE_ID else endpoint.domain
            if domain is not None and (domain, endpoint.address) in self._called:
                return self._called[domain, endpoint.address]
        return None

    def _name(self, number: int) -> str:
        return self._topology.directory[number].address

    def _names(self, route: Route) -> list[str]:
        return [self._name(node) for node in route]


def _joined(times: list[tuple[int, int] | None]) -> tuple[int, int] | None:
    some = [one for one in times if one is not None]
    return (min(one[0] for one in some), max(one[1] for one in some)) if some else None
