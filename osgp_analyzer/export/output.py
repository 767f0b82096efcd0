# SPDX-License-Identifier: GPL-2.0-or-later
"""A file that gets its name only when it is whole."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from osgp_analyzer.capture import CaptureError
from osgp_analyzer.capture.part import Part


@contextmanager
def output(name: str, *, private: bool = False) -> Iterator[BinaryIO]:
    """The file `name` for writing; ``-`` is standard output. A `private` one only its owner can read.

    It is written beside its place under a name that ends in ".part", and takes its own name when the block is left.
    If the block fails in any way, the part is removed and what was there before stays. What is no regular file (a
    pipe, a device) is written straight. Raises `CaptureError` if the system cannot write; on standard output OSError.
    """
    if name == "-":
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except CaptureError as error:  # of the writer of capture files: the reader of a pipe may have gone
            if isinstance(error.__cause__, OSError) and str(error).startswith("<stdout>: "):
                raise error.__cause__ from None
            raise
        return
    part: Part | None = None
    target = ""
    begun = False
    try:
        target = os.path.realpath(name)  # a link to a file is written through, not replaced by a file
        if os.path.isdir(target) or name.endswith(os.sep):
            raise CaptureError(f"{name}: is a folder: give the name of a file in it")
        device = os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode)
        if not device:
            part = Part(target)
    except (OSError, ValueError) as error:
        raise _failure(name, error) from error
    try:
        with _opened(name, part.path if part else target, "xb" if part else "wb") as file:
            begun = True
            if private and not device and hasattr(os, "fchmod"):  # Windows has it from Python 3.13 on
                os.fchmod(file.fileno(), 0o600)
            file.raw.name = name  # type: ignore[attr-defined]  # errors name the file that was asked for
            yield file
            file.flush()
            if part:
                os.fsync(file.fileno())
        if part:
            if os.path.exists(target) and not private:
                with suppress(OSError):
                    shutil.copymode(target, part.path)
            part.finish()
    except OSError as error:
        raise _failure(name, error, begun and part is not None) from error
    except CaptureError as error:
        if isinstance(error.__cause__, OSError) and str(error).startswith(f"{name}: "):
            raise _failure(name, error.__cause__, begun and part is not None) from error.__cause__
        raise
    finally:
        if part:
            part.discard()


def _opened(name: str, path: str, mode: str) -> BinaryIO:
    try:
        return cast(BinaryIO, open(path, mode))
    except (OSError, ValueError) as error:
        raise _failure(name, error) from error


def _failure(name: str, error: Exception, part: bool = False) -> CaptureError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    kept = "; no part of it was kept: make room, or write to another place" if part else ""
    return CaptureError(f"{name}: cannot be written: {reason}{kept}")


def check_apart(source: str, target: str) -> None:
    """Raise `CaptureError` if a file would be written over the capture that it is made from."""
    if target == "-":
        return
    with suppress(OSError, ValueError):
        read = os.fstat(0) if source == "-" else os.stat(source)
        if stat.S_ISREG(read.st_mode) and os.path.samestat(read, os.stat(target)):
            raise CaptureError(f"{target}: is the capture that is read: write to another file")
