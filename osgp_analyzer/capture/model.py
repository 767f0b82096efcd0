# SPDX-License-Identifier: GPL-2.0-or-later
"""What a capture consists of: sections, interfaces, frames.

Options are `(code, value)` pairs as in pcapng (draft-ietf-opsawg-pcapng). Those that have a field of their
own here are not repeated in `options`. Integers inside known options are little-endian, whatever order the
file has, so that they can be read, and written to another file, without knowing where they came from.
"""

from __future__ import annotations

from dataclasses import dataclass

Options = tuple[tuple[int, bytes], ...]

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a pcapng file (Section Header Block); a classic pcap file counts as one section.

    `byte_order`: "little" or "big".
    """

    index: int
    byte_order: str
    comments: tuple[str, ...] = ()
    hardware: str = ""
    os: str = ""
    application: str = ""
    options: Options = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """What frames were captured on (Interface Description Block, or the header of a classic pcap file).

    index: running number over all sections of the capture, from 0.
    link_type: LINKTYPE number. snap_length: most octets kept of a frame, 0 for no limit.
    ticks_per_second, time_offset (seconds): turn the stamps of the file into time, see `nanoseconds`.
    fcs_length: octets of frame check sequence at the end of each frame, None if the file does not say. The
    pcapng draft says "in bits" with 4 as its example; Wireshark reads octets, and so is it here.
    speed: bit/s, or None. filter: capture filter, if given as text.
    """

    index: int
    link_type: int
    snap_length: int = 0
    name: str = ""
    description: str = ""
    ticks_per_second: int = 1_000_000
    time_offset: int = 0
    fcs_length: int | None = None
    speed: int | None = None
    hardware: str = ""
    os: str = ""
    filter: str = ""
    options: Options = ()

    def nanoseconds(self, ticks: int) -> int:
        """Time of a stamp, ns since 1970-01-01 UTC; rounded down, in integers only."""
        return self.time_offset * NANOSECONDS + ticks * NANOSECONDS // self.ticks_per_second

    def ticks(self, time: int) -> int:
        """Stamp of a time in ns: the inverse of `nanoseconds`, exact if ticks are 1 ns or longer."""
        return -(-(time - self.time_offset * NANOSECONDS) * self.ticks_per_second // NANOSECONDS)


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured frame.

    number: 1 for the first frame of the capture. time: ns since 1970-01-01 UTC, None if the file has none
    (Simple Packet Block). data: octets captured. length: octets on the wire.
    flags: epb_flags or None: bits 0-1 direction (1 in, 2 out), 2-4 reception, 5-8 FCS length in octets,
    16-31 link errors. ticks: the stamp as stored, in ticks of the interface; it keeps what is finer than a
    nanosecond.
    """

    number: int
    time: int | None
    data: bytes
    length: int
    interface: Interface
    comments: tuple[str, ...] = ()
    flags: int | None = None
    options: Options = ()
    ticks: int | None = None

    @property
    def link_type(self) -> int:
        """LINKTYPE number of the interface."""
        return self.interface.link_type
