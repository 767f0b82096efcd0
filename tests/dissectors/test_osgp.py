# SPDX-License-Identifier: GPL-2.0-or-later
"""OSGP messages against what their sender knew, and against the only published digest vector."""

from __future__ import annotations

from typing import Any

import pytest

from dissectors.layers import layer_class, with_request
from dissectors.osgp.names import TABLES
from osgp_analyzer.engines.scapy.tree import values
from tests.conftest import load

FRAMES = load("sidecars/osgp_contic.json")["frames"]


def as_request(apdu: str) -> Any:
    return layer_class("SPDU")(b"\x00" + bytes.fromhex(apdu))


def as_response(apdu: str, request: Any) -> Any:
    return with_request(layer_class("SPDU")(b"\x20" + bytes.fromhex(apdu)), request)


def exchanges() -> list[tuple[Any, Any]]:
    """Each request with its response, None where there is none."""
    found: list[tuple[Any, Any]] = []
    for frame in FRAMES:
        if frame["dir"] == "request":
            found.append((frame, None))
        else:
            place = max(i for i, (asked, _) in enumerate(found) if asked["unit_port"] == frame["unit_port"])
            found[place] = (found[place][0], frame)
    return found


@pytest.mark.parametrize(
    "frame", [f for f in FRAMES if "table" in f and not f.get("tampered")], ids=lambda f: str(f["frame"])
)
def test_requests(frame: dict[str, Any]) -> None:
    packet = as_request(frame["apdu"])
    found = values(packet)
    assert found["osgp.service"] == {"fr": 0x30, "pr": 0x3F, "fw": 0x40, "pw": 0x4F}[frame["service"]]
    assert (found["osgp.table"], found["osgp.sequence"]) == (frame["table"], frame["sequence"])
    assert found["osgp.digest"].hex() == frame["digest"]
    assert found.get("osgp.offset", 0) == frame["offset"]
    assert found.get("osgp.count", 0) == frame["count"]
    assert found.get("osgp.data", b"").hex() == (frame["data"] if frame["service"] in ("fw", "pw") else "")
    assert packet.frame_findings() == []
    assert bytes(packet) == b"\x00" + bytes.fromhex(frame["apdu"])


@pytest.mark.parametrize(
    "pair", [p for p in exchanges() if p[1] and p[1].get("response_code", -1) >= 0], ids=lambda p: str(p[1]["frame"])
)
def test_responses(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    asked, frame = pair
    packet = as_response(frame["apdu"], as_request(asked["apdu"]))
    found = values(packet)
    assert found["osgp.response"] == frame["response_code"]
    assert found["osgp.request_table"] == asked["table"]
    assert found["osgp.digest"].hex() == frame["apdu"][-16:]
    read = asked["service"] in ("fr", "pr")
    assert found.get("osgp.count") == (frame["count"] if read else None)
    assert found.get("osgp.data", b"").hex() == frame["data"]
    assert [f for f in packet.frame_findings() if f.code.startswith(("osgp.", "apdu.", "spdu."))] == []


@pytest.mark.parametrize(
    "pair", [p for p in exchanges() if p[1] and p[1].get("response_code", 0) < 0], ids=lambda p: str(p[1]["frame"])
)
def test_one_octet_answers_to_what_was_tampered_with(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    asked, frame = pair
    assert frame["apdu"] == "00"
    found = values(as_response("00", as_request(asked["apdu"])))
    assert found["apdu.code"] == 0
    assert "osgp.response" not in found


def test_all_of_the_capture_is_covered() -> None:
    pairs = exchanges()
    assert len(FRAMES) == 117
    assert sum(1 for asked, _ in pairs if not asked.get("tampered", "")) > 50
    assert sum(1 for _, answer in pairs if answer) > 50


def test_the_published_digest_vector_is_a_read_of_bt03() -> None:
    """osgp.md 2.4: the input of the digest, split as its sequence of request and response."""
    request = as_request("003000037F30EA6D" + "00" * 8)
    found = values(request)
    assert TABLES[found["osgp.table"]] == "BT03 End Device Mode Status"
    assert found["osgp.sequence"] == 0x7F30EA6D
    answer = values(as_response("0000000D0020980031C300080000000000" + "DBE5CDE507B1CB3D", request))
    assert (answer["osgp.response"], answer["osgp.count"]) == (0, 13)
    assert answer["osgp.data"].hex() == "0020980031c300080000000000"
    assert answer["osgp.digest"].hex() == "dbe5cde507b1cb3d"


def test_a_sequence_number_that_is_not_expected() -> None:
    """The message of the MEP guide (p.15) as it would be on the power line."""
    request = as_request("003F0017000000002C01020304" + "74861F6D7658DD56")
    packet = as_response("000C77635B90" + "35863C1DF5B91482", request)
    found = values(packet)
    assert (found["osgp.response"], found["osgp.sequence"]) == (0x0C, 0x77635B90)
    assert "use 0x77635b90" in packet.payload.payload.mysummary()
    field = next(f for f in packet.payload.payload.definition.fields if f.name == "sequence")
    assert field.source.certainty.value == "inferred"


def test_through_a_repeater() -> None:
    """osgp.md 3: the walk-through of a proxied read, hop by hop; the inner message is the same all the way."""
    inner = "0030000300000010AABBCCDDEEFF0011"
    for head in ("4D020109010C384C29000400112233 44", "4D01010C384C2900040011223344", "4D004C2900040011223344"):
        found = values(as_request(head.replace(" ", "") + inner))
        assert (found["osgp.service"], found["osgp.table"], found["osgp.sequence"]) == (0x30, 3, 16)
    proxied = as_request("4D004C2900040011223344" + inner)
    answer = values(as_response("0000000D" + "00" * 13 + "11" * 8, proxied))
    assert (answer["osgp.count"], answer["osgp.request_table"]) == (13, 3)


@pytest.mark.parametrize("size", range(1, 16))
def test_cut_off_anywhere(size: int) -> None:
    whole = "003040010001a2b19817440a8cf6bd12"
    packet = as_request(whole[: 2 * size])
    if size > 1:
        assert [f.code for f in packet.frame_findings()] == ["osgp.truncated"]
        assert packet.frame_findings()[0].offset <= size + 1


def test_other_applications_keep_their_code() -> None:
    assert "osgp.service" not in values(as_request("00" + "77" * 15))
    assert "osgp.response" not in values(as_response("0000", as_request("00" + "77" * 15)))


def test_discovery() -> None:
    packet = layer_class("APDU")(bytes.fromhex("4507050011223344aabb"))
    assert values(packet)["atm.source"].hex(":") == "05:00:11:22:33:44"
    assert [f.code for f in packet.frame_findings()] == ["atm.body_unknown"]


def test_names_of_tables() -> None:
    assert TABLES[23] == "BT23 Current Register Data"
    assert TABLES[0x0834] == "ET52 MEP Transaction Request"
    assert TABLES[4150] == "BT54 Calendar, pending"
    assert TABLES[6191] == "ET47 Calendar Override, pending"
