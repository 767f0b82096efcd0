# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages that are sent again, for all frames of a chunk at once.

A message is sent again when the same sender sends the same APDU to the same destination under the same transaction
number, layer, priority, domain and version, next after the sending before and within the longest receive timer; the
alternate path, the backlog and the M_List of a REM/MSG may differ. A REMINDER has no APDU: it and the message right
after it are one sending. A sender that has changed its number as often as half of all numbers in between has come
round: that is another message. A frame with the same bytes sooner than half the shortest repeat timer is no sending
at all: it was heard twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import HEARD_TWICE_NS, MAX_WAIT_NS, REM_MSG
from osgp_analyzer.analysis.runs import MIX, Rows, Runs, joined, starts, take
from osgp_analyzer.analysis.transactions import (
    ACKNOWLEDGED,
    ADDRESS_BITS,
    FAR_BACK,
    NONE,
    NUMBER_SHIFT,
    REMINDER,
    REPEATED,
    between,
    elapsed,
    places,
    same_places,
)
from osgp_analyzer.engines.columns.values import Ints

HALF_OF_NUMBERS, HALF_OF_LONG_NUMBERS, ENHANCED = 8, 2048, 2
TAKEN = ("frame", "time", "number", "version", "type", "link")


@dataclass
class Sent:
    """For each frame: `root`: index of the first sending of the message, its own for a first one. `attempt`:
    sendings before this one. `duplicate`: index of the frame that was heard twice. Each -1 where there is none."""

    root: Ints
    attempt: Ints
    duplicate: Ints


class Sendings:
    """Finds what is sent again, chunk by chunk in the order of the capture."""

    def __init__(self) -> None:
        self._latest: Rows | None = None
        self._senders: Rows | None = None

    def follow(self, own: Rows, stop: int, data: NDArray[np.uint8]) -> Sent:
        """For the `transactions` of a chunk that ends before frame `stop`; `data` is the buffer of the capture."""
        size = len(own["frame"])
        result = Sent(*(np.full(size, NONE, np.int64) for _ in range(3)))
        used = np.flatnonzero(between(own["role"], ACKNOWLEDGED, REMINDER))
        if not len(used):
            return result
        message = _messages(own, used)
        message["moves"] = self._moves(message, stop)
        message |= {"root": message["frame"].copy(), "heard": message["frame"].copy()}
        message["attempt"] = message["reminds"].astype(np.int64)  # its first sending was not heard
        rows = joined(self._latest, message)
        runs = Runs(rows["key"])
        _chain(rows, runs, data)
        mine = slice(runs.size - len(used), None)
        result.root[used], result.attempt[used] = rows["root"][mine], rows["attempt"][mine]
        result.duplicate[used] = np.where(rows["heard"] != rows["frame"], rows["heard"], NONE)[mine]
        latest = runs.order[runs.last]
        self._latest = take(rows, latest[stop - rows["frame"][latest] <= FAR_BACK])
        return result

    def _moves(self, message: Rows, stop: int) -> Ints:
        """How often the sender of each message has changed its transaction number up to there."""
        own = {name: message[name] for name in ("sender", "number", "frame")}
        own["moves"] = np.zeros(len(own["frame"]), np.int64)
        rows = joined(self._senders, own)
        runs = Runs(rows["sender"])
        number = rows["number"][runs.order]
        changed = runs.same.copy()
        changed[1:] &= number[1:] != number[:-1]
        count = np.cumsum(changed)
        rows["moves"][runs.order] = count - count[runs.start] + rows["moves"][runs.order[runs.start]]
        latest = runs.order[runs.last]
        self._senders = take(rows, latest[stop - rows["frame"][latest] <= FAR_BACK])
        return np.asarray(rows["moves"][runs.size - len(own["frame"]) :])


def _messages(own: Rows, used: Ints) -> Rows:
    """Rows with what tells messages apart. `key`: transaction, service and destination. `apdu` to `apdu_end`: place of
    the APDU, for a REMINDER, which has none, that of the message before it. `reminds`: a REMINDER or REM/MSG."""
    rows: Rows = {name: own[name][used] for name in TAKEN} | places(own, used)
    role, group, asker = own["role"][used], own["dst_group"][used], own["asker"][used]
    to = np.where(group >= 0, group, own["destination"][used])
    kind = (own["address_format"][used] + 1) << 2 | (role == REPEATED) << 1 | own["session"][used]
    rows["key"] = asker + (kind.astype(np.int64) << ADDRESS_BITS | to) + own["neuron_id"][used] * MIX * MIX
    rows["sender"] = asker - (rows["number"].astype(np.int64) + 1 << NUMBER_SHIFT)
    rows["apdu_end"] = rows["end"].copy()
    rows["reminder"] = role == REMINDER
    rows["reminds"] = rows["reminder"] | (rows["type"] == REM_MSG)
    return rows


def _chain(rows: Rows, runs: Runs, data: NDArray[np.uint8]) -> None:
    """Fill in the root, attempt and first hearing of each row."""
    order = runs.order
    time = rows["time"][order]
    gap, timed = elapsed(time[:-1], time[1:])
    place = np.flatnonzero(runs.same[1:] & (gap > -HEARD_TWICE_NS) & (gap <= MAX_WAIT_NS)) + 1
    row, before = order[place], order[place - 1]
    half = np.where(rows["version"][row] == ENHANCED, HALF_OF_LONG_NUMBERS, HALF_OF_NUMBERS)
    close = rows["moves"][row] - rows["moves"][before] < half
    close &= rows["frame"][row] - rows["frame"][before] <= FAR_BACK
    place, row, before = place[close], row[close], before[close]

    reminding = rows["reminder"][row]
    of = before[reminding][starts(place[reminding])]
    rows["apdu"][row[reminding]], rows["apdu_end"][row[reminding]] = rows["apdu"][of], rows["apdu_end"][of]
    same = reminding | (rows["reminder"][before] & (rows["apdu"][before] == NONE))
    rest = np.flatnonzero(~same)
    same[rest] = same_places(data, rows, row[rest], before[rest], "apdu", "apdu_end")
    place, row, before = place[same], row[same], before[same]

    twice = timed[place - 1] & (np.abs(gap[place - 1]) < HEARD_TWICE_NS)
    twice &= (rows["type"][row] == rows["type"][before]) & (rows["link"][row] == rows["link"][before])
    rest = np.flatnonzero(twice)
    twice[rest] = same_places(data, rows, row[rest], before[rest], "npdu", "end")

    step = np.cumsum(~twice & (rows["reminder"][row] | ~rows["reminder"][before]))  # a REMINDER goes with what follows
    start = starts(place)
    origin = before[start]
    rows["root"][row] = rows["root"][origin]
    rows["attempt"][row] = rows["attempt"][origin] + step - np.append(0, step)[start]
    again = starts(place[twice])
    rows["heard"][row[twice]] = rows["heard"][before[twice][again]]
