# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames of a chunk that take part in transactions: what each is, and whose transaction it belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dissectors import answering
from osgp_analyzer.analysis.runs import MIX, Rows, packed, same_bytes
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import NO_TIME, Chunk

NONE = -1
FAR_BACK = 32_768
"""Frames that a frame may be behind another that it has to do with: so a part of a capture can be tracked alone."""

NOTHING, ACKNOWLEDGED, REQUEST, REPEATED, REMINDER, ACK, RESPONSE, CHALLENGE, REPLY = range(9)
"""What a frame is in its transaction, in an order in which those that are alike are neighbours: `between`. ACKNOWLEDGED
and REQUEST include their REM/MSG."""

_ROLES = {
    ("tpdu", answering.ACKD): ACKNOWLEDGED,
    ("tpdu", answering.REM_MSG): ACKNOWLEDGED,
    ("tpdu", answering.UNACKD_RPT): REPEATED,
    ("tpdu", answering.REMINDER): REMINDER,
    ("tpdu", answering.ACK): ACK,
    ("spdu", answering.REQUEST): REQUEST,
    ("spdu", answering.REM_MSG): REQUEST,
    ("spdu", answering.REMINDER): REMINDER,
    ("spdu", answering.RESPONSE): RESPONSE,
    **{("authpdu", number): CHALLENGE for number in answering.CHALLENGE_TYPES},
    **{("authpdu", number): REPLY for number in answering.REPLY_TYPES},
}
_LAYERS = ("tpdu", "spdu", "authpdu")

ADDRESS_BITS, SLOT_BITS = 17, 22
"""A key is the transaction, and below it so many bits that its user adds: a slot."""
NUMBER_SHIFT = ADDRESS_BITS + SLOT_BITS
"""Where the transaction number is in a key."""
NPDU = ("version", "address_format", "dst_subnet", "dst_group", "group", "domain", "neuron_id")


def between(role: NDArray[np.int8], first: int, last: int) -> Bools:
    """Rows with one of these roles."""
    return np.asarray((role >= first) & (role <= last))


def address(subnet: Any, node: Any) -> NDArray[np.int32]:
    """Subnet and node as one number of `ADDRESS_BITS`."""
    return packed((subnet, 9), (node, 8))


def transactions(chunk: Chunk) -> Rows:
    """The frames of a chunk, one a row, with their part in a transaction.

    `role`: NOTHING without a transaction number. `frame`: index in the capture. `asker`: key of the transaction: sender
    of its message, priority, version, domain and number. `link`: the fields of the link layer. `offset`: place of the
    frame in the buffer; `npdu`, `apdu`, `end`: places in it, -1 where there is none or the frame was cut at capture.
    """
    columns = chunk.columns
    numbers = [columns[f"{layer}.transaction"] for layer in _LAYERS]
    number = np.maximum(np.maximum(numbers[0], numbers[1]), numbers[2])
    role = np.zeros(chunk.stop - chunk.start, np.int8)
    for (layer, kind), meaning in _ROLES.items():
        role[columns[f"{layer}.type"] == kind] = meaning
    role[number < 0] = NOTHING
    found: Rows = {name: columns[f"npdu.{name}"] for name in NPDU}
    found |= {"frame": np.arange(chunk.start, chunk.stop), "time": chunk.time, "role": role, "number": number}
    found["source"] = address(columns["npdu.src_subnet"], columns["npdu.src_node"])
    found["destination"] = address(columns["npdu.dst_subnet"], columns["npdu.dst_node"])
    sender = np.where(between(role, ACK, CHALLENGE), found["destination"], found["source"])
    asker = packed((columns["lpdu.priority"], 2), (columns["npdu.version"], 3), (number, 13)).astype(np.int64)
    found["asker"] = ((asker << ADDRESS_BITS | sender) << SLOT_BITS) + columns["npdu.domain"] * MIX
    found["session"] = columns["spdu.type"] >= 0
    found["type"] = np.maximum(columns["tpdu.type"], columns["spdu.type"])
    found["auth"] = np.maximum(columns["tpdu.auth"], columns["spdu.auth"])
    found["auth_type"], found["auth_format"] = columns["authpdu.type"], columns["authpdu.format"]
    found["code"], found["crc"] = columns["apdu.code"], columns["lpdu.crc"]
    found["link"] = packed(*((columns[f"lpdu.{name}"], 8) for name in ("priority", "alt_path", "delta_backlog")))
    found |= {"interface": chunk.interface, "offset": chunk.offset} | chunk.places
    cut = chunk.captured < chunk.length
    if cut.any():
        found |= {name: np.where(cut, NONE, place) for name, place in chunk.places.items()}
    return found


def places(rows: Rows, which: Ints) -> Rows:
    """`npdu`, `apdu` and `end` of some rows in the buffer, -1 where they are not known."""
    offset = rows["offset"][which]
    found: Rows = {}
    for name in ("npdu", "apdu", "end"):
        inside = rows[name][which]
        found[name] = np.where(inside < 0, NONE, offset + inside)
    return found


def same_places(data: NDArray[np.uint8], rows: Rows, one: Ints, other: Ints, start: str, end: str) -> Bools:
    """Whether rows have the same bytes from place `start` to `end` as others; False where one has no such place."""
    here, there = rows[start][one], rows[start][other]
    length = rows[end][one] - here
    alike = np.flatnonzero((here != NONE) & (there != NONE) & (rows[end][other] - there == length))
    found = np.zeros(len(one), bool)
    found[alike] = same_bytes(data, here[alike], there[alike], length[alike])
    return found


def elapsed(then: Ints, now: Ints) -> tuple[Ints, Bools]:
    """Nanoseconds from one stamp to another, and where both are there; 0 elsewhere."""
    timed = (then != NO_TIME) & (now != NO_TIME)
    return np.where(timed, now, 0) - np.where(timed, then, 0), timed
