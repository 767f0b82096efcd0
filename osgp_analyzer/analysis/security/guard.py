# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges all messages of a capture, chunk by chunk in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dissectors.osgp.protection import MEP_PORT, POWER_LINE, Protection
from osgp_analyzer.analysis.meters import meters, port_number
from osgp_analyzer.analysis.runs import Rows, take
from osgp_analyzer.analysis.security import challenges
from osgp_analyzer.analysis.security.book import Book, joined_rows
from osgp_analyzer.analysis.security.challenges import Challenges
from osgp_analyzer.analysis.security.changes import Changes
from osgp_analyzer.analysis.security.judged import Judged
from osgp_analyzer.analysis.security.locks import Lock, Names
from osgp_analyzer.analysis.security.messages import Messages, of_mep, of_power_line
from osgp_analyzer.analysis.security.opening import Asked, Opening, Texts
from osgp_analyzer.analysis.security.remarks import of
from osgp_analyzer.analysis.security.verdicts import (
    HIDDEN,
    NO_KEY,
    NOTHING,
    VERIFIED,
    TableJudge,
    Verdicts,
    latest_before,
)
from osgp_analyzer.analysis.transactions import FAR_BACK
from osgp_analyzer.capture import Frame
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, OnDemand, Slices, unknown
from osgp_analyzer.engines.knowledge import Opened
from osgp_analyzer.schema import Finding, Group
from osgp_analyzer.security.keyring import KeyRing, Kind
from osgp_analyzer.store import Chunk, FrameStore
from osgp_analyzer.store.header import layers_on_the_way

if TYPE_CHECKING:
    from osgp_analyzer.analysis.tracking import Tracked

POWER_LINE_PORT, MEP_PORT_PORT = range(2)


@dataclass
class Secured:
    """Of each frame of a chunk: `status` (-1: nothing to be judged), `key` (the number of its name, -1: none),
    `encrypted`, and `remarks`, a bit each."""

    status: NDArray[np.int8]
    key: NDArray[np.int32]
    encrypted: Bools
    remarks: Ints
    names: list[str]

    @classmethod
    def of(cls, size: int, names: list[str]) -> Secured:
        """Nothing known yet of so many frames."""
        nothing = np.full(size, NOTHING, np.int8), np.full(size, -1, np.int32)
        return cls(*nothing, np.zeros(size, bool), np.zeros(size, np.int64), names)

    def put(self, rows: Rows, start: int) -> None:
        """Take in rows of the book; `start` is the first frame of the chunk."""
        here = rows["frame"] - start
        self.status[here], self.key[here] = rows["status"], rows["key"]
        self.encrypted[here], self.remarks[here] = rows["encrypted"], rows["remarks"]


@dataclass
class Port:
    """One kind of port, with the keys that may fit its messages."""

    protection: Protection
    lock: Lock
    number: int


