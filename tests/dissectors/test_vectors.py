# SPDX-License-Identifier: GPL-2.0-or-later
"""Every field of the hand-made, cross-checked vectors, every real datagram, every CRC vector."""

from __future__ import annotations

from typing import Any

import pytest

from dissectors.layers import CNIP, LPDU
from dissectors.procedures import crc16
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.tree import layers, values
from tests.conftest import load

FRAMES = load("frames.json")
KNOWN = [f for f in FRAMES if f["link"] in ("lon", "lon+crc", "cnip")]

# Names of Wireshark's fields that are one of ours whatever the layer; others are looked at one by one below.
SAME = {
    "lon.prio": "lpdu.priority",
    "lon.alt_path": "lpdu.alt_path",
    "lon.delta_bl": "lpdu.delta_backlog",
    "lon.vers": "npdu.version",
    "lon.pdufmt": "npdu.pdu_type",
    "lon.addrfmt": "npdu.address_format",
    "lon.domainlen": "npdu.domain_length",
    "lon.encapsulated_ip": "npdu.encapsulated_ip",
    "lon.srcnet": "npdu.src_subnet",
    "lon.srcnode": "npdu.src_node",
    "lon.dstnet": "npdu.dst_subnet",
    "lon.dstnode": "npdu.dst_node",
    "lon.dstgrp": "npdu.dst_group",
    "lon.grp": "npdu.group",
    "lon.grpmem": "npdu.member",
    "lon.domain": "npdu.domain",
    "lon.tpdu_type": "tpdu.type",
    "lon.spdu_type": "spdu.type",
    "lon.nv.dir": "nv.direction",
    "lon.nv.selector": "nv.selector",
    "lon.authpdu_addrfmt": "authpdu.format",
    "lon.authpdu_type": "authpdu.type",
    "lon.auth_group": "authpdu.group",
    "lon.name": "nm.service_pin.program_id",
    "cnip.len": "cnip.packet_length",
    "cnip.type": "cnip.type",
    "cnip.exth": "cnip.extended_header_size",
    "cnip.sec": "cnip.security",
    "cnip.protocol": "cnip.protocol_code",
    "cnip.vendorcode": "cnip.vendor_code",
    "cnip.sessid": "cnip.session_id",
    "cnip.seqno": "cnip.sequence",
    "cnip.tstamp": "cnip.timestamp",
}


# Not whole: without a cache they cannot be built again.
CUT = ("truncated_npdu", "v1_encapsulated_ip", "ff_45", "ff_4a")


def dissect(vector: dict[str, Any]) -> Any:
    data = bytes.fromhex(vector["hex"])
    if vector["link"] == "cnip":
        return CNIP(data)
    return LPDU(data, knowledge=Knowledge(crc=None))


def application_data(packet: Any, frame: bytes) -> str:
    """What follows the APDU code, or the NV header, as hex: every byte of it, whichever layer reads it."""
    tree = list(layers(packet, frame))
    names = [layer.name for layer in tree]
    at = names.index("nv") if "nv" in names else names.index("apdu")
    start = tree[at].offset + (2 if names[at] == "nv" else 1)
    first = tree[0]
    crc = next((f for f in first.values() if f.name == "lpdu.crc"), None) or next(
        (f for layer in tree for f in layer.values() if f.name == "lpdu.crc"), None
    )
    end = crc.offset if crc is not None and crc.offset is not None else len(frame)
    return frame[start:end].hex()


def outermost(packet: Any, frame: bytes) -> dict[str, Any]:
    """The first value of each field, bytes as hex: Wireshark's fields are those of the outer message."""
    found: dict[str, Any] = {}
    for layer in layers(packet, frame):
        for field in layer.values():
            found.setdefault(field.name, field.value)
    return found


