# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages in several packets (C12.18): what the packets before the last one have of each.

The packets of a message follow one another in one direction; the first is marked, and each says how many follow. A
packet that was sent again is left out; where one is missing the message is not put together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.engines.columns.values import Bools, Slices
from osgp_analyzer.store import Chunk

Places = list[tuple[int, int]]
"""First byte of each part in the buffer, and the byte behind it."""


@dataclass
class _Open:
    """A message of which more is to come: its parts so far, how many packets follow, and the last part."""

    parts: Places
    follow: int
    last: tuple[int, int]


class Packets:
    """Follows the messages of a capture in its order."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int, int], _Open] = {}

    def follow(self, rows: Rows, data: NDArray[np.uint8]) -> dict[int, Places]:
        """Of each frame (by index) that ends a message the parts of it that came before. `rows` are those of the ports
        that belong to messages in several packets, with `first`, `sequence`, and `part`, `part_end` in the buffer."""
        found: dict[int, Places] = {}
        names = ("channel", "source", "direction", "first", "sequence", "part", "part_end", "frame")
        for channel, source, direction, first, follow, start, end, frame in zip(
            *(rows[name].tolist() for name in names), strict=True
        ):
            key = (channel, source, direction)
            if start < 0:
                self._open.pop(key, None)
                continue
            message = self._open.get(key)
            if first and follow:
                self._open[key] = _Open([(start, end)], follow, (start, end))
            elif message is None:
                continue
            elif follow == message.follow and _same(data, message.last, (start, end)):
                if not follow:
                    found[frame] = list(message.parts)
            elif follow != message.follow - 1:
                del self._open[key]
            else:
                message.follow, message.last = follow, (start, end)
                if follow:
                    message.parts.append((start, end))
                else:
                    found[frame] = list(message.parts)
        return found


def _same(data: NDArray[np.uint8], one: tuple[int, int], other: tuple[int, int]) -> bool:
    return bytes(data[slice(*one)]) == bytes(data[slice(*other)])


def together(data: NDArray[np.uint8], parts: Places) -> bytes:
    """The bytes of parts, one after the other."""
    return b"".join(bytes(data[start:end]) for start, end in parts)


def earlier(chunk: Chunk, parts: dict[int, Places]) -> tuple[Slices, Bools]:
    """What came before, for each frame of a chunk, and for which frames there is any."""
    data = np.frombuffer(chunk.capture.buffer, np.uint8)
    size = chunk.stop - chunk.start
    offset, length, known = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, bool)
    joined: list[bytes] = []
    place = 0
    for frame, places in parts.items():
        whole = together(data, places)
        row = frame - chunk.start
        offset[row], length[row], known[row] = place, len(whole), True
        joined.append(whole)
        place += len(whole)
    return Slices(np.frombuffer(b"".join(joined) or b"\0", np.uint8), offset, length, known), known
