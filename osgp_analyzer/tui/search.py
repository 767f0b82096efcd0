# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking for a frame, a little at a time, so that the screen goes on working."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from osgp_analyzer.app.decode import Decoded
from osgp_analyzer.app.session import Session
from osgp_analyzer.schema import Severity

SLICE, REST = 0.01, 0.005
"""Seconds of decoding, and of doing whatever else there is to do, in turn."""

REPORT = 0.25
"""Seconds from one report of the progress to the next."""

Test = Callable[[Decoded], bool]


def has_text(text: str) -> Test:
    """Whether a frame's row has `text`, in capitals or not."""
    wanted = text.casefold()

    def test(decoded: Decoded) -> bool:
        row = f"{decoded.source} {decoded.destination} {decoded.protocol} {decoded.info}"
        return wanted in row.casefold()

    return test


def has_findings(decoded: Decoded) -> bool:
    """Whether something is wrong with a frame, or may be."""
    return decoded.worst in (Severity.ERROR, Severity.WARN)


async def search(session: Session, test: Test, start: int, step: int, progress: Callable[[int], None]) -> int | None:
    """Index of the next frame from `start` on that passes, onwards (step 1) or back (-1), around the end.

    Going on, it waits for frames that are not indexed yet, or of which not all is known. Runs in the event loop: a
    `Session` is for one thread. None when all frames were looked at. `progress` gets the index now and then.
    """
    index, looked = start, 0
    until, report = monotonic() + SLICE, monotonic() + REPORT
    while looked < len(session) or not session.capture.complete:
        if index >= len(session) and not session.capture.complete:
            await asyncio.sleep(REST)
            continue
        index %= len(session)
        decoded = session[index]
        if decoded.pending:
            await asyncio.sleep(REST)
            continue
        if test(decoded):
            return index
        index, looked = index + step, looked + 1
        if monotonic() > until:
            if monotonic() > report:
                progress(index)
                report = monotonic() + REPORT
            await asyncio.sleep(REST)
            until = monotonic() + SLICE
    return None
