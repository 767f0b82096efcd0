# SPDX-License-Identifier: GPL-2.0-or-later
"""BT61, BT63, BT64: the load profile, one block a day (MEP guide p.233-241)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osgp_analyzer.simulate.layout import SECOND, Layout
from osgp_analyzer.simulate.load import DAY, ORIGIN

if TYPE_CHECKING:
    from osgp_analyzer.simulate.meter import Meter

BLOCKS = 40


@dataclass(frozen=True)
class Profile:
    """Channels of a load profile, and the minutes of an interval."""

    channels: int
    minutes: int

    @property
    def intervals(self) -> int:
        """Intervals in a block."""
        return 1440 // self.minutes

    @property
    def status_size(self) -> int:
        """Bytes of the extended status of an interval."""
        return self.channels // 2 + 1

    @property
    def interval_size(self) -> int:
        """Bytes of an interval."""
        return self.status_size + 4 * self.channels

    @property
    def header_size(self) -> int:
        """Bytes of a block in front of its intervals."""
        return 5 + (self.intervals + 7) // 8

    @property
    def block_size(self) -> int:
        """Bytes of a block."""
        return self.header_size + self.intervals * self.interval_size


def bt61(meter: Meter, time: int) -> Layout:
    """Actual Load Profile, with one data set."""
    table, profile = Layout("bt61"), meter.profile
    table.uint("memory_length", BLOCKS * profile.block_size, 4)
    names = [f"set{n}_inhibit_overflow" for n in range(1, 5)]
    names += ["end_readings", "end_pulses", *(f"set{n}_scalar_divisor" for n in range(1, 5))]
    parts = [(name, bit, 1, 0) for bit, name in enumerate(names)]
    table.bits(2, *parts, ("extended_interval_status", 10, 1, 1), ("simple_interval_status", 11, 1, 1))
    formats = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "ni_fmat1", "ni_fmat2")
    table.bits(1, *((f"format_{name}", bit, 1, int(name == "int32")) for bit, name in enumerate(formats)))
    table.uint("set1_blocks", BLOCKS, 2)
    table.uint("set1_intervals", profile.intervals, 2)
    table.uint("set1_channels", profile.channels)
    table.uint("set1_interval_time", profile.minutes)
    return table


def place(meter: Meter, time: int) -> tuple[int, int, int]:
    """Sequence number of the last block, its index, and how many of its intervals are over."""
    now = meter.clock(time)
    day = (now - ORIGIN) // DAY
    done = now % DAY // (meter.profile.minutes * 60 * SECOND)
    return (day, day % BLOCKS, done) if done else (day - 1, (day - 1) % BLOCKS, meter.profile.intervals)


def bt63(meter: Meter, time: int) -> Layout:
    """Load Profile Status."""
    table = Layout("bt63.set")
    sequence, index, done = place(meter, time)
    table.bits(1, ("block_order", 0, 1, 0), ("overflow", 1, 1, 0), ("list_type", 2, 1, 1),
               ("block_inhibit_overflow", 3, 1, 0), ("interval_order", 4, 1, 0), ("active_mode", 5, 1, 1),
               ("test_mode", 6, 1, 0))  # fmt: skip
    table.uint("valid_blocks", BLOCKS, 2)
    table.uint("last_block", index, 2)
    table.uint("last_block_sequence_number", sequence, 4)
    table.uint("unread_blocks", 1, 2)
    table.uint("valid_intervals", done, 2)
    return table


def bt64(meter: Meter, time: int, offset: int = 0, count: int | None = None) -> Layout:
    """Load Profile Data Set 1: the blocks that a part of the table touches, or all of it."""
    profile = meter.profile
    first = offset // profile.block_size
    last = BLOCKS if count is None else min(BLOCKS, -(-(offset + count) // profile.block_size))
    table = Layout("bt64", first * profile.block_size)
    for block in range(first, last):
        _block(table, meter, time, block)
    return table


def _block(table: Layout, meter: Meter, time: int, block: int) -> None:
    profile = meter.profile
    sequence, index, done = place(meter, time)
    age = (index - block) % BLOCKS
    valid = done if not age else profile.intervals
    midnight = ORIGIN + (sequence - age) * DAY
    step = profile.minutes * 60 * SECOND
    table.stime("load_profile.block.end_time", midnight + valid * step)
    table.raw("load_profile.block.simple_status", ((1 << valid) - 1).to_bytes((profile.intervals + 7) // 8, "little"))
    load = meter.load
    energies = (load.forward, load.reverse, load.imported, load.exported)[: profile.channels]
    for i in range(profile.intervals):
        end = midnight + (i + 1) * step if i < valid else 0
        failed = int(bool(end) and meter.failed_in(end - step, end))
        table.bits(1, ("load_profile.interval.power_failed", 5, 1, failed))
        table.fill(profile.status_size - 1)
        readings = [e(end) if end else 0 for e in energies]
        table.numbers("load_profile.interval.values", readings)


HOURLY = Profile(2, 60)
QUARTERS = Profile(4, 15)
