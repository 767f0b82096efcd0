# SPDX-License-Identifier: GPL-2.0-or-later
"""Losses, repeaters, a link that fades, and a neighbour on the same line."""

from __future__ import annotations

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.clock import MS, Process
from osgp_analyzer.simulate.concentrator import Concentrator
from osgp_analyzer.simulate.reader import SecureReader
from osgp_analyzer.simulate.scenarios.reading import read_table, say

LOSS, WORST, STEPS = 0.3, 0.7, 12


def lossy(reader: SecureReader) -> Process:
    """Three frames in ten do not arrive: retries, the last two on the alternate path, then another route."""
    for meter in reader.meters:
        reader.step = "lossy"
        reader.loss = LOSS
        yield from read_table(reader, meter, 21, 3)
        say(reader, "BT23", meter)
        yield from reader.ask(meter, msg.read(23, 0, 44))
        reader.loss = 0
        reader.pause += 1000 * MS


def chains(concentrator: Concentrator) -> Process:
    """The same read through no, one, two ... repeaters; every hop in both directions."""
    meter = concentrator.meters[-1]
    repeaters = concentrator.meters[: min(concentrator.network.repeaters, len(concentrator.meters) - 1)]
    routes = concentrator.routes[meter.number]
    concentrator.step = "chains"
    yield from read_table(concentrator, meter, 21)
    for length in range(len(repeaters) + 1):
        concentrator.routes[meter.number] = [tuple(repeaters[:length])]
        say(concentrator, "BT23", meter)
        yield from concentrator.ask(meter, msg.read(23, 0, 44))
        concentrator.pause += 1000 * MS
    concentrator.routes[meter.number] = routes


def fading(reader: SecureReader) -> Process:
    """A read every 15 minutes, of which ever fewer frames arrive."""
    meter = reader.farthest
    for step in range(STEPS):
        reader.step = "fading"
        reader.loss = WORST * step / (STEPS - 1)
        say(reader, "BT28", meter)
        yield from reader.ask(meter, msg.read(28, 4 * meter.registers.present_demands, 16))
        reader.pause += 15 * 60_000 * MS
    reader.loss = 0
    yield from read_table(reader, meter, 3)
