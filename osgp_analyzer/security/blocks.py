# SPDX-License-Identifier: GPL-2.0-or-later
"""The building blocks that cipher suites are made of: thin over the cryptography package.

All byte strings are as the documents have them; an encrypted message has its tag behind it. A function raises
`ValueError` for sizes that its document does not allow, without the key in its text. `None` in place of a plaintext
says that the tag is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, KBKDFHMAC, CounterLocation, Mode

from osgp_analyzer.schema.suite import AES_KEYS, COUNTER_BITS, SEALINGS, Prf, listed


def _listed(what: str, size: int, allowed: Sequence[int]) -> None:
    if size not in allowed:
        raise ValueError(f"{what} has {size} bytes, not {listed(allowed)}")


def _sized(cipher: str, key: bytes, nonce: bytes, tag_length: int) -> None:
    sealing = SEALINGS[cipher]
    _listed("the key", len(key), sealing.keys)
    _listed("the nonce", len(nonce), sealing.nonces)
    _listed("the tag", tag_length, sealing.tags)


def open_ccm(key: bytes, nonce: bytes, data: bytes, associated_data: bytes, tag_length: int) -> bytes | None:
    """What is behind AES-CCM (NIST SP 800-38C, RFC 3610). Tag of 4, 6, ... 16 bytes, nonce of 7 to 13."""
    _sized("aes-ccm", key, nonce, tag_length)
    try:
        return AESCCM(key, tag_length).decrypt(nonce, data, associated_data)
    except InvalidTag:
        return None


def open_gcm(key: bytes, nonce: bytes, data: bytes, associated_data: bytes, tag_length: int) -> bytes | None:
    """What is behind AES-GCM (NIST SP 800-38D). Tag of 12 to 16 bytes, nonce of 8 to 128."""
    _sized("aes-gcm", key, nonce, tag_length)
    if len(data) < tag_length:
        return None
    body, tag = data[:-tag_length], data[-tag_length:]
    opener = Cipher(AES(key), modes.GCM(nonce, tag, min_tag_length=tag_length)).decryptor()
    opener.authenticate_additional_data(associated_data)
    plain = opener.update(body)
    try:
        return plain + opener.finalize()
    except InvalidTag:
        return None


def open_chacha(key: bytes, nonce: bytes, data: bytes, associated_data: bytes, tag_length: int = 16) -> bytes | None:
    """What is behind ChaCha20-Poly1305 (RFC 7539, now RFC 8439). Key of 32 bytes, nonce of 12, tag of 16."""
    _sized("chacha20-poly1305", key, nonce, tag_length)
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, data, associated_data)
    except InvalidTag:
        return None


def aes_cmac(key: bytes, data: bytes, length: int = 16) -> bytes:
    """The first `length` bytes, 1 to 16, of AES-CMAC (NIST SP 800-38B, RFC 4493)."""
    _listed("the key", len(key), AES_KEYS)
    if not 1 <= length <= 16:
        raise ValueError(f"a CMAC of {length} bytes is asked for, not of 1 to 16")
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()[:length]


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC with SHA-256 (RFC 2104), 32 bytes."""
    mac = HMAC(key, hashes.SHA256())
    mac.update(data)
    return mac.finalize()


def fixed_input(label: bytes, context: bytes, length: int, length_bits: int = 32) -> bytes:
    """What is behind the counter, as NIST SP 800-108, section 5, proposes: label, 00, context, and how many bits are
    derived in `length_bits` bits, big-endian; `length` is in bytes."""
    try:
        return label + b"\0" + context + (8 * length).to_bytes(length_bits // 8, "big")
    except OverflowError:
        raise ValueError(f"{length} bytes cannot be said in a length of {length_bits} bits") from None


def counter_kdf(prf: Prf, key: bytes, fixed: bytes, length: int, counter_bits: int = 32) -> bytes:
    """`length` bytes derived in counter mode (NIST SP 800-108, section 5.1), the counter before the fixed input."""
    if counter_bits not in COUNTER_BITS:
        raise ValueError(f"the counter has {counter_bits} bits, not 8, 16, 24 or 32")
    size = 32 if prf == "hmac-sha256" else 16
    if not 1 <= length <= size * ((1 << min(counter_bits, 16)) - 1):
        raise ValueError(f"{length} bytes cannot be derived with a counter of {counter_bits} bits")
    place = {"location": CounterLocation.BeforeFixed, "label": None, "context": None, "llen": None}
    common = {"mode": Mode.CounterMode, "length": length, "rlen": counter_bits // 8, "fixed": fixed, **place}
    if prf == "hmac-sha256":
        return KBKDFHMAC(hashes.SHA256(), **common).derive(key)  # type: ignore[arg-type]
    _listed("the key", len(key), AES_KEYS)
    return KBKDFCMAC(AES, **common).derive(key)  # type: ignore[arg-type]


class _GpskSuite(NamedTuple):
    """A cipher suite of EAP-GPSK (RFC 5433, sections 6 and 7)."""

    specifier: int
    size: int
    """KS: bytes of a key."""
    mac: Callable[[bytes, bytes], bytes]
    encrypts: bool


GPSK_SUITES: Mapping[str, _GpskSuite] = {
    "gpsk-aes": _GpskSuite(1, 16, aes_cmac, True),
    "gpsk-sha256": _GpskSuite(2, 32, hmac_sha256, False),
}
"""CSuite 1 and 2 of the IETF, whose vendor is 0."""


class GpskKeys(NamedTuple):
    """What EAP-GPSK derives: 64, 64 and KS bytes, and KS bytes more where the suite encrypts, else none."""

    msk: bytes
    emsk: bytes
    sk: bytes
    pk: bytes

    def __repr__(self) -> str:
        return "GpskKeys(...)"


def gkdf(mac: Callable[[bytes, bytes], bytes], key: bytes, data: bytes, length: int) -> bytes:
    """GKDF of RFC 5433, section 7: MACs over a 16-bit counter from 1 and the data, one after the other."""
    found = b""
    count = 0
    while len(found) < length:
        count += 1
        found += mac(key, count.to_bytes(2, "big") + data)
    return found[:length]


def gpsk_keys(
    suite: str, psk: bytes, rand_peer: bytes, id_peer: bytes, rand_server: bytes, id_server: bytes
) -> GpskKeys:
    """The keys of an EAP-GPSK session (RFC 5433, section 4); `suite` is one of `GPSK_SUITES`.

    The PSK has 16 bytes (``gpsk-aes``) or 32 (``gpsk-sha256``) or more, the random numbers have 32.
    """
    specifier, size, mac, encrypts = GPSK_SUITES[suite]
    if not size <= len(psk) <= 0xFFFF:
        raise ValueError(f"the PSK has {len(psk)} bytes, not {size} to 65535")
    _listed("RAND_Peer", len(rand_peer), (32,))
    _listed("RAND_Server", len(rand_server), (32,))
    session = rand_peer + id_peer + rand_server + id_server
    selected = bytes(4) + specifier.to_bytes(2, "big")
    master = gkdf(mac, psk[:size], len(psk).to_bytes(2, "big") + psk + selected + session, size)
    keys = gkdf(mac, master, session, 128 + (2 if encrypts else 1) * size)
    return GpskKeys(keys[:64], keys[64:128], keys[128 : 128 + size], keys[128 + size :])
