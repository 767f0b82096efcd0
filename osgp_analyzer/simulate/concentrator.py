# SPDX-License-Identifier: GPL-2.0-or-later
"""A data concentrator: table services and management over the power line, straight or through repeaters."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from osgp_analyzer.simulate import lon, ltep
from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.clock import MS, Frame, Sent
from osgp_analyzer.simulate.lon import Address, Lon
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.security import challenge_reply, message_stream, oma_digest, plc_base_key

if TYPE_CHECKING:
    from osgp_analyzer.simulate.network import Network

T = TypeVar("T")
Talk = Generator[Frame, Sent, T]
RETRIES, AGENT_RETRIES = 3, 2
DIRECT_TIMER, HOP_TIMER = 1024, 700
"""Transmit timer without repeaters, and what each repeater adds, in ms."""


@dataclass
class Message:
    """An APDU and what its sender knows of it."""

    apdu: bytes
    fields: dict[str, Any] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    response: Response | None = None
    origin: list[int] = field(default_factory=list)
    """The first frame that carried it, on whatever hop; the later ones do not repeat the table values."""


@dataclass
class Delivery:
    """A message on its way over `path`, from the concentrator to its receiver. `sendings` has for each hop what is
    sent, `respond` makes the answer at the time it is asked for."""

    path: Sequence[Concentrator | Meter]
    target: Address
    domain: bytes
    transaction: int
    sendings: list[Message]
    timers: list[int]
    respond: Callable[[int], Message]
    auth: str = ""
    auth_key: bytes = b""
    last: int = 0
    """When the last frame had passed."""


class Concentrator:
    """A concentrator in a domain of its own, with its meters; `routes` has the repeaters to each, best route first."""

    read_limit, write_limit = 84, 75
    """Data bytes of a message of 96 bytes, as another implementation limits them (osgp.md 1.3)."""
    line = 0

    def __init__(self, network: Network, number: int, domain: bytes, meters: list[Meter]) -> None:
        self.network, self.number, self.domain, self.meters = network, number, domain, meters
        self.subnet, self.node = 1, 1 + number
        self.routes: dict[int, list[tuple[Meter, ...]]] = {}
        self.sequences = {meter.number: meter.sequence for meter in meters}
        self.step = ""
        self.pause = 0
        """Ns to wait before the next request."""
        self.asked = 0
        """First frame of the last request."""
        self._transaction = -1
        self._rng = network.random(f"concentrator {number}")

    @property
    def name(self) -> str:
        """Subnet and node."""
        return f"{self.subnet}/{self.node}"

    def _next_transaction(self) -> int:
        self._transaction = 0 if self._transaction < 0 else self._transaction % 15 + 1
        return self._transaction

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
        """Ask a meter for a table service, over its other routes if need be; None if no answer came.

        `values` are those of written data; `key` another key than the meter's, `sequence` another number than the next.
        """
        meter.configured = True
        meter.domain_key_set = meter.keys.omak
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
        if answer.response.sequence is not None:
            self.sequences[meter.number] = (answer.response.sequence - 1) & 0xFFFFFFFF
        return answer.response

    def _secured(
        self, meter: Meter, request: Request, sequence: int, key: bytes
    ) -> tuple[Message, Callable[[int], Message]]:
        """A request with sequence number and digest, encrypted if wanted, and how the meter answers it."""
        address = bytes([meter.subnet, meter.node])
        plain = b"\0" + request.body() + sequence.to_bytes(4, "big")
        digest = oma_digest(key, address + plain)
        good = key == meter.keys.omak
        stream = message_stream(plc_base_key(key), digest) if self.network.encrypt else None
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

    def send(
        self, meter: Meter, message: Message, respond: Callable[[int], Message], route: Sequence[Meter] = ()
    ) -> Talk[Message | None]:
        """Send a message to a configured meter, through the repeaters of a route; the answer, None if there was none."""
        timer = DIRECT_TIMER + HOP_TIMER * len(route)
        sendings, timers = [message], [timer]
        if route:
            codes = ltep.timer_code(timer), ltep.timer_code(DIRECT_TIMER)
            hops = tuple((r.subnet, r.node, 0) for r in route[1:])
            target = bytes([meter.subnet, meter.node])
            proxied = ltep.Proxied(
                ltep.SUBNET_NODE, target, message.apdu, hops, AGENT_RETRIES, codes[0], AGENT_RETRIES, codes[1]
            )
            sendings = []
            for _ in route:
                fields = {**message.fields, "apdu.code": [ltep.CODE, message.fields["apdu.code"]], **proxied.fields()}
                sendings.append(replace(message, apdu=proxied.encode(), fields=fields))
                proxied = proxied.onward()
            sendings.append(message)
            timers = [timer] + [ltep.TIMERS[codes[0]]] * (len(route) - 1) + [ltep.TIMERS[codes[1]]]
        target_address = lon.node(meter.subnet, meter.node)
        path = (self, *route, meter)
        return (
            yield from self.deliver(
                Delivery(path, target_address, self.domain, self._next_transaction(), sendings, timers, respond)
            )
        )

    def manage(
        self,
        meter: Meter,
        message: Message,
        respond: Callable[[int], Message],
        target: Address,
        domain: bytes,
        *,
        auth: str = "",
        auth_key: bytes = b"",
    ) -> Talk[Message | None]:
        """Send a network management or diagnostics request straight to where `target` says; `auth` is "", "standard"
        or "oma"."""
        path, number = (self, meter), self._next_transaction()
        delivery = Delivery(path, target, domain, number, [message], [DIRECT_TIMER], respond, auth, auth_key)
        return (yield from self.deliver(delivery))

    def deliver(self, delivery: Delivery) -> Talk[Message | None]:
        """Send over all hops, again where nothing comes back."""
        after, self.pause = self.pause + self._rng.randrange(20, 60) * MS, 0
        return (yield from self._hop(delivery, 0, after))

    def _hop(self, delivery: Delivery, hop: int, after: int) -> Talk[Message | None]:
        path = delivery.path
        sender, receiver = path[hop], path[hop + 1]
        message, final = delivery.sendings[hop], hop == len(path) - 2
        target = delivery.target if final else lon.node(receiver.subnet, receiver.node)
        frame = Lon(
            lon.SPDU,
            lon.node(sender.subnet, sender.node),
            target,
            delivery.domain,
            message.apdu,
            lon.REQUEST,
            delivery.transaction,
            auth=int(bool(delivery.auth)),
            backlog=1,
        )
        tries = 1 + (RETRIES if not hop else AGENT_RETRIES)
        answer: Message | None = None
        first = 0
        for attempt in range(tries):
            frame = replace(frame, alt_path=int(0 < attempt >= tries - 2))
            lost = self.network.lost(frame.alt_path)
            truth = self._truth(delivery, hop, lost) | ({"retry_of": first} if attempt else {})
            sent = yield self._frame(frame, sender, message, truth, after)
            first = first or sent.number
            delivery.last = sent.time
            _mark(message, sent)
            after = delivery.timers[hop] * MS
            if lost:
                continue
            if answer is None:
                answer = yield from self._received(delivery, hop, frame, final)
            back = frame.answer(answer.apdu)
            if delivery.domain == self.domain and target.format != lon.NODE and self._configured(receiver):
                back = replace(back, source=lon.node(receiver.subnet, receiver.node))
            lost = self.network.lost(frame.alt_path)
            truth = self._truth(delivery, hop, lost) | {"answers": sent.number}
            reply = yield self._frame(back, receiver, answer, truth, self._turnaround())
            delivery.last = reply.time
            _mark(answer, reply)
            after = max(sent.time + after - reply.time, 20 * MS)
            if not lost:
                return answer
        if not hop:
            self.pause += after
            return None
        left = len(path) - 2 - hop
        failure = {"apdu.code": ltep.FAILURE, "ltep.failure.hops_left": left}
        return Message(bytes([ltep.FAILURE, left]), failure, {"failed_at": sender.name})

    def _configured(self, node: Concentrator | Meter) -> bool:
        return not isinstance(node, Meter) or node.configured

    def _received(self, delivery: Delivery, hop: int, frame: Lon, final: bool) -> Talk[Message]:
        """What the receiver of a hop makes of it: it sends it on, or answers, once it has authenticated the sender."""
        if not final:
            answer = yield from self._hop(delivery, hop + 1, self._turnaround())
            assert answer is not None
            return answer
        if delivery.auth:
            yield from self._authenticate(delivery, frame)
        return delivery.respond(delivery.last)

    def _authenticate(self, delivery: Delivery, frame: Lon) -> Talk[None]:
        sender, receiver = delivery.path[-2:]
        assert isinstance(receiver, Meter)
        oma = delivery.auth == "oma"
        challenge = self._rng.randbytes(8)
        block = b""
        if oma and frame.target.format == lon.UNIQUE_ID:
            block = frame.target.neuron_id + b"\xff" * 3
        elif oma:
            place = bytes([len(frame.domain), receiver.subnet, receiver.node])
            block = frame.domain.ljust(6, b"\0") + place
        reply = challenge_reply(delivery.auth_key, challenge, block + frame.body)
        own = receiver.domain_key_set if oma else receiver.domain_key_set[:6]
        number = 0
        for body, kind, node in ((challenge, lon.CHALLENGE, receiver), (reply, lon.REPLY, sender)):
            to_sender = kind == lon.CHALLENGE
            pdu = replace(
                frame.answer(body, lon.AUTHPDU, kind + oma), auth_format=frame.target.format, target=frame.source
            )
            if receiver.configured:
                pdu = replace(pdu, source=lon.node(receiver.subnet, receiver.node))
            if not to_sender:
                answered = pdu.source if receiver.configured else frame.target
                pdu = replace(pdu, source=frame.source, target=answered)
            truth: dict[str, Any] = {} if to_sender else {"answers": number}
            truth |= {"meter": receiver.label, "key": "omak" if oma else "domain_key"}
            if not to_sender:
                truth["reply_ok"] = delivery.auth_key == own
            sent = yield self._frame(pdu, node, Message(body, {}), truth, self._turnaround())
            number, delivery.last = sent.number, sent.time

    def _truth(self, delivery: Delivery, hop: int, lost: bool) -> dict[str, Any]:
        truth: dict[str, Any] = {"lost": True} if lost else {}
        if len(delivery.path) > 2:
            truth |= {"hop": hop + 1, "chain": [node.name for node in delivery.path]}
        return truth

    def _frame(
        self, frame: Lon, sender: Concentrator | Meter, message: Message, truth: dict[str, Any], after: int
    ) -> Frame:
        fields = frame.fields() | message.fields
        carried = {"carries": message.origin[0]} if message.origin else {}
        values = {} if message.origin else message.values
        return Frame(frame, sender.name, self.step, fields, message.truth | truth | carried, values, after)

    def _turnaround(self) -> int:
        return self._rng.randrange(12, 45) * MS


def _mark(message: Message, sent: Sent) -> None:
    if not message.origin:
        message.origin.append(sent.number)
