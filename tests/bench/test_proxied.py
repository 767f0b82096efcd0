# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark's proxied traffic is what it is meant to be."""

from __future__ import annotations

from pathlib import Path

from tests.analysis.test_chains import chains
from tests.bench.proxied import MOST, generate

FRAMES = 4000


def test_chains(tmp_path: Path) -> None:
    """Whole chains of all lengths, of which only those at the end are not answered."""
    path = tmp_path / "made.pcap"
    generate(FRAMES, path)
    found = chains(path)
    assert sum(len(chain.frames) for chain in found) == FRAMES
    assert {len(chain.hops) for chain in found} == set(range(2, MOST + 2))
    done = [chain for chain in found if chain.frames[-1].index < FRAMES - 200]
    assert {chain.outcome for chain in done} == {"answered"}
    assert any(chain.retries for chain in done)
    assert not any(chain.missing for chain in found)
