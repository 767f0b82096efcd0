# SPDX-License-Identifier: GPL-2.0-or-later
"""The MEP port: a client that asks its meter over a serial line (MEP guide p.8-21, p.256-257)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.clock import MS
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import SecureReader, Talk
from osgp_analyzer.simulate.security import mep_base_key, message_stream, oma_digest

if TYPE_CHECKING:
    from osgp_analyzer.simulate.network import Network

TIMEOUT, PACE = 500 * MS, 100 * MS
"""How long a client waits for a response, and the least time between two requests."""
TRIES = 3
ALERT = b"\0\0"


def framed(body: bytes, digest: bytes) -> bytes:
    """A message behind its length, 2 bytes, big-endian, not counting itself."""
    return (len(body) + len(digest)).to_bytes(2, "big") + body + digest


class MepClient(SecureReader):
    """The client at the MEP port of one meter; `key_name` is that of the key it uses, mak or mbk."""

    read_limit, write_limit = 456, 448

    def __init__(self, network: Network, meter: Meter, line: int) -> None:
        super().__init__(network, f"client {line}", [meter], line)
        self.key_name = "mak"

    def ask(
        self,
        meter: Meter,
        request: Request,
        *,
        values: dict[str, Any] | None = None,
        key: bytes | None = None,
        sequence: int | None = None,
        truth: dict[str, Any] | None = None,
    ) -> Talk[Response | None]:
        """Ask the meter; a packet that is not answered is sent again as it was."""
        own = getattr(meter.keys, self.key_name)
        used, good = key or own, key is None
        number = (self.sequences[meter.number] + 1) & 0xFFFFFFFF if sequence is None else sequence
        if sequence is None:
            self.sequences[meter.number] = number
        body = request.body(counted=True) + number.to_bytes(4, "big")
        digest = oma_digest(used, body)
        stream = message_stream(mep_base_key(used), digest) if self.encrypt else None
        data = framed(stream.apply(body) if stream else body, digest)
        about: dict[str, Any] = {"meter": meter.label, "key": self.key_name if good else "not in the key ring"}
        about |= {"digest_ok": good} | ({"encrypted": True} if stream else {}) | (truth or {})
        fields = {
            "mep.length": len(data) - 2,
            **request.fields(counted=True),
            "osgp.sequence": number,
            "osgp.digest": digest.hex(),
        }
        after = self.pause + PACE + self.rng.randrange(100) * MS
        self.pause, first = 0, 0
        for attempt in range(TRIES):
            lost = self.lost()
            retry: dict[str, Any] = ({"retry_of": first} if attempt else {}) | ({"lost": True} if lost else {})
            sent = yield self.serial(data, fields, about | retry, values or {}, after, inbound=True)
            first = first or sent.number
            self.asked, after = first, TIMEOUT
            if lost:
                continue
            if stream:
                stream = message_stream(mep_base_key(used), digest)
                stream.apply(body)
            response = self._response(meter, request, number, sent.time, good)
            answer = response.body()
            reply = oma_digest(own, body + answer)
            hidden = stream is not None and response.code != msg.AUTHENTICATION
            sent_answer = stream.apply(answer) if stream and hidden else answer
            back = framed(sent_answer, reply)
            found = {"mep.length": len(back) - 2, **response.fields(request), "osgp.digest": reply.hex()}
            known: dict[str, Any] = {"meter": meter.label, "key": self.key_name, "digest_ok": True}
            known |= ({"encrypted": True} if hidden else {}) | {"answers": sent.number}
            table = meter.layout(request, sent.time) if response.data is not None else None
            covered = table.values(request.offset, request.count or None) if table else {}
            lost = self.lost()
            known |= {"lost": True} if lost else {}
            yield self.serial(back, found, known, covered, self.rng.randrange(15, 90) * MS, inbound=False)
            if lost:
                continue  # the same packet again will meet a sequence number that is used up
            if response.sequence is None:
                return response
            self.sequences[meter.number] = (response.sequence - 1) & 0xFFFFFFFF
            if sequence is not None:
                return response
            return (yield from self.ask(meter, request, values=values, key=key, truth=truth))
        return None

    def _response(self, meter: Meter, request: Request, sequence: int, time: int, good: bool) -> Response:
        if not good:
            return Response(msg.AUTHENTICATION)
        if not meter.in_sequence(sequence):
            return Response(msg.SEQUENCE, sequence=(meter.sequence + 1) & 0xFFFFFFFF)
        return meter.answer(request, time)

    def alert(self, after: int) -> Talk[None]:
        """The meter says that it has something: two zero bytes, once a second until they are heeded."""
        yield self.serial(ALERT, {"mep.length": 0}, {}, {}, after, inbound=False)
