# SPDX-License-Identifier: GPL-2.0-or-later
"""Which request a response answers, for all frames of a chunk at once; open requests are carried from chunk to chunk.

The rule is that of :func:`dissectors.answering.answers`: priority, domain, version and transaction number agree, the
response goes to the one who asked and comes from one who was asked, no later than the protocol waits. Of several
requests that fit, the latest is meant: a retry carries the same message.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dissectors.answering import MAX_WAIT_NS, REQUEST_TYPES, RESPONSE
from dissectors.en14908.npdu import BROADCAST, GROUP, SUBNET_NODE
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import NO_TIME, Chunk

NONE = -1
FAR_BACK = 2048
"""Frames that a request may be before its response: so a part of a capture can be paired on its own."""
MOST_TRIES = 64
"""Requests of one asker and number that are looked at for one response."""

FIELDS = (
    "npdu.version",
    "lpdu.priority",
    "npdu.domain",
    "npdu.src_subnet",
    "npdu.src_node",
    "npdu.dst_subnet",
    "npdu.dst_node",
    "npdu.dst_group",
    "npdu.group",
    "npdu.address_format",
    "spdu.transaction",
    "spdu.type",
)


class Pairing:
    """Finds the requests of responses, chunk by chunk in the order of the capture."""

    def __init__(self) -> None:
        self._open: dict[str, Any] = {name: np.zeros(0, np.int64) for name in (*FIELDS, "frame", "time")}

    def pair(self, chunk: Chunk) -> Ints:
        """For each frame of the chunk the index of the frame that it answers, -1 where there is none."""
        rows = np.flatnonzero(chunk.columns["spdu.type"] >= 0)
        own = {name: chunk.columns[name][rows].astype(np.int64) for name in FIELDS}
        own["frame"], own["time"] = rows + chunk.start, chunk.time[rows]
        all_rows = {name: np.concatenate([self._open[name], own[name]]) for name in own}
        request = np.isin(all_rows["spdu.type"], REQUEST_TYPES)
        response = all_rows["spdu.type"] == RESPONSE
        found = np.full(chunk.stop - chunk.start, NONE, np.int64)
        answer, asked = _match(all_rows, request, response)
        mine = answer >= len(self._open["frame"])
        found[all_rows["frame"][answer[mine]] - chunk.start] = all_rows["frame"][asked[mine]]
        self._carry(all_rows, request)
        return found

    def _carry(self, rows: dict[str, Any], request: Bools) -> None:
        """Keep the requests that may still be answered."""
        if len(request):
            timed = rows["time"] != NO_TIME
            latest = rows["time"][timed].max() if timed.any() else 0
            request = request & (~timed | (rows["time"] >= latest - MAX_WAIT_NS))
            request = request & (rows["frame"] >= rows["frame"].max() - FAR_BACK)
        self._open = {name: values[request] for name, values in rows.items()}


def _match(rows: dict[str, Any], request: Bools, response: Bools) -> tuple[Ints, Ints]:
    """Positions of responses, and of the request of each."""
    # Requests and responses of one asker and transaction number are neighbours in this order.
    asker_subnet = np.where(request, rows["npdu.src_subnet"], rows["npdu.dst_subnet"])
    asker_node = np.where(request, rows["npdu.src_node"], rows["npdu.dst_node"])
    small = rows["lpdu.priority"] + 1
    for value, bits in (
        (rows["npdu.version"] + 1, 3),
        (rows["spdu.transaction"] + 1, 13),
        (asker_subnet + 1, 9),
        (asker_node + 1, 8),
    ):
        small = small << bits | value
    used = np.flatnonzero(request | response)
    order = used[np.lexsort((used, rows["npdu.domain"][used], small[used]))]
    same = np.zeros(len(order), bool)
    same[1:] = (small[order[1:]] == small[order[:-1]]) & (
        rows["npdu.domain"][order[1:]] == rows["npdu.domain"][order[:-1]]
    )
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    latest = np.maximum.accumulate(np.where(request[order], np.arange(len(order)), NONE))
    # `before[i]`: place of the latest request before place i in the same run.
    before = np.concatenate([[NONE], latest[:-1]]) if len(order) else latest
    before = np.where(before >= first, before, NONE)
    places = np.flatnonzero(response[order])
    candidate = before[places]
    answered: list[Ints] = []
    asked: list[Ints] = []
    for _ in range(MOST_TRIES):
        going = candidate != NONE
        places, candidate = places[going], candidate[going]
        fits = _fits(rows, order[places], order[candidate])
        answered.append(order[places[fits]])
        asked.append(order[candidate[fits]])
        places, candidate = places[~fits], before[candidate[~fits]]
    return np.concatenate(answered), np.concatenate(asked)


def _fits(rows: dict[str, Any], answer: Ints, message: Ints) -> Bools:
    """Whether each answer comes from a node that its message was for, and in time."""

    def of(name: str, where: Ints) -> Any:
        return rows[name][where]

    kind = of("npdu.address_format", message)
    subnet, node = of("npdu.src_subnet", answer), of("npdu.src_node", answer)
    to_node = (subnet == of("npdu.dst_subnet", message)) & (node == of("npdu.dst_node", message))
    to_group = of("npdu.group", answer) == of("npdu.dst_group", message)
    area = of("npdu.dst_subnet", message)
    broadcast = (area == 0) | (area == subnet) | ((subnet == 0) & (node == 0))
    addressed = np.select([kind == SUBNET_NODE, kind == GROUP, kind == BROADCAST], [to_node, to_group, broadcast], True)
    then, now = of("time", message), of("time", answer)
    timed = (then != NO_TIME) & (now != NO_TIME)
    late = timed & (now - np.where(timed, then, now) > MAX_WAIT_NS)
    near = of("frame", answer) - of("frame", message) <= FAR_BACK
    return np.asarray(addressed & ~late & near)
