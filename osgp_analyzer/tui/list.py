# SPDX-License-Identifier: GPL-2.0-or-later
"""The frame list."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from osgp_analyzer.app.session import Session
from osgp_analyzer.schema import Severity
from osgp_analyzer.tui.cells import fit
from osgp_analyzer.tui.clock import FORMATS, Clock
from osgp_analyzer.tui.lines import Lines

TITLES = ("No.", "Time", "Source", "Destination", "Protocol", "Len", "Info")
RIGHT = (True, True, False, False, False, True, False)
"""Which columns end at the same place, instead of starting there."""

MOST = (10, 30, 20, 26, 12, 6)
"""Widest that each column but the last may get."""

MOST_NARROW = (10, 20, 9, 17, 8, 5)
"""The same where the screen is narrower than `NARROW`: 17 cells hold a Neuron ID."""

NARROW = 100
MARKS = {Severity.ERROR: "✗", Severity.WARN: "!"}
"""At the start of a row: not everybody sees the colours."""

PENDING = "…"
"""The same, where not all is known of the frame yet."""


class FrameList(Lines):
    """A row for each frame; frames are decoded when their row is drawn."""

    HEAD = 1
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "To the fields", show=False)]

    class Selected(Message):
        """The cursor is on another frame."""

        def __init__(self, index: int) -> None:
            self.index = index
            super().__init__()

    class Opened(Message):
        """Enter was pressed on a frame."""

    def __init__(self, session: Session, clock: Clock, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session, self.clock = session, clock
        self._widths: list[int] = []

    def grow(self) -> None:
        """Show the frames that were indexed meanwhile."""
        self.resize_to(len(self.session))
        if self.cursor < 0:
            self.point_to(0)

    def restamp(self) -> None:
        """The format of the times has changed."""
        self._widths = []
        self.refresh()

    def moved(self) -> None:
        """Tell which frame is under the cursor."""
        self.post_message(self.Selected(self.cursor))

    def action_open(self) -> None:
        """Go into the frame."""
        self.post_message(self.Opened())

    def on_resize(self) -> None:
        """Give the columns their widths anew (Textual calls the base class too)."""
        self._widths = []

    # -- drawing ----------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw; columns grow with the rows seen so far, and do not shrink, so that scrolling does not shake them."""
        narrow = self.size.width < NARROW
        most = MOST_NARROW if narrow else MOST
        widths = self._widths or [len(title) for title in self._titles()[:-1]]
        widths[0] = max(widths[0], len(str(self.count)))
        for index in range(self.top, min(self.top + self.page, self.count)):
            for place, cell in enumerate(self.cells(index)[:-1]):
                widths[place] = min(max(widths[place], len(cell)), most[place])
        self._widths = widths
        return super().render_lines(crop)

    def cells(self, index: int) -> tuple[str, ...]:
        """The texts of a row."""
        decoded = self.session[index]
        frame = decoded.frame
        time = self.clock.text(index)
        if self.size.width < NARROW and "." in time:
            time = time[:-3]  # to the microsecond
        return (
            str(frame.number),
            time,
            decoded.source,
            decoded.destination,
            decoded.protocol,
            str(frame.length),
            decoded.info,
        )

    def _titles(self) -> tuple[str, ...]:
        return (TITLES[0], FORMATS[self.clock.format], *TITLES[2:])

    def _row(self, mark: str, cells: tuple[str, ...], width: int) -> str:
        parts = [fit(c, w, right) for c, w, right in zip(cells, self._widths, RIGHT, strict=False)]
        return fit(f"{mark}{' '.join(parts)} {cells[-1]}", width)

    def head(self, width: int) -> list[Segment]:
        """The titles of the columns."""
        return [Segment(self._row(" ", self._titles(), width), self.style_of("head"))]

    def line(self, index: int, width: int) -> list[Segment]:
        """The row of a frame."""
        decoded = self.session[index]
        worst = decoded.worst if not decoded.pending else None
        mark = PENDING if decoded.pending else MARKS.get(worst, " ") if worst else " "
        style = (
            self.style_of(worst.value)
            if worst in MARKS
            else self.style_of("dim")
            if decoded.pending
            else self.rich_style
        )
        if index == self.cursor:
            style += self.style_of("cursor")
        return [Segment(self._row(mark, self.cells(index), width), style)]
