# SPDX-License-Identifier: GPL-2.0-or-later
"""The building blocks against the vectors of their own documents; the source of each is in ``ciphers.json``."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from osgp_analyzer.security.blocks import (
    aes_cmac,
    counter_kdf,
    fixed_input,
    gpsk_keys,
    hmac_sha256,
    open_ccm,
    open_chacha,
    open_gcm,
)
from tests.conftest import load

VECTORS: dict[str, list[dict[str, Any]]] = load("ciphers.json")
Open = Callable[[bytes, bytes, bytes, bytes, int], bytes | None]
OPENERS: dict[str, Open] = {"aes-ccm": open_ccm, "aes-gcm": open_gcm, "chacha20-poly1305": open_chacha}
PRFS = {"HMAC_SHA256": "hmac-sha256", "CMAC_AES128": "aes-cmac", "CMAC_AES256": "aes-cmac"}
SEALED = [pytest.param(cipher, v, id=v["source"]) for cipher in OPENERS for v in VECTORS[cipher]]


def unhexed(vector: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(vector[name]) for name in names]


@pytest.mark.parametrize(("cipher", "vector"), SEALED)
def test_sealed_messages(cipher: str, vector: dict[str, Any]) -> None:
    """Vectors of NIST with a wrong tag have no plaintext."""
    key, nonce, data, beside = unhexed(vector, "key", "nonce", "cipher", "associated_data")
    plain = vector["plain"]
    opened = OPENERS[cipher](key, nonce, data, beside, vector["tag_length"])
    assert opened == (None if plain is None else bytes.fromhex(plain))


def test_all_documents_are_there() -> None:
    sources = [v["source"] for v in VECTORS["aes-ccm"]]
    assert sum("SP 800-38C" in source for source in sources) == 3
    assert sum("RFC 3610" in source for source in sources) == 24
    assert {v["tag_length"] for v in VECTORS["aes-gcm"]} == {12, 13, 14, 15, 16}
    assert {(v["prf"], v["counter_bits"]) for v in VECTORS["counter_kdf"]} == {
        (prf, bits) for prf in PRFS for bits in (8, 16, 24, 32)
    }


@pytest.mark.parametrize("cipher", OPENERS)
def test_a_flipped_bit_anywhere(cipher: str) -> None:
    vector = next(v for v in VECTORS[cipher] if v["plain"] and v["associated_data"])
    parts = unhexed(vector, "key", "nonce", "cipher", "associated_data")
    for which, part in enumerate(parts):
        for bit in range(len(part) * 8):
            flipped = bytearray(part)
            flipped[bit // 8] ^= 1 << bit % 8
            given = [*parts[:which], bytes(flipped), *parts[which + 1 :]]
            assert OPENERS[cipher](given[0], given[1], given[2], given[3], vector["tag_length"]) is None


@pytest.mark.parametrize("vector", VECTORS["aes-cmac"], ids=lambda v: v["source"])
def test_cmac(vector: dict[str, Any]) -> None:
    key, message, mac = unhexed(vector, "key", "message", "mac")
    assert [aes_cmac(key, message, length) for length in range(1, 17)] == [mac[:length] for length in range(1, 17)]


def test_hmac() -> None:
    """RFC 4231, section 4.2 and 4.3."""
    first = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    second = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac_sha256(b"\x0b" * 20, b"Hi There").hex() == first
    assert hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex() == second


@pytest.mark.parametrize("vector", VECTORS["counter_kdf"], ids=lambda v: v["source"])
def test_derivation_in_counter_mode(vector: dict[str, Any]) -> None:
    key, fixed, output = unhexed(vector, "key", "fixed", "output")
    prf: Any = PRFS[vector["prf"]]
    assert counter_kdf(prf, key, fixed, vector["length"], vector["counter_bits"]) == output


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC from single blocks of AES, as NIST SP 800-38B, section 6, builds it."""
    encryptor = Cipher(AES(key), modes.ECB()).encryptor()

    def doubled(block: bytes) -> bytes:
        number = int.from_bytes(block, "big") << 1
        return (number & (1 << 128) - 1 ^ (0x87 if number >> 128 else 0)).to_bytes(16, "big")

    once = doubled(encryptor.update(bytes(16)))
    whole = bool(data) and len(data) % 16 == 0
    padded, last = (data, once) if whole else (data + b"\x80" + bytes(-(len(data) + 1) % 16), doubled(once))
    state = bytes(16)
    for at in range(0, len(padded), 16):
        block = padded[at : at + 16]
        if at + 16 == len(padded):
            block = bytes(a ^ b for a, b in zip(block, last, strict=True))
        state = encryptor.update(bytes(a ^ b for a, b in zip(state, block, strict=True)))
    return state


