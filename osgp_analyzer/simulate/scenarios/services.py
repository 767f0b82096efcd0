# SPDX-License-Identifier: GPL-2.0-or-later
"""What meters are told to do: clock, procedures, M-Bus requests, firmware."""

from __future__ import annotations

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate import procedures as pr
from osgp_analyzer.simulate.clock import MS, Process
from osgp_analyzer.simulate.layout import Layout
from osgp_analyzer.simulate.meter import BT07, BT08, Meter
from osgp_analyzer.simulate.reader import Reader, Talk
from osgp_analyzer.simulate.scenarios.reading import read_part, read_table, say, write_table
from osgp_analyzer.simulate.tables import mbus

ET15, ET16 = 2048 + 15, 2048 + 16
FIRMWARE_TABLE = 2048 + 17
"""Which table takes a firmware image is in no source: ET11.36 gives ET17 a verification bitmap [inferred]."""
IMAGE = 600
PSN_ON_MEP = (5, 6, 7, 8, 9)
"""Sequence numbers of procedures that are kept for MEP clients (MEP guide p.52)."""


def call(reader: Reader, meter: Meter, content: Layout) -> Talk[None]:
    """Start a procedure and read its result."""
    answer = yield from write_table(reader, meter, BT07, content)
    if answer is not None and answer.code == msg.OK:
        say(reader, "BT08", meter)
        yield from reader.ask(meter, msg.read(BT08))


def next_psn(meter: Meter) -> int:
    """A sequence number that differs from the last one's."""
    used = meter.procedures.sequence
    return PSN_ON_MEP[(PSN_ON_MEP.index(used) + 1) % 5] if used in PSN_ON_MEP else PSN_ON_MEP[0]


def clocks(reader: Reader) -> Process:
    """The clock, before and after it is set with BP10, whose parameters are those of ANSI C12.19 [recall]."""
    for meter in reader.meters:
        reader.step = "clock"
        yield from read_table(reader, meter, 52)
        yield from call(reader, meter, pr.set_clock(next_psn(meter), reader.network.time))
        yield from read_table(reader, meter, 52)
        reader.pause += 1000 * MS


def procedures(reader: Reader) -> Process:
    """EP17, EP02 and EP16 (refused: without their parameters), one that is unknown, and a number used twice."""
    for meter in reader.meters:
        reader.step = "procedures"
        handle = meter.mbus.devices[0].handle
        remove = pr.initiate(pr.EP17, next_psn(meter), ("ep17.action", 0, 1), ("ep17.handle", handle, 2))
        yield from call(reader, meter, remove)
        for number in (pr.EP02, pr.EP16, 2048 + 99):
            yield from call(reader, meter, pr.initiate(number, next_psn(meter)))
        yield from write_table(reader, meter, BT07, pr.initiate(pr.EP02, meter.procedures.sequence))
        reader.pause += 1000 * MS


def mbus_requests(reader: Reader) -> Process:
    """A billing read of each M-Bus device: EP19, its place in the queue of ET15, the telegram in ET16."""
    for meter in reader.meters:
        reader.step = "mbus"
        yield from read_table(reader, meter, 2048 + 11)
        yield from read_part(reader, meter, 2048 + 14, 0, 6 + 36)
        for i, device in enumerate(meter.mbus.devices):
            parameters = (
                ("ep19.transaction_number", 0xFF00 + meter.mbus.posted % 256, 2),
                ("ep19.handle", device.handle, 2),
                ("ep19.request_type", mbus.BILLING_READ, 1),
            )
            yield from call(reader, meter, pr.initiate(pr.EP19, next_psn(meter), *parameters))
            yield from read_part(reader, meter, ET15, 0, 1 + 6 * mbus.QUEUE)
            yield from read_part(reader, meter, ET16, i * mbus.DATA_ENTRY, 8 + len(device.telegram()))
        reader.pause += 1000 * MS


def firmware(reader: Reader) -> Process:
    """An image in partial writes; the table that takes it is a guess [inferred]."""
    meter = reader.meters[0]
    reader.step = "firmware"
    yield from read_table(reader, meter, 1)
    image = reader.network.random("image").randbytes(IMAGE)
    for at in range(0, IMAGE, reader.write_limit):
        say(reader, "write ET17", meter)
        yield from reader.ask(meter, msg.write(FIRMWARE_TABLE, image[at : at + reader.write_limit], at))
    yield from read_table(reader, meter, 1)
