# SPDX-License-Identifier: GPL-2.0-or-later
"""Cipher suites on single messages: the built-in ones on the simulator's captures, others on messages that are
encrypted here by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors.osgp.suites import SUITES
from osgp_analyzer.app.session import Session
from osgp_analyzer.schema.suite import Suite
from osgp_analyzer.security.suite import Message, Opened, applies, open_message
from osgp_analyzer.simulate.network import Network
from osgp_analyzer.simulate.security import mep_base_key, message_stream, oma_digest, plc_base_key
from tests.conftest import CAPTURES, TESTS, load

Define = Callable[[str], None]
EXAMPLE = (TESTS.parent / "docs" / "example-suite.toml").read_text()
PSK = bytes(range(0x20, 0x30))
METER: dict[str, int | bytes] = {
    "target.subnet": 3,
    "target.node": 77,
    "target.neuron_id": bytes.fromhex("0123456789ab"),
    "npdu.domain": b"OSG",
}


def flipped(data: bytes) -> list[bytes]:
    """The data with one bit the other way round, for each bit."""
    return [(int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big") for bit in range(len(data) * 8)]


def cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


# -- the example of the document --------------------------------------------------------------------------------------


def example_key(psk: bytes, neuron_id: bytes, number: int) -> bytes:
    """NIST SP 800-108 by hand: counter 1 in a byte, label, 00, context, 128 bits in two bytes."""
    return cmac(psk, b"\1" + b"EXAMPLE message key" + b"\0" + neuron_id + bytes([number]) + b"\0\x80")


def example_request(plain: bytes, sequence: int, number: int = 5, psk: bytes = PSK) -> bytes:
    """Encrypted by hand, from what the file says in words."""
    head = bytes([0x11, number]) + sequence.to_bytes(4, "big")
    nonce = b"OSG\0\0\0" + bytes([3, 77, 0]) + sequence.to_bytes(4, "big")
    key = example_key(psk, bytes.fromhex("0123456789ab"), number)
    return head + AESCCM(key, tag_length=8).encrypt(nonce, plain, head)


def example_response(plain: bytes, request: bytes, psk: bytes = PSK) -> bytes:
    head = bytes([0x12, request[1]]) + b"\xaa\xbb\xcc\xdd"
    nonce = b"OSG\0\0\0" + bytes([3, 77, 1]) + request[2:6]
    key = example_key(psk, bytes.fromhex("0123456789ab"), request[1])
    return head + AESCCM(key, tag_length=8).encrypt(nonce, plain, head + request[-8:])


@pytest.fixture
def example(own_tables: Define) -> Suite:
    own_tables(EXAMPLE)
    return SUITES["EXAMPLE-AES-128-CCM"]


@pytest.mark.parametrize("plain", [b"", b"\x30\x00\x17", bytes(range(90))])
def test_the_example(example: Suite, plain: bytes) -> None:
    wire = example_request(plain, 0x01020304)
    request = open_message(example, PSK, Message(wire, METER))
    assert (request.good, request.plain, request.encrypted) == (True, wire[:6] + plain, True)
    answer = example_response(b"\0" + plain, wire)
    response = open_message(example, PSK, Message(answer, METER, request))
    assert (response.good, response.plain) == (True, answer[:6] + b"\0" + plain)
    assert request.tag == wire[-8:]


def test_which_messages_the_example_is_for(example: Suite) -> None:
    wire = example_request(b"", 1)
    answer = example_response(b"", wire)
    assert [applies(example, Message(data, METER)) for data in (wire, answer, b"", b"\0\x30")] == [
        *(True, False, False, False)
    ]
    assert applies(example, Message(answer, METER, response=True))
    assert not applies(example, Message(wire, METER, response=True))


def test_nothing_else_fits_the_example(example: Suite) -> None:
    wire = example_request(b"\x3f\x00\x17\x00\x00\x00\x00\x2c", 0x01020304)
    request = open_message(example, PSK, Message(wire, METER))
    answer = example_response(b"\0\0\1\7", wire)
    bad = [open_message(example, key, Message(wire, METER)) for key in flipped(PSK)]
    bad += [open_message(example, PSK, Message(one, METER)) for one in flipped(wire)]
    bad += [open_message(example, PSK, Message(one, METER, request)) for one in flipped(answer)]
    for name, value in METER.items():
        for wrong in flipped(value) if isinstance(value, bytes) else [value ^ 1 << bit for bit in range(7)]:
            bad.append(open_message(example, PSK, Message(wire, METER | {name: wrong})))
            bad.append(open_message(example, PSK, Message(answer, METER | {name: wrong}, request)))
    assert [(one.good, one.plain, one.problem) for one in bad] == [(False, None, "")] * len(bad)
    assert len(bad) > 128 + 8 * (len(wire) + len(answer))


def test_what_keeps_a_key_from_being_tried(example: Suite) -> None:
    wire = example_request(b"abc", 1)
    answer = example_response(b"abc", wire)
    missing = {name: value for name, value in METER.items() if name != "target.node"}
    refused = Opened(False)
    problems = {
        open_message(example, PSK[:15], Message(wire, METER)).problem: "the key has 15 bytes, not 16, 24 or 32",
        open_message(example, PSK, Message(wire, missing)).problem: "part 3 of the nonce is not known",
        open_message(example, PSK, Message(wire, METER | {"npdu.domain": bytes(7)})).problem: "part 1 of the nonce is "
        "not known",
        open_message(example, PSK, Message(answer, METER, response=True)).problem: "part 5 of the nonce is not known",
        open_message(example, PSK, Message(answer, METER, refused)).problem: "part 5 of the nonce is not known",
        open_message(example, PSK, Message(wire[:13], METER)).problem: "a message of 13 bytes is none of this suite",
        open_message(
            example, PSK, Message(bytes(5000), METER)
        ).problem: "a message of 5000 bytes is none of this suite",
    }
    assert list(problems) == list(dict.fromkeys(problems.values()))


def test_nothing_secret_is_shown(example: Suite) -> None:
    opened = open_message(example, PSK, Message(example_request(b"the plaintext", 1), METER))
    assert opened.good
    assert "plaintext" not in repr(opened)
    assert str(PSK)[2:-1] not in repr(opened)


# -- other building blocks --------------------------------------------------------------------------------------------


def test_gcm_with_a_short_tag(own_tables: Define) -> None:
    own_tables(
        """
        [[suite]]
        name = "own"
        source = "made up"
        carrier = "mep"
        when = "wire[0] == 1"
        key = ["mak", "psk"]
        cipher = "aes-gcm"
        tag_length = 12
        clear_at_end = 16
        encrypted_from = 1
        nonce = ["xor(pad(last(wire, 16)[0:4], 12), hex('010203040506070809101112'))"]
        associated_data = ["wire[0:1]", "u16le(mep.length)", "u24(size(wire) * 2)", "last(wire, 16)[0:4]"]
        """
    )
    plain, count, key = b"some data", b"\x10\0\0\1", bytes(32)
    nonce = b"\x11\2\3\5\5\6\7\x08\x09\x10\x11\x12"
    size = 1 + len(plain) + 4 + 12
    beside = b"\1" + b"\x34\x12" + (2 * size).to_bytes(3, "big") + count
    sealed = AESGCM(key).encrypt(nonce, plain, beside)
    wire = b"\1" + sealed[: len(plain)] + count + sealed[len(plain) :][:12]
    opened = open_message(SUITES["own"], key, Message(wire, {"mep.length": 0x1234}))
    assert (opened.good, opened.plain, opened.tag) == (True, b"\1" + plain + count, wire[-12:])
    for one in flipped(wire):
        assert open_message(SUITES["own"], key, Message(one, {"mep.length": 0x1234})).plain is None


def test_chacha_with_a_key_of_gpsk(own_tables: Define) -> None:
    own_tables(
        """
        [[suite]]
        name = "own"
        source = "made up"
        carrier = "apdu"
        when = "apdu.code == 0x4e and spdu.type == 0"
        key = "psk"
        cipher = "chacha20-poly1305"
        nonce = ["text:nonce", "u8(spdu.transaction)", "target.neuron_id"]
        [[suite.derive]]
        kdf = "gpsk-sha256"
        take = "emsk"
        length = 32
        rand_peer = ["pad(text('peer'), 32)"]
        id_peer = ["target.neuron_id"]
        rand_server = ["pad(hex('01'), 32)"]
        id_server = []
        """
    )
    import hashlib
    import hmac

    psk, neuron = bytes(range(40)), bytes.fromhex("0123456789ab")
    session = b"peer".ljust(32, b"\0") + neuron + b"\1".ljust(32, b"\0")
    data = b"\0\1" + b"\0\x28" + psk + b"\0\0\0\0\0\2" + session
    master = hmac.new(psk[:32], data, hashlib.sha256).digest()
    key = hmac.new(master, b"\0\3" + session, hashlib.sha256).digest()  # EMSK: bytes 64 to 95
    wire = ChaCha20Poly1305(key).encrypt(b"nonce\x07" + neuron, b"hello", b"")
    values = METER | {"spdu.transaction": 7, "apdu.code": 0x4E, "spdu.type": 0}
    assert applies(SUITES["own"], Message(wire, values))
    assert not applies(SUITES["own"], Message(wire, METER))
    assert open_message(SUITES["own"], psk, Message(wire, values)).plain == b"hello"
    assert "32 to 65535" in open_message(SUITES["own"], psk[:31], Message(wire, values)).problem


def test_cmac_alone(own_tables: Define) -> None:
    own_tables(
        """
        [[suite]]
        name = "own"
        source = "made up"
        carrier = "apdu"
        when = "wire[0] == 0"
        key = "psk"
        cipher = "none"
        mac = "aes-cmac"
        tag_length = 6
        mac_input = ["u8(target.node)", "message"]
        mac_input_response = ["request_tag", "message", "u8(size(request))"]
        """
    )
    message = b"\0\x30\0\1"
    wire = message + cmac(PSK, b"\x4d" + message)[:6]
    request = open_message(SUITES["own"], PSK, Message(wire, METER))
    assert (request.good, request.plain, request.encrypted) == (True, message, False)
    answer = b"\0\0" + cmac(PSK, wire[-6:] + b"\0\0" + b"\4")[:6]
    assert open_message(SUITES["own"], PSK, Message(answer, METER, request)).plain == b"\0\0"
    assert not any(open_message(SUITES["own"], PSK, Message(one, METER)).good for one in flipped(wire))


# -- RC4 --------------------------------------------------------------------------------------------------------------

MAK = b"\1" * 16
OMAK = b"\xdf" * 12


def test_the_published_response_on_the_power_line() -> None:
    """The only digest of OSGP that is published; the request's digest is computed."""
    vector = load("security.json")["oma_digest"][0]
    data, digest = bytes.fromhex(vector["input"]), bytes.fromhex(vector["digest"])
    values: dict[str, int | bytes] = {"target.subnet": data[0], "target.node": data[1]}
    asked = data[2:10]
    wire = asked + oma_digest(OMAK, data[:2] + asked)
    request = open_message(SUITES["osgp-rc4"], OMAK, Message(wire, values))
    assert (request.good, request.encrypted) == (True, False)
    response = open_message(SUITES["osgp-rc4"], OMAK, Message(data[10:-1] + digest, values, request))
    assert (response.good, response.plain) == (True, data[10:-1])


