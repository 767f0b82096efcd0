# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark with the script against our own trees: every field, place, finding and line."""

import random
from pathlib import Path

import pytest

from dissectors.procedures import crc16
from osgp_analyzer.app.lua import PRIVATE, script
from osgp_analyzer.capture import Capture
from tests.conftest import load
from tests.lua.wireshark import differences

CAPTURES = Path(__file__).parents[2] / "captures"
LPDU, MEP, OPTICAL, SERIAL = 147, 149, 151, 150
"""Link types."""


def frames_of(path: Path) -> dict[int, list[bytes]]:
    """The frames of a capture by link type, those that Wireshark would give us."""
    capture = Capture.open(str(path))
    while capture.index_more(100_000):
        pass
    found: dict[int, list[bytes]] = {}
    for number in range(len(capture)):
        frame = capture[number]
        if frame.data and frame.link_type in PRIVATE:
            found.setdefault(frame.link_type, []).append(frame.data)
    return found


OURS = [path.name for path in sorted(CAPTURES.glob("*.pcap*")) if frames_of(path)]


def damaged(frames: list[bytes], link: int, rng: random.Random) -> list[bytes]:
    """Each frame three times cut or changed, half of those with a CRC with one that fits."""
    found = []
    for data in frames * 3:
        one = bytearray(data)
        if rng.random() < 0.4:
            one = one[: rng.randrange(1, len(one) + 1)]
        else:
            for _ in range(rng.randrange(1, 4)):
                one[rng.randrange(len(one))] = rng.randrange(256)
        found.append(bytes(with_crc(one) if link == LPDU and rng.random() < 0.5 else one))
    return found


def with_crc(data: bytearray) -> bytes:
    return bytes(data[:-2]) + crc16(bytes(data[:-2])).to_bytes(2, "big") if len(data) > 2 else bytes(data)


def check(folder: Path, link: int, frames: list[bytes]) -> None:
    found = list(differences(script(), folder, link, frames))
    assert not found, f"{len(found)} differences: {found[0][:2000]}"


def test_there_are_captures_of_every_private_link_type() -> None:
    assert {link for name in OURS for link in frames_of(CAPTURES / name)} >= {LPDU, SERIAL, OPTICAL}


@pytest.mark.parametrize("name", OURS)
def test_captures(name: str, tmp_path: Path) -> None:
    for link, frames in frames_of(CAPTURES / name).items():
        check(tmp_path, link, frames)


@pytest.mark.parametrize("name", OURS)
def test_damaged_captures(name: str, tmp_path: Path) -> None:
    for link, frames in frames_of(CAPTURES / name).items():
        check(tmp_path, link, damaged(frames, link, random.Random(name)))


def test_vectors(tmp_path: Path) -> None:
    check(tmp_path, LPDU, [bytes.fromhex(one["hex"]) for one in load("frames.json") if one["link"].startswith("lon")])


@pytest.mark.parametrize("link", [LPDU, MEP, SERIAL, OPTICAL])
@pytest.mark.parametrize("seed", range(2))
def test_random_and_damaged_frames(link: int, seed: int, tmp_path: Path) -> None:
    """Two and a half thousand each: bytes of nothing, and LonTalk frames under the wrong roof."""
    rng = random.Random(100 * link + seed)
    known = [bytes.fromhex(one["hex"]) for one in load("frames.json") if one["link"].startswith("lon")]
    known += [
        bytes.fromhex(f["hex"]) for n in ("native_lpdu", "ltep_lpdu") for f in load(f"sidecars/{n}.json")["frames"]
    ]
    check(tmp_path, link, [_random(rng, known, link) for _ in range(2500)])


def _random(rng: random.Random, known: list[bytes], link: int) -> bytes:
    kind = rng.random()
    data = bytearray(rng.randbytes(rng.randrange(1, 60)) if kind < 0.3 else rng.choice(known))
    if 0.3 <= kind < 0.6:
        data = data[: rng.randrange(1, len(data) + 1)]
    for _ in range(rng.randrange(4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if link == LPDU and rng.random() < 0.6:
        return with_crc(data)
    if link == MEP:
        command = bytes([rng.choice((0x12, 0x16, 0x1A, 0x1F, 0x22, rng.randrange(256)))])
        return (command if rng.random() < 0.3 else bytes([len(data) + 1 & 255]) + command) + data
    if link == SERIAL:
        return len(data).to_bytes(2, "big") + data
    if link == OPTICAL and rng.random() < 0.5:
        return bytes([0xEE, 0, rng.choice((0, 0x20)), 0]) + len(data).to_bytes(2, "big") + data
    return bytes(data)
