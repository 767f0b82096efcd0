# SPDX-License-Identifier: GPL-2.0-or-later
"""Classic pcap files: a header of 24 octets, then records of a header and a frame.

Source: draft-ietf-opsawg-pcap (magic numbers, link type word, record header); libpcap sf-pcap.c for the
modified format a1b2cd34 with its record header of 24 octets. Files are in the byte order of the machine
that wrote them.
"""

from __future__ import annotations

import struct
from itertools import repeat

import numpy as np

from .index import PCAP_RECORD, FrameIndex
from .lanes import ENOUGH, MANY, Flags, Places, Records, heads, numbers, walk
from .model import Frame, Interface, Section
from .notes import CaptureError, Notes
from .source import Source

LIKELY_LENGTH = 1 << 18
LIKELY_AWAY = 10**8
"""Seconds: what is taken for a record until that is proved."""
CAPTURED_LIMIT = 256 << 20
"""Octets of one frame; a record that claims more is damaged."""

_FORMATS = {0xA1B2C3D4: (10**6, 16), 0xA1B23C4D: (10**9, 16), 0xA1B2CD34: (10**6, 24)}
"""Magic -> ticks a second, octets of a record header."""
MAGICS = {magic.to_bytes(4, order): (magic, order) for magic in _FORMATS for order in ("little", "big")}

_HEADER_LENGTH = 24
_FCS_PRESENT = 0x04000000


class PcapReader:
    """Indexes and reads a classic pcap file. `at`: byte offset up to which it is indexed."""

    def __init__(self, source: Source, index: FrameIndex, notes: Notes) -> None:
        """Raises CaptureError if the file header is cut or of an unknown version."""
        self._source, self._index, self._notes = source, index, notes
        magic, byte_order = MAGICS[source.view[:4]]
        order = "<" if byte_order == "little" else ">"
        if not source.need(_HEADER_LENGTH):
            what = source.problem or "it was cut, fetch it again"
            raise CaptureError(f"{source.name}: ends at byte {source.size}, inside its file header: {what}")
        major, minor, _zone, _accuracy, snap_length, link = struct.unpack_from(order + "HHiIII", source.view, 4)
        if major != 2:
            raise CaptureError(f"{source.name}: is pcap version {major}.{minor} (byte 4), only version 2 is known")
        ticks_per_second, self._head_length = _FORMATS[magic]
        self._record = struct.Struct(order + "IIII")
        self.sections = [Section(0, byte_order)]
        # The upper half of the word tells of the FCS (in units of 16 bits), or is to be ignored.
        fcs_length = (link >> 28) * 2 if link & _FCS_PRESENT else None
        self.interfaces = [
            Interface(0, link & 0xFFFF, snap_length, ticks_per_second=ticks_per_second, fcs_length=fcs_length)
        ]
        self.at = _HEADER_LENGTH
        self.stopped = False

    def scan(self, limit: int) -> None:
        """Index up to `limit` more frames, as far as the bytes of the source go."""
        target = len(self._index) + limit
        if limit >= MANY and len(self._index) < ENOUGH:
            self._scan(ENOUGH)  # these tell how large records are
        while target - len(self._index) >= MANY and not self.stopped and self._walk(target - len(self._index)):
            pass
        if not self.stopped:
            self._scan(target - len(self._index))

    def _walk(self, limit: int) -> int:
        """Index frames many at a time; the number of frames. None where something is not as it should be."""
        source, index, head = self._source, self._index, self._head_length
        if len(index) < ENOUGH:
            return 0
        number = numbers(source.view, self._record.format[0])
        recent = int(index.ticks[-1]) // self.interfaces[0].ticks_per_second

        def size(places: Places) -> Places:
            captured = number(places, 8)
            return np.where(captured <= CAPTURED_LIMIT, captured + head, 0)

        def likely(places: Places) -> Flags:
            captured, length, seconds = number(places, 8), number(places, 12), number(places, 0)
            return (captured <= length) & (length < LIKELY_LENGTH) & (abs(seconds - recent) < LIKELY_AWAY)

        average = (self.at - _HEADER_LENGTH) // len(index)
        places = walk(Records(size, likely), self.at, source.size, limit, average)
        if not len(places):
            return 0
        seconds, fraction, captured, length = heads(source.view, self._record.format[0], places, 4)
        ticks = seconds * np.int64(self.interfaces[0].ticks_per_second) + fraction
        count = len(places)
        index.add(places + head, ticks, captured, length, np.zeros(count, np.uint32), PCAP_RECORD)
        self.at = int(places[-1] + head + captured[-1])
        return count

    def _scan(self, limit: int) -> None:
        view, size, at = self._source.view, self._source.size, self.at
        record, head_length = self._record.unpack_from, self._head_length
        per_second = self.interfaces[0].ticks_per_second
        index = self._index
        add_offset, add_ticks = index.offsets.append, index.ticks.append
        add_captured, add_length = index.captured.append, index.lengths.append
        last_head = size - head_length
        count = 0
        while count < limit and at <= last_head:
            seconds, fraction, captured, length = record(view, at)
            start = at + head_length
            following = start + captured
            if following > size or captured > CAPTURED_LIMIT:
                self.stopped = captured > CAPTURED_LIMIT
                break
            add_offset(start)
            add_ticks(seconds * per_second + fraction)
            add_captured(captured)
            add_length(length)
            at = following
            count += 1
        self.at = at
        index.interfaces.extend(repeat(0, count))
        index.blocks.extend(repeat(PCAP_RECORD, count))
        if self.stopped:
            self._note_rest("a record claims {} bytes, which cannot be")

    def finish(self) -> bool:
        """The source has ended: note what is left over. False: there is nothing more to scan."""
        if self.at < self._source.size:
            if self.at + self._head_length > self._source.size:
                self._note_rest("the file ends inside a record header")
            else:
                self._note_rest("the file ends inside a record that claims {} bytes")
        return False

    def _note_rest(self, reason: str) -> None:
        source, at = self._source, self.at
        if "{}" in reason:
            reason = reason.format(self._record.unpack_from(source.view, at)[2])
        rest = f"{source.size - at} bytes" if source.ended else "the rest"
        self._notes.add(at, f"{reason}, after frame {len(self._index)}: {rest} not read")

    def frame(self, place: int) -> Frame:
        """Frame number place + 1."""
        index, interface = self._index, self.interfaces[0]
        start, ticks = index.offsets[place], index.ticks[place]
        data = self._source.view[start : start + index.captured[place]]
        return Frame(place + 1, interface.nanoseconds(ticks), data, index.lengths[place], interface, ticks=ticks)
