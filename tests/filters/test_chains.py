# SPDX-License-Identifier: GPL-2.0-or-later
"""``chain.*`` in filters, fields and tables against what the senders knew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.fields import FIELDS, Kind
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.app.selection import Wanted, selected, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.app.table import Table
from osgp_analyzer.capture import Capture
from osgp_analyzer.store import FrameStore
from tests.analysis.test_chains import NODES, PLAIN, TRUTH, outcome_of, target_of
from tests.conftest import CAPTURES

CHAIN = sorted(name for name in FIELDS if name.startswith("chain."))
OF = {n: t for t in TRUTH["transactions"] for n in range(t["frames"][0], t["frames"][1] + 1)}
"""The transaction of each frame, by its number."""


def is_back(number: int) -> bool:
    """Whether a frame goes back to the source."""
    return TRUTH["frames"][number - 1]["msg"] in ("ACK", "RESPONSE")


def hop(number: int) -> int:
    """The hop of a frame: by its sender's place in the route."""
    frame, way = TRUTH["frames"][number - 1], ["S", *OF[number]["route"]]
    asking = frame["node"]
    if is_back(number):
        to = f"{frame['dst']['subnet']}/{frame['dst']['node']}"
        asking = next(name for name, place in NODES.items() if place == to)
    return way.index(asking) + 1


def retries(transaction: Any) -> int:
    """Messages sent again: by the same node, to the same one, in the transaction."""
    first, last = transaction["frames"]
    sent = [(f["node"], str(f["dst"])) for f in TRUTH["frames"][first - 1 : last] if not is_back(f["frame"])]
    return len(sent) - len(set(sent))


def failed(transaction: Any) -> bool:
    return outcome_of(transaction) == "failed"


FILTERS: list[tuple[str, Callable[[int], bool]]] = [
    ("chain.id", lambda n: True),
    ("chain.id == 45", lambda n: OF[n]["frames"][0] == 45),
    ("chain.hop == 3", lambda n: hop(n) == 3),
    ("chain.direction == back", is_back),
    ("chain.previous == 50", lambda n: n == 51),
    ("chain.next == 50", lambda n: n == 49),
    ("not chain.previous", lambda n: OF[n]["frames"][0] == n),
    ("chain.hops >= 3 && chain.outcome == failed", lambda n: failed(OF[n])),
    ("chain.hops == 3", lambda n: len(OF[n]["route"]) == 2),
    ('chain.outcome == "answered"', lambda n: outcome_of(OF[n]) == "answered"),
    ('chain.source == "1/1" && chain.agent == "1/12"', lambda n: OF[n]["route"][-1] == "R2"),
    ('chain.target == "group 9"', lambda n: target_of(OF[n]) == "group 9"),
    ("chain.retries > 0", lambda n: retries(OF[n]) > 0),
    ("chain.failed_at == 4", lambda n: failed(OF[n])),
    ("chain.missing == 0", lambda n: True),
]


@pytest.mark.parametrize(("text", "holds"), FILTERS, ids=[text for text, _ in FILTERS])
def test_filters(text: str, holds: Callable[[int], bool]) -> None:
    found = [index + 1 for index in selected(Session.open(str(PLAIN)), text)]
    assert found == [n for n in OF if holds(n)]
    assert found


def test_times() -> None:
    """From the first frame to the answer of the source."""
    session, frames = Session.open(str(PLAIN)), TRUTH["frames"]
    table = Table(["chain.time", "chain.retries", "chain.target"])
    lines = b"".join(table.text("\t", *one) for one in selected_chunks(session, Wanted(names=table.names)))
    assert len(lines.splitlines()) == len(frames)
    for number, line in enumerate(lines.decode().splitlines(), 1):
        seconds, again, target = line.split("\t")
        first, last = OF[number]["frames"]
        assert float(seconds) == pytest.approx(frames[last - 1]["time"] - frames[first - 1]["time"], abs=3e-6)
        assert int(again) == retries(OF[number])
        assert target == target_of(OF[number])


def values(path: Path, size: int, start: int = 0) -> dict[str, list[Any]]:
    """All fields of all frames from one on, words as such."""
    found: dict[str, list[Any]] = {name: [] for name in CHAIN}
    with Capture.open(path) as capture:
        while capture.index_more(1000):
            pass
        for tracked in track(FrameStore(capture, LINK_TYPES), size, start=start, chains=True):
            for name in CHAIN:
                one = FIELDS[name]
                numbers = one.values(tracked).tolist()
                if one.kind is Kind.WORD:
                    assert one.words is not None
                    words = one.words(tracked)
                    numbers = [words[n] if n >= 0 else "" for n in numbers]
                found[name] += numbers
    return found


@pytest.mark.parametrize("name", ["ltep_lpdu.pcap", "simulated_chains.pcapng", "native_lpdu.pcap", "lon_udp_dom1.pcap"])
def test_the_same_in_chunks_and_from_the_middle(name: str) -> None:
    path = CAPTURES / name
    whole = values(path, 65536)
    for size in (7, 64):
        assert values(path, size) == whole
    from_there = {field: found[20:] for field, found in whole.items()}
    assert values(path, 50, start=20) == from_there


def test_no_chain_without_repeaters() -> None:
    assert not list(selected(Session.open(str(CAPTURES / "native_lpdu.pcap")), "chain.id"))
