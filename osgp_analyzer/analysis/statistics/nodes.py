# SPDX-License-Identifier: GPL-2.0-or-later
"""Who sent and received how much, and who talked with whom."""

from __future__ import annotations

from typing import Any

import numpy as np

from osgp_analyzer.analysis.statistics import names
from osgp_analyzer.analysis.statistics.directory import NOBODY
from osgp_analyzer.analysis.statistics.frames import Frames, Settings
from osgp_analyzer.analysis.statistics.tally import Extremes, Interner, Sums
from osgp_analyzer.engines.columns.values import Bools
from osgp_analyzer.store import NO_TIME


def crc_is_bad(frames: Frames) -> Bools:
    """The frames whose CRC is wrong."""
    return np.asarray(frames.column("lpdu.crc_status") == names.value("lpdu.crc_status", "bad"))


class Endpoints:
    """Frames and bytes from and to each address. Names in damaged frames count too: `crc_bad` says how many."""

    name = "endpoints"

    def __init__(self, settings: Settings) -> None:
        self._directory = settings.directory
        self._sent = Sums("frames_sent", "bytes_sent", "priority", "alt_path", "crc_bad")
        self._received = Sums("frames_received", "bytes_received")
        self._without = 0

    def add(self, frames: Frames) -> None:
        """Count the frames of a chunk."""
        known = frames.source != NOBODY
        self._sent.add(
            frames.source[known],
            frames_sent=None,
            bytes_sent=frames.bytes[known],
            priority=(frames.column("lpdu.priority") == 1)[known],
            alt_path=(frames.column("lpdu.alt_path") == 1)[known],
            crc_bad=crc_is_bad(frames)[known],
        )
        self._without += int(np.count_nonzero(~known))
        known = frames.destination != NOBODY
        self._received.add(frames.destination[known], frames_received=None, bytes_received=frames.bytes[known])

    def result(self) -> dict[str, Any]:
        """``rows``: the busiest first; `domain` is None for IP addresses.

        ``frames_without_address``: frames in which neither a LON nor an IP address was read.
        """
        rows = []
        for number in range(len(self._directory)):
            sums = self._sent.row(number) | self._received.row(number)
            if sums["frames_sent"] or sums["frames_received"]:
                endpoint = self._directory[number]
                rows.append((-sums["frames_sent"] - sums["frames_received"], endpoint, sums))
        rows.sort(key=lambda row: (row[0], row[1].order))
        return {
            "rows": [{"address": e.address, "domain": e.domain, **sums} for _, e, sums in rows],
            "frames_without_address": self._without,
        }


class Conversations:
    """Frames and bytes in each direction between two addresses of a domain."""

    name = "conversations"

    def __init__(self, settings: Settings) -> None:
        self._directory = settings.directory
        self._pairs = Interner()
        self._sums = Sums("frames_up", "bytes_up", "frames_down", "bytes_down")
        self._times = Extremes()

    def add(self, frames: Frames) -> None:
        """Count the frames of a chunk."""
        known = (frames.source != NOBODY) & (frames.destination != NOBODY)
        source, destination = frames.source[known], frames.destination[known]
        low, high = np.minimum(source, destination), np.maximum(source, destination)
        up, size, time = source == low, frames.bytes[known], frames.time[known]
        pairs = self._pairs.ids(low << 32 | high)
        self._sums.add(pairs[up], frames_up=None, bytes_up=size[up])
        self._sums.add(pairs[~up], frames_down=None, bytes_down=size[~up])
        timed = time != NO_TIME
        self._times.add(pairs[timed], time[timed])

    def result(self) -> dict[str, Any]:
        """``rows``: the busiest first; `a` is the node, or the one with the lower address.

        Times in ns, None where no frame has a stamp.
        """
        rows = []
        for number, pair in enumerate(self._pairs.values):
            a, b = self._directory[pair >> 32], self._directory[pair & 0xFFFFFFFF]
            sums = self._sums.row(number)
            up, down = (sums["frames_up"], sums["bytes_up"]), (sums["frames_down"], sums["bytes_down"])
            if b.order < a.order:
                a, b, up, down = b, a, down, up
            times = self._times.get(number)
            row = {
                "a": a.address,
                "b": b.address,
                "domain": a.domain,
                "frames": up[0] + down[0],
                "bytes": up[1] + down[1],
                "frames_a_to_b": up[0],
                "bytes_a_to_b": up[1],
                "frames_b_to_a": down[0],
                "bytes_b_to_a": down[1],
                "first": times[0] if times else None,
                "last": times[1] if times else None,
                "duration": times[1] - times[0] if times else None,
            }
            rows.append((-up[0] - down[0], a.order, b.order, row))
        rows.sort(key=lambda one: one[:3])
        return {"rows": [row for *_, row in rows]}