def test_our_own_cmac_for_the_next_tests() -> None:
    assert all(cmac(*unhexed(v, "key", "message")).hex() == v["mac"] for v in VECTORS["aes-cmac"])


def test_fixed_input() -> None:
    """The form of NIST SP 800-108, section 5: no vector has its parts apart, so it is put together by hand here."""
    key, fixed = bytes(range(16)), b"label" + b"\0" + b"context" + b"\0\0\1\0"
    assert fixed_input(b"label", b"context", 32) == fixed
    assert fixed_input(b"label", b"context", 16, 8) == b"label\0context\x80"
    by_hand = b"".join(cmac(key, bytes([i]) + fixed) for i in (1, 2, 3))
    assert counter_kdf("aes-cmac", key, fixed, 40, 8) == by_hand[:40]
    with pytest.raises(ValueError, match="32 bytes cannot be said"):
        fixed_input(b"", b"", 32, 8)


@pytest.mark.parametrize(("suite", "size"), [("gpsk-aes", 16), ("gpsk-sha256", 32)])
@pytest.mark.parametrize("longer", [0, 1, 40])
def test_gpsk(suite: str, size: int, longer: int) -> None:
    """RFC 5433 has no test vectors, so its formulas (sections 4 and 7) are worked out again with other primitives:
    CMAC from single blocks, HMAC of the standard library."""
    source = random.Random(f"{suite}{longer}")
    psk, peer, server = source.randbytes(size + longer), source.randbytes(32), source.randbytes(32)

    def mac(key: bytes, data: bytes) -> bytes:
        return cmac(key, data) if size == 16 else hmac.new(key, data, hashlib.sha256).digest()

    inputs = peer + b"meter@example" + server + b"server"
    z = len(psk).to_bytes(2, "big") + psk + (b"\0\0\0\0\0\1" if size == 16 else b"\0\0\0\0\0\2") + inputs
    master = mac(psk[:size], b"\0\1" + z)
    stream = b"".join(mac(master, i.to_bytes(2, "big") + inputs) for i in range(1, 12))
    keys = gpsk_keys(suite, psk, peer, b"meter@example", server, b"server")
    pk = stream[128 + size : 128 + 2 * size] if size == 16 else b""
    assert tuple(keys) == (stream[:64], stream[64:128], stream[128 : 128 + size], pk)
    assert stream[:4].hex() not in repr(keys)
    with pytest.raises(ValueError, match=f"the PSK has {size - 1} bytes"):
        gpsk_keys(suite, psk[: size - 1], peer, b"", server, b"")
    with pytest.raises(ValueError, match="RAND_Server has 31"):
        gpsk_keys(suite, psk, peer, b"", server[:31], b"")


@pytest.mark.parametrize(
    "call",
    [
        lambda: open_ccm(bytes(15), bytes(12), bytes(30), b"", 8),
        lambda: open_ccm(bytes(16), bytes(6), bytes(30), b"", 8),
        lambda: open_ccm(bytes(16), bytes(14), bytes(30), b"", 8),
        lambda: open_ccm(bytes(16), bytes(12), bytes(30), b"", 5),
        lambda: open_gcm(bytes(16), bytes(7), bytes(30), b"", 12),
        lambda: open_gcm(bytes(16), bytes(12), bytes(30), b"", 11),
        lambda: open_gcm(bytes(1), bytes(12), bytes(30), b"", 12),
        lambda: open_chacha(bytes(31), bytes(12), bytes(30), b""),
        lambda: open_chacha(bytes(32), bytes(8), bytes(30), b""),
        lambda: open_chacha(bytes(32), bytes(12), bytes(30), b"", 12),
        lambda: aes_cmac(bytes(16), b"", 17),
        lambda: aes_cmac(bytes(5), b""),
        lambda: counter_kdf("aes-cmac", bytes(5), b"", 16),
        lambda: counter_kdf("aes-cmac", bytes(16), b"", 16 * 255 + 1, 8),
        lambda: counter_kdf("hmac-sha256", bytes(16), b"", 0),
        lambda: counter_kdf("hmac-sha256", bytes(16), b"", 16, 12),
    ],
)
def test_sizes_that_no_document_allows(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"bytes|bits|tag_length"):
        call()


@pytest.mark.parametrize("opener", OPENERS.values())
def test_messages_shorter_than_their_tag(opener: Open) -> None:
    key = bytes(32)
    assert [opener(key, bytes(12), bytes(size), b"", 16) for size in range(16)] == [None] * 16
