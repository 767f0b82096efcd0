# SPDX-License-Identifier: GPL-2.0-or-later
"""A kind of port with the keys that may fit its messages, and what was found out about these as rows of the book."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dissectors.answering import MAX_WAIT_NS
from dissectors.security_columns import Bytes
from osgp_analyzer.analysis.runs import Rows, same_bytes
from osgp_analyzer.analysis.security.book import Book
from osgp_analyzer.analysis.security.locks import Lock
from osgp_analyzer.analysis.security.messages import Messages, subnet_and_node
from osgp_analyzer.analysis.security.one_by_one import OneByOne, prepared
from osgp_analyzer.analysis.security.opening import Asked, Opening, Texts
from osgp_analyzer.analysis.security.protection import Protection
from osgp_analyzer.analysis.security.statuses import NOTHING, VERIFIED
from osgp_analyzer.analysis.security.verdicts import TableJudge
from osgp_analyzer.analysis.transactions import elapsed
from osgp_analyzer.analysis.values import Read
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Ints, Slices
from osgp_analyzer.store import Chunk

POWER_LINE, MEP = range(2)
"""Numbers of the kinds."""
MOST_BEFORE = 64
"""So many responses before are compared."""


@dataclass
class Port:
    """One kind of port. `number`: which, in the book."""

    protection: Protection
    lock: Lock
    number: int

    def opening(self, data: Bytes) -> Opening:
        """What tries its keys on messages of the buffer."""
        kind = Opening if self.protection.request is not None else OneByOne
        return kind(self.protection, self.lock, data)

    def found(self, judge: TableJudge, rows: Ints) -> Rows:
        """What was found out about some messages."""
        v, messages = judge.verdicts, judge.messages
        rows = rows[v.status[rows] != NOTHING]
        local = v.key[rows]
        number = self.lock.number[local] if len(self.lock) else np.full(len(local), -1)
        return {
            "frame": messages.frame[rows],
            "status": v.status[rows],
            "key": np.where(local >= 0, number, -1),
            "port": np.full(len(rows), self.number),
            "local": local,
            "encrypted": v.encrypted[rows],
            "start": messages.start[rows],
            "end": messages.end[rows],
            "request": messages.request[rows],
            "meter": messages.meter[rows],
            "time": messages.time[rows],
            "remarks": judge.remarks(rows),
        }

    def opened(self, judge: TableJudge, chunk: Chunk) -> OpenedRows | None:
        """What the messages say that were opened, for all frames of the chunk; None where none was."""
        return opened_rows(judge.verdicts.opened, judge.messages, self.protection, chunk)

    def again(self, rows: Rows, book: Book, data: Bytes, chunk: Chunk, read: Read) -> OpenedRows | None:
        """What messages say that were opened before, with the keys that were found; `rows` of the book. `read` reads
        layers of the frames of a mask."""
        response = rows["request"] >= 0
        messages = Messages.at(rows["frame"] - chunk.start, rows["start"], rows["end"], response)
        messages.subnet, messages.node = subnet_and_node(rows["meter"])
        opening = prepared(self.opening(data), messages.rows, chunk.stop - chunk.start, read)
        found = []
        asks = np.flatnonzero(~response)
        if len(asks):
            opening.requests(messages.take(asks), rows["local"][asks], True)
            assert opening.plain is not None
            found.append((asks, opening.plain))
        there, asked = book.of(rows["request"])
        if len(there):
            requests = Asked(asked["start"], asked["end"], asked["encrypted"])
            opening.responses(messages.take(there), requests, rows["local"][there], True)
            assert opening.plain is not None
            found.append((there, opening.plain))
        return opened_rows(found, messages, self.protection, chunk)


def opened_rows(
    opened: list[tuple[Ints, Texts]], messages: Messages, protection: Protection, chunk: Chunk
) -> OpenedRows | None:
    """What messages say that were opened, for all frames of a chunk; None where none was."""
    if not any(len(rows) for rows, _ in opened):
        return None
    size = chunk.stop - chunk.start
    offset, length, known = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, bool)
    at, response = np.full(size, -1, np.int64), np.zeros(size, bool)
    parts, place = [], 0
    for rows, texts in opened:
        frames = messages.rows[rows]
        offset[frames] = texts.offset + place + protection.body
        length[frames] = texts.length - protection.body - (protection.clear_at_end - protection.tag)
        known[frames] = True
        at[frames] = messages.start[rows] + protection.body - protection.head
        response[frames] = messages.response[rows]
        parts.append(texts.data)
        place += len(texts.data)
    data = np.concatenate(parts)
    head, tail = (np.full(size, count, np.int64) for count in (protection.head, protection.clear_at_end))
    return OpenedRows(Slices(data, offset, length, known), at, head, tail, response)


def passed_on(judge: TableJudge, rows: Ints, book: Book, data: Bytes) -> None:
    """Responses that are passed on over several hops are as good as where they were first heard, though a hop may have
    a request that was changed later: give those the verdict of the same bytes from the same meter before."""
    v, messages = judge.verdicts, judge.messages
    if not len(rows):
        return
    good = np.flatnonzero((v.status == VERIFIED) & messages.response)
    own = {"meter": messages.meter[good], "start": messages.start[good], "end": messages.end[good],
           "local": v.key[good], "frame": messages.frame[good], "time": messages.time[good]}  # fmt: skip
    kept = book.rows
    old = np.flatnonzero((kept["status"] == VERIFIED) & (kept["request"] >= 0) & (kept["port"] == POWER_LINE))
    found = {name: np.concatenate([kept[name][old], own[name]]) for name in own}
    order = np.argsort(found["meter"], kind="stable")
    for row in rows.tolist():
        first, last = np.searchsorted(found["meter"], [messages.meter[row], messages.meter[row] + 1], sorter=order)
        here = order[first:last]
        size = messages.end[row] - messages.start[row]
        here = here[(found["frame"][here] < messages.frame[row]) & (found["end"][here] - found["start"][here] == size)]
        time, timed = elapsed(found["time"][here], np.full(len(here), messages.time[row]))
        here = here[~timed | (np.abs(time) <= MAX_WAIT_NS)][-MOST_BEFORE:]
        mine = np.full(len(here), messages.start[row])
        same = here[same_bytes(data, mine, found["start"][here], np.full(len(here), size))]
        if len(same):
            v.status[row], v.key[row] = VERIFIED, found["local"][same[-1]]
