# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges all messages of a capture, chunk by chunk in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import RESPONSE
from dissectors.osgp.suites import SUITES
from osgp_analyzer.analysis.meters import meters, port_number
from osgp_analyzer.analysis.runs import Rows, take
from osgp_analyzer.analysis.security import challenges, power_line
from osgp_analyzer.analysis.security.book import Book, joined_rows
from osgp_analyzer.analysis.security.challenges import Challenges
from osgp_analyzer.analysis.security.changes import Changes
from osgp_analyzer.analysis.security.conduct import Conduct, Replaced, in_the_open
from osgp_analyzer.analysis.security.judged import Judged
from osgp_analyzer.analysis.security.locks import Lock, Names
from osgp_analyzer.analysis.security.mep_ports import MepPorts
from osgp_analyzer.analysis.security.messages import Messages, of_mep, of_power_line
from osgp_analyzer.analysis.security.other_suites import BUILT_IN, OtherSuites
from osgp_analyzer.analysis.security.port import MEP as OF_MEP
from osgp_analyzer.analysis.security.port import POWER_LINE as OF_POWER_LINE
from osgp_analyzer.analysis.security.port import Port
from osgp_analyzer.analysis.security.protection import Protection
from osgp_analyzer.analysis.security.remarks import of
from osgp_analyzer.analysis.security.statuses import CHALLENGED, NOT_AUTHENTICATED, NOTHING, VERIFIED
from osgp_analyzer.analysis.security.tls_sessions import TlsSessions
from osgp_analyzer.analysis.transactions import FAR_BACK
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Bools, Ints, OnDemand, unknown
from osgp_analyzer.engines.knowledge import Opened
from osgp_analyzer.schema import Finding, Group
from osgp_analyzer.security.keyring import KeyRing, Kind
from osgp_analyzer.security.weak import weakness
from osgp_analyzer.store import Chunk, FrameStore, Layers
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
    def of(cls, chunk: Chunk, rows: Rows, names: list[str]) -> Secured:
        """What rows of the book say of the frames of a chunk, and what goes without saying of the others."""
        size = chunk.stop - chunk.start
        nothing = np.full(size, NOTHING, np.int8), np.full(size, -1, np.int32)
        secured = cls(*nothing, np.zeros(size, bool), np.zeros(size, np.int64), names)
        secured.put(rows, chunk.start)
        secured.status = np.where(secured.status == NOTHING, default_status(chunk), secured.status)
        return secured

    def put(self, rows: Rows, start: int) -> None:
        """Take in rows of the book; `start` is the first frame of the chunk."""
        here = rows["frame"] - start
        np.maximum.at(self.status, here, rows["status"])
        np.maximum.at(self.key, here, rows["key"])
        np.logical_or.at(self.encrypted, here, rows["encrypted"])
        np.bitwise_or.at(self.remarks, here, rows["remarks"])


TOGETHER = 64
"""Frames that are looked up together where one is asked for: opening them takes hardly longer than opening one."""


