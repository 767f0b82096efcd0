# SPDX-License-Identifier: GPL-2.0-or-later
"""How often each target was reached over the time of a capture, in few equal parts: memory grows with the targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import NO_TIME

PARTS = 16
"""At most; there are half as many at least, when the capture is longer than so many seconds."""
SECOND = 10**9


class Timeline:
    """Counts of messages, and of those that got through, by number and part of the time. `start`: ns since 1970 of the
    first frame with a stamp, None before there is one; `length`: ns of a part, which doubles as the capture goes on."""

    def __init__(self) -> None:
        self.start: int | None = None
        self.stop = 0
        self.length = SECOND
        self._counts: NDArray[Any] = np.zeros((0, PARTS, 2), np.int64)

    def reach(self, time: Ints) -> None:
        """Take in the times of the next frames."""
        time = time[time != NO_TIME]
        if not len(time):
            return
        if self.start is None:
            self.start = int(time[0])
        self.stop = max(self.stop, int(time.max()))
        while self.stop - self.start >= PARTS * self.length:
            halves = self._counts.reshape(-1, PARTS // 2, 2, 2).sum(axis=2)
            self._counts = np.pad(halves, ((0, 0), (0, PARTS // 2), (0, 0)))
            self.length *= 2

    def add(self, ids: Ints, time: Ints, through: Bools) -> None:
        """Count messages for numbers, of times that were reached."""
        timed = np.flatnonzero(time != NO_TIME)
        if not len(timed) or self.start is None:
            return
        ids, part = ids[timed], np.clip((time[timed] - self.start) // self.length, 0, PARTS - 1)
        missing = int(ids.max()) + 1 - len(self._counts)
        if missing > 0:
            self._counts = np.pad(self._counts, ((0, missing), (0, 0), (0, 0)))
        row = ids * PARTS + part
        flat = self._counts.reshape(-1, 2)
        flat[:, 0] += np.bincount(row, minlength=len(flat))
        flat[:, 1] += np.bincount(row[through[timed]], minlength=len(flat))

    def of(self, ids: list[int]) -> list[dict[str, int]]:
        """The parts up to the end of the capture, for several numbers together."""
        if self.start is None:
            return []
        total = self._counts[[one for one in ids if one < len(self._counts)]].sum(axis=0)
        count = (self.stop - self.start) // self.length + 1
        return [
            {"from": self.start + part * self.length, "messages": messages, "answered": answered}
            for part, (messages, answered) in enumerate(total[:count].tolist())
        ]
