# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with a capture: errors that stop the opening, notes on everything after it."""

from __future__ import annotations

from dataclasses import dataclass

_KINDS_LIMIT = 200
"""Kinds of notes kept apart; a file made of rubbish must not fill the memory with notes about it."""


class CaptureError(Exception):
    """A capture cannot be opened, or cannot be written.

    The message is one sentence for people. It starts with the name of the file, says what is wrong, at which
    byte where that helps, and what to do. The system's own error, if there is one, is the `__cause__`.
    """


@dataclass(frozen=True, slots=True)
class CaptureNote:
    """Something in a capture that could not be read, or was passed over.

    `offset`: byte offset of the first occurrence, in the unpacked file. `count`: how often it occurred.
    """

    offset: int
    text: str
    count: int = 1

    def __str__(self) -> str:
        times = f" ({self.count} times, here the first)" if self.count > 1 else ""
        return f"byte {self.offset}: {self.text}{times}"


class Notes:
    """Collects notes; those of one kind are counted, not repeated."""

    def __init__(self) -> None:
        self._by_kind: dict[str, CaptureNote] = {}

    def add(self, offset: int, text: str, kind: str = "") -> None:
        """Note `text` at byte `offset`. Of a `kind` (default: the text), the first note keeps its text."""
        kind = kind or text
        if kind not in self._by_kind and len(self._by_kind) >= _KINDS_LIMIT:
            kind = text = "more kinds of damage, not listed"
        known = self._by_kind.get(kind)
        self._by_kind[kind] = (
            CaptureNote(known.offset, known.text, known.count + 1) if known else CaptureNote(offset, text)
        )

    def list(self) -> list[CaptureNote]:
        """The notes in order of first occurrence."""
        return list(self._by_kind.values())
