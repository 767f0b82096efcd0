# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture from its first frame to its last, in chunks, each response with the request that it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from osgp_analyzer.analysis.pairing import FAR_BACK, NONE, Pairing
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Ints, Numbers
from osgp_analyzer.store import CHUNK, Chunk, FrameStore


@dataclass
class Tracked:
    """A chunk with the request of each frame: `request` is its index in the capture (-1: none), `asked` its values."""

    store: FrameStore
    chunk: Chunk
    request: Ints
    asked: dict[str, Numbers]

    @cached_property
    def groups(self) -> list[tuple[Ints, list[Group]]]:
        """Everything in the frames, responses read with their requests: rows of the chunk, and the layers there."""
        return self.store.groups(self.chunk, self.asked)


def track(store: FrameStore, size: int = CHUNK) -> Iterator[Tracked]:
    """The chunks of a capture, indexed as they are needed."""
    pairing = Pairing()
    before: dict[str, Any] = {name: np.zeros(0, np.int16) for name in store.asked}
    start = 0
    while True:
        more = len(store.capture) > start or store.capture.index_more(size)
        stop = min(len(store.capture), start + size)
        if stop == start:
            if not more:
                return
            continue
        chunk = store.chunk(start, stop)
        request = pairing.pair(chunk)
        history = {name: np.concatenate([before[name], chunk.innermost[name]]) for name in store.asked}
        first = stop - len(next(iter(history.values()), np.zeros(stop - start)))
        place = np.where(request == NONE, 0, request - first)
        asked = {
            name: Numbers(values[place].astype(np.int64), (request != NONE) & (values[place] >= 0))
            for name, values in history.items()
        }
        yield Tracked(store, chunk, request, asked)
        before = {name: values[-FAR_BACK:] for name, values in history.items()}
        start = stop