@pytest.mark.parametrize("vector", KNOWN, ids=lambda v: v["name"])
def test_every_reference_field(vector: dict[str, Any]) -> None:
    packet = dissect(vector)
    frame = bytes.fromhex(vector["hex"])
    found = outermost(packet, frame)
    wrong = {}
    for key, expected in vector["reference"].items():
        if key in SAME:
            got = found.get(SAME[key])
        elif key == "lon.uid":
            got = found.get("npdu.neuron_id", found.get("nm.service_pin.neuron_id"))
        elif key == "lon.trans_no":
            got = next(found[f"{n}.transaction"] for n in ("tpdu", "spdu", "authpdu") if f"{n}.transaction" in found)
        elif key == "lon.auth":
            got = next(found[f"{n}.auth"] for n in ("tpdu", "spdu") if f"{n}.auth" in found)
        elif key == "lon.spdu.mlen":
            got = found.get("tpdu.m_list_length", found.get("spdu.m_list_length"))
        elif key == "lon.spdu.mlist":
            got = found.get("tpdu.m_list", found.get("spdu.m_list"))
        elif key == "lon.auth_value":
            got = found.get("authpdu.challenge", found.get("authpdu.reply"))
        elif key == "cnip.ver":
            got = frame[2]
        elif key == "cnip.pf":
            got = frame[5]
        elif key == "lon.code":
            # Wireshark masks the code of foreign frames to 4 bits, and of application messages to 6.
            got = found["apdu.code"] & 0x0F if 0x40 <= found["apdu.code"] <= 0x4F else found["apdu.code"]
        elif key == "data.data" and "lon.name" in vector["reference"]:
            continue  # the body of a service pin message is not data
        elif key == "data.data":
            if vector["link"] == "cnip" and found.get("lpdu.crc_status") == 1:
                # The reference keeps Wireshark's habit of taking the CRC for data on CN/IP.
                expected = expected[:-4]
            got = application_data(packet, frame) if vector["link"] != "cnip" else found["nv.value"]
        else:
            raise AssertionError(f"no rule for {key}")
        if got != expected:
            wrong[key] = (got, expected)
    assert not wrong


@pytest.mark.parametrize("vector", [v for v in KNOWN if v["name"] not in CUT], ids=lambda v: v["name"])
def test_builds_what_it_dissected(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    assert bytes(dissect(vector)) == data
    rebuilt = dissect(vector)
    rebuilt.clear_cache()  # every byte from the field values
    assert bytes(rebuilt) == data


@pytest.mark.parametrize("datagram", load("real_cnip_datagrams.json")["datagrams"], ids=lambda d: d["name"])
def test_real_datagrams(datagram: dict[str, str]) -> None:
    data = bytes.fromhex(datagram["hex"])
    packet = CNIP(data)
    found = values(packet)
    assert found["cnip.session_id"] == 0x6B8B4567
    expected: dict[str, dict[str, Any]] = {
        "tpdu_ackd_nv_update": {
            "cnip.sequence": 0,
            "lpdu.priority": 0,
            "lpdu.delta_backlog": 1,
            "tpdu.type": 0,
            "tpdu.transaction": 3,
            "npdu.src_subnet": 1,
            "npdu.src_node": 42,
            "npdu.dst_node": 41,
            "npdu.domain": b"\x01",
            "nv.direction": 0,
            "nv.selector": 0x010D,
            "nv.value": b"\x00\xca",
            "lpdu.crc_status": 2,
        },
        "tpdu_ack": {
            "cnip.sequence": 1,
            "tpdu.type": 2,
            "tpdu.transaction": 3,
            "npdu.src_node": 41,
            "npdu.dst_node": 42,
        },
        "apdu_unackd_nv_unbound": {
            "cnip.sequence": 0x17,
            "npdu.src_node": 73,
            "npdu.dst_node": 29,
            "nv.selector": 0x3FFF,
            "nv.value": b"\x00\x00\x02",
        },
        "broadcast_truncated": {
            "cnip.sequence": 0x4F3,
            "lpdu.priority": 1,
            "npdu.address_format": 0,
            "npdu.src_subnet": 0,
        },
    }[datagram["name"]]
    assert {name: found.get(name) for name in expected} == expected
    truncated = [f for f in packet.frame_findings() if f.code.endswith(".truncated")]
    assert bool(truncated) == (datagram["name"] == "broadcast_truncated")
    if truncated:
        assert truncated[0].offset == len(data)


@pytest.mark.parametrize("vector", load("crc16.json")["vectors"], ids=lambda v: v["wire"][-8:] or "empty")
def test_crc(vector: dict[str, str]) -> None:
    assert crc16(bytes.fromhex(vector["lpdu"])) == int(vector["crc"], 16)


def test_crc_against_an_independent_implementation() -> None:
    from crccheck.crc import Crc16Genibus

    for size in range(64):
        data = bytes((size * 7 + i * 31) % 256 for i in range(size))
        assert crc16(data) == Crc16Genibus.calc(data)
