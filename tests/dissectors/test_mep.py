# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames of the MEP port against the examples of the guide (p.14-17, 45-53) and what real meters sent."""

from __future__ import annotations

from typing import Any

import pytest

from dissectors.layers import layer_class, with_request
from osgp_analyzer.engines.scapy.tree import layers, values
from tests.conftest import load, of_messages
from tests.engines.test_differential import compare

ITEMS = {item["id"]: item for item in load("real_payloads.json") if item["kind"] == "mep-exchange"}
TLS = {name: bytes.fromhex(text) for name, text in load("mep_tls.json").items()}


def mep(text: str | bytes) -> Any:
    packet = layer_class("MEP")(_internal=1)
    packet.frame_offset = 0
    packet.dissect(bytes.fromhex(text) if isinstance(text, str) else text)
    return packet


def codes(packet: Any) -> list[str]:
    return [f.code for f in of_messages(packet.frame_findings())]


# Guide page -> service, table, offset, count, data, sequence, digest of the request.
REQUESTS: dict[str, tuple[int, int, int | None, int, str, int, str]] = {
    "mepg-bt23-req1": (0x3F, 23, 0, 44, "", 0x01020304, "74861f6d7658dd56"),
    "mepg-bt23-req2": (0x3F, 23, 0, 44, "", 0x77635B91, "13db85a135a0575e"),
    "mepg-et50-register": (0x4F, 2048 + 50, 30, 1, "01", 0x77636E2F, "86e50e2667d1e63c"),
    "mepg-et52-tx": (
        0x4F,
        2048 + 52,
        0,
        67,
        "4300000100"
        "08003f080b000000000a08003f0014000000000a08003f0015000000000a08003f0804000037000108003f080e000000000c"
        "08003f080f000000001f0100",
        0x5B4E42E6,
        "ed6a9ceff4cc0e39",
    ),
    "mepg-et53-head": (0x3F, 2048 + 53, 0, 5, "", 0x5B4E42E7, "489775dad853e3a3"),
    "mepg-et53-full": (0x3F, 2048 + 53, 0, 111, "", 0x5B4E42E8, "1b3204497445a87a"),
    "mepg-bt07-ep17": (0x40, 7, None, 6, "11080700f803", 0x5B4E4309, "697ab201497e9cf7"),
    "mep-dab2-bt23-idx8": (0x30, 23, None, 512, "", 0x8E2C000A, "68f409baf76e212d"),
    "mep-dab10-seqerr": (0x30, 28, None, 512, "", 0xCEACE9E1, "3276b85c3770b87f"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(name: str) -> None:
    service, table, offset, count, data, sequence, digest = REQUESTS[name]
    frame = ITEMS[name]["request_hex"]
    packet = mep(frame)
    found = values(packet)
    assert (found["osgp.service"], found["osgp.table"]) == (service, table)
    assert (found.get("osgp.offset"), found["osgp.count"]) == (offset, count)
    assert found.get("osgp.data", b"").hex() == data
    assert (found["osgp.sequence"], found["osgp.digest"].hex()) == (sequence, digest)
    assert found["osgp.direction"] == 0
    assert codes(packet) == []
    assert bytes(packet).hex() == frame


def test_every_request_is_named() -> None:
    assert {name for name, item in ITEMS.items() if "request_hex" in item} == REQUESTS.keys()


# Guide page -> response code, count, data, sequence number to use, digest.
RESPONSES: dict[str, tuple[int, int | None, str, int | None, str]] = {
    "mepg-bt23-req1": (0x0C, None, "", 0x77635B90, "35863c1df5b91482"),
    "mepg-bt23-req2": (
        0,
        44,
        "00" * 16 + "0800000003" + "00" * 19 + "06000000",
        None,
        "addcb82c3d417f91",
    ),
    "mepg-et53-head": (0, 5, "6f00010100", None, "974b99caa3314519"),
    "mepg-et53-full": (
        0,
        111,
        "6f00010100"
        "0d0000000a054224050605020103f9"
        "0d0000000a3f0efd0f08100104081a"
        "0d0000000a3f0e0c0f08000104081a"
        "040000000104"
        "0f0000000c000000000011010001042f00"
        "220000001f004200010002014500010002014800010002010300f80302014b0001000201"
        "0100",
        None,
        "bfd4ebf2b7e01f43",
    ),
    "mep-dab10-seqerr": (0x0C, None, "", 0xCEACE9E2, "566b4ec089f3d369"),
}


@pytest.mark.parametrize("known", [True, False], ids=["request known", "request unknown"])
@pytest.mark.parametrize("name", RESPONSES)
def test_responses(name: str, known: bool) -> None:
    code, count, data, sequence, digest = RESPONSES[name]
    item = ITEMS[name]
    packet = mep(item["hex"])
    if known:
        packet = with_request(packet, mep(item["request_hex"]))
    found = values(packet)
    assert found["osgp.response"] == code
    assert (found.get("osgp.count"), found.get("osgp.data", b"").hex()) == (count, data)
    assert (found.get("osgp.sequence"), found["osgp.digest"].hex()) == (sequence, digest)
    assert found["osgp.direction"] == 1
    assert found.get("osgp.request_table") == (REQUESTS[name][1] if known else None)
    assert codes(packet) == ([] if known or count is None else ["osgp.taken_for_read"])
    assert bytes(packet).hex() == item["hex"]


@pytest.mark.parametrize("name", ["mepg-et50-register", "mepg-et52-tx", "mepg-bt07-ep17"])
def test_responses_to_writes(name: str) -> None:
    """`00 09 00` and the digest of the request (p.17, 47, 53)."""
    request = mep(ITEMS[name]["request_hex"])
    digest = REQUESTS[name][-1]
    for packet in (mep(f"000900{digest}"), with_request(mep(f"000900{digest}"), request)):
        found = values(packet)
        assert (found["osgp.response"], found["osgp.digest"].hex()) == (0, digest)
        assert "osgp.count" not in found
        assert codes(packet) == []


@pytest.mark.parametrize(
    ("name", "digest"), [("mep-dab2-bt23-idx8", "e3f15001ca1eb1da"), ("mep-dab10-bt23", "66782db8389e3439")]
)
def test_real_reads_of_bt23(name: str, digest: str) -> None:
    """220 bytes of a meter; the publisher read 65845342 Wh and 63961870 Wh in the first four."""
    item = ITEMS[name]
    found = values(mep(item["hex"]))
    assert (found["osgp.response"], found["osgp.count"], found["osgp.digest"].hex()) == (0, 220, digest)
    expected = list(item["expected"].values())
    data = found["osgp.data"]
    assert [int.from_bytes(data[i : i + 4], "little") for i in (0, 4)] == expected


def test_errors_have_no_data() -> None:
    request = mep(ITEMS["mepg-bt23-req2"]["request_hex"])
    for code in (1, 2, 3, 4, 5, 0x0B):
        packet = with_request(mep(f"0009{code:02x}1122334455667788"), request)
        found = values(packet)
        assert (found["osgp.response"], found["osgp.digest"].hex()) == (code, "1122334455667788")
        assert codes(packet) == []


def test_alert() -> None:
    packet = mep("0000")
    assert (codes(packet), packet.mysummary()) == ([], "MEP alert")
    both = mep("0000" + ITEMS["mepg-bt23-req1"]["request_hex"])
    assert values(both)["osgp.sequence"] == 0x01020304
    assert codes(both) == []


# -- TLS (p.8-9, 14-15, 18-19) ----------------------------------------------------------------------------------------


def records(packet: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for layer in layers(packet, packet.original):
        for field in layer.values():
            if field.name == "tls.content_type":
                found.append({})
            if field.name.startswith("tls."):
                found[-1][field.name.removeprefix("tls.")] = field.value
    return found


def test_tls_client_hello() -> None:
    packet = mep(TLS["client hello"])
    assert values(packet)["mep.tls.code"] == 0x58
    (record,) = records(packet)
    assert (record["content_type"], record["version"], record["length"]) == (0x16, 0x0303, 0x2F)
    assert (record["handshake.type"], record["handshake.length"]) == (1, 0x2B)
    assert codes(packet) == []


def test_tls_server_hello() -> None:
    for packet in (mep(TLS["server hello"]), with_request(mep(TLS["server hello"]), mep(TLS["client hello"]))):
        assert values(packet)["mep.tls.response"] == 0
        assert [(r["handshake.type"], r["handshake.length"]) for r in records(packet)] == [(2, 0x4D), (0x0E, 0)]
        assert codes(packet) == []
    assert values(packet)["mep.tls.request_code"] == 0x58


def test_tls_identity_of_the_key() -> None:
    """Client 0x0064 (least significant byte first), key 1."""
    packet = mep(TLS["client key exchange"])
    assert values(packet)["mep.tls.code"] == 0x59
    exchange, change, finished = records(packet)
    assert exchange["handshake.type"] == 0x10
    assert (exchange["handshake.client_id"], exchange["handshake.key_id"]) == (0x64, 1)
    assert (change["content_type"], change["data"]) == (0x14, "01")
    assert (finished["content_type"], finished["length"]) == (0x16, 0x28)
    assert finished["data"].startswith("000000000000000057fa688f")
    assert "handshake.type" not in finished
    assert codes(packet) == []


def test_tls_finished_and_data() -> None:
    assert [r["content_type"] for r in records(mep(TLS["server finished"]))] == [0x14, 0x16]
    request = mep(TLS["table request"])
    assert values(request)["mep.tls.code"] == 0x80
    (record,) = records(request)
    assert (record["content_type"], len(record["data"]) // 2) == (0x17, 0x20)
    answer = with_request(mep(TLS["table response"]), request)
    assert (values(answer)["mep.tls.response"], values(answer)["mep.tls.request_code"]) == (0, 0x80)
    assert [len(r["data"]) // 2 for r in records(answer)] == [0x1C]
    refused = with_request(mep("00010a"), request)
    assert values(refused)["mep.tls.response"] == 0x0A
    assert codes(refused) == []


def test_tls_terminate_and_alert() -> None:
    packet = mep("0002 57 00")
    assert (values(packet)["mep.tls.code"], values(packet)["mep.tls.data"]) == (0x57, b"\0")
    packet = mep("0008 01 15 0303 0002 02 73")
    (record,) = records(packet)
    assert (record["alert.level"], record["alert.description"]) == (2, 115)


def open_message(request: str, answer: str) -> tuple[Any, Any]:
    """A request and its answer, decrypted."""
    asked = layer_class("OpenedRequest")(bytes.fromhex(request))
    return asked, with_request(layer_class("OpenedResponse")(bytes.fromhex(answer)), asked)


def test_open_read() -> None:
    """The text of the guide's session (p.14-15), as decrypted with the key of p.15: one byte of ET70."""
    asked, answer = open_message("3f084600008e0001", "00000102")
    found = values(asked)
    assert (found["osgp.service"], found["osgp.table"]) == (0x3F, 2048 + 70)
    assert (found["osgp.offset"], found["osgp.count"]) == (0x8E, 1)
    assert "osgp.sequence" not in found
    assert "osgp.digest" not in found
    found = values(answer)
    assert (found["osgp.response"], found["osgp.count"], found["osgp.data"]) == (0, 1, b"\x02")
    assert (found["osgp.request_service"], found["osgp.request_table"]) == (0x3F, 2048 + 70)
    assert "osgp.digest" not in found
    assert codes(asked) == codes(answer) == []
    assert (bytes(asked).hex(), bytes(answer).hex()) == ("3f084600008e0001", "00000102")


@pytest.mark.parametrize("name", [name for name in RESPONSES if name in REQUESTS and RESPONSES[name][0] == 0])
def test_open_messages_are_those_in_clear_without_their_ends(name: str) -> None:
    """p.12: both kinds of security hold the same messages."""
    request, answer = (bytes.fromhex(ITEMS[name][key]) for key in ("request_hex", "hex"))
    asked, answered = open_message(request[2:-12].hex(), answer[2:-8].hex())
    before = values(mep(request)), values(with_request(mep(answer), mep(request)))
    for clear, packet in zip(before, (asked, answered), strict=True):
        gone = ("osgp.sequence", "osgp.digest", "osgp.direction", "mep.length")
        assert {n: v for n, v in clear.items() if n not in gone} == values(packet)


def test_open_writes_and_errors() -> None:
    asked, answer = open_message("4f083200001e000101", "00")
    assert (values(asked)["osgp.table"], values(asked)["osgp.data"]) == (2048 + 50, b"\x01")
    assert values(answer)["osgp.response"] == 0
    assert "osgp.count" not in values(answer)
    assert codes(answer) == []
    for code in (1, 2, 3, 4, 5):
        _, answer = open_message("3f001700000000002c", f"{code:02x}")
        assert values(answer)["osgp.response"] == code
        assert codes(answer) == []
    assert codes(open_message("3f084600008e0001", "00")[1]) == ["osgp.data_missing"]


def test_open_full_read() -> None:
    """It has a count on this port (p.12)."""
    asked, _ = open_message("3000010020", "00")
    assert (values(asked)["osgp.table"], values(asked)["osgp.count"]) == (1, 32)
    without, _ = open_message("300001", "00")
    assert codes(without) == []
    assert codes(open_message("3000", "00")[0]) == ["osgp.truncated"]


def test_open_response_alone() -> None:
    """Its request is not known: it is told by its length."""
    packet = layer_class("OpenedResponse")(bytes.fromhex("00000102"))
    assert (values(packet)["osgp.count"], values(packet)["osgp.data"]) == (1, b"\x02")
    assert codes(packet) == ["osgp.taken_for_read"]


def test_open_messages_in_columns() -> None:
    """Read in bulk as one by one, whole and cut anywhere."""
    requests, answers = [], []
    for item in ITEMS.values():
        if "request_hex" in item:
            requests.append(bytes.fromhex(item["request_hex"])[2:-12])
        answers.append(bytes.fromhex(item["hex"])[2:-8])
    asked = {"osgp.service": 0x3F, "osgp.table": 23, "osgp.offset": 0}
    cut = [data[:size] for data in requests for size in range(1, len(data))]
    compare("OpenedRequest", [(data, {}, -1) for data in (*requests, *cut)])
    cut = [data[:size] for data in answers for size in range(1, len(data))]
    compare("OpenedResponse", [(data, known, -1) for data in (*answers, *cut) for known in ({}, asked)])


# -- bad input --------------------------------------------------------------------------------------------------------


def test_refusal_of_an_encrypted_request_taken_for_tls() -> None:
    """p.11: the answer is in clear. The request (of a simulated meter) begins with 0x59 by chance."""
    found = values(with_request(mep("0009 0b 3e51437160330e4a"), mep("0011 59 85cf0ec9a9")))
    assert (found["osgp.response"], found["osgp.digest"].hex()) == (0x0B, "3e51437160330e4a")


def test_encrypted() -> None:
    """Nothing but length and digest is in clear."""
    packet = mep("0014 e7a1b2c3d4e5f60718293a4b 74861f6d7658dd56")
    assert values(packet)["osgp.digest"].hex() == "74861f6d7658dd56"
    assert [(f.code, f.offset) for f in packet.frame_findings()] == [("mep.unread.encrypted", 2)]
    assert "osgp.direction" not in values(packet)


@pytest.mark.parametrize("name", ["mepg-bt23-req2", "mepg-et52-tx", "mep-dab10-seqerr"])
def test_cut_anywhere(name: str) -> None:
    whole = bytes.fromhex(ITEMS[name]["request_hex"])
    for size in range(len(whole)):
        found = mep(whole[:size]).frame_findings()
        assert found[0].code == "mep.truncated"
        assert found[0].offset == (2 if size > 1 else 0)
        assert found[-1].offset <= size


def test_a_length_that_does_not_match() -> None:
    frame = bytes.fromhex(ITEMS["mepg-bt23-req1"]["request_hex"])
    longer, shorter = mep(b"\0\x15" + frame[2:]), mep(b"\0\x13" + frame[2:])
    assert "21 bytes should follow, 20 bytes are there" in longer.frame_findings()[0].text
    assert values(longer)["osgp.sequence"] == 0x01020304
    assert {"mep.trailing", "osgp.truncated"} == set(codes(shorter))
    assert "mep.length_large" in codes(mep("7f14" + frame[2:].hex()))


def test_a_full_read_without_count() -> None:
    """Sent by a client whose author later found that meters do not answer it well."""
    packet = mep("000f 30 001c ceace9e1 3276b85c3770b87f")
    found = values(packet)
    assert (found["osgp.sequence"], found["osgp.digest"].hex()) == (0xCEACE9E1, "3276b85c3770b87f")
    assert codes(packet) == ["osgp.count_missing"]


def test_a_count_past_the_end() -> None:
    packet = mep("0017 40 0007 00ff 11080700f803 5b4e4309 697ab201497e9cf7")
    assert [f.code for f in packet.frame_findings()] == ["osgp.truncated"]
    assert packet.frame_findings()[0].offset == 7
