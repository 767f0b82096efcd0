# SPDX-License-Identifier: GPL-2.0-or-later
"""How a message gets to a node and its answer back: over one hop or many, tried again, authenticated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from osgp_analyzer.simulate import lon, ltep
from osgp_analyzer.simulate.clock import MS, Frame, Sent
from osgp_analyzer.simulate.lon import Address, Lon
from osgp_analyzer.simulate.message import Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import SecureReader, Talk
from osgp_analyzer.simulate.security import challenge_reply

RETRIES, AGENT_RETRIES = 3, 2
DIRECT_TIMER, HOP_TIMER = 1024, 700
"""Transmit timer without repeaters, and what each repeater adds, in ms."""


class Node(Protocol):
    """Who sends and receives."""

    @property
    def name(self) -> str:
        """Subnet and node."""

    @property
    def address(self) -> Address:
        """Where to reach it, 0/0 while it has no place in the domain."""


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

    path: Sequence[Node]
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


class Transport(SecureReader):
    """The sending side of a concentrator: transaction numbers, hops, retries, challenges."""

    subnet: int
    node: int
    domain: bytes
    _transaction = -1

    @property
    def name(self) -> str:
        """Subnet and node."""
        return f"{self.subnet}/{self.node}"

    @property
    def address(self) -> Address:
        """Its address in its domain."""
        return lon.node(self.subnet, self.node)

    def _next_transaction(self) -> int:
        self._transaction = 0 if self._transaction < 0 else self._transaction % 15 + 1
        return self._transaction

    def send(
        self, meter: Meter, message: Message, respond: Callable[[int], Message], route: Sequence[Meter] = ()
    ) -> Talk[Message | None]:
        """Send a message to a meter through the repeaters of a route; its answer, None if there was none."""
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
        path: tuple[Node, ...] = (self, *route, meter)
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
        after, self.pause = self.pause + self.rng.randrange(20, 60) * MS, 0
        return (yield from self._hop(delivery, 0, after))

    def _hop(self, delivery: Delivery, hop: int, after: int) -> Talk[Message | None]:
        path = delivery.path
        sender, receiver = path[hop], path[hop + 1]
        message, final = delivery.sendings[hop], hop == len(path) - 2
        target = delivery.target if final else receiver.address
        frame = Lon(
            lon.SPDU,
            sender.address,
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
            lost = self.lost(frame.alt_path)
            truth = self._truth(delivery, hop, lost) | ({"retry_of": first} if attempt else {})
            sent = yield self._frame(frame, sender, message, truth, after)
            first = first or sent.number
            delivery.last = sent.time
            _mark(message, sent)
            after = delivery.timers[hop] * MS
            if lost:
                continue
            if answer is None:
                answer = yield from self._received(delivery, hop, frame, sent, final)
            back = frame.answer(answer.apdu)
            if delivery.domain == self.domain and target.format != lon.NODE:
                back = replace(back, source=receiver.address)
            lost = self.lost(frame.alt_path)
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

    def _received(self, delivery: Delivery, hop: int, frame: Lon, sent: Sent, final: bool) -> Talk[Message]:
        """What the receiver of a hop makes of it: it sends it on, or answers, once it has authenticated the sender."""
        if not final:
            answer = yield from self._hop(delivery, hop + 1, self._turnaround())
            assert answer is not None
            return answer
        if delivery.auth:
            yield from self._authenticate(delivery, frame, sent)
        return delivery.respond(delivery.last)

    def _authenticate(self, delivery: Delivery, frame: Lon, doubted: Sent) -> Talk[None]:
        """The challenge of the receiver and the reply of the sender (en14908.md 4)."""
        sender, receiver = delivery.path[-2:]
        assert isinstance(receiver, Meter)
        oma = delivery.auth == "oma"
        block = _destination(frame, receiver) if oma else b""
        challenge = self.rng.randbytes(8)
        reply = challenge_reply(delivery.auth_key, challenge, block + frame.body)
        own, key = receiver.domain_keys, "omak" if receiver.domain_keys == receiver.keys.omak else "first_omak"
        truth: dict[str, Any] = {"meter": receiver.label, "key": key if oma else "domain_key"}

        pdu = replace(frame.answer(challenge, lon.AUTHPDU, lon.CHALLENGE + oma), auth_format=frame.target.format)
        pdu = replace(pdu, source=receiver.address)
        asked = yield self._frame(
            pdu, receiver, Message(challenge), truth | {"answers": doubted.number}, self._turnaround()
        )
        target = frame.target if receiver.address == lon.UNCONFIGURED else receiver.address
        pdu = replace(pdu, source=frame.source, target=target, body=reply, type=lon.REPLY + oma)
        truth = {**truth, "answers": asked.number, "reply_ok": delivery.auth_key == own[: len(delivery.auth_key)]}
        sent = yield self._frame(pdu, sender, Message(reply), truth, self._turnaround())
        delivery.last = sent.time

    def _truth(self, delivery: Delivery, hop: int, lost: bool) -> dict[str, Any]:
        truth: dict[str, Any] = {"lost": True} if lost else {}
        if len(delivery.path) > 2:
            truth |= {"hop": hop + 1, "chain": [node.name for node in delivery.path]}
        return truth

    def _frame(self, frame: Lon, sender: Node, message: Message, truth: dict[str, Any], after: int) -> Frame:
        fields = frame.fields() | message.fields
        carried = {"carries": message.origin[0]} if message.origin else {}
        values = {} if message.origin else message.values
        return Frame(frame, sender.name, self.step, fields, message.truth | truth | carried, values, after)

    def _turnaround(self) -> int:
        return self.rng.randrange(12, 45) * MS


def _mark(message: Message, sent: Sent) -> None:
    if not message.origin:
        message.origin.append(sent.number)


def _destination(frame: Lon, receiver: Meter) -> bytes:
    """What OMA puts in front of the APDU: the Neuron ID, or domain, its length, subnet and node."""
    if frame.target.format == lon.UNIQUE_ID:
        return frame.target.neuron_id + b"\xff" * 3
    return frame.domain.ljust(6, b"\0") + bytes([len(frame.domain), receiver.subnet, receiver.node])
