# SPDX-License-Identifier: GPL-2.0-or-later
"""How a message gets to a node and its answer back: over one hop or many, tried again, authenticated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from osgp_analyzer.simulate import lon, ltep
from osgp_analyzer.simulate.authentication import Authenticating, Message, Node, added, unauthenticated
from osgp_analyzer.simulate.clock import MS, Sent
from osgp_analyzer.simulate.findings import plain
from osgp_analyzer.simulate.lon import Address, Lon
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import Talk

RETRIES, AGENT_RETRIES = 3, 2
DIRECT_TIMER, HOP_TIMER = 1024, 700
"""Transmit timer without repeaters, and what each repeater adds, in ms."""


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
    """Toward the receiver; toward a repeater it is that repeater's own."""
    last: int = 0
    """When the last frame had passed."""


class Transport(Authenticating):
    """The sending side of a concentrator: hops, retries, challenges."""

    def send(
        self,
        meter: Meter,
        message: Message,
        respond: Callable[[int], Message],
        route: Sequence[Meter] = (),
        altered: Message | None = None,
        *,
        auth: str = "",
        delta: bytes = b"",
    ) -> Talk[Message | None]:
        """Send a message to a meter through the repeaters of a route; its answer, None if there was none. `altered` is
        what comes out of the last of them. `auth` as in `manage`; the agent adds `delta` to its own key."""
        timer = DIRECT_TIMER + HOP_TIMER * len(route)
        sendings, timers = [altered or message], [timer]
        if route:
            codes = ltep.timer_code(timer), ltep.timer_code(DIRECT_TIMER)
            hops = tuple((r.subnet, r.node, 0) for r in route[1:])
            target = bytes([meter.subnet, meter.node])
            proxied = ltep.Proxied(
                ltep.SUBNET_NODE, target, message.apdu, hops, AGENT_RETRIES, codes[0], AGENT_RETRIES, codes[1]
            )
            if delta:
                block = bytes([len(delta) == len(meter.domain_keys)]) + delta
                proxied = replace(proxied, mode=ltep.ALTERNATE_KEY, key_block=block)
            sendings = []
            for _ in route:
                fields = {**message.fields, "apdu.code": [ltep.CODE, message.fields["apdu.code"]], **proxied.fields()}
                sendings.append(replace(message, apdu=proxied.encode(), fields=fields))
                proxied = proxied.onward()
            sendings.append(altered or message)
            timers = [timer] + [ltep.TIMERS[codes[0]]] * (len(route) - 1) + [ltep.TIMERS[codes[1]]]
        target_address = lon.node(meter.subnet, meter.node)
        path: tuple[Node, ...] = (self, *route, meter)
        number = self.next_transaction()
        delivery = Delivery(path, target_address, self.domain, number, sendings, timers, respond, auth)
        if delta:
            delivery.auth_key = added(route[-1].domain_keys, delta)
        return (yield from self.deliver(delivery))

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
        if not auth:
            message.truth = plain(*unauthenticated(message.apdu)) | message.truth
        path, number = (self, meter), self.next_transaction()
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
            sent = yield self.frame(frame, sender, message, truth, after)
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
            reply = yield self.frame(back, receiver, answer, truth, self.turnaround())
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
        if delivery.auth:
            receiver = delivery.path[hop + 1]
            assert isinstance(receiver, Meter)
            key = delivery.auth_key if final else receiver.domain_keys
            yield from self._authenticate(delivery, hop, key, frame, sent)
        if not final:
            answer = yield from self._hop(delivery, hop + 1, self.turnaround())
            assert answer is not None
            return answer
        answer = delivery.respond(delivery.last)
        answer.truth = plain() | answer.truth
        return answer

    def _authenticate(self, delivery: Delivery, hop: int, key: bytes, frame: Lon, doubted: Sent) -> Talk[None]:
        sender, receiver = delivery.path[hop : hop + 2]
        assert isinstance(receiver, Meter)
        oma, about = delivery.auth == "oma", self._truth(delivery, hop, False)
        key = key if oma else key[:6]
        sent = yield from self.challenge(sender, receiver, frame, doubted, key, oma, about)
        delivery.last = sent.time

    def _truth(self, delivery: Delivery, hop: int, lost: bool) -> dict[str, Any]:
        truth: dict[str, Any] = {"lost": True} if lost else {}
        if len(delivery.path) > 2:
            truth |= {"hop": hop + 1, "chain": [node.name for node in delivery.path]}
        return truth


def _mark(message: Message, sent: Sent) -> None:
    if not message.origin:
        message.origin.append(sent.number)
