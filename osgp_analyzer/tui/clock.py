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
            write(self.session.first_time(index))
        elif self.format == "delta":
            write(self.session.time_before(index))
        return write(time)
