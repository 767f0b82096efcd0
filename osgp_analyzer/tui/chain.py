# SPDX-License-Identifier: GPL-2.0-or-later
"""The chain of a frame over the screen: its hops side by side, and what changed from each to the next."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Footer, Static

from osgp_analyzer.analysis.chains.chain import Chain
from osgp_analyzer.analysis.transactions import FAR_BACK
from osgp_analyzer.app.chains import around
from osgp_analyzer.app.changes import changes, compared
from osgp_analyzer.app.diagram import Diagram, Row, diagram, heading
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.text import printable
from osgp_analyzer.tui.cells import fit
from osgp_analyzer.tui.indexing import REST, Background
from osgp_analyzer.tui.lines import Lines

EDGE = 4
"""Cells that the text above has no use of: the space around it, and the bar."""


class Arrows(Lines):
    """A line for each frame of a chain, with an arrow between two of the columns of its nodes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "To the frame")]

    class Selected(Message):
        """The cursor is on another frame."""

    class Opened(Message):
        """Enter was pressed on a frame."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.chain: Chain | None = None
        self.drawing = Diagram([], "", [])

    @property
    def selected(self) -> Row | None:
        """The line under the cursor."""
        return self.drawing.rows[self.cursor] if self.cursor >= 0 else None

    def show(self, chain: Chain, index: int) -> None:
        """Draw a chain, with the cursor on frame `index` of the capture."""
        self.chain = chain
        self.draw()
        self.point_to([row.frame.index if row.frame is not None else -1 for row in self.drawing.rows].index(index))

    def draw(self) -> None:
        """As wide as there is room."""
        if self.chain is not None:
            self.drawing = diagram(self.chain, max(1, self.scrollable_content_region.width))
            self.HEAD = len(self.drawing.legend) + 1
            self.resize_to(len(self.drawing.rows))

    def on_resize(self) -> None:
        """Draw anew (Textual calls the base class too)."""
        self.draw()

    def moved(self) -> None:
        """Tell that another frame is under the cursor."""
        self.post_message(self.Selected())

    def action_open(self) -> None:
        """Go to the frame in the list."""
        self.post_message(self.Opened())

    def render_line(self, y: int) -> Strip:
        """What the letters stand for comes first."""
        if y >= len(self.drawing.legend):
            return super().render_line(y)
        text = fit(self.drawing.legend[y], self.scrollable_content_region.width)
        return Strip([Segment(text, self.style_of("dim"))])

    def head(self, width: int) -> list[Segment]:
        """The nodes."""
        return [Segment(fit(self.drawing.head, width), self.style_of("head"))]

    def line(self, index: int, width: int) -> list[Segment]:
        """The arrow of a frame."""
        row = self.drawing.rows[index]
        style = self.rich_style if row.frame is not None else self.style_of("dim")
        if index == self.cursor:
            style += self.style_of("cursor")
        return [Segment(fit(row.text, width), style)]


class ChainView(ModalScreen[int | None]):
    """Looks for the chain of a frame in a thread, and shows it. Ends with the index of a frame to go to, or None."""

    DEFAULT_CSS = """
    ChainView {
        background: $background;
        layout: vertical;
        #what { height: auto; max-height: 6; padding: 0 1; background: $panel; scrollbar-size-vertical: 1; }
        #what:focus { background: $primary 35%; }
        Arrows { height: 3fr; min-height: 3; }
        #changes {
            height: 2fr; min-height: 3; padding: 0 1; scrollbar-size-vertical: 1;
            border-top: solid $primary 40%; border-title-color: $text-muted;
            &:focus { border-top: solid $accent; border-title-color: $text-accent; border-title-style: bold; }
        }
        Static { width: 1fr; height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,c", "close", "Back"),
        Binding("question_mark", "app.keys", "Help"),
        Binding("tab", "app.focus_next", "Next pane"),
    ]

    class Looked(Message):
        """The search has gone on or ended; `error` ended it."""

        def __init__(self, error: BaseException | None) -> None:
            self.error = error
            super().__init__()

    def __init__(self, session: Session, index: int) -> None:
        super().__init__()
        self.session, self.index = session, index
        self.chain: Chain | None = None
        self.found = False
        """Whether the search is over."""
        self.what, self.arrows, self.changes = Static(id="text"), Arrows(id="arrows"), Static()
        self._below = VerticalScroll(self.changes, id="changes")
        self._looking = Background("chain", self._look, self._told)

    def compose(self) -> ComposeResult:
        """What the chain is, its frames, what changed."""
        yield VerticalScroll(self.what, id="what")
        yield self.arrows
        yield self._below
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Look for the chain."""
        self.what.update(Text(f"looking for the chain of frame {self.index + 1} ..."))
        self.arrows.focus()
        self._looking.start()

    def on_unmount(self) -> None:
        """Nobody is left to be told."""
        self._looking.stopped.set()

    def _look(self) -> Iterator[None]:
        """In a thread. Of a file that is being indexed the frames in reach are waited for; nobody knows when those of a
        pipe come."""
        capture = self.session.capture
        while not capture.complete and capture.progress is not None and len(capture) <= self.index + FAR_BACK:
            sleep(REST)
            yield
        self.chain = around(self.session.store, self.index, len(capture))
        self.found = True

    def _told(self, error: BaseException | None) -> None:
        """Called by the thread: messages may come from any."""
        self.post_message(self.Looked(error))

    def on_chain_view_looked(self, event: Looked) -> None:
        """Show the chain, or that there is none."""
        if event.error is not None:
            raise event.error
        if self.found and self.arrows.chain is None:  # what was said while it waited may come late
            self._tell()
            if self.chain is not None:
                self.arrows.show(self.chain, self.index)

    def on_resize(self) -> None:
        """The lines at the top are folded anew."""
        if self.found:
            self._tell()

    def _tell(self) -> None:
        so_far = "" if self.session.capture.complete else ", as far as the capture has been read"
        if self.chain is None:
            text = f"frame {self.index + 1} is in no chain: it did not go through repeaters{so_far}"
            self.what.update(Text(text))
            return
        start = self.session.first_time(self.index) or 0
        first, *more = heading(self.chain, start, self.app.size.width - EDGE)
        self.what.update(Text().append(printable(first + so_far), "bold").append("\n" + "\n".join(more)))

    def on_arrows_selected(self) -> None:
        """What changed in the frame under the cursor."""
        row = self.arrows.selected
        if row is None or self.chain is None:
            return
        self._below.scroll_home(animate=False)
        if row.frame is None:
            self._below.border_title = f"Hop {row.hop.number}"
            self.changes.update(Text(f"the message from {row.hop.sender} to {row.hop.receiver} was not heard"))
            return
        decoded = self.session[row.frame.index]
        title = f"Frame {row.frame.index + 1}, hop {row.hop.number}"
        pair = compared(self.chain, row.hop, row.frame)
        text = Text().append(f"{printable(decoded.info)}\n", "bold")
        if pair is None:
            text.append("nothing like it was heard before in this chain", "dim")
        else:
            hop, before = pair
            again = "sent again, " if hop is row.hop else ""
            title += f": {again}changed since frame {before.index + 1}, hop {hop.number}"
            found = changes(self.session[before.index], decoded)
            text.append("\n".join(printable(str(one)) for one in found) or "nothing")
        self._below.border_title = title
        self.changes.update(text)

    def on_arrows_opened(self) -> None:
        """To the frame in the list."""
        row = self.arrows.selected
        if row is not None and row.frame is not None:
            self.dismiss(row.frame.index)

    def action_close(self) -> None:
        """Back to where it was opened."""
        self.dismiss(None)
