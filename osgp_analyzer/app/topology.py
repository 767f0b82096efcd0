# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of a capture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from osgp_analyzer.analysis.topology import Topology
from osgp_analyzer.analysis.topology.result import Result
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.columns.values import Bools
from osgp_analyzer.security.keyring import KeyRing

Chunks = Iterator[tuple[Tracked, Bools]]


def learn(session: Session, watch: Callable[[Chunks], Chunks] = iter) -> dict[str, Any]:
    """The network: see `Result.all`. `watch` passes the chunks on as they are read."""
    topology = Topology()
    for tracked, _ in watch(selected_chunks(session, Wanted(whole=True, ahead=True, chains=True))):
        topology.add(tracked)
    return Result(topology, names(session.settings.keys)).all()


def names(ring: KeyRing) -> dict[tuple[str, str], str]:
    """What nodes are called by the sections of key files: see `analysis.topology.result.Names`."""
    found: dict[tuple[str, str], str] = {}
    for key in ring.keys:
        name, place = key.section, key.place
        if name is None:
            continue
        if place.domain is not None and place.subnet is not None and place.node is not None:
            found.setdefault((place.domain.hex(), f"{place.subnet}/{place.node}"), name)
        if place.neuron_id is not None:
            found.setdefault(("", place.neuron_id.hex(":")), name)
    return found
