# SPDX-License-Identifier: GPL-2.0-or-later
"""Work shared out to processes gives what one process gives, and ends when it is told to."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app import spans
from osgp_analyzer.app.lines import Lines
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.app.spans import in_order
from osgp_analyzer.app.table import Table
from osgp_analyzer.capture import Capture, CaptureError, PcapngWriter
from osgp_analyzer.engines.columns.values import Bools
from osgp_analyzer.filters.errors import FilterError
from tests.conftest import CAPTURES

FRAMES = 90_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frames of two captures in another order each time, a millisecond apart: answers are near and far."""
    path = tmp_path_factory.mktemp("spans") / "large.pcapng"
    rng = random.Random(1)
    frames = []
    for name in ("native_lpdu", "ltep_lpdu"):
        with Capture.open(CAPTURES / f"{name}.pcap") as capture:
            frames += [frame.data for frame in capture]
    with PcapngWriter(path) as writer:
        writer.add_interface(147)
        for number in range(FRAMES):
            if number % len(frames) == 0:
                rng.shuffle(frames)
            writer.write(frames[number % len(frames)], number * 10**6)
    return path


def result(path: Path, wanted: Wanted, make: Callable[[Session], spans.Work], several: bool) -> bytes:
    session = Session.open(str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2} if several else {0})
        done: list[int] = []
        text = b"".join(in_order(session, wanted, make(session), done.append))
    assert done == sorted(done)
    assert done[-1] == FRAMES
    return text


NAMES = ["frame.number", "frame.request", "apdu.code", "apdu.outcome", "nv.value", "transaction.answers",
         "transaction.response_time", "transaction.late"]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "make"),
    [
        (Wanted(deep=True), lambda session: Lines(session, "delta", {}).text),
        (Wanted("apdu.outcome == 1"), lambda session: Lines(session, "relative", {}).text),
        (Wanted(names=NAMES), lambda session: lambda t, m: Table(NAMES).text("\t", t, m)),
    ],
    ids=["lines", "filter", "fields"],
)
def test_as_one_process_does_it(large: Path, wanted: Wanted, make: Callable[[Session], spans.Work]) -> None:
    forks: list[int] = []
    fork = os.fork
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fork", lambda: forks.append(fork()) or forks[-1])
        several = result(large, wanted, make, True)
    assert len(forks) == 3
    assert several == result(large, wanted, make, False)
    assert several.count(b"\n") > 800


AHEAD = ["frame.number", "transaction.missing", "transaction.answered_in"]


def test_looking_ahead_gives_each_frame_once(large: Path) -> None:
    """Messages near the end of a span are answered behind it."""
    wanted = Wanted(names=AHEAD)
    texts = [result(large, wanted, lambda _: lambda t, m: Table(AHEAD).text("\t", t, m), one) for one in (True, False)]
    numbers = [[int(line.split("\t")[0]) for line in text.decode().splitlines()] for text in texts]
    assert numbers == [list(range(1, FRAMES + 1))] * 2
    # The same messages come again and again there: what is one exchange may begin before the frames looked at.
    for text in texts:
        assert sum(line.split("\t")[2] != "" for line in text.decode().splitlines()) > FRAMES // 10


@pytest.mark.parametrize("count", [1, 4097, 33_000, 40_000])
def test_the_first_frames_only(large: Path, count: int) -> None:
    session, wanted = Session.open(str(large)), Wanted(count=count, names=AHEAD)
    masks = [mask for _, mask in selected_chunks(session, wanted)]
    assert sum(int(mask.sum()) for mask in masks) == count


def fail(tracked: Tracked, mask: Bools) -> bytes:
    if tracked.chunk.start > FRAMES // 2:
        raise CaptureError("the middle is reached")
    return b"x\n"


def vanish(tracked: Tracked, mask: Bools) -> bytes:
    os._exit(9)


def test_errors_come_back(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    session = Session.open(str(large))
    with pytest.raises(CaptureError, match="the middle is reached"):
        list(in_order(session, Wanted(), fail, lambda _: None))
    with pytest.raises(CaptureError, match="memory"):
        list(in_order(session, Wanted(), vanish, lambda _: None))
    with pytest.raises(FilterError):
        list(in_order(session, Wanted("npdu.nothing"), fail, lambda _: None))
    no_child_is_left()


def test_stopped_in_the_middle(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    session = Session.open(str(large))
    lines = in_order(session, Wanted(deep=True), Lines(session, "epoch", {}).text, lambda _: None)
    first = np.frombuffer(next(lines), np.uint8)
    assert len(first) > 1000
    lines.close()
    no_child_is_left()


def no_child_is_left() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
