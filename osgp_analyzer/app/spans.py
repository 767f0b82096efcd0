# SPDX-License-Identifier: GPL-2.0-or-later
"""Work on a large capture shared out to all processors, and its results in the order of the capture.

Each span of frames is done by a child of this process, which has all that is open and indexed, and tracks the frames
before the span again (`track`, `start`). Where processes cannot be forked, or a capture is small or a stream, the work
is done here.
"""

from __future__ import annotations

import gc
import mmap
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, NoReturn

from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.analysis.transactions import FAR_BACK
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.engines.columns.values import Bools

Result = bytes | memoryview
Work = Callable[[Tracked, Bools], Result]
"""What is made of a chunk, and of the mask of the frames that are wanted."""

LEAST, MOST = FAR_BACK, 1 << 19
"""Frames that a child does."""
FAILED = 3


@dataclass
class _Child:
    """A span that is being worked on: its result goes to a file without a name."""

    process: int
    result: IO[bytes]
    stop: int


def in_order(session: Session, wanted: Wanted, work: Work, done: Callable[[int], None]) -> Iterator[Result]:
    """The results of `work`, those of earlier frames first; none of them empty. `done` is told how many frames are.

    Raises `FilterError`, and whatever `work` raises.
    """
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    alone = wanted.tables or wanted.guarded(session) or wanted.count is not None or session.capture.live
    if workers < 2 or alone or not hasattr(os, "fork"):
        yield from _here(session, wanted, work, done)
        return
    wanted.filter  # noqa: B018  a text that is none must be said here
    running: deque[_Child] = deque()
    start = 0
    try:
        if _index(session, 2 * LEAST + 1) <= 2 * LEAST:
            yield from _here(session, wanted, work, done)
            return
        while True:
            while len(running) < workers and (stop := _span(session, start, workers - len(running))) > start:
                running.append(_fork(session, wanted, work, start, stop))
                start = stop
            if not running:
                return
            child = running.popleft()
            yield from _collect(child)
            done(child.stop)
    finally:
        for child in running:
            with suppress(OSError):
                os.kill(child.process, signal.SIGKILL)
                os.waitpid(child.process, 0)
            child.result.close()


def _here(
    session: Session, wanted: Wanted, work: Work, done: Callable[[int], None], start: int = 0, stop: int | None = None
) -> Iterator[Result]:
    for tracked, mask in selected_chunks(session, wanted, start, stop):
        if mask.any():
            yield work(tracked, mask)
        done(tracked.chunk.stop)


def _span(session: Session, start: int, workers: int) -> int:
    """Where a span ends that begins at `start`, for so many workers that have nothing to do; it is indexed so far.

    The first one ends where the file seems to be halved (or so), before the rest is indexed. It is larger than the
    others, which begin later and track the frames before them again.
    """
    known = _index(session, start + MOST) if start else len(session.capture)
    part = session.capture.progress
    left = round(known / part) - start if part else MOST
    size = -(-left // workers) + (0 if start else FAR_BACK // 2)
    return _index(session, start + min(max(size, LEAST), MOST))


def _index(session: Session, stop: int) -> int:
    """Index frames up to `stop`; how far that went."""
    while len(session.capture) < stop and session.capture.index_more(stop - len(session.capture)):
        pass
    return min(stop, len(session.capture))


def _fork(session: Session, wanted: Wanted, work: Work, start: int, stop: int) -> _Child:
    result = _unnamed()
    gc.freeze()  # what is there already stays shared with the child
    process = os.fork()
    if process == 0:
        _child(session, wanted, work, start, stop, result)
    gc.unfreeze()
    return _Child(process, result, stop)


def _unnamed() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("osgp-analyzer"), "w+b")
    import tempfile

    return tempfile.TemporaryFile()


def _child(session: Session, wanted: Wanted, work: Work, start: int, stop: int, result: IO[bytes]) -> NoReturn:
    """Do the work and end this process, whatever happens: nothing here may return to what the parent is doing."""
    status = FAILED
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for piece in _here(session, wanted, work, lambda _: None, start, stop):
            result.write(piece)
        result.flush()
        status = 0
    except BaseException as error:
        result.seek(0)
        result.truncate()
        result.write(pickle.dumps(error))
        result.flush()
    finally:
        os._exit(status)


def _collect(child: _Child) -> Iterator[Result]:
    """Wait for a child, and give what it made."""
    _, status = os.waitpid(child.process, 0)
    with child.result as result:
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == FAILED:
            result.seek(0)
            raise pickle.loads(result.read())
        if status:
            raise CaptureError("a part of the work was ended by the system: there may be too little memory")
        if os.fstat(result.fileno()).st_size:
            yield memoryview(mmap.mmap(result.fileno(), 0, access=mmap.ACCESS_READ))
