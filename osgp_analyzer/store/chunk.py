# SPDX-License-Identifier: GPL-2.0-or-later
"""A run of frames as columns."""

from __future__ import annotations

from collections import UserDict
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.capture import Capture, Interface
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Ints

ABSENT = -1
"""In a header column: the frame does not have the field."""
NO_TIME = np.iinfo(np.int64).min
NO_STAMP = 3
"""Type of the pcapng block that has no time stamp."""

RARE = 4
"""A column that less than one in so many frames has is kept as what these have."""

Layers = list[tuple[Ints, list[Group]]]
"""For each link type the rows of a chunk that were decoded together, and the layers in them."""


@dataclass
class Index:
    """What the capture file says of each frame. `offset`, `captured`: first byte in the buffer and number of bytes.
    `length`: bytes on the wire. `interface`: `Interface.index`. `time`: ns since 1970, `NO_TIME` without a stamp."""

    offset: Ints
    captured: Ints
    length: NDArray[np.uint32]
    interface: NDArray[np.uint32]
    time: Ints


@dataclass(frozen=True)
class _Rare:
    """A column of `size` frames of which few have the field."""

    rows: NDArray[np.int32]
    values: Any
    size: int

    def whole(self) -> Any:
        made = np.full(self.size, ABSENT, self.values.dtype)
        made[self.rows] = self.values
        return made


class _Slim(UserDict[str, Any]):
    """Columns by name in little memory."""

    def __getitem__(self, name: str) -> Any:
        kept = self.data[name]
        return kept.whole() if isinstance(kept, _Rare) else kept


def _slimmed(column: Any) -> Any:
    """A column as it is kept: one that all frames have alike takes no memory."""
    if (column == column[:1]).all():
        return np.ndarray(column.shape, column.dtype, column[:1].tobytes(), strides=(0,))
    rows = np.flatnonzero(column != ABSENT)
    if len(rows) * (column.itemsize + 4) < len(column) * column.itemsize // RARE:
        return _Rare(rows.astype(np.int32), column[rows], len(column))
    return column


@dataclass
class Chunk:
    """Columns of frames `start` to `stop` (indices from 0) of a capture.

    `columns`: header fields by full name, -1 where absent. `innermost`: the innermost values of the fields that a
    response may ask of its request, -1 where absent. `more`: further values of header fields that some frames have more
    than once, in their order: rows, and values. `places`: ``npdu``, ``apdu``: first byte of the NPDU and APDU, ``end``:
    end of the NPDU, ``message``, ``message_end``: a message on one of a meter's ports, from the start of the frame; a
    negative number where there is none.
    """

    capture: Capture
    start: int
    stop: int
    columns: MutableMapping[str, Any] = field(default_factory=dict)
    innermost: dict[str, Any] = field(default_factory=dict)
    more: dict[str, list[tuple[Ints, Any]]] = field(default_factory=dict)
    places: dict[str, NDArray[np.int32]] = field(default_factory=dict)

    @cached_property
    def index(self) -> Index:
        """What the capture file says of the frames; made again when it is asked for after `slim`."""
        part = self.capture.columns(self.start, self.stop)
        interface = np.frombuffer(part.interfaces, np.uint32)
        time = _times(np.frombuffer(part.ticks, np.uint64), interface, self.capture.interfaces)
        time[np.frombuffer(part.blocks, np.uint8) == NO_STAMP] = NO_TIME
        return Index(
            np.frombuffer(part.offsets, np.uint64).astype(np.int64),
            np.frombuffer(part.captured, np.uint32).astype(np.int64),
            np.frombuffer(part.lengths, np.uint32),
            interface,
            time,
        )

    @property
    def offset(self) -> Ints:
        """First byte of each frame in the buffer."""
        return self.index.offset

    @property
    def captured(self) -> Ints:
        """Bytes of each frame in the buffer."""
        return self.index.captured

    @property
    def length(self) -> NDArray[np.uint32]:
        """Bytes of each frame on the wire."""
        return self.index.length

    @property
    def interface(self) -> NDArray[np.uint32]:
        """`Interface.index` of each frame."""
        return self.index.interface

    @property
    def time(self) -> Ints:
        """Time of each frame in ns since 1970, `NO_TIME` without a stamp."""
        return self.index.time

    def slim(self) -> None:
        """Let go of what can be had again, or is for tracking only: the header columns stay."""
        vars(self).pop("index", None)
        self.innermost, self.places = {}, {}
        self.columns = _Slim({name: _slimmed(column) for name, column in self.columns.items()})


def _times(ticks: NDArray[np.uint64], interface: NDArray[np.uint32], interfaces: list[Interface]) -> Ints:
    """Stamps in ns, in integers only."""
    times = np.zeros(len(ticks), np.int64)
    for one in interfaces:
        rows = np.flatnonzero(interface == one.index) if len(interfaces) > 1 else slice(None)
        if not len(ticks[rows]):
            continue
        if 10**9 % one.ticks_per_second == 0:
            scaled = ticks[rows].astype(np.int64) * (10**9 // one.ticks_per_second)
            times[rows] = scaled + one.time_offset * 10**9
        else:
            clipped = [min(max(one.nanoseconds(t), -(2**63) + 1), 2**63 - 1) for t in ticks[rows].tolist()]
            times[rows] = np.array(clipped, np.int64)
    return times
