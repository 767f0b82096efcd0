# SPDX-License-Identifier: GPL-2.0-or-later
"""Time on the segment: who sends when, on lines that carry one frame at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from osgp_analyzer.simulate.layout import SECOND
from osgp_analyzer.simulate.lon import Lon

MS = SECOND // 1000
GAP = 6 * MS
"""Silence between two frames on a line."""


@dataclass(slots=True)
class Frame:
    """A frame to be sent `after` ns from now, or when the line is free. `fields`, `values` and `truth` are what its
    sender knows: values by the analyzer's names, table values by path, and what the wire does not carry."""

    content: Lon | bytes
    sender: str
    step: str
    fields: dict[str, Any] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    after: int = 0
    line: int = 0
    inbound: bool | None = None
    """On a serial line, whether it goes to the meter."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The number that a frame got, from 1, and when it had passed, in ns."""

    number: int
    time: int


Process = Generator[Frame, Sent, None]


class Clock:
    """Lets processes send frames in the order of time. `airtime` says how long a frame is on its line, in ns;
    `record` takes each frame with the time of its end, and gives its number."""

    def __init__(self, start: int, airtime: Callable[[Frame], int], record: Callable[[Frame, int], int]) -> None:
        self.now = start
        self._airtime, self._record = airtime, record
        self._free: dict[int, int] = {}
        self._order = 0
        self._queue: list[tuple[int, int, Process, Frame, bool]] = []

    def run(self, processes: Iterable[Process]) -> None:
        """Run processes side by side until all have ended."""
        for process in processes:
            try:
                frame = next(process)
            except StopIteration:
                continue
            self._push(self.now + frame.after, process, frame, False)
        while self._queue:
            time, _, process, frame, passed = heappop(self._queue)
            if passed:
                self._passed(time, process, frame)
            else:
                end = max(time, self._free.get(frame.line, 0)) + self._airtime(frame)
                self._free[frame.line] = end + GAP
                self._push(end, process, frame, True)

    def _passed(self, time: int, process: Process, frame: Frame) -> None:
        self.now = time
        try:
            following = process.send(Sent(self._record(frame, time), time))
        except StopIteration:
            return
        self._push(time + following.after, process, following, False)

    def _push(self, time: int, process: Process, frame: Frame, passed: bool) -> None:
        self._order += 1
        heappush(self._queue, (time, self._order, process, frame, passed))
