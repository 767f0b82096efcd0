# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and plots for a terminal. Everything that goes in comes out escaped."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from typing import TextIO

from osgp_analyzer.engines.text import printable

GAP = "  "
CUT = "..."
NARROWEST = 8
BLOCKS, PLAIN = " ▁▂▃▄▅▆▇█", " ..::||##"
"""What a cell of a plot is drawn with, from empty to full."""


def width(out: TextIO) -> int | None:
    """Characters in a line of a terminal, None where `out` is none."""
    return shutil.get_terminal_size().columns if out.isatty() else None


def blocks(out: TextIO) -> str:
    """The characters for plots: blocks, or plain ones where `out` cannot show them."""
    try:
        BLOCKS.encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return BLOCKS


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], widest: int | None = None) -> list[str]:
    """Lines of a table. A title that begins with ``<`` is that of texts, aligned left; others are aligned right.

    Where it is wider than `widest`, the widest texts are cut.
    """
    left = [title.startswith("<") for title in titles]
    head = [title.removeprefix("<") for title in titles]
    cells = [head, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(titles))]
    if widest is not None:
        _narrow(widths, left, widest)
    lines = []
    for row in cells:
        made = [
            (_cut(cell, size).ljust(size) if is_left else cell.rjust(size))
            for cell, size, is_left in zip(row, widths, left, strict=True)
        ]
        lines.append(GAP.join(made).rstrip())
    return lines


def _narrow(widths: list[int], left: Sequence[bool], widest: int) -> None:
    texts = [place for place, is_left in enumerate(left) if is_left]
    while texts and sum(widths) + len(GAP) * (len(widths) - 1) > widest:
        place = max(texts, key=lambda one: widths[one])
        if widths[place] <= NARROWEST:
            return
        widths[place] -= 1


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - len(CUT)] + CUT


def columns(values: Sequence[float], height: int, marks: str) -> list[str]:
    """A plot with a column for each value, `height` lines high; the greatest value fills it."""
    steps = len(marks) - 1
    top = max(values, default=0) or 1
    filled = [max(round(value / top * height * steps), int(value > 0)) for value in values]
    return [
        "".join(marks[min(max(count - line * steps, 0), steps)] for count in filled) for line in reversed(range(height))
    ]


def bars(values: Sequence[float], size: int, marks: str) -> list[str]:
    """A horizontal bar for each value, up to `size` characters long."""
    top = max(values, default=0) or 1
    return [marks[-1] * max(round(value / top * size), int(value > 0)) for value in values]
