# SPDX-License-Identifier: GPL-2.0-or-later
"""What the frames of a chunk are about, in a few words each: addresses, protocol, and information.

It is what :mod:`osgp_analyzer.app.decode` says of each frame. Where that cannot be had from columns (a frame that was
cut, a rare kind of field) the frame is decoded by itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.columns import cells
from osgp_analyzer.engines.columns.cells import Cells
from osgp_analyzer.engines.columns.group import Finding, Group
from osgp_analyzer.engines.columns.texts import ByFrame, finding_text, summaries
from osgp_analyzer.engines.columns.values import Ints
from osgp_analyzer.schema import Severity

SEVERITIES = list(Severity)
NOWHERE = np.iinfo(np.int64).max

Parts = list[tuple[Ints, Cells]]
"""Texts of rows of the chunk."""


@dataclass
class Summaries:
    """Row by row; the texts of `info` follow each other. `worst`: place in `SEVERITIES` of the highest severity among
    the findings of a frame, -1 without any."""

    source: Cells
    destination: Cells
    protocol: Cells
    info: list[Cells]
    worst: Ints


@dataclass
class _Found:
    """What the layers of a chunk say, by row of the chunk."""

    size: int
    source: Parts = field(default_factory=list)
    destination: Parts = field(default_factory=list)
    protocol: Parts = field(default_factory=list)
    info: dict[int, Parts] = field(default_factory=lambda: defaultdict(list))
    """By depth of the layer."""

    def __post_init__(self) -> None:
        self.alone = np.ones(self.size, bool)
        """Frames to be decoded by themselves: at first those that no layer reads."""
        self.worst = np.full(self.size, -1, np.int64)
        self.error = np.full(self.size, -1, np.int64)
        self.error_at = np.full(self.size, NOWHERE, np.int64)
        self.errors: list[tuple[Group, Finding, Ints]] = []

    def add(self, group: Group, places: Ints) -> None:
        """Take what a layer says; `places` are the rows of the frames that were decoded together."""
        frames = places[group.frames]
        if group.parent is None:
            self.alone[frames] = False
        for finding in group.findings:
            self._finding(group, finding, frames[finding.rows])
        if group.beside or group.definition is None:
            return
        there = np.flatnonzero(group.there)
        if group.definition.protocol:
            self.protocol.append((frames[there], cells.constant(f"{group.definition.protocol:<8}", len(there))))
        try:
            for rows, texts in summaries(group, group.definition.info):
                self._put(self.info[group.depth], frames, rows, texts)
            for rows, texts in summaries(group, group.definition.source_address):
                self._put(self.source, frames, rows, texts)
            for rows, texts in summaries(group, group.definition.destination_address):
                self._put(self.destination, frames, rows, texts)
        except ByFrame:
            self.alone[frames] = True

    @staticmethod
    def _put(parts: Parts, frames: Ints, rows: Ints, texts: Cells) -> None:
        """Only what is not empty counts: it stands over what an outer layer said."""
        some = np.flatnonzero(texts.lengths() > 0)
        if len(some):
            parts.append((frames[rows], texts) if len(some) == len(rows) else (frames[rows[some]], texts.take(some)))

    def _finding(self, group: Group, finding: Finding, frames: Ints) -> None:
        self.worst[frames] = np.maximum(self.worst[frames], SEVERITIES.index(finding.severity))
        if finding.severity is not Severity.ERROR:
            return
        # The first one stands in the line. Of two at one place it is the outer one, which comes first.
        first = finding.offset < self.error_at[frames]
        self.error_at[frames[first]] = finding.offset[first]
        self.error[frames[first]] = len(self.errors)
        self.errors.append((group, finding, frames))

    def faults(self) -> Parts:
        """The text of the first error of each frame that has one."""
        parts = []
        for number in np.unique(self.error[self.error >= 0]).tolist():
            group, finding, frames = self.errors[number]
            here = np.flatnonzero(self.error[frames] == number)
            try:
                text = finding_text(group, finding, here)
            except ByFrame:
                self.alone[frames[here]] = True
                continue
            size = len(here)
            parts.append((frames[here], cells.concat([cells.constant("[", size), text, cells.constant("]", size)])))
        return parts


def summarise(session: Session, tracked: Tracked, rows: Ints) -> Summaries:
    """The summaries of these rows of a chunk."""
    chunk = tracked.chunk
    found = _Found(chunk.stop - chunk.start)
    for places, groups in tracked.groups:
        for group in groups:
            found.add(group, places)
    faults = found.faults()
    found.alone |= chunk.captured < chunk.length
    found.alone |= chunk.captured == 0
    longer = chunk.captured > chunk.length
    found.worst[longer] = np.maximum(found.worst[longer], SEVERITIES.index(Severity.NOTE))
    return _choose(session, tracked, found, faults, rows)


def _choose(session: Session, tracked: Tracked, found: _Found, faults: Parts, rows: Ints) -> Summaries:
    place = np.full(found.size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    place[found.alone] = -1
    alone = np.flatnonzero(found.alone[rows])
    requests = tracked.request[rows[alone]].tolist()
    frames_alone = (rows[alone] + tracked.chunk.start).tolist()
    decoded = [session.with_request(*pair) for pair in zip(frames_alone, requests, strict=True)]

    def column(parts: Parts, others: list[str]) -> Cells:
        chosen = [(alone, cells.table(others))] if others else []
        for frames, texts in parts:
            where = place[frames]
            here = np.flatnonzero(where >= 0)
            chosen.append((where, texts) if len(here) == len(where) else (where[here], texts.take(here)))
        return cells.merge(chosen, len(rows))

    worst = found.worst[rows]
    worst[alone] = [-1 if d.worst is None else SEVERITIES.index(d.worst) for d in decoded]
    info: list[Cells] = []
    before = np.zeros(len(rows), bool)
    pieces = [(", ", column(found.info[depth], [])) for depth in sorted(found.info)]
    pieces += [(" ", column(faults, [])), ("", column([], [d.info for d in decoded]))]
    for separator, texts in pieces:
        some = texts.lengths() > 0
        if (before & some).any():
            info.append(cells.table(["", separator], (before & some).astype(np.int64)))
        if some.any():
            info.append(texts)
        before |= some
    return Summaries(
        column(found.source, [d.source for d in decoded]),
        column(found.destination, [d.destination for d in decoded]),
        column(found.protocol, [f"{d.protocol:<8}" for d in decoded]),
        info,
        worst,
    )
