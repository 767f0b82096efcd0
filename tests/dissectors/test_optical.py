# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets of the optical port against what their publishers say of them, and what single bytes and damage do."""

from __future__ import annotations

import random
from typing import Any

import pytest
from crccheck.crc import CrcX25

from dissectors.layers import layer_class, with_request
from dissectors.procedures import crc_x25, packet_start
from osgp_analyzer.engines.scapy.tree import layers, values
from tests.conftest import load, of_messages

ITEMS = {item["id"]: item for item in load("real_payloads.json") if item["kind"] == "c1218-frame"}
FRAMES = {name: bytes.fromhex(item["hex"]) for name, item in ITEMS.items()}


def optical(data: bytes | str) -> Any:
    packet = layer_class("Optical")(_internal=1)
    packet.frame_offset = 0
    packet.dissect(bytes.fromhex(data) if isinstance(data, str) else data)
    return packet


def codes(packet: Any) -> list[str]:
    return [f.code for f in of_messages(packet.frame_findings())]


def field(packet: Any, name: str) -> Any:
    """All values of a field in a packet."""
    return [f.value for layer in layers(packet, packet.original) for f in layer.values() if f.name == name]


@pytest.mark.parametrize("name", FRAMES)
def test_length_and_crc(name: str) -> None:
    """The publisher of one frame put other bytes in it, and says so."""
    packet = optical(FRAMES[name])
    found = values(packet)
    assert found["c1218.length"] == len(FRAMES[name]) - 8
    assert found["c1218.crc_status"] == int(ITEMS[name]["verified"]["crc_ok"])
    assert ("c1218.crc_bad" in codes(packet)) == (name == "opt-ireye-ident-rsp")
    assert bytes(packet) == FRAMES[name]


# Control byte: several packets, first, toggle; then the number of packets that follow.
CONTROL = {
    "opt-ireye-logon": (0, 0, 1, 0),
    "opt-ireye-ident-req": (0, 0, 0, 0),
    "opt-ohb-bt00-p1": (1, 1, 0, 1),
    "opt-ohb-bt00-p2": (1, 0, 1, 0),
    "c1218-sdk-neg-req": (0, 0, 1, 0),
}


@pytest.mark.parametrize("name", CONTROL)
def test_control(name: str) -> None:
    found = values(optical(FRAMES[name]))
    assert tuple(found[f"c1218.{n}"] for n in ("multi_packet", "first", "toggle", "sequence")) == CONTROL[name]


SERVICES: dict[str, dict[str, Any]] = {
    "opt-ireye-ident-req": {"osgp.service": 0x20},
    "opt-ireye-logon": {"osgp.service": 0x50, "c1218.session.user_id": 99, "c1218.session.user": "fixeduser"},
    "opt-ohb-logon": {"osgp.service": 0x50, "c1218.session.user_id": 1, "c1218.session.user": "0000"},
    "opt-ireye-logoff": {"osgp.service": 0x52},
    "opt-ireye-terminate": {"osgp.service": 0x21},
    "opt-ireye-read23-req": {"osgp.service": 0x3F, "osgp.table": 23, "osgp.offset": 0, "osgp.count": 8},
    "opt-ohb-negotiate": {"osgp.service": 0x61, "c1218.session.packet_size": 64, "c1218.session.packets": 2},
    "c1218-sdk-neg-req": {"osgp.service": 0x61, "c1218.session.packet_size": 1024, "c1218.session.packets": 128},
    "opt-ohb-security": {"osgp.service": 0x51, "c1218.session.password": b"0123456789abcdefghij"},
}


@pytest.mark.parametrize("name", SERVICES)
def test_requests(name: str) -> None:
    packet = optical(FRAMES[name])
    found = values(packet)
    assert {key: found[key] for key in SERVICES[name]} == SERVICES[name]
    assert found["osgp.direction"] == 0
    assert codes(packet) == []
    if found["osgp.service"] == 0x61:
        assert field(packet, "c1218.session.baud_rates") == [[6]]


