# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams and packed files: gzip and zstd are known by their first octets, not by the name of the file."""

from __future__ import annotations

import gzip
import importlib
import io
import zlib
from typing import Protocol

from .notes import CaptureError

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zX": "xz",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
}
_ZSTD_MODULES = ("compression.zstd", "backports.zstd")

UNSUPPORTED = ("bzip2", "xz", "lz4", "zip")


class Stream(Protocol):
    """`read1(n)`: 1..n octets as soon as there are some, none at the end."""

    def read1(self, size: int, /) -> bytes: ...


def packing(head: bytes) -> str:
    """How a file that starts with `head` (4 octets) is packed, "" if it is not."""
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    # A zstd file may start with frames to skip, 184D2A50..5F (RFC 8878 3.1.2); pzstd writes them.
    if head[1:] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50:
        return "zstd"
    return ""


class Rewound(io.RawIOBase):
    """A raw stream of which the first octets have been looked at (`head`) and are still to be read."""

    def __init__(self, raw: io.FileIO, size: int) -> None:
        """Looks at `size` octets, fewer if the stream ends before. Raises OSError."""
        self._raw = raw
        self.head = b""
        while len(self.head) < size and (piece := raw.read(size - len(self.head))):
            self.head += piece
        self._rest = self.head

    def readable(self) -> bool:
        return True

    def read1(self, size: int, /) -> bytes:
        """See `Stream`."""
        if self._rest:
            piece, self._rest = self._rest[:size], self._rest[size:]
            return piece
        return self._raw.read(size) or b""

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        piece = self.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def open_stream(name: str, stream: Rewound, pack: str) -> tuple[Stream, tuple[type[Exception], ...]]:
    """The unpacked stream, and the exceptions its `read1` raises on damage (EOFError if it is cut).

    Raises CaptureError if there is no module for zstd.
    """
    if pack == "gzip":
        return gzip.GzipFile(fileobj=stream), (OSError, zlib.error)
    if pack == "zstd":
        for module in _ZSTD_MODULES:
            try:
                zstd = importlib.import_module(module)
            except ImportError:
                continue
            return zstd.ZstdFile(stream), (OSError, zstd.ZstdError)
        raise CaptureError(f"{name}: is packed with zstd, and no module reads that: pip install backports.zstd")
    return stream, (OSError,)
