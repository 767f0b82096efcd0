# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests and encryption of OSGP, and of EN 14908-1 authentication: the plain form, one message at a time.

Sources: MEP guide, appendices A and B (p.250-257) for the OMA digest and RC4 on the MEP port; lon-stack-dx lcs_tsa.c
for challenges; a published implementation for the keys of the power line (one source).
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

DIGEST = 8
"""Bytes of a digest, and of a challenge."""
LEGACY_KEY, OMA_KEYS = 6, (12, 16)
"""Bytes of the keys: of EN 14908-1, with which a block is one pass over the key; of OMA, one and a half."""
MEP_KEY, MEP_KEY_FIELD = 16, 20
"""Bytes of a MAK or MBK that count, the first ones of the field of the table (MEP guide p.13)."""
_BASE_STATES = bytes.fromhex("813f529a7be389ba"), bytes.fromhex("72b0918d4405aa57")
_MEP_CONSTANT = bytes.fromhex("388b8fbc36a8558587afc90fb23a3b99")


def _round(state: list[int], key: int, message: bytes, at: int) -> None:
    """Take in 8 bytes of the message from `at` on (zeros behind its end) under one byte of the key."""
    for place in range(7, -1, -1):
        byte = message[at + 7 - place] if at + 7 - place < len(message) else 0
        inverse = ~(state[place] + place) & 0xFF
        turned = inverse << 1 | inverse >> 7, inverse >> 1 | inverse << 7
        change = turned[0] if key >> (7 - place) & 1 else -turned[1]
        state[place] = (state[(place + 1) % 8] + byte + change) & 0xFF


def _absorb(start: bytes, key: bytes, message: bytes) -> bytes:
    """The state after whole passes over the key, as many as the message needs."""
    if len(key) not in (LEGACY_KEY, *OMA_KEYS):
        raise ValueError(f"a key for digests has 6, 12 or 16 bytes, not {len(key)}")
    rounds = [key[i % len(key)] for i in range(len(key) if len(key) == LEGACY_KEY else len(key) * 3 // 2)]
    state = list(start)
    for block in range(0, len(message), 8 * len(rounds)):
        for number, byte in enumerate(rounds):
            _round(state, byte, message, block + 8 * number)
    return bytes(state)


def oma_digest(key: bytes, data: bytes) -> bytes:
    """The OMA digest, 8 bytes: `key` is an OMAK (12 bytes), or a MAK or MBK (16, or the field of 20). No data are one
    block of zeros.

    It is weak: a key with one other bit may give the same digest of a message.
    Source: MEP guide p.250-253. Raises `ValueError` for a key of another size.
    """
    own = key[:MEP_KEY] if len(key) == MEP_KEY_FIELD else key
    return _absorb(bytes(DIGEST), own, data or b"\0")


def challenge_reply(key: bytes, challenge: bytes, data: bytes) -> bytes:
    """The reply to a challenge of 8 bytes. `data` is the APDU, with OMA behind its block on the destination; it is
    taken from its end. `key` has 6 bytes, with OMA 12.

    Source: lon-stack-dx lcs_tsa.c; lon-stack-ex LtTransactions.cpp. Raises `ValueError` for other sizes.
    """
    if len(challenge) != DIGEST:
        raise ValueError(f"a challenge has {DIGEST} bytes, not {len(challenge)}")
    return _absorb(challenge, key, data[::-1])


def rc4(key: bytes, data: bytes, skip: int = 0) -> bytes:
    """Encrypted or decrypted with RC4, from byte `skip` of the keystream on; keys have 7, 8, 16, 24 or 32 bytes here.

    Raises `ValueError` for a key of another size.
    """
    return Cipher(ARC4(key), None).encryptor().update(bytes(skip) + data)[skip:]


@lru_cache(256)
def plc_base_key(omak: bytes) -> bytes:
    """The 16 bytes that the message keys of the power line are made from. Only 6 bytes of the OMAK count.

    Source: a published implementation; one source. Raises `ValueError` for a key of less than 6 bytes.
    """
    return b"".join(_absorb(state, omak[:LEGACY_KEY], b"\0") for state in _BASE_STATES)


@lru_cache(256)
def mep_base_key(key: bytes) -> bytes:
    """The 16 bytes that the message keys of the MEP port are made from; `key` is the MAK or MBK, 16 bytes or more.

    Source: MEP guide p.256. Raises `ValueError` for a shorter key.
    """
    if len(key) < MEP_KEY:
        raise ValueError(f"a MAK or MBK has {MEP_KEY} bytes, not {len(key)}")
    return rc4(key[:MEP_KEY], _MEP_CONSTANT)


def message_key(base: bytes, digest: bytes) -> bytes:
    """The RC4 key of a message: the base key, with the digest of the plaintext over its first 8 bytes.

    Source: MEP guide p.256; on the power line a published implementation.
    """
    return bytes(a ^ b for a, b in zip(base, digest, strict=False)) + base[DIGEST:]
