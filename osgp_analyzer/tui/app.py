# SPDX-License-Identifier: GPL-2.0-or-later
"""The screen: three panes on one capture."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

import rich
from rich.traceback import Traceback
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Footer

from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.text import printable
from osgp_analyzer.engines.tree import Derived
from osgp_analyzer.tui import help
from osgp_analyzer.tui.bytes import NOTHING, BytesView, Page
from osgp_analyzer.tui.chain import Arrows, ChainView
from osgp_analyzer.tui.clock import Clock
from osgp_analyzer.tui.going import Going
from osgp_analyzer.tui.indexing import Background, following, indexing
from osgp_analyzer.tui.lines import Lines
from osgp_analyzer.tui.list import FrameList
from osgp_analyzer.tui.outline import derivations, describe, outline
from osgp_analyzer.tui.prompt import Prompt
from osgp_analyzer.tui.status import Status, pending, place
from osgp_analyzer.tui.tree import FieldTree


class Screen(Going):
    """Frame list, field tree, bytes; what is selected in one is shown in the others.

    The session is used by the event loop only; other threads index the capture under it and follow what is known of
    its frames (`Background`).
    """

    CSS = """
    FrameList { height: 9fr; min-height: 2; }
    FieldTree { height: 8fr; min-height: 2; }
    BytesView { height: 4fr; min-height: 2; }
    FieldTree, BytesView { border-top: solid $primary 40%; border-title-color: $text-muted; }
    FieldTree:focus, BytesView:focus {
        border-top: solid $accent;
        border-title-color: $text-accent;
        border-title-style: bold;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
        Binding("question_mark", "keys", "Help"),
        Binding("colon,ctrl+g", "ask('goto')", "Go to"),
        Binding("slash,ctrl+f", "ask('find')", "Find"),
        Binding("n", "again(1)", "Find next", show=False),
        Binding("N", "again(-1)", "Find previous", show=False),
        Binding("right_square_bracket", "finding(1)", "Next frame with findings", show=False),
        Binding("left_square_bracket", "finding(-1)", "Previous frame with findings", show=False),
        Binding("escape", "stop", "Stop searching", show=False),
        Binding("t", "time", "Times"),
        Binding("v", "view", "Other bytes (decrypted, joined)", show=False),
        Binding("i", "about", "About field"),
        Binding("c", "chain", "Chain"),
        Binding("z,F", "zoom", "Zoom"),
        Binding("plus,equals_sign", "resize(1)", "Larger pane", show=False),
        Binding("minus", "resize(-1)", "Smaller pane", show=False),
    ]

    class Grown(Message):
        """More frames are indexed, or more is known of them; `error` ended it."""

        def __init__(self, error: BaseException | None) -> None:
            self.error = error
            super().__init__()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.title = printable(os.path.basename(session.capture.name))
        self.session = session
        self.clock = Clock(session)
        self.frames = FrameList(session, self.clock, id="list")
        self.fields = FieldTree(id="tree")
        self.octets = BytesView(id="bytes")
        self.derived: list[Derived | None] = [None]
        """What is on the pages of the bytes; None: the frame itself."""
        self.status = Status(id="status")
        self.prompt = Prompt(id="prompt")
        self.panes: tuple[Widget, ...] = (self.frames, self.fields, self.octets)
        self.zoomed = self._waiting = False
        self._weights = [9, 8, 4]
        self._indexing = Background("indexing", partial(indexing, session.capture), self._grown)
        self._following = Background("following", partial(following, session.history, session.capture), self._grown)

    def run(self, *args: Any, **options: Any) -> None:
        """As Textual does it, but the keys come from the terminal even if the capture comes from standard input."""
        if sys.__stdin__ is not None and not sys.__stdin__.isatty() and os.path.exists("/dev/tty"):
            # Textual takes the keyboard from there, and Python closes it when it ends.
            sys.__stdin__ = open("/dev/tty")  # type: ignore[misc]  # noqa: SIM115
        super().run(*args, **options)

    def compose(self) -> ComposeResult:
        """Panes above the lines at the bottom."""
        self.fields.border_title = "Fields"
        yield from self.panes
        yield self.prompt
        yield self.status
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Show the frames that are known, and look for the others."""
        self.session.patient = False
        self._grow()
        self.frames.focus()
        self._indexing.start()
        self._following.start()
        with suppress(NotImplementedError):  # Windows has no such handlers
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)

    def _grown(self, error: BaseException | None) -> None:
        """Called by the other thread: messages may come from any."""
        self.post_message(self.Grown(error))

    def on_unmount(self) -> None:
        """Nobody is left to be told."""
        self._indexing.stopped.set()
        self._following.stopped.set()
        self.session.history.asked.set()  # it may be waiting

    def on_screen_grown(self, event: Grown) -> None:
        """More frames, or more about them."""
        if event.error is not None:
            raise event.error
        self._grow()
        if self._waiting and not self.session[self.frames.cursor].pending:
            self._show()
        self._tell_file()

    def _grow(self) -> None:
        self.frames.grow()
        if self.session.settings.keys.keys:
            self.session.history.ask(len(self.session))

    def _fatal_error(self) -> None:
        """As Textual does it, but without the values of variables, which may be keys."""
        self.panic(Traceback(width=None, suppress=[rich]))

    # -- one selection in three panes -------------------------------------------------------------------

    def on_frame_list_selected(self, event: FrameList.Selected) -> None:
        """Another frame. Of several moves only the last one counts."""
        if event.index != self.frames.cursor:
            return
        self._show()
        self._tell_file()

    def _show(self) -> None:
        """Fields and bytes of the frame under the cursor."""
        decoded = self.session[self.frames.cursor]
        self._waiting = decoded.pending
        items = outline(decoded, self.clock.text(self.frames.cursor), pending(self.session))
        derived = derivations(items)
        self.derived = [None, *derived]
        self.octets.show([Page("Frame", decoded.frame.data), *(Page(one.title, one.data) for one in derived)])
        self.fields.show(items)

    def on_frame_list_opened(self) -> None:
        """Enter in the list."""
        self._focus(1)

    def on_field_tree_selected(self, event: FieldTree.Selected) -> None:
        """Another field: light its bytes, and say what it is."""
        item = event.item
        if item is None:
            self.octets.light(NOTHING, NOTHING)
            self.status.tell(field="")
            return
        page = next((at for at, one in enumerate(self.derived) if one is item.derived), 0)
        self.octets.light(item.span if item.parent is not None else NOTHING, item.layer.span, page)
        self.status.tell(field="  ".join(describe(item)))

    def on_bytes_view_pointed(self, event: BytesView.Pointed) -> None:
        """A byte: go to its field."""
        if event.page < len(self.derived):
            self.fields.select_byte(event.offset, self.derived[event.page])

    def _tell_file(self) -> None:
        self.status.tell(file=[self.title, *place(self.session, self.frames.cursor)])

    # -- panes ------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tab and the like are for the panes, not for what lies over them."""
        if action in ("pane", "ask"):
            return len(self.screen_stack) == 1 and not self.prompt.display
        return True

    def _focus(self, pane: int) -> None:
        self._pane = pane
        self.panes[pane].display = True
        self.panes[pane].focus()
        self._arrange()

    def _arrange(self) -> None:
        for number, pane in enumerate(self.panes):
            pane.display = not self.zoomed or number == self._pane
            pane.styles.height = f"{self._weights[number]}fr"

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The mouse changes panes as well."""
        if event.widget in self.panes:
            self._pane = self.panes.index(event.widget)

    def action_pane(self, step: int) -> None:
        """Go to another pane."""
        self._focus((self._pane + step) % len(self.panes))

    def action_zoom(self) -> None:
        """Give the whole screen to a pane, or share it again."""
        self.zoomed = not self.zoomed
        self._arrange()

    def action_resize(self, step: int) -> None:
        """Make the pane larger or smaller."""
        self._weights[self._pane] = min(max(self._weights[self._pane] + step, 2), 40)
        self._arrange()

    def action_time(self) -> None:
        """Write times in another way."""
        self.clock.next()
        self.frames.restamp()
        self.status.tell(alert=f"times: {self.clock.format}")
        if self.frames.cursor >= 0:
            self._show()

    def action_view(self) -> None:
        """Show other bytes of the frame."""
        if len(self.derived) > 1:
            self.octets.turn((self.octets.page + 1) % len(self.derived))
        else:
            self.status.tell(alert="this frame has no decrypted or joined bytes")

    # -- pages ------------------------------------------------------------------------------------------

    def action_keys(self) -> None:
        """Show the keys."""
        groups = (
            ("Everywhere", self.BINDINGS),
            ("List and tree", Lines.BINDINGS),
            ("List", FrameList.BINDINGS),
            ("Tree", FieldTree.BINDINGS),
            ("Bytes", BytesView.BINDINGS),
            ("Chain", (*ChainView.BINDINGS, *Arrows.BINDINGS)),
        )
        self.push_screen(help.keys(self, groups))

    def action_about(self) -> None:
        """Show all that is known of the selected field."""
        item = self.fields.selected
        if item is not None:
            self.push_screen(help.about(item.text, describe(item)))

    def action_chain(self) -> None:
        """Show the chain of repeaters that the frame belongs to."""
        if self.frames.cursor >= 0:
            self.push_screen(ChainView(self.session, self.frames.cursor), self._chosen)

    def _chosen(self, index: int | None) -> None:
        """A frame of the chain was chosen."""
        if index is not None:
            self.frames.point_to(index)
            self._focus(0)
