# SPDX-License-Identifier: GPL-2.0-or-later
"""Many byte strings of different lengths, written field by field, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Rows:
    """`data`: n rows of `width` bytes; `end`: how many bytes of each are written."""

    def __init__(self, n: int, width: int) -> None:
        self.data = np.zeros((n, width), np.uint8)
        self.end = np.zeros(n, np.int64)
        self._flat = self.data.reshape(-1)
        self._start = np.arange(n) * width

    def put(self, value: Any, size: int = 1, where: Array | None = None) -> None:
        """Append a big-endian number of `size` bytes, to the rows that `where` marks."""
        rows = np.arange(len(self.data)) if where is None else np.flatnonzero(where)
        value = np.broadcast_to(value, len(self.data))[rows]
        at = self._start[rows] + self.end[rows]
        for i in range(size):
            self._flat[at + i] = (value >> (8 * (size - 1 - i))) & 0xFF
        self.end[rows] += size

    def put_bytes(self, source: Array, length: Any) -> None:
        """Append the first `length` bytes of each row of `source`."""
        length = np.broadcast_to(length, len(self.data)).astype(np.int64)
        ramp = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        self._flat[np.repeat(self._start + self.end, length) + ramp] = source[
            np.repeat(np.arange(len(source)), length), ramp
        ]
        self.end += length

    def joined(self) -> bytes:
        """All rows one after another."""
        return self.data[np.arange(self.data.shape[1]) < self.end[:, None]].tobytes()
