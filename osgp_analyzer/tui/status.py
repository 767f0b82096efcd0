# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines at the bottom: what is selected, and where in the capture."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from osgp_analyzer.tui.cells import fit


class Status(Widget):
    """Two lines: the selected field, then file, place, and what is going on."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"status--field", "status--file", "status--alert"}
    DEFAULT_CSS = """
    Status {
        height: 2;
        & > .status--field { background: $surface; color: $text; }
        & > .status--file { background: $panel; color: $text; }
        & > .status--alert { background: $panel; color: $text-warning; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.field = self.file = self.alert = ""

    def tell(self, *, field: str | None = None, file: str | None = None, alert: str | None = None) -> None:
        """Change what the lines say; the alert stands right of the file."""
        self.field = self.field if field is None else field
        self.file = self.file if file is None else file
        self.alert = self.alert if alert is None else alert
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One of the two lines."""
        width = self.size.width
        if y == 0:
            return Strip([Segment(fit(f" {self.field}", width), self.get_component_rich_style("status--field"))])
        alert = fit(self.alert, min(len(self.alert) + 1, width * 2 // 3)) if self.alert else ""
        return Strip(
            [
                Segment(fit(f" {self.file}", width - len(alert)), self.get_component_rich_style("status--file")),
                Segment(alert, self.get_component_rich_style("status--alert")),
            ]
        )
