# SPDX-License-Identifier: GPL-2.0-or-later
"""The IP addresses of frames that name no LON node."""

from __future__ import annotations

import numpy as np

from osgp_analyzer.analysis.statistics.directory import ABOVE, IPV4, IPV6, NOBODY
from osgp_analyzer.analysis.statistics.tally import Interner
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.engines.columns.values import Ints, Slices
from osgp_analyzer.store.header import layers_on_the_way, pack

FORMATS = {"ipv4": IPV4, "ipv6": IPV6}


def addresses(tracked: Tracked, long: Interner) -> tuple[Ints, Ints]:
    """Source and destination of the innermost IP packet in each row of the chunk, as numbers; `NOBODY` without one.

    IPv6 addresses do not fit in a number: they are kept in `long`, and stand for their place there.
    """
    size = tracked.chunk.stop - tracked.chunk.start
    found = {"src": np.full(size, NOBODY, np.int64), "dst": np.full(size, NOBODY, np.int64)}
    within = layers_on_the_way([f"{layer}.src" for layer in FORMATS])
    for rows, groups in tracked.store.groups(tracked.chunk, within=within):
        for group in groups:
            if group.name not in FORMATS:
                continue
            for name, into in found.items():
                column = group.columns.get(name)
                if column is not None and isinstance(column.value, Slices):
                    there = np.flatnonzero(column.present)
                    value, form = column.value.take(there), FORMATS[group.name]
                    low = pack(value) & ((1 << ABOVE) - 1) if form == IPV4 else _places(value, long)
                    into[rows[group.frames[there]]] = form << ABOVE | low
    return found["src"], found["dst"]


def _places(value: Slices, long: Interner) -> Ints:
    width = int(value.length[0]) if len(value.length) else 0
    octets = value.data[value.offset[:, None] + np.arange(width)]
    distinct, place = np.unique(octets, axis=0, return_inverse=True)
    numbers = [long.id(int.from_bytes(row.tobytes(), "big")) for row in distinct]
    return np.array(numbers, np.int64)[place.reshape(-1)]
