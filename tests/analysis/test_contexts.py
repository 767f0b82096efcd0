# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables are read with what the same meter's other tables said before, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from osgp_analyzer.app.session import Session
from osgp_analyzer.capture.writer import PcapngWriter
from tests.analysis.test_tracking import compare
from tests.conftest import load

DIGEST = bytes(8)
SUMMATIONS = 3


def request(node: int, number: int, table: int, data: bytes = b"") -> bytes:
    """A full read, or with `data` a full write, from 1/1 to 1/`node`."""
    head = bytes([0x00, 0x19, 0x01, 0x81, 0x01, 0x80 | node, 0x01, number])
    service = b"\x40" if data else b"\x30"
    count = len(data).to_bytes(2, "big") if data else b""
    return head + b"\0" + service + table.to_bytes(2, "big") + count + data + bytes(4) + DIGEST


def response(node: int, number: int, data: bytes | None, code: int = 0) -> bytes:
    """The answer; `data` is None for that to a write."""
    head = bytes([0x00, 0x19, 0x01, 0x80 | node, 0x01, 0x81, 0x01, 0x20 | number])
    body = b"" if data is None else len(data).to_bytes(2, "big") + data
    return head + bytes([0, code]) + body + DIGEST


NEURON_IDS = bytes.fromhex("001122334455"), bytes.fromhex("001122334466")


def to_neuron_id(neuron_id: bytes, number: int, table: int) -> bytes:
    """A full read from 1/1, to a Neuron ID."""
    head = bytes([0x00, 0x1D, 0x01, 0x81, 0x00]) + neuron_id + bytes([0x01, number])
    return head + b"\0\x30" + table.to_bytes(2, "big") + bytes(4) + DIGEST


def proxied(target: bytes, kind: int, number: int, table: int) -> bytes:
    """A full read from 1/1 through the agent 1/9: a REQUEST to a target of this LTEP type."""
    head = bytes([0x00, 0x19, 0x01, 0x81, 0x01, 0x89, 0x01, number])
    ltep = bytes([0x4D, 0x00, kind << 5 | 3 << 2, 0x29]) + target
    return head + ltep + b"\0\x30" + table.to_bytes(2, "big") + bytes(4) + DIGEST


def dimensions(summations: int, tiers: int = 0) -> bytes:
    """BT21 with so many summations and tiers, without anything optional."""
    return bytes([0, 0, 0, summations, 0, 0, 0, tiers, 0, 0])


