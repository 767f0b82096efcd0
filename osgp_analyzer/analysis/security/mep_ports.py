# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges what came through MEP ports, before it is paired: an encrypted message does not say which way it goes.

What fits a key as a request is one. The others are tried as responses to the latest request before them on their port.
"""

from __future__ import annotations

import numpy as np

from dissectors.security_columns import Bytes
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.security.messages import Messages, of_mep
from osgp_analyzer.analysis.security.one_by_one import prepared
from osgp_analyzer.analysis.security.opening import Asked
from osgp_analyzer.analysis.security.port import Port
from osgp_analyzer.analysis.security.statuses import NOTHING, VERIFIED
from osgp_analyzer.analysis.security.verdicts import HIDDEN, TableJudge, Verdicts, latest_before
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Bools, Ints, OnDemand, unknown
from osgp_analyzer.store import Chunk, FrameStore, Layers


class MepPorts:
    """Judges chunk by chunk in the order of the capture."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self._last: tuple[Messages, Verdicts] | None = None
        """The latest request of each port, and its latest response."""

    def follow(self, store: FrameStore, chunk: Chunk, data: Bytes) -> tuple[Rows | None, OpenedRows | None]:
        """What is found out about the next chunk, as rows of the book, and what was opened."""
        size = chunk.stop - chunk.start
        messages = of_mep(chunk, np.full(size, -1, np.int64), OnDemand(store.asked, lambda name: unknown(size)))
        if not len(messages):
            return None, None
        count, rows = len(messages), messages.rows

        def read(only: Bools, within: frozenset[str]) -> Layers:
            return store.groups(chunk, within=within, only=only, bare=True)

        if self._last is not None:
            messages = self._last[0].and_then(messages)
        judge = TableJudge(prepared(self.port.opening(data), rows, size, read), messages)
        old = len(messages) - count
        if self._last is not None:
            for name in ("status", "key", "encrypted"):
                getattr(judge.verdicts, name)[:old] = getattr(self._last[1], name)
        self._judge(judge, old)
        return self.port.found(judge, np.arange(old, len(messages))), self.port.opened(judge, chunk)

    def _judge(self, judge: TableJudge, old: int) -> None:
        v, messages = judge.verdicts, judge.messages
        new = np.arange(old, len(messages))
        asks = messages.shaped & ~messages.response
        asks[:old] = ~messages.response[:old]
        judge.requests(new[asks[new]])
        judge.requests(new[~messages.shaped[new]], HIDDEN)
        self._responses(judge, old, asks)
        # A request that begins like a response by chance.
        left = new[(v.status[new] == NOTHING) & messages.response[new]]
        judge.requests(left, HIDDEN)
        messages.response[left[v.status[left] == VERIFIED]] = False
        self._responses(judge, old, asks)
        # What is still not read may be requests under other keys: the answer to one covers its bytes as they are.
        self._responses(judge, old, asks, v.status == NOTHING)
        is_request = ((asks | (v.status == VERIFIED)) & ~messages.response) | (v.status == NOTHING)
        answers = latest_before(is_request, messages.meter)
        left = new[v.status[new] == NOTHING]
        # What comes after the response is no second one.
        done = messages.response & (v.status == VERIFIED)
        before = latest_before(is_request | done, messages.meter)[left]
        messages.response[left[(before >= 0) & done[before]]] = False
        unknown = messages.response & (messages.request < 0) & (answers >= 0)
        messages.request = np.where(unknown, messages.frame[answers], messages.request)
        judge.fail(left, ~messages.response[left] | (answers[left] >= 0))
        self._keep_last(messages, v, is_request, done)

    def _responses(self, judge: TableJudge, old: int, asks: Bools, unread: Bools | None = None) -> None:
        """Try what has no verdict yet as responses to what is a request, or may be one (`unread`)."""
        v, messages = judge.verdicts, judge.messages
        new = np.arange(old, len(messages))
        is_request = (asks | (v.status == VERIFIED)) & ~messages.response
        if unread is not None:
            is_request |= unread
        request = latest_before(is_request, messages.meter)
        tried = new[(v.status[new] == NOTHING) & (request[new] >= 0)]
        of = request[tried]
        key = np.where(v.status[of] == VERIFIED, v.key[of], -1)
        judge.responses(tried, _asked(messages, v, of), key)
        good = np.flatnonzero(v.status[tried] == VERIFIED)
        messages.response[tried[good]], messages.request[tried[good]] = True, messages.frame[of[good]]

    def _keep_last(self, messages: Messages, v: Verdicts, is_request: Bools, done: Bools) -> None:
        latest = []
        for marked in (is_request, done):
            rows = np.flatnonzero(marked)[::-1]
            latest.append(rows[np.unique(messages.meter[rows], return_index=True)[1]])
        kept = np.sort(np.concatenate(latest))
        self._last = messages.take(kept), v.take(kept)
        self._last[0].response = done[kept]


def _asked(messages: Messages, v: Verdicts, rows: Ints) -> Asked:
    return Asked(messages.start[rows], messages.end[rows], v.encrypted[rows])
