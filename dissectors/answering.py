# SPDX-License-Identifier: GPL-2.0-or-later
"""Which frame answers which: the rule of EN 14908-1, on values by name (en14908.md 3.3, 4, 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dissectors.en14908.ltep import TARGET_FIELDS
from dissectors.en14908.npdu import BROADCAST, GROUP, SUBNET_NODE, UNIQUE_ID

Values = Mapping[str, Any]

MAX_WAIT_NS = 24_576_000_000
"""Longest receive timer: a transaction number is not used again for the same destination before it has run out."""
MAX_TRANSMIT_NS = 3_072_000_000
"""Longest transmit timer: how long a sender waits for an answer, but for LTEP, which has longer ones."""
MIN_REPEAT_NS = 16_000_000
"""Shortest transmit and repeat timer: nothing is sent again sooner."""
HEARD_TWICE_NS = MIN_REPEAT_NS // 2
"""The same bytes sooner than this are one frame heard twice: even after a copy, what is sent again comes later."""

ACKD, UNACKD_RPT, ACK, REMINDER, REM_MSG = 0, 1, 2, 4, 5
"""TPDU types."""
REQUEST, RESPONSE = 0, 2
"""SPDU types; reminders as in a TPDU."""
TO_METER, TO_CLIENT = 0, 1
"""Directions of messages without a session layer: requests and responses."""
MEP_TIMEOUT_NS, MEP_SLOWEST = 500_000_000, 300
"""How long a client in the MEP port waits for the first byte of a response, and the slowest rate of that port in bit/s
(MEP p.20-21)."""
OPTICAL_TIMEOUT_NS = 6_000_000_000
"""After so long without traffic a C12.18 session is over (Elster MeteringSDK, ProtocolC1218.cpp; one source)."""
MESSAGE_TYPES, REQUEST_TYPES = (ACKD, REM_MSG), (REQUEST, REM_MSG)
CHALLENGE_TYPES, REPLY_TYPES = (0, 1), (2, 3)
"""AuthPDU types, each plain and OMA."""
NEURON_ID = "npdu.neuron_id"
ADDRESSEE = (*TARGET_FIELDS, NEURON_ID)
"""Fields of a request that tell whom it is for, where that is not the node that its answer comes from."""
FOR_SECURITY = ("ltep.mode", "nm.expanded.subcommand")
"""Fields that tell whether a proxied message has a key of its own for its target, and what an expanded command does."""
LTEP = 0x4D
"""APDU code of messages that are passed on through a chain of repeaters."""


def transaction(values: Values) -> int | None:
    """The transaction number of a frame, whichever layer has it."""
    for layer in ("tpdu", "spdu", "authpdu"):
        number: int | None = values.get(f"{layer}.transaction")
        if number is not None:
            return number
    return None


def is_response(values: Values) -> bool:
    """True for a RESPONSE, and for a response on a meter's other ports, which is told by its code."""
    return values.get("spdu.type") == RESPONSE or values.get("osgp.direction") == TO_CLIENT


def may_answer(values: Values) -> bool:
    """True for a frame that may have a request: a response, or a further packet of a message on the optical port."""
    return is_response(values) or values.get("c1218.multi_packet") == 1


def is_request(values: Values) -> bool:
    """True for a message that asks for a RESPONSE."""
    return values.get("spdu.type") in REQUEST_TYPES


def answers(answer: Values, message: Values) -> bool:
    """True when `answer` is a RESPONSE, ACK, CHALLENGE or REPLY to `message`.

    Priority, domain and transaction number agree, and it comes from a node that was addressed. A unique ID does not
    tell its subnet and node, so any answer to the sender fits.
    """
    if answer.get("authpdu.type") in REPLY_TYPES:
        return _same_transaction(answer, message) and _replies(answer, message)
    if is_response(answer):
        fits = is_request(message)
    elif answer.get("tpdu.type") == ACK:
        fits = message.get("tpdu.type") in MESSAGE_TYPES
    elif answer.get("authpdu.type") in CHALLENGE_TYPES:
        fits = _may_be_challenged(message) and answer.get("authpdu.format") == message.get("npdu.address_format")
    else:
        return False
    return fits and _same_transaction(answer, message) and _from_addressed(answer, message)


def _may_be_challenged(message: Values) -> bool:
    asks = message.get("tpdu.type") in (*MESSAGE_TYPES, UNACKD_RPT) or is_request(message)
    return asks and (message.get("tpdu.auth") == 1 or message.get("spdu.auth") == 1)


def _same_transaction(answer: Values, message: Values) -> bool:
    same = ("lpdu.priority", "npdu.domain", "npdu.version")
    return transaction(answer) == transaction(message) and all(answer.get(name) == message.get(name) for name in same)


def _source(values: Values) -> tuple[Any, Any]:
    return values.get("npdu.src_subnet"), values.get("npdu.src_node")


def _destination(values: Values) -> tuple[Any, Any]:
    return values.get("npdu.dst_subnet"), values.get("npdu.dst_node")


def _replies(reply: Values, challenge: Values) -> bool:
    """A REPLY goes to the challenger; to the unique ID of the original message when that has no address yet."""
    if challenge.get("authpdu.type") not in CHALLENGE_TYPES:
        return False
    kind = CHALLENGE_TYPES.index(challenge["authpdu.type"]) == REPLY_TYPES.index(reply["authpdu.type"])
    if not kind or reply.get("authpdu.format") != challenge.get("authpdu.format"):
        return False
    to_unique_id = reply.get("npdu.address_format") == UNIQUE_ID
    addressed = _source(challenge) == ((0, 0) if to_unique_id else _destination(reply))
    return addressed and _destination(challenge) == _source(reply)


def _from_addressed(answer: Values, message: Values) -> bool:
    if _destination(answer) != _source(message):
        return False
    kind, group = message.get("npdu.address_format"), answer.get("npdu.group")
    if kind == GROUP or group is not None:  # the answer to a group message, and no other, names the group
        return kind == GROUP and bool(group == message.get("npdu.dst_group"))
    if kind == SUBNET_NODE:
        return _source(answer) == _destination(message)
    if kind == BROADCAST:
        return message.get("npdu.dst_subnet") in (0, answer.get("npdu.src_subnet")) or _source(answer) == (0, 0)
    return True
