# SPDX-License-Identifier: GPL-2.0-or-later
"""The messages of table services in a chunk: where they are, whose they are, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dissectors.answering import RESPONSE, TO_CLIENT
from dissectors.en14908.apdu import OSGP_CODE
from dissectors.osgp.message import DIGEST
from osgp_analyzer.analysis.meters import NOBODY, are_addresses, meters, port_number
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers
from osgp_analyzer.store import Chunk

LONGEST = 512
"""Longer messages are none: the MEP port has 476 bytes, the power line fewer (MEP p.8)."""
LEAST = 1 + DIGEST
"""Bytes of the shortest message: an outcome and a digest."""


@dataclass
class Messages:
    """One in each row. `rows`: of the chunk. `start`, `end`: in the buffer, of the APDU, on a meter's MEP port of what
    is behind the length. `request`: index of the frame that a response answers, -1 for none. `shaped`: it begins as a
    message in clear does. `subnet`, `node`: of the meter, 0 where they are not
    known."""

    rows: Ints
    frame: Ints
    time: Ints
    start: Ints
    end: Ints
    meter: Ints
    domain: Ints
    subnet: Ints
    node: Ints
    response: Bools
    request: Ints
    shaped: Bools

    @classmethod
    def at(cls, rows: Ints, start: Ints, end: Ints, response: Bools) -> Messages:
        """Messages of which no more needs to be known than where they are."""
        zero, no = np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
        return cls(rows, rows, zero, start, end, zero, zero, zero, zero, response, zero, no)

    def take(self, rows: Ints | Bools) -> Messages:
        """Some of them."""
        return Messages(*(column[rows] for column in vars(self).values()))

    def and_then(self, others: Messages) -> Messages:
        """These, and others after them."""
        return Messages(
            *(np.concatenate(pair) for pair in zip(vars(self).values(), vars(others).values(), strict=True))
        )

    def __len__(self) -> int:
        return len(self.rows)


def _found(chunk: Chunk, rows: Ints, start: Ints, end: Ints, answers: Ints, asked: Mapping[str, Numbers]) -> Messages:
    """Messages at places in the frames of some rows; those that are cut, too short or too long are left out."""
    size = end - start
    whole = (chunk.captured[rows] >= chunk.length[rows]) & (start >= 0) & (size >= LEAST) & (size <= LONGEST)
    rows, start, end = rows[whole], start[whole], end[whole]
    answering = np.zeros(chunk.stop - chunk.start, bool)
    columns = chunk.columns
    response = (columns["spdu.type"][rows] == RESPONSE) | (columns["osgp.direction"][rows] == TO_CLIENT)
    answering[rows] = response
    meter = meters(chunk, answering, asked)[rows]
    subnet, node = subnet_and_node(meter)
    return Messages(
        rows,
        rows + chunk.start,
        chunk.time[rows],
        chunk.offset[rows] + start,
        chunk.offset[rows] + end,
        meter,
        columns["npdu.domain"][rows].astype(np.int64),
        subnet,
        node,
        response,
        np.where(response, answers[rows], -1),
        (chunk.innermost["osgp.service"][rows] >= 0) | response,
    )


def subnet_and_node(meter: Ints) -> tuple[Ints, Ints]:
    """Where meters are, 0 of those that are not known by their address."""
    known = are_addresses(meter)
    return np.where(known, meter >> 7 & 0xFF, 0), np.where(known, meter & 0x7F, 0)


def of_power_line(chunk: Chunk, answers: Ints, asked: Mapping[str, Numbers], code: int | None = OSGP_CODE) -> Messages:
    """Those behind the APDU code of OSGP, straight or in a message of a proxy, encrypted ones among them; with None
    those behind any code."""
    start, end = chunk.places["inner"], chunk.places["inner_end"]
    has_code = chunk.innermost["apdu.code"] == code if code is not None else chunk.innermost["apdu.code"] >= 0
    rows = np.flatnonzero(has_code & (start >= 0))
    return _found(chunk, rows, start[rows].astype(np.int64), end[rows].astype(np.int64), answers, asked)


def of_mep(chunk: Chunk, answers: Ints, asked: Mapping[str, Numbers]) -> Messages:
    """Those of MEP ports, encrypted ones among them."""
    places, of_tls = chunk.places, chunk.places["tls"] >= 0
    start = np.where(of_tls, places["tls"], places["body"])
    end = np.where(of_tls, places["tls_end"], places["body_end"])
    other = (chunk.innermost["apdu.code"] >= 0) | (chunk.columns["c1218.multi_packet"] >= 0)
    rows = np.flatnonzero((start >= 0) & ~other)
    found = _found(chunk, rows, start[rows].astype(np.int64), end[rows].astype(np.int64), answers, asked)
    port = chunk.interface[found.rows].astype(np.int64) | port_number(0)  # what is encrypted does not say whose it is
    found.meter = np.where(found.meter == NOBODY, port, found.meter)
    return found
