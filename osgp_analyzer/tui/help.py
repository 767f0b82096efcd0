# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages over the screen: the keys, and all that is known of a field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from osgp_analyzer.engines.text import printable


class Page(ModalScreen[None]):
    """A text that goes away with the next key of its kind. No markup: it may come from a capture."""

    DEFAULT_CSS = """
    Page {
        align: center middle;
        VerticalScroll {
            width: 72; max-width: 95%; height: auto; max-height: 95%;
            background: $panel; padding: 0 2; scrollbar-size-vertical: 1;
            border: round $accent; border-title-style: bold;
        }
        Static { width: 1fr; height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,i", "close", "Close", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("j", "scroll(1)", show=False),
    ]

    def __init__(self, title: str, text: Text) -> None:
        super().__init__()
        self._heading, self._text = title, text

    def compose(self) -> ComposeResult:
        """The text in a box."""
        with VerticalScroll() as box:
            box.border_title = self._heading
            yield Static(self._text)

    def action_close(self) -> None:
        """Go back to the screen."""
        self.dismiss()

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def keys(app: App[None], groups: Iterable[tuple[str, Iterable[BindingType]]]) -> Page:
    """The keys as they are bound: nothing to forget when one changes."""
    text = Text()
    for title, bindings in groups:
        text.append(f"{title}\n", "bold")
        for binding in bindings:
            if isinstance(binding, Binding) and binding.description:
                names = " ".join(app.get_key_display(one) for one in Binding.make_bindings([binding]))
                text.append(f"  {names:<18}{binding.description}\n")
    text.rstrip()
    return Page("Keys", text)


def about(title: str, parts: Iterable[str]) -> Page:
    """All that is known of a line of the tree."""
    return Page("Field", Text(f"{printable(title)}\n\n").append("\n".join(printable(part) for part in parts)))