@pytest.mark.parametrize(
    "item", [one for one in load("real_payloads.json") if one["id"].startswith("mepg-")], ids=lambda one: one["id"]
)
def test_the_exchanges_of_the_mep_guide(item: dict[str, Any]) -> None:
    request = open_message(SUITES["mep-rc4"], MAK, Message(bytes.fromhex(item["request_hex"])[2:], {}))
    assert (request.good, request.encrypted) == (True, False)
    if item["hex"] != item["request_hex"]:
        frame = bytes.fromhex(item["hex"])
        assert open_message(SUITES["mep-rc4"], MAK, Message(frame[2:], {}, request)).plain == frame[2:-8]
        assert not open_message(SUITES["mep-rc4"], b"\2" * 16, Message(frame[2:], {}, request)).good


def exchange(
    carrier: str, key: bytes, request: bytes, response: bytes, stream: str = "continues", first: int | None = None
) -> tuple[bytes, bytes]:
    """Both messages encrypted with the simulator's own code."""
    line = carrier == "apdu"
    first = int(line) if first is None else first
    base = plc_base_key(key) if line else mep_base_key(key)
    address = b"\3\x4d" if line else b""
    digest = oma_digest(key, address + request)
    reply = oma_digest(key, address + request + response + (bytes([len(response)]) if line else b""))
    flow = message_stream(base, digest)
    sent = request[:first] + flow.apply(request[first:]) + digest
    if stream != "continues":
        flow = message_stream(base, reply if stream == "own_digest" else digest)
    return sent, response[:first] + flow.apply(response[first:]) + reply


