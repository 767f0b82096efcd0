# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics of a capture, or of what a display filter lets through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from osgp_analyzer.analysis.statistics import SECTIONS, Settings, Statistics
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.columns.values import Bools

Chunks = Iterator[tuple[Tracked, Bools]]
ERRORS = "errors"
"""The statistic that must know how messages are answered later, and all findings."""


def gather(
    session: Session,
    filter_text: str | None,
    names: Collection[str] = SECTIONS,
    settings: Settings | None = None,
    watch: Callable[[Chunks], Chunks] = iter,
) -> dict[str, Any]:
    """The results by name, after ``frames``: see `Statistics.result`. `watch` passes the chunks on as they are read.

    Raises `FilterError` for a filter that is none, KeyError for a statistic that does not exist.
    """
    statistics = Statistics(names, settings)
    errors = ERRORS in names
    wanted = Wanted(filter_text, names=["finding.code"] if errors else (), whole=True, ahead=errors)
    for tracked, mask in watch(selected_chunks(session, wanted)):
        statistics.add(tracked, mask)
    return statistics.result()
