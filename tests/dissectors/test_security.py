# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests and encryption: printed vectors, a public C implementation's, and the simulator's own code as an oracle."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dissectors.security import challenge_reply, mep_base_key, message_key, oma_digest, plc_base_key, rc4
from osgp_analyzer.simulate import security as simulated
from tests.conftest import load

SECURITY = load("security.json")
MEP_KEY = b"\1" * 16
GUIDE = {item["id"]: item for item in load("real_payloads.json") if item["id"].startswith("mepg-")}
"""The exchanges that the MEP guide prints (p.15-53), all under key 01 x 16."""
WRITES = ("mepg-et50-register", "mepg-et52-tx", "mepg-bt07-ep17")
"""Those whose response is 00 and the digest of the request again."""


@pytest.mark.parametrize("vector", SECURITY["oma_digest"], ids=lambda v: v["name"])
def test_oma_digests(vector: dict[str, str]) -> None:
    digest = oma_digest(bytes.fromhex(vector["key"]), bytes.fromhex(vector["input"]))
    assert digest.hex() == vector["digest"]


def split(text: str) -> tuple[bytes, bytes]:
    """The message of a frame, and its digest."""
    frame = bytes.fromhex(text)
    assert int.from_bytes(frame[:2], "big") == len(frame) - 2
    return frame[2:-8], frame[-8:]


@pytest.mark.parametrize("name", GUIDE)
def test_digests_in_the_mep_guide(name: str) -> None:
    request, digest = split(GUIDE[name]["request_hex"])
    assert oma_digest(MEP_KEY, request) == digest
    response, answer = (b"\0", digest) if name in WRITES else split(GUIDE[name]["hex"])
    assert oma_digest(MEP_KEY, request + response) == answer


def test_the_guide_is_there() -> None:
    assert len(GUIDE) == 7
    assert {name for name, item in GUIDE.items() if item["hex"] == item["request_hex"]} == set(WRITES)


@pytest.mark.parametrize("vector", SECURITY["en14908_authentication"], ids=lambda v: v["digest"])
def test_challenges(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector.get("destination_block", "") + vector["apdu"])
    assert (
        challenge_reply(bytes.fromhex(vector["key"]), bytes.fromhex(vector["random"]), data).hex() == vector["digest"]
    )


def test_challenges_of_a_stack() -> None:
    """What a public C implementation (lon-stack-dx) has computed."""
    vectors = load("authentication.json")["vectors"]
    assert len(vectors) == 120
    for vector in vectors:
        key, nonce, data = (bytes.fromhex(vector[name]) for name in ("key", "nonce", "transform_input"))
        assert challenge_reply(key, nonce, data).hex() == vector["result"], vector


@pytest.mark.parametrize(
    ("omak", "base"),
    [
        ("df" * 12, "c33ef2ffb0aaae76ed039ad0804d67aa"),
        ("000102030405060708090a0b", "4126635cc9a9e5561a823f37d124c2d9"),
        ("00" * 12, "4effc37fd4e303d54c57f4d7a8418699"),
    ],
)
def test_base_keys_of_the_power_line(omak: str, base: str) -> None:
    """Worked out before from the description; no third party has printed any."""
    assert plc_base_key(bytes.fromhex(omak)).hex() == base


def test_message_keys() -> None:
    base = plc_base_key(b"\xdf" * 12)
    assert message_key(base, bytes.fromhex("dbe5cde507b1cb3d")).hex() == "18db3f1ab71b654bed039ad0804d67aa"
    assert mep_base_key(MEP_KEY).hex() == "3e8381b22e887cacbe9c8058d44cbc1a"
    assert mep_base_key(MEP_KEY + b"more") == mep_base_key(MEP_KEY)
    assert oma_digest(MEP_KEY + b"more", b"data") == oma_digest(MEP_KEY, b"data")


@pytest.mark.parametrize(
    ("key", "plain", "cipher"),
    [
        (b"Key", "Plaintext", "bbf316e8d940af0ad3"),
        (b"Wiki", "pedia", "1021bf0420"),
    ],
)
def test_the_simulated_rc4_is_rc4(key: bytes, plain: str, cipher: str) -> None:
    """The well-known examples, whose keys are too short for the cryptography package: for the oracle below."""
    assert simulated.Rc4(key).apply(plain.encode()).hex() == cipher


def test_rc4() -> None:
    """RFC 6229, section 2: the keystreams of the keys 0102..., of 7 and of 16 bytes, from 0 and from 240 on."""
    assert rc4(bytes(range(1, 8)), bytes(16)).hex() == "293f02d47f37c9b633f2af5285feb46b"
    assert rc4(bytes(range(1, 17)), bytes(16)).hex() == "9ac7cc9a609d1ef7b2932899cde41b97"
    assert rc4(bytes(range(1, 17)), bytes(16), 240).hex() == "065902e4b620f6cc36c8589f66432f2b"


def test_against_the_simulator() -> None:
    """Two implementations of the same facts, on random inputs of all sizes around whole blocks."""
    source = random.Random(5)
    for size in [*range(20), *range(136, 154), *range(184, 200), 288, 289, 476]:
        data = source.randbytes(size)
        for keys in (12, 16):
            key = source.randbytes(keys)
            assert oma_digest(key, data or b"\0") == simulated.oma_digest(key, data or b"\0")
        for keys in (6, 12):
            key, challenge = source.randbytes(keys), source.randbytes(8)
            assert challenge_reply(key, challenge, data) == simulated.challenge_reply(key, challenge, data)
        omak, mak, skip = source.randbytes(12), source.randbytes(16), source.randrange(300)
        assert plc_base_key(omak) == simulated.plc_base_key(omak)
        assert mep_base_key(mak) == simulated.mep_base_key(mak)
        digest = source.randbytes(8)
        stream = simulated.message_stream(mep_base_key(mak), digest)
        stream.apply(bytes(skip))
        assert rc4(message_key(mep_base_key(mak), digest), data, skip) == stream.apply(data)


@pytest.mark.parametrize(
    "call",
    [
        lambda: oma_digest(b"12345", b""),
        lambda: challenge_reply(bytes(6), bytes(7), b""),
        lambda: plc_base_key(b"12345"),
        lambda: mep_base_key(bytes(15)),
        lambda: rc4(bytes(3), b"data"),
    ],
)
def test_keys_of_wrong_sizes(call: Any) -> None:
    with pytest.raises(ValueError, match=r"key|challenge|MAK"):
        call()
