# SPDX-License-Identifier: GPL-2.0-or-later
"""Going to another frame: by its number, by a text in it, by what is wrong with it."""

from __future__ import annotations

from textual.app import App
from textual.widget import Widget

from osgp_analyzer.app.session import Session
from osgp_analyzer.tui.list import FrameList
from osgp_analyzer.tui.prompt import Prompt
from osgp_analyzer.tui.search import Test, has_findings, has_text, search
from osgp_analyzer.tui.status import Status


class Going(App[None]):
    """What of the screen asks and searches."""

    session: Session
    frames: FrameList
    status: Status
    prompt: Prompt
    panes: tuple[Widget, ...]
    _pane = 0
    _text = ""
    _origin = 0

    def action_ask(self, question: str) -> None:
        """Ask where to go."""
        self._origin = self.frames.cursor
        self.status.tell(alert="")
        self.prompt.ask(question)

    def on_prompt_answer(self, answer: Prompt.Answer) -> None:
        """Go where the user said, or while he is still saying it."""
        if answer.final:
            self.panes[self._pane].focus()
        if answer.text is None:
            self.action_stop()
            self.frames.point_to(self._origin)
        elif answer.question == "find":
            self._typed(answer.text, answer.final)
        elif answer.final and answer.text.strip():
            self._goto(answer.text.strip())

    def _goto(self, text: str) -> None:
        count = len(self.session)
        if text.isdecimal() and 1 <= int(text) <= count:
            self.frames.point_to(int(text) - 1)
        else:
            so_far = "" if self.session.capture.complete else " so far"
            self.status.tell(alert=f"no frame {text}: there are 1 to {count}{so_far}")

    def _typed(self, text: str, final: bool) -> None:
        """The search runs while the text is being typed; Enter lets it go on."""
        if not final or text != self._text:
            self._text = text
            if text:
                self._search(has_text(text), self._origin, 1, f"'{text}'")

    def action_again(self, step: int) -> None:
        """Find the text again."""
        if self._text:
            self._search(has_text(self._text), self.frames.cursor + step, step, f"'{self._text}'")
        else:
            self.action_ask("find")

    def action_finding(self, step: int) -> None:
        """Go to a frame that something is wrong with."""
        self._search(has_findings, self.frames.cursor + step, step, "findings")

    def action_stop(self) -> None:
        """Stop searching."""
        if self.workers.cancel_group(self, "search"):
            self.status.tell(alert="")

    def _search(self, test: Test, start: int, step: int, what: str) -> None:
        self.run_worker(self._look(test, start, step, what), group="search", exclusive=True)

    async def _look(self, test: Test, start: int, step: int, what: str) -> None:
        def progress(index: int) -> None:
            self.status.tell(alert=f"looking for {what} at frame {index + 1}, Esc stops")

        found = await search(self.session, test, start, step, progress)
        if found is None:
            self.status.tell(alert=f"no frame has {what}")
            return
        around = (found - start) * step < 0
        self.status.tell(alert="went on at the other end" if around else "")
        self.frames.point_to(found)
