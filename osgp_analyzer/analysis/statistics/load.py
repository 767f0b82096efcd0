# SPDX-License-Identifier: GPL-2.0-or-later
"""How busy the channel is over time: frames, bytes, and the bits on the wire as a share of what the channel can carry.

A frame counts in the interval of its stamp, whole: in intervals about as short as a frame the share may go over 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dissectors.channels import CHANNELS, TAPS
from osgp_analyzer.analysis.statistics import names
from osgp_analyzer.analysis.statistics.frames import Frames, Settings
from osgp_analyzer.analysis.statistics.tally import Interner, Sums
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.schema.layer import fixed_size
from osgp_analyzer.store import NO_TIME
from osgp_analyzer.store.header import layers_on_the_way

SECOND = 10**9
INTERVALS = [n * SECOND for n in (1, 10, 60, 600, 3600, 21600, 86400, 604800)]
"""Intervals that are counted in, each a multiple of the one before; after them tenfold ones."""
NICE = (1, 2, 3, 5, 6)
MOST = 60
"""Intervals from the first to the last, when nobody chose their length."""
LIMIT = 4096
"""Intervals that are counted before longer ones are taken."""
EMPTY = 65_536
"""Intervals without frames that have a row, at most, unless there are more with frames than that."""


class Load:
    """Traffic per interval; intervals begin at the first stamp of the capture and multiples from there (``origin``)."""

    name = "load"

    def __init__(self, settings: Settings) -> None:
        self._rate, self._chosen = settings.rate, settings.interval
        self._interval = settings.interval or INTERVALS[0]
        self._origin: int | None = None
        self._bins, self._sums = Interner(), Sums("frames", "bytes", "bits", "packets")
        self._speeds: set[int | None] = set()
        self._untimed = self._elsewhere = self._frames = 0

    def add(self, frames: Frames) -> None:
        """Count the frames of a chunk."""
        bits, heard = channel_bits(frames)
        self._frames += len(frames)
        self._elsewhere += int(np.count_nonzero(~heard))
        interfaces = frames.tracked.store.capture.interfaces
        self._speeds |= {interfaces[i].speed for i in np.unique(frames.of(frames.chunk.interface)).tolist()}
        stamped = frames.chunk.time[frames.chunk.time != NO_TIME]
        if self._origin is None and len(stamped):
            self._origin = int(stamped[0])
        timed = frames.time != NO_TIME
        self._untimed += int(np.count_nonzero(~timed))
        if self._origin is None or not timed.any():
            return
        ids = self._bins.ids(_floor(frames.time[timed], self._origin, self._interval))
        bits = bits[timed]
        self._sums.add(ids, frames=None, bytes=frames.bytes[timed], bits=bits, packets=bits > 0)
        while self._chosen is None and len(self._bins) > LIMIT:
            self._coarsen(_longer(self._interval))

    def _coarsen(self, interval: int) -> None:
        factor = interval // self._interval
        bins, sums = Interner(), Sums(*self._sums.columns)
        ids = bins.ids(np.array(self._bins.values, np.int64) // factor)
        sums.add(ids, **self._sums.columns)
        self._bins, self._sums, self._interval = bins, sums, interval

    def result(self) -> dict[str, Any]:
        """``rows``: all intervals from the first frame to the last, in order: `start` in ns since 1970, `load` a share
        of `rate` (bit/s) or None where no rate is known. Of the gaps between frames the longest have no rows where that
        would be more than `EMPTY`: ``left_out`` intervals. ``rate_from``: option, file, or the channel that is taken
        for granted.

        `bits` are those of frames and CRC and, at the rate of a power line, the preamble; error correction, priority
        slots and gaps are not in any source, so that the real load is higher.
        """
        self._fit()
        rate, origin = self._known_rate()
        preamble = next((channel.preamble for channel in CHANNELS if channel.rate == rate), 0) if rate else 0
        number_of = {b: n for n, b in enumerate(self._bins.values)}
        bins, left_out = _filled(sorted(number_of))
        rows = []
        for bin_number in bins:
            sums = self._sums.row(number_of.get(bin_number, len(number_of)))
            sums["bits"] += preamble * sums.pop("packets")
            load = sums["bits"] * SECOND / (rate * self._interval) if rate else None
            rows.append({"start": (self._origin or 0) + bin_number * self._interval, **sums, "load": load})
        return {
            "origin": self._origin,
            "interval": self._interval,
            "rate": rate,
            "rate_from": origin,
            "preamble_bits": preamble,
            "untimed": self._untimed,
            "left_out": left_out,
            "rows": rows,
        }

    def _fit(self) -> None:
        """Take the shortest interval that gives no more than `MOST` of them."""
        if self._chosen is not None or not len(self._bins):
            return
        span = max(self._bins.values) - min(self._bins.values)
        interval = self._interval
        while span * self._interval // interval >= MOST:
            longer = _longer(interval)
            steps = [interval * n for n in NICE if longer % (interval * n) == 0 and interval * n > interval] + [longer]
            interval = next((s for s in steps if span * self._interval // s < MOST), longer)
        if interval != self._interval:
            self._coarsen(interval)

    def _known_rate(self) -> tuple[int | None, str | None]:
        if self._rate is not None:
            return self._rate, "option"
        speed = next(iter(self._speeds)) if len(self._speeds) == 1 else None
        if speed:
            return speed, "file"
        if self._frames and not self._elsewhere:
            return CHANNELS[0].rate, CHANNELS[0].name
        return None, None


def _longer(interval: int) -> int:
    return next((longer for longer in INTERVALS if longer > interval), interval * 10)


def _filled(bins: list[int]) -> tuple[list[int], int]:
    """Numbers in order with those between them, of the shortest gaps as many as there may be; how many are left out."""
    gaps = np.diff(np.array(bins, np.int64)) - 1
    order = np.argsort(gaps, kind="stable")
    room = np.searchsorted(np.cumsum(gaps[order]), max(EMPTY, len(bins)), side="right")
    wide = set(order[room:].tolist())
    found: list[int] = []
    for place, one in enumerate(bins):
        found += range(bins[place - 1] + 1, one + 1) if place and place - 1 not in wide else [one]
    return found, int(gaps[order[room:]].sum())


def _floor(times: Ints, origin: int, interval: int) -> Ints:
    """(times - origin) // interval, also where the difference would overflow."""
    return np.asarray(times // interval - origin // interval - (times % interval < origin % interval))


def channel_bits(frames: Frames) -> tuple[Ints, Bools]:
    """Bits of each frame on the LON channel with its CRC, without preamble; and which frames were heard on one.

    Those of the LPDU where the frame was heard on the channel, and of the whole frame where it came over IP.
    """
    store, chunk = frames.tracked.store, frames.chunk
    layer_of = {i.index: store.links.get(i.link_type) for i in store.capture.interfaces}
    plain = [i for i, layer in layer_of.items() if layer == "LPDU"]
    wrapped = [i for i, layer in layer_of.items() if layer in TAPS and layer != "LPDU"]
    interface = frames.of(chunk.interface)
    heard = np.isin(interface, plain)
    size = frames.bytes
    if wrapped and np.isin(chunk.interface, wrapped).any():
        inside = frames.of(_lpdu_bytes(frames))
        records = np.isin(interface, wrapped)
        size = np.where(records, inside, size)
        heard = heard | records
    absent = heard & (frames.column("lpdu.crc_status") == names.value("lpdu.crc_status", "absent"))
    return np.asarray((size + np.where(absent, CRC_BYTES, 0)) * 8), np.asarray(heard)


def _lpdu_bytes(frames: Frames) -> Ints:
    """Bytes of the outermost LPDU of each row of the chunk, 0 where there is none."""
    found = np.zeros(len(frames.mask), np.int64)
    within = layers_on_the_way(["lpdu.crc_status"])
    for rows, groups in frames.tracked.store.groups(frames.chunk, within=within):
        for group in groups:
            if group.name == "lpdu":
                where = rows[group.frames]
                found[where] = np.maximum(found[where], group.whole - group.start)
    return found


CRC_BYTES = fixed_size(names.field("lpdu.crc"))
