# SPDX-License-Identifier: GPL-2.0-or-later
"""What is suspicious about how meters and those who ask them behave, message by message in the order of the capture.

A message is the same as before when it has the same digest and sequence number. The same again in one transaction, or
on a serial line while the sender still waits, is a retry or the next hop of a chain; later it is sent by somebody else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import MAX_WAIT_NS, MEP_TIMEOUT_NS, RESPONSE
from dissectors.en14908.management.commands import CHANGING, COMMISSIONING, EXPANDED_CHANGING, EXPANDED_COMMISSIONING
from dissectors.osgp.c1218 import SECURITY
from dissectors.osgp.names import AUTHENTICATION, OK, SEQUENCE, WINDOW
from dissectors.security_columns import Bytes
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.security.port import MEP
from osgp_analyzer.analysis.security.remarks import bit
from osgp_analyzer.analysis.security.statuses import BAD_DIGEST, NO_KEY, NOT_AUTHENTICATED, VERIFIED
from osgp_analyzer.analysis.transactions import FAR_BACK
from osgp_analyzer.analysis.values import Read
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers
from osgp_analyzer.store import NO_TIME, Chunk, Layers
from osgp_analyzer.store.header import layers_on_the_way

FAILURES = 5
"""Requests in a row that fail before it is remarked on."""
MEP_WAITS = 3 * MEP_TIMEOUT_NS
"""A client tries three times in all (MEP p.21)."""
FIELDS = ("osgp.sequence", "osgp.response")
MOST_METERS, MOST_REQUESTS = 65_536, 64
"""Meters, and messages of each, that are remembered."""
NUMBERS = 1 << 32
UNKNOWN = -1
Replaced = Mapping[tuple[int, int, int], int]
"""By port, meter and key the first frame after it was changed."""


@dataclass
class _Request:
    """A request that was seen: `transaction` and `time` of its last sending."""

    sequence: int
    accepted: bool
    transaction: int
    time: int
    answers: set[int] = field(default_factory=set)


@dataclass
class _Meter:
    """What was seen of a meter: `last` is the sequence number of its last request."""

    last: int = UNKNOWN
    failures: int = 0
    failed: int = 0
    weak: bool = False
    requests: OrderedDict[tuple[int, int], _Request] = field(default_factory=OrderedDict)


class Conduct:
    """Adds its remarks to rows of the book. `weak`: numbers of the names of keys that are easy to guess."""

    def __init__(self, weak: frozenset[int]) -> None:
        self._weak = weak
        self._meters: OrderedDict[tuple[int, int], _Meter] = OrderedDict()
        self._asked: dict[int, _Request] = {}
        """By frame, to be found by the response."""

    def follow(self, chunk: Chunk, rows: Rows, replaced: Replaced, read: Read, data: Bytes) -> None:
        """Take in the messages of the next chunk, which are `rows` in the order of their frames."""
        here = np.flatnonzero((rows["port"] >= 0) | (rows["status"] == VERIFIED))
        if not len(here):
            return
        mask = np.zeros(chunk.stop - chunk.start, bool)
        place = rows["frame"][here] - chunk.start
        mask[place[rows["port"][here] >= 0]] = True
        sequence, response = _columns(chunk, read(mask, layers_on_the_way(FIELDS)))
        digest = _digests(rows["end"][here], data)
        number = np.maximum(chunk.columns["spdu.transaction"], chunk.columns["tpdu.transaction"])[place]
        names = ("frame", "meter", "port", "status", "key", "local", "encrypted", "request")
        columns = [rows[name][here] for name in names]
        columns += [digest, sequence[place], response[place], number, chunk.time[place]]
        each: Iterable[tuple[int, ...]] = zip(*(column.tolist() for column in columns), strict=True)
        remarks = [self._message(replaced, *one) for one in each]
        rows["remarks"][here] |= np.array(remarks, np.int64)
        self._asked = {frame: one for frame, one in self._asked.items() if frame > chunk.stop - FAR_BACK}

    def _message(
        self, replaced: Replaced, frame: int, number: int, port: int, status: int, key: int, local: int,
        encrypted: int, request: int, digest: int, sequence: int, response: int, transaction: int, time: int,
    ) -> int:  # fmt: skip
        meter = self._meter(number, port)
        found = 0
        if status == VERIFIED:
            if key in self._weak and not meter.weak:
                meter.weak, found = True, bit("weak_key")
            if replaced and frame >= replaced.get((port, number, local), frame + 1):
                found |= bit("old_key")
        if port < 0:
            return found
        # What seems to be a response and is bad though there is no request is an encrypted request.
        if request >= 0 or (response >= 0 and status != BAD_DIGEST):
            return found | self._response(meter, request, status, bool(encrypted), digest, sequence, response)
        if status == BAD_DIGEST:
            return found | self._failed(meter, digest)
        if status in (VERIFIED, NO_KEY) and sequence >= 0:
            found |= self._request(meter, frame, port, digest, sequence, transaction, time)
        return found

    def _meter(self, number: int, port: int) -> _Meter:
        meter = self._meters.get((number, port))
        if meter is None:
            meter = self._meters[number, port] = _Meter()
            if len(self._meters) > MOST_METERS:
                self._meters.popitem(last=False)
        return meter

    def _failed(self, meter: _Meter, digest: int) -> int:
        if digest == meter.failed:  # the same once more, on its way through a chain or as a retry
            return 0
        meter.failed = digest
        meter.failures += 1
        return bit("failures_in_a_row") if meter.failures == FAILURES else 0

    def _request(
        self, meter: _Meter, frame: int, port: int, digest: int, sequence: int, transaction: int, time: int
    ) -> int:
        seen = meter.requests.get((digest, sequence))
        if seen is not None:
            wait = MEP_WAITS if port == MEP else MAX_WAIT_NS
            timed = time != NO_TIME and seen.time != NO_TIME
            again = transaction == seen.transaction and (not timed or time - seen.time <= wait)
            seen.transaction, seen.time = transaction, time
            self._asked[frame] = seen
            return 0 if again else bit("replayed")
        meter.failures = 0
        ahead = (sequence - meter.last) % NUMBERS
        accepted = meter.last == UNKNOWN or 0 < ahead <= WINDOW
        found = 0
        if not accepted:
            used = not ahead or any(one.sequence == sequence and one.accepted for one in meter.requests.values())
            found = bit("sequence_reused" if used else "sequence_far" if ahead < NUMBERS // 2 else "sequence_back")
        else:
            meter.last = sequence
        self._asked[frame] = meter.requests[digest, sequence] = _Request(sequence, accepted, transaction, time)
        if len(meter.requests) > MOST_REQUESTS:
            meter.requests.popitem(last=False)
        return found

    def _response(
        self, meter: _Meter, request: int, status: int, encrypted: bool, digest: int, sequence: int, response: int
    ) -> int:
        asked = self._asked.get(request)
        if status == BAD_DIGEST or asked is None or digest in asked.answers:
            return 0
        found = 0
        if asked.answers and encrypted:
            found = bit("keystream_reused")
        asked.answers.add(digest)
        if response == SEQUENCE and sequence >= 0:
            asked.accepted = False
            meter.last = (sequence - 1) % NUMBERS
            return found | bit("sequence_recovery")
        if response == AUTHENTICATION:
            asked.accepted = False
        elif response >= OK and not asked.accepted and asked.sequence != meter.last:
            asked.accepted, meter.last = True, asked.sequence
        return found


def _columns(chunk: Chunk, layers: Layers) -> tuple[Ints, Ints]:
    """Sequence number and response of each frame, -1 where there is none."""
    size = chunk.stop - chunk.start
    found = {name: np.full(size, -1, np.int64) for name in ("sequence", "response")}
    for rows, groups in layers:
        for group in groups:
            if group.name == "osgp":
                for name, into in found.items():
                    column = group.columns.get(name)
                    if column is not None and isinstance(column.value, Numbers):
                        there = np.flatnonzero(column.present)
                        into[rows[group.frames[there]]] = column.value.values[there]
    return found["sequence"], found["response"]


def _digests(end: Ints, data: Bytes) -> NDArray[np.uint64]:
    """The last eight bytes of messages, as numbers."""
    taken = data[np.maximum(end - 8, 0)[:, None] + np.arange(8)[None, :]]
    return np.ascontiguousarray(taken).view(np.uint64).reshape(-1)


def in_the_open(chunk: Chunk, status: NDArray[np.int8]) -> Ints:
    """Remarks on messages that nothing protects, a bit each: what changes a node, gives away a password, or puts a new
    node into the network."""
    code, columns = chunk.innermost["apdu.code"], chunk.columns
    expanded = chunk.innermost["nm.expanded.subcommand"]
    asks: Bools = columns["spdu.type"] != RESPONSE
    writes = (np.isin(code, CHANGING) | np.isin(expanded, EXPANDED_CHANGING) | (columns["nv.direction"] == 0)) & asks
    found = np.where(writes & (status == NOT_AUTHENTICATED), bit("unauthenticated_write"), 0)
    joins = (np.isin(code, COMMISSIONING) | np.isin(expanded, EXPANDED_COMMISSIONING)) & asks
    found |= np.where(joins, bit("commissioning"), 0)
    password = (columns["osgp.direction"] == 0) & (chunk.innermost["osgp.service"] == SECURITY)
    return np.asarray(found | np.where(password & (code < 0), bit("password_in_clear"), 0), np.int64)
