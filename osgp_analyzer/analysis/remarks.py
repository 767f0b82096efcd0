# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings on whole frames, which no layer has: what `app.decode` says of a frame, for all frames of a chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osgp_analyzer.analysis.security.remarks import CHANGED, REMARKS, bit
from osgp_analyzer.engines.columns.values import Bools
from osgp_analyzer.schema import Group, Severity
from osgp_analyzer.store import Chunk, FrameStore

if TYPE_CHECKING:
    from osgp_analyzer.analysis.chains.chains import Chained
    from osgp_analyzer.analysis.security.guard import Secured

Remark = tuple[Severity, str, Group]
"""Severity, code and group of a finding."""


def frame_remarks(
    store: FrameStore, chunk: Chunk, secured: Secured | None = None, chained: Chained | None = None
) -> dict[Remark, Bools]:
    """The rows of the chunk that have each of these findings, with those on their protection and their chains where
    these are known."""
    captured, length = chunk.captured, chunk.length.astype(np.int64)
    unknown = [i.index for i in store.capture.interfaces if i.link_type not in store.links]
    decoded = ~np.isin(chunk.interface, unknown)
    found = {
        (Severity.ERROR, "frame.empty", Group.MALFORMED): decoded & (captured == 0),
        (Severity.WARN, "frame.cut", Group.MALFORMED): decoded & (captured > 0) & (captured < length),
        (Severity.NOTE, "frame.length", Group.PROTOCOL): decoded & (captured > length),
        (Severity.NOTE, "frame.link_type", Group.UNDECODED): ~decoded,
    }
    if secured is not None and secured.remarks.any():
        for remark in REMARKS:
            found[remark.severity, remark.finding, Group.SECURITY] = (secured.remarks & bit(remark.code)) != 0
    if chained is not None and chained.changed.any():
        found[CHANGED.severity, CHANGED.finding, Group.SECURITY] = chained.changed
    return found
