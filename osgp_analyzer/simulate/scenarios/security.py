# SPDX-License-Identifier: GPL-2.0-or-later
"""Sequence numbers, keys and replays, and the challenge of EN 14908."""

from __future__ import annotations

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.clock import MS, Process
from osgp_analyzer.simulate.concentrator import Concentrator
from osgp_analyzer.simulate.exchange import Fault
from osgp_analyzer.simulate.reader import SecureReader
from osgp_analyzer.simulate.scenarios.management import query_status
from osgp_analyzer.simulate.scenarios.reading import read_table, say


def sequence(reader: SecureReader) -> Process:
    """A number that is not expected, the right one in the answer, and the same question with that one."""
    for meter in reader.meters:
        reader.step = "sequence"
        yield from read_table(reader, meter, 21)
        say(reader, "BT23", meter)
        request = msg.read(23, 0, 44)
        yield from reader.ask(meter, request, sequence=(meter.sequence + 5000) & 0xFFFFFFFF)
        yield from reader.ask(meter, request)
        reader.pause += 500 * MS


def wrong_key(reader: SecureReader) -> Process:
    """A question under a key that is not the meter's, and the same one under the right key."""
    for meter in reader.meters:
        reader.step = "wrong_key"
        yield from read_table(reader, meter, 21)
        say(reader, "BT23", meter)
        request = msg.read(23, 0, 44)
        key = reader.network.random(f"wrong key {meter.label}").randbytes(12)
        yield from reader.ask(meter, request, fault=Fault(key=key))
        yield from reader.ask(meter, request)
        reader.pause += 500 * MS


def replay(reader: SecureReader) -> Process:
    """A question heard before, sent again by somebody later: its sequence number is used up."""
    for meter in reader.meters:
        reader.step = "replay"
        yield from read_table(reader, meter, 21)
        say(reader, "BT23", meter)
        request = msg.read(23, 0, 44)
        yield from reader.ask(meter, request)
        number, first = meter.sequence, reader.asked
        yield from read_table(reader, meter, 3)
        reader.pause += 5000 * MS
        say(reader, "BT23", meter)
        yield from reader.ask(meter, request, sequence=number, truth={"replay_of": first})
        yield from read_table(reader, meter, 3)


def encrypted(reader: SecureReader) -> Process:
    """The same reads plain and encrypted. Which bytes are encrypted is inferred on the power line."""
    for meter in reader.meters:
        for hidden in (False, True):
            reader.step = "encrypted"
            before, reader.encrypt = reader.encrypt, hidden
            yield from read_table(reader, meter, 21, 3)
            say(reader, "BT23", meter)
            yield from reader.ask(meter, msg.read(23, 0, 44))
            reader.encrypt = before


def authentication(concentrator: Concentrator) -> Process:
    """Query status, authenticated with the 48-bit key, with OMA, and under a wrong key."""
    for meter in concentrator.meters:
        concentrator.step = "authentication"
        wrong = concentrator.network.random(f"wrong domain key {meter.label}").randbytes(6)
        for key in (meter.domain_keys[:6], meter.domain_keys, wrong):
            yield from query_status(concentrator, meter, key)
        concentrator.pause += 800 * MS
