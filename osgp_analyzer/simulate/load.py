# SPDX-License-Identifier: GPL-2.0-or-later
"""What flows through a meter: the same every day, so that a reading at any time is known without all before it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from osgp_analyzer.simulate.layout import SECOND

HOUR = 3600 * SECOND
DAY = 24 * HOUR
ORIGIN = 1_577_836_800 * SECOND
"""2020-01-01: all registers stood at 0."""

_HOUSE = (30, 26, 24, 24, 25, 32, 60, 110, 105, 80, 70, 72, 84, 76, 68, 70, 88, 130, 180, 190, 165, 130, 85, 48)
_SUN = (0, 0, 0, 0, 0, 2, 10, 30, 60, 95, 125, 140, 145, 140, 120, 90, 55, 22, 4, 0, 0, 0, 0, 0)
_TIERS = (3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2)
"""Power by hour of the day in percent of a household's, and the tariff then."""


@dataclass(frozen=True)
class Load:
    """The load of one meter. `house`, `sun`, `reactive`: mean power in W or var; `voltage` in mV."""

    house: int
    sun: int
    reactive: int
    voltage: int

    @classmethod
    def of(cls, rng: Random) -> Load:
        """A household; one in four has solar cells."""
        sun = rng.randrange(800, 3000) if rng.random() < 0.25 else 0
        return cls(rng.randrange(250, 1200), sun, rng.randrange(40, 150), rng.randrange(226_000, 236_000))

    def forward(self, time: int, tier: int | None = None) -> int:
        """Energy taken up to `time`, in Wh; in one tier, or in all."""
        return _energy(time, self.house, _HOUSE, tier)

    def reverse(self, time: int, tier: int | None = None) -> int:
        """Energy given back, in Wh."""
        return _energy(time, self.sun, _SUN, tier)

    def imported(self, time: int, tier: int | None = None) -> int:
        """Inductive reactive energy, in varh."""
        return _energy(time, self.reactive, _HOUSE, tier)

    def exported(self, time: int, tier: int | None = None) -> int:
        """Capacitive reactive energy, in varh."""
        return _energy(time, self.reactive // 5, _HOUSE, tier)

    def power(self, time: int) -> tuple[int, int, int]:
        """Forward and reverse active power in W, reactive in var; they waver from minute to minute."""
        hour = time // HOUR % 24
        waver = 90 + (time // (60 * SECOND) * 2654435761 >> 8) % 21
        return (
            self.house * _HOUSE[hour] * waver // 10_000,
            self.sun * _SUN[hour] * waver // 10_000,
            self.reactive * _HOUSE[hour] * waver // 10_000,
        )


def _energy(time: int, mean: int, curve: tuple[int, ...], tier: int | None) -> int:
    hours = [share if tier in (None, _TIERS[hour]) else 0 for hour, share in enumerate(curve)]
    days, rest = divmod(time - ORIGIN, DAY)
    hour, part = divmod(rest, HOUR)
    return mean * ((days * sum(hours) + sum(hours[:hour])) * HOUR + hours[hour] * part) // (100 * HOUR)
