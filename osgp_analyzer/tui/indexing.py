# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the frames of the file while the first ones are on the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable

from osgp_analyzer.capture import Capture

STEP = 20_000


class Indexing(threading.Thread):
    """Indexes a capture to its end, and calls `grown` after each step, with the exception if one ended it.

    A capture may be indexed by one thread while others read frames. It must be a thread, since reading a pipe
    waits for its writer; and a daemon, since quitting must not.
    """

    def __init__(self, capture: Capture, grown: Callable[[BaseException | None], None]) -> None:
        super().__init__(name="indexing", daemon=True)
        self.capture, self.grown = capture, grown
        self.stopped = threading.Event()

    def run(self) -> None:
        """Index."""
        try:
            while self.capture.index_more(STEP) and not self.stopped.is_set():
                self._tell(None)
        except BaseException as error:
            self._tell(error)
        else:
            self._tell(None)

    def _tell(self, error: BaseException | None) -> None:
        if not self.stopped.is_set():
            self.grown(error)
