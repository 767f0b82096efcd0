# SPDX-License-Identifier: GPL-2.0-or-later
"""Every frame of every capture against what its sender knew (captures/README.md)."""

from __future__ import annotations

from typing import Any

import pytest

from osgp_analyzer.app.options import settings
from osgp_analyzer.app.session import Session
from tests.conftest import CAPTURES, load, of_messages

NATIVE = ["native_lpdu", "ltep_lpdu", "example1_lpdu"]
SERVICE = {
    "ACKD": ("tpdu.type", 0),
    "UNACKD_RPT": ("tpdu.type", 1),
    "ACK": ("tpdu.type", 2),
    "REQUEST": ("spdu.type", 0),
    "RESPONSE": ("spdu.type", 2),
    "REMINDER": (None, 4),
    "REM_MSG": (None, 5),
}
AUTH_TYPES = {"CHALLENGE": 0, "CHALLENGE_OMA": 1, "REPLY": 2, "REPLY_OMA": 3}


def apdu_of(decoded: Any) -> str:
    """The application PDU as it was in the frame: from the first application layer to the CRC."""
    layer = next((n for n in decoded.layers if n.name in ("apdu", "nv")), None)
    if layer is None:
        return ""
    crc = next((f.offset for n in decoded.layers for f in n.values() if f.name == "lpdu.crc"), len(decoded.frame.data))
    return str(decoded.frame.data[layer.offset : crc].hex())


def check_common(f: dict[str, Any], decoded: Any) -> None:
    got = decoded.values
    assert (got["npdu.src_subnet"], got["npdu.src_node"]) == (f["src"]["subnet"], f["src"]["node"])
    assert got["npdu.version"] == f["version"]
    assert got["lpdu.priority"] == f["priority"]
    assert {0: "TPDU", 1: "SPDU", 2: "AUTHPDU", 3: "APDU"}[got["npdu.pdu_type"]] == f["pdu_type"].upper()
    destination = f["dst"]
    match destination["mode"]:
        case "subnet_node":
            assert (got["npdu.dst_subnet"], got["npdu.dst_node"]) == (destination["subnet"], destination["node"])
            assert got["npdu.address_format"] == 2
        case "broadcast":
            assert got["npdu.dst_subnet"] == destination["subnet"]
            assert got["npdu.address_format"] == 0
        case "group":
            assert got["npdu.dst_group"] == destination["group"]
        case "group_ack":
            assert (got["npdu.dst_subnet"], got["npdu.dst_node"]) == (destination["subnet"], destination["node"])
            assert (got["npdu.group"], got["npdu.member"]) == (destination["group"], destination["member"])
        case "unique_id":
            assert got["npdu.neuron_id"].hex() == destination["uid"]
            assert got["npdu.dst_subnet"] == destination["subnet"]
        case other:
            raise AssertionError(f"no rule for {other}")
    if f.get("trans") is not None:
        number = next(got[f"{n}.transaction"] for n in ("tpdu", "spdu", "authpdu") if f"{n}.transaction" in got)
        assert number == f["trans"]
    message = f["msg"]
    if message in SERVICE:
        name, value = SERVICE[message]
        assert got[name] == value if name else value in (got.get("tpdu.type"), got.get("spdu.type"))
    elif message == "UNACKD":
        assert got["npdu.pdu_type"] == 3
    elif message in AUTH_TYPES:
        assert got["authpdu.type"] == AUTH_TYPES[message]
        assert got["authpdu.format"] == f["fmt"]
        key = message.split("_")[0].lower()
        assert got[f"authpdu.{key}"].hex() == f[key]
        assert got.get("authpdu.group") == f.get("auth_group")
    else:
        raise AssertionError(f"no rule for {message}")
    if f.get("auth") is not None and ("tpdu.auth" in got or "spdu.auth" in got):
        assert got.get("tpdu.auth", got.get("spdu.auth")) == f["auth"]
    if f.get("mlist"):
        assert got.get("tpdu.m_list", got.get("spdu.m_list")).hex() == f["mlist"]
    if "apdu" in f:
        assert apdu_of(decoded) == f["apdu"]


