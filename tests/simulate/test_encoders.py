# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulator's own encoder against vectors, messages and captures that others made."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from crccheck.crc import Crc16X25
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

from osgp_analyzer.simulate import lon, ltep, optical, procedures
from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.checksums import lpdu_crc, optical_crc, table_checksum
from osgp_analyzer.simulate.clock import Frame, Sent
from osgp_analyzer.simulate.lon import Address, Lon
from osgp_analyzer.simulate.mep import MepClient
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import TABLES, Meter
from osgp_analyzer.simulate.network import Network
from osgp_analyzer.simulate.run import START
from osgp_analyzer.simulate.security import Rc4, challenge_reply, mep_base_key, oma_digest, plc_base_key
from osgp_analyzer.simulate.tables.transactions import et52
from tests.conftest import load

SECURITY = load("security.json")
PAYLOADS = {v["id"]: v for v in load("real_payloads.json")}
LTEP = load("sidecars/ltep_lpdu.json")


@pytest.mark.parametrize("vector", load("crc16.json")["vectors"], ids=lambda v: str(len(v["lpdu"]) // 2))
def test_crc(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["lpdu"])
    if data:  # of nothing the C code gives 0000, but there is no LPDU without a byte
        assert (data + lpdu_crc(data)).hex() == vector["wire"]


def test_optical_crc() -> None:
    rng = Random(1)
    for size in range(40):
        data = rng.randbytes(size)
        assert int.from_bytes(optical_crc(data), "little") == Crc16X25.calc(data)


@pytest.mark.parametrize("vector", SECURITY["oma_digest"], ids=lambda v: v["name"])
def test_oma_digest(vector: dict[str, str]) -> None:
    assert oma_digest(bytes.fromhex(vector["key"]), bytes.fromhex(vector["input"])).hex() == vector["digest"]


def test_challenge_replies() -> None:
    vectors = [v for v in load("authentication.json")["vectors"] if v["transform_input"]]
    assert len(vectors) > 100
    for v in vectors:
        reply = challenge_reply(*(bytes.fromhex(v[name]) for name in ("key", "nonce", "transform_input")))
        assert reply.hex() == v["result"], v
    for v in SECURITY["en14908_authentication"]:
        message = bytes.fromhex(v.get("destination_block", "") + v["apdu"])
        assert challenge_reply(bytes.fromhex(v["key"]), bytes.fromhex(v["random"]), message).hex() == v["digest"]


def test_rc4() -> None:
    rng = Random(2)
    for size in (0, 1, 114, 500):
        key, data = rng.randbytes(16), rng.randbytes(size)
        stream = Rc4(key)
        cut = size // 3
        got = stream.apply(data[:cut]) + stream.apply(data[cut:])
        assert got == Cipher(ARC4(key), mode=None).encryptor().update(data)


def test_base_keys() -> None:
    """Those computed in the fact sheet, osgp.md 2.6."""
    assert plc_base_key(b"\xdf" * 12).hex() == "c33ef2ffb0aaae76ed039ad0804d67aa"
    assert plc_base_key(bytes(range(12))).hex() == "4126635cc9a9e5561a823f37d124c2d9"
    assert mep_base_key(b"\x01" * 16).hex() == "3e8381b22e887cacbe9c8058d44cbc1a"


def address(destination: dict[str, Any]) -> Address:
    match destination["mode"]:
        case "subnet_node":
            return lon.node(destination["subnet"], destination["node"])
        case "group_ack":
            return Address(lon.NODE, *(destination[n] for n in ("subnet", "node", "group", "member")))
        case "group":
            return Address(lon.GROUP, group=destination["group"])
        case "broadcast":
            return Address(lon.BROADCAST, destination["subnet"])
        case _:
            return Address(lon.UNIQUE_ID, destination["subnet"], neuron_id=bytes.fromhex(destination["uid"]))


TYPES = {"ACKD": 0, "UNACKD_RPT": 1, "ACK": 2, "REQUEST": 0, "RESPONSE": 2, "REM_MSG": 5, "UNACKD": 0}
AUTH_TYPES = {"CHALLENGE": 0, "CHALLENGE_OMA": 1, "REPLY": 2, "REPLY_OMA": 3}


def rebuilt(f: dict[str, Any]) -> bytes:
    """The LPDU with CRC of what a sidecar says of a frame."""
    pdu = {"TPDU": lon.TPDU, "SPDU": lon.SPDU, "AUTHPDU": lon.AUTHPDU, "APDU": lon.APDU}[f["pdu_type"].upper()]
    authenticates = pdu == lon.AUTHPDU
    body = bytes.fromhex(f.get("challenge") or f.get("reply") or "" if authenticates else f["apdu"])
    if f["msg"] == "REM_MSG":
        members = bytes.fromhex(f["mlist"])
        body = bytes([len(members)]) + members + body
    frame = Lon(
        pdu,
        lon.node(f["src"]["subnet"], f["src"]["node"]),
        address(f["dst"]),
        bytes.fromhex(f["domain"]["id"]),
        body,
        AUTH_TYPES[f["msg"]] if authenticates else TYPES[f["msg"]],
        f.get("trans") or 0,
        f.get("auth") or 0,
        f.get("fmt", lon.NODE),
        f.get("auth_group") or 0,
        f["priority"],
        f["alt_path"],
        f["delta_backlog"],
    )
    data = frame.lpdu()
    return data + lpdu_crc(data)


@pytest.mark.parametrize("name", ["ltep_lpdu", "native_lpdu", "example1_lpdu"])
def test_frames_of_another_stack(name: str) -> None:
    frames = [f for f in load(f"sidecars/{name}.json")["frames"] if f["version"] == 0 and f["msg"] != "REMINDER"]
    assert len(frames) >= 64
    for f in frames:
        assert rebuilt(f).hex() == f["hex"], f


@pytest.mark.parametrize("wanted", LTEP["transactions"], ids=lambda t: t["note"])
def test_proxied_messages_of_another_stack(wanted: dict[str, Any]) -> None:
    """Each hop of each transaction, from what its source knew."""
    sicb, header, control = wanted["sicb"], wanted["header"], wanted["txctrl"] or {"retry": 0, "timer": 0}
    proxied = ltep.Proxied(
        sicb["type"],
        bytes.fromhex(wanted["target_address"]),
        bytes.fromhex(wanted["target_apdu"]),
        tuple((hop["subnet"] or 0, hop["node"], hop["path"]) for hop in wanted["addresses"]),
        control["retry"],
        control["timer"] + 16 * header["long_timer"],
        sicb["txctrl"]["retry"],
        sicb["txctrl"]["timer"],
        sicb["path"],
        sicb["service"],
        sicb["mode"],
        key_block(wanted["alt_key"]),
        header["uniform_by_dest"],
        header["all_agents"],
        header["uniform_by_src"],
    )
    assert proxied.encode().hex() == wanted["ltep_apdu"]
    first, last = wanted["frames"]
    sent = {f.get("apdu", "") for f in LTEP["frames"][first - 1 : last]}
    for _ in range(header["count"] + 1 if wanted["source_done_ok"] else 1):
        assert proxied.encode().hex() in sent
        proxied = proxied.onward()


def key_block(key: Any) -> bytes:
    if key is None:
        return b""
    delta = bytes.fromhex(key["delta"] if isinstance(key, dict) else key)
    return bytes([len(delta) == 12]) + delta


def other(meter: Meter, **keys: bytes) -> None:
    meter.keys = replace(meter.keys, **keys)


def talk(asking: Generator[Frame, Sent, Any]) -> list[Frame]:
    """The frames of an exchange in which nothing gets lost."""
    frames = [next(asking)]
    while True:
        try:
            frames.append(asking.send(Sent(len(frames), START)))
        except StopIteration:
            return frames


def test_published_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """osgp.md 2.4: full read of BT03 and its response under DF x 12 at 2/2, as a concentrator and a meter send it."""
    network = Network(1, 1, 0)
    concentrator, meter = network.concentrators[0], network.meters[0]
    meter.subnet, meter.node = 2, 2
    other(meter, omak=b"\xdf" * 12)
    concentrator.sequences[meter.number] = meter.sequence = 0x7F30EA6C
    data = bytes.fromhex("0020980031C300080000000000")
    monkeypatch.setattr(Meter, "answer", lambda *_: Response(msg.OK, data))
    request, response = (frame.content for frame in talk(concentrator.ask(meter, msg.read(3))))
    assert isinstance(request, Lon)
    assert isinstance(response, Lon)
    assert request.body.hex() == "003000037f30ea6d" + "89dedf0585d31394"
    assert response.body.hex() == "0000000d" + data.hex() + "dbe5cde507b1cb3d"


# MEP guide p.15-17, 45-48, 53: key 01 x 16. Request, its sequence number, and the message as printed.
GUIDE = [
    (msg.read(23, 0, 44), 0x01020304, "0014 3f0017000000002c 01020304 74861f6d7658dd56"),
    (msg.read(23, 0, 44), 0x77635B91, "0014 3f0017000000002c 77635b91 13db85a135a0575e"),
    (msg.write(0x0832, b"\x01", 0x1E), 0x77636E2F, PAYLOADS["mepg-et50-register"]["hex"]),
    (
        msg.write(
            0x0834,
            bytes(et52(1, [msg.read(*part) for part in (
                (0x080B, 0, 10), (0x0014, 0, 10), (0x0015, 0, 10), (0x0804, 55, 1), (0x080E, 0, 12), (0x080F, 0, 31)
            )]).data),
            0,
        ),
        0x5B4E42E6,
        PAYLOADS["mepg-et52-tx"]["hex"],
    ),
    (msg.read(0x0835, 0, 5), 0x5B4E42E7, "0014 3f08350000000005 5b4e42e7 489775dad853e3a3"),
    (msg.read(0x0835, 0, 111), 0x5B4E42E8, "0014 3f0835000000006f 5b4e42e8 1b3204497445a87a"),
    (
        msg.write(7, bytes(procedures.initiate(procedures.EP17, 7, ("a", 0, 1), ("h", 0x03F8, 2)).data)),
        0x5B4E4309,
        PAYLOADS["mepg-bt07-ep17"]["hex"],
    ),
]  # fmt: skip


@pytest.fixture
def client() -> MepClient:
    """A client of a meter with the guide's key."""
    network = Network(1, 1, 0)
    other(network.meters[0], mak=b"\x01" * 16)
    return MepClient(network, network.meters[0], 0)


@pytest.mark.parametrize("example", GUIDE, ids=lambda e: hex(e[1]))
def test_guide_requests(client: MepClient, example: tuple[Request, int, str]) -> None:
    request, sequence, printed = example
    meter = client.meters[0]
    meter.sequence = sequence - 1
    sent = talk(client.ask(meter, request, sequence=sequence))
    assert sent[0].content == bytes.fromhex(printed)
    if not request.reads:
        # p.17: zeros behind a message do not change its digest, so that of the response is the same.
        assert sent[1].content == bytes.fromhex("000900" + printed.replace(" ", "")[-16:])


def test_guide_responses(client: MepClient, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = client.meters[0]
    meter.sequence = 0x77635B8F
    answers = talk(client.ask(meter, msg.read(23, 0, 44), sequence=0x01020304))
    assert answers[1].content == bytes.fromhex(PAYLOADS["mepg-bt23-req1"]["hex"])
    for name, request, sequence in (
        ("mepg-bt23-req2", GUIDE[1][0], 0x77635B91),
        ("mepg-et53-head", GUIDE[4][0], 0x5B4E42E7),
        ("mepg-et53-full", GUIDE[5][0], 0x5B4E42E8),
    ):
        printed = bytes.fromhex(PAYLOADS[name]["hex"])
        meter.sequence = sequence - 1
        response = Response(msg.OK, printed[5:-8])
        monkeypatch.setattr(Meter, "answer", lambda *_, response=response: response)
        assert talk(client.ask(meter, request, sequence=sequence))[1].content == printed


def test_guide_transaction(client: MepClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """ET53 as the meter fills it after the write of ET52 on p.45; the tables hold what the guide's meter had."""
    printed = bytes.fromhex(PAYLOADS["mepg-et53-full"]["hex"])[5:-8]
    meter, request = client.meters[0], GUIDE[3][0]
    held = {0x080B: printed[10:20], 20: printed[25:35], 21: printed[40:50], 0x0804: printed[55:56],
            0x080E: printed[61:73], 0x080F: printed[78:109]}  # fmt: skip
    real = Meter.answer
    monkeypatch.setattr(
        Meter, "answer", lambda s, r, t: Response(0, held[r.table]) if r.table in held else real(s, r, t)
    )
    assert meter.answer(request, START) == Response(msg.OK)
    assert meter.transaction.data == printed


def framed(name: str) -> str:
    return str(PAYLOADS[name]["hex"])


def one(body: bytes, toggle: int) -> str:
    """The only packet of a message."""
    ((data, _),) = optical.packets(body, toggle)
    return data.hex()


def test_optical_frames() -> None:
    read23 = msg.read(23, 0, 8).body()
    data = bytes.fromhex("fb1304024d891a00")
    negotiate = bytes([optical.NEGOTIATE])
    for name, body, toggle in (
        ("opt-ireye-ident-req", bytes([optical.IDENTIFY]), 0),
        ("opt-ireye-logon", bytes([optical.LOGON, 0, 99]) + b"fixeduser ", 1),
        ("opt-ireye-ok-t", b"\0", 1),
        ("opt-ireye-ok", b"\0", 0),
        ("opt-ireye-read23-req", read23, 1),
        ("opt-ireye-read23-rsp", Response(0, data).body(table_checksum(data)), 1),
        ("opt-ireye-logoff", bytes([optical.LOGOFF]), 1),
        ("opt-ireye-terminate", bytes([optical.TERMINATE]), 0),
        ("opt-ohb-ident-rsp", bytes([0, 0, 2, 0, 0]), 0),
        ("opt-ohb-negotiate", negotiate + bytes([0, 64, 2, 6]), 0),
        ("opt-ohb-logon", bytes([optical.LOGON, 0, 1]) + b"0000".ljust(10), 0),
        ("opt-ohb-security", bytes([optical.SECURITY]) + b"0123456789abcdefghij", 0),
        ("c1218-sdk-ident-rsp", bytes([0, 0, 1, 0, 0]), 0),
        ("c1218-sdk-neg-req", negotiate + bytes([4, 0, 128, 6]), 1),
        ("c1218-sdk-neg-rsp", bytes([0, 4, 0, 128, 6]), 1),
    ):
        assert one(body, toggle) == framed(name), name


def test_optical_message_in_two_packets() -> None:
    table = bytes.fromhex(framed("opt-ohb-bt00"))
    made = optical.packets(Response(0, table).body(table_checksum(table)), 0)
    assert [data.hex() for data, _ in made] == [framed("opt-ohb-bt00-p1"), framed("opt-ohb-bt00-p2")]


def test_a_session_opens_as_published() -> None:
    """The frames of the published session that do not depend on the user."""
    network = Network(1, 1, 0)
    reader = optical.OpticalReader(network, network.meters[0], 0)
    sent = [frame.content.hex() for frame in talk(reader.open(99, "fixeduser", b"?" * 20)) if frame.inbound]  # type: ignore[union-attr]
    for name in ("opt-ireye-ident-req",):
        assert framed(name) in sent
    assert sent[:4] == ["55"] * 4


def test_sizes_of_tables() -> None:
    """Sizes that the guides print (p.56, 67, 80, 211, 235, 237; optical guide p.42, 47) and those of a real BT00."""
    meter = Network(1, 3, 0).meters[0]
    sizes = {table: len(build(meter, START).data) for table, build in TABLES.items()}
    real = bytes.fromhex(framed("opt-ohb-bt00"))
    wanted = {0: len(real), 3: 13, 21: 10, 23: 220, 52: 7, 61: 13, 63: 13, 71: 9, 74: 11 + 100 * 14, 2051: 143,
              2052: 140, 2059: 39, 2061: 5 * 66, 2062: 6 + 5 * 36, 2064: 5 * 517}  # fmt: skip
    assert {table: sizes[table] for table in wanted} == wanted
    assert bytes(TABLES[0](meter, START).data)[7:64] == real[7:18] + b"\x02" + real[19:64]
