# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames of a capture that a display filter lets through."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from osgp_analyzer.analysis.contexts import Contexts, dependent_fields
from osgp_analyzer.analysis.fields import FIELDS
from osgp_analyzer.analysis.tracking import Tracked, track
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.columns.values import Bools
from osgp_analyzer.store import CHUNK

if TYPE_CHECKING:
    from osgp_analyzer.filters.filter import Filter


@dataclass
class Wanted:
    """Which frames, and what will be asked of them: `names` of fields, and with `deep` all their layers.

    `count`: of the first so many frames only. `whole`: their exchanges, `ahead`: and how messages are answered later,
    `chains`: the chains that they belong to. `judged`: how messages are protected, also where there are no keys.
    """

    filter_text: str | None = None
    count: int | None = None
    names: Collection[str] = ()
    deep: bool = False
    whole: bool = False
    ahead: bool = False
    chains: bool = False
    judged: bool = False

    @cached_property
    def _asked(self) -> set[str]:
        return {*self.names, *(self.filter.names if self.filter is not None else ())}

    @cached_property
    def tables(self) -> bool:
        """Whether tables of meters are to be read with what other tables say."""
        return self.findings or any(name in dependent_fields() for name in self._asked)

    def guarded(self, session: Session) -> bool:
        """Whether messages are to be opened and judged: for which all frames before must be seen too."""
        return self.judged or bool(session.settings.keys.keys)

    @property
    def conduct(self) -> bool:
        """Whether it is to be looked at how those who talk behave."""
        return self.judged or self.findings

    @property
    def findings(self) -> bool:
        """Whether it is asked what is wrong, of which some follows from other frames."""
        return any(name.partition(".")[0] == "finding" for name in self._asked)

    @cached_property
    def filter(self) -> Filter | None:
        """The display filter. Raises `FilterError` for a text that is none."""
        if self.filter_text is None:
            return None
        from osgp_analyzer.filters.filter import Filter  # many a list is made without

        return Filter(self.filter_text)


def selected_chunks(
    session: Session, wanted: Wanted = Wanted(), start: int = 0, stop: int | None = None
) -> Iterator[tuple[Tracked, Bools]]:
    """Each chunk of frames `start` to `stop`, with a mask of the frames that are wanted. Raises `FilterError`."""
    chosen, count = wanted.filter, wanted.count
    names = {*wanted.names, *(chosen.names if chosen is not None else ())} & FIELDS.keys()
    ahead = wanted.ahead or any(FIELDS[name].ahead for name in names)
    chains = wanted.chains or wanted.findings or any(FIELDS[name].chains for name in names)
    whole = wanted.whole or bool(names)
    deep = wanted.deep if chosen is None else not chosen.fast
    if count is not None:
        stop = count if stop is None else min(count, stop)
    contexts = Contexts() if wanted.tables else None
    guard = session.guard(conduct=wanted.conduct) if wanted.guarded(session) else None
    for tracked in track(
        session.store,
        CHUNK,
        ahead,
        whole=whole,
        deep=deep,
        start=start,
        stop=stop,
        contexts=contexts,
        guard=guard,
        chains=chains,
        uniform=session.settings.uniform,
    ):
        chunk = tracked.chunk
        mask = np.ones(chunk.stop - chunk.start, bool) if chosen is None else chosen.mask(session.store, chunk, tracked)
        yield tracked, mask


def selected(session: Session, filter_text: str | None, count: int | None = None) -> Iterator[int]:
    """Indices of the frames that pass, in the order of the capture."""
    if filter_text is not None:
        for tracked, mask in selected_chunks(session, Wanted(filter_text, count)):
            yield from (np.flatnonzero(mask) + tracked.chunk.start).tolist()
        return
    index = 0
    while (count is None or index < count) and session.reaches(index):
        yield index
        index += 1
