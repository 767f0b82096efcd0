# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole simulation, from its settings to the files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from typing import Any, BinaryIO

from osgp_analyzer.simulate.carriers import Carrier, CnIp, LonUdp, Lpdu, Mep, Optical
from osgp_analyzer.simulate.clock import Clock, Process
from osgp_analyzer.simulate.concentrator import Concentrator
from osgp_analyzer.simulate.layout import SECOND
from osgp_analyzer.simulate.mep import MepClient
from osgp_analyzer.simulate.network import Network
from osgp_analyzer.simulate.optical import OpticalReader
from osgp_analyzer.simulate.reader import Reader
from osgp_analyzer.simulate.record import Recorder, key_ring
from osgp_analyzer.simulate.scenarios.catalogue import BY_NAME, Scenario
from osgp_analyzer.simulate.scenarios.ports import logged_on

START = 1_772_359_200 * SECOND
"""2026-03-01 10:00 UTC: the default, so that the same command gives the same bytes on any day."""
BETWEEN_ROUNDS = 3600 * SECOND
MOST_METERS, MOST_REPEATERS = 10_000, 5


@dataclass(frozen=True)
class Settings:
    """What is to be simulated. `frames`: play the scenarios again and again until there are so many."""

    port: str = "lpdu"
    scenarios: tuple[str, ...] = ("daily",)
    seed: int = 1
    meters: int = 6
    repeaters: int = 2
    frames: int = 0
    start: int = START
    encrypt: bool = False


def simulate(
    settings: Settings,
    capture: BinaryIO,
    sidecar: BinaryIO,
    keys: BinaryIO,
    progress: Callable[[int], None] = lambda frames: None,
) -> int:
    """Write capture, sidecar and key ring; gives the number of frames. Raises as `PcapngWriter` does."""
    scenarios = [BY_NAME[name] for name in settings.scenarios]
    network = Network(
        settings.seed,
        settings.meters,
        settings.repeaters,
        encrypt=settings.encrypt,
        short=settings.port == "lonudp",
        two=any(scenario.two for scenario in scenarios),
    )
    if scenarios[0].new:
        for meter in network.concentrators[0].meters:
            meter.as_new()
    carrier = _carrier(settings.port, network)
    readers = _readers(settings.port, network)
    lines = sorted({reader.line for reader in readers})
    names = [f"{carrier.name}{line}" for line in lines]
    recorder = Recorder(capture, sidecar, carrier, names, _about(settings, network))
    clock = Clock(settings.start, lambda frame: carrier.airtime(frame.content), recorder.record)
    network.clock = clock
    serial = [reader for reader in readers if not isinstance(reader, Concentrator)]
    ports = {meter: names[reader.line] for reader in serial for meter in reader.meters}
    keys.write(key_ring(network.meters, ports).encode())
    for scenario in cycle(scenarios) if settings.frames else scenarios:
        clock.run(_processes(scenario, readers))
        progress(recorder.count)
        if scenario is scenarios[-1]:
            clock.now += BETWEEN_ROUNDS
        if 0 < settings.frames <= recorder.count:
            break
    recorder.close()
    return recorder.count


def _carrier(port: str, network: Network) -> Carrier:
    if port == "cnip":
        return CnIp({(c.subnet, c.node, c.domain): c.number for c in network.concentrators})
    kinds: dict[str, type[Carrier]] = {"lpdu": Lpdu, "lonudp": LonUdp, "mep": Mep, "optical": Optical}
    return kinds[port]()


def _readers(port: str, network: Network) -> list[Reader]:
    if port in ("mep", "optical"):
        kind = MepClient if port == "mep" else OpticalReader
        return [kind(network, meter, line) for line, meter in enumerate(network.concentrators[0].meters)]
    return list(network.concentrators)


def _processes(scenario: Scenario, readers: list[Reader]) -> list[Process]:
    """A process for each serial line; on LON one, or one for each concentrator."""
    if isinstance(readers[0], Concentrator) and not scenario.two:
        readers = readers[:1]
    processes = []
    for reader in readers:
        process = scenario.play(reader)
        processes.append(logged_on(reader, process) if isinstance(reader, OpticalReader) else process)
    return processes


def _about(settings: Settings, network: Network) -> dict[str, Any]:
    shown = f"osgp-analyzer simulate --port {settings.port} --scenario {','.join(settings.scenarios)}"
    shown += f" --seed {settings.seed} --meters {settings.meters} --repeaters {settings.repeaters}"
    return {
        "description": shown + (" --encrypt" if settings.encrypt else ""),
        "note": "time: ns since 1970 UTC, end of the frame. fields: what the sender put in, by the analyzer's names; "
        "several values: outer to inner message. values: table values by path, with the first frame that carried them "
        "(carries). In an encrypted frame fields are the plain ones.",
        "meters": {
            meter.label: {"neuron_id": meter.neuron_id.hex(), "serial": meter.serial} for meter in network.meters
        },
    }
