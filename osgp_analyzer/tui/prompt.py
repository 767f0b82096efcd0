# SPDX-License-Identifier: GPL-2.0-or-later
"""The line in which a frame number or a text to find is typed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

QUESTIONS = {"goto": "Go to frame:", "find": "Find:"}


class Prompt(Horizontal):
    """Hidden until something is asked."""

    DEFAULT_CSS = """
    Prompt {
        height: 1;
        background: $panel;
        display: none;
        Label { padding: 0 1; text-style: bold; }
        Input { width: 1fr; background: $surface; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    class Answer(Message):
        """What has been typed: so far, or (`final`) until Enter was pressed; None: cancelled."""

        def __init__(self, question: str, text: str | None, final: bool) -> None:
            self.question, self.text, self.final = question, text, final
            super().__init__()

    question = ""

    def compose(self) -> ComposeResult:
        """Question and input."""
        yield Label()
        yield Input(compact=True, select_on_focus=False)

    def ask(self, question: str) -> None:
        """Show the line for one of `QUESTIONS`."""
        self.question = question
        self.query_one(Label).update(QUESTIONS[question])
        self.display = True
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = ""
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Something was typed."""
        event.stop()
        self.post_message(self.Answer(self.question, event.value, False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self._close(event.value)

    def action_cancel(self) -> None:
        """Escape."""
        self._close(None)

    def _close(self, text: str | None) -> None:
        self.display = False
        self.post_message(self.Answer(self.question, text, True))
