# SPDX-License-Identifier: GPL-2.0-or-later
"""Authentication of EN 14908-1: a challenge, a reply with a key, and who else may change something (en14908.md 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from osgp_analyzer.simulate import lon
from osgp_analyzer.simulate.clock import MS, Frame, Sent
from osgp_analyzer.simulate.findings import BAD, NOBODYS, VERIFIED, found, plain, security
from osgp_analyzer.simulate.lon import Address, Lon
from osgp_analyzer.simulate.message import Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import SecureReader, Talk
from osgp_analyzer.simulate.security import challenge_reply


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
    first: list[str] = field(default_factory=list)
    """Findings at the first frame that carries it."""
    origin: list[int] = field(default_factory=list)
    """The first frame that carried it, on whatever hop; the later ones do not repeat the table values."""


class Authenticating(SecureReader):
    """One that sends LON messages and can be asked who it is."""

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

    def next_transaction(self) -> int:
        """Its next transaction number: 0 once, then 1 to 15."""
        self._transaction = 0 if self._transaction < 0 else self._transaction % 15 + 1
        return self._transaction

    def frame(self, frame: Lon, sender: Node, message: Message, truth: dict[str, Any], after: int) -> Frame:
        """A frame with a message, and what is known of both."""
        fields = frame.fields() | message.fields
        carried = {"carries": message.origin[0]} if message.origin else {}
        values = {} if message.origin else message.values
        known = message.truth | truth | carried
        known = found(known, message.first) if not message.origin else known
        return Frame(frame, sender.name, self.step, fields, known, values, after)

    def turnaround(self) -> int:
        """How long a node takes to answer, in ns."""
        return self.rng.randrange(12, 45) * MS

    def challenge(
        self, sender: Node, receiver: Meter, frame: Lon, doubted: Sent, key: bytes, oma: bool, truth: dict[str, Any]
    ) -> Talk[Sent]:
        """The challenge of a receiver and the reply of the sender with a key (en14908.md 4)."""
        block = destination(frame, receiver) if oma else b""
        challenge = self.rng.randbytes(8)
        reply = challenge_reply(key, challenge, block + frame.body)
        own, name = receiver.domain_keys, "omak" if receiver.domain_keys == receiver.keys.omak else "first_omak"
        name = name if oma else "domain_key"
        about: dict[str, Any] = {"meter": receiver.label, "key": name} | truth

        target, group = frame.target, frame.target.group
        back = frame.answer(challenge, lon.AUTHPDU, lon.CHALLENGE + oma)
        pdu = replace(back, source=receiver.address, auth_format=target.format, auth_group=group or 0)
        if group is not None:
            pdu = replace(pdu, target=in_group(frame, receiver))
        known = plain() | about | {"answers": doubted.number}
        asked = yield self.frame(pdu, receiver, Message(challenge), known, self.turnaround())
        place = target if receiver.address == lon.UNCONFIGURED else receiver.address
        pdu = replace(pdu, source=frame.source, target=place, body=reply, type=lon.REPLY + oma)
        right = key == own[: len(key)]
        more: dict[str, Any] = {"changed_in": receiver.rekeyed} if receiver.rekeyed else {}
        known = about | {"answers": asked.number, "reply_ok": right}
        if right:
            known["security"] = security(VERIFIED, *self.network.ledger.verified(receiver, key), key=name, **more)
        else:
            known["security"] = security(BAD, "bad_digest", key=NOBODYS)
        return (yield self.frame(pdu, sender, Message(reply), known, self.turnaround()))

    def ask_group(
        self,
        members: Sequence[Meter],
        group: int,
        message: Message,
        respond: Callable[[Meter], Message],
        *,
        auth: str,
        auth_key: Callable[[Meter], bytes],
    ) -> Talk[None]:
        """Send a request to a group; each member challenges the sender, and answers."""
        target, after = Address(lon.GROUP, group=group), self.pause + self.rng.randrange(20, 60) * MS
        self.pause = 0
        frame = Lon(
            lon.SPDU, self.address, target, self.domain, message.apdu, lon.REQUEST, self.next_transaction(),
            auth=1, backlog=len(members),
        )  # fmt: skip
        sent = yield self.frame(frame, self, message, {}, after)
        for member in members:
            yield from self.challenge(self, member, frame, sent, auth_key(member), auth == "oma", {})
            answer = respond(member)
            back = replace(frame.answer(answer.apdu), source=member.address, target=in_group(frame, member))
            known = plain() | {"answers": sent.number}
            yield self.frame(back, member, answer, known, self.turnaround())


def in_group(frame: Lon, member: Meter) -> Address:
    """Where a member sends its answer to a group message."""
    return replace(frame.source, group=frame.target.group, member=member.number)


def added(key: bytes, delta: bytes) -> bytes:
    """A key to which another, or as many of its bytes as there are, is added byte by byte."""
    return bytes((a + b) & 0xFF for a, b in zip(key, delta, strict=False))


def difference(new: bytes, old: bytes) -> bytes:
    """What is added to an old key to get a new one."""
    return bytes((a - b) & 0xFF for a, b in zip(new, old, strict=True))


WRITES = (0x63, 0x64, 0x65, 0x66, 0x69, 0x6B, 0x6C, 0x6E)
EXPANDED, EXPANDED_WRITES = 0x60, (0x02, 0x07, 0x0A, 0x0F, 0x11, 0x13)


def unauthenticated(apdu: bytes) -> list[str]:
    """Findings at a message without authentication: what changes something (en14908.md 5.1, 6.2, 6.7)."""
    writes = apdu[0] in WRITES or (apdu[0] == EXPANDED and apdu[1] in EXPANDED_WRITES) or apdu[0] & 0xC0 == 0x80
    return ["unauthenticated_write"] if writes else []


def destination(frame: Lon, receiver: Meter) -> bytes:
    """What OMA puts in front of the APDU: the Neuron ID, or domain, its length, and group or subnet and node."""
    if frame.target.format == lon.UNIQUE_ID:
        return frame.target.neuron_id + b"\xff" * 3
    domain = frame.domain.ljust(6, b"\0") + bytes([len(frame.domain)])
    if frame.target.group is not None:
        return domain + bytes([frame.target.group, 0xFF])
    return domain + bytes([receiver.subnet, receiver.node])
