# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading tables: whole, or in the parts that a port can carry."""

from __future__ import annotations

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.clock import MS, Process
from osgp_analyzer.simulate.layout import Layout
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import BT64, TABLES, Meter
from osgp_analyzer.simulate.reader import Reader, Talk
from osgp_analyzer.simulate.tables.log import ENTRIES
from osgp_analyzer.simulate.tables.profile import place

DIMENSIONS = (0, 21, 22, 27, 61, 71, 2048 + 11)
"""Tables that say how large others are."""
LOG_HEADER, LOG_ENTRY = 11, 14
MINUTE = 60_000 * MS
EARLY = 1_700_000_000 * 10**9
"""Any time: the sizes of tables do not depend on it."""


def name_of(table: int) -> str:
    """A table's name as in the guides."""
    return f"ET{table - 2048:02d}" if table >= 2048 else f"BT{table:02d}"


def say(reader: Reader, what: str, meter: Meter) -> None:
    """Name the step that is done now."""
    reader.step = f"{reader.step.split(':')[0]}: {what} of {meter.name}"


def read_table(reader: Reader, meter: Meter, *tables: int) -> Talk[None]:
    """Read whole tables; the reader knows their sizes from the dimension tables."""
    for table in tables:
        size = len(TABLES[table](meter, EARLY).data)
        if size > reader.read_limit:
            yield from read_part(reader, meter, table, 0, size)
            continue
        say(reader, name_of(table), meter)
        # On the MEP port a full read has a count too (MEP guide p.12).
        yield from reader.ask(meter, Request(msg.FULL_READ, table, count=size))


def read_part(reader: Reader, meter: Meter, table: int, offset: int, size: int) -> Talk[None]:
    """Read bytes of a table, in several parts if they are too many for one message."""
    say(reader, name_of(table), meter)
    for at in range(0, size, reader.read_limit):
        yield from reader.ask(meter, msg.read(table, offset + at, min(reader.read_limit, size - at)))


def write_table(reader: Reader, meter: Meter, table: int, content: Layout) -> Talk[Response | None]:
    """Write a whole small table."""
    say(reader, f"write {name_of(table)}", meter)
    return (yield from reader.ask(meter, msg.write(table, bytes(content.data)), values=content.values()))


def daily(reader: Reader) -> Process:
    """Dimensions, registers, present values and alarms of each meter."""
    for meter in reader.meters:
        reader.step = "daily"
        yield from read_table(reader, meter, *DIMENSIONS, 1, 2048 + 3, 2048 + 4, 23, 28, 3)
        reader.pause += 400 * MS


def profiles(reader: Reader) -> Process:
    """The newest intervals of the load profile and the newest entries of the event log, after a power failure."""
    for meter in reader.meters:
        reader.step = "profiles"
        now = reader.network.time
        meter.fail_power(now - 70 * MINUTE, 240)
        yield from read_table(reader, meter, 61, 63, 71)
        profile = meter.profile
        _, index, done = place(meter, now)
        start = index * profile.block_size
        yield from read_part(reader, meter, BT64, start, profile.header_size)
        # Whole intervals in each part.
        step = max(1, reader.read_limit // profile.interval_size)
        for first in range(max(0, done - 8), done, step):
            size = min(step, done - first) * profile.interval_size
            yield from read_part(reader, meter, BT64, start + profile.header_size + first * profile.interval_size, size)
        yield from read_part(reader, meter, 74, 0, LOG_HEADER)
        newest = meter.events[-1].sequence % ENTRIES
        yield from read_part(reader, meter, 74, LOG_HEADER + LOG_ENTRY * max(0, newest - 2), 3 * LOG_ENTRY)
        reader.pause += 400 * MS


def on_demand(reader: Reader) -> Process:
    """What a customer's call makes someone look at: voltage, power, the first registers."""
    for meter in reader.meters:
        reader.step = "on_demand"
        yield from read_table(reader, meter, 21)
        start = 4 * meter.registers.present_demands
        say(reader, "BT28", meter)
        yield from reader.ask(meter, msg.read(28, start, 40))
        say(reader, "BT23", meter)
        yield from reader.ask(meter, msg.read(23, int(meter.registers.demands > 0), 8))
        reader.pause += 2000 * MS
