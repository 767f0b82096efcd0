# SPDX-License-Identifier: GPL-2.0-or-later
"""A data concentrator: table services over the power line, straight or through repeaters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from osgp_analyzer.simulate.authentication import Message
from osgp_analyzer.simulate.exchange import RIGHT, Exchange, Fault, Sealed
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import Talk
from osgp_analyzer.simulate.transport import Transport

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
        fault: Fault = RIGHT,
        sequence: int | None = None,
        truth: dict[str, Any] | None = None,
    ) -> Talk[Response | None]:
        """Ask a meter, over its other routes if no answer comes over the first."""
        answer = None
        for route in self.routes[meter.number]:
            number = (self.sequences[meter.number] + 1) & 0xFFFFFFFF if sequence is None else sequence
            exchange = Exchange(
                self.network.ledger, meter, request, number, self.key_name, encrypt=self.encrypt, fault=fault
            )
            made, arriving = exchange.request, exchange.arriving
            for sealed in (made, arriving):
                sealed.truth |= truth or {}
            made.values = values or {}
            message = _message(made)
            altered = message if arriving is made else _message(arriving)
            if sequence is None:
                self.sequences[meter.number] = number
            answer = yield from self.send(meter, message, _responding(exchange), route, altered)
            self.asked = (message.origin or altered.origin)[0]
            if answer is not None and answer.response is not None:
                break
        if answer is None or answer.response is None:
            return None
        if answer.response.sequence is None:
            return answer.response
        self.sequences[meter.number] = (answer.response.sequence - 1) & 0xFFFFFFFF
        if sequence is not None:
            return answer.response
        return (yield from self.ask(meter, request, values=values, fault=fault, truth=truth))


def _responding(exchange: Exchange) -> Callable[[int], Message]:
    return lambda time: _message(exchange.respond(time))


def _message(sealed: Sealed) -> Message:
    """A message of OSGP as an APDU."""
    return Message(
        sealed.text + sealed.digest, sealed.fields, sealed.truth, sealed.values, sealed.response, first=sealed.first
    )
