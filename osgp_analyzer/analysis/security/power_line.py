# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges messages of table services that came over the power line, when it is known what each response answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dissectors.security_columns import Bytes
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.security.book import Book
from osgp_analyzer.analysis.security.messages import of_power_line
from osgp_analyzer.analysis.security.one_by_one import prepared
from osgp_analyzer.analysis.security.other_suites import requests_of
from osgp_analyzer.analysis.security.port import Port, passed_on
from osgp_analyzer.analysis.security.statuses import NOTHING
from osgp_analyzer.analysis.security.verdicts import TableJudge
from osgp_analyzer.analysis.values import Read
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Ints, Numbers
from osgp_analyzer.store import Chunk


def follow(
    port: Port, chunk: Chunk, answers: Ints, asked: Mapping[str, Numbers], book: Book, data: Bytes, read: Read
) -> tuple[Rows | None, OpenedRows | None]:
    """What is found out about a chunk, as rows of the book, and what was opened. `answers`, `asked` as in `Tracked`;
    `book` has the chunks before; `read` reads layers of the frames of a mask."""
    messages = of_power_line(chunk, answers, asked)
    if not len(messages):
        return None, None
    judge = TableJudge(prepared(port.opening(data), messages.rows, chunk.stop - chunk.start, read), messages)
    v, responses = judge.verdicts, np.flatnonzero(messages.response)
    left = judge.requests(np.flatnonzero(~messages.response))
    judge.fail(left, np.ones(len(left), bool))
    requests, key, there = requests_of(judge, messages, book, port.number)
    answered = responses[there[responses]]
    judge.responses(answered, requests.take(answered), key[answered])
    passed_on(judge, responses[v.status[responses] == NOTHING], book, data)
    left = responses[v.status[responses] == NOTHING]
    judge.fail(left, there[left] & (key[left] >= 0))
    judge.look_closer(requests)
    return port.found(judge, np.arange(len(messages))), port.opened(judge, chunk)
