# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes of a capture, mapped into memory: a file where it lies, a stream by way of a temporary file."""

from __future__ import annotations

import io
import mmap
import os
import stat
import sys
from contextlib import suppress
from typing import BinaryIO

from .notes import CaptureError
from .unpack import UNSUPPORTED, Rewound, open_stream, packing

_CHUNK = 1 << 20


class Source:
    """Maps a capture; what cannot be mapped (pipe, packed file) is spooled piece by piece by `grow`.

    view: the bytes so far; it is another object after `grow`. size: how many. blocking: True if `grow` may
    wait for whoever writes the stream. ended: True once `size` is final. problem: why a stream ended too
    early, or "".
    """

    def __init__(self, name: str, raw: io.FileIO) -> None:
        """Raises CaptureError if the capture is empty or packed in a way that cannot be unpacked here."""
        self.name = name
        self.size = 0
        self.problem = ""
        self._raw = raw
        status = os.fstat(raw.fileno())
        regular = stat.S_ISREG(status.st_mode)
        self.blocking = not regular
        self._raw_size = status.st_size if regular else 0
        at_start = regular and raw.tell() == 0
        stream = Rewound(raw, 4)
        if not stream.head:
            raise CaptureError(f"{name}: is empty: there is no capture in it")
        pack = packing(stream.head)
        if pack in UNSUPPORTED:
            raise CaptureError(f"{name}: is packed with {pack}, which is not read here: unpack it first")
        self.ended = not pack and at_start and self._raw_size > 0
        if self.ended:
            self._file: io.FileIO | None = None
            self._map(raw, self._raw_size)
        else:
            self._stream, self._damage = open_stream(name, stream, pack)
            self._pack = pack
            try:
                self._file = open_spool()
            except OSError as error:
                raise CaptureError(_no_room(name, error)) from error

    def _map(self, file: io.FileIO, size: int) -> None:
        self.view = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        self.size = size

    def grow(self) -> bool:
        """Spool the next piece of a stream; False if there is none. May block, see `blocking`."""
        if self.ended or self._file is None:
            return False
        size = self.size
        while not self.problem and size - self.size < _CHUNK:
            try:
                piece = self._stream.read1(_CHUNK)
            except EOFError:
                self.problem = f"the {self._pack} data end too early; what follows is lost"
                break
            except self._damage as error:
                what = f"the {self._pack} data are damaged" if self._pack else "reading failed"
                self.problem = f"{what} ({error}); what follows is lost"
                break
            if not piece:
                self.ended = True
                break
            try:
                size += write_all(self._file, piece)
            except OSError as error:
                self.problem = _no_room("", error)
            if self.blocking:
                break
        self.ended = self.ended or bool(self.problem)
        if size == self.size:
            return False
        self._map(self._file, size)
        return True

    def check(self) -> None:
        """Raise CaptureError if the mapped file has become shorter: reading what is gone would end the process."""
        if self._file is None and os.fstat(self._raw.fileno()).st_size < self.size:
            raise CaptureError(f"{self.name}: the file became shorter while it was read: somebody writes it anew")

    def need(self, size: int) -> bool:
        """Grow to at least `size` bytes; False if the source ends before."""
        while self.size < size:
            if not self.grow():
                return False
        return True

    def progress(self, at: int) -> float | None:
        """Which part of the source (0..1) lies before byte `at`, None if nobody knows (a pipe)."""
        if not self._raw_size:
            return None
        done = at if self._file is None else self._raw.tell()
        return min(1.0, done / self._raw_size)

    def close(self) -> None:
        """Let go of the file. A view that somebody still uses stays valid until they drop it."""
        if self.size:
            with suppress(BufferError):
                self.view.close()
        if self._file is not None:
            self._file.close()
        self._raw.close()


def open_source(path: str | os.PathLike[str]) -> Source:
    """Open the capture at `path`, "-" for standard input.

    Raises CaptureError if it cannot be opened or read, is a directory, or is empty.
    """
    name = os.fsdecode(path)
    raw = None
    try:
        if name == "-":
            name = "standard input"
            raw = io.FileIO(sys.__stdin__.fileno() if sys.__stdin__ else 0, closefd=False)
        else:
            raw = io.FileIO(name)
        return Source(name, raw)
    except (OSError, ValueError) as error:
        if raw is not None:
            raw.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CaptureError(f"{name}: cannot be read: {reason}") from error
    except CaptureError:
        if raw is not None:
            raw.close()
        raise


def open_spool() -> io.FileIO:
    """An anonymous temporary file, unbuffered. Raises OSError."""
    import tempfile  # which takes a while: few captures need it

    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the source owns and closes it
    # On Windows this is a wrapper around the file.
    return file if isinstance(file, io.FileIO) else file.file


def write_all(file: io.FileIO | BinaryIO, piece: bytes) -> int:
    """Write `piece`, also to an unbuffered file that takes it bit by bit; its length. Raises OSError."""
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) or 0 :]
    return len(piece)


def _no_room(name: str, error: OSError) -> str:
    import tempfile

    start = f"{name}: " if name else ""
    return f"{start}cannot be stored in {tempfile.gettempdir()} ({error.strerror}): make room, or set TMPDIR"
