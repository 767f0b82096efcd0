# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests and encryption of OSGP and of EN 14908 authentication.

One round function serves both digests (MEP guide, appendix A; lon-stack-dx, lcs_tsa.c). RC4 is as the MEP guide,
appendix B, has it; on the power line the keys are those of a published exercise, and which bytes are encrypted, and
that the response continues the request's stream, is inferred from the MEP port.
"""

from __future__ import annotations

from functools import lru_cache

# What is added for a state byte plus its place, by key bit: n is the inverted sum.
_ADD_IF_SET = bytes((n << 1 | n >> 7) & 0xFF for n in (~x & 0xFF for x in range(256)))
_ADD_IF_CLEAR = bytes(-(n >> 1 | n << 7) & 0xFF for n in (~x & 0xFF for x in range(256)))
_BASE_SEEDS = bytes.fromhex("813F529A7BE389BA"), bytes.fromhex("72B0918D4405AA57")
_MEP_CONSTANT = bytes.fromhex("388B8FBC36A8558587AFC90FB23A3B99")


@lru_cache(256)
def _schedule(key: bytes) -> tuple[tuple[bytes, ...], ...]:
    """For each round the tables to add from, in the order of use: position 7 down to 0, key bits LSB first."""
    rounds = 6 if len(key) == 6 else len(key) * 3 // 2
    bits = [key[i % len(key)] for i in range(rounds)]
    return tuple(tuple(_ADD_IF_SET if byte >> b & 1 else _ADD_IF_CLEAR for b in range(8)) for byte in bits)


def _mix(state: bytes, message: bytes, key: bytes) -> bytes:
    """The state after a message, taken from its first byte on, zeros behind it up to a whole block."""
    a, b, c, d, e, f, g, h = state
    schedule = _schedule(key)
    padded = message + bytes(-len(message) % (8 * len(schedule)))
    at = 0
    while at < len(padded):
        for t7, t6, t5, t4, t3, t2, t1, t0 in schedule:
            m7, m6, m5, m4, m3, m2, m1, m0 = padded[at : at + 8]
            at += 8
            h = (a + m7 + t7[(h + 7) & 255]) & 255
            g = (h + m6 + t6[(g + 6) & 255]) & 255
            f = (g + m5 + t5[(f + 5) & 255]) & 255
            e = (f + m4 + t4[(e + 4) & 255]) & 255
            d = (e + m3 + t3[(d + 3) & 255]) & 255
            c = (d + m2 + t2[(c + 2) & 255]) & 255
            b = (c + m1 + t1[(b + 1) & 255]) & 255
            a = (b + m0 + t0[a]) & 255
    return bytes((a, b, c, d, e, f, g, h))


def oma_digest(key: bytes, message: bytes) -> bytes:
    """The 8-byte OMA digest of a message under a key of 12 bytes (OMAK), or 16 (MAK or MBK)."""
    return _mix(bytes(8), message, key)


def challenge_reply(key: bytes, challenge: bytes, message: bytes) -> bytes:
    """The 8-byte answer to a challenge: the message is taken from its end; `key` has 6 bytes, or 12 with OMA."""
    return _mix(challenge, message[::-1], key)


class Rc4:
    """The RC4 stream of a key; each call goes on where the last one ended."""

    def __init__(self, key: bytes) -> None:
        box = list(range(256))
        j = 0
        for i in range(256):
            j = (j + box[i] + key[i % len(key)]) & 255
            box[i], box[j] = box[j], box[i]
        self._box, self._i, self._j = box, 0, 0

    def apply(self, data: bytes) -> bytes:
        """Encrypt or decrypt."""
        box, i, j = self._box, self._i, self._j
        out = bytearray()
        for byte in data:
            i = (i + 1) & 255
            j = (j + box[i]) & 255
            box[i], box[j] = box[j], box[i]
            out.append(byte ^ box[(box[i] + box[j]) & 255])
        self._i, self._j = i, j
        return bytes(out)


@lru_cache(256)
def plc_base_key(omak: bytes) -> bytes:
    """The 16 bytes that message keys on the power line are made from: two digests of nothing under half the OMAK."""
    return b"".join(_mix(seed, bytes(1), omak[:6]) for seed in _BASE_SEEDS)


@lru_cache(256)
def mep_base_key(key: bytes) -> bytes:
    """The 16 bytes that message keys on the MEP port are made from (MEP guide p.256)."""
    return Rc4(key[:16]).apply(_MEP_CONSTANT)


def message_stream(base: bytes, digest: bytes) -> Rc4:
    """The stream for a request with this digest, and for its response."""
    return Rc4(bytes(b ^ d for b, d in zip(base, digest, strict=False)) + base[8:])
