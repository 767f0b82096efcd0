# SPDX-License-Identifier: GPL-2.0-or-later
"""What there is on the MEP port and on the optical port only."""

from __future__ import annotations

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.clock import MS, Process
from osgp_analyzer.simulate.mep import MepClient
from osgp_analyzer.simulate.meter import ET52, ET53
from osgp_analyzer.simulate.optical import OpticalReader
from osgp_analyzer.simulate.scenarios.reading import read_part, read_table, say
from osgp_analyzer.simulate.tables.mbus import CONFIG_ENTRY, DEVICES
from osgp_analyzer.simulate.tables.transactions import et52

REFUSED = 0.4


def alerts(client: MepClient) -> Process:
    """The meter alerts until its client has read the flags in ET13, whose place ET11 tells, and the load profile."""
    meter = client.meters[0]
    client.step = f"alerts: alert of {meter.name}"
    meter.mbus.changed = True
    for _ in range(3):
        yield from client.alert(1000 * MS)
    yield from read_table(client, meter, 2048 + 11)
    yield from read_part(client, meter, 2048 + 13, (DEVICES - 1) * CONFIG_ENTRY + 8, 1)
    yield from read_table(client, meter, 63)
    meter.mbus.changed = False


def transactions(client: MepClient) -> Process:
    """Several reads in one write of ET52, their answers in ET53: first its length, then all of it."""
    meter = client.meters[0]
    client.step = "transactions"
    reads = [(2048 + 11, 0, 10), (21, 0, 10), (2048 + 4, 55, 1), (2048 + 14, 0, 12), (2048 + 15, 0, 31)]
    for number in (1, 2):
        content = et52(number, [msg.read(*part) for part in reads])
        say(client, "write ET52", meter)
        yield from client.ask(meter, msg.write(ET52, bytes(content.data), 0), values=content.values())
        say(client, "ET53", meter)
        yield from client.ask(meter, msg.read(ET53, 0, 5))
        yield from client.ask(meter, msg.read(ET53, 0, len(meter.transaction.data)))


def basic_key(client: MepClient) -> Process:
    """Under the basic key, as clients of others use it; the write of ET50 registers the client."""
    meter = client.meters[0]
    client.step, client.key_name = "basic_key", "mbk"
    yield from read_table(client, meter, 21)
    say(client, "write ET50", meter)
    yield from client.ask(meter, msg.write(2048 + 50, b"\x01", 30))
    client.key_name = "mak"


def logged_on(reader: OpticalReader, inside: Process) -> Process:
    """What needs a session, in one."""
    reader.step = f"log on to {reader.meters[0].name}"
    yield from reader.open(1, "osgp", reader.meters[0].keys.mk)
    yield from inside
    reader.step = f"log off from {reader.meters[0].name}"
    yield from reader.close()


def session(reader: OpticalReader) -> Process:
    """Tables in one packet and in several, and packets that are refused."""
    meter = reader.meters[0]
    reader.step = "session"
    yield from read_table(reader, meter, 0, 1, 21, 22)
    reader.loss = REFUSED
    yield from read_table(reader, meter, 23, 28, 3, 61)
    reader.loss = 0
