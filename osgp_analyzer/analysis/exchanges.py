# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange that each frame belongs to: what it answers and how soon, the sending of a message that it is, what it
is a copy of, and how the message was answered."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.analysis.copies import Copies
from osgp_analyzer.analysis.outcomes import Outcomes
from osgp_analyzer.analysis.packets import Places
from osgp_analyzer.analysis.pairing import Pairing
from osgp_analyzer.analysis.ports import Ports
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.sendings import Sendings
from osgp_analyzer.analysis.transactions import (
    ACK,
    ACKNOWLEDGED,
    CHALLENGE,
    FAR_BACK,
    NONE,
    REMINDER,
    REPLY,
    REQUEST,
    RESPONSE,
    between,
    transactions,
)
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import Chunk


@dataclass
class Exchanges:
    """For each frame of a chunk. Frames are given by their index in the capture, -1 stands for none.

    `answers`: the frame that this one answers: RESPONSE to REQUEST, ACK to ACKD, CHALLENGE to a message with the
    authentication bit, REPLY to CHALLENGE; of a message sent again its latest sending. `response_time`: ns since then;
    -1 too where a time is missing or runs backwards. `late`: an ACK, RESPONSE or CHALLENGE after more than the longest
    transmit timer (3.072 s; LTEP waits longer and is never late).

    `first`: the first sending of a message that is sent again. `attempt`: how many sendings came before this one; for a
    REMINDER or REM/MSG whose first sending is not in the capture counted from 1; -1 for what is no message with a
    transaction number. `duplicate`: the frame with the same bytes that this one repeats: heard twice, or an answer sent
    again; a copy of a message has the `first` and `attempt` of what it is a copy of.

    `answered_in`: for a message that asks for an ACK or RESPONSE the first one to any of its sendings. `missing`: none
    came before its timers ran out. Both need later frames and are known with ``track(store, ahead=True)`` only; else
    -1 and False. At the end of the capture a message that may still be answered is not missing.
    """

    answers: Ints
    response_time: Ints
    late: Bools
    first: Ints
    attempt: Ints
    duplicate: Ints
    answered_in: Ints
    missing: Bools
    asking: Ints = field(repr=False)
    """Rows of the messages that ask for an answer."""
    root: Ints = field(repr=False)
    """The first sending of each of these."""


class Following:
    """Finds the exchanges of a capture, chunk by chunk in its order. `ahead`: keep how messages were answered."""

    def __init__(self, ahead: bool = False) -> None:
        self.outcomes = Outcomes() if ahead else None
        self._pairing, self._sendings, self._copies = Pairing(), Sendings(), Copies()
        self._ports = Ports()
        self.parts: dict[int, Places] = {}
        """Of the chunk that was followed last: see `Ported`."""
        self.rows: Rows = {}
        """Its `transactions`."""
        self.root = np.zeros(0, np.int64)
        """The first sending of the message that each of its frames is or belongs to, -1 for none."""
        self._roots = np.zeros(0, np.int64)

    def follow(self, chunk: Chunk, data: NDArray[np.uint8]) -> Exchanges:
        """The exchanges of the next chunk; `data` is the buffer of the capture."""
        rows = transactions(chunk)
        frame, role = rows["frame"], rows["role"]
        answered = self._pairing.follow(rows, chunk.stop)
        sent = self._sendings.follow(rows, chunk.stop, data)
        ported = self._ports.follow(chunk)
        self.parts = ported.parts if ported is not None else {}
        if ported is not None:
            role[ported.rows[ported.requests]], role[ported.rows[ported.responses]] = REQUEST, RESPONSE
            answered.answers[ported.rows], answered.response_time[ported.rows] = ported.answers, ported.response_time
            sent.root[ported.rows], sent.attempt[ported.rows] = ported.root, ported.attempt
            sent.duplicate[ported.rows] = ported.duplicate
        root = self._root(chunk.start, role, answered.answers, sent.root)
        self.rows, self.root = rows, root
        asking = np.flatnonzero(between(role, ACKNOWLEDGED, REQUEST))
        if self.outcomes is not None:
            begun = frame[between(role, ACKNOWLEDGED, REMINDER) & (sent.root == frame)]
            answers = np.flatnonzero(between(role, ACK, RESPONSE) & (root != NONE))
            self.outcomes.add(chunk, begun, asking, root[asking], frame[answers], root[answers])
        return Exchanges(
            answered.answers,
            answered.response_time,
            answered.late,
            np.where((sent.root != frame) & (sent.attempt > 0), sent.root, NONE),
            sent.attempt,
            np.maximum(sent.duplicate, self._copies.follow(rows, root, chunk.stop, data)),
            np.full(len(frame), NONE, np.int64),
            np.zeros(len(frame), bool),
            asking,
            root[asking],
        )

    def _root(self, start: int, role: NDArray[np.int8], answers: Ints, root: Ints) -> Ints:
        """The first sending of the message that each frame is or belongs to, -1 for none; `root`: that of messages."""
        before = self._roots[-FAR_BACK:]
        base = start - len(before)
        known = np.concatenate([before, root])
        own = known[len(before) :]
        # What a REPLY answers is a CHALLENGE, which has the root of its message.
        for some in (between(role, ACK, CHALLENGE), role == REPLY):
            some = np.flatnonzero(some & (answers != NONE))
            own[some] = known[answers[some] - base]
        self._roots = known
        return own