# Response -> the request it belongs to, and what it says.
RESPONSES: dict[str, tuple[str, dict[str, Any]]] = {
    "opt-ireye-ok-t": ("opt-ireye-logon", {"osgp.response": 0, "osgp.request_service": 0x50}),
    "opt-ireye-ok": ("opt-ireye-terminate", {"osgp.response": 0, "osgp.request_service": 0x21}),
    "opt-ireye-ident-rsp": ("opt-ireye-ident-req", {"osgp.response": 0, "c1218.session.standard": 0}),
    "opt-ohb-ident-rsp": (
        "opt-ireye-ident-req",
        {"c1218.session.standard": 0, "c1218.session.version": 2, "c1218.session.revision": 0},
    ),
    "c1218-sdk-ident-rsp": (
        "opt-ireye-ident-req",
        {"c1218.session.standard": 0, "c1218.session.version": 1, "c1218.session.revision": 0},
    ),
    "c1218-sdk-neg-rsp": (
        "c1218-sdk-neg-req",
        {"c1218.session.packet_size": 1024, "c1218.session.packets": 128, "c1218.session.baud_rate": 6},
    ),
    "opt-ireye-read23-rsp": (
        "opt-ireye-read23-req",
        {
            "osgp.response": 0,
            "osgp.request_table": 23,
            "osgp.count": 8,
            "osgp.data": bytes.fromhex("fb1304024d891a00"),
            "c1218.checksum": 0xFC,
            "c1218.checksum_status": 1,
        },
    ),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_responses(name: str) -> None:
    request, expected = RESPONSES[name]
    packet = with_request(optical(FRAMES[name]), optical(FRAMES[request]))
    found = values(packet)
    assert {key: found[key] for key in expected} == expected
    assert found["osgp.direction"] == 1
    assert codes(packet) == (["c1218.crc_bad"] if name == "opt-ireye-ident-rsp" else [])


def test_all_frames_are_named() -> None:
    assert SERVICES.keys() | RESPONSES.keys() | {"opt-ohb-bt00-p1", "opt-ohb-bt00-p2"} == FRAMES.keys()


def test_responses_without_their_request() -> None:
    """What the length tells is said; the rest is not guessed."""
    read = optical(FRAMES["opt-ireye-read23-rsp"])
    assert (values(read)["osgp.count"], codes(read)) == (8, ["osgp.taken_for_read"])
    assert codes(optical(FRAMES["opt-ireye-ok"])) == []
    for name in ("c1218-sdk-ident-rsp", "opt-ohb-ident-rsp", "c1218-sdk-neg-rsp"):
        packet = optical(FRAMES[name])
        assert "osgp.count" not in values(packet)
        assert codes(packet) == ["c1218.session.request_unknown"]


def test_a_message_of_two_packets() -> None:
    """79 bytes of BT00 with their checksum in 56 and 27 bytes, as the publisher's test puts them together."""
    parts = [values(optical(FRAMES[name]))["c1218.fragment.data"] for name in ("opt-ohb-bt00-p1", "opt-ohb-bt00-p2")]
    assert [len(part) for part in parts] == [56, 27]
    assert values(optical(FRAMES["opt-ohb-bt00-p1"]))["osgp.direction"] == 1
    assert "osgp.direction" not in values(optical(FRAMES["opt-ohb-bt00-p2"]))
    whole = with_request(layer_class("C1218Message")(b"".join(parts)), optical("ee00000000033000001234"))
    found = values(whole)
    assert (found["osgp.response"], found["osgp.count"], found["c1218.checksum_status"]) == (0, 79, 1)
    assert found["osgp.data"][3:7] == b"ELON"


def test_one_packet_that_is_first_and_last() -> None:
    data = bytes.fromhex("ee00c000000120")
    packet = optical(data + CrcX25.calc(data).to_bytes(2, "little"))
    assert values(packet)["osgp.service"] == 0x20
    assert codes(packet) == []


def test_a_write_has_a_checksum() -> None:
    body = bytes.fromhex("4f08320000 1e 0002 0180")
    for checksum, findings in ((0x7F, []), (0x7E, ["osgp.checksum_bad"])):
        packet = layer_class("C1218Message")(body + bytes([checksum]))
        found = values(packet)
        assert (found["osgp.table"], found["osgp.offset"], found["osgp.data"].hex()) == (2098, 30, "0180")
        assert codes(packet) == findings
    request = layer_class("C1218TableRequest")(service=0x40, table=7, data=b"\x11\x08")
    assert bytes(request).hex() == "4000070002" + "1108" + "e7"


def test_rates_are_named_and_only_where_they_are() -> None:
    packet = optical(FRAMES["opt-ohb-negotiate"])
    named = (f for layer in layers(packet, packet.original) for f in layer.values())
    (rates,) = (f for f in named if f.name == "c1218.session.baud_rates")
    assert rates.text == "9600 bit/s (6)"
    assert field(optical(FRAMES["opt-ohb-security"]), "c1218.session.baud_rates") == []


def test_wait() -> None:
    assert values(layer_class("C1218Message")(b"\x70\x1e"))["c1218.session.wait"] == 30


def test_the_password_is_shown_nowhere() -> None:
    packet = optical(FRAMES["opt-ohb-security"])
    (node,) = (
        f for layer in layers(packet, packet.original) for f in layer.values() if f.name == "c1218.session.password"
    )
    assert (node.value, node.text, node.raw) == ("20 bytes, not shown", "20 bytes, not shown", b"")
    assert "0123" not in packet.show(dump=True)
    assert "0123" not in repr(packet)
    assert "3031323" not in packet.show(dump=True)


# -- single bytes, and reading that begins anywhere -------------------------------------------------------------------


@pytest.mark.parametrize(("data", "signal"), [("06", 6), ("15", 0x15), ("55555555", 0x55), ("00", 0)])
def test_single_bytes(data: str, signal: int) -> None:
    packet = optical(data)
    assert (values(packet)["optical.signal"], codes(packet)) == (signal, [])
    assert "c1218.start" not in values(packet)


def test_single_bytes_around_a_packet() -> None:
    frame = FRAMES["opt-ireye-read23-req"]
    for before, after in (("06", ""), ("", "06"), ("0655", "15"), ("55555555", "06")):
        packet = optical(bytes.fromhex(before) + frame + bytes.fromhex(after))
        found = values(packet)
        assert (found["osgp.table"], found["c1218.crc_status"], codes(packet)) == (23, 1, [])
        assert found.get("optical.signal") == (int(before[:2], 16) if before else None)
        assert found.get("optical.signal_after") == (int(after, 16) if after else None)


def test_reading_that_begins_in_the_middle() -> None:
    """At every byte of one packet, with another behind it: that one is always found."""
    first, second = FRAMES["opt-ohb-bt00-p1"], FRAMES["opt-ireye-read23-req"]
    for at in range(1, len(first)):
        packet = optical(first[at:] + second)
        assert values(packet)["osgp.table"] == 23
        assert set(codes(packet)) <= {"optical.skipped"}  # none where the rest is nothing but ACK or idle bytes
        assert packet.payload.frame_offset == len(first) - at
    alone = optical(first[20:])
    assert (codes(alone), values(alone)["optical.skipped"]) == (["optical.skipped"], first[20:])


def test_a_start_byte_in_the_data() -> None:
    """A byte 0xee that begins nothing is passed over where a packet with the right CRC follows."""
    assert packet_start(b"\x01\xee\x02\x03" + FRAMES["opt-ireye-logoff"]) == 4
    assert packet_start(b"\x01\xee\x02\x03") == 1
    assert packet_start(b"\x01\x02") == 2


def test_more_behind_a_packet() -> None:
    packet = optical(FRAMES["opt-ireye-logoff"] + b"\x06\x01\x02")
    assert codes(packet) == ["optical.trailing"]
    assert values(packet)["optical.trailing"] == b"\x01\x02"


@pytest.mark.parametrize("name", ["opt-ireye-read23-rsp", "opt-ohb-security", "opt-ohb-negotiate"])
def test_cut_anywhere(name: str) -> None:
    whole = FRAMES[name]
    for size in range(1, len(whole)):
        packet = optical(whole[:size])
        assert "c1218.truncated" in codes(packet)
        assert all(f.offset <= size for f in packet.frame_findings())
        assert "c1218.crc_status" not in values(packet)


def test_a_wrong_bit_anywhere() -> None:
    whole = FRAMES["opt-ireye-read23-rsp"]
    for bit in range(8 * 6, 8 * len(whole)):
        packet = optical(bytes(b ^ (0x80 >> bit % 8 if i == bit // 8 else 0) for i, b in enumerate(whole)))
        assert "c1218.crc_bad" in codes(packet)


def test_a_count_past_the_end() -> None:
    packet = layer_class("C1218Message")(bytes.fromhex("40000700ff1108"))
    assert [(f.code, f.offset) for f in packet.frame_findings()] == [("osgp.truncated", 5)]


def test_a_byte_that_is_no_code() -> None:
    packet = layer_class("C1218Message")(b"\x99\x01")
    assert codes(packet) == ["c1218.message.code_unknown"]


def test_the_crc_is_that_of_the_catalogue() -> None:
    """CRC-16/X-25 by another implementation; 906E is the check value of the catalogue."""
    assert crc_x25(b"123456789") == 0x906E
    rng = random.Random(25)
    for _ in range(200):
        data = rng.randbytes(rng.randrange(300))
        assert crc_x25(data) == CrcX25.calc(data)
