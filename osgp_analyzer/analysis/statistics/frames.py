# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames of a chunk that are counted, and what several statistics ask of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from dissectors.channels import TAPS
from osgp_analyzer.analysis.statistics import directory, ip
from osgp_analyzer.analysis.statistics.directory import NOBODY, Directory
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers
from osgp_analyzer.store.chunk import ABSENT
from osgp_analyzer.store.header import layers_on_the_way


@dataclass
class Settings:
    """What statistics share. `rate`: bit/s of the channel, None: that of the file, or of a power line. `interval`: ns
    that the load is averaged over, None: chosen to fit."""

    rate: int | None = None
    interval: int | None = None
    directory: Directory = field(default_factory=Directory)


class Frames:
    """Frames of a chunk, in order; of a frame with several LON packets the headers of the first one.

    Every array has a place for each of the chunk's rows in `rows`.
    """

    def __init__(self, tracked: Tracked, mask: Bools, names: Directory) -> None:
        self.tracked, self.chunk, self.mask, self._directory = tracked, tracked.chunk, mask, names
        self.rows = np.flatnonzero(mask)
        self.every = len(self.rows) == len(mask)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, values: Any) -> Any:
        """The values of these frames among those of the whole chunk."""
        return values if self.every else values[self.rows]

    def column(self, name: str) -> Any:
        """A header field by full name, -1 where absent."""
        return self.of(self.chunk.columns[name])

    @cached_property
    def bytes(self) -> Ints:
        """Bytes of each frame on the wire."""
        return np.asarray(self.of(self.chunk.length).astype(np.int64))

    @cached_property
    def time(self) -> Ints:
        """ns since 1970, `NO_TIME` without a stamp."""
        return np.asarray(self.of(self.chunk.time))

    @cached_property
    def source(self) -> Ints:
        """The sender's number in the directory, -1 for a frame that names none."""
        return self._ends[0]

    @cached_property
    def destination(self) -> Ints:
        """The number of what the frame is addressed to, -1 for a frame that does not say."""
        return self._ends[1]

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        columns = {name: self.column(name) for name in directory.FIELDS}
        source, destination = directory.sources(columns), directory.destinations(columns)
        domain = columns["npdu.domain"]
        foreign = (source == NOBODY) & self._over_ip()
        if foreign.any():
            ip_source, ip_destination = ip.addresses(self.tracked, self._directory.long)
            source = np.where(foreign, self.of(ip_source), source)
            destination = np.where(foreign, self.of(ip_destination), destination)
            domain = np.where(foreign, ABSENT, domain)
        return self._directory.ids(source, domain), self._directory.ids(destination, domain)

    def _over_ip(self) -> Bools:
        """Frames of link types that were not heard on a LON channel."""
        store = self.tracked.store
        other = [i.index for i in store.capture.interfaces if store.links.get(i.link_type) not in (None, *TAPS)]
        return np.isin(self.of(self.chunk.interface), other) if other else np.zeros(len(self), bool)

    @property
    def layers(self) -> list[tuple[Ints, list[Group]]]:
        """Everything in the chunk, decoded: also in frames that are not counted."""
        return self.tracked.groups

    @cached_property
    def outcome(self) -> Ints:
        """`apdu.outcome` of each frame whose request is known, else -1. Only these frames are decoded for it."""
        found = np.full(len(self.mask), ABSENT, np.int64)
        answers, within = self.mask & (self.tracked.request >= 0), layers_on_the_way(["apdu.outcome"])
        for places, groups in self.tracked.read(answers, within):
            for group in groups:
                column = group.columns.get("outcome") if group.name == "apdu" else None
                if column is not None and isinstance(column.value, Numbers):
                    there = np.flatnonzero(column.present)
                    found[places[group.frames[there]]] = column.value.values[there]
        return np.asarray(self.of(found))
