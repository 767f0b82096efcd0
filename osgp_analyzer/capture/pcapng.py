# SPDX-License-Identifier: GPL-2.0-or-later
"""pcapng files: sections of blocks, each section in its own byte order and with its own interfaces.

Source: draft-ietf-opsawg-pcapng 3 (file structure), 4 (blocks). A block whose length cannot be ends what
can be read of its section; the next section is then looked for, as files are made longer by appending
others to them.
"""

from __future__ import annotations

import numpy as np

from .blocks import (
    ENHANCED_PACKET,
    INTERFACE,
    LENGTH_LIMIT,
    OLD_PACKET,
    ORDERS,
    SECTION,
    SECTION_MAGIC,
    SIMPLE_PACKET,
    SMALLEST,
    WITHOUT_FRAMES,
    BlockFormat,
)
from .index import FrameIndex
from .lanes import ENOUGH, MANY, Flags, Places, Records, heads, numbers, walk
from .model import Frame, Interface, Section
from .notes import CaptureError, Notes
from .source import Source

_SEARCH_LIMIT = 16 << 20
"""How many octets after damage are searched for the next section."""


class PcapngReader:
    """Indexes and reads a pcapng file. `at`: byte offset up to which it is indexed."""

    def __init__(self, source: Source, index: FrameIndex, notes: Notes) -> None:
        """Raises CaptureError if the first section header is cut, damaged or of an unknown version."""
        self._source, self._index, self._notes = source, index, notes
        self.sections: list[Section] = []
        self.interfaces: list[Interface] = []
        self.at = 0
        self.stopped = False
        self._formats: list[BlockFormat] = []
        self._first = 0
        self._lost = ""
        self._search = 0
        name = source.name
        if not source.need(12):
            raise CaptureError(self._cut_header())
        order = ORDERS.get(source.view[8:12])
        if order is None:
            raise CaptureError(f"{name}: is not a pcapng file: no byte-order magic at byte 8")
        self._format = BlockFormat(order)
        length: int = self._format.head(source.view, 0)[1]
        if not SMALLEST[SECTION] <= length <= LENGTH_LIMIT or length & 3:
            raise CaptureError(f"{name}: is damaged: its section header claims {length} bytes (byte 4)")
        if not source.need(length):
            raise CaptureError(self._cut_header())
        if self._format.measure(source.view, 0, source.size) != length:
            raise CaptureError(f"{name}: is damaged: the section header has two lengths (bytes 4 and {length - 4})")
        major, minor = self._format.version(source.view, 0)
        if major != 1:
            raise CaptureError(f"{name}: is pcapng version {major}.{minor} (byte 12), only version 1 is known")
        self._start_section(length)

    def _cut_header(self) -> str:
        source = self._source
        what = source.problem or "it was cut, fetch it again"
        return f"{source.name}: ends at byte {source.size}, inside the section header: {what}"

    def scan(self, limit: int) -> None:
        """Index up to `limit` more frames, as far as the bytes of the source go."""
        view, size, index = self._source.view, self._source.size, self._index
        add_offset, add_ticks = index.offsets.append, index.ticks.append
        add_captured, add_length = index.captured.append, index.lengths.append
        add_interface, add_block = index.interfaces.append, index.blocks.append
        going_on = True
        target = len(index) + limit
        if limit >= MANY and len(index) < ENOUGH < limit:
            self.scan(ENOUGH)  # these tell how large blocks are
        while going_on and len(index) < target and not self.stopped:
            enhanced, total_length = self._format.enhanced, self._format.length
            first, declared = self._first, len(self.interfaces) - self._first
            last_head = -1 if self._lost else size - 32
            while target - len(index) >= MANY and len(index) >= ENOUGH and not self._lost and self._walk(target):
                pass
            at = self.at
            left = target - len(index)
            # Only sound Enhanced Packet Blocks are read here, a million of them in about a second.
            while left and at <= last_head:
                block, length, interface, high, low, captured, original = enhanced(view, at)
                following = at + length
                if (
                    block != ENHANCED_PACKET
                    or interface >= declared
                    or captured > length - 32
                    or following > size
                    or length & 3
                    or length > LENGTH_LIMIT
                    or total_length(view, following - 4)[0] != length
                ):
                    break
                add_offset(at + 28)
                add_ticks(high << 32 | low)
                add_captured(captured)
                add_length(original)
                add_interface(first + interface)
                add_block(ENHANCED_PACKET)
                at = following
                left -= 1
            self.at = at
            if left:
                going_on = self._find_section() if self._lost else self._read_block()

    def _walk(self, target: int) -> int:
        """Index sound Enhanced Packet Blocks many at a time, up to `target` frames in all; the number of frames."""
        source, index = self._source, self._index
        number = numbers(source.view, self._format.order)
        first, declared = self._first, len(self.interfaces) - self._first

        def size(places: Places) -> Places:
            length = number(places, 4)
            length = np.where((length & 3 == 0) & (length >= 32) & (length <= LENGTH_LIMIT), length, 0)
            sound = (number(places, 0) == ENHANCED_PACKET) & (number(places, 8) < declared)
            sound &= (number(places, 20) <= length - 32) & (number(places + length, -4) == length)
            return np.where(sound, length, 0)

        def likely(places: Places) -> Flags:
            return size(places) > 0

        average = 32 + sum(index.captured[-ENOUGH:]) // ENOUGH
        places = walk(Records(size, likely, 4), self.at, source.size, target - len(index), average)
        if not len(places):
            return 0
        _, _, interface, high, low, captured, length = heads(source.view, self._format.order, places, 7)
        ticks = high.astype(np.uint64) << np.uint64(32) | low
        index.add(places + 28, ticks, captured, length, interface + np.uint32(first), ENHANCED_PACKET)
        self.at = int(places[-1] + size(places[-1:])[0])
        return len(places)

    def finish(self) -> bool:
        """The source has ended: note what is left over. True: a further section was found, scan on."""
        if self.stopped or self.at == self._source.size:
            return False
        if not self._lost:
            self._lose("the file ends inside a block")
        return self._find_section(ended=True)

    def _read_block(self) -> bool:
        """Read the block at `at`, whatever it is; False if more bytes are needed."""
        view, size, at = self._source.view, self._source.size, self.at
        form = self._format
        if view[at : at + 4] == SECTION_MAGIC and at + 12 <= size:
            order = ORDERS.get(view[at + 8 : at + 12])
            if order is None:
                return self._lose("a section header has no byte-order magic")
            form = BlockFormat(order)
        length = form.measure(view, at, size)
        if length is None:
            return False
        block, claimed = form.head(view, at)
        if not length:
            return self._lose(f"a block claims {claimed} bytes, which cannot be")
        if length < SMALLEST.get(block, 12):
            if block == SECTION:
                return self._lose(f"a section header claims {claimed} bytes, which cannot be")
            self._notes.add(at, f"a block of type {block} is too short ({length} bytes), passed over", f"short {block}")
            self.at = at + length
        elif block == SECTION:
            major, minor = form.version(view, at)
            if major != 1:
                return self._lose(f"a section of the unknown version {major}.{minor}")
            self._format = form
            self._start_section(length)
        else:
            if block == INTERFACE:
                self._add_interface(length)
            elif block in (ENHANCED_PACKET, OLD_PACKET, SIMPLE_PACKET):
                self._add_packet(block, length)
            elif block not in WITHOUT_FRAMES:
                self._notes.add(at, f"a block of the unknown type 0x{block:08x}, passed over")
            self.at = at + length
        return True

    def _start_section(self, length: int) -> None:
        section, whole = self._format.section(self._source.view, self.at, length, len(self.sections))
        self.sections.append(section)
        self._first = len(self.interfaces)
        self._check_options(self.at, whole, "a section header")
        self.at += length

    def _add_interface(self, length: int) -> None:
        interface, whole = self._format.interface(self._source.view, self.at, length, len(self.interfaces))
        self._formats.append(self._format)
        self.interfaces.append(interface)
        self._check_options(self.at, whole, "an interface description")

    def _add_packet(self, block: int, length: int) -> None:
        """Index a Packet or Simple Packet Block, or note what is wrong with an Enhanced Packet Block."""
        view, at, index = self._source.view, self.at, self._index
        local, high, low, start, room = 0, 0, 0, at + 28, length - 32
        declared = len(self.interfaces) - self._first
        if block == ENHANCED_PACKET:
            _, _, local, high, low, captured, original = self._format.enhanced(view, at)
        elif block == OLD_PACKET:
            _, _, local, _, high, low, captured, original = self._format.old(view, at)
        else:
            captured = original = self._format.length(view, at + 8)[0]
            start, room = at + 12, length - 16
            if declared and (snap_length := self.interfaces[self._first].snap_length):
                captured = min(original, snap_length)
        if local >= declared:
            self._notes.add(
                at,
                f"a frame of interface {local}, which the file does not declare, passed over",
                "undeclared",
            )
        elif captured > room:
            text = f"a frame claims {captured} bytes, its block holds {room}, passed over"
            self._notes.add(at, text, "captured length")
        else:
            index.offsets.append(start)
            index.ticks.append(high << 32 | low)
            index.captured.append(captured)
            index.lengths.append(original)
            index.interfaces.append(self._first + local)
            index.blocks.append(block)

    def _lose(self, reason: str) -> bool:
        self._lost = reason
        self._search = self.at + 4
        return True

    def _find_section(self, *, ended: bool = False) -> bool:
        """Look for a section after the damage at `at`; False if more bytes are needed, or there is none."""
        view, size = self._source.view, self._source.size
        bound = self.at + _SEARCH_LIMIT
        while (found := view.find(SECTION_MAGIC, self._search, min(size, bound))) >= 0:
            order = ORDERS.get(view[found + 8 : found + 12])
            length = BlockFormat(order).measure(view, found, size) if order else 0
            if not ended and (length is None or found + 12 > size):
                self._search = found
                return False
            if length and length >= SMALLEST[SECTION]:
                self._note_loss(f"{found - self.at} bytes up to the next section not read")
                self.at = found
                self._lost = ""
                return True
            self._search = found + 1
        self._search = max(self._search, min(size, bound) - 3)
        if size < bound and not ended:
            return False
        self._note_loss(f"{size - self.at} bytes not read" if self._source.ended else "the rest not read")
        self.stopped = True
        return False

    def _note_loss(self, text: str) -> None:
        self._notes.add(self.at, f"{self._lost}, after frame {len(self._index)}: {text}")

    def _check_options(self, at: int, whole: bool, what: str) -> None:
        if not whole:
            self._notes.add(at, f"the options of {what} run past its end: the last ones are lost")

    def frame(self, place: int) -> Frame:
        """Frame number place + 1."""
        interface = self.interfaces[self._index.interfaces[place]]
        blocks = self._formats[interface.index]
        frame, whole = blocks.frame(self._source.view, self._index, place, interface)
        self._check_options(self._index.offsets[place], whole, "a frame")
        return frame
