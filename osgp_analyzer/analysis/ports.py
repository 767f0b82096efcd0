# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests and responses on a meter's other ports, and of OSGP alone in datagrams: there no transaction number pairs
them, the order does.

A response answers the latest request before it on the same interface, for datagrams between the same two ends the
other way round, while the one who asked still waits. The same bytes again, next after one another in one direction, are
the same packet sent again: the sequence number of the MEP port and the toggle bit of C12.18 tell other packets apart.
The later packets of a C12.18 message do not say which way they go: they go on with the packet before them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import (
    MAX_WAIT_NS,
    MEP_SLOWEST,
    MEP_TIMEOUT_NS,
    OPTICAL_TIMEOUT_NS,
    TO_CLIENT,
    TO_METER,
)
from osgp_analyzer.analysis.packets import Packets, Places
from osgp_analyzer.analysis.runs import MIX, Rows, Runs, joined, starts, take
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE, elapsed, same_places
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import Chunk

UNTOLD = 2
"""Direction of a packet that does not say it."""
IPV4_BITS, PORT_BITS = 32, 16


@dataclass
class Ported:
    """For some frames of a chunk, by their `rows`; frames by their index in the capture, -1 for none.

    `requests`: whole ones, which a response may answer. `responses`: they, and further packets of one. `answers`,
    `response_time` (ns), `root`, `attempt`, `duplicate`: see `Exchanges`; `root` is -1 for responses.
    """

    rows: Ints
    requests: Bools
    responses: Bools
    answers: Ints
    response_time: Ints
    root: Ints
    attempt: Ints
    duplicate: Ints
    parts: dict[int, Places]
    """Of each frame that ends a message in several packets: where the parts of it before are in the buffer."""


def may_answer(chunk: Chunk) -> Bools:
    """The frames of a chunk that may have a request on such a port."""
    columns = chunk.columns
    return np.asarray((columns["osgp.direction"] == TO_CLIENT) | (columns["c1218.multi_packet"] == 1))


class Ports:
    """Pairs what comes through these ports, chunk by chunk in the order of the capture."""

    def __init__(self) -> None:
        self._kept: Rows | None = None
        self._packets = Packets()

    def follow(self, chunk: Chunk) -> Ported | None:
        """What is known of the next chunk; None where nothing in it came through such a port."""
        used = np.flatnonzero((chunk.columns["osgp.direction"] >= 0) | (chunk.columns["c1218.multi_packet"] == 1))
        if not len(used):
            return None
        rows = joined(self._kept, _rows(chunk, used))
        runs = Runs(rows["channel"])
        _tell(rows, runs)
        asked = _asked(rows, runs)
        _sent_again(rows, runs, asked, np.frombuffer(chunk.capture.buffer, np.uint8))
        self._kept = take(rows, _latest(rows, runs, chunk.stop))
        mine = slice(runs.size - len(used), None)
        own = take(rows, mine)
        several = np.flatnonzero(own["several"])
        data = np.frombuffer(chunk.capture.buffer, np.uint8)
        parts = self._packets.follow(take(own, several), data) if len(several) else {}
        return _ported(own, used, asked[mine], rows, parts)


