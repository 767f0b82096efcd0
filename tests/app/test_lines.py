# SPDX-License-Identifier: GPL-2.0-or-later
"""A line made for many frames at once says what the frame decoded by itself says, whatever the bytes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from osgp_analyzer.app.decode import Decoded
from osgp_analyzer.app.lines import PLAIN, Lines
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.app.times import formatter
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.schema import Severity
from tests.conftest import CAPTURES, load

STYLES = {Severity.ERROR: "\x1b[31m", Severity.WARN: "\x1b[33m"}
FORMATS = ("relative", "delta", "epoch", "absolute", "date", "utc")
NAMES = sorted(path.name for path in CAPTURES.glob("*.pcap"))


def expected(session: Session, time: str, styles: dict[Severity, str]) -> list[str]:
    """Lines put together frame by frame."""
    write = formatter(time)
    return [line(decoded, write(decoded.frame.time), styles) for decoded in session]


def line(decoded: Decoded, stamp: str, styles: dict[Severity, str]) -> str:
    frame = decoded.frame
    source, destination = f"{decoded.source:>12}", f"{decoded.destination:<12}"
    way = f"{source} → {destination}" if decoded.source or decoded.destination else " " * 27
    text = f"{frame.number:>5} {stamp:>14} {way} {decoded.protocol:<8} {frame.length:>4} {decoded.info}"
    style = styles.get(decoded.worst, "") if decoded.worst is not None else ""
    return f"{style}{text}{PLAIN}" if style else text


def made(session: Session, time: str, styles: dict[Severity, str], deep: bool = True) -> list[str]:
    lines = Lines(session, time, styles)
    return b"".join(lines.text(*one) for one in selected_chunks(session, Wanted(deep=deep))).decode().split("\n")[:-1]


def agree(path: Path, time: str = "relative", styles: dict[Severity, str] = STYLES, **settings: bool) -> None:
    want = expected(Session.open(str(path), Settings(**settings)), time, styles)
    have = made(Session.open(str(path), Settings(**settings)), time, styles)
    assert have == made(Session.open(str(path), Settings(**settings)), time, styles, False)
    assert len(have) == len(want)
    for number, (one, other) in enumerate(zip(have, want, strict=True), 1):
        assert one == other, f"frame {number} of {path.name}"


@pytest.mark.parametrize("name", NAMES)
def test_captures(name: str) -> None:
    agree(CAPTURES / name)
    agree(CAPTURES / name, "delta", {})


@pytest.mark.parametrize("time", FORMATS)
def test_formats_of_time(time: str, tmp_path: Path) -> None:
    agree(CAPTURES / "example1_lpdu.pcap", time)
    odd = tmp_path / "odd.pcapng"
    with PcapngWriter(odd) as writer:
        writer.add_interface(147)
        for ns in (5, 2**60, 2**60 - 1, 0, 123_456_789_012, 2**62):
            writer.write(bytes.fromhex("000190010a0114070051"), ns)
    agree(odd, time)


def damaged(name: str, count: int) -> list[bytes]:
    """Frames of a capture, most of them cut or with other bytes in them."""
    rng = random.Random(name)
    with Capture.open(CAPTURES / name) as capture:
        frames = [frame.data for frame in capture]
    found = []
    for _ in range(count):
        data = bytearray(rng.choice(frames))
        for _ in range(rng.choice((0, 1, 1, 3))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        found.append(bytes(data[: rng.choice((len(data), rng.randrange(len(data) + 1)))]))
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("crc", [True, False])
def test_damaged_frames(name: str, crc: bool, tmp_path: Path) -> None:
    with Capture.open(CAPTURES / name) as capture:
        capture.index_more(1)
        link = capture.interfaces[0].link_type
    path = tmp_path / "damaged.pcapng"
    rng = random.Random(name)
    with PcapngWriter(path) as writer:
        writer.add_interface(link)
        writer.add_interface(4711)
        for number, data in enumerate(damaged(name, 1500)):
            length = len(data) + rng.choice((0, 0, 0, 0, 5))
            writer.write(data, number * 10**7, 1 if number % 50 == 0 else 0, length=length)
    agree(path, crc=crc)


@pytest.mark.parametrize("entry", ["lon", "cnip", "lonudp"])
def test_vectors(entry: str, tmp_path: Path) -> None:
    frames = [bytes.fromhex(f["hex"]) for f in load("frames.json") if f["link"].startswith(entry)]
    path = tmp_path / "vectors.pcapng"
    with PcapngWriter(path) as writer:
        writer.add_interface(147)
        for number, data in enumerate(frames):
            writer.write(data, number)
    session = {147: {"lon": "LPDU", "cnip": "CNIP", "lonudp": "LonUDP"}[entry]}
    want = expected(Session.open(str(path), Settings(session)), "epoch", {})
    assert made(Session.open(str(path), Settings(session)), "epoch", {}) == want
