# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters, fields and columns of exchanges against what the senders knew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osgp_analyzer.app.selection import Wanted, selected, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.app.table import Table
from tests.analysis.truth import Truth, truth
from tests.conftest import CAPTURES

SIDECARS = ("native_lpdu", "ltep_lpdu", "example1_lpdu")
FILTERS: list[tuple[str, Callable[[Truth, int], bool]]] = [
    ("transaction.answers", lambda t, i: t.answers[i] >= 0),
    ("transaction.answers == 12", lambda t, i: t.answers[i] == 11),
    ("transaction.attempt > 0", lambda t, i: t.attempt[i] > 0),
    ("transaction.first && lpdu.alt_path == 1", lambda t, i: t.first[i] >= 0 and t.frames[i]["alt_path"] == 1),
    ("transaction.duplicate", lambda t, i: t.duplicate[i] >= 0),
    ("transaction.missing == 1", lambda t, i: t.missing[i]),
    ("transaction.answered_in and not transaction.first", lambda t, i: t.answered_in[i] >= 0 and t.first[i] < 0),
    ("transaction.late == 1", lambda t, i: t.late[i]),
]


@pytest.mark.parametrize("name", SIDECARS)
@pytest.mark.parametrize(("text", "holds"), FILTERS, ids=[text for text, _ in FILTERS])
def test_filters(name: str, text: str, holds: Callable[[Truth, int], bool]) -> None:
    known = truth(name)
    found = list(selected(Session.open(str(CAPTURES / f"{name}.pcap")), text))
    assert found == [i for i in range(len(known.frames)) if holds(known, i)]


def test_the_filters_find_something() -> None:
    known = [truth(name) for name in SIDECARS]
    counts = [sum(holds(t, i) for t in known for i in range(len(t.frames))) for _, holds in FILTERS]
    assert all(counts[:-1])  # no answer came late there: see tests/analysis/test_generated.py


@pytest.mark.parametrize("name", SIDECARS)
def test_response_times_in_seconds(name: str) -> None:
    known, session = truth(name), Session.open(str(CAPTURES / f"{name}.pcap"))
    table = Table(["transaction.answers", "transaction.response_time"])
    lines = b"".join(table.text("\t", *one) for one in selected_chunks(session, Wanted(names=table.names)))
    for i, line in enumerate(lines.decode().splitlines()):
        asked, seconds = line.split("\t")
        assert asked == (str(known.answers[i] + 1) if known.answers[i] >= 0 else "")
        if asked:
            taken = known.frames[i]["time"] - known.frames[int(asked) - 1]["time"]
            assert float(seconds) == pytest.approx(taken, abs=3e-6)
        else:
            assert seconds == ""


def test_slower_than() -> None:
    known = truth("native_lpdu")
    frames = known.frames
    slow = [
        i for i, asked in enumerate(known.answers) if asked >= 0 and frames[i]["time"] - frames[asked]["time"] > 0.006
    ]
    assert slow
    session = Session.open(str(CAPTURES / "native_lpdu.pcap"))
    assert list(selected(session, "transaction.response_time > 0.006")) == slow
