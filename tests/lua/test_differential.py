# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark with the script against our own trees: every field, place, finding and line."""

import random
from pathlib import Path

import pytest

from dissectors.procedures import crc16
from osgp_analyzer.app.lua import PRIVATE, script
from osgp_analyzer.capture import Capture
from tests.analysis.test_chains_odd import HOSTILE, head
from tests.conftest import load
from tests.lua.wireshark import differences, tshark, write

CAPTURES = Path(__file__).parents[2] / "captures"
ETHERNET, LPDU, MEP, OPTICAL, SERIAL = 1, 147, 149, 151, 150
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


HEADERS = 14 + 20 + 8


def over_udp(name: str) -> list[bytes]:
    """The frames of a capture on Ethernet."""
    capture = Capture.open(str(CAPTURES / name))
    while capture.index_more(100_000):
        pass
    return [capture[number].data for number in range(len(capture))]


@pytest.mark.parametrize("name", ["lon_udp_dom0.pcap", "lon_udp_dom1.pcap"])
def test_lon_over_udp(name: str, tmp_path: Path) -> None:
    """What is below is read by Wireshark, what is in it by us; LON/UDP takes addresses from the IP header."""
    check(tmp_path, ETHERNET, over_udp(name))


@pytest.mark.parametrize("ports", [(1628, 1628), (1629, 4000), (2541, 2541)])
def test_damaged_datagrams(ports: tuple[int, int], tmp_path: Path) -> None:
    rng = random.Random(ports[0])
    known = [bytes.fromhex(one["hex"]) for one in load("real_cnip_datagrams.json")["datagrams"]]
    known += [frame[HEADERS:] for frame in over_udp("lon_udp_dom0.pcap")]
    check(tmp_path, ETHERNET, [damaged_datagram(rng, rng.choice(known), ports) for _ in range(1500)])


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), ["osgp.udp.cnip", "data"]),
        (("-o", "osgp.udp:FALSE"), ["lon:data", "data"]),
        (("-d", "udp.port==24010,osgp.udp.cnip"), ["osgp.udp.cnip", "osgp.udp.cnip"]),
    ],
    ids=["by itself", "left to Wireshark", "decode as"],
)
def test_who_reads_a_port(options: tuple[str, ...], wanted: list[str], tmp_path: Path) -> None:
    data = bytes.fromhex(load("real_cnip_datagrams.json")["datagrams"][0]["hex"])
    rng = random.Random(1)
    path = write(tmp_path / "two.pcap", ETHERNET, [datagram(rng, data, (port, port)) for port in (1628, 24010)])
    protocols = tshark(script(), path, *options, "-T", "fields", "-e", "frame.protocols").split()
    assert [one.partition(":udp:")[2].removeprefix("cnip:") for one in protocols] == wanted


def damaged_datagram(rng: random.Random, data: bytes, ports: tuple[int, int]) -> bytes:
    """A datagram that is cut or changed."""
    one = bytearray(data if rng.random() < 0.7 else data[: rng.randrange(1, len(data) + 1)])
    for _ in range(rng.randrange(4)):
        one[rng.randrange(len(one))] = rng.randrange(256)
    return datagram(rng, bytes(one), ports)


def datagram(rng: random.Random, data: bytes, ports: tuple[int, int]) -> bytes:
    """An Ethernet frame with a datagram, long enough for no padding, which Wireshark shows and we count."""
    data = data.ljust(18, b"\0")
    udp = b"".join(n.to_bytes(2, "big") for n in (*ports, 8 + len(data), 0))
    ip = bytes([0x45, 0]) + (28 + len(data)).to_bytes(2, "big") + bytes([0, 0, 0, 0, 64, 17, 0, 0])
    addresses = bytes([192, 168, rng.randrange(256), rng.randrange(256), 239, 192, 0, rng.randrange(256)])
    return bytes(12) + b"\x08\x00" + ip + addresses + udp + data


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


def test_hostile_repeater_lists(tmp_path: Path) -> None:
    check(tmp_path, LPDU, [head(1, 2) + message for message in HOSTILE.values()])
