# SPDX-License-Identifier: GPL-2.0-or-later
"""What statistics are made of, against NumPy and plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest

from osgp_analyzer.analysis.statistics import load
from osgp_analyzer.analysis.statistics.distribution import EDGES, ERROR, Distribution
from osgp_analyzer.analysis.statistics.tally import Extremes, Interner, Sums

RANDOM = np.random.default_rng(14908)


@pytest.mark.parametrize("count", [1, 2, 99, 10_000])
def test_percentiles(count: int) -> None:
    """Within the error that is stated; what is said to be exact is."""
    samples = {
        0: np.exp(RANDOM.uniform(0, 24, count)).astype(np.int64),
        3: RANDOM.normal(250e6, 1e6, count).astype(np.int64),
        7: np.zeros(count, np.int64),
    }
    found = Distribution()
    for number, times in samples.items():
        for part in np.array_split(times, 3):
            found.add(np.full(len(part), number), part)
    rows = found.rows()
    assert rows.keys() == samples.keys()
    for number, times in samples.items():
        row = rows[number]
        assert (row["count"], row["min"], row["max"]) == (count, times.min(), times.max())
        assert row["mean"] == sum(times.tolist()) // count
        for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99)):
            exact = np.quantile(times, share, method="inverted_cdf")
            assert abs(row[name] - exact) <= exact * ERROR + 0.5
        counts, _ = np.histogram(times, [0, *EDGES, 1 << 62])
        buckets = found.histogram(number)
        assert [b["count"] for b in buckets] == np.trim_zeros(counts).tolist()
        assert all(a["to"] == b["from"] for a, b in pairwise(buckets))


def test_sums() -> None:
    expected: Counter[int] = Counter()
    sizes: Counter[int] = Counter()
    marked: Counter[int] = Counter()
    extremes: dict[int, list[int]] = defaultdict(list)
    numbers, sums, ends = Interner(), Sums("rows", "size", "marked"), Extremes()
    for _ in range(5):
        keys = RANDOM.integers(-(2**62), 2**62, 40)[RANDOM.integers(0, 40, 500)]
        size, mark = RANDOM.integers(0, 1 << 32, 500), RANDOM.random(500) < 0.3
        ids = numbers.ids(keys)
        sums.add(ids, rows=None, size=size, marked=mark)
        ends.add(ids, size)
        for key, one, yes in zip(keys.tolist(), size.tolist(), mark.tolist(), strict=True):
            expected[key] += 1
            sizes[key] += one
            marked[key] += yes
            extremes[key].append(one)
    assert sorted(numbers.values) == sorted(expected)
    for number, key in enumerate(numbers.values):
        assert sums.row(number) == {"rows": expected[key], "size": sizes[key], "marked": marked[key]}
        assert ends.get(number) == (min(extremes[key]), max(extremes[key]))
    assert ends.get(len(numbers)) is None


def test_intervals_nest() -> None:
    """Longer intervals are made of whole shorter ones, and times far apart do not overflow."""
    assert all(long % short == 0 for short, long in pairwise(load.INTERVALS))
    times = [-(2**63) + 1, -1, 0, 999, 10**18, 2**63 - 1]
    for origin in times:
        for interval in (1000, 7_000_003, 10**9):
            got = load._floor(np.array(times, np.int64), origin, interval).tolist()
            assert got == [(time - origin) // interval for time in times]
