# SPDX-License-Identifier: GPL-2.0-or-later
"""pcapng blocks: type and total length (32 bits each), body, total length again; read in either byte order.

Source: draft-ietf-opsawg-pcapng 3.1 (general block structure), 4 (blocks), 10 (obsolete Packet Block,
appendix A).
"""

from __future__ import annotations

import mmap
import struct

from . import options as opt
from .index import FrameIndex
from .model import Frame, Interface, Section

SECTION = 0x0A0D0D0A
INTERFACE = 1
OLD_PACKET = 2
SIMPLE_PACKET = 3
ENHANCED_PACKET = 6

WITHOUT_FRAMES = {
    4: "names",
    5: "statistics",
    0x0A: "decryption secrets",
    0x0BAD: "custom",
    0x40000BAD: "custom",
}
"""Blocks that are passed over in silence."""

SMALLEST = {SECTION: 28, INTERFACE: 20, OLD_PACKET: 32, SIMPLE_PACKET: 16, ENHANCED_PACKET: 32}
LENGTH_LIMIT = 256 << 20
"""Octets of one block; a block that claims more is damaged."""

SECTION_MAGIC = SECTION.to_bytes(4, "big")
ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
"""Byte-order magic of a section header -> byte order as in `struct`."""

_DROPS_UNKNOWN = 0xFFFF
_FRAME_AT = 28
"""Where the frame starts in a Packet or Enhanced Packet Block."""


class BlockFormat:
    """The structures of blocks in one byte order ("<" or ">")."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.head = struct.Struct(order + "II").unpack_from
        self.length = struct.Struct(order + "I").unpack_from
        self.enhanced = struct.Struct(order + "IIIIIII").unpack_from
        """Type, total length, interface, stamp high, stamp low, captured length, original length."""
        self.old = struct.Struct(order + "IIHHIIII").unpack_from
        """The same, with interface and number of drops in 16 bits each."""

    def measure(self, view: mmap.mmap, at: int, size: int) -> int | None:
        """Total length of the block at `at`; 0 if it cannot be one, None if it goes past `size`."""
        if at + 12 > size:
            return None
        length: int = self.head(view, at)[1]
        if length < 12 or length & 3 or length > LENGTH_LIMIT:
            return 0
        if at + length > size:
            return None
        return length if self.length(view, at + length - 4)[0] == length else 0

    def version(self, view: mmap.mmap, at: int) -> tuple[int, int]:
        """Major and minor version of a Section Header Block."""
        major, minor = struct.unpack_from(self.order + "HH", view, at + 12)
        return major, minor

    def section(self, view: mmap.mmap, at: int, length: int, index: int) -> tuple[Section, bool]:
        """The Section Header Block at `at`, and whether its option list is whole."""
        options = opt.OptionList(view[at + 24 : at + length - 4], self.order, opt.SHB_INTEGERS)
        section = Section(
            index=index,
            byte_order="little" if self.order == "<" else "big",
            comments=options.texts(opt.COMMENT),
            hardware=options.text(opt.SHB_HARDWARE),
            os=options.text(opt.SHB_OS),
            application=options.text(opt.SHB_APPLICATION),
            options=options.rest(),
        )
        return section, options.whole

    def interface(self, view: mmap.mmap, at: int, length: int, index: int) -> tuple[Interface, bool]:
        """The Interface Description Block at `at`, and whether its option list is whole."""
        link_type, _reserved, snap_length = struct.unpack_from(self.order + "HHI", view, at + 8)
        options = opt.OptionList(view[at + 16 : at + length - 4], self.order, opt.IDB_INTEGERS)
        tsresol = options.integer(opt.IF_TSRESOL, 1)
        interface = Interface(
            index=index,
            link_type=link_type,
            snap_length=snap_length,
            name=options.text(opt.IF_NAME),
            description=options.text(opt.IF_DESCRIPTION),
            ticks_per_second=opt.tsresol_ticks(6 if tsresol is None else tsresol),
            time_offset=options.integer(opt.IF_TSOFFSET, 8, signed=True) or 0,
            fcs_length=options.integer(opt.IF_FCSLEN, 1),
            speed=options.integer(opt.IF_SPEED, 8),
            hardware=options.text(opt.IF_HARDWARE),
            os=options.text(opt.IF_OS),
            filter=options.filter_text(),
            options=options.rest(),
        )
        return interface, options.whole

    def frame(self, view: mmap.mmap, index: FrameIndex, place: int, interface: Interface) -> tuple[Frame, bool]:
        """The frame at `place` of the index, and whether its option list is whole."""
        start, captured, length = index.offsets[place], index.captured[place], index.lengths[place]
        data = view[start : start + captured]
        block = index.blocks[place]
        if block == SIMPLE_PACKET:
            return Frame(place + 1, None, data, length, interface), True
        at = start - _FRAME_AT
        end = at + self.length(view, at + 4)[0]
        ticks = index.ticks[place]
        time = interface.nanoseconds(ticks)
        options_at = start + captured + (-captured & 3)
        if options_at == end - 4 and block == ENHANCED_PACKET:
            return Frame(place + 1, time, data, length, interface, ticks=ticks), True
        options = opt.OptionList(view[options_at : end - 4], self.order, opt.EPB_INTEGERS)
        comments = options.texts(opt.COMMENT)
        flags = options.integer(opt.EPB_FLAGS, 4)
        rest = options.rest()
        if block == OLD_PACKET and (drops := self.old(view, at)[3]) != _DROPS_UNKNOWN:
            rest += ((opt.EPB_DROPCOUNT, drops.to_bytes(8, "little")),)
        return Frame(place + 1, time, data, length, interface, comments, flags, rest, ticks), options.whole
