# SPDX-License-Identifier: GPL-2.0-or-later
"""A line for each frame, as a packet list has them, made for all frames of a chunk at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app.session import Session
from osgp_analyzer.app.summaries import SEVERITIES, summarise
from osgp_analyzer.app.times import formatter
from osgp_analyzer.engines.columns import cells, figures
from osgp_analyzer.engines.columns.cells import EVERY, Cells, padded
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.schema import Severity
from osgp_analyzer.store import NO_TIME

RELATIVE, DELTA, EPOCH = ("r", "relative"), ("d", "delta"), ("e", "epoch")
PLAIN = "\x1b[0m"


class Lines:
    """Lines of frames. `time`: a format of :mod:`osgp_analyzer.app.times`. `styles`: escape sequences that begin the
    lines of frames with findings, by their highest severity."""

    def __init__(self, session: Session, time: str, styles: Mapping[Severity, str]) -> None:
        self.session, self.time, self.styles = session, time, styles

    def text(self, tracked: Tracked, mask: Bools) -> bytes | memoryview:
        """The lines of the frames of a mask, each ended by a line break."""
        rows = np.flatnonzero(mask)
        if not len(rows):
            return b""
        made = summarise(self.session, tracked, mask)
        source = padded(made.source, 12, " → ", right=True)
        way = (made.source.lengths() > 0) | (made.destination.lengths() > 0)
        if not way.all():
            some, none = np.flatnonzero(way), np.flatnonzero(~way)
            source = cells.merge([(some, source.take(some)), (none, cells.constant(" " * 15, len(none)))], len(rows))
        begin, end = self._paint(made.worst)
        return cells.join(
            [
                *begin,
                *figures.whole_numbers(rows + tracked.chunk.start + 1, 5, " "),
                *self._times(self._stamps(tracked)[rows]),
                source,
                padded(made.destination, 12, " "),
                padded(made.protocol, 8, " "),
                *figures.whole_numbers(tracked.chunk.length[rows], 4, " "),
            ],
            [*made.info, (EVERY, end)],
        ).data

    def _paint(self, worst: Ints) -> tuple[list[Cells], Cells]:
        """What begins and what ends each line."""
        if not self.styles:
            return [], cells.constant("\n", len(worst))
        styles = ["", *(self.styles.get(severity, "") for severity in SEVERITIES)]
        return [cells.table(styles, worst + 1)], cells.table([f"{PLAIN if s else ''}\n" for s in styles], worst + 1)

    def _stamps(self, tracked: Tracked) -> Ints:
        """The times to be shown: since 1970, the first frame that has one, or the one before."""
        chunk = tracked.chunk
        times = chunk.time
        known = np.flatnonzero(times != NO_TIME)
        if self.time in RELATIVE:
            first = self.session.first_time(chunk.stop - 1)
            return np.where(times == NO_TIME, NO_TIME, times - (first or 0))
        if self.time in DELTA and len(known):
            before = self.session.time_before(chunk.start)
            stamps = times.copy()
            stamps[known[1:]] -= times[known[:-1]]
            stamps[known[0]] -= before if before is not None else times[known[0]]
            return stamps
        return times

    def _times(self, stamps: Ints) -> list[Cells]:
        if self.time in (*RELATIVE, *DELTA, *EPOCH):
            return figures.seconds(stamps, NO_TIME, 14, " ")
        write = formatter(self.time)
        if stamps.min() < 0:
            return [cells.of_values(stamps, lambda ns: f"{write(None if ns == NO_TIME else ns):>14} ")]
        whole, rest = np.divmod(stamps, 10**9)
        heads = cells.of_values(whole, lambda second: write(second * 10**9)[:-9])
        return [heads, *figures.fraction(rest, " ")]
