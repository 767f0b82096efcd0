# SPDX-License-Identifier: GPL-2.0-or-later
"""The bytes of a frame, and those that were derived of it, in hex and ASCII."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style as Look

from osgp_analyzer.engines.text import count
from osgp_analyzer.tui.lines import PANE_KEYS

FULL_WIDTH = 72
"""Cells that 16 bytes a row take."""

NOTHING = range(0)


class Page(NamedTuple):
    """Bytes with what they are called."""

    title: str
    data: bytes


class BytesView(ScrollView, can_focus=True):
    """16 bytes a row, 8 on narrow screens. Lights the selected field, and tells which byte is pointed at.

    Where there are several pages, the title has all their names and marks the one that is shown.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"bytes--offset", "bytes--field", "bytes--layer", "bytes--cursor"}
    DEFAULT_CSS = """
    BytesView {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .bytes--offset { color: $text-muted; }
        & > .bytes--layer { background: $primary 30%; }
        & > .bytes--field { background: $accent; color: $background; text-style: bold; }
        & > .bytes--cursor { text-style: reverse bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *PANE_KEYS,
        Binding("left,h", "move(-1)", "Byte back", show=False),
        Binding("right,l", "move(1)", "Byte on", show=False),
        Binding("up,k", "rows(-1)", "Row up", show=False),
        Binding("down,j", "rows(1)", "Row down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "to(0)", "First byte", show=False),
        Binding("end,G", "to(-1)", "Last byte", show=False),
    ]

    class Pointed(Message):
        """The byte cursor was moved."""

        def __init__(self, page: int, offset: int) -> None:
            self.page, self.offset = page, offset
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pages: Sequence[Page] = (Page("Frame", b""),)
        self.page = self.lit_page = self.cursor = 0
        self.lit_field = self.lit_layer = NOTHING

    @property
    def data(self) -> bytes:
        """The bytes of the page that is shown."""
        return self.pages[self.page].data

    def show(self, pages: Sequence[Page]) -> None:
        """Show another frame."""
        self.pages = pages
        self.lit_field = self.lit_layer = NOTHING
        self.turn(0)
        self.scroll_to(y=0, animate=False, force=True)

    def turn(self, page: int) -> None:
        """Show a page: what is lit there, or its start."""
        lit = self.lit_field or self.lit_layer if page == self.lit_page else NOTHING
        self.page, self.cursor = page, lit[0] if lit and lit[0] < len(self.pages[page].data) else 0
        self.border_title = self._title()
        self._fold()
        self._show_cursor()

    def _title(self) -> str | Content:
        if len(self.pages) == 1:
            return "Bytes"
        names = [
            Content(f"{'●' if at == self.page else '○'} {page.title} ({count(len(page.data))})").stylize(
                Look.from_meta({"@click": f"turn({at})"})
            )
            for at, page in enumerate(self.pages)
        ]
        return Content("  ").join(names)

    def action_turn(self, page: int) -> None:
        """Show a page."""
        self.turn(page)

    def light(self, field: range, layer: range, page: int = 0) -> None:
        """Light the bytes of a field, and faintly those of its layer. The cursor comes along if it is elsewhere."""
        self.lit_field, self.lit_layer, self.lit_page = field, layer, page
        if page != self.page:
            self.turn(page)
        target = field or layer
        if target and self.cursor not in target and target[0] < len(self.data):
            self.cursor = target[0]
        if target:
            self._show_cursor()
        self.refresh()

    # -- places -----------------------------------------------------------------------------------------

    @property
    def per_row(self) -> int:
        """Bytes a row."""
        return 16 if self.scrollable_content_region.width >= FULL_WIDTH else 8

    @property
    def _digits(self) -> int:
        return max(4, len(f"{len(self.data):x}"))

    def byte_at(self, x: int, y: int) -> int | None:
        """The byte drawn at a place of the widget, in hex or in ASCII."""
        x -= self._digits + 2
        hex_width = 3 * self.per_row + (self.per_row > 8)
        column = x - hex_width - 1 if x > hex_width else (x - (x > 24)) // 3
        offset = (self.scroll_offset.y + y) * self.per_row + column
        return offset if 0 <= column < self.per_row and 0 <= offset < len(self.data) else None

    def _fold(self) -> None:
        self.virtual_size = Size(0, -(-len(self.data) // self.per_row))
        self.refresh()

    def _show_cursor(self) -> None:
        row, height = self.cursor // self.per_row, max(1, self.scrollable_content_region.height)
        top = min(max(self.scroll_offset.y, row - height + 1), row)
        self.scroll_to(y=top, animate=False, force=True)

    # -- moving -----------------------------------------------------------------------------------------

    def point_to(self, offset: int) -> None:
        """Put the cursor on a byte and tell."""
        if self.data:
            self.cursor = min(max(offset, 0), len(self.data) - 1)
            self._show_cursor()
            self.refresh()
            self.post_message(self.Pointed(self.page, self.cursor))

    def action_move(self, count: int) -> None:
        """Move by bytes."""
        self.point_to(self.cursor + count)

    def action_rows(self, rows: int) -> None:
        """Move by rows."""
        self.point_to(self.cursor + rows * self.per_row)

    def action_page(self, pages: int) -> None:
        """Move by as many rows as are shown."""
        self.action_rows(pages * max(1, self.scrollable_content_region.height))

    def action_to(self, offset: int) -> None:
        """Go to the first byte, or (-1) to the last."""
        self.point_to(offset if offset >= 0 else len(self.data) - 1)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        place = event.get_content_offset(self)
        offset = None if place is None else self.byte_at(place.x, place.y)
        if offset is not None:
            self.point_to(offset)

    def on_resize(self) -> None:
        """Rows may have got shorter or longer."""
        self._fold()
        self._show_cursor()

    # -- drawing ----------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.scrollable_content_region.width
        start = (self.scroll_offset.y + y) * self.per_row
        plain = self.rich_style
        if start >= len(self.data):
            return Strip.blank(width, plain)
        row = range(start, min(start + self.per_row, len(self.data)))
        digits = [Segment(f"{start:0{self._digits}x}  ", self.get_component_rich_style("bytes--offset"))]
        text = []
        for offset in range(start, start + self.per_row):
            if offset not in row:
                digits.append(Segment("   ", plain))
                continue
            byte, style = self.data[offset], self._style(offset)
            digits.append(Segment(f"{byte:02x}", style))
            digits.append(Segment(" ", self._between(offset, row)))
            if offset - start == 7 and self.per_row > 8:
                digits.append(Segment(" ", self._between(offset, row)))
            text.append(Segment(chr(byte) if 0x20 <= byte < 0x7F else ".", style))
        if self.per_row > 8 and len(row) < 8:
            digits.append(Segment(" ", plain))
        strip = Strip([*digits, Segment(" ", plain), *text])
        return strip.adjust_cell_length(width, plain)

    def _lit(self, *offsets: int) -> Style:
        """Style of what all of these bytes are in."""
        if self.page != self.lit_page:
            return self.rich_style
        for name, lit in (("field", [self.lit_field]), ("layer", [self.lit_field, self.lit_layer])):
            if all(any(offset in one for one in lit) for offset in offsets):
                return self.get_component_rich_style(f"bytes--{name}")
        return self.rich_style

    def _style(self, offset: int) -> Style:
        style = self._lit(offset)
        if self.has_focus and offset == self.cursor:
            style += self.get_component_rich_style("bytes--cursor", partial=True)
        return style

    def _between(self, offset: int, row: range) -> Style:
        """Between two lit bytes the space is lit as well: a field is seen as one piece."""
        return self._lit(offset, offset + 1) if offset + 1 in row else self.rich_style
