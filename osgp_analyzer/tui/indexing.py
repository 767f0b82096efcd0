# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes on while the screen is used: the frames of the file are found, and what is known of each is found out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import sleep

from osgp_analyzer.app.history import History
from osgp_analyzer.capture import Capture

STEP = 20_000
REST = 0.2
"""Seconds to wait for more frames: each start costs as much as many of them."""


class Background(threading.Thread):
    """Goes through steps, and calls `told` after each, and at the end, with the exception if one ended them.

    It must be a thread, since reading a pipe waits for its writer; and a daemon, since quitting must not.
    """

    def __init__(
        self, name: str, steps: Callable[[], Iterator[None]], told: Callable[[BaseException | None], None]
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.steps, self.told = steps, told
        self.stopped = threading.Event()

    def run(self) -> None:
        """Work."""
        try:
            for _ in self.steps():
                if self.stopped.is_set():
                    return
                self._tell(None)
        except BaseException as error:
            self._tell(error)
        else:
            self._tell(None)

    def _tell(self, error: BaseException | None) -> None:
        if not self.stopped.is_set():
            self.told(error)


def indexing(capture: Capture) -> Iterator[None]:
    """Index a capture to its end. One thread may do that while others read frames."""
    while capture.index_more(STEP):
        yield


def following(history: History, capture: Capture) -> Iterator[None]:
    """Find out what is known of frames, as far as they are asked for; never ends."""
    while True:
        history.asked.wait()
        history.asked.clear()
        yield
        yield from history.follow(history.wanted, len(capture))
        if not capture.complete:
            sleep(REST)
