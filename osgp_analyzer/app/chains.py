# SPDX-License-Identifier: GPL-2.0-or-later
"""The chains of a capture, or of what a display filter lets through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from osgp_analyzer.analysis.chains.chain import KINDS, Chain, Heard, ended, of_frame
from osgp_analyzer.analysis.tracking import Tracked, track
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.columns.values import Bools
from osgp_analyzer.store import FrameStore

Chunks = Iterator[tuple[Tracked, Bools]]
LTEP = "ltep."
STEP = 4096
"""Frames that are read at a time to find one chain: it is complete with the first of them that are late enough."""


def found(
    session: Session, filter_text: str | None = None, watch: Callable[[Chunks], Chunks] = iter
) -> Iterator[Chain]:
    """The chains, each when nothing more can come to it: those with a frame that passes the filter. `watch` passes the
    chunks on as they are read. Raises `FilterError` for a filter that is none."""
    chosen: set[int] = set()
    for tracked, mask in watch(selected_chunks(session, Wanted(filter_text, chains=True))):
        chained = tracked.chained
        if chained is None:
            continue
        if filter_text is not None:
            chosen.update(chained.chain[mask & (chained.chain >= 0)].tolist())
        for chain in ended(chained):
            if filter_text is None or chain.number - 1 in chosen:
                chosen.discard(chain.number - 1)
                yield chain


def around(store: FrameStore, index: int, limit: int) -> Chain | None:
    """The chain of one frame, None where it is in none. It is found from the frames in reach before and after it, of
    those before frame `limit`. Nothing is indexed, so a thread of its own may look."""
    for tracked in track(store, STEP, start=index, stop=index + 1, limit=limit, chains=True):
        if tracked.chained is not None:
            return of_frame(tracked.chained, index - tracked.chunk.start)
    return None


def message(session: Session, chain: Chain) -> dict[str, Any]:
    """What the header says in the message that is nearest to the source, by the names of the fields; of repeaters their
    addresses are in `Chain.nodes`."""
    if chain.top is None:
        return {}
    values = session[chain.top.index].values
    return {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in values.items()
        if name.startswith(LTEP) and not name.startswith(f"{LTEP}hop")
    }


def apdu(session: Session, heard: Heard | None) -> str | None:
    """The APDU of a frame of a chain in hex."""
    if heard is None or heard.apdu is None:
        return None
    start, end = heard.apdu
    return bytes(session.capture.buffer[start:end]).hex()


def described(session: Session, chain: Chain) -> dict[str, Any]:
    """All that is known of a chain, for JSON: times in ns, frames by number."""
    return {
        "chain": chain.number,
        "domain": chain.domain.hex(),
        "source": chain.nodes[0],
        "repeaters": chain.nodes[1:-2],
        "agent": chain.nodes[-2],
        "target": chain.nodes[-1],
        "outcome": chain.outcome,
        "failed_at": chain.failed_at,
        "time": chain.time,
        "retries": chain.retries,
        "priority": chain.priority,
        "missing": chain.missing,
        "twice": chain.twice,
        "message": message(session, chain),
        "apdu": apdu(session, chain.top),
        "response": apdu(session, chain.response),
        "hops": [
            {
                "hop": hop.number,
                "from": hop.sender,
                "to": hop.receiver,
                "tries": hop.tries,
                "timer": hop.timer,
                "time": hop.time,
                "frames": [_frame(one) for one in hop.heard],
            }
            for hop in chain.hops
        ],
    }


def _frame(one: Heard) -> dict[str, Any]:
    return {
        "frame": one.index + 1,
        "time": one.time,
        "is": KINDS[one.kind],
        "attempt": one.attempt,
        "copy": one.copy,
        "alt_path": one.alt_path,
        "from": one.by,
        "hops_left": one.hops_left,
    }