REQUEST = bytes.fromhex("3f0017000000002c77635b91")
RESPONSE = bytes.fromhex("00002c") + bytes(range(44))
CARRIERS = [("osgp-rc4", "apdu", OMAK, b"\0"), ("mep-rc4", "mep", MAK, b"")]


@pytest.mark.parametrize(("name", "carrier", "key", "code"), CARRIERS)
def test_encrypted_exchanges(name: str, carrier: str, key: bytes, code: bytes) -> None:
    suite = SUITES[name]
    sent, back = exchange(carrier, key, code + REQUEST, code + RESPONSE)
    request = open_message(suite, key, Message(sent, METER))
    response = open_message(suite, key, Message(back, METER, request))
    assert (request.plain, request.encrypted, request.position) == (code + REQUEST, True, len(REQUEST))
    assert (response.plain, response.encrypted) == (code + RESPONSE, True)
    wrong = random.Random(11)
    bad = [open_message(suite, wrong.randbytes(len(key)), Message(sent, METER)) for _ in range(200)]
    bad += [open_message(suite, key, Message(one, METER)) for one in flipped(sent)]
    bad += [open_message(suite, key, Message(one, METER, request)) for one in flipped(back)]
    bad.append(open_message(suite, key, Message(back, METER, response=True)))
    if code:
        bad.append(open_message(suite, key, Message(sent, METER | {"target.node": 78})))
    assert [(one.good, one.plain) for one in bad] == [(False, None)] * len(bad)
    assert bad[-1 - bool(code)].problem.endswith("of the digest's input is not known")


