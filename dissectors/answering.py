# SPDX-License-Identifier: GPL-2.0-or-later
"""Which frame answers which: the rule of EN 14908-1, on values by name (en14908.md 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dissectors.en14908.npdu import BROADCAST, GROUP, SUBNET_NODE

Values = Mapping[str, Any]

MAX_WAIT_NS = 24_576_000_000
"""Longest receive timer: a transaction number is not used again for the same destination before it has run out."""

REQUEST_TYPES, RESPONSE = (0, 5), 2
MESSAGE_TYPES, ACK = (0, 5), 2
CHALLENGE_TYPES, REPLY_TYPES = (0, 1), (2, 3)


def transaction(values: Values) -> int | None:
    """The transaction number of a frame, whichever layer has it."""
    for layer in ("tpdu", "spdu", "authpdu"):
        number: int | None = values.get(f"{layer}.transaction")
        if number is not None:
            return number
    return None


def is_response(values: Values) -> bool:
    """True for a RESPONSE."""
    return values.get("spdu.type") == RESPONSE


def is_request(values: Values) -> bool:
    """True for a message that asks for a RESPONSE."""
    return values.get("spdu.type") in REQUEST_TYPES


def answers(answer: Values, message: Values) -> bool:
    """True when `answer` is a RESPONSE, ACK, CHALLENGE or REPLY to `message`.

    Priority, domain and transaction number agree, and it comes from a node that was addressed. A unique ID does not
    tell its subnet and node, so any answer to the sender fits.
    """
    if is_response(answer):
        fits = is_request(message)
    elif answer.get("tpdu.type") == ACK:
        fits = message.get("tpdu.type") in MESSAGE_TYPES
    elif answer.get("authpdu.type") in CHALLENGE_TYPES:
        fits = message.get("tpdu.auth") == 1 or message.get("spdu.auth") == 1
    elif answer.get("authpdu.type") in REPLY_TYPES:
        fits = message.get("authpdu.type") in CHALLENGE_TYPES
    else:
        return False
    return fits and _same_transaction(answer, message) and _from_addressed(answer, message)


def _same_transaction(answer: Values, message: Values) -> bool:
    same = ("lpdu.priority", "npdu.domain", "npdu.version")
    return transaction(answer) == transaction(message) and all(answer.get(name) == message.get(name) for name in same)


def _from_addressed(answer: Values, message: Values) -> bool:
    source = (answer.get("npdu.src_subnet"), answer.get("npdu.src_node"))
    to_sender = (answer.get("npdu.dst_subnet"), answer.get("npdu.dst_node"))
    if answer.get("authpdu.type") not in REPLY_TYPES and to_sender != (
        message.get("npdu.src_subnet"),
        message.get("npdu.src_node"),
    ):
        return False
    match message.get("npdu.address_format"):
        case _ if "npdu.group" in message:
            return to_sender == (message.get("npdu.src_subnet"), message.get("npdu.src_node"))
        case value if value == SUBNET_NODE:
            return source == (message.get("npdu.dst_subnet"), message.get("npdu.dst_node"))
        case value if value == GROUP:
            return bool(answer.get("npdu.group") == message.get("npdu.dst_group"))
        case value if value == BROADCAST:
            return message.get("npdu.dst_subnet") in (0, answer.get("npdu.src_subnet")) or source == (0, 0)
    return True
