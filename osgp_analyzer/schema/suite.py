# SPDX-License-Identifier: GPL-2.0-or-later
"""Cipher suites as data: which bytes of a message are encrypted, and what key, nonce and digest are made of.

A message on the wire is: clear bytes, encrypted bytes (`Suite.encrypted_from` on), clear bytes at the end
(`Suite.clear_at_end`), of which the last `Suite.tag_length` are the tag or digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from osgp_analyzer.schema.expr import Const, Expr
from osgp_analyzer.schema.parts import Parts, sizes
from osgp_analyzer.schema.source import Source

CARRIERS = {"apdu": "the APDU from its code on", "mep": "the body of a MEP frame, behind the length"}
KEYS = ("omak", "mak", "mbk", "psk", "base_key")
"""Kinds of keys that a key ring has."""
RC4, NONE = "rc4", "none"


class Sealing(NamedTuple):
    """A cipher with a tag of its own: how many bytes key, nonce and tag can have."""

    keys: Sequence[int]
    nonces: Sequence[int]
    tags: Sequence[int]


AES_KEYS = (16, 24, 32)
SEALINGS: Mapping[str, Sealing] = {
    "aes-ccm": Sealing(AES_KEYS, range(7, 14), range(4, 17, 2)),
    "aes-gcm": Sealing(AES_KEYS, range(8, 129), range(12, 17)),
    "chacha20-poly1305": Sealing((32,), (12,), (16,)),
}
"""NIST SP 800-38C, 800-38D (which has no bounds for nonces: these are of the cryptography package), RFC 8439."""
CIPHERS = (RC4, *SEALINGS, NONE)
OMA, CMAC = "oma", "aes-cmac"
MACS: Mapping[str, Sequence[int]] = {OMA: (8,), CMAC: range(4, 17), NONE: ()}
"""What messages are authenticated with where the cipher has no tag of its own, and the bytes of its tags."""
RESPONSE_STREAMS = {
    "continues": "the request's keystream goes on in the response",
    "own_digest": "the response has a keystream of its own digest",
    "restarts": "the request's keystream begins again",
}
Prf = Literal["hmac-sha256", "aes-cmac"]
COUNTER_KDFS: Mapping[str, Prf] = {"counter-hmac-sha256": "hmac-sha256", "counter-aes-cmac": "aes-cmac"}
"""Derivations in counter mode (NIST SP 800-108), with what they are made of."""
COUNTER_BITS = (8, 16, 24, 32)
COUNTER_INPUTS, FIXED = ("label", "context"), "fixed"
"""What is derived from: label and context as the document puts them together, or all behind the counter."""
GPSK_KDFS: Mapping[str, Mapping[str, int]] = {
    "gpsk-aes": {"msk": 64, "emsk": 64, "sk": 16, "pk": 16},
    "gpsk-sha256": {"msk": 64, "emsk": 64, "sk": 32},
}
"""Derivations of EAP-GPSK (RFC 5433), with the bytes of the keys that each has."""
GPSK_INPUTS = ("rand_peer", "id_peer", "rand_server", "id_server")
KDFS = (*COUNTER_KDFS, *GPSK_KDFS)
LONGEST_KEY = 64
"""Bytes of a derived key, at most."""
ALWAYS = Const(1)


@dataclass(frozen=True, eq=False)
class Derivation:
    """A step from a key to the next one of `length` bytes."""

    kdf: str
    length: int
    inputs: Mapping[str, Parts]
    counter_bits: int = 32
    length_bits: int = 32
    """Bits of the length in what `fixed` does not say (NIST SP 800-108)."""
    take: str = ""
    """Which of the keys of EAP-GPSK."""


@dataclass(frozen=True, eq=False)
class Side:
    """What requests have and responses may have otherwise."""

    when: Expr = ALWAYS
    nonce: Parts = ()
    associated_data: Parts = ()
    mac_input: Parts = ()


@dataclass(frozen=True, eq=False)
class Suite:
    """A cipher suite. The response of a message that a suite is for is of the same suite."""

    name: str
    title: str
    source: Source
    carrier: str
    keys: tuple[str, ...]
    """Kinds of keys that are tried, in this order."""
    cipher: str
    tag_length: int
    request: Side
    response: Side
    encrypted_from: int
    clear_at_end: int
    mac: str = NONE
    derive: tuple[Derivation, ...] = ()
    response_stream: str = "continues"
    """Of RC4: how the keystream of a response goes on."""
    plain_has_sequence: bool = False
    """Whether a request ends with a sequence number, as those of the table services do."""
    doc: str = ""

    def side(self, response: bool) -> Side:
        """What holds for requests, or for responses."""
        return self.response if response else self.request


def problems(suite: Suite) -> Iterator[tuple[str, str]]:
    """What does not fit together: the key in a file, and a sentence that goes on from it."""
    sealing = SEALINGS.get(suite.cipher)
    if sealing is not None and suite.mac != NONE:
        yield "mac", f"is not for {suite.cipher}, which has a tag of its own"
    elif suite.cipher == RC4 and suite.mac != OMA:
        yield "mac", "of rc4 is oma: the message key is made with that digest"
    elif suite.cipher == NONE and suite.mac == NONE:
        yield "cipher", "is none, and so is mac: then there is nothing to be verified"
    else:
        tags = sealing.tags if sealing is not None else MACS[suite.mac]
        if suite.tag_length not in tags:
            yield "tag_length", f"of {suite.cipher if sealing else suite.mac} is {listed(tags)}"
    if suite.clear_at_end < suite.tag_length:
        yield "clear_at_end", f"is at least the {suite.tag_length} bytes of the tag"
    yield from _key_problems(suite)
    for side, ending in ((suite.request, ""), (suite.response, "_response")):
        if sealing is None:
            for key, value in (("nonce", side.nonce), ("associated_data", side.associated_data)):
                if value:
                    yield f"{key}{ending}", f"is not for {suite.cipher}"
            if not side.mac_input:
                yield f"mac_input{ending}", "is missing: say what the digest is over"
            continue
        least, most = sizes(side.nonce)
        if not any(least <= size <= most for size in sealing.nonces):
            has = str(least) if least == most else f"{least} to {most}"
            yield f"nonce{ending}", f"has {has} bytes; {suite.cipher} takes {listed(sealing.nonces)}"
        if side.mac_input:
            yield f"mac_input{ending}", f"is not for {suite.cipher}: write associated_data"


def _key_problems(suite: Suite) -> Iterator[tuple[str, str]]:
    if not suite.derive:
        return
    if suite.cipher == RC4 or suite.mac == OMA:
        yield "derive", "is not for rc4 and oma, whose keys are made in their own way"
        return
    allowed = SEALINGS[suite.cipher].keys if suite.cipher in SEALINGS else AES_KEYS
    if suite.derive[-1].length not in allowed:
        name = suite.cipher if suite.cipher in SEALINGS else suite.mac
        yield "derive", f"ends with a key of {suite.derive[-1].length} bytes; {name} takes {listed(allowed)}"
    for before, after in zip(suite.derive, suite.derive[1:], strict=False):
        if after.kdf == "counter-aes-cmac" and before.length not in AES_KEYS:
            yield "derive", f"has counter-aes-cmac on a key of {before.length} bytes; it takes {listed(AES_KEYS)}"
        if after.kdf in GPSK_KDFS and before.length < GPSK_KDFS[after.kdf]["sk"]:
            yield "derive", f"has {after.kdf} on a key of {before.length} bytes, which is too short"


def listed(numbers: Sequence[int]) -> str:
    """Numbers in a sentence."""
    if isinstance(numbers, range) and numbers.step == 1 and len(numbers) > 2:
        return f"{numbers[0]} to {numbers[-1]}"
    *others, last = map(str, numbers)
    return f"{', '.join(others)} or {last}" if others else last
