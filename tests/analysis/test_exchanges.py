# SPDX-License-Identifier: GPL-2.0-or-later
"""Exchanges against what the senders knew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dissectors.layers
from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.exchanges import Exchanges
from osgp_analyzer.analysis.fields import FIELDS, Kind
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.store import FrameStore
from tests.analysis.truth import truth
from tests.conftest import CAPTURES, load

assert dissectors.layers

NAMES = ("answers", "response_time", "first", "attempt", "duplicate", "late", "answered_in", "missing")
SIDECARS = ("native_lpdu", "ltep_lpdu", "example1_lpdu")


def exchanges(path: Path, size: int = 32768, ahead: bool = True) -> dict[str, list[int]]:
    """Every column of `Exchanges` over a whole capture."""
    parts: list[Exchanges] = []
    with Capture.open(path) as capture:
        parts += [tracked.exchanges for tracked in track(FrameStore(capture, LINK_TYPES), size, ahead)]
    return {name: np.concatenate([getattr(part, name) for part in parts]).tolist() for name in NAMES}


@pytest.mark.parametrize("name", SIDECARS)
def test_what_the_senders_knew(name: str) -> None:
    known, found = truth(name), exchanges(CAPTURES / f"{name}.pcap")
    for column in NAMES:
        if column != "response_time":
            wrong = [
                i + 1 for i, (a, b) in enumerate(zip(found[column], getattr(known, column), strict=True)) if a != b
            ]
            assert not wrong, column
    for i, (asked, time) in enumerate(zip(found["answers"], found["response_time"], strict=True)):
        if asked < 0:
            assert time == -1
        else:  # the sidecar has microseconds
            assert time / 1e9 == pytest.approx(known.frames[i]["time"] - known.frames[asked]["time"], abs=3e-6)


def test_the_truth_has_all_there_is() -> None:
    """The scenarios that are asked for are really there."""
    native = truth("native_lpdu")
    kinds = [frame["msg"] for frame in native.frames]
    lost = [i for i, frame in enumerate(native.frames) if "A" in frame.get("lost_at", ())]
    assert len(lost) == 7
    for i in lost:  # an acknowledgement that A did not hear, the retry after it, and the answer sent again
        retries = [j for j, first in enumerate(native.first) if first == native.answers[i]]
        assert retries
        again = [j for j, copy in enumerate(native.duplicate) if copy == i]
        assert len(again) == 1
        assert native.answers[again[0]] in retries
    assert {native.frames[i]["alt_path"] for i, n in enumerate(native.attempt) if n > 1} == {0, 1}
    assert {kinds[i] for i, n in enumerate(native.attempt) if n > 0} == set(kinds) & {
        "ACKD", "REQUEST", "UNACKD_RPT", "REM_MSG", "REMINDER",
    }  # fmt: skip
    unanswered = [native.frames[i]["domain"]["len"] for i, missing in enumerate(native.missing) if missing]
    assert len(unanswered) == 36
    assert set(unanswered) == {6}
    assert sum(kinds[asked] == "UNACKD_RPT" for asked in native.answers if asked >= 0) == 2
    assert sum(kind.startswith("REPLY") for kind in kinds) == sum(
        kind.startswith("REPLY") and native.answers[i] >= 0 for i, kind in enumerate(kinds)
    )


@pytest.mark.parametrize(
    ("name", "size"),
    [("example1_lpdu", 1), ("lon_udp_dom0", 5), ("native_lpdu", 23), ("native_lpdu", 200), ("ltep_lpdu", 64)],
)
def test_the_same_in_chunks(name: str, size: int) -> None:
    path = CAPTURES / f"{name}.pcap"
    assert exchanges(path, size) == exchanges(path)


def test_a_capture_after_itself(tmp_path: Path) -> None:
    """The clock jumps back at each repetition: nothing breaks, whatever the size of the chunks, and what depends on
    order alone stays the same."""
    frames, path = load("sidecars/native_lpdu.json")["frames"], tmp_path / "again.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        for frame in frames * 3:
            writer.write(bytes.fromhex(frame["hex"]), round(frame["time"] * 1e9), interface)
    found, known = exchanges(path), truth("native_lpdu")
    for n in range(3):
        start = n * len(frames)
        moved = [asked + start if asked >= 0 else asked for asked in known.answers]
        assert found["answers"][start : start + len(frames)] == moved
    for size in (100, 571, 1000):
        assert exchanges(path, size, ahead=False) == exchanges(path, ahead=False)


def test_without_looking_ahead() -> None:
    with_it, without = (exchanges(CAPTURES / "native_lpdu.pcap", ahead=ahead) for ahead in (True, False))
    for name in NAMES:
        if name not in ("answered_in", "missing"):
            assert with_it[name] == without[name]
    assert set(without["answered_in"]) == {-1}
    assert not any(without["missing"])


def test_fields() -> None:
    """Each field is its column: frames counted from 1, yes and no where they apply."""
    path = CAPTURES / "native_lpdu.pcap"
    columns = exchanges(path, 100)
    with Capture.open(path) as capture:
        chunks = list(track(FrameStore(capture, LINK_TYPES), 100, ahead=True))
    for name, field in FIELDS.items():
        assert name == field.name
        values = np.concatenate([field.values(chunk) for chunk in chunks])
        assert values.dtype == np.int64
        if not name.startswith("transaction."):
            continue
        own = columns[name.removeprefix("transaction.")]
        if field.kind is Kind.FRAME:
            assert values.tolist() == [n + 1 if n >= 0 else -1 for n in own]
        elif field.kind is Kind.BOOL:
            assert values.tolist() == [1 if yes else -1 for yes in own]
        else:
            assert values.tolist() == own


def test_from_the_middle() -> None:
    """What is before the first chunk counts."""
    path = CAPTURES / "native_lpdu.pcap"
    whole = exchanges(path)
    with Capture.open(path) as capture:
        while capture.index_more(1000):
            pass
        parts = [t.exchanges for t in track(FrameStore(capture, LINK_TYPES), 100, ahead=True, start=273)]
    for name in NAMES:
        assert np.concatenate([getattr(part, name) for part in parts]).tolist() == whole[name][273:]
