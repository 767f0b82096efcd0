# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges messages of table services that came over the power line, when it is known what each response answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dissectors.security_columns import Bytes
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.security.book import Book
from osgp_analyzer.analysis.security.messages import Messages, of_power_line
from osgp_analyzer.analysis.security.opening import Asked, Opening
from osgp_analyzer.analysis.security.port import Port, passed_on
from osgp_analyzer.analysis.security.verdicts import NOTHING, VERIFIED, TableJudge
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers
from osgp_analyzer.store import Chunk


def follow(
    port: Port, chunk: Chunk, answers: Ints, asked: Mapping[str, Numbers], book: Book, data: Bytes
) -> tuple[Rows | None, OpenedRows | None]:
    """What is found out about a chunk, as rows of the book, and what was opened. `answers`, `asked` as in `Tracked`;
    `book` has the chunks before."""
    messages = of_power_line(chunk, answers, asked)
    if not len(messages):
        return None, None
    judge = TableJudge(Opening(port.protection, port.lock, data), messages)
    v, responses = judge.verdicts, np.flatnonzero(messages.response)
    left = judge.requests(np.flatnonzero(~messages.response))
    judge.fail(left, np.ones(len(left), bool))
    requests, key, there = _requests_of(judge, messages, book)
    answered = responses[there[responses]]
    judge.responses(answered, requests.take(answered), key[answered])
    passed_on(judge, responses[v.status[responses] == NOTHING], book, data)
    left = responses[v.status[responses] == NOTHING]
    judge.fail(left, there[left] & (key[left] >= 0))
    judge.look_closer(requests)
    return port.found(judge, np.arange(len(messages))), port.opened(judge, chunk)


def _requests_of(judge: TableJudge, messages: Messages, book: Book) -> tuple[Asked, Ints, Bools]:
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
    asked.start[into], asked.end[into], there[into] = rows["start"], rows["end"], rows["port"] >= 0
    asked.encrypted[into] = rows["encrypted"]
    key[into] = np.where(rows["status"] == VERIFIED, rows["local"], -1)
    return asked, key, there
