# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages and answers that repeaters changed: exactly those are found, and their chains are whole."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.simulate.checksums import lpdu_crc
from tests.analysis.test_chains import chains
from tests.analysis.test_chains_simulated import SCENARIOS, known, run

CRC = 2


def changed_ones(path: Path, size: int = 65_536) -> list[int]:
    """Frames by number that pass on something else."""
    return [one.index + 1 for chain in chains(path, size) for one in chain.frames if one.changed]


def changed_requests(frames: list[dict[str, Any]]) -> list[int]:
    """Messages to a further hop that do not carry what the sender got, as the simulator says."""
    return [f["frame"] for f in frames if f.get("hop", 1) > 1 and not {"answers", "carries", "retry_of"} & f.keys()]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("repeaters", [2, 4])
def test_requests_that_the_last_repeater_changed(repeaters: int, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "made.pcapng"
    frames = run(path, ("tampered",), seed, repeaters=repeaters)
    true = changed_requests(frames)
    assert true
    assert {frames[n - 1]["security"]["status"] for n in true} == {"bad_digest"}
    assert changed_ones(path) == changed_ones(path, 7) == true
    found = chains(path)
    assert [[one.index + 1 for one in chain.frames] for chain in found] == [chain.all for chain in known(frames)]
    assert all(chain.outcome == "answered" and not chain.missing for chain in found)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("scenario", [*SCENARIOS, "encrypted", "sequence"])
def test_nothing_changed(scenario: str, seed: int, tmp_path: Path) -> None:
    """Nor where a third of the frames was not heard."""
    path, part = tmp_path / "made.pcapng", tmp_path / "part.pcapng"
    frames = run(path, (scenario,), seed)
    assert any(frame.get("hop", 1) > 1 for frame in frames)
    assert not changed_ones(path)
    rng = random.Random(seed)
    written(path, part, lambda number, data: data if rng.random() >= 1 / 3 else None)
    assert not changed_ones(part)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_node_may_change_what_it_passes_on(seed: int, tmp_path: Path) -> None:
    """A bit of the last octet of a message or an answer, at any hop; all after it carry what was made of it."""
    path, part = tmp_path / "made.pcapng", tmp_path / "part.pcapng"
    frames = run(path, ("chains", "encrypted"), seed)
    rng = random.Random(seed)
    first, every = [], set()
    for chain in known(frames):
        hops = [n for n in chain.all if frames[n - 1].get("carries") is not None]
        if not hops or rng.random() < 0.2:
            continue
        chosen = rng.choice(hops)
        first.append(chosen)
        every.add(chosen)
        for number in chain.all:
            if number > chosen and frames[number - 1].get("carries") == frames[chosen - 1]["carries"]:
                every.add(number)
    assert len(first) > 3
    written(path, part, lambda number, data: flipped(data) if number in every else data)
    assert sorted(changed_ones(part)) == first
    assert sorted(changed_ones(part, 7)) == first
    assert [[one.index for one in chain.frames] for chain in chains(part)] == [
        [one.index for one in chain.frames] for chain in chains(path)
    ]


def flipped(data: bytes) -> bytes:
    """A frame with a bit of its APDU changed, and a CRC that fits."""
    body = data[: -CRC - 1] + bytes([data[-CRC - 1] ^ 1])
    return body + lpdu_crc(body)


def written(path: Path, part: Path, change: Any) -> None:
    """A capture with other frames: what `change` makes of number and octets; None: it was not heard."""
    with Capture.open(path) as capture, PcapngWriter(part) as writer:
        interface = writer.add_interface(147)
        for number, frame in enumerate(capture, 1):
            data = change(number, bytes(frame.data))
            if data is not None:
                writer.write(data, frame.time, interface)
