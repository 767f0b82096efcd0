# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture of many reads of the same table: `python -m tests.bench.reads READS OUT.pcapng`.

A meter on the power line answers with BT23 in full, 220 bytes: 11 summations in total and in four tiers. It has
said so in BT21 first. Made with the encoder of the simulator; the digests are random bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from osgp_analyzer.capture import PcapngWriter
from osgp_analyzer.simulate import lon
from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.carriers import Lpdu
from osgp_analyzer.simulate.clock import MS
from osgp_analyzer.simulate.lon import Lon
from osgp_analyzer.simulate.network import Network
from osgp_analyzer.simulate.run import START

TABLES = (21, 23)
PACE, TURN = 1500 * MS, 400 * MS
DIGEST = 8
FIELDS = ("registers.forward_active_energy", "registers.reverse_active_energy", "registers.power_outages")
"""What is read of it in the benchmark: in each of the five blocks."""


def generate(reads: int, path: Path) -> None:
    """Write a capture of so many requests for BT23, each with its answer, after one for BT21."""
    carrier = Lpdu()
    with path.open("wb") as file:
        writer = PcapngWriter(file)
        writer.add_interface(carrier.link_type, fcs_length=carrier.fcs_length)
        for frame, time in frames(reads):
            writer.write(carrier.encode(frame, time)[0], time)
        writer.close()


def frames(reads: int) -> Iterator[tuple[Lon, int]]:
    """The frames, and the times that they end, in ns."""
    network = Network(1, 1, 0)
    concentrator, meter, rng = network.concentrators[0], network.meters[0], network.random("digests")
    for number in range(reads + 1):
        request, time = msg.read(TABLES[number > 0]), START + number * PACE
        body = b"\0" + request.body() + (meter.sequence + number & 0xFFFFFFFF).to_bytes(4, "big")
        asked = Lon(
            lon.SPDU, concentrator.address, meter.address, meter.domain, body + rng.randbytes(DIGEST), lon.REQUEST,
            number % 15 + 1, backlog=1,
        )  # fmt: skip
        yield asked, time
        yield asked.answer(b"\0" + meter.answer(request, time).body() + rng.randbytes(DIGEST)), time + TURN


if __name__ == "__main__":
    generate(int(sys.argv[1]), Path(sys.argv[2]))
