# SPDX-License-Identifier: GPL-2.0-or-later
"""How far a long piece of work has come, on the terminal of whoever waits for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.columns.values import Bools

T = TypeVar("T")
FIRST, PAUSE = 1.0, 0.2
"""Seconds until it is shown at all, and between two times."""


class Progress:
    """A line on standard error, where that is a terminal. `what` is being done; `printing`: to standard output, where
    the line would get in between on a terminal."""

    def __init__(self, session: Session, what: str = "reading", printing: bool = False) -> None:
        self.session, self.what = session, what
        self._wanted = sys.stderr.isatty() and not (printing and sys.stdout.isatty())
        self._next = time.monotonic() + FIRST
        self._shown = False

    def __call__(self, frames: int) -> None:
        """So many frames are done."""
        if not self._wanted or time.monotonic() < self._next:
            return
        self._next, self._shown = time.monotonic() + PAUSE, True
        part, total = self.session.capture.progress, len(self.session.capture)
        done = f"{frames} frames" if part is None else f"{100 * part * frames // max(total, 1):.0f} %, {frames} frames"
        sys.stderr.write(f"\r\x1b[K{self.what}: {done} (Ctrl-C stops)")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def of(self, chunks: Iterable[tuple[Tracked, Bools]]) -> Iterator[tuple[Tracked, Bools]]:
        """Pass chunks on, and show how far they have come."""
        try:
            for tracked, mask in chunks:
                yield tracked, mask
                self(tracked.chunk.stop)
        finally:
            self.end()
