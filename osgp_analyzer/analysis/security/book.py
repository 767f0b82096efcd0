# SPDX-License-Identifier: GPL-2.0-or-later
"""What was found out about frames, to be looked up by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from osgp_analyzer.analysis.runs import Rows, take
from osgp_analyzer.engines.columns.values import Ints

COLUMNS: dict[str, Any] = {
    "frame": np.int64,
    "status": np.int8,
    "key": np.int32,
    "port": np.int8,
    "local": np.int32,
    "encrypted": np.bool_,
    "start": np.int64,
    "end": np.int64,
    "request": np.int64,
    "meter": np.int64,
    "remarks": np.int64,
}
"""`key`: the number of the key's name, -1 for none. `port`: which protection, -1 for none, and there `local` the key's
place in the lock, `start` and `end` of the message in the buffer, `request` the frame that it answers, `meter`
whose it is. `remarks`: a bit each."""
ABSENT = {"status": -1, "key": -1, "port": -1, "local": -1, "request": -1}


class Book:
    """Rows in the order of their frames. `keep`: frames at the end whose rows are kept, all if None."""

    def __init__(self, keep: int | None) -> None:
        self._keep = keep
        self._parts: list[Rows] = []
        self._joined: Rows | None = None

    def add(self, rows: Rows) -> None:
        """Rows of a chunk, in the order of their frames."""
        if not len(rows["frame"]):
            return
        self._parts.append(rows)
        self._joined = None
        if self._keep is not None:
            last = int(rows["frame"][-1])
            self._parts = [part for part in self._parts if last - int(part["frame"][-1]) <= self._keep]

    @property
    def rows(self) -> Rows:
        """All rows."""
        if self._joined is None:
            parts = self._parts or [{name: np.zeros(0, kind) for name, kind in COLUMNS.items()}]
            self._joined = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
            self._parts = [self._joined] if self._parts else []
        return self._joined

    def of(self, frames: Ints) -> tuple[Ints, Rows]:
        """Which of some frames have a row, by their places, and these rows."""
        rows = self.rows
        place = np.searchsorted(rows["frame"], frames)
        found = np.flatnonzero(place < len(rows["frame"]))
        found = found[rows["frame"][place[found]] == frames[found]]
        return found, take(rows, place[found])

    def between(self, start: int, stop: int) -> Rows:
        """The rows of frames `start` to `stop`."""
        first, last = np.searchsorted(self.rows["frame"], [start, stop])
        return take(self.rows, slice(first, last))


def joined_rows(parts: Sequence[Rows]) -> Rows:
    """Rows of which not all columns are there, all together and in the order of their frames."""
    found = {}
    parts = [*parts, {"frame": np.zeros(0, np.int64)}]
    for name, kind in COLUMNS.items():
        columns = [
            np.asarray(part[name], kind) if name in part else np.full(len(part["frame"]), ABSENT.get(name, 0), kind)
            for part in parts
        ]
        found[name] = np.concatenate(columns)
    return take(found, np.argsort(found["frame"], kind="stable"))
