# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests, responses and repeats on a meter's other ports and in datagrams, against who made the traffic."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from crccheck.crc import CrcX25

import dissectors.layers
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.app.options import settings
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.store import FrameStore
from tests.analysis.test_tracking import compare
from tests.conftest import CAPTURES, load

assert dissectors.layers

CONTIC = settings((), decode_as=[("udp.port", range(24010, 24012), "apdu")])
MS = 1_000_000
Truth = dict[str, Any]
"""Of a frame: `answers`, `first`, `duplicate` (indices), `attempt`."""


def found(path: Path, size: int, chosen: Any = None) -> list[Truth]:
    with Capture.open(path) as capture:
        store = FrameStore(capture, Session(capture).links, None, chosen)
        rows: list[Truth] = []
        for tracked in track(store, size, ahead=True):
            e = tracked.exchanges
            columns = (e.answers, e.first, e.duplicate, e.attempt, e.answered_in, tracked.request)
            names = ("answers", "first", "duplicate", "attempt", "answered_in", "request")
            rows += [dict(zip(names, map(int, row), strict=True)) for row in zip(*columns, strict=True)]
    return rows


class Line:
    """A serial line while it is written: what each frame is, and what it belongs to."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, int, bytes]] = []
        self.truth: list[Truth] = []
        self.time = 0

    def put(self, data: bytes, wait: int = 100, tap: int = 0, **truth: int) -> int:
        self.time += wait * MS
        self.frames.append((self.time, tap, data))
        nothing = {"answers": -1, "first": -1, "duplicate": -1, "attempt": -1}
        self.truth.append(nothing | truth)
        return len(self.frames) - 1

    def check(self, path: Path, *links: int) -> None:
        with PcapngWriter(path) as writer:
            for link in links:
                writer.add_interface(link)
            for time, tap, data in self.frames:
                writer.write(data, 10**18 + time, tap)
        answered: dict[int, int] = {}
        for i, one in enumerate(self.truth):
            if one["answers"] >= 0:
                asked = self.truth[one["answers"]]
                answered.setdefault(asked["first"] if asked["first"] >= 0 else one["answers"], i)
        for size in (32768, 7, 1):
            rows = found(path, size)
            assert len(rows) == len(self.truth)
            for i, (row, one) in enumerate(zip(rows, self.truth, strict=True)):
                for name, value in one.items():
                    assert row[name] == value, (size, i, name)
                assert row["request"] == one["answers"], (size, i)
                if one.get("answered_in") is None and one["attempt"] >= 0:
                    root = one["first"] if one["first"] >= 0 else i
                    assert row["answered_in"] == answered.get(root, -1), (size, i)
        for size in (32768, 5):
            compare(path, size)


# -- MEP --------------------------------------------------------------------------------------------------------------


def mep(body: str) -> bytes:
    data = bytes.fromhex(body)
    return len(data).to_bytes(2, "big") + data


def read(sequence: int, table: int = 23) -> bytes:
    return mep(f"3f{table:04x}0000000008{sequence:08x}1122334455667788")


ANSWER = mep("000008" + "0102030405060708" + "8877665544332211")


def test_mep(tmp_path: Path) -> None:
    line = Line()
    line.put(ANSWER)  # nobody has asked
    asked = line.put(read(1), attempt=0)
    line.put(ANSWER, answers=asked)
    line.put(b"\0\0", wait=1000)
    asked = line.put(read(2), attempt=0)
    again = line.put(read(2), wait=500, attempt=1, first=asked)
    last = line.put(read(2), wait=500, attempt=2, first=asked)
    assert again < last
    line.put(ANSWER, answers=last)
    asked = line.put(read(3), attempt=0)
    asked = line.put(read(4), attempt=0)  # the third one is never answered
    line.put(mep("0c00000009" + "8877665544332211"), answers=asked)
    asked = line.put(read(9), attempt=0)
    line.put(ANSWER, wait=20_000)  # too late, even at the slowest rate
    line.put(mep("e7" * 20))  # encrypted
    asked = line.put(mep("80" + "1703030010" + "00" * 16), attempt=0)
    line.put(mep("00" + "1703030010" + "11" * 16), answers=asked)
    line.check(tmp_path / "mep.pcapng", 150)


def test_two_meters_at_once(tmp_path: Path) -> None:
    """Each on an interface of its own: their frames have nothing to do with each other."""
    line = Line()
    for n in range(40):
        one = line.put(read(n), wait=40, tap=0, attempt=0)
        two = line.put(read(n, 28), wait=10, tap=1, attempt=0)
        line.put(ANSWER, wait=40, tap=1, answers=two)
        line.put(ANSWER, wait=10, tap=0, answers=one)
    line.check(tmp_path / "two.pcapng", 150, 150)


def test_a_response_is_read_with_its_request(tmp_path: Path) -> None:
    line = Line()
    asked = line.put(read(5), attempt=0)
    line.put(ANSWER, answers=asked)
    line.check(tmp_path / "one.pcapng", 150)
    decoded = Session.open(str(tmp_path / "one.pcapng"))[1]
    assert (decoded.request, decoded.values["osgp.request_table"]) == (1, 23)
    assert decoded.info == "BT23 Current Register Data: successful, 8 bytes"
    assert (decoded.source, decoded.destination) == ("meter", "client")


# -- optical ----------------------------------------------------------------------------------------------------------


def packet(body: str, control: int = 0, sequence: int = 0) -> bytes:
    data = bytes.fromhex(body)
    head = bytes([0xEE, 0, control, sequence]) + len(data).to_bytes(2, "big") + data
    return head + CrcX25.calc(head).to_bytes(2, "little")


def test_optical(tmp_path: Path) -> None:
    line = Line()
    line.put(b"\x55" * 4)
    asked = line.put(packet("20"), attempt=0)
    line.put(b"\x15")
    again = line.put(packet("20"), attempt=1, first=asked)
    line.put(b"\x06" + packet("0000020000"), answers=again)
    line.put(b"\x06")
    asked = line.put(packet("3f00170000000008", 0x20), attempt=0)
    line.put(b"\x06")
    answer = line.put(packet("000008fb1304024d891a00fc", 0x20), answers=asked)
    line.put(b"\x15")
    line.put(packet("000008fb1304024d891a00fc", 0x20) + b"\x06", answers=asked, duplicate=answer)
    line.put(packet("21", 0x00), wait=2000, attempt=0)
    line.check(tmp_path / "optical.pcapng", 151)


def test_messages_of_several_packets(tmp_path: Path) -> None:
    """Further packets go the way of the first; what answers a request answers its last packet."""
    line = Line()
    asked = line.put(packet("300000"), attempt=0)
    line.put(packet("00004f" + "11" * 53, 0xC0, 1), answers=asked)
    line.put(packet("22" * 27, 0xA0, 0), answers=asked)
    line.put(packet("40000700ff" + "33" * 50, 0xE0, 2), attempt=0, answered_in=-1)
    line.put(packet("44" * 55, 0x80, 1), attempt=0, answered_in=-1)
    asked = line.put(packet("55" * 20, 0xA0, 0), attempt=0)
    line.put(packet("00"), answers=asked)
    line.check(tmp_path / "several.pcapng", 151)


def test_a_packet_whose_message_began_before_the_capture(tmp_path: Path) -> None:
    line = Line()
    line.put(packet("22" * 27, 0xA0, 0))
    line.put(packet("20"), attempt=0)
    line.check(tmp_path / "middle.pcapng", 151)


# -- datagrams --------------------------------------------------------------------------------------------------------

FRAMES = load("sidecars/osgp_contic.json")["frames"]


def pairs() -> list[int]:
    """For each frame of the capture the one it answers: both have the same number `n` of the same meter. Those of
    another client have no number; of their answers the sidecar says that they are to the request before."""
    asked: dict[tuple[int, int], int] = {}
    answers = []
    for i, frame in enumerate(FRAMES):
        key = frame["unit_port"], frame.get("n", 0)
        answers.append(asked.get(key, -1) if frame["dir"] == "response" else -1)
        if frame["dir"] == "request":
            asked[key] = i
    return answers


@pytest.mark.parametrize("size", [32768, 10, 1])
def test_every_message_of_the_capture_is_paired(size: int) -> None:
    rows = found(CAPTURES / "osgp_contic.pcap", size, CONTIC.chosen)
    assert [row["answers"] for row in rows] == pairs()
    assert [row["request"] for row in rows] == pairs()
    assert sum(row["answers"] >= 0 for row in rows) > 50


def test_columns_and_frames_agree() -> None:
    for size in (32768, 9):
        compare(CAPTURES / "osgp_contic.pcap", size, CONTIC)


def test_without_the_option_nothing_is_paired() -> None:
    rows = found(CAPTURES / "osgp_contic.pcap", 32768)
    assert {row["answers"] for row in rows} == {-1}


def test_two_clients_and_two_meters_at_once(tmp_path: Path) -> None:
    """Requests on their way to several meters: the other way round and order tell, nothing else."""
    rng = random.Random(2)
    open_: dict[tuple[int, int], int] = {}
    expected: list[int] = []
    path = tmp_path / "udp.pcapng"
    with PcapngWriter(path) as writer:
        writer.add_interface(101)
        for n in range(300):
            pair = rng.choice((5001, 5002)), rng.choice((24010, 24011))
            if pair in open_:
                body, ends = f"0000000401020304{0:016x}", pair[::-1]
                expected.append(open_.pop(pair))
            else:
                body, ends = f"003f000000000400 04{n:08x}{0:016x}", pair
                open_[pair] = n
                expected.append(-1)
            writer.write(datagram(bytes.fromhex(body), *ends), 10**18 + n * MS)
    for size in (32768, 11):
        assert [row["answers"] for row in found(path, size, CONTIC.chosen)] == expected


def datagram(data: bytes, source: int, destination: int) -> bytes:
    udp = source.to_bytes(2, "big") + destination.to_bytes(2, "big") + (len(data) + 8).to_bytes(2, "big") + b"\0\0"
    head = bytes.fromhex("4500") + (28 + len(data)).to_bytes(2, "big") + bytes.fromhex("0000000040110000")
    return head + bytes([10, 0, 0, 1]) + bytes([10, 0, 0, 1]) + udp + data


def test_the_same_request_again(tmp_path: Path) -> None:
    path = tmp_path / "again.pcapng"
    ask = datagram(bytes.fromhex("00300000" + "00000001" + "00" * 8), 5001, 24010)
    with PcapngWriter(path) as writer:
        writer.add_interface(101)
        for n in range(3):
            # IP numbers each datagram anew: what is sent again is the message.
            writer.write(ask[:4] + n.to_bytes(2, "big") + ask[6:], 10**18 + n * 1000 * MS)
    rows = found(path, 32768, CONTIC.chosen)
    assert [row["attempt"] for row in rows] == [0, 1, 2]
    assert [row["first"] for row in rows] == [-1, 0, 0]
