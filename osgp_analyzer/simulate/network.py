# SPDX-License-Identifier: GPL-2.0-or-later
"""The segment: who is on it, how they reach one another, and what gets lost on the way."""

from __future__ import annotations

from random import Random

from osgp_analyzer.simulate.clock import Clock
from osgp_analyzer.simulate.concentrator import Concentrator
from osgp_analyzer.simulate.findings import Ledger
from osgp_analyzer.simulate.meter import Meter

DOMAINS = (b"OSGP01", b"OSG")
SHORT_DOMAINS = (b"\x4f", b"\x51")
"""With LON/UDP the IP address holds a domain of one byte."""


class Network:
    """One segment with one or two concentrators."""

    def __init__(
        self, seed: int, meters: int, repeaters: int, *, encrypt: bool = False, short: bool = False, two: bool = False
    ) -> None:
        self.seed, self.encrypt, self.repeaters = seed, encrypt, repeaters
        self.clock: Clock | None = None
        self.ledger = Ledger()
        domains = SHORT_DOMAINS if short else DOMAINS
        counts = (meters, max(2, meters // 2)) if two else (meters,)
        self.concentrators = []
        for number, count in enumerate(counts):
            own = [Meter(number, n, domains[number], self.random(f"meter {number} {n}")) for n in range(count)]
            self.concentrators.append(Concentrator(self, number, domains[number], own))
            self._lay_routes(self.concentrators[-1])

    def random(self, name: str) -> Random:
        """A source of random numbers of its own for each purpose, so that one does not shift the others."""
        return Random(f"{self.seed} {name}")

    @property
    def time(self) -> int:
        """Now, in ns; the clock is that of the simulation."""
        assert self.clock is not None
        return self.clock.now

    @property
    def meters(self) -> list[Meter]:
        """All meters."""
        return [meter for concentrator in self.concentrators for meter in concentrator.meters]

    def _lay_routes(self, concentrator: Concentrator) -> None:
        """The first meters are the repeaters, one behind the other; the others stand at different distances."""
        meters = concentrator.meters
        repeaters = meters[: min(self.repeaters, len(meters) - 1)]
        for i, meter in enumerate(meters):
            length = min(i, (i - len(repeaters)) % (len(repeaters) + 1)) if i >= len(repeaters) else i
            route = tuple(repeaters[:length])
            # The other way round: through the other repeaters, or past the first one.
            spare = tuple(r for r in repeaters if r is not meter and r not in route)[: max(length, 1)] or route[1:]
            concentrator.routes[meter.number] = [route] + ([spare] if spare and spare != route else [])