SIMULATED = [  # capture, suite, repeaters of the scenario, layer that the message is in, bytes before and behind it
    pytest.param("simulated_mep", "mep-rc4", 2, "mep", 2, 0, id="MEP"),
    pytest.param("simulated_security", "osgp-rc4", 0, "apdu", 0, 2, id="power line"),
]


@pytest.mark.parametrize(("capture", "name", "repeaters", "layer", "before", "behind"), SIMULATED)
def test_captures_of_the_simulator(
    capture: str, name: str, repeaters: int, layer: str, before: int, behind: int
) -> None:
    """What the sender put into each message, and under which key, from the bytes of the capture."""
    meter = Network(1, 1, repeaters).meters[0]
    values: dict[str, int | bytes] = {"target.subnet": meter.subnet, "target.node": meter.node}
    opened: dict[int, Opened] = {}
    tried = 0
    session = Session.open(str(CAPTURES / f"{capture}.pcapng"))
    for known, shown in zip(load(f"sidecars/{capture}.json")["frames"], session, strict=True):
        if "digest_ok" not in known:
            continue
        start = next(node.offset for node in shown.layers if node.name == layer)
        data = shown.frame.data[start + before : len(shown.frame.data) - behind]
        request = opened.get(known.get("answers", 0))
        for kind in SUITES[name].keys:
            found = open_message(SUITES[name], getattr(meter.keys, kind), Message(data, values, request))
            assert found.good is (known["digest_ok"] and known["key"] == kind)
            if found.good or not known["digest_ok"]:
                opened[known["frame"]] = found
            if found.good:
                tried += 1
                assert found.encrypted is known.get("encrypted", False)
                assert found.tag.hex() == known["fields"]["osgp.digest"]
                assert found.plain is not None
                check_plain(found.plain[name == "osgp-rc4" :], known["fields"])
    assert tried > 20


def check_plain(plain: bytes, known: dict[str, Any]) -> None:
    """Code, table or data, and sequence number of a plaintext (MEP guide p.8-12)."""
    if "osgp.response" in known:
        assert plain[0] == known["osgp.response"]
        assert plain[3:] == bytes.fromhex(known.get("osgp.data", "")) or "osgp.data" not in known
    else:
        assert (plain[0], int.from_bytes(plain[1:3], "big")) == (known["osgp.service"], known["osgp.table"])
        assert int.from_bytes(plain[-4:], "big") == known["osgp.sequence"]


def test_a_refusal_is_in_clear() -> None:
    """Response 0x0B is not encrypted, though its request is (MEP guide p.11)."""
    suite = SUITES["mep-rc4"]
    request = open_message(suite, MAK, Message(exchange("mep", MAK, REQUEST, RESPONSE)[0], {}))
    refusal = open_message(suite, MAK, Message(b"\x0b" + oma_digest(MAK, REQUEST + b"\x0b"), {}, request))
    assert (request.encrypted, refusal.good, refusal.encrypted) == (True, True, False)


