# SPDX-License-Identifier: GPL-2.0-or-later
"""The same LPDU in everything that can carry it, assembled by hand from interfaces.md and the link-type documents."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.capture import CaptureError, PcapngWriter
from tests.conftest import CAPTURES
from tests.tshark import fields

LPDU = bytes.fromhex("0109018501834f02829f00c48727")  # vector nv_ackd_with_crc
CNIP = struct.pack(">HBBBBHIII", 20 + len(LPDU), 1, 1, 0, 0, 0, 0x11223344, 1, 0) + LPDU


def udp(payload: bytes, port: int = 1628) -> bytes:
    return struct.pack(">HHHH", port, port, 8 + len(payload), 0) + payload


def ipv4(payload: bytes, options: bytes = b"", fragment: int = 0) -> bytes:
    length = 20 + len(options) + len(payload)
    head = struct.pack(">BBHHHBBH", 0x45 + len(options) // 4, 0, length, 7, fragment, 64, 17, 0)
    return head + b"\x0a\x00\x00\x01" + b"\x0a\x00\x00\x02" + options + payload


def ipv6(payload: bytes, next_header: int = 17) -> bytes:
    return (
        struct.pack(">IHBB", 0x60000000, len(payload), next_header, 64)
        + bytes(15)
        + b"\1"
        + bytes(15)
        + b"\2"
        + payload
    )


ETHERNET = bytes.fromhex("020000000002 020000000001".replace(" ", ""))
NI = bytes([0x1A, len(LPDU)]) + LPDU
TAG = b"\x00\x0e\x00\x10cnip.protocol\0\0\0" + b"\x00\x20\x00\x04\0\0\0\0" + bytes(4)

CARRIERS: dict[str, tuple[int, bytes]] = {
    "native": (147, LPDU),
    "NI record": (149, NI),
    "NI record, phase and signal": (149, bytes([0x1C, len(LPDU) + 3, 0x81]) + LPDU + b"\x04\x55"),
    "NI record, extended length": (149, bytes([0x1A, 0xFF, len(LPDU), 0]) + LPDU),
    "NI record, trailing junk": (149, NI + b"\x99"),
    "ethernet": (1, ETHERNET + b"\x08\x00" + ipv4(udp(CNIP))),
    "ethernet, padded": (1, (ETHERNET + b"\x08\x00" + ipv4(udp(CNIP))).ljust(90, b"\0")),
    "ethernet, VLAN": (1, ETHERNET + b"\x81\x00\x00\x07\x08\x00" + ipv4(udp(CNIP))),
    "ethernet, two VLANs": (1, ETHERNET + b"\x88\xa8\x00\x07\x81\x00\x00\x08\x08\x00" + ipv4(udp(CNIP))),
    "ethernet, IPv6": (1, ETHERNET + b"\x86\xdd" + ipv6(udp(CNIP))),
    "IPv6 with hop-by-hop options": (229, ipv6(b"\x11\x00\x01\x04\0\0\0\0" + udp(CNIP), 0)),
    "IPv4 with options": (228, ipv4(udp(CNIP), b"\x01\x01\x01\x00")),
    "raw IP 4": (101, ipv4(udp(CNIP, 1629))),
    "raw IP 6": (101, ipv6(udp(CNIP))),
    "loopback, little endian": (0, b"\x02\0\0\0" + ipv4(udp(CNIP))),
    "loopback, big endian": (0, b"\0\0\0\x02" + ipv4(udp(CNIP))),
    "loopback, network order": (108, b"\0\0\0\x02" + ipv4(udp(CNIP))),
    "loopback, IPv6": (0, b"\x1e\0\0\0" + ipv6(udp(CNIP))),
    "cooked, lonN device": (113, struct.pack(">HHH8sH", 0, 0x0950, 6, bytes(8), 0x8950) + NI),
    "cooked 2, lonN device": (276, struct.pack(">HHIHBB8s", 0x8950, 0, 3, 0x0950, 0, 6, bytes(8)) + NI),
    "cooked, IP": (113, struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800) + ipv4(udp(CNIP))),
    "exported PDU": (252, TAG + LPDU),
}


def session(path: Path, link_type: int, *frames: bytes, **settings: Any) -> Session:
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(link_type)
        for data in frames:
            writer.write(data, 0, interface)
    return Session.open(str(path), Settings(**settings))


@pytest.mark.parametrize("name", CARRIERS)
def test_the_frame_is_found(tmp_path: Path, name: str) -> None:
    link_type, data = CARRIERS[name]
    (decoded,) = session(tmp_path / "a.pcapng", link_type, data)
    got = decoded.values
    assert (got["npdu.src_subnet"], got["npdu.src_node"], got["npdu.dst_node"]) == (1, 5, 3)
    assert (got["tpdu.transaction"], got["nv.selector"], got["nv.value"]) == (2, 0x29F, b"\x00\xc4")
    assert (got["lpdu.crc"], got["lpdu.crc_status"]) == (0x8727, 1)
    assert [f for f in decoded.findings if f.severity.value in ("error", "warn")] == []
    start = data.index(LPDU)
    crc = next(f for layer in decoded.layers for f in layer.values() if f.name == "lpdu.crc")
    assert crc.offset == start + len(LPDU) - 2
    assert "NV update 0x029f = 00c4" in decoded.info


@pytest.mark.parametrize("name", [n for n, (link, _) in CARRIERS.items() if link in (1, 101, 113, 228, 229)])
def test_tshark_finds_the_same_addresses(tmp_path: Path, name: str) -> None:
    link_type, data = CARRIERS[name]
    (decoded,) = session(tmp_path / "a.pcapng", link_type, data)
    (judged,) = fields(
        tmp_path / "a.pcapng", ["udp.srcport", "ip.src", "ipv6.src", "cnip.sessid", "ieee8021ad.id", "vlan.id"]
    )
    got = decoded.values
    assert [str(got.get("udp.src_port"))] == (judged["udp.srcport"] or ["None"])
    if judged["ip.src"]:
        assert ".".join(map(str, got["ipv4.src"])) == judged["ip.src"][0]
    if judged["cnip.sessid"]:
        assert got["cnip.session_id"] == int(judged["cnip.sessid"][0], 0)
    vlans = [f.value for layer in decoded.layers for f in layer.values() if f.name == "vlan.id"]
    assert [str(v) for v in vlans] == judged["ieee8021ad.id"] + judged["vlan.id"]


def test_udp_captures_agree_with_tshark() -> None:
    for name in ("lon_udp_dom1", "osgp_contic"):
        judged = fields(CAPTURES / f"{name}.pcap", ["ip.src", "ip.dst", "udp.srcport", "udp.dstport", "udp.length"])
        for theirs, decoded in zip(judged, Session.open(str(CAPTURES / f"{name}.pcap")), strict=True):
            got = decoded.values
            if theirs["udp.length"]:
                mine = [".".join(map(str, got["ipv4.src"])), ".".join(map(str, got["ipv4.dst"]))]
                mine += [str(got[f"udp.{n}"]) for n in ("src_port", "dst_port", "length")]
                assert mine == [theirs[n][0] for n in ("ip.src", "ip.dst", "udp.srcport", "udp.dstport", "udp.length")]


def test_an_aggregate_shows_all_its_packets(tmp_path: Path) -> None:
    second = CNIP[:12] + struct.pack(">I", 2) + CNIP[16:]
    (decoded,) = session(tmp_path / "a.pcapng", 228, ipv4(udp(CNIP + second)))
    names = [layer.name for layer in decoded.layers]
    assert names.count("cnip") == names.count("lpdu") == names.count("nv") == 2
    assert [f.offset for layer in decoded.layers for f in layer.values() if f.name == "lpdu.crc"] == [60, 94]


def test_a_fragment_is_not_read_as_something_else(tmp_path: Path) -> None:
    first, later = session(tmp_path / "a.pcapng", 228, ipv4(udp(CNIP), fragment=0x2000), ipv4(udp(CNIP), fragment=3))
    for decoded in (first, later):
        assert "npdu.src_node" not in decoded.values
        assert [f.code for f in decoded.findings if f.code.startswith("ipv4")]


def test_receive_errors_of_the_interface_are_findings(tmp_path: Path) -> None:
    (decoded,) = session(tmp_path / "a.pcapng", 149, b"\x31\x00")
    assert decoded.findings
    assert "CRC" in decoded.info


def test_a_damaged_record_with_crc_is_a_wrong_crc(tmp_path: Path) -> None:
    damaged = NI[:-3] + b"\xff" + NI[-2:]
    (decoded,) = session(tmp_path / "a.pcapng", 149, damaged)
    assert decoded.values["lpdu.crc_status"] == 0
    assert "ni" in {layer.name for layer in decoded.layers}


def test_interfaces_of_different_link_types_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "many.pcapng"
    with PcapngWriter(path) as writer:
        for link_type, data in CARRIERS.values():
            writer.write(data, 0, writer.add_interface(link_type))
        writer.write(b"\1\2\3", 0, writer.add_interface(200))
    shown = list(Session.open(str(path)))
    assert all(d.values["nv.selector"] == 0x29F for d in shown[:-1])
    assert [f.code for f in shown[-1].findings] == ["frame.link_type"]
    assert next(shown[-1].layers[0].values()).value == "010203"


def test_no_known_link_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"link type 200.*--link"):
        session(tmp_path / "a.pcapng", 200, b"\1\2")


def test_fcs_length_of_the_interface_says_that_a_crc_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with PcapngWriter(path) as writer:
        writer.write(LPDU[:-1] + b"\0", 0, writer.add_interface(147, fcs_length=2))
    (decoded,) = Session.open(str(path))
    assert [f.code for f in decoded.findings] == ["lpdu.crc_bad"]
