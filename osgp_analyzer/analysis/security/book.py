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
    "time": np.int64,
    "remarks": np.int64,
}
"""`key`: the number of the key's name, -1 for none. `port`: which protection, -1 for none, and there `local` the key's
place in the lock, `start` and `end` of the message in the buffer, `request` the frame that it answers, `meter`
whose it is, `time` when it was heard. `remarks`: a bit each."""
ABSENT = {"status": -1, "key": -1, "port": -1, "local": -1, "request": -1}


class Book:
    """Rows in the order of their frames. `keep`: frames at the end whose rows are kept at least, all if None.

    One thread may add rows while others look frames up."""

    def __init__(self, keep: int | None) -> None:
        self._keep = keep
        self._room: Rows = {name: np.zeros(0, kind) for name, kind in COLUMNS.items()}
        self.rows: Rows = self._room
        """All rows, at the start of the room for them. It is replaced, and not changed, when others come."""

    def add(self, rows: Rows) -> None:
        """Rows of a chunk, in the order of their frames."""
        if not len(rows["frame"]):
            return
        before, added = self.rows, len(rows["frame"])
        if len(before["frame"]) + added > len(self._room["frame"]):
            if self._keep is not None:
                first = np.searchsorted(before["frame"], int(rows["frame"][-1]) - self._keep)
                before = take(before, slice(first, None))
            size = 2 * (len(before["frame"]) + added)
            self._room = {name: np.zeros(size, kind) for name, kind in COLUMNS.items()}
            for name, values in before.items():
                self._room[name][: len(values)] = values
        size = len(before["frame"])
        for name, room in self._room.items():
            room[size : size + added] = rows[name]
        self.rows = take(self._room, slice(size + added))

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
    frame = found["frame"]
    return found if (frame[1:] >= frame[:-1]).all() else take(found, np.argsort(frame, kind="stable"))
