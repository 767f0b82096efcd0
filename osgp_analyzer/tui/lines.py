# SPDX-License-Identifier: GPL-2.0-or-later
"""A list with a cursor that is drawn line by line: what is not on the screen is never asked for."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

PANE_KEYS = (
    Binding("tab", "app.pane(1)", "Next pane"),
    Binding("shift+tab", "app.pane(-1)", "Previous pane", show=False),
)
"""Bound in every pane and not in the app: so keys typed in one go reach the panes in their order."""


class Lines(ScrollView, can_focus=True):
    """`count` lines, one of them under the cursor (-1: none). Subclasses draw lines and say what a move means."""

    ALLOW_SELECT = False
    HEAD = 0
    """Lines at the top that stay when the rest scrolls."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--cursor",
        "lines--head",
        "lines--dim",
        "lines--title",
        "lines--error",
        "lines--warn",
        "lines--note",
        "lines--chat",
        "lines--good",
        "lines--bad",
    }
    DEFAULT_CSS = """
    Lines {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .lines--cursor { background: $primary 35%; }
        &:focus > .lines--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .lines--head { background: $panel; color: $text-muted; text-style: bold; }
        &:focus > .lines--head { color: $text-accent; }
        & > .lines--title { text-style: bold; }
        & > .lines--dim { color: $text-muted; }
        & > .lines--error { color: $text-error; background: $error-muted; }
        & > .lines--warn { color: $text-warning; background: $warning-muted; }
        & > .lines--note { color: $text-secondary; }
        & > .lines--chat { color: $text-muted; }
        & > .lines--good { color: $text-success; text-style: bold; }
        & > .lines--bad { color: $text-error; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *PANE_KEYS,
        Binding("up,k", "move(-1)", "Line up", show=False),
        Binding("down,j", "move(1)", "Line down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "First line", show=False),
        Binding("end,G", "last", "Last line", show=False),
    ]

    count = 0
    cursor = -1

    # -- for subclasses ---------------------------------------------------------------------------------

    def head(self, width: int) -> list[Segment]:
        """The line at the top."""
        raise NotImplementedError

    def line(self, index: int, width: int) -> list[Segment]:
        """A line, `width` cells wide."""
        raise NotImplementedError

    def moved(self) -> None:
        """The cursor has gone to another line."""
        raise NotImplementedError

    def clicked(self, x: int) -> None:
        """The line under the cursor was clicked, in column `x`."""

    def style_of(self, name: str) -> Style:
        """Style of a component class."""
        return self.get_component_rich_style(f"lines--{name}")

    # -- lines ------------------------------------------------------------------------------------------

    @property
    def page(self) -> int:
        """Lines that are shown at a time."""
        return max(1, self.scrollable_content_region.height - self.HEAD)

    @property
    def top(self) -> int:
        """The first line shown."""
        return self.scroll_offset.y

    def resize_to(self, count: int) -> None:
        """Have `count` lines from now on."""
        self.count = count
        self.cursor = min(self.cursor, count - 1)
        self.virtual_size = Size(0, count + self.HEAD)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.scrollable_content_region.width
        if y < self.HEAD:
            return Strip(self.head(width))
        index = self.top + y - self.HEAD
        return Strip(self.line(index, width)) if index < self.count else Strip.blank(width, self.rich_style)

    # -- cursor -----------------------------------------------------------------------------------------

    def point_to(self, index: int) -> None:
        """Put the cursor on a line, the nearest one there is, and show it."""
        before, self.cursor = self.cursor, min(max(index, 0), self.count - 1)
        self.show_cursor()
        if self.cursor != before:
            self.refresh_line(before + self.HEAD)
            self.refresh_line(self.cursor + self.HEAD)
            self.moved()

    def show_cursor(self) -> None:
        """Scroll until the cursor can be seen: by a line when it is next to the screen, else to the middle."""
        above, below = self.top - self.cursor, self.cursor - (self.top + self.page - 1)
        if self.cursor < 0 or (above <= 0 and below <= 0):
            return
        if above == 1:
            top = self.cursor
        elif below == 1:
            top = self.cursor - self.page + 1
        else:
            top = self.cursor - self.page // 2
        self.scroll_to(y=top, animate=False, force=True)

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        self.point_to(self.cursor + lines)

    def action_page(self, pages: int) -> None:
        """Move by as many lines as are shown; the cursor stays at its place on the screen."""
        self.scroll_to(y=self.top + pages * self.page, animate=False, force=True)
        self.point_to(self.cursor + pages * self.page)

    def action_first(self) -> None:
        """Go to the first line."""
        self.point_to(0)

    def action_last(self) -> None:
        """Go to the last line."""
        self.point_to(self.count - 1)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        place = event.get_content_offset(self)
        if place is not None and place.y >= self.HEAD and self.top + place.y - self.HEAD < self.count:
            self.point_to(self.top + place.y - self.HEAD)
            self.clicked(place.x)

    def on_resize(self) -> None:
        """Keep the cursor on the screen."""
        self.show_cursor()
