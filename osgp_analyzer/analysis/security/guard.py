# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges all messages of a capture, chunk by chunk in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dissectors.osgp.protection import MEP_PORT, POWER_LINE
from osgp_analyzer.analysis.meters import meters, port_number
from osgp_analyzer.analysis.runs import Rows, take
from osgp_analyzer.analysis.security import challenges, power_line
from osgp_analyzer.analysis.security.book import Book, joined_rows
from osgp_analyzer.analysis.security.challenges import Challenges
from osgp_analyzer.analysis.security.changes import Changes
from osgp_analyzer.analysis.security.judged import Judged
from osgp_analyzer.analysis.security.locks import Lock, Names
from osgp_analyzer.analysis.security.mep_ports import MepPorts
from osgp_analyzer.analysis.security.port import MEP as OF_MEP
from osgp_analyzer.analysis.security.port import POWER_LINE as OF_POWER_LINE
from osgp_analyzer.analysis.security.port import Port
from osgp_analyzer.analysis.security.remarks import of
from osgp_analyzer.analysis.security.verdicts import (
    NOTHING,
)
from osgp_analyzer.analysis.transactions import FAR_BACK
from osgp_analyzer.capture import Frame
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.engines.knowledge import Opened
from osgp_analyzer.schema import Finding, Group
from osgp_analyzer.security.keyring import KeyRing, Kind
from osgp_analyzer.store import Chunk, FrameStore
from osgp_analyzer.store.header import layers_on_the_way

if TYPE_CHECKING:
    from osgp_analyzer.analysis.tracking import Tracked


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


class Guard:
    """Judges with the keys of a ring. `remember`: what is found is kept for all frames, not for the last ones only."""

    def __init__(self, store: FrameStore, ring: KeyRing, remember: bool = False) -> None:
        self.store, self.names = store, Names()
        self.book = Book(None if remember else FAR_BACK)
        ports = {i.name: port_number(i.index) for i in store.capture.interfaces if i.name}
        self.power_line = Port(POWER_LINE, Lock([Kind.OMAK], 12, ring, self.names, ports), OF_POWER_LINE)
        self._mep = MepPorts(Port(MEP_PORT, Lock([Kind.MAK, Kind.MBK], 16, ring, self.names, ports), OF_MEP))
        self._kinds = (self.power_line, self._mep.port)
        locks = (
            Lock([Kind.DOMAIN_KEY], 6, ring, self.names, ports),
            Lock([Kind.OMA_KEY], 12, ring, self.names, ports),
        )
        self._challenges = Challenges(locks)
        self._changes = Changes((*locks, self.power_line.lock), self.names)
        self._found: list[Rows] = []
        """What was found in the chunk that is being judged."""
        self.stop = 0
        """Frames that have been judged."""

    @property
    def data(self) -> NDArray[np.uint8]:
        """The buffer of the capture."""
        return np.frombuffer(self.store.capture.buffer, np.uint8)

    def ports(self, chunk: Chunk) -> OpenedRows | None:
        """Judge what came through MEP ports, before it is paired; gives what was opened."""
        rows, opened = self._mep.follow(self.store, chunk, self.data)
        self._found = [rows] if rows is not None else []
        return opened

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
            rows, opened = power_line.follow(self.power_line, chunk, answers, tracked.asked, self.book, self.data)
            self._found += [rows] if rows is not None else []
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

    def recall(self, chunk: Chunk) -> tuple[OpenedRows | None, Secured]:
        """What was found in a chunk that has been judged already."""
        size = chunk.stop - chunk.start
        secured = Secured.of(size, self.names.names)
        rows = self.book.between(chunk.start, chunk.stop)
        secured.put(rows, chunk.start)
        opened = None
        for kind in self._kinds:
            here = np.flatnonzero(rows["encrypted"] & (rows["port"] == kind.number))
            if len(here):
                found = kind.again(take(rows, here), self.book, self.data, chunk)
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
            kind = self._kinds[int(rows["port"][0])]
            found = kind.again(rows, self.book, self.data, Chunk(self.store.capture, index, index + 1))
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
