# SPDX-License-Identifier: GPL-2.0-or-later
"""Chosen fields of all frames as columns of text, a chunk at a time: what ``-T fields`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app.times import formatter
from osgp_analyzer.engines.columns import cells, figures
from osgp_analyzer.engines.columns.cells import Cells
from osgp_analyzer.engines.columns.figures import EIGHT
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices
from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.columns import OWN, Columns
from osgp_analyzer.filters.names import NUMBER, TIME
from osgp_analyzer.filters.occurrences import Texts, frame_part
from osgp_analyzer.store import NO_TIME
from osgp_analyzer.store.chunk import ABSENT
from osgp_analyzer.store.header import PACKED
from osgp_analyzer.store.store import OF_REQUEST


class Table:
    """The fields `names` of each frame. Raises `CaptureError` naming the nearest for one that does not exist.

    `occurrence`: of a field that is in a frame several times ``a``: all, joined by `aggregator`, ``f``: the first,
    ``l``: the last. Numbers are decimal, bytes hex; a layer that is there is 1.
    """

    def __init__(self, names: list[str], occurrence: str = "a", aggregator: str = ",") -> None:
        self._others = Columns(names, occurrence, aggregator, printable)
        self.names, self.occurrence, self.aggregator = names, occurrence, aggregator

    def columns(self, tracked: Tracked, rows: Ints, suffixes: Sequence[str]) -> list[Cells]:
        """The texts of each field in these rows of the chunk, each with its suffix; empty where a frame lacks it."""
        own = {name for name in self.names if name not in OWN}
        kept = own & tracked.store.kept.keys()
        beyond = tracked.store.beyond(tracked.chunk, kept, tracked.asked) if kept else None
        some = beyond is not None and bool(beyond.any())
        special = own - kept | (kept & OF_REQUEST if some else set())
        texts = self._others.texts(tracked, special, None if own - kept else beyond) if special else {}
        found: list[Cells] = []
        for name, suffix in zip(self.names, suffixes, strict=True):
            column, more = tracked.chunk.columns.get(name), tracked.chunk.more.get(name)
            if name in OWN:
                found += _frame(tracked, name, rows, suffix)
            elif column is not None and name not in special:
                found += self._repeated(column, more, rows, suffix) if more else [_kept(column[rows], suffix)]
            elif column is not None and beyond is not None:
                found.append(_either(_kept(column[rows], suffix), texts[name], beyond[rows], rows, suffix))
            else:
                found.append(_made(texts[name][rows], suffix))
        return found

    def _repeated(self, column: Any, more: list[tuple[Ints, Any]], rows: Ints, suffix: str) -> list[Cells]:
        """A kept column with further values in some frames, in pieces."""
        if self.occurrence == "f":
            return [_kept(column[rows], suffix)]
        if self.occurrence == "l":
            last = column.copy()
            for where, values in more:
                last[where] = values
            return [_kept(last[rows], suffix)]
        place = np.full(len(column), -1, np.int64)
        place[rows] = np.arange(len(rows))
        pieces = [_kept(column[rows], "")]
        for where, values in more:
            here = place[where] >= 0
            texts = _kept(values[here], "")
            before = cells.constant(self.aggregator, len(texts))
            pieces.append(cells.merge([(place[where[here]], cells.concat([before, texts]))], len(rows)))
        return [*pieces, cells.constant(suffix, len(rows))]

    def text(self, separator: str, tracked: Tracked, mask: Bools) -> memoryview:
        """A line for each frame of a mask, fields joined by `separator`; every line ends in a line break."""
        suffixes = [separator] * (len(self.names) - 1) + ["\n"]
        return cells.join(self.columns(tracked, np.flatnonzero(mask), suffixes)).data


def _frame(tracked: Tracked, name: str, rows: Ints, suffix: str) -> list[Cells]:
    part = frame_part(name, tracked.store, tracked.chunk, tracked)
    if isinstance(part.value, Texts):
        texts = part.value.values
        return [cells.table([printable(texts[row] or "") + suffix for row in rows.tolist()])]
    assert isinstance(part.value, Numbers)
    kind, known, values = OWN[name], part.known[rows], part.value.values[rows]
    if kind == NUMBER:
        return figures.whole_numbers(np.where(known, values, ABSENT), 0, suffix)
    if kind == TIME:
        return figures.seconds(np.where(known, values, NO_TIME), NO_TIME, 0, suffix)
    return _dates(values, np.flatnonzero(known), suffix)


def _dates(stamps: Ints, known: Ints, suffix: str) -> list[Cells]:
    """Points in time in UTC, as RFC 3339 has them; those at `known` are there."""
    whole, rest = np.divmod(stamps[known], 10**9)
    write = formatter("utc")
    seconds = cells.of_values(whole, lambda second: write(second * 10**9)[:-9].replace(" ", "T"))
    made = cells.concat([seconds, *figures.fraction(rest, "Z")])
    return [cells.merge([(known, made)], len(stamps)), cells.constant(suffix, len(stamps))]


def _made(texts: Any, suffix: str) -> Cells:
    """Texts that are there already, or None, each with a suffix."""
    return cells.table([(text or "") + suffix for text in texts.tolist()])


def _either(kept: Cells, texts: Any, beyond: Bools, rows: Ints, suffix: str) -> Cells:
    """Kept values, and texts where these do not say all."""
    others, here = np.flatnonzero(beyond), np.flatnonzero(~beyond)
    made = _made(texts[rows[others]], suffix)
    return cells.merge([(here, kept.take(here)), (others, made)], len(rows))


def _kept(values: Any, suffix: str) -> Cells:
    if values.dtype != np.int64:
        return figures.numbers(values, 0, suffix)
    packed, place = cells.distinct(values)
    length = np.where(packed == ABSENT, 0, packed >> 8 * PACKED)
    data = (packed << 8 * (EIGHT - length)).astype(">i8").view(np.uint8)  # the bytes first, their length shifted out
    texts = figures.hexadecimal(Slices(data, np.arange(len(packed)) * EIGHT, length, length > 0))
    return cells.concat([texts, cells.constant(suffix, len(packed))]).take(place)
