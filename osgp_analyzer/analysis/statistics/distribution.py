# SPDX-License-Identifier: GPL-2.0-or-later
"""Distributions of times by key, in memory that does not grow with the number of times."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from osgp_analyzer.analysis.statistics.tally import Extremes, Interner, Sums
from osgp_analyzer.engines.columns.values import Ints

STEPS = 128
"""Buckets between a power of two and the next."""
ERROR = 1 / (2 * STEPS)
"""Largest relative error of a percentile; count, sum, least, greatest and `histogram` are exact."""
EDGES = [step * 10**power for power in range(3, 11) for step in (1, 2, 5)]
"""ns at which the buckets of `histogram` begin, but for the first, which begins at 0."""
_BITS = 14


class Distribution:
    """Times in ns by a number from 0."""

    def __init__(self) -> None:
        self._fine, self._fine_count = Interner(), Sums("times")
        self._coarse = Sums("times")
        self._sums, self._extremes = Sums("times", "total"), Extremes()

    def add(self, ids: Ints, times: Ints) -> None:
        """Take in times, which are 0 or more."""
        self._sums.add(ids, times=None, total=times)
        self._extremes.add(ids, times)
        mantissa, exponent = np.frexp(times.astype(np.float64))
        bucket = np.where(times == 0, 0, exponent * STEPS + np.floor((mantissa - 0.5) * 2 * STEPS).astype(np.int64))
        self._fine_count.add(self._fine.ids(ids << _BITS | bucket), times=None)
        self._coarse.add(ids * (len(EDGES) + 1) + np.searchsorted(EDGES, times, side="right"), times=None)

    def rows(self) -> dict[int, dict[str, Any]]:
        """For each number that has times: count, mean, min, median, p95, p99, max, in ns."""
        buckets: dict[int, list[tuple[int, int]]] = {}
        for place, key in enumerate(self._fine.values):
            buckets.setdefault(key >> _BITS, []).append(
                (key & ((1 << _BITS) - 1), self._fine_count.get("times", place))
            )
        return {number: self._row(number, sorted(held)) for number, held in sorted(buckets.items())}

    def _row(self, number: int, buckets: list[tuple[int, int]]) -> dict[str, Any]:
        count = self._sums.get("times", number)
        least, greatest = self._extremes.get(number) or (0, 0)

        def percentile(share: float) -> int:
            """The least time that so large a share of all does not exceed."""
            left = max(1, math.ceil(share * count))
            for bucket, held in buckets:
                left -= held
                if left <= 0:
                    return min(max(_middle(bucket), least), greatest)
            return greatest

        return {
            "count": count,
            "mean": self._sums.get("total", number) // count,
            "min": least,
            "median": percentile(0.5),
            "p95": percentile(0.95),
            "p99": percentile(0.99),
            "max": greatest,
        }

    def histogram(self, number: int) -> list[dict[str, Any]]:
        """Buckets from the first to the last that holds a time: `from` (included), `to` (excluded, None: no end)."""
        width = len(EDGES) + 1
        counts = [self._coarse.get("times", number * width + place) for place in range(width)]
        held = [place for place, count in enumerate(counts) if count]
        edges = [0, *EDGES, None]
        return [
            {"from": edges[place], "to": edges[place + 1], "count": counts[place]}
            for place in (range(held[0], held[-1] + 1) if held else ())
        ]


def _middle(bucket: int) -> int:
    """A time in the middle of a bucket."""
    exponent, step = divmod(bucket, STEPS)
    return round(math.ldexp(0.5 + (step + 0.5) / (2 * STEPS), exponent)) if bucket else 0