class Guard:
    """Judges with the keys of a ring. `remember`: what is found is kept for all frames, not for the last ones only.
    `conduct`: how those who talk behave is looked at too, which takes several times as long."""

    def __init__(self, store: FrameStore, ring: KeyRing, remember: bool = False, conduct: bool = True) -> None:
        self.store, self.names = store, Names()
        self.book = Book(None if remember else FAR_BACK)
        ports: dict[str, list[int]] = {}
        for interface in store.capture.interfaces:
            ports.setdefault(interface.name or "", []).append(port_number(interface.index))
        ports.pop("", None)
        suites = [Protection.of(SUITES[name]) for name in BUILT_IN]
        self.power_line = Port(suites[0], Lock([Kind.OMAK], 12, ring, self.names, ports), OF_POWER_LINE)
        serial = Port(suites[1], Lock([Kind.MAK, Kind.MBK], 16, ring, self.names, ports), OF_MEP)
        self._tls = TlsSessions(ring, self.names, None if remember else FAR_BACK)
        self._mep, self._others = MepPorts(serial), OtherSuites(ring, self.names, ports, OF_MEP + 1)
        self._kinds = (self.power_line, serial, *self._others.ports)
        locks = (
            Lock([Kind.DOMAIN_KEY], 6, ring, self.names, ports),
            Lock([Kind.OMA_KEY], 12, ring, self.names, ports),
        )
        self._challenges, self._of_replies = Challenges(locks), locks
        kinds = {key.name: (key.kind, key.secret) for key in ring.keys}
        weak = (number for number, name in enumerate(self.names.names) if weakness(*kinds[name]))
        self._conduct = Conduct(frozenset(weak)) if conduct else None
        self._changes = Changes((*locks, self.power_line.lock), self.names)
        self._found: list[Rows] = []
        """What was found in the chunk that is being judged."""
        self._near: tuple[Chunk, OpenedRows | None, Secured] | tuple[()] = ()
        """What was found around the frame that was asked for last (`of`)."""
        self.stop = 0
        """Frames that have been judged."""

    @property
    def data(self) -> NDArray[np.uint8]:
        """The buffer of the capture."""
        return np.frombuffer(self.store.capture.buffer, np.uint8)

    def ports(self, chunk: Chunk) -> OpenedRows | None:
        """Judge what came through MEP ports, before it is paired; gives what was opened."""
        rows, opened = self._mep.follow(self.store, chunk, self.data)
        verified = rows["frame"][rows["status"] == VERIFIED] if rows is not None else np.zeros(0, np.int64)
        of_tls = self._tls.follow(self.store, chunk, self.data, verified)
        size = chunk.stop - chunk.start
        asked = OnDemand(self.store.asked, lambda name: unknown(size))

        def read(only: Bools, within: frozenset[str]) -> Layers:
            return self.store.groups(chunk, within=within, only=only, bare=True)

        def messages() -> Messages:
            every = of_mep(chunk, np.full(size, -1, np.int64), asked)
            return every.take(~np.isin(every.frame, verified))

        others, more = self._others.follow("mep", chunk, messages, read, self.book, self.data)
        told = [one for one in (of_tls, *others) if one is not None]
        if rows is not None:
            for one in told:
                rows = take(rows, ~np.isin(rows["frame"], one["frame"]))
            told.append(rows)
        self._found = told
        for found in more:
            opened = also(opened, found)
        return also(opened, self._tls.opened(chunk))

    def judge(self, tracked: Tracked) -> OpenedRows | None:
        """Judge what came over the power line; gives what was opened."""
        chunk, answers, asked = tracked.chunk, tracked.answers, tracked.asked

        def read(only: Bools, within: frozenset[str]) -> Layers:
            return tracked.read(only, within, bare=True)

        self._changes.follow(chunk, lambda: meters(chunk, tracked.request >= 0, asked), tracked.request, read)
        self._changes.apply(final=False)
        of_ports, locks = self._found, (self.power_line.lock, *self._of_replies)
        trials = [lock.trials() for lock in locks] if self._changes.waiting else []
        for again in (True, False):
            self._found = list(of_ports)
            for lock, counts in zip(locks, trials, strict=False):
                lock.put_trials(counts)
            self.replies(chunk, tracked.before, answers)
            rows, opened = power_line.follow(self.power_line, chunk, answers, asked, self.book, self.data, read)
            self._found += [rows] if rows is not None else []
            if not again or not self._changes.apply(final=True):
                break

        def messages() -> Messages:
            every = of_power_line(chunk, answers, asked, None)
            verified = [one["frame"][one["status"] == VERIFIED] for one in self._found]
            return every.take(~np.isin(every.frame, np.concatenate([every.frame[:0], *verified])))

        found, more = self._others.follow("apdu", chunk, messages, read, self.book, self.data)
        self._found += found
        for one in more:
            opened = also(opened, one)
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
        rows = self.book.between(chunk.start, chunk.stop)
        secured = Secured.of(chunk, rows, self.names.names)
        opened = self._tls.opened(chunk)

        def read(only: Bools, within: frozenset[str]) -> Layers:
            return self.store.groups(chunk, within=within, only=only, bare=True)

        for kind in self._kinds:
            here = np.flatnonzero(rows["encrypted"] & (rows["port"] == kind.number))
            if len(here):
                opened = also(opened, kind.again(take(rows, here), self.book, self.data, chunk, read))
        return opened, secured

    def of(self, index: int) -> Judged | None:
        """How the message of a frame is protected. The frame must have been judged, and remembered."""
        if not self._near or not self._near[0].start <= index < self._near[0].stop:
            first = index - index % TOGETHER
            chunk = self.store.chunk(first, min(first + TOGETHER, self.stop))
            self._near = (chunk, *self.recall(chunk))
        chunk, found, secured = self._near
        row, rows = index - chunk.start, self.book.between(index, index + 1)
        status, key, encrypted = int(secured.status[row]), int(secured.key[row]), bool(secured.encrypted[row])
        if status == NOTHING and not len(rows["frame"]):
            return None
        name = self.names.names[key] if key >= 0 else None
        start, opened = int(chunk.offset[row]), None
        plain = found.plain.get(row) if encrypted and found is not None else None
        if found is not None and plain is not None:
            at, head, tail = int(found.at[row]) - start, int(found.head[row]), int(found.tail[row])
            opened = Opened(at, plain, head, tail, bool(found.response[row]))
        place = max(0, int(rows["start"].max(initial=0)) - start)
        findings = [
            Finding(remark.severity, Group.SECURITY, remark.finding, place, remark.sentence(name))
            for remark in of(int(secured.remarks[row]))
        ]
        return Judged(status, name, encrypted, findings, opened)

    def finish(self, tracked: Tracked) -> Secured:
        """All that was found in a chunk, when its messages have been judged."""
        chunk = tracked.chunk
        found, self._found = [*self._found, *self._changes.remarks], []
        self._changes.remarks = []
        rows = joined_rows(found)
        secured = Secured.of(chunk, rows, self.names.names)
        open_ = in_the_open(chunk, secured.status)
        said = np.flatnonzero(open_)
        if len(said):
            rows = joined_rows([rows, {"frame": said + chunk.start, "remarks": open_[said]}])

        def read(only: Bools, within: frozenset[str]) -> Layers:
            return tracked.read(only, within, bare=True)

        if self._conduct is not None:
            self._conduct.follow(chunk, rows, self._replaced(), read, self.data)
        if self._conduct is not None or len(said):
            secured.put(rows, chunk.start)
        if len(rows["frame"]):
            self.book.add(rows)
        self.stop = chunk.stop
        return secured

    def _replaced(self) -> Replaced:
        """By port, meter and key from which frame on a key is not in use any more."""
        return {(kind.number, *which): frame for kind in self._kinds for which, frame in kind.lock.replaced.items()}


def also(one: OpenedRows | None, other: OpenedRows | None) -> OpenedRows | None:
    """Both, as far as they are there."""
    return one.and_also(other) if one is not None and other is not None else one if one is not None else other


def default_status(chunk: Chunk) -> NDArray[np.int8]:
    """What is said of messages that nothing protects, or that ask for a challenge; of what is no message nothing."""
    columns = chunk.columns
    message = (chunk.innermost["apdu.code"] >= 0) | (columns["nv.selector"] >= 0) | (columns["authpdu.type"] >= 0)
    message |= (columns["osgp.direction"] >= 0) | (columns["c1218.multi_packet"] == 1)
    asks = (columns["spdu.auth"] == 1) & (columns["spdu.type"] != RESPONSE) | (columns["tpdu.auth"] == 1)
    status = np.where(asks, CHALLENGED, NOT_AUTHENTICATED)
    return np.where(message, status, NOTHING).astype(np.int8)
