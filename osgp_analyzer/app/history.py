# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of each frame from those before it: what the tables of its meter say, how its message is protected."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from osgp_analyzer.analysis.contexts import Contexts, Seen
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.store import FrameStore

if TYPE_CHECKING:
    from osgp_analyzer.analysis.security.guard import Guard


class History:
    """Made by tracking the capture from its first frame on. One thread may `follow` it while others use what is known
    of the frames before `stop`, and `ask` for more. `guard`: judges and opens messages, where there are keys."""

    def __init__(self, store: FrameStore, guard: Guard | None) -> None:
        self.store, self.guard = store, guard
        self._contexts = Contexts(remember=True)
        self.stop = 0
        """Frames of which all is known."""
        self.wanted = 0
        """Frames of which all was asked for."""
        self.asked = threading.Event()
        """Set by `ask`."""

    def ask(self, stop: int) -> None:
        """Somebody needs the frames before `stop`."""
        if stop > self.wanted:
            self.wanted = stop
            self.asked.set()

    def follow(self, wanted: int, end: int | None = None) -> Iterator[None]:
        """Track the capture, chunk by chunk, until the frames before `wanted` are known, or it ends. `end`: of frames
        from there on nothing is read; else the capture is indexed as well."""
        while self.stop < wanted:
            before = self.stop
            for _ in track(self.store, whole=False, start=before, stop=end, contexts=self._contexts, guard=self.guard):
                self.stop = self._contexts.stop
                yield
                if self.stop >= wanted:
                    break
            if self.stop == before:
                return

    def seen_before(self, index: int) -> Seen | None:
        """What the tables of the meter of a frame were known to say before it."""
        return self._contexts.of(index)
