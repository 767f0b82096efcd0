# SPDX-License-Identifier: GPL-2.0-or-later
"""A cipher suite applied to one message: whether a key fits it, and what it says in clear.

A key that does not fit never gives a plaintext: what is decrypted is handed out only when its tag or digest is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.constant_time import bytes_eq

from dissectors.security import mep_base_key, message_key, oma_digest, plc_base_key, rc4
from osgp_analyzer.schema.parts import LONGEST, MESSAGE, REQUEST, REQUEST_TAG, WIRE, Given, Parts, joined
from osgp_analyzer.schema.suite import COUNTER_KDFS, FIXED, OMA, RC4, SEALINGS, Derivation, Suite
from osgp_analyzer.security.blocks import (
    aes_cmac,
    counter_kdf,
    fixed_input,
    gpsk_keys,
    open_ccm,
    open_chacha,
    open_gcm,
)

OPENERS: Mapping[str, Callable[[bytes, bytes, bytes, bytes, int], bytes | None]] = {
    "aes-ccm": open_ccm,
    "aes-gcm": open_gcm,
    "chacha20-poly1305": open_chacha,
}
BASE_KEYS: Mapping[str, Callable[[bytes], bytes]] = {"apdu": plc_base_key, "mep": mep_base_key}
"""What RC4 makes its message keys from, by carrier."""


@dataclass(frozen=True)
class Opened:
    """What came of a message with one key. `plain` is the whole message in clear without its tag, and None unless
    `good`."""

    good: bool
    plain: bytes | None = field(default=None, repr=False)
    encrypted: bool = False
    tag: bytes = b""
    """Tag or digest as it was sent."""
    position: int = 0
    """Bytes of a request's RC4 keystream behind which its response goes on."""
    sent: bytes = field(default=b"", repr=False)
    """The message as it was sent, without its tag: what the refusal of a request that is not good may be over."""
    problem: str = ""
    """Why the key could not be tried; empty where it was."""


@dataclass(frozen=True)
class Message:
    """A message as it was sent: the APDU from its code on, or the body of a MEP frame behind the length.

    `values`: the header fields in clear by full name, with ``target.subnet``, ``target.node`` and
    ``target.neuron_id`` of the meter. `request`: of a response, its request as it was opened with the same key.
    """

    wire: bytes
    values: Mapping[str, int | bytes]
    request: Opened | None = None
    response: bool = False
    """True for a response, also where its request is not known."""

    @property
    def is_response(self) -> bool:
        """Whether what a suite says of responses holds."""
        return self.response or self.request is not None


def applies(suite: Suite, message: Message) -> bool:
    """Whether a suite is for a message, by what is in clear."""
    return bool(_given(message).number(suite.side(message.is_response).when))


def open_message(suite: Suite, key: bytes, message: Message, base_key: bytes | None = None) -> Opened:
    """Try a key on a message. `base_key`: 16 bytes in place of those that RC4 makes from the key.

    Nothing is raised, whatever the bytes are: what keeps a key from being tried is said in `problem`.
    """
    end = len(message.wire) - suite.clear_at_end
    if end < suite.encrypted_from or len(message.wire) > LONGEST:
        return Opened(False, problem=f"a message of {len(message.wire)} bytes is none of this suite")
    sent, tag = message.wire[: -suite.tag_length], message.wire[-suite.tag_length :]
    try:
        if suite.cipher in SEALINGS:
            opened = _unsealed(suite, key, message, tag)
        else:
            opened = _verified(suite, key, message, tag, base_key)
    except ValueError as error:
        opened = Opened(False, tag=tag, problem=str(error))
    return replace(opened, sent=sent)


def _given(message: Message) -> Given:
    messages = {WIRE: message.wire}
    request = message.request
    if request is not None and request.tag:
        messages |= {REQUEST: request.sent if request.plain is None else request.plain, REQUEST_TAG: request.tag}
    return Given(message.values, messages)


def _need(what: str, parts: Parts, given: Given) -> bytes:
    """The bytes of a list of parts. Raises `ValueError` where they are not there."""
    found = joined(parts, given)
    if found is None:
        missing = next((n for n, part in enumerate(parts, 1) if part.value(given) is None), 0)
        raise ValueError(f"part {missing} of {what} is not known" if missing else f"{what} is too long")
    return found


def _cut(suite: Suite, message: Message) -> tuple[bytes, bytes, bytes]:
    """The clear bytes, the encrypted ones, and the clear ones behind them without the tag."""
    wire, end = message.wire, len(message.wire) - suite.clear_at_end
    tail = wire[end : len(wire) - suite.tag_length]
    return wire[: suite.encrypted_from], wire[suite.encrypted_from : end], tail


def _unsealed(suite: Suite, key: bytes, message: Message, tag: bytes) -> Opened:
    """A message under a cipher with a tag of its own."""
    given, side = _given(message), suite.side(message.is_response)
    head, body, tail = _cut(suite, message)
    own = _derived(suite.derive, key, given)
    nonce = _need("the nonce", side.nonce, given)
    beside = _need("the associated data", side.associated_data, given)
    plain = OPENERS[suite.cipher](own, nonce, body + tag, beside, suite.tag_length)
    if plain is None:
        return Opened(False, encrypted=True, tag=tag)
    return Opened(True, head + plain + tail, True, tag)


def _verified(suite: Suite, key: bytes, message: Message, tag: bytes, base_key: bytes | None) -> Opened:
    """A message with a digest over its plaintext: tried as it is, then decrypted (MEP guide p.11)."""
    given = _given(message)
    head, body, tail = _cut(suite, message)
    own = key if suite.mac == OMA else _derived(suite.derive, key, given)

    def fits(plain: bytes) -> bool:
        inside = Given(given.values, {**given.messages, MESSAGE: plain})
        data = _need("the digest's input", suite.side(message.is_response).mac_input, inside)
        return bytes_eq(oma_digest(own, data) if suite.mac == OMA else aes_cmac(own, data, suite.tag_length), tag)

    if fits(head + body + tail):
        return Opened(True, head + body + tail, False, tag, len(body))
    if suite.cipher == RC4:
        start, skip = _stream(suite, message, tag)
        plain = head + rc4(message_key(base_key or BASE_KEYS[suite.carrier](key), start), body, skip) + tail
        if fits(plain):
            return Opened(True, plain, True, tag, len(body))
    return Opened(False, tag=tag)


def _stream(suite: Suite, message: Message, tag: bytes) -> tuple[bytes, int]:
    """The digest that the RC4 key of a message is made with, and the bytes of its keystream that are used up."""
    if suite.cipher != RC4 or not message.is_response or suite.response_stream == "own_digest":
        return tag, 0
    if message.request is None or not message.request.tag:
        raise ValueError("the request is not known")
    return message.request.tag, message.request.position if suite.response_stream == "continues" else 0


def _derived(steps: tuple[Derivation, ...], key: bytes, given: Given) -> bytes:
    """The key at the end of all steps."""
    for step in steps:
        inputs = {name: _need(f"{step.kdf}: {name}", parts, given) for name, parts in step.inputs.items()}
        if step.kdf in COUNTER_KDFS:
            fixed = inputs.get(FIXED)
            if fixed is None:
                fixed = fixed_input(inputs["label"], inputs["context"], step.length, step.length_bits)
            key = counter_kdf(COUNTER_KDFS[step.kdf], key, fixed, step.length, step.counter_bits)
        else:
            key = getattr(gpsk_keys(step.kdf, key, **inputs), step.take)[: step.length]
    return key
