# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns of whole captures, responses read with their requests, against the per-frame engine."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

import dissectors.layers
from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.contexts import Contexts
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.app.decode import Decoded
from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.simulate.checksums import lpdu_crc
from osgp_analyzer.store import FrameStore
from tests.conftest import CAPTURES, SECRETS
from tests.engines.test_differential import collect, damaged

assert dissectors.layers


@pytest.mark.parametrize("size", [32768, 100, 1])
@pytest.mark.parametrize("name", ["native_lpdu", "ltep_lpdu", "lon_udp_dom1"])
def test_whole_captures(name: str, size: int) -> None:
    if size == 1 and name != "lon_udp_dom1":
        size = 17
    compare(CAPTURES / f"{name}.pcap", size)


LPDU, SHARE = 147, 0.4
SIMULATED = [path.name for path in sorted(CAPTURES.glob("simulated_*.pcapng"))]


@pytest.mark.parametrize("size", [32768, 23])
@pytest.mark.parametrize("name", SIMULATED)
def test_simulated_captures(name: str, size: int) -> None:
    """With tables of meters, whose layout other tables tell, and messages in several packets."""
    compare(CAPTURES / name, size)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", SIMULATED)
def test_damaged_captures(name: str, seed: int, tmp_path: Path) -> None:
    """What damaged frames say of meters and of other frames is the same in both engines."""
    path, rng = tmp_path / name, random.Random(f"{name} {seed}")
    damage(CAPTURES / name, path, rng)
    compare(path, 50)


def damage(source: Path, path: Path, rng: random.Random) -> None:
    """Write a capture with some of its frames damaged; LON frames get a CRC that is right."""
    with Capture.open(source) as capture, path.open("wb") as file:
        frames, interfaces = list(capture), list(capture.interfaces)
        writer = PcapngWriter(file)
        for interface in interfaces:
            writer.add_interface(interface.link_type, fcs_length=2 if interface.link_type == LPDU else None)
        for frame in frames:
            data = frame.data
            if rng.random() < SHARE:
                data = damaged(rng, data) or data[:1]
                if frame.interface.link_type == LPDU:
                    data = data[:-2] + lpdu_crc(data[:-2])
            writer.write(data, frame.time, interfaces.index(frame.interface))
        writer.close()


def compare(path: Path, size: int, settings: Settings = Settings()) -> list[Decoded]:
    """Every value and finding of every frame, and what it answers, in columns and frame by frame; the frames."""
    session = list(Session.open(str(path), settings))
    seen = 0
    with Capture.open(path) as capture:
        store = FrameStore(capture, LINK_TYPES, settings.crc, settings.chosen)
        for tracked in track(store, size, contexts=Contexts()):
            chunk = tracked.chunk
            facts = [(Counter(), Counter()) for _ in range(chunk.stop - chunk.start)]
            for rows, groups in tracked.groups:
                some = [facts[row] for row in rows.tolist()]
                for group in groups:
                    collect(group, chunk.offset[rows], some)
            for i, (values, findings) in enumerate(facts):
                decoded = session[chunk.start + i]
                expected = Counter(
                    (f.name, str(f.value), f.offset, f.length)
                    for layer in decoded.layers
                    for f in layer.values()
                    if f.value != [] and f.value is not None and f.name not in SECRETS
                )
                assert values == expected, decoded.frame.number
                assert findings == Counter((f.code, f.offset) for f in decoded.findings)
                assert (decoded.request or 0) == tracked.request[i] + 1
            seen = chunk.stop
    assert seen == len(session)
    return session