@pytest.mark.parametrize("name", NATIVE)
def test_native(name: str) -> None:
    frames = load(f"sidecars/{name}.json")["frames"]
    session = Session.open(str(CAPTURES / f"{name}.pcap"))
    shown = list(session)
    assert len(shown) == len(frames)
    for f, decoded in zip(frames, shown, strict=True):
        got = decoded.values
        assert decoded.frame.data.hex() == f["hex"]
        check_common(f, decoded)
        assert got["lpdu.alt_path"] == f["alt_path"]
        assert got["lpdu.delta_backlog"] == f["delta_backlog"]
        assert got["npdu.domain"].hex() == f["domain"]["id"]
        assert got["lpdu.crc"] == int(f["crc"], 16)
        assert got["lpdu.crc_status"] == 1


@pytest.mark.parametrize("name", ["lon_udp_dom1", "lon_udp_dom0"])
def test_lon_udp(name: str) -> None:
    frames = load(f"sidecars/{name}.json")["frames"]
    shown = [d for d in Session.open(str(CAPTURES / f"{name}.pcap")) if any(n.name == "lonudp" for n in d.layers)]
    assert len(shown) == len(frames)
    for f, decoded in zip(frames, shown, strict=True):
        udp = next(n for n in decoded.layers if n.name == "udp")
        assert decoded.frame.data[udp.offset + 8 :].hex()[: len(f["udp_payload"])] == f["udp_payload"]
        check_common(f, decoded)


CONTIC = load("sidecars/osgp_contic.json")["frames"]


@pytest.fixture(scope="module")
def contic() -> list[Any]:
    chosen = settings((), decode_as=[("udp.port", range(24010, 24012), "apdu")])
    return list(Session.open(str(CAPTURES / "osgp_contic.pcap"), chosen))


@pytest.mark.parametrize("frame", CONTIC, ids=lambda f: f"{f['frame']} {f['dir']}")
def test_contic_over_udp(frame: dict[str, Any], contic: list[Any]) -> None:
    """Every message, decoded as the user says that the ports are to be read."""
    decoded = contic[frame["frame"] - 1]
    got = decoded.values
    if frame["dir"] == "request" and "service" in frame and frame["tampered"] in ("", "digest"):
        assert got["osgp.service"] == {"fr": 0x30, "pr": 0x3F, "fw": 0x40, "pw": 0x4F}[frame["service"]]
        assert (got["osgp.table"], got["osgp.sequence"]) == (frame["table"], frame["sequence"])
        assert got["osgp.digest"].hex() == frame["apdu"][-16:]
        assert (got.get("osgp.offset", 0), got.get("osgp.count", 0)) == (frame["offset"], frame["count"])
        assert got.get("osgp.data", b"").hex() == (frame["data"] if frame["service"] in ("fw", "pw") else "")
        assert of_messages(decoded.findings) == []
    elif frame.get("response_code", -1) >= 0:
        asked = next(f for f in CONTIC if f["dir"] == "request" and f.get("n") == frame["n"] and _same_meter(f, frame))
        assert (got["osgp.response"], got["osgp.digest"].hex()) == (frame["response_code"], frame["apdu"][-16:])
        assert (decoded.request, got["osgp.request_table"]) == (asked["frame"], asked["table"])
        read = frame["to"] in ("fr", "pr")
        assert (got.get("osgp.count"), got.get("osgp.data", b"").hex()) == (
            frame["count"] if read else None,
            frame["data"],
        )
        assert of_messages(decoded.findings) == []
    elif frame["dir"] == "response" and frame["apdu"] == "00":
        assert "osgp.response" not in got
        assert got["osgp.direction"] == 1
    else:
        assert got["apdu.code"] == int(frame["apdu"][:2], 16)
        assert got["osgp.direction"] == (0 if frame["dir"] == "request" else 1)


def _same_meter(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["unit_port"] == other["unit_port"])


def test_contic_payloads_are_reached() -> None:
    frames = load("sidecars/osgp_contic.json")["frames"]
    shown = list(Session.open(str(CAPTURES / "osgp_contic.pcap")))
    assert len(shown) == len(frames)
    for f, decoded in zip(frames, shown, strict=True):
        assert (decoded.values["udp.src_port"], decoded.values["udp.dst_port"]) == (f["src_port"], f["dst_port"])
        data = next(n for n in decoded.layers if n.name == "data")
        assert next(data.values()).value == f["apdu"]
