# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes pcapng: one little-endian section; new interfaces count nanoseconds, copied ones as they did."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO

from . import blocks
from . import options as opt
from .model import NANOSECONDS, Frame, Interface, Options
from .notes import CaptureError
from .part import Part
from .source import write_all

_VERSION = (1, 0)
_LENGTH_UNKNOWN = -1


class PcapngWriter:
    """A pcapng file being written.

    Given a path, the file is written beside it under a name that ends in ".part", and takes its own name
    when it is closed; if anything fails, or the `with` block is left by an exception, it is removed. Given
    a binary file, or the path of something that is no regular file (a pipe, a device), the blocks go
    straight there, and whatever was written stays: the way for a live capture. A file object is flushed but
    not closed. All methods raise CaptureError if the system cannot write, with its OSError as the cause.
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | BinaryIO,
        *,
        section_comment: str = "",
        application: str = "osgp-analyzer",
    ) -> None:
        self._interfaces: list[Interface] = []
        self._numbers: dict[Interface, int] = {}
        self._part: Part | None = None
        self._owned = isinstance(file, (str, os.PathLike))
        if isinstance(file, (str, os.PathLike)):
            self.name = os.fsdecode(file)
            self._file = self._open_path()
        else:
            self.name = str(getattr(file, "name", "output"))
            self._file = file
        self._open = True
        try:
            options = opt.text_options((opt.COMMENT, section_comment), (opt.SHB_APPLICATION, application))
            head = struct.pack("<IHHq", 0x1A2B3C4D, *_VERSION, _LENGTH_UNKNOWN)
            self._write_block(blocks.SECTION, head, opt.pack_options(options))
        except BaseException:  # a signal too must not leave a part behind; it goes on
            self.discard()
            raise

    def _open_path(self) -> BinaryIO:
        try:
            # A link to a file is written through, not replaced by a file.
            target = os.path.realpath(self.name)
            if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
                return open(target, "wb")
            self._part = Part(target)
            return open(self._part.path, "xb")
        except (OSError, ValueError) as error:
            if self._part:
                self._part.discard()
            raise CaptureError(self._failure(error)) from error

    def add_interface(
        self,
        link_type: int | Interface,
        *,
        snap_length: int = 0,
        name: str = "",
        description: str = "",
        fcs_length: int | None = None,
        speed: int | None = None,
        hardware: str = "",
        os: str = "",
        filter: str = "",
        options: Options = (),
    ) -> int:
        """Declare an interface and return its number for `write`.

        A LINKTYPE number makes a new one that counts nanoseconds; the other arguments are as in
        `Interface`. An `Interface` is copied with all it has, resolution and offset too; other arguments
        are then not looked at. Raises ValueError or OverflowError for values that pcapng cannot hold.
        """
        number = len(self._interfaces)
        if isinstance(link_type, Interface):
            interface = link_type
        else:
            interface = Interface(
                number, link_type, snap_length, name, description, NANOSECONDS, 0, fcs_length, speed,
                hardware, os, filter, options,
            )  # fmt: skip
        head = interface.link_type.to_bytes(2, "little") + bytes(2) + interface.snap_length.to_bytes(4, "little")
        self._write_block(blocks.INTERFACE, head, opt.pack_options(_interface_options(interface)))
        self._interfaces.append(interface)
        self._numbers.setdefault(interface, number)
        return number

    def write(
        self,
        data: bytes,
        time_ns: int | None,
        interface: int = 0,
        *,
        length: int | None = None,
        comments: Iterable[str] = (),
        flags: int | None = None,
        options: Options = (),
    ) -> None:
        """Write a frame captured at `time_ns`, ns since 1970-01-01 UTC; see `Frame` for the other arguments.

        No time makes a Simple Packet Block. That knows only interface 0 and no options; if it cannot hold the
        frame, the frame is stamped with the earliest time of the interface instead.
        Raises ValueError if the interface is not declared or its stamps cannot express the time exactly.
        """
        length = len(data) if length is None else length
        self._write(
            Frame(0, time_ns, data, length, self._declared(interface), tuple(comments), flags, options),
            interface,
        )

    def write_frame(self, frame: Frame, interface: int | None = None) -> None:
        """Write a frame of a capture with all it has; its number becomes that of its place in the new file.

        Its interface is declared when it is first met. When captures are merged, interfaces of several
        files may be equal: give the number of the declared interface then. Raises as `write` does.
        """
        if interface is None:
            interface = self._numbers.get(frame.interface)
        if interface is None:
            interface = self.add_interface(frame.interface)
        self._write(frame, interface)

    def _declared(self, number: int) -> Interface:
        if not 0 <= number < len(self._interfaces):
            raise ValueError(f"interface {number} is not declared, there are {len(self._interfaces)}")
        return self._interfaces[number]

    def _write(self, frame: Frame, number: int) -> None:
        interface = self._declared(number)
        data, length = frame.data, frame.length
        if not 0 <= length < 1 << 32:
            raise ValueError(f"a frame of {length} bytes: 32 bits hold its length")
        options = [] if frame.flags is None else [(opt.EPB_FLAGS, frame.flags.to_bytes(4, "little"))]
        options += opt.text_options(*((opt.COMMENT, comment) for comment in frame.comments))
        options += frame.options
        simple = frame.time is None and number == 0 and not options
        if simple and len(data) == min(length, interface.snap_length or length):
            self._write_block(blocks.SIMPLE_PACKET, length.to_bytes(4, "little"), _padded(data))
            return
        stamp = _stamp(frame, interface)
        head = struct.pack("<IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(data), length)
        self._write_block(blocks.ENHANCED_PACKET, head, _padded(data), opt.pack_options(options))

    def _write_block(self, block: int, *parts: bytes) -> None:
        length = 12 + sum(map(len, parts))
        if length > blocks.LENGTH_LIMIT:
            raise ValueError(f"a block of {length} bytes: readers take at most {blocks.LENGTH_LIMIT}")
        if not self._open:
            raise CaptureError(f"{self.name}: is closed, or could not be written before")
        try:
            head, tail = struct.pack("<II", block, length), struct.pack("<I", length)
            write_all(self._file, b"".join((head, *parts, tail)))
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.discard()
        raise CaptureError(self._failure(error)) from error

    def _failure(self, error: OSError | ValueError) -> str:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return f"{self.name}: cannot be written: {reason}"

    def flush(self) -> None:
        """Hand what was written so far to the system, so that others can read it."""
        try:
            self._file.flush()
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Finish the file, and give it its name. Does nothing if it is closed already."""
        if not self._open:
            return
        self.flush()
        try:
            if self._owned:
                self._file.close()
            if self._part:
                self._part.finish()
        except OSError as error:
            self._fail(error)
        self._open = False

    def discard(self) -> None:
        """Give up: nothing gets the name of the file, and what stood there before stays."""
        if not self._open:
            return
        self._open = False
        with suppress(OSError):
            if self._owned:
                self._file.close()
        if self._part:
            self._part.discard()

    def __enter__(self) -> PcapngWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) & 3)


