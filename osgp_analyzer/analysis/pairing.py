# SPDX-License-Identifier: GPL-2.0-or-later
"""Which message an answer answers, for all frames of a chunk at once; open messages are carried from chunk to chunk.

The rule is that of :func:`dissectors.answering.answers`: RESPONSE to REQUEST, ACK to ACKD, CHALLENGE to a message with
the authentication bit, REPLY to CHALLENGE. Priority, domain, version and transaction number agree, the answer goes to
the one who asked and comes from one who was asked, within the longest receive timer and `FAR_BACK` frames.

Of the messages of one sender and number the latest one to the answering node (or its group), or the latest one that
does not name its receivers (unique ID, broadcast) is meant, whichever is later and fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dissectors.answering import CHALLENGE_TYPES, LTEP, MAX_TRANSMIT_NS, MAX_WAIT_NS, REPLY_TYPES
from dissectors.en14908.npdu import BROADCAST, GROUP, SUBNET_NODE, UNIQUE_ID
from osgp_analyzer.analysis.packets import Places
from osgp_analyzer.analysis.ports import Ports
from osgp_analyzer.analysis.runs import MIX, Rows, Runs, joined, take
from osgp_analyzer.analysis.transactions import (
    ACK,
    ACKNOWLEDGED,
    ADDRESS_BITS,
    CHALLENGE,
    FAR_BACK,
    NONE,
    REPEATED,
    REPLY,
    REQUEST,
    RESPONSE,
    address,
    between,
    elapsed,
    transactions,
)
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import Chunk

TAKEN = ("frame", "time", "role", "source", "destination", "asker", "address_format", "dst_subnet",
         "dst_group", "group", "session", "auth", "auth_type", "auth_format", "code")  # fmt: skip
NODE, MEMBERS, ANYONE = np.arange(3) << ADDRESS_BITS
"""Slots of a key: whom a message is for, as far as its address tells who may answer."""
OF_SESSION = 1 << (ADDRESS_BITS + 2)
UNKNOWN_NODE = int(address(np.zeros(1, np.int64), np.zeros(1, np.int64))[0])


@dataclass
class Answered:
    """For each frame: `answers`: index of the frame answered, -1 for none. `response_time`: ns since then, -1
    where that is not known. `late`: later than the longest transmit timer."""

    answers: Ints
    response_time: Ints
    late: Bools


class Pairing:
    """Finds what answers answer, chunk by chunk in the order of the capture."""

    def __init__(self) -> None:
        self._open: Rows | None = None
        self._ports = Ports()
        self.parts: dict[int, Places] = {}
        """Of the chunk that was paired last: see `Ported`."""

    def pair(self, chunk: Chunk) -> Ints:
        """For each frame of the chunk the index of the frame that it answers, -1 where there is none."""
        answers = self.follow(transactions(chunk), chunk.stop).answers
        ported = self._ports.follow(chunk)
        self.parts = {}
        if ported is not None:
            answers[ported.rows] = ported.answers
            self.parts = ported.parts
        return answers

    def follow(self, own: Rows, stop: int) -> Answered:
        """The same for the `transactions` of a chunk that ends before frame `stop`."""
        rows = joined(self._open, {name: own[name] for name in TAKEN})
        asked, keep = _asked(rows)
        self._open = take(rows, np.flatnonzero(keep & (stop - rows["frame"] <= FAR_BACK)))
        asked = asked[len(asked) - len(own["frame"]) :]
        answered = np.flatnonzero(asked != NONE)
        message = asked[answered]
        result = Answered(
            np.full(len(asked), NONE, np.int64), np.full(len(asked), NONE, np.int64), np.zeros(len(asked), bool)
        )
        result.answers[answered] = rows["frame"][message]
        time, timed = elapsed(rows["time"][message], own["time"][answered])
        result.response_time[answered] = np.where(timed & (time >= 0), time, NONE)
        waits = between(own["role"][answered], ACK, CHALLENGE) & (rows["code"][message] != LTEP)
        result.late[answered] = waits & (time > MAX_TRANSMIT_NS)
        return result


def _asked(rows: Rows) -> tuple[Ints, Bools]:
    """The row that each row answers, -1 for none, and the rows that later ones may answer."""
    role, size = rows["role"], len(rows["role"])
    asked, keep = np.full(size, NONE, np.int64), np.zeros(size, bool)
    kind = rows["address_format"]
    for_node, for_group = kind == SUBNET_NODE, kind == GROUP
    to = np.where(for_node, NODE + rows["destination"], np.where(for_group, MEMBERS + rows["dst_group"], ANYONE))
    of_group = rows["group"] >= 0
    by = np.where(of_group, MEMBERS + rows["group"], NODE + rows["source"])
    session = np.where(rows["session"], OF_SESSION, 0)

    messages, answers = between(role, ACKNOWLEDGED, REQUEST), between(role, ACK, RESPONSE)
    key = rows["asker"] + session
    _look(rows, messages, answers, key + np.where(messages, to, by), asked, keep)
    unnamed = messages & ~for_node & ~for_group
    _look(rows, unnamed, answers & ~of_group & _may_be_in(key, key[unnamed]), key, asked, keep)

    challenges = role == CHALLENGE
    if challenges.any():
        messages = between(role, ACKNOWLEDGED, REPEATED) & (rows["auth"] == 1)
        _look(rows, messages, challenges, rows["asker"] + np.where(messages, to, by), asked, keep)
        _look(rows, messages & ~for_node & ~for_group, challenges & ~of_group, rows["asker"], asked, keep)
        to = np.where(kind == UNIQUE_ID, UNKNOWN_NODE, rows["destination"])
        _look(rows, challenges, role == REPLY, rows["asker"] + np.where(challenges, rows["source"], to), asked, keep)
    else:
        keep |= between(role, ACKNOWLEDGED, REPEATED) & (rows["auth"] == 1)
    return asked, keep


def _may_be_in(key: Ints, few: Ints) -> Bools:
    """False for keys that are surely not among `few`."""
    there = np.zeros(1 << 16, bool)
    there[((few * MIX) >> 32).astype(np.uint16)] = True
    return np.asarray(there[((key * MIX) >> 32).astype(np.uint16)]) if len(few) else np.zeros(len(key), bool)


def _look(rows: Rows, messages: Bools, answers: Bools, key: Ints, asked: Ints, keep: Bools) -> None:
    """Note the latest message with the key of each answer, if it fits and is later than what was found before; and to
    keep the latest message of each key."""
    used = np.flatnonzero(messages | answers)
    if not len(used):
        return
    runs = Runs(key[used])
    used = used[runs.order]
    is_message = messages[used]
    before = runs.before(is_message)
    answering = np.flatnonzero(~is_message & (before != NONE))
    answer, message = used[answering], used[before[answering]]
    fits = (message > asked[answer]) & _fits(rows, answer, message)
    asked[answer[fits]] = message[fits]
    ends = np.flatnonzero(runs.last)
    latest = np.where(is_message[ends], ends, before[ends])
    keep[used[latest[latest != NONE]]] = True


def _fits(rows: Rows, answer: Ints, message: Ints) -> Bools:
    """Whether an answer of the right node, number and kind is in time, from where a broadcast went, and of the right
    kind of authentication."""
    time, _ = elapsed(rows["time"][message], rows["time"][answer])
    fits = (np.abs(time) <= MAX_WAIT_NS) & (rows["frame"][answer] - rows["frame"][message] <= FAR_BACK)
    role = rows["role"][answer]
    kind = rows["address_format"][message]
    wide = np.flatnonzero((kind == BROADCAST) & (role != REPLY))
    area, source = rows["dst_subnet"][message[wide]], rows["source"][answer[wide]]
    fits[wide] &= (area == 0) | (source >> 8 == area + 1) | (source == UNKNOWN_NODE)
    challenge = np.flatnonzero(role == CHALLENGE)
    fits[challenge] &= rows["auth_format"][answer[challenge]] == kind[challenge]
    reply = np.flatnonzero(role == REPLY)
    oma = CHALLENGE_TYPES[1], REPLY_TYPES[1]
    answer, message = answer[reply], message[reply]
    fits[reply] &= (rows["auth_type"][answer] == oma[1]) == (rows["auth_type"][message] == oma[0])
    fits[reply] &= rows["auth_format"][answer] == rows["auth_format"][message]
    return np.asarray(fits)
