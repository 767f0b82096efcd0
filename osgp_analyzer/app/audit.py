# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit of a capture, or of what a display filter lets through."""

from __future__ import annotations

from collections.abc import Callable

from osgp_analyzer.analysis.security.audit import Audit
from osgp_analyzer.analysis.security.report import Report
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.app.statistics import Chunks


def audit(
    session: Session, filter_text: str | None = None, count: int | None = None, watch: Callable[[Chunks], Chunks] = iter
) -> Report:
    """What was found with the session's keys, or without any. All messages are judged, as what is found of one may be
    in those before it; `filter_text` and `count` choose the frames that are reported. `watch` passes the chunks on as
    they are read. Raises `FilterError` for a filter that is none."""
    found = Audit(session.settings.keys)
    for tracked, mask in watch(selected_chunks(session, Wanted(filter_text, count, judged=True, chains=True))):
        found.take(tracked, mask)
    return found.report()
