# SPDX-License-Identifier: GPL-2.0-or-later
"""An open capture: frames decoded on demand, each with what is known of it from the rest of the capture."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from osgp_analyzer.analysis.pairing import find_request
from osgp_analyzer.app.decode import Decoded, Decoder
from osgp_analyzer.capture import Capture, CaptureError, Frame
from osgp_analyzer.engines.knowledge import Knowledge

T = TypeVar("T")

EVIDENCE = 64
"""Frames that are looked at to tell whether an interface keeps the CRC of LPDUs."""


@dataclass(frozen=True)
class Settings:
    """What the user chose. `links`: link type to layer class name. `crc`: whether LPDUs end in a CRC; None: found
    out for each interface."""

    links: Mapping[int, str] | None = None
    crc: bool | None = None


class Session:
    """Frames of one capture by index (from 0). Decoding is the same in whatever order frames are asked for."""

    def __init__(self, capture: Capture, settings: Settings = Settings()) -> None:
        self.capture, self.settings = capture, settings
        self.decoder = Decoder(settings.links)
        self._crc: dict[int, bool | None] = {}
        self._alone: _Recent[Decoded] = _Recent(4096)
        self._whole: _Recent[Decoded] = _Recent(1024)

    @classmethod
    def open(cls, path: str, settings: Settings = Settings()) -> Session:
        """Open a capture file (``-``: standard input). Raises `CaptureError` when it is none, has no frames, or none
        with a link type that can be decoded."""
        capture = Capture.open(path)
        session = cls(capture, settings)
        seekable = os.path.isfile(path)
        if not capture.index_more(EVIDENCE if seekable else 1) and len(capture) == 0:
            raise CaptureError(
                f"{capture.name}: the capture has no frames" + "".join(f"; {note.text}" for note in capture.notes)
            )
        while not any(session.decoder.knows(i.link_type) for i in capture.interfaces):
            if not capture.index_more(10_000):
                numbers = ", ".join(str(n) for n in sorted({i.link_type for i in capture.interfaces}))
                raise CaptureError(
                    f"{capture.name}: no frame has a link type that can be decoded (link type {numbers}); "
                    "if you know what it carries, name the decoder with --link N=DECODER"
                )
        return session

    def __len__(self) -> int:
        return len(self.capture)

    def __iter__(self) -> Iterator[Decoded]:
        index = 0
        while index < len(self.capture) or self.capture.index_more(1):
            if index < len(self.capture):
                yield self[index]
                index += 1

    def frame(self, index: int) -> Frame:
        """The frame as captured."""
        return self.capture[index]

    def __getitem__(self, index: int) -> Decoded:
        """The frame decoded with all that is known of it."""
        return self._whole.get(index, self._decode)

    def _decode(self, index: int) -> Decoded:
        alone = self._alone.get(index, self._decode_alone)
        request = find_request(index, self._values, self._time)
        if request is None:
            return alone
        known = Knowledge(request=self._alone.get(request, self._decode_alone).values, crc=self.keeps_crc(alone.frame))
        decoded = self.decoder.decode(alone.frame, known)
        decoded.request = request + 1
        return decoded

    def _decode_alone(self, index: int) -> Decoded:
        frame = self.capture[index]
        return self.decoder.decode(frame, Knowledge(crc=self.keeps_crc(frame)))

    def _values(self, index: int) -> Mapping[str, Any]:
        return self._alone.get(index, self._decode_alone).values

    def _time(self, index: int) -> int | None:
        return self.capture[index].time

    def keeps_crc(self, frame: Frame) -> bool | None:
        """Whether LPDUs from this interface end in a CRC: what the user says, what the file says, or what the first
        frames show (three in four have a right one)."""
        if self.settings.crc is not None:
            return self.settings.crc
        if frame.interface.fcs_length is not None:
            return frame.interface.fcs_length > 0
        if frame.flags is not None and frame.flags >> 5 & 15:
            return True
        index = frame.interface.index
        if index in self._crc:
            return self._crc[index]
        found = self._evidence(index)
        if len(self.capture) >= EVIDENCE or self.capture.complete:
            self._crc[index] = found
        return found

    def _evidence(self, interface: int) -> bool | None:
        good = seen = 0
        for index in range(min(len(self.capture), EVIDENCE)):
            frame = self.capture[index]
            if frame.interface.index == interface:
                status = self.decoder.decode(frame, Knowledge()).values.get("lpdu.crc_status")
                seen += status is not None
                good += status == 1
        return True if good * 4 >= seen * 3 > 0 else None


class _Recent(Generic[T]):
    """The last results of a function of an index."""

    def __init__(self, size: int) -> None:
        self.size, self.kept = size, OrderedDict[int, T]()

    def get(self, index: int, make: Callable[[int], T]) -> T:
        found = self.kept.get(index)
        if found is None:
            found = self.kept[index] = make(index)
            if len(self.kept) > self.size:
                self.kept.popitem(last=False)
        return found
