# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the frames of a capture are: columns of 29 octets a frame, and no object per frame."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]]

PCAP_RECORD = 0
"""In `FrameIndex.blocks`, for a frame of a classic pcap file; else the pcapng block type."""


class FrameIndex:
    """One entry a frame in each column, in the order of the file.

    offsets ('Q'): byte offset of the frame's first octet in the unpacked file. captured ('I'): octets there.
    lengths ('I'): octets on the wire. interfaces ('I'): `Interface.index`.
    ticks ('Q'): stamp; `Interface.nanoseconds` turns it into time. blocks ('B'): type of block, 0 in
    classic pcap; a frame in a Simple Packet Block (3) has no stamp.
    """

    __slots__ = ("blocks", "captured", "interfaces", "lengths", "offsets", "ticks")

    def __init__(self) -> None:
        self.offsets = array("Q")
        self.captured = array("I")
        self.lengths = array("I")
        self.interfaces = array("I")
        self.ticks = array("Q")
        self.blocks = array("B")

    def __len__(self) -> int:
        # The column that is filled last, so that a thread that reads while another indexes sees whole
        # entries.
        return len(self.blocks)

    def add(
        self, offsets: Numbers, ticks: Numbers, captured: Numbers, lengths: Numbers, interfaces: Numbers, block: int
    ) -> None:
        """Append entries, all of one type of block."""
        for column, values in (
            (self.offsets, offsets),
            (self.ticks, ticks),
            (self.captured, captured),
            (self.lengths, lengths),
            (self.interfaces, interfaces),
        ):
            column.frombytes(np.ascontiguousarray(values, column.typecode).view(np.uint8).data)
        self.blocks.frombytes(bytes([block]) * len(offsets))

    def part(self, start: int, stop: int) -> FrameIndex:
        """A copy of the entries start..stop-1: NumPy may hold it while the index goes on growing."""
        part = FrameIndex()
        for column in self.__slots__:
            setattr(part, column, getattr(self, column)[start:stop])
        return part