def _rows(chunk: Chunk, used: Ints) -> Rows:
    """Rows of the frames at `used`. `channel`: who talks with whom; `source`, `destination`: each end, 0 on a serial
    line. `start`, `end`: the message in the buffer; `wait`: how long one waits for it as a response."""
    columns = {name: column[used] for name, column in chunk.columns.items() if name.startswith(("osgp.", "c1218."))}
    offset, captured = chunk.offset[used], chunk.captured[used]
    length = chunk.length[used].astype(np.int64)
    source, destination = ends(chunk, used, "src"), ends(chunk, used, "dst")
    several = columns["c1218.multi_packet"] == 1
    frame = chunk.start + used
    rows: Rows = {
        "frame": frame,
        "time": chunk.time[used],
        "direction": np.where(columns["osgp.direction"] >= 0, columns["osgp.direction"], UNTOLD),
        "told": columns["osgp.direction"] >= 0,
        "several": several,
        "first": columns["c1218.first"] == 1,
        "sequence": columns["c1218.sequence"].astype(np.int64),
        "final": ~(several & (columns["c1218.sequence"] > 0)),
        "source": source,
        "destination": destination,
        "root": np.full(len(used), NONE, np.int64),
        "attempt": np.full(len(used), NONE, np.int64),
        "heard": frame.copy(),
        "of": np.full(len(used), NONE, np.int64),
    }
    interface = np.where(source | destination, 0, chunk.interface[used].astype(np.int64) + 1)
    rows["channel"] = (_spread(source) + _spread(destination)) * MIX + interface
    place, end = chunk.places["message"][used], chunk.places["message_end"][used]
    whole = captured >= length
    rows["start"] = np.where(whole & (place >= 0), offset + place, NONE)
    rows["end"] = np.where(whole & (place >= 0), offset + end, NONE)
    part, part_end = chunk.places["part"][used], chunk.places["part_end"][used]
    rows["part"] = np.where(whole & (part >= 0), offset + part, NONE)
    rows["part_end"] = np.where(whole & (part >= 0), offset + part_end, NONE)
    rows["wait"] = np.where(
        columns["c1218.multi_packet"] >= 0,
        OPTICAL_TIMEOUT_NS,
        np.where(source | destination, MAX_WAIT_NS, MEP_TIMEOUT_NS + length * (10 * 10**9 // MEP_SLOWEST)),
    )
    return rows


def _spread(end: Ints) -> Ints:
    mixed = end * MIX
    return mixed ^ mixed >> 29


def ends(chunk: Chunk, used: Ints, which: str) -> Ints:
    """Address and port of one end of each datagram, 0 for what is none."""
    port = chunk.columns.get(f"udp.{which}_port")
    if port is None:
        return np.zeros(len(used), np.int64)
    address = np.maximum(chunk.columns[f"ipv4.{which}"][used], 0) & ((1 << IPV4_BITS) - 1)
    return np.asarray(address << PORT_BITS | np.maximum(port[used], 0))


def _tell(rows: Rows, runs: Runs) -> None:
    """Give further packets of a message the direction of the packet that it begins with."""
    order = runs.order
    begun = runs.before(rows["told"][order])
    place = np.flatnonzero((rows["direction"][order] == UNTOLD) & (begun != NONE))
    place = place[rows["several"][order[begun[place]]]]
    rows["direction"][order[place]] = rows["direction"][order[begun[place]]]


def _asked(rows: Rows, runs: Runs) -> Ints:
    """The row of the request that each row answers, -1 for none."""
    order = runs.order
    asked = np.full(runs.size, NONE, np.int64)
    before = runs.before(rows["direction"][order] == TO_METER)
    place = np.flatnonzero((rows["direction"][order] == TO_CLIENT) & (before != NONE))
    answer, request = order[place], order[before[place]]
    time, _ = elapsed(rows["time"][request], rows["time"][answer])
    fits = (np.abs(time) <= rows["wait"][answer]) & (rows["frame"][answer] - rows["frame"][request] <= FAR_BACK)
    fits &= (rows["source"][answer] == rows["destination"][request]) & (
        rows["destination"][answer] == rows["source"][request]
    )
    asked[answer[fits]] = request[fits]
    return asked


def _sent_again(rows: Rows, runs: Runs, asked: Ints, data: NDArray[np.uint8]) -> None:
    """Fill in `root` and `attempt` of requests, and what each response repeats (`heard`)."""
    new = rows["root"] == NONE
    requests = new & (rows["direction"] == TO_METER)
    rows["root"][requests], rows["attempt"][requests] = rows["frame"][requests], 0
    row, before, start = _same_again(rows, runs, TO_METER, data)
    origin = before[start]
    rows["root"][row] = rows["root"][origin]
    rows["attempt"][row] = rows["attempt"][origin] + np.arange(len(row)) - start + 1
    answered = np.flatnonzero(asked != NONE)
    rows["of"][answered] = rows["root"][asked[answered]]
    row, before, start = _same_again(rows, runs, TO_CLIENT, data)
    rows["heard"][row] = rows["heard"][before[start]]


def _same_again(rows: Rows, runs: Runs, direction: int, data: NDArray[np.uint8]) -> tuple[Ints, Ints, Ints]:
    """Rows with the same bytes as the row before in their direction (of responses: to the same request), that row, and
    for each the place, among these, of the first of the run that it belongs to."""
    order = runs.order
    way = rows["direction"][order] == direction
    place = np.flatnonzero(way)
    previous = runs.before(way)[place]
    row, before = order[place], order[previous]
    time, _ = elapsed(rows["time"][before], rows["time"][row])
    again = (previous != NONE) & (np.abs(time) <= MAX_WAIT_NS)
    again &= (rows["frame"][row] - rows["frame"][before] <= FAR_BACK) & (rows["source"][row] == rows["source"][before])
    again &= (rows["of"][row] == rows["of"][before]) & ((direction == TO_METER) | (rows["of"][row] != NONE))
    number = np.flatnonzero(again)
    same = same_places(data, rows, row[number], before[number], "start", "end")
    number = number[same]
    return row[number], before[number], starts(number)


def _latest(rows: Rows, runs: Runs, stop: int) -> Ints:
    """What later rows may have to do with: in each channel the latest request, response, and packet that told its
    direction."""
    ends = np.flatnonzero(runs.last)
    found = []
    direction = rows["direction"][runs.order]
    for mark in (direction == TO_METER, direction == TO_CLIENT, rows["told"][runs.order]):
        place = np.where(mark[ends], ends, runs.before(mark)[ends])
        found.append(runs.order[place[place != NONE]])
    latest = np.unique(np.concatenate(found))
    return np.asarray(latest[stop - rows["frame"][latest] <= FAR_BACK])


def _ported(own: Rows, used: Ints, asked: Ints, rows: Rows, parts: dict[int, Places]) -> Ported:
    answered = np.flatnonzero(asked != NONE)
    request = asked[answered]
    answers, response_time = np.full(len(used), NONE, np.int64), np.full(len(used), NONE, np.int64)
    answers[answered] = rows["frame"][request]
    time, timed = elapsed(rows["time"][request], own["time"][answered])
    response_time[answered] = np.where(timed & (time >= 0), time, NONE)
    return Ported(
        used,
        (own["direction"] == TO_METER) & own["final"],
        own["direction"] == TO_CLIENT,
        answers,
        response_time,
        own["root"],
        own["attempt"],
        np.where(own["heard"] != own["frame"], own["heard"], NONE),
        parts,
    )