class Guard:
    """Judges with the keys of a ring. `remember`: what is found is kept for all frames, not for the last ones only."""

    def __init__(self, store: FrameStore, ring: KeyRing, remember: bool = False) -> None:
        self.store, self.names = store, Names()
        self.book = Book(None if remember else FAR_BACK)
        ports = {i.name: port_number(i.index) for i in store.capture.interfaces if i.name}
        self.power_line = Port(POWER_LINE, Lock([Kind.OMAK], 12, ring, self.names, ports), POWER_LINE_PORT)
        self.mep = Port(MEP_PORT, Lock([Kind.MAK, Kind.MBK], 16, ring, self.names, ports), MEP_PORT_PORT)
        locks = (
            Lock([Kind.DOMAIN_KEY], 6, ring, self.names, ports),
            Lock([Kind.OMA_KEY], 12, ring, self.names, ports),
        )
        self._challenges = Challenges(locks)
        self._changes = Changes((*locks, self.power_line.lock), self.names)
        self._last: tuple[Messages, Asked, Ints] | None = None
        """The latest request of each MEP port, and its key."""
        self._found: list[Rows] = []
        """What was found in the chunk that is being judged."""
        self.stop = 0
        """Frames that have been judged."""

    @property
    def data(self) -> NDArray[np.uint8]:
        """The buffer of the capture."""
        return np.frombuffer(self.store.capture.buffer, np.uint8)

    def ports(self, chunk: Chunk) -> OpenedRows | None:
        """Judge what came through MEP ports, before it is paired: what is encrypted does not say which way it goes."""
        size = chunk.stop - chunk.start
        asked = OnDemand(self.store.asked, lambda name: unknown(size))
        messages = of_mep(chunk, np.full(size, -1, np.int64), asked)
        if not len(messages):
            return None
        size = len(messages)
        if self._last is not None:
            messages = self._last[0].and_then(messages)
        judge = TableJudge(Opening(MEP_PORT, self.mep.lock, self.data), messages)
        old = len(messages) - size
        if self._last is not None:
            judge.verdicts.encrypted[:old], judge.verdicts.key[:old] = self._last[1].encrypted, self._last[2]
            judge.verdicts.status[:old] = np.where(self._last[2] >= 0, VERIFIED, NO_KEY)
        return self._judge_ports(judge, messages, old, chunk)

    def _judge_ports(self, judge: TableJudge, messages: Messages, old: int, chunk: Chunk) -> OpenedRows | None:
        v, new = judge.verdicts, np.arange(old, len(messages))
        asks = messages.shaped & ~messages.response
        judge.requests(new[asks[new]])
        judge.requests(new[~messages.shaped[new]], HIDDEN)
        for again in (True, False):
            is_request = (asks | (v.status == VERIFIED)) & ~messages.response
            is_request[:old] = True
            request = latest_before(is_request, messages.meter)
            tried = new[(v.status[new] == NOTHING) & (request[new] >= 0)]
            of = request[tried]
            key = np.where(v.status[of] == VERIFIED, v.key[of], -1)
            left = judge.responses(tried, self._asked(messages, v, of), key)
            messages.response[tried[v.status[tried] == VERIFIED]] = True
            if not again:
                break
            judge.requests(left[messages.response[left]], HIDDEN)
            messages.response[left[v.status[left] == VERIFIED]] = False
        left = new[v.status[new] == NOTHING]
        answers = latest_before(is_request, messages.meter)
        judge.fail(left, ~messages.response[left] | (answers[left] >= 0))
        messages.request = np.where(messages.response, np.where(answers >= 0, messages.frame[answers], -1), -1)
        self._keep_last(messages, v, is_request)
        return self._written(judge, messages, new, self.mep, chunk)

    def _keep_last(self, messages: Messages, v: Verdicts, is_request: Bools) -> None:
        rows = np.flatnonzero(is_request)
        latest = rows[::-1][np.unique(messages.meter[rows][::-1], return_index=True)[1]]
        key = np.where(v.status[latest] == VERIFIED, v.key[latest], -1)
        self._last = messages.take(latest), self._asked(messages, v, latest), key

    def _asked(self, messages: Messages, v: Verdicts, rows: Ints) -> Asked:
        return Asked(messages.start[rows], messages.end[rows], v.encrypted[rows])

    def judge(self, tracked: Tracked) -> OpenedRows | None:
        """Judge what came over the power line; gives what was opened."""
        chunk, answers = tracked.chunk, tracked.answers
        meter = meters(chunk, tracked.request >= 0, tracked.asked)
        self._changes.follow(chunk, meter, tracked.request, lambda only, within: tracked.read(only, within, bare=True))
        self._changes.apply()
        of_ports = self._found
        for again in (True, False):
            self._found = list(of_ports)
            self.replies(chunk, tracked.before, answers)
            opened = self.messages(chunk, answers, tracked.asked)
            if not again or not self._changes.apply():
                break
        return opened

    def replies(self, chunk: Chunk, before: Sequence[Chunk], answers: Ints) -> None:
        """Judge the replies to challenges; `before`: chunks that these may be in."""
        involved = chunk.columns["authpdu.type"] >= 0
        if involved.any():
            within = layers_on_the_way(challenges.FIELDS)
            layers = self.store.groups(chunk, within=within, only=involved, bare=True)
            self._found += self._challenges.follow(chunk, before, answers, layers, self.data)

    def messages(self, chunk: Chunk, answers: Ints, asked: Mapping[str, Numbers]) -> OpenedRows | None:
        """Judge what came over the power line; `answers`, `asked` as in `Tracked`."""
        messages = of_power_line(chunk, answers, asked)
        if not len(messages):
            return None
        judge = TableJudge(Opening(POWER_LINE, self.power_line.lock, self.data), messages)
        v = judge.verdicts
        requests, responses = np.flatnonzero(~messages.response), np.flatnonzero(messages.response)
        left = judge.requests(requests)
        judge.fail(left, np.ones(len(left), bool))
        # The requests of the responses: of this chunk, or of one before.
        start, end = np.zeros(len(messages), np.int64), np.zeros(len(messages), np.int64)
        encrypted, key = np.zeros(len(messages), bool), np.full(len(messages), -1, np.int64)
        there = np.zeros(len(messages), bool)
        wanted = messages.request[responses]
        place = np.searchsorted(messages.frame[requests], wanted)
        here = np.flatnonzero(place < len(requests))
        here = here[messages.frame[requests[place[here]]] == wanted[here]]
        source, into = requests[place[here]], responses[here]
        start[into], end[into], there[into] = messages.start[source], messages.end[source], True
        encrypted[into] = v.encrypted[source]
        key[into] = np.where(v.status[source] == VERIFIED, v.key[source], -1)
        found, rows = self.book.of(wanted)
        into = responses[found]
        start[into], end[into], there[into] = rows["start"], rows["end"], True
        encrypted[into] = rows["encrypted"]
        key[into] = np.where(rows["status"] == VERIFIED, rows["local"], -1)
        all_asked = Asked(start, end, encrypted)
        answered = responses[there[responses]]
        judge.responses(answered, all_asked.take(answered), key[answered])
        left = responses[v.status[responses] == NOTHING]
        judge.fail(left, there[left])
        judge.look_closer(all_asked)
        return self._written(judge, messages, np.arange(len(messages)), self.power_line, chunk)

    def recall(self, chunk: Chunk) -> tuple[OpenedRows | None, Secured]:
        """What was found in a chunk that has been judged already."""
        size = chunk.stop - chunk.start
        secured = Secured.of(size, self.names.names)
        rows = self.book.between(chunk.start, chunk.stop)
        secured.put(rows, chunk.start)
        opened = None
        for port in (self.power_line, self.mep):
            here = np.flatnonzero(rows["encrypted"] & (rows["port"] == port.number))
            if len(here):
                found = self._reopened(port, take(rows, here), chunk)
                opened = found if opened is None or found is None else opened.and_also(found)
        return opened, secured

    def of(self, index: int, frame: Frame) -> Judged | None:
        """How the message of a frame is protected. The frame must have been judged, and remembered."""
        rows = self.book.between(index, index + 1)
        if not len(rows["frame"]):
            return None
        key = int(rows["key"][0])
        name = self.names.names[key] if key >= 0 else None
        opened = None
        if rows["encrypted"][0]:
            port = (self.power_line, self.mep)[int(rows["port"][0])]
            found = self._reopened(port, rows, Chunk(self.store.capture, index, index + 1))
            plain = found.plain.get(0) if found is not None else None
            if found is not None and plain is not None:
                at = int(found.at[0]) - int(rows["start"][0]) + self._start_in(frame, int(rows["start"][0]))
                opened = Opened(at, plain, int(found.tail[0]), bool(found.response[0]))
        place = self._start_in(frame, int(rows["start"][0])) if rows["port"][0] >= 0 else 0
        findings = [
            Finding(remark.severity, Group.SECURITY, remark.finding, place, remark.text.format(key=name, other="one"))
            for remark in of(int(rows["remarks"][0]))
        ]
        return Judged(int(rows["status"][0]), name, bool(rows["encrypted"][0]), findings, opened)

    def _start_in(self, frame: Frame, start: int) -> int:
        """A place in the buffer as one in the frame."""
        index = Chunk(self.store.capture, frame.number - 1, frame.number)
        return start - int(index.offset[0])

    def _reopened(self, port: Port, rows: Rows, chunk: Chunk) -> OpenedRows | None:
        """What messages say that were opened before, with the keys that were found."""
        opening = Opening(port.protection, port.lock, self.data)
        size = len(rows["frame"])
        response = rows["request"] >= 0
        messages = Messages.at(rows["frame"] - chunk.start, rows["start"], rows["end"], response)
        found = []
        asks = np.flatnonzero(~response)
        if len(asks):
            opening.requests(messages.take(asks), rows["local"][asks], True)
            assert opening.plain is not None
            found.append((asks, opening.plain))
        there, asked = self.book.of(rows["request"])
        if len(there):
            requests = Asked(asked["start"], asked["end"], asked["encrypted"])
            opening.responses(messages.take(there), requests, rows["local"][there], True)
            assert opening.plain is not None
            found.append((there, opening.plain))
        return opened_rows(found, messages, port.protection, chunk) if size else None

    def finish(self, chunk: Chunk) -> Secured:
        """All that was found in a chunk, when its messages have been judged."""
        secured = Secured.of(chunk.stop - chunk.start, self.names.names)
        found, self._found = [*self._found, *self._changes.remarks], []
        self._changes.remarks = []
        if found:
            rows = joined_rows(found)
            self.book.add(rows)
            secured.put(rows, chunk.start)
        self.stop = chunk.stop
        return secured

    def _written(
        self, judge: TableJudge, messages: Messages, rows: Ints, port: Port, chunk: Chunk
    ) -> OpenedRows | None:
        """Note what was found, and give what was opened, for all frames of the chunk."""
        v = judge.verdicts
        rows = rows[v.status[rows] != NOTHING]
        local = v.key[rows]
        number = port.lock.number[local] if len(port.lock) else np.full(len(local), -1)
        self._found.append(
            {
                "frame": messages.frame[rows],
                "status": v.status[rows],
                "key": np.where(local >= 0, number, -1),
                "port": np.full(len(rows), port.number),
                "local": local,
                "encrypted": v.encrypted[rows],
                "start": messages.start[rows],
                "end": messages.end[rows],
                "request": messages.request[rows],
                "remarks": judge.remarks(rows),
            }
        )
        return opened_rows(v.opened, messages, port.protection, chunk)


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
        length[frames] = texts.length - protection.body
        known[frames] = True
        at[frames] = messages.start[rows] + protection.body
        response[frames] = messages.response[rows]
        parts.append(texts.data)
        place += len(texts.data)
    data = np.concatenate(parts)
    tail = np.full(size, protection.digest, np.int64)
    return OpenedRows(Slices(data, offset, length, known), at, tail, response)
