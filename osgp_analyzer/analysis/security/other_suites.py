# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages under cipher suites of the user's own: told by a condition, tried one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dissectors.osgp.suites import SUITES
from dissectors.security_columns import Bytes
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.security.book import Book
from osgp_analyzer.analysis.security.locks import Lock, Names, Ports
from osgp_analyzer.analysis.security.messages import Messages
from osgp_analyzer.analysis.security.one_by_one import OneByOne, header_values
from osgp_analyzer.analysis.security.opening import Asked
from osgp_analyzer.analysis.security.port import Port
from osgp_analyzer.analysis.security.protection import Protection
from osgp_analyzer.analysis.security.statuses import VERIFIED
from osgp_analyzer.analysis.security.verdicts import EITHER, TableJudge, latest_before
from osgp_analyzer.analysis.values import Read
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.schema.suite import Suite
from osgp_analyzer.security.keyring import KeyRing, Kind
from osgp_analyzer.security.suite import Message, applies
from osgp_analyzer.store import Chunk

BUILT_IN = ("osgp-rc4", "mep-rc4")
SIZES = (6, 12, 16, 20, 32)
"""Bytes that keys can have."""
Found = tuple[list[Rows], list[OpenedRows]]


class OtherSuites:
    """Judges with the suites that a definition file adds. `number`: that of the first of their ports."""

    def __init__(self, ring: KeyRing, names: Names, ports: Ports, number: int) -> None:
        self.ports: list[Port] = []
        for suite in SUITES.values():
            if suite.name in BUILT_IN:
                continue
            kinds = [Kind(kind) for kind in suite.keys]
            locks = [Lock(kinds, size, ring, names, ports) for size in SIZES]
            locks = [lock for lock in locks if len(lock)]
            for lock in locks or [Lock(kinds, 16, ring, names, ports)]:
                self.ports.append(Port(Protection.of(suite), lock, number + len(self.ports)))

    def follow(
        self, carrier: str, chunk: Chunk, messages: Callable[[], Messages], read: Read, book: Book, data: Bytes
    ) -> Found:
        """What is found out about a chunk, as rows of the book, and what was opened."""
        found: list[Rows] = []
        opened: list[OpenedRows] = []
        mine = [port for port in self.ports if port.protection.suite.carrier == carrier]
        if not mine:
            return found, opened
        every = messages()
        for port in mine:
            rows, what = self._judge(port, chunk, every, read, book, data)
            found += [rows] if rows is not None else []
            opened += [what] if what is not None else []
        return found, opened

    def _judge(
        self, port: Port, chunk: Chunk, every: Messages, read: Read, book: Book, data: Bytes
    ) -> tuple[Rows | None, OpenedRows | None]:
        suite = port.protection.suite
        mask = np.zeros(chunk.stop - chunk.start, bool)
        mask[every.rows] = True
        values = header_values(suite, mask, read)
        response = every.response
        if suite.carrier == "mep":  # what is encrypted does not say which way it goes, but the condition may
            response = ~_chosen(suite, every, np.zeros(len(every), bool), values, data)
        chosen = _chosen(suite, every, response, values, data)
        if not chosen.any():
            return None, None
        messages = every.take(chosen)
        if suite.carrier == "mep":
            messages.response = response[chosen]
            before = latest_before(~messages.response, messages.meter)
            messages.request = np.where(messages.response & (before >= 0), messages.frame[before], -1)
        messages.shaped = np.ones(len(messages), bool)
        opening = port.opening(data)
        if isinstance(opening, OneByOne):
            opening.values = values
        judge = TableJudge(opening, messages)
        v, responses = judge.verdicts, np.flatnonzero(messages.response)
        left = judge.requests(np.flatnonzero(~messages.response), EITHER)
        judge.fail(left, np.ones(len(left), bool))
        asked, key, there = requests_of(judge, messages, book, port.number)
        answered = responses[there[responses]]
        judge.responses(answered, asked.take(answered), key[answered])
        left = responses[v.status[responses] < 0]
        judge.fail(left, there[left])
        return port.found(judge, np.arange(len(messages))), port.opened(judge, chunk)


def requests_of(judge: TableJudge, messages: Messages, book: Book, port: int) -> tuple[Asked, Ints, Any]:
    """The requests of the responses, of this chunk or one before, the key of each (-1: none), and which are there."""
    v, size = judge.verdicts, len(messages)
    asked = Asked(np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, bool))
    key, there = np.full(size, -1, np.int64), np.zeros(size, bool)
    requests, responses = np.flatnonzero(~messages.response), np.flatnonzero(messages.response)
    wanted = messages.request[responses]
    place = np.searchsorted(messages.frame[requests], wanted)
    here = np.flatnonzero(place < len(requests))
    here = here[messages.frame[requests[place[here]]] == wanted[here]]
    source, into = requests[place[here]], responses[here]
    asked.start[into], asked.end[into], there[into] = messages.start[source], messages.end[source], True
    asked.encrypted[into] = v.encrypted[source]
    key[into] = np.where(v.status[source] == VERIFIED, v.key[source], -1)
    found, rows = book.of(wanted)
    into = responses[found]
    asked.start[into], asked.end[into], there[into] = rows["start"], rows["end"], rows["port"] == port
    asked.encrypted[into] = rows["encrypted"]
    key[into] = np.where((rows["status"] == VERIFIED) & there[into], rows["local"], -1)
    return asked, key, there


def _chosen(
    suite: Suite, messages: Messages, response: Bools, values: Mapping[int, Mapping[str, Any]], data: Bytes
) -> Bools:
    """The messages that a suite is for, as requests or responses."""
    found = np.zeros(len(messages), bool)
    for row in range(len(messages)):
        wire = data[messages.start[row] : messages.end[row]].tobytes()
        known = values.get(int(messages.rows[row]), {})
        found[row] = applies(suite, Message(wire, known, response=bool(response[row])))
    return found
