# SPDX-License-Identifier: GPL-2.0-or-later
"""Text from a capture in cells of the terminal."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from osgp_analyzer.engines.text import printable


def fit(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells: filled up, or cut with an ellipsis; nothing in it acts on the terminal."""
    text = printable(text)
    used = cell_len(text)
    if used > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    filling = " " * (width - used)
    return filling + text if right else text + filling
