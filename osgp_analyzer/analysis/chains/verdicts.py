# SPDX-License-Identifier: GPL-2.0-or-later
"""How the messages of chains are protected, kept from chunk to chunk until a chain ends."""

from __future__ import annotations

import numpy as np

from osgp_analyzer.analysis.chains.chain import Chain
from osgp_analyzer.analysis.runs import Rows, joined, take
from osgp_analyzer.analysis.security.judged import Judged
from osgp_analyzer.analysis.security.statuses import NOTHING
from osgp_analyzer.analysis.tracking import Tracked


class Verdicts:
    """What a guard said of the frames of chains."""

    def __init__(self) -> None:
        self._open: Rows | None = None
        self._ended: dict[int, Judged] = {}

    def take(self, tracked: Tracked) -> None:
        """Take in the next chunk; nothing where messages were not judged."""
        chained, secured = tracked.chained, tracked.secured
        if chained is None or secured is None:
            return
        some = np.flatnonzero((chained.chain >= 0) & (secured.status != NOTHING))
        rows = {name: getattr(secured, name)[some] for name in ("status", "key", "encrypted")}
        rows |= {"frame": some + tracked.chunk.start, "chain": chained.chain[some]}
        rows = joined(self._open, rows)
        over = np.isin(rows["chain"], chained.chains.chain[chained.ended])
        self._open, ended = take(rows, ~over), take(rows, over)
        values = (ended[name].tolist() for name in ("frame", "status", "key", "encrypted"))
        self._ended = {
            frame: Judged(status, secured.names[key] if key >= 0 else None, encrypted)
            for frame, status, key, encrypted in zip(*values, strict=True)
        }

    def put(self, chain: Chain) -> None:
        """Note at the frames of a chain that ends in this chunk what was said of them."""
        for one in chain.frames:
            one.security = self._ended.get(one.index)
