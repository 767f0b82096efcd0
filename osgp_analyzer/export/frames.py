# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames as capture files: pcapng as they were captured, and pcapng that Wireshark reads without a plug-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from dissectors.carriers import LINK_TYPES
from dissectors.layers import layer_class
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.capture import Capture, CaptureError, Frame, Interface, PcapngWriter
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.export.database import Selection

EXPORTED_PDU = 252
PRIVATE = range(147, 163)
"""Link types for private use: Wireshark has no decoder for them."""
BAD_CRC = 1 << 24


def write_pcapng(capture: Capture, selection: Selection, out: BinaryIO) -> None:
    """The frames as they are, with comments, options, times and interfaces. Interfaces keep their numbers, also where
    none of their frames is chosen. Sections become one; comments of the first stay."""
    with _writer(capture, out) as writer:
        declared = 0
        for tracked, mask in selection:
            with _fitting(capture):
                for interface in capture.interfaces[declared:]:
                    writer.add_interface(interface)
                declared = len(capture.interfaces)
                for index in _indices(tracked, mask):
                    frame = capture[index]
                    writer.write_frame(frame, frame.interface.index)


def write_wireshark(capture: Capture, selection: Selection, out: BinaryIO) -> None:
    """LonTalk frames of link types for private use as exported PDUs, which Wireshark's own dissector reads; all other
    frames as they are.

    That dissector takes a CRC for data of the application, so it is left out; a wrong one is marked in the flags.
    """
    tags = exported_tags()
    numbers: dict[tuple[int, bool], int] = {}
    with _writer(capture, out) as writer:
        for tracked, mask in selection:
            start, end = _frames_inside(tracked)
            wrong = tracked.chunk.columns["lpdu.crc_status"] == 0
            with _fitting(capture):
                for index in _indices(tracked, mask):
                    frame = capture[index]
                    row = index - tracked.chunk.start
                    inside = bool(start[row] >= 0)
                    if inside:
                        frame = _exported(frame, tags, int(start[row]), int(end[row]), bool(wrong[row]))
                    key = frame.interface.index, inside
                    if key not in numbers:
                        numbers[key] = writer.add_interface(
                            _of_exported(frame.interface) if inside else frame.interface
                        )
                    writer.write_frame(frame, numbers[key])


def _writer(capture: Capture, out: BinaryIO) -> PcapngWriter:
    comments = capture.sections[0].comments if capture.sections else ()
    return PcapngWriter(out, section_comment="\n".join(comments))


@contextmanager
def _fitting(capture: Capture) -> Iterator[None]:
    """What the format of the capture can hold and pcapng cannot is an error for people."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise CaptureError(f"{capture.name}: cannot be kept in pcapng: {error}") from error


def _indices(tracked: Tracked, mask: Bools) -> Iterator[int]:
    yield from (np.flatnonzero(mask) + tracked.chunk.start).tolist()


def exported_tags() -> bytes:
    """What stands before each LPDU: the tags that name Wireshark's dissector of LonTalk."""
    tag = layer_class("UpperPDU")
    name = b"cnip.protocol\0\0\0"
    return bytes(tag(tag=14, length=len(name), dissector=name) / tag(tag=32, length=4, number=0) / tag(tag=0, length=0))


def _frames_inside(tracked: Tracked) -> tuple[Ints, Ints]:
    """Where in each captured frame of a private link type its LPDU is, without the CRC; -1 where there is none."""
    chunk = tracked.chunk
    size = chunk.stop - chunk.start
    start, end = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    private = {i.index for i in tracked.store.capture.interfaces if _is_private(i)}
    if not private:
        return start, end
    for rows, groups in tracked.groups:
        for group in groups:
            if group.definition is not None and group.definition.name == "lpdu":
                where = rows[group.frames]
                free = (start[where] < 0) & np.isin(chunk.interface[where], list(private))
                start[where[free]] = (group.start - chunk.offset[where])[free]
                end[where[free]] = (_end(group) - chunk.offset[where])[free]
    return start, end


def _is_private(interface: Interface) -> bool:
    return interface.link_type in PRIVATE or interface.link_type not in LINK_TYPES


def _end(group: Group) -> Ints:
    """The end of the LPDUs of a group, without the CRC where they have one."""
    end = group.whole.copy()
    crc = group.columns.get("crc")
    if crc is not None and crc.present.any():
        first, _ = crc.where()
        end[crc.present] = first[crc.present] >> 3
    return end


def _exported(frame: Frame, tags: bytes, start: int, end: int, wrong: bool) -> Frame:
    """A frame as an exported PDU, its interface still the old one; what was not captured stays missing."""
    missing = max(0, frame.length - len(frame.data))
    data = tags + frame.data[start:end]
    flags = frame.flags
    if flags is not None:
        flags = flags & ~(0xF << 5)  # length of the frame check sequence: there is none now
    if wrong:
        flags = (flags or 0) | BAD_CRC
    return replace(frame, data=data, length=len(data) + missing, flags=flags)


def _of_exported(interface: Interface) -> Interface:
    return replace(interface, link_type=EXPORTED_PDU, snap_length=0, fcs_length=None)