def registers(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def write(path: Path, frames: list[bytes]) -> Path:
    with PcapngWriter(path) as writer:
        writer.add_interface(147)
        for i, frame in enumerate(frames):
            writer.write(frame, 10**18 + i * 10**7)
    return path


def summations(session: Session, number: int) -> list[int]:
    """The summations of BT23 in a frame, by its number."""
    found = [f for layer in session[number - 1].layers for f in layer.values() if f.name.startswith("registers.")]
    return [f.value for f in found if isinstance(f.value, int)]


def codes(session: Session, number: int) -> list[str]:
    return [f.code for f in session[number - 1].findings if not f.code.startswith("lpdu.")]


@pytest.fixture
def two_meters(tmp_path: Path) -> Path:
    frames = [
        request(5, 1, 23), response(5, 1, registers(7, 8)),  # before BT21 was seen: 2
        request(5, 2, 21), response(5, 2, dimensions(2)),  # 4
        request(6, 3, 21), response(6, 3, dimensions(1, 2)),  # 6
        request(5, 4, 23), response(5, 4, registers(10, 20)),  # 8
        request(6, 5, 23), response(6, 5, registers(1, 2, 3)),  # 10
        request(7, 6, 23), response(7, 6, registers(1, 2, 3)),  # a third meter: 12
        request(5, 7, 21), response(5, 7, dimensions(1)),  # changed: 14
        request(5, 8, 23), response(5, 8, registers(30)),  # 16
        request(5, 9, 21), response(5, 9, dimensions(2), code=5),  # refused: 18
        request(5, 10, 23), response(5, 10, registers(40)),  # 20
        request(6, 11, 23), response(6, 11, registers(1)),  # shorter than its dimensions: 22
    ]  # fmt: skip
    return write(tmp_path / "two.pcapng", frames)


def test_each_meter_has_its_own(two_meters: Path) -> None:
    session = Session.open(str(two_meters))
    assert summations(session, 8) == [10, 20]
    assert summations(session, 10) == [1, 2, 3]
    assert session[7].told_by == "Read with BT21 of frame 4"
    assert session[9].told_by == "Read with BT21 of frame 6"


def test_what_was_not_seen_is_not_guessed(two_meters: Path) -> None:
    session = Session.open(str(two_meters))
    for number in (2, 12):
        assert summations(session, number) == []
        assert codes(session, number) == ["bt23.unknown_size"]


def test_the_latest_holds_and_a_refused_read_tells_nothing(two_meters: Path) -> None:
    session = Session.open(str(two_meters))
    assert summations(session, 16) == [30]
    assert summations(session, 20) == [40]
    assert session[19].told_by == "Read with BT21 of frame 14"


def test_dimensions_that_contradict_the_data(two_meters: Path) -> None:
    session = Session.open(str(two_meters))
    assert summations(session, 22) == [1]
    assert codes(session, 22) == ["registers.ends_early"]


def test_in_any_order(two_meters: Path) -> None:
    session = Session.open(str(two_meters))
    assert [summations(session, n) for n in (20, 8, 2, 16, 10)] == [[40], [10, 20], [], [30], [1, 2, 3]]


@pytest.mark.parametrize("size", [32768, 5, 1])
def test_columns_say_the_same(two_meters: Path, size: int) -> None:
    compare(two_meters, size)


def test_meters_behind_an_agent(tmp_path: Path) -> None:
    """All answers come from the agent: the target of the request tells whose they are, by address or Neuron ID."""
    one, other = (b"\1" + neuron_id for neuron_id in NEURON_IDS)
    frames = [
        proxied(b"\1\x15", 1, 1, 21), response(9, 1, dimensions(1)),
        proxied(b"\1\x16", 1, 2, 21), response(9, 2, dimensions(2)),
        proxied(one, 2, 3, 21), response(9, 3, dimensions(3)),
        proxied(b"\1\x15", 1, 4, 23), response(9, 4, registers(1)),  # 8
        proxied(b"\1\x16", 1, 5, 23), response(9, 5, registers(1, 2)),  # 10
        proxied(one, 2, 6, 23), response(9, 6, registers(1, 2, 3)),  # 12
        proxied(other, 2, 7, 23), response(9, 7, registers(1, 2, 3)),  # 14
        proxied(NEURON_IDS[0], 6, 8, 23), response(9, 8, registers(4, 5, 6)),  # the same one, compact: 16
        request(0x15, 9, 23), response(0x15, 9, registers(7)),  # the first one without an agent: 18
    ]  # fmt: skip
    path = write(tmp_path / "proxied.pcapng", frames)
    session = Session.open(str(path))
    found = {number: summations(session, number) for number in range(8, 20, 2)}
    assert found == {8: [1], 10: [1, 2], 12: [1, 2, 3], 14: [], 16: [4, 5, 6], 18: [7]}
    compare(path, 32768)
    compare(path, 5)


def test_meters_without_an_address(tmp_path: Path) -> None:
    """Read by Neuron ID they answer as 0/0."""
    one, other = NEURON_IDS
    frames = [
        to_neuron_id(one, 1, 21), response(0, 1, dimensions(1)),
        to_neuron_id(other, 2, 21), response(0, 2, dimensions(2)),
        to_neuron_id(one, 3, 23), response(0, 3, registers(5)),
        to_neuron_id(other, 4, 23), response(0, 4, registers(6, 7)),
    ]  # fmt: skip
    frames = [bytes([*f[:2], 0, *f[3:]]) if f[1] == 0x19 else f for f in frames]  # subnet 0
    path = write(tmp_path / "new.pcapng", frames)
    session = Session.open(str(path))
    assert [summations(session, number) for number in (6, 8)] == [[5], [6, 7]]
    compare(path, 32768)


def test_a_result_names_the_frame_that_started_the_procedure(tmp_path: Path) -> None:
    """BT07 of the guide's example (MEP p.53: EP17, sequence number 7), and results of it and of another one."""
    example = next(item for item in load("real_payloads.json") if item["id"] == "mepg-bt07-ep17")
    start = bytes.fromhex(example["request_hex"])[7:13]
    frames = [
        request(5, 1, 7, start), response(5, 1, None),
        request(5, 2, 8), response(5, 2, bytes([0x11, 0x08, 7, 0])),
        request(5, 3, 8), response(5, 3, bytes([0x11, 0x08, 6, 0])),
        request(6, 4, 8), response(6, 4, bytes([0x11, 0x08, 7, 0])),
    ]  # fmt: skip
    path = write(tmp_path / "procedure.pcapng", frames)
    session = Session.open(str(path))
    started = [session[i].layers[-1].values() for i in (3, 5, 7)]
    assert [[f.value for f in found if f.name == "bt08.initiated_in"] for found in started] == [[1], [], []]
    compare(path, 32768)
    compare(path, 3)
