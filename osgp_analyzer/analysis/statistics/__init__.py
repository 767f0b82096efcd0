# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics over the frames of a capture, a chunk at a time.

Each is a class with `add(frames)` for a chunk and `result()`: plain numbers and texts, the form that ``--json`` prints.
Times are ns, sizes bytes. Memory grows with what is told apart (addresses, pairs, codes), not with the frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from osgp_analyzer.analysis.statistics.errors import Errors
from osgp_analyzer.analysis.statistics.frames import Frames, Settings
from osgp_analyzer.analysis.statistics.hierarchy import Hierarchy
from osgp_analyzer.analysis.statistics.load import Load
from osgp_analyzer.analysis.statistics.messages import Commands, Services
from osgp_analyzer.analysis.statistics.nodes import Conversations, Endpoints
from osgp_analyzer.analysis.statistics.responses import Responses
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.engines.columns.values import Bools
from osgp_analyzer.store import NO_TIME

__all__ = ["SECTIONS", "Frames", "Settings", "Statistic", "Statistics", "Total"]


class Statistic(Protocol):
    """One statistic while it is gathered."""

    name: str

    def add(self, frames: Frames) -> None:
        """Take in the frames of a chunk, in the order of the capture."""

    def result(self) -> dict[str, Any]:
        """What has been found so far, ready for JSON."""


class Total:
    """How many frames there are, and from when to when."""

    name = "frames"

    def __init__(self, settings: Settings) -> None:
        self._seen = self._frames = self._bytes = self._untimed = 0
        self._times: tuple[int, int] | None = None

    def add(self, frames: Frames) -> None:
        """Count the frames of a chunk."""
        self._seen += len(frames.mask)
        self._frames += len(frames)
        self._bytes += int(frames.bytes.sum())
        time = frames.time[frames.time != NO_TIME]
        self._untimed += len(frames) - len(time)
        if len(time):
            first, last = int(time.min()), int(time.max())
            before = self._times or (first, last)
            self._times = min(first, before[0]), max(last, before[1])

    def result(self) -> dict[str, Any]:
        """Times in ns since 1970, None where no frame has a stamp. ``in_capture``: also those not counted."""
        first, last = self._times or (None, None)
        return {
            "in_capture": self._seen,
            "frames": self._frames,
            "bytes": self._bytes,
            "first": first,
            "last": last,
            "duration": last - first if first is not None and last is not None else None,
            "untimed": self._untimed,
        }


SECTIONS: dict[str, type[Any]] = {
    statistic.name: statistic
    for statistic in (Hierarchy, Endpoints, Conversations, Services, Commands, Errors, Responses, Load)
}
"""What can be asked for."""


class Statistics:
    """Several statistics gathered together: what they share is worked out once. Raises KeyError for an unknown name."""

    def __init__(self, names: Iterable[str] = SECTIONS, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self._directory = settings.directory
        self.parts: list[Statistic] = [Total(settings), *(SECTIONS[name](settings) for name in dict.fromkeys(names))]

    def add(self, tracked: Tracked, mask: Bools) -> None:
        """Take in the frames of a chunk that a mask lets through; chunks in the order of the capture."""
        frames = Frames(tracked, np.asarray(mask), self._directory)
        for part in self.parts:
            part.add(frames)

    def result(self) -> dict[str, Any]:
        """Each result under the name of its statistic, after ``frames``: how many were counted."""
        return {part.name: part.result() for part in self.parts}