def _stamp(frame: Frame, interface: Interface) -> int:
    time, ticks = frame.time, frame.ticks
    if time is None:
        return 0
    # The stamp of a copied frame may be finer than ns; it counts unless somebody has changed the time.
    if ticks is None or interface.nanoseconds(ticks) != time:
        ticks = interface.ticks(time)
    if not 0 <= ticks < 1 << 64 or interface.nanoseconds(ticks) != time:
        rate = f"{interface.ticks_per_second} ticks a second from {interface.time_offset} s"
        raise ValueError(f"time {time} ns is no stamp of an interface with {rate}")
    return ticks


def _interface_options(interface: Interface) -> list[tuple[int, bytes]]:
    options = opt.text_options(
        (opt.IF_NAME, interface.name),
        (opt.IF_DESCRIPTION, interface.description),
        (opt.IF_HARDWARE, interface.hardware),
        (opt.IF_OS, interface.os),
    )
    if interface.speed is not None:
        options.append((opt.IF_SPEED, interface.speed.to_bytes(8, "little")))
    options.append((opt.IF_TSRESOL, bytes([opt.ticks_tsresol(interface.ticks_per_second)])))
    if interface.time_offset:
        options.append((opt.IF_TSOFFSET, interface.time_offset.to_bytes(8, "little", signed=True)))
    if interface.fcs_length is not None:
        options.append((opt.IF_FCSLEN, bytes([interface.fcs_length])))
    if interface.filter:
        options.append((opt.IF_FILTER, b"\0" + interface.filter.encode("utf-8", "replace")))
    return [*options, *interface.options]
