# SPDX-License-Identifier: GPL-2.0-or-later
"""A data concentrator: table services over the power line, straight or through repeaters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import Talk
from osgp_analyzer.simulate.security import message_stream, oma_digest, plc_base_key
from osgp_analyzer.simulate.transport import Message, Transport

if TYPE_CHECKING:
    from osgp_analyzer.simulate.network import Network


class Concentrator(Transport):
    """A concentrator in a domain of its own, with its meters; `routes` has the repeaters to each, best route first."""

    read_limit, write_limit = 84, 75
    """Data bytes of a message of 96 bytes, as another implementation limits them (osgp.md 1.3)."""

    def __init__(self, network: Network, number: int, domain: bytes, meters: list[Meter]) -> None:
        super().__init__(network, f"concentrator {number}", meters)
        self.number, self.domain = number, domain
        self.subnet, self.node = 1, 1 + number
        self.routes: dict[int, list[tuple[Meter, ...]]] = {}

    @property
    def farthest(self) -> Meter:
        """The meter with most repeaters in between."""
        return max(self.meters, key=lambda meter: len(self.routes[meter.number][0]))

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
        """Ask a meter, over its other routes if no answer comes over the first."""
        answer = None
        for route in self.routes[meter.number]:
            number = (self.sequences[meter.number] + 1) & 0xFFFFFFFF if sequence is None else sequence
            message, respond = self._secured(meter, request, number, key or meter.keys.omak)
            message.values = values or {}
            message.truth |= truth or {}
            if sequence is None:
                self.sequences[meter.number] = number
            answer = yield from self.send(meter, message, respond, route)
            self.asked = message.origin[0]
            if answer is not None and answer.response is not None:
                break
        if answer is None or answer.response is None:
            return None
        if answer.response.sequence is None:
            return answer.response
        self.sequences[meter.number] = (answer.response.sequence - 1) & 0xFFFFFFFF
        if sequence is not None:
            return answer.response
        return (yield from self.ask(meter, request, values=values, key=key, truth=truth))

    def _secured(
        self, meter: Meter, request: Request, sequence: int, key: bytes
    ) -> tuple[Message, Callable[[int], Message]]:
        """A request with sequence number and digest, encrypted if wanted, and how the meter answers it."""
        address = bytes([meter.subnet, meter.node])
        plain = b"\0" + request.body() + sequence.to_bytes(4, "big")
        digest = oma_digest(key, address + plain)
        good = key == meter.keys.omak
        stream = message_stream(plc_base_key(key), digest) if self.encrypt else None
        truth: dict[str, Any] = {"meter": meter.label, "key": "omak" if good else "not in the key ring"}
        if stream:
            truth["encrypted"] = True
        fields = {
            "apdu.code": 0,
            **request.fields(),
            "osgp.sequence": sequence,
            "osgp.digest": digest.hex(),
        }
        wire = plain[:1] + (stream.apply(plain[1:]) if stream else plain[1:]) + digest

        def respond(time: int) -> Message:
            values: dict[str, Any] = {}
            if not good:
                response = Response(msg.AUTHENTICATION)
            elif not meter.in_sequence(sequence):
                response = Response(msg.SEQUENCE, sequence=(meter.sequence + 1) & 0xFFFFFFFF)
            else:
                response = meter.answer(request, time)
                table = meter.layout(request, time) if response.data is not None else None
                values = table.values(request.offset, request.count or None) if table else {}
            body = b"\0" + response.body()
            own = oma_digest(meter.keys.omak, address + plain + body + bytes([len(body)]))
            # A refusal of the key itself is not encrypted (MEP guide p.11, by analogy).
            hidden = stream is not None and response.code != msg.AUTHENTICATION
            sent = body[:1] + stream.apply(body[1:]) if stream and hidden else body
            about: dict[str, Any] = {"meter": meter.label, "key": "omak", "digest_ok": True}
            about |= {"encrypted": True} if hidden else {}
            found = {"apdu.code": 0, **response.fields(request), "osgp.digest": own.hex()}
            return Message(sent + own, found, about, values, response)

        return Message(wire, fields, truth | {"digest_ok": good}), respond
