# SPDX-License-Identifier: GPL-2.0-or-later
"""Challenge and reply of EN 14908-1: whether a reply is the one that the key gives.

A reply covers the APDU of the message that was challenged, and with a key of 96 bits its destination.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import CHALLENGE_TYPES, REPLY_TYPES
from dissectors.en14908.npdu import GROUP, UNIQUE_ID
from dissectors.security_columns import DESTINATION, STATE, Bytes, Pieces, destinations, mix
from osgp_analyzer.analysis.meters import addresses, group_numbers, neuron_numbers
from osgp_analyzer.analysis.runs import Rows, joined, take
from osgp_analyzer.analysis.security.locks import Lock
from osgp_analyzer.analysis.security.messages import Messages
from osgp_analyzer.analysis.security.opening import Texts
from osgp_analyzer.analysis.security.statuses import NO_KEY, NOTHING
from osgp_analyzer.analysis.security.verdicts import CLEAR, Judge
from osgp_analyzer.analysis.transactions import FAR_BACK
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Slices
from osgp_analyzer.store import Chunk, Layers

FIELDS = frozenset(("authpdu.challenge", "authpdu.reply"))
"""What is to be read of the frames."""
OF_MESSAGE = (
    "npdu.address_format",
    "npdu.domain",
    "npdu.dst_subnet",
    "npdu.dst_node",
    "npdu.dst_group",
    "npdu.neuron_id",
)


class Replies:
    """Whether replies fit keys. `rows` has of each reply: `start`, `end` of the APDU that it covers, `challenge` and
    `reply` in the buffer, and the fields of the message."""

    plain: Texts | None = None

    def __init__(self, lock: Lock, data: Bytes, rows: Rows) -> None:
        self.lock, self.data, self.rows = lock, data, rows

    def requests(self, messages: Messages, key: Ints, encrypted: bool) -> Bools:
        """Which of some replies fit a key each; `messages.rows` are their places."""
        rows = take(self.rows, messages.rows)
        length = rows["end"] - rows["start"]
        covers = self.lock.size == 12
        pieces = Pieces(len(key), int(length.max(initial=0)) + DESTINATION * covers)
        if covers:
            block = destinations(*(rows[name] for name in OF_MESSAGE))
            places = np.arange(len(key)) * DESTINATION
            pieces.add(np.ascontiguousarray(block.T).reshape(-1), places, np.full(len(key), DESTINATION))
        pieces.add(self.data, rows["start"], length)
        found = mix(pieces.reversed(), pieces.length, self.lock.secrets[:, key], self._eight(rows["challenge"]))
        return np.asarray((found == self._eight(rows["reply"])).all(axis=0))

    def _eight(self, place: Ints) -> Bytes:
        found: Bytes = self.data[place[None, :] + np.arange(STATE)[:, None]]
        return found


class Challenges:
    """Judges the replies of a capture, chunk by chunk. `locks`: for keys of 48 and of 96 bits."""

    def __init__(self, locks: Sequence[Lock]) -> None:
        self._locks = locks
        self._open: Rows | None = None
        """Challenges that may be replied to yet, with what they doubt."""

    def follow(self, chunk: Chunk, before: Sequence[Chunk], answers: Ints, layers: Layers, data: Bytes) -> list[Rows]:
        """What is found out about the replies of the next chunk, as rows of the book. `layers` has the AuthPDUs."""
        place = _places(chunk, layers)
        kind = chunk.columns["authpdu.type"]
        asks = np.flatnonzero(np.isin(kind, CHALLENGE_TYPES) & (place >= 0) & (answers >= 0))
        asked = self._doubted(chunk, before, answers[asks])
        asked |= {"frame": asks + chunk.start, "challenge": place[asks]}
        asked |= {"subnet": chunk.columns["npdu.src_subnet"][asks], "node": chunk.columns["npdu.src_node"][asks]}
        challenges = joined(self._open, asked)
        self._open = take(challenges, challenges["frame"] > chunk.stop - FAR_BACK)
        found = []
        for oma, lock in enumerate(self._locks):
            rows = np.flatnonzero((kind == REPLY_TYPES[oma]) & (place >= 0) & (answers >= 0))
            at = np.searchsorted(challenges["frame"], answers[rows])
            there = np.flatnonzero(at < len(challenges["frame"]))
            there = there[challenges["frame"][at[there]] == answers[rows[there]]]
            replies = take(challenges, at[there]) | {"reply": place[rows[there]]}
            whole = np.flatnonzero((replies["start"] >= 0) & (replies["end"] > replies["start"]))
            if len(whole):
                found.append(self._judge(lock, take(replies, whole), rows[there[whole]], chunk, data))
        return found

    def _doubted(self, chunk: Chunk, before: Sequence[Chunk], messages: Ints) -> Rows:
        """Of messages, by frame, where their APDU is and whom they are for."""
        size = len(messages)
        found: Rows = {name: np.full(size, -1, np.int64) for name in (*OF_MESSAGE, "start", "end")}
        for one in (*before, chunk):
            here = np.flatnonzero((messages >= one.start) & (messages < one.stop))
            if not len(here):
                continue
            rows = messages[here] - one.start
            for name in OF_MESSAGE:
                found[name][here] = one.columns[name][rows]
            whole = one.captured[rows] >= one.length[rows]
            for name, place in (("start", "apdu"), ("end", "end")):
                inside = one.places[place][rows].astype(np.int64)
                found[name][here] = np.where(whole & (inside >= 0), one.offset[rows] + inside, -1)
        return found

    def _judge(self, lock: Lock, replies: Rows, rows: Ints, chunk: Chunk, data: Bytes) -> Rows:
        """Judge replies, which are at `rows` of the chunk."""
        size = len(rows)
        messages = Messages.at(
            np.arange(size), np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, bool)
        )
        messages.frame, messages.time = rows + chunk.start, chunk.time[rows]
        messages.domain = replies["npdu.domain"].astype(np.int64)
        messages.shaped = np.ones(size, bool)
        to_id = replies["npdu.address_format"] == UNIQUE_ID
        own = addresses(messages.domain, replies["subnet"], replies["node"])
        messages.meter = np.where(to_id, neuron_numbers(replies["npdu.neuron_id"]), own)
        judge = Judge(Replies(lock, data, replies), messages)
        left = judge.requests(np.arange(size), CLEAR)
        group = left[replies["npdu.address_format"][left] == GROUP]
        verdicts = judge.verdicts
        if len(group):
            messages.meter = messages.meter.copy()
            messages.meter[group] = group_numbers(messages.domain[group], replies["npdu.dst_group"][group])
            again = Judge(Replies(lock, data, replies), messages)
            again.requests(group, CLEAR)
            for name in ("status", "key"):
                getattr(verdicts, name)[group] = getattr(again.verdicts, name)[group]
            left = left[verdicts.status[left] == NOTHING]
        judge.fail(left, np.ones(len(left), bool))
        key = np.where(verdicts.key >= 0, lock.number[verdicts.key] if len(lock) else -1, -1)
        status: NDArray[np.int8] = np.where(verdicts.status == NOTHING, NO_KEY, verdicts.status).astype(np.int8)
        return {
            "frame": messages.frame,
            "status": status,
            "key": key,
            "meter": messages.meter,
            "remarks": judge.remarks(np.arange(size)),
        }


def _places(chunk: Chunk, layers: Layers) -> Ints:
    """Of each frame where its challenge or reply is in the buffer, -1 for none."""
    found = np.full(chunk.stop - chunk.start, -1, np.int64)
    for rows, groups in layers:
        for group in groups:
            if group.definition is not None and group.definition.name == "authpdu":
                for name in ("challenge", "reply"):
                    _take(found, rows, group, name)
    return found


def _take(found: Ints, rows: Ints, group: Group, name: str) -> None:
    column = group.columns.get(name)
    if column is not None and isinstance(column.value, Slices):
        there = np.flatnonzero(column.present)
        found[rows[group.frames[there]]] = column.value.offset[there]
