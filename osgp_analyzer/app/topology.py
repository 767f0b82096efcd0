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

Chunks = Iterator[tuple[Tracked, Bools]]


def learn(session: Session, watch: Callable[[Chunks], Chunks] = iter) -> dict[str, Any]:
    """The network: see `Result.all`. `watch` passes the chunks on as they are read."""
    topology = Topology()
    for tracked, _ in watch(selected_chunks(session, Wanted(whole=True, ahead=True, chains=True))):
        topology.add(tracked)
    return Result(topology).all()
