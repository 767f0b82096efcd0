# SPDX-License-Identifier: GPL-2.0-or-later
"""Times of frames in any order: those that count from another frame find it."""

from __future__ import annotations

from osgp_analyzer.app.session import Session
from osgp_analyzer.app.times import formatter

FORMATS = {
    "relative": "Time",
    "delta": "Delta",
    "absolute": "Local time",
    "date": "Local date",
    "utc": "UTC",
    "epoch": "Epoch",
}
"""Name of each format, and what stands over its column, in the order in which the key goes through them."""


class Clock:
    """Texts of times in the chosen format."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.format = "relative"
        self._first: int | None = None

    def next(self) -> None:
        """Go on to the next format."""
        names = list(FORMATS)
        self.format = names[(names.index(self.format) + 1) % len(names)]

    def text(self, index: int) -> str:
        """The time of a frame; nothing if it has none."""
        write = formatter(self.format)
        time = self.session.frame(index).time
        if time is None:
            return ""
        if self.format == "relative":
            write(self._start(index))
        elif self.format == "delta":
            write(self._before(index))
        return write(time)

    def _start(self, index: int) -> int | None:
        """Time of the first frame that has one, as far as `index`."""
        if self._first is None:
            times = (self.session.frame(i).time for i in range(index + 1))
            self._first = next((time for time in times if time is not None), None)
        return self._first

    def _before(self, index: int) -> int | None:
        times = (self.session.frame(i).time for i in range(index - 1, -1, -1))
        return next((time for time in times if time is not None), None)
