# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture as a sequence of frames, indexed step by step and decoded on demand."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from types import TracebackType

from .blocks import SECTION_MAGIC
from .index import FrameIndex
from .model import Frame, Interface, Section
from .notes import CaptureError, CaptureNote, Notes
from .pcap import MAGICS, PcapReader
from .pcapng import PcapngReader
from .source import Source, open_source

_BATCH = 512
"""Frames indexed at a time when frames are asked for: the first ones of a large file come at once."""


class Capture:
    """An open capture file or stream: pcap or pcapng, plain, gzip or zstd.

    Only the head is read at first. `index_more`, iteration and `c[i]` index further; `len(c)` is the number
    of frames indexed so far, the final one once `c.complete`. Once open, a capture raises nothing for what
    is wrong with its content: it gives the frames it could read, and `notes` on the rest. One thread may
    index while others read frames. The file must not be made shorter while it is open: the system ends
    programs that read a mapping past its file.
    """

    def __init__(self, source: Source) -> None:
        """Use `Capture.open`."""
        self._source = source
        self._index = FrameIndex()
        self._notes = Notes()
        self._complete = False
        reader: type[PcapReader] | type[PcapngReader]
        source.need(4)
        head = source.view[:4] if source.size else b""
        if head == SECTION_MAGIC:
            reader, self.format = PcapngReader, "pcapng"
        elif head in MAGICS:
            reader, self.format = PcapReader, "pcap"
        else:
            start = f"it starts with {head.hex(' ')}" if head else "nothing is in it"
            what = source.problem or f"is not a capture file ({start}): give a pcap or pcapng file"
            raise CaptureError(f"{source.name}: {what}")
        self._reader = reader(source, self._index, self._notes)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Capture:
        """Open the capture at `path`; "-" is standard input. A pipe is waited for until its header is there.

        Raises CaptureError if there is no capture to be read: see there.
        """
        source = open_source(path)
        try:
            return cls(source)
        except CaptureError:
            source.close()
            raise

    @property
    def name(self) -> str:
        """Name of the file for messages."""
        return self._source.name

    @property
    def interfaces(self) -> list[Interface]:
        """Interfaces met so far, over all sections; `Interface.index` is the place in this list."""
        return self._reader.interfaces

    @property
    def sections(self) -> list[Section]:
        """Sections met so far; a classic pcap file is one section."""
        return self._reader.sections

    @property
    def notes(self) -> list[CaptureNote]:
        """What could not be read, or was passed over, so far."""
        return self._notes.list()

    @property
    def complete(self) -> bool:
        """Whether all that can be read is indexed."""
        return self._complete

    @property
    def live(self) -> bool:
        """Whether frames may have to be waited for: a pipe."""
        return self._source.blocking

    @property
    def progress(self) -> float | None:
        """Part of the file that is indexed, 0..1; None for a pipe."""
        return 1.0 if self._complete else self._source.progress(self._reader.at)

    def index_more(self, limit: int) -> bool:
        """Index up to `limit` further frames; True if there may be more after them.

        On a pipe it returns with what has arrived; it waits only if that is nothing. To index everything:
        `while c.index_more(100_000): ...`. After a KeyboardInterrupt in here the capture is not to be indexed
        further; its frames so far can be read.
        """
        self._source.check()
        before = len(self._index)
        while not self._complete and (missing := before + limit - len(self._index)) > 0:
            self._reader.scan(missing)
            if self._reader.stopped:
                self._complete = True
            elif len(self._index) - before < limit:
                if self._source.blocking and len(self._index) > before and not self._source.ended:
                    break
                if not self._source.grow() and not self._reader.finish():
                    self._complete = True
            if self._complete and self._source.problem:
                self._notes.add(self._source.size, self._source.problem)
        return not self._complete

    def columns(self, start: int, stop: int) -> FrameIndex:
        """A copy of the index of frames start..stop-1 (from 0), for work on many frames at once."""
        return self._index.part(start, stop)

    @property
    def buffer(self) -> mmap.mmap:
        """The unpacked file up to at least the last frame indexed, for `FrameIndex.offsets`.

        Another object after `index_more` on a stream; offsets stay the same.
        """
        self._source.check()
        return self._source.view

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, place: int) -> Frame:
        """Frame `place` (from 0), indexing up to it if need be; a negative place indexes the whole capture.

        Raises IndexError if there are not so many frames.
        """
        while (place < 0 or place >= len(self._index)) and self.index_more(_BATCH):
            pass
        self._source.check()
        count = len(self._index)
        if not -count <= place < count:
            raise IndexError(f"{self.name}: no frame at {place}, there are {count}")
        return self._reader.frame(place if place >= 0 else place + count)

    def __iter__(self) -> Iterator[Frame]:
        place = 0
        while place < len(self._index) or not self._complete:
            if place < len(self._index):
                yield self._reader.frame(place)
                place += 1
            else:
                self.index_more(_BATCH)

    def close(self) -> None:
        """Close the file. Frames already read stay valid."""
        self._source.close()

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