def test_keys_that_are_nearly_right() -> None:
    """The OMA digest is so weak that for some messages a key with one other bit gives the same digest. Even then what
    is shown is the sender's plaintext: the bytes of the key that RC4 is made from are right."""
    sent, _ = exchange("apdu", OMAK, b"\0" + REQUEST, b"\0" + RESPONSE)
    opened = [open_message(SUITES["osgp-rc4"], key, Message(sent, METER)) for key in flipped(OMAK)]
    good = [one.plain for one in opened if one.good]
    assert (len(opened), good) == (96, [b"\0" + REQUEST])


@pytest.mark.parametrize("stream", ["continues", "own_digest", "restarts"])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_what_a_user_settles(own_tables: Define, stream: str, first: int) -> None:
    sent, back = exchange("apdu", OMAK, b"\0" + REQUEST, b"\0" + RESPONSE, stream, first)
    before = SUITES["osgp-rc4"]
    own_tables(
        f"""
        [[suite]]
        name = "osgp-rc4"
        source = "seen"
        encrypted_from = {first}
        response_stream = "{stream}"
        """
    )
    suite = SUITES["osgp-rc4"]
    request = open_message(suite, OMAK, Message(sent, METER))
    response = open_message(suite, OMAK, Message(back, METER, request))
    assert (request.plain, response.plain) == (b"\0" + REQUEST, b"\0" + RESPONSE)
    assert open_message(before, OMAK, Message(sent, METER)).good is (first == 1)
    assert open_message(before, OMAK, Message(back, METER, request)).good is (first == 1 and stream == "continues")
    assert (suite.keys, suite.title, str(suite.source)) == (before.keys, before.title, "seen [one source]")


def test_a_user_changes_what_the_digest_is_over(own_tables: Define) -> None:
    own_tables('[[suite]]\nname = "mep-rc4"\nsource = "seen"\nmac_input = ["text:x", "message"]')
    wire = REQUEST + oma_digest(MAK, b"x" + REQUEST)
    request = open_message(SUITES["mep-rc4"], MAK, Message(wire, {}))
    answer = b"\0" + oma_digest(MAK, REQUEST + b"\0")
    assert (request.good, open_message(SUITES["mep-rc4"], MAK, Message(answer, {}, request)).good) == (True, True)


def test_an_explicit_base_key() -> None:
    base = bytes(range(16))
    digest = oma_digest(OMAK, b"\3\x4d\0" + REQUEST)
    wire = b"\0" + message_stream(base, digest).apply(REQUEST) + digest
    assert open_message(SUITES["osgp-rc4"], OMAK, Message(wire, METER), base).plain == b"\0" + REQUEST
    assert not open_message(SUITES["osgp-rc4"], OMAK, Message(wire, METER)).good


@pytest.mark.parametrize("key", [b"", b"short", bytes(13), bytes(100)])
@pytest.mark.parametrize("name", ["osgp-rc4", "mep-rc4"])
def test_keys_of_wrong_sizes(name: str, key: bytes) -> None:
    opened = open_message(SUITES[name], key, Message(bytes(40), METER))
    assert (opened.good, opened.plain) == (False, None)
    assert str(len(key)) in opened.problem


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_bytes(data: st.DataObject) -> None:
    suite = SUITES[data.draw(st.sampled_from(["osgp-rc4", "mep-rc4"]))]
    key = data.draw(st.binary(max_size=40))
    names = ["target.subnet", "target.node", "npdu.domain", "apdu.code"]
    values = data.draw(st.dictionaries(st.sampled_from(names), st.integers() | st.binary(max_size=9)))
    asked = Opened(True, data.draw(st.binary(max_size=40)), True, data.draw(st.binary(max_size=9)), 7)
    wire = data.draw(st.binary(max_size=60))
    for message in (Message(wire, values), Message(wire, values, asked), Message(wire, values, response=True)):
        opened = open_message(suite, key, message)
        assert isinstance(applies(suite, message), bool)
        assert opened.good is (opened.plain is not None)


def test_any_bytes_under_the_example(example: Suite) -> None:
    source = random.Random(7)
    for size in [*range(40), 476, 4096, 4097]:
        opened = open_message(example, PSK, Message(source.randbytes(size), METER))
        assert (opened.good, opened.plain) == (False, None)
