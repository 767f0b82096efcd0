# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairing over columns against the plain rule applied frame by frame, and against what the senders knew."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import dissectors.layers
from dissectors.answering import MAX_WAIT_NS, answers
from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.pairing import Pairing
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.store import FrameStore
from tests.conftest import CAPTURES, load

assert dissectors.layers


def pairs(path: Path, sizes: list[int] | None = None) -> list[int]:
    """What every frame answers; in chunks of the given sizes, again and again."""
    capture = Capture.open(path)
    while capture.index_more(100_000):
        pass
    store, pairing, found = FrameStore(capture, LINK_TYPES), Pairing(), []
    start, turn = 0, 0
    while start < len(capture):
        stop = min(len(capture), start + (sizes[turn % len(sizes)] if sizes else len(capture)))
        found += pairing.pair(store.chunk(start, stop)).tolist()
        start, turn = stop, turn + 1
    return found


def by_the_rule(path: Path) -> list[int]:
    """The latest earlier frame that fits, with the rule for single frames."""
    frames = [(d.values, d.frame.time) for d in Session.open(str(path))]
    found = []
    for i, (values, time) in enumerate(frames):
        fitting = [
            j
            for j in range(max(0, i - FAR_BACK), i)
            if abs(time - frames[j][1]) <= MAX_WAIT_NS and answers(values, frames[j][0])
        ]
        found.append(fitting[-1] if fitting else NONE)
    return found


@pytest.mark.parametrize("name", ["native_lpdu", "ltep_lpdu", "lon_udp_dom1", "lon_udp_dom0"])
def test_the_same_as_the_rule(name: str) -> None:
    path = CAPTURES / f"{name}.pcap"
    expected = by_the_rule(path)
    assert sum(n != NONE for n in expected) > 15
    assert pairs(path) == expected


@pytest.mark.parametrize("sizes", [[1], [7, 50], [100], [33, 1, 256]])
def test_the_same_in_chunks(sizes: list[int]) -> None:
    for name in ("native_lpdu", "ltep_lpdu"):
        path = CAPTURES / f"{name}.pcap"
        assert pairs(path, sizes) == pairs(path)


def test_what_the_sender_knew() -> None:
    """A request and its response are of one step of the scenario and have one transaction number."""
    for name in ("native_lpdu", "ltep_lpdu"):
        known = load(f"sidecars/{name}.json")["frames"]
        found = pairs(CAPTURES / f"{name}.pcap")
        for f, request in zip(known, found, strict=True):
            if f["msg"] != "RESPONSE":
                continue
            asked = known[request]
            assert request != NONE
            assert asked["msg"] in ("REQUEST", "REM_MSG")
            assert (asked["step"], asked["trans"], asked["priority"]) == (f["step"], f["trans"], f["priority"])


def test_lost_reordered_and_late(tmp_path: Path) -> None:
    """Noise on purpose: frames missing, numbers used again, answers too late; still the plain rule."""
    rng = random.Random(1)
    frames: list[Any] = load("sidecars/native_lpdu.json")["frames"]
    chosen = [f for f in frames * 2 if rng.random() < 0.7]
    path = tmp_path / "noise.pcapng"
    time = 0
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        for f in chosen:
            time += rng.choice((1, 50, 500, 9000)) * 1_000_000
            writer.write(bytes.fromhex(f["hex"]), time, interface)
    assert pairs(path, [61]) == by_the_rule(path)
