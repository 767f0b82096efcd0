# SPDX-License-Identifier: GPL-2.0-or-later
"""The same filters on damaged and nested frames, where fields are missing or occur again; and text fields."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dissectors.carriers import LINK_TYPES
from osgp_analyzer.app.decode import Decoder
from osgp_analyzer.capture import Capture
from osgp_analyzer.engines.columns.values import Numbers
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.filters.compare import compare
from osgp_analyzer.filters.filter import Filter
from osgp_analyzer.filters.nodes import Relation
from osgp_analyzer.filters.occurrences import Part, Texts
from osgp_analyzer.filters.parser import parse
from osgp_analyzer.store import FrameStore
from tests.conftest import load
from tests.filters.test_against_frames import CAPTURES, FILTERS, Seen, passing


def written(folder: Path, link: int, frames: list[bytes]) -> Capture:
    """Frames as a pcap file, opened."""
    path = folder / "made.pcap"
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    path.write_bytes(head + b"".join(struct.pack("<IIII", 9, n, len(f), len(f)) + f for n, f in enumerate(frames)))
    capture = Capture.open(str(path))
    capture.index_more(len(frames) + 1)
    return capture


def damaged(name: str, count: int) -> list[bytes]:
    """Frames of a capture with some bytes changed, and cut."""
    rng = random.Random(name)
    capture = Capture.open(str(CAPTURES / f"{name}.pcap"))
    capture.index_more(100_000)
    made = []
    for _ in range(count):
        data = bytearray(capture[rng.randrange(len(capture))].data)
        for _ in range(rng.choice((0, 1, 1, 2))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.4:
            del data[rng.randrange(1, len(data)) :]
        made.append(bytes(data))
    return made


def check(capture: Capture, texts: list[str] | None = None) -> None:
    made = FrameStore(capture, LINK_TYPES, True)
    while made.advance(128):
        pass
    decoder = Decoder(LINK_TYPES)
    seen = [Seen(decoder.decode(capture[i], Knowledge(crc=True))) for i in range(len(capture))]
    for text, truth in FILTERS:
        if texts is None or text in texts:
            assert passing(text, made) == [f.frame.number for f in seen if truth(f)], text


@pytest.mark.parametrize(("name", "link"), [("native_lpdu", 147), ("ltep_lpdu", 147), ("lon_udp_dom1", 1)])
def test_damaged_frames(tmp_path: Path, name: str, link: int) -> None:
    check(written(tmp_path, link, damaged(name, 600)))


def test_vectors(tmp_path: Path) -> None:
    check(
        written(
            tmp_path, 147, [bytes.fromhex(f["hex"]) for f in load("frames.json") if f["link"] in ("lon", "lon+crc")]
        )
    )


def test_a_message_inside_a_message_in_one_frame_of_a_chunk(tmp_path: Path) -> None:
    """Kept columns have the outer APDU only: they do for a chunk without inner ones, and for other fields."""
    plain = bytes.fromhex("000190010a0114070051")
    proxied = bytes.fromhex("01190181018b5a004d002c250134100102")
    for frames, once in (([plain] * 5, True), ([plain] * 4 + [proxied], False)):
        made = FrameStore(written(tmp_path, 147, frames), LINK_TYPES, False)
        made.advance()
        chunk = made.chunks[0]
        for text in ("all apdu.code == 0x51", "apdu.code == 0x10"):
            assert Filter(text).fast
            assert made.once(chunk, Filter(text).fields, None) == once
        assert made.once(chunk, ["npdu.src_node"], None)
        assert Filter("apdu.code == 0x10").mask(made, chunk).tolist() == [False] * 4 + [not once]


def test_values_of_the_request_are_never_taken_from_kept_columns(tmp_path: Path) -> None:
    capture = written(tmp_path, 147, damaged("native_lpdu", 20))
    made = FrameStore(capture, LINK_TYPES, True)
    made.advance()
    wanted, calls = Filter("apdu.outcome == 1"), []
    known = {"spdu.type": made.chunks[0].columns["spdu.type"] == 2}
    asked = {n: Numbers(np.zeros(20, np.int64), known.get(n, np.zeros(20, bool))) for n in made.asked}
    tracked: Any = SimpleNamespace(
        secured=None, chained=None, asked=asked, layers=lambda only: calls.append(only) or []
    )  # type: ignore[func-returns-value]
    wanted.mask(made, made.chunks[0], tracked)
    assert [only.tolist() for only in calls] == [known["spdu.type"].tolist()]
    assert known["spdu.type"].any()


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('== "Meter"', [True, False, False, False]),
        ('!= "Meter"', [False, True, True, False]),
        ('contains "ter"', [True, True, False, False]),
        ('matches "^m"', [True, True, False, False]),
        ('in {"", "Meter"}', [True, False, True, False]),
        ('[0:2] == "me"', [False, True, False, False]),
        ('[-1] == "r"', [True, True, False, False]),
        ('> "a"', [False, True, False, False]),
    ],
)
def test_text(condition: str, expected: list[bool]) -> None:
    found = parse(f"sd_text.text{condition}" if condition[0] == "[" else f"sd_text.text {condition}")
    assert isinstance(found, Relation)
    part = Part(None, Texts(["Meter", "meter", "", None]), np.array([True, True, True, False]))
    assert compare(part, found).tolist() == expected
