# SPDX-License-Identifier: GPL-2.0-or-later
"""Many places walked at once find what one place after the other finds, in sound files and in damaged ones."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.capture import Capture, pcap, pcapng

FRAMES = 9000


def index(path: Path, step: int, many: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    """What a capture holds, indexed `step` frames at a time; `many`: frames from which on it is done in step."""
    monkeypatch.setattr(pcap, "MANY", many)
    monkeypatch.setattr(pcapng, "MANY", many)
    with Capture.open(path) as capture:
        while capture.index_more(step):
            pass
        columns = capture.columns(0, len(capture))
        return [getattr(columns, name).tobytes() for name in columns.__slots__], capture.notes


def records(rng: random.Random) -> list[tuple[int, int, bytes]]:
    """Frames of all sizes, among them some that are full of what looks like the head of a record."""
    head = bytes.fromhex("00ca9a3b 01000000 04000000 04000000".replace(" ", ""))
    time = 1_000_000_000
    made = []
    for number in range(FRAMES):
        time += rng.randrange(2)
        data = head * rng.randrange(1, 8) if number % 10 == 0 else rng.randbytes(rng.choice((9, 15, 22, 60, 700)))
        made.append((time, number, data))
    return made


def write(build: Any, kind: str, order: str, rng: random.Random) -> bytes:
    if kind == "pcap":
        return bytes(build.pcap(records(rng), order=order))
    data = build.shb(order=order) + build.idb(order=order) + build.idb(order=order)
    for number, (time, _, frame) in enumerate(records(rng)):
        if number % 997 == 0:
            data += build.spb(b"simple", order=order)
        comment = [(1, b"a comment")] if number % 3 == 0 else []
        data += build.epb(frame, time * 10**6, number % 2, *comment, order=order)
    return bytes(data)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
@pytest.mark.parametrize("damage", ["none", "cut", "length", "noise"])
def test_same_index(
    build: Any, tmp_path: Path, kind: str, order: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(f"{kind} {order} {damage}")
    data = bytearray(write(build, kind, order, rng))
    place = rng.randrange(len(data) // 2, len(data))
    if damage == "cut":
        del data[place:]
    elif damage == "length":
        for _ in range(40):
            at = rng.randrange(len(data) // 3, len(data) - 4)
            data[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x40\0\0\0"))
    elif damage == "noise":
        data[place : place + 3000] = rng.randbytes(3000)
    path = tmp_path / "capture"
    path.write_bytes(data)
    one_by_one = index(path, FRAMES, 1 << 60, monkeypatch)
    assert len(one_by_one[0][0]) > 2000
    for step in (300, 2500, 1 << 20):
        assert index(path, step, 256, monkeypatch) == one_by_one
