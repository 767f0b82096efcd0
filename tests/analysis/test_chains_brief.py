# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains in brief, made from columns, say what the chains themselves say."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.chains.brief import Brief, briefs, of
from osgp_analyzer.analysis.chains.chain import ended
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.capture import Capture
from osgp_analyzer.store import FrameStore
from tests.analysis.test_chains import PLAIN
from tests.analysis.test_chains_changed import written
from tests.analysis.test_chains_simulated import SCENARIOS, run


def both(path: Path, size: int) -> tuple[list[Brief], list[Brief]]:
    """In brief, and as the chains have it."""
    short: list[Brief] = []
    long: list[Brief] = []
    with Capture.open(path) as capture:
        for tracked in track(FrameStore(capture, LINK_TYPES), size, chains=True):
            assert tracked.chained is not None
            short += briefs(tracked.chained)
            long += map(of, ended(tracked.chained))
    return short, long


def compare(path: Path) -> int:
    """Compares all; how many of them were made from columns."""
    for size in (65_536, 16):
        short, long = both(path, size)
        assert len(short) == len(long) > 0
        for one, other in zip(short, long, strict=True):
            assert other.chain is not None
            assert replace(one, chain=None) == replace(other, chain=None)
            if one.chain is None:
                assert not other.chain.missing
                assert not other.chain.changed
    return sum(one.chain is None for one in short)


def test_of_another_stack() -> None:
    assert compare(PLAIN) > 10


@pytest.mark.parametrize("scenario", [*SCENARIOS, "tampered", "encrypted"])
def test_simulated(scenario: str, tmp_path: Path) -> None:
    path, part = tmp_path / "made.pcapng", tmp_path / "part.pcapng"
    run(path, (scenario,), 3)
    assert compare(path) > 2
    rng = random.Random(scenario)
    written(path, part, lambda number, data: data if rng.random() >= 1 / 5 else None)
    compare(part)
