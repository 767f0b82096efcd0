# SPDX-License-Identifier: GPL-2.0-or-later
"""What the text of statistics is written with: a page of tables, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TextIO

from osgp_analyzer.cli import tables

Row = dict[str, Any]

NOTHING = "-"


def number(value: int | None) -> str:
    """A whole number."""
    return NOTHING if value is None else str(value)


def share(part: int, whole: int) -> str:
    """A part in percent."""
    return f"{part / whole * 100:.1f}" if whole else NOTHING


def milliseconds(ns: int | None) -> str:
    """ns as ms."""
    return NOTHING if ns is None else f"{ns / 1e6:.3f}"


def seconds(ns: int | None) -> str:
    """ns as s."""
    return NOTHING if ns is None else f"{ns / 1e9:.3f}"


def span(ns: int) -> str:
    """A length of time in the unit that suits it."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= size:
            return f"{ns / size:g} {unit}"
    return f"{ns} ns"


def domain(row: Row) -> str:
    """The domain of an address; nothing for an IP address."""
    return "" if row["domain"] is None else row["domain"] or NOTHING


class Page:
    """Writes to `out`. `total`: the result ``frames``."""

    def __init__(self, out: TextIO, total: Row) -> None:
        self.out, self.total = out, total
        width = tables.width(out)
        self.width = None if width is None else width - 2
        self.marks = tables.blocks(out)

    def line(self, text: str = "") -> None:
        """A line."""
        self.out.write(text + "\n")

    def head(self, text: str) -> None:
        """The title of a section."""
        self.line()
        self.line(text)

    def table(self, titles: Sequence[str], rows: Sequence[Row], cells: Callable[[Row], Sequence[str]]) -> None:
        """The rows; titles as `tables.table` has them."""
        if not rows:
            self.line("  none")
            return
        for line in tables.table(titles, [cells(row) for row in rows], self.width):
            self.line(f"  {line}")

    def note(self, count: int, text: str) -> None:
        """A remark on so many frames, unless there are none."""
        if count:
            self.line(f"  {count} frame{'' if count == 1 else 's'} {text}")
