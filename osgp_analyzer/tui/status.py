# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines at the bottom: what is selected, and where in the capture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.text import printable
from osgp_analyzer.tui.cells import fit

SECURITY = {"verified": "good", "bad digest": "bad"}
"""Styles of what is said of the protection of messages; other words have none."""


def pending(session: Session) -> str:
    """What is said of a frame of which not all is known yet."""
    return "not judged yet" if session.history.guard is not None else "not all known yet"


def place(session: Session, index: int) -> list[str]:
    """What there is to say of a capture and the frame that is selected, -1 for none."""
    capture, history = session.capture, session.history
    parts = [f"frame {index + 1} of {len(capture)}"]
    decoded = session[index] if index >= 0 else None
    if decoded is not None and decoded.pending:
        parts.append(pending(session))
    elif decoded is not None:
        found = len(decoded.findings)
        parts += [decoded.security.word] if decoded.security is not None else []
        parts += [f"{found} finding{'s' * (found != 1)}"] if found else []
    if not capture.complete:
        parts.append("reading" if capture.progress is None else f"indexing {capture.progress:.0%}")
    if history.stop < history.wanted:
        work = "judging" if history.guard is not None else "tracking"
        parts.append(f"{work} {history.stop / history.wanted:.0%}")
    parts += [str(note) for note in capture.notes[:1]]
    return [*parts, f"and {len(capture.notes) - 1} more notes"] if len(capture.notes) > 1 else parts


class Status(Widget):
    """Two lines: the selected field, then file, place, how the message is protected, and what is going on."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"status--{name}" for name in ("field", "file", "alert", "good", "bad")}
    DEFAULT_CSS = """
    Status {
        height: 2;
        & > .status--field { background: $surface; color: $text; }
        & > .status--file { background: $panel; color: $text; }
        & > .status--alert { background: $panel; color: $text-warning; text-style: bold; }
        & > .status--good { background: $panel; color: $text-success; text-style: bold; }
        & > .status--bad { background: $panel; color: $text-error; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.field = self.alert = ""
        self.parts: Sequence[str] = ()

    @property
    def file(self) -> str:
        """The second line, without the alert."""
        return " · ".join(self.parts)

    def tell(self, *, field: str | None = None, file: Sequence[str] | None = None, alert: str | None = None) -> None:
        """Change what the lines say; the alert stands right of the parts about the file."""
        self.field = self.field if field is None else field
        self.parts = self.parts if file is None else file
        self.alert = self.alert if alert is None else alert
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One of the two lines."""
        width = self.size.width
        if y == 0:
            return Strip([Segment(fit(f" {self.field}", width), self.get_component_rich_style("status--field"))])
        alert = fit(self.alert, min(len(self.alert) + 1, width * 2 // 3)) if self.alert else ""
        file = self._file(width - len(alert))
        return Strip([*file, Segment(alert, self.get_component_rich_style("status--alert"))])

    def _file(self, left: int) -> Iterator[Segment]:
        """The parts, in so many cells."""
        for place, part in enumerate(self.parts):
            for text, style in ((" · " if place else " ", "file"), (printable(part), SECURITY.get(part, "file"))):
                shown = fit(text, min(cell_len(text), left))
                left -= cell_len(shown)
                yield Segment(shown, self.get_component_rich_style(f"status--{style}"))
        yield Segment(" " * left, self.get_component_rich_style("status--file"))
