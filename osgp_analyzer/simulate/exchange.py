# SPDX-License-Identifier: GPL-2.0-or-later
"""A request and its response with digests and ciphertext, and what can be wrong with them (osgp.md 1.6, 2.2, 2.6).

On the power line the message code and the meter's address go into the digest too, and the length into that of a
response. Which bytes are encrypted there, and that the response continues the request's stream, is inferred from the
MEP port. That a meter answers what it cannot authenticate with a digest over the bytes as they came is inferred: it
knows no others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.findings import BAD, NOBODYS, VERIFIED, Ledger, security
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.security import Rc4, mep_base_key, message_stream, oma_digest, plc_base_key

REQUEST, REQUEST_DIGEST, RESPONSE, RESPONSE_DIGEST = "request", "request digest", "response", "response digest"


@dataclass(frozen=True)
class Fault:
    """What is wrong with an exchange. `key`: of the request, instead of the meter's; `key_of`: the meter that it is of,
    nobody's if empty; `address`: subnet and node that the request's digest is made for; `flips`: where one bit is
    changed on the way; `no_length`: the response's digest is made without its length."""

    key: bytes = b""
    key_of: str = ""
    address: bytes = b""
    flips: str = ""
    no_length: bool = False

    @property
    def of_request(self) -> list[str]:
        """Findings at the request."""
        if self.key:
            return ["good_under_other_key" if self.key_of else "bad_digest"]
        if self.address:
            return ["good_for_other_address"]
        return ["bad_digest"] if self.flips in (REQUEST, REQUEST_DIGEST) else []

    @property
    def of_response(self) -> list[str]:
        """Findings at the response."""
        if self.no_length:
            return ["good_without_length"]
        return ["bad_digest"] if self.flips in (RESPONSE, RESPONSE_DIGEST) else []


RIGHT = Fault()
OK = Response(msg.OK)


@dataclass
class Sealed:
    """A message as it is sent: `text` goes in front of `digest`. `first` are the findings where it is sent first."""

    text: bytes
    digest: bytes
    fields: dict[str, Any]
    truth: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    response: Response = OK


class Exchange:
    """One request to a meter, under its key of a name (omak on the power line, mak or mbk on the MEP port), and what
    comes of it. `request` is as its sender made it, `arriving` as it comes to the meter."""

    def __init__(
        self,
        ledger: Ledger,
        meter: Meter,
        request: Request,
        sequence: int,
        key_name: str,
        *,
        encrypt: bool,
        fault: Fault = RIGHT,
    ) -> None:
        self._ledger, self._meter, self._asked, self._sequence = ledger, meter, request, sequence
        self._key_name, self._encrypt, self._fault = key_name, encrypt, fault
        self._plc = key_name == "omak"
        self._code = b"\0" if self._plc else b""
        self._own: bytes = getattr(meter.keys, key_name)
        key = fault.key or self._own
        address = bytes([meter.subnet, meter.node]) if self._plc else b""
        self._plain = self._message(request)
        self._digest = oma_digest(key, (fault.address or address) + self._plain)
        self._base = (plc_base_key if self._plc else mep_base_key)(key)

        found = fault.of_request
        altered = fault.flips in (REQUEST, REQUEST_DIGEST)
        first = ledger.failed(meter) if found else ledger.request(meter, key, sequence, self._plain + self._digest)
        text = self._hidden(self._plain) if encrypt else self._plain
        self.request = self.arriving = Sealed(
            text, self._digest, self._fields(request, self._digest), self._truth([] if altered else found, encrypt)
        )
        if altered:
            self._asked = _other(request) if fault.flips == REQUEST else request
            text = _xor(text, _xor(self._plain, self._message(self._asked)))
            digest = _flipped(self._digest) if fault.flips == REQUEST_DIGEST else self._digest
            self.arriving = Sealed(text, digest, self._fields(self._asked, digest), self._truth(found, encrypt))
        self.arriving.first = first
        # What the digest of the response covers: the request as the meter reads it.
        self._heard = address + (self.arriving.text if found else self._plain)

    def _message(self, request: Request) -> bytes:
        return self._code + request.body(counted=not self._plc) + self._sequence.to_bytes(4, "big")

    def _stream(self) -> Rc4:
        return message_stream(self._base, self._digest)

    def _hidden(self, text: bytes, after: int = 0) -> bytes:
        """A message encrypted but for its code, with what follows so many bytes of the stream."""
        stream, start = self._stream(), len(self._code)
        stream.apply(bytes(after))
        return text[:start] + stream.apply(text[start:])

    def _fields(self, request: Request, digest: bytes) -> dict[str, Any]:
        found = {**request.fields(counted=not self._plc), "osgp.sequence": self._sequence, "osgp.digest": digest.hex()}
        return ({"apdu.code": 0} if self._plc else {}) | found

    def _truth(self, findings: list[str], encrypted: bool, response: bool = False) -> dict[str, Any]:
        fault = self._fault
        more: dict[str, Any] = {}
        key = self._key_name
        if fault.key and not response:
            key, more = (key, {"key_of": fault.key_of}) if fault.key_of else (NOBODYS, {})
        elif self._plc and self._meter.rekeyed:
            more = {"changed_in": self._meter.rekeyed}
        known: dict[str, Any] = {"meter": self._meter.label, "key": "not in the key ring" if key == NOBODYS else key}
        known |= {"digest_ok": not findings} | ({"encrypted": True} if encrypted else {})
        status = BAD if findings else VERIFIED
        return known | {"security": security(status, *findings, key=key, encrypted=encrypted, **more)}

    def respond(self, time: int) -> Sealed:
        """What the meter answers at a time."""
        meter, fault, request = self._meter, self._fault, self._asked
        values: dict[str, Any] = {}
        if fault.of_request:
            response = Response(msg.AUTHENTICATION)
        elif not meter.in_sequence(self._sequence):
            response = Response(msg.SEQUENCE, sequence=(meter.sequence + 1) & 0xFFFFFFFF)
        else:
            response = meter.answer(request, time)
            table = meter.layout(request, time) if response.data is not None else None
            values = table.values(request.offset, request.count or None) if table else {}
        text = self._code + response.body()
        length = bytes([len(text)]) if self._plc and not fault.no_length else b""
        digest = oma_digest(self._own, self._heard + text + length)
        # A refusal of the key itself is not encrypted (MEP guide p.257; on the power line by analogy).
        hidden = self._encrypt and response.code != msg.AUTHENTICATION
        first = self._ledger.encrypted_answer(meter, self._plain + self._digest, text) if hidden else []
        sent = self._hidden(text, len(self._plain) - len(self._code)) if hidden else text
        if fault.flips == RESPONSE and response.data:
            response, values = replace(response, data=_flipped(response.data)), {}
            sent = _xor(sent, _xor(text, self._code + response.body()))
        elif fault.flips in (RESPONSE, RESPONSE_DIGEST):
            digest = _flipped(digest)
        fields = ({"apdu.code": 0} if self._plc else {}) | response.fields(request) | {"osgp.digest": digest.hex()}
        return Sealed(sent, digest, fields, self._truth(fault.of_response, hidden, True), values, first, response)


def _other(request: Request) -> Request:
    """A partial read or write with one bit changed: it is for another place in the table."""
    return replace(request, offset=request.offset ^ 4)


def _flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
