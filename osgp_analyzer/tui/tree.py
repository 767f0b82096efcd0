# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree of a frame's layers and fields."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message

from osgp_analyzer.analysis.security.judged import Judged
from osgp_analyzer.engines.tree import Derived, FieldNode, LayerNode
from osgp_analyzer.tui.cells import fit
from osgp_analyzer.tui.lines import Lines
from osgp_analyzer.tui.outline import Item, covering
from osgp_analyzer.tui.status import SECURITY

INDENT = 3


class FieldTree(Lines):
    """Remembers what is open, and the field under the cursor, from frame to frame."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "open", "Open, or go in", show=False),
        Binding("left,h", "close", "Close, or go out", show=False),
        Binding("enter,space", "turn", "Open or close", show=False),
        Binding("asterisk", "open_all", "Open all", show=False),
        Binding("backspace", "close_all", "Close all", show=False),
    ]

    class Selected(Message):
        """Another line is under the cursor; None: none, since this frame has no such field."""

        def __init__(self, item: Item | None) -> None:
            self.item = item
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.items: list[Item] = []
        self.rows: list[Item] = []
        self._open: dict[str, bool] = {}
        self._wanted = ""

    @property
    def selected(self) -> Item | None:
        """The line under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    def show(self, items: list[Item]) -> None:
        """Show another frame."""
        self.items = items
        self._list(next((one for item in items for one in item.walk() if one.key == self._wanted), None))
        self.post_message(self.Selected(self.selected))

    def is_open(self, item: Item) -> bool:
        """As the user left it; at first only the innermost layer is open, with what it is about."""
        innermost = len(self.items) > 1 and item is self.items[-1]
        return self._open.get(item.key, innermost or (isinstance(item.of, FieldNode) and item.of.main))

    def select_byte(self, offset: int, derived: Derived | None = None) -> None:
        """Go to the innermost field that has this byte, of the frame or of what is derived of it."""
        item = covering(self.items, offset, derived)
        if item is not None:
            self._reveal(item)
            self.point_to(self.rows.index(item))

    def _reveal(self, item: Item) -> None:
        above = item.parent
        while above is not None:
            self._open[above.key] = True
            above = above.parent
        self._list(self.selected)

    def _list(self, selected: Item | None) -> None:
        """Find the lines that are to be seen; `selected`, or what it is hidden in, gets the cursor."""
        self.rows = []
        waiting = self.items[::-1]
        while waiting:
            item = waiting.pop()
            self.rows.append(item)
            if self.is_open(item):
                waiting += item.children[::-1]
        while selected is not None and selected not in self.rows:
            selected = selected.parent
        self.cursor = -1 if selected is None else self.rows.index(selected)
        self.resize_to(len(self.rows))
        self.show_cursor()

    # -- moving, opening, closing -----------------------------------------------------------------------

    def moved(self) -> None:
        """Remember the field, and that what it is in is open, and tell."""
        item = self.selected
        if item is not None:
            self._wanted = item.key
            if item.parent is not None:
                self._open[item.layer.key] = True
        self.post_message(self.Selected(item))

    def _set(self, item: Item, opened: bool) -> None:
        self._open[item.key] = opened
        self._list(self.selected)

    def action_turn(self) -> None:
        """Open what is closed, and the reverse."""
        item = self.selected
        if item is not None and item.children:
            self._set(item, not self.is_open(item))

    def action_open(self) -> None:
        """Open; what is open already is gone into."""
        item = self.selected
        if item is None or not item.children:
            return
        if self.is_open(item):
            self.action_move(1)
        else:
            self._set(item, True)

    def action_close(self) -> None:
        """Close; out of what is closed already, the cursor goes to what it is in."""
        item = self.selected
        if item is None:
            return
        if item.children and self.is_open(item):
            self._set(item, False)
        elif item.parent is not None:
            self.point_to(self.rows.index(item.parent))

    def action_open_all(self) -> None:
        """Open everything."""
        self._all(True)

    def action_close_all(self) -> None:
        """Close everything."""
        self._all(False)

    def _all(self, opened: bool) -> None:
        for item in self.items:
            self._open.update((one.key, opened) for one in item.walk() if one.children)
        self._list(self.selected)

    def clicked(self, x: int) -> None:
        """A click on the arrow opens and closes."""
        item = self.selected
        if item is not None and x // INDENT == item.depth:
            self.action_turn()

    def on_focus(self) -> None:
        """There is always a line to start from."""
        if self.cursor < 0:
            self.point_to(0)

    # -- drawing ----------------------------------------------------------------------------------------

    def line(self, index: int, width: int) -> list[Segment]:
        """A line with its arrow."""
        item = self.rows[index]
        arrow = " " if not item.children else "▼" if self.is_open(item) else "▶"
        text = fit(f"{' ' * INDENT * item.depth}{arrow} {item.text}", width)
        worst = item.worst
        if worst is not None:
            style = self.style_of(worst.value)
        elif isinstance(item.of, Judged):
            style = self.style_of(SECURITY.get(item.of.word, "title"))
        elif item.parent is None:
            style = self.style_of("title") if isinstance(item.of, LayerNode) else self.style_of("dim")
        else:
            style = self.rich_style if item.span else self.style_of("dim")
        if index == self.cursor:
            style += self.style_of("cursor")
        return [Segment(text, style)]
