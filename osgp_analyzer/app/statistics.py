# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics of a capture, or of what a display filter lets through."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from osgp_analyzer.analysis.statistics import SECTIONS, Settings, Statistics
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session

LOOKING_AHEAD = "errors"
"""The statistic that must know how messages are answered later."""


def gather(
    session: Session, filter_text: str | None, names: Collection[str] = SECTIONS, settings: Settings | None = None
) -> dict[str, Any]:
    """The results by name, after ``frames``: see `Statistics.result`.

    Raises `FilterError` for a filter that is none, KeyError for a statistic that does not exist.
    """
    statistics = Statistics(names, settings)
    for tracked, mask in selected_chunks(session, Wanted(filter_text, whole=True, ahead=LOOKING_AHEAD in names)):
        statistics.add(tracked, mask)
    return statistics.result()
