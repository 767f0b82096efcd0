# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with a filter, and where."""

from __future__ import annotations


class FilterError(ValueError):
    """A filter that cannot be used: one sentence with the column, counted from 1. `pointer` is a line of spaces and
    carets to be shown below the filter."""

    def __init__(self, message: str, text: str, start: int, length: int = 1) -> None:
        super().__init__(f"{message} (column {start + 1})")
        self.text, self.column = text, start + 1
        self.pointer = "".join("\t" if c == "\t" else " " for c in text[:start]) + "^" * max(1, length)
