# SPDX-License-Identifier: GPL-2.0-or-later
"""The MEP port: a client that asks its meter over a serial line (MEP guide p.8-21, p.256-257)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osgp_analyzer.simulate.clock import MS, Frame
from osgp_analyzer.simulate.exchange import RIGHT, Exchange, Fault, Sealed
from osgp_analyzer.simulate.findings import found
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import SecureReader, Talk

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
    key_name = "mak"

    def __init__(self, network: Network, meter: Meter, line: int) -> None:
        super().__init__(network, f"client {line}", [meter], line)

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
        """Ask the meter; a packet that is not answered is sent again as it was."""
        number = (self.sequences[meter.number] + 1) & 0xFFFFFFFF if sequence is None else sequence
        if sequence is None:
            self.sequences[meter.number] = number
        exchange = Exchange(
            self.network.ledger, meter, request, number, self.key_name, encrypt=self.encrypt, fault=fault
        )
        made = exchange.arriving
        made.truth |= truth or {}
        made.values = (values or {}) if made is exchange.request else {}
        after = self.pause + PACE + self.rng.randrange(100) * MS
        self.pause, first = 0, 0
        for attempt in range(TRIES):
            lost = self.lost()
            retry = {"retry_of": first} if attempt else {}
            sent = yield self._frame(made, lost, retry, after, inbound=True)
            made.first = []
            first = first or sent.number
            self.asked, after = first, TIMEOUT
            if lost:
                continue
            answer = exchange.respond(sent.time)
            lost, response = self.lost(), answer.response
            yield self._frame(answer, lost, {"answers": sent.number}, self.rng.randrange(15, 90) * MS, inbound=False)
            if lost:
                continue  # the same packet again will meet a sequence number that is used up
            if response.sequence is None:
                return response
            self.sequences[meter.number] = (response.sequence - 1) & 0xFFFFFFFF
            if sequence is not None:
                return response
            return (yield from self.ask(meter, request, values=values, fault=fault, truth=truth))
        return None

    def _frame(self, sealed: Sealed, lost: bool, truth: dict[str, Any], after: int, *, inbound: bool) -> Frame:
        data = framed(sealed.text, sealed.digest)
        known = found(sealed.truth | truth | ({"lost": True} if lost else {}), sealed.first)
        fields = {"mep.length": len(data) - 2, **sealed.fields}
        return self.serial(data, fields, known, sealed.values, after, inbound=inbound)

    def alert(self, after: int) -> Talk[None]:
        """The meter says that it has something: two zero bytes, once a second until they are heeded."""
        yield self.serial(ALERT, {"mep.length": 0}, {}, {}, after, inbound=False)
