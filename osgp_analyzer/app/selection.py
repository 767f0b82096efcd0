# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames of a capture that a display filter lets through."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from osgp_analyzer.analysis.tracking import Tracked, track
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.filters import Filter
from osgp_analyzer.store import CHUNK


def selected_chunks(
    session: Session, filter_text: str | None, count: int | None = None
) -> Iterator[tuple[Tracked, Bools]]:
    """Each chunk with a mask of the frames that pass; with `count`, of the first so many frames only.

    Raises `FilterError` for a filter that is none.
    """
    chosen = Filter(filter_text) if filter_text is not None else None
    limit = CHUNK if count is None else count
    for tracked in track(session.store, min(CHUNK, max(1, limit))) if limit else ():
        chunk = tracked.chunk
        mask = np.ones(chunk.stop - chunk.start, bool)
        if chosen is not None:
            mask = chosen.mask(session.store, chunk, layers=partial(_layers, tracked))
        if count is not None:
            mask = mask & (np.arange(chunk.start, chunk.stop) < count)
        yield tracked, mask
        if count is not None and chunk.stop >= count:
            return


def _layers(tracked: Tracked) -> list[tuple[Ints, list[Group]]]:
    return tracked.groups


def selected(session: Session, filter_text: str | None, count: int | None = None) -> Iterator[int]:
    """Indices of the frames that pass, in the order of the capture."""
    if filter_text is not None:
        for tracked, mask in selected_chunks(session, filter_text, count):
            yield from (np.flatnonzero(mask) + tracked.chunk.start).tolist()
        return
    index = 0
    while (count is None or index < count) and session.reaches(index):
        yield index
        index += 1
