# SPDX-License-Identifier: GPL-2.0-or-later
"""What the frames of a chunk are about, in a few words each: addresses, protocol, and information.

It is what :mod:`osgp_analyzer.app.decode` says of each frame. Where that cannot be had from columns (a frame that was
cut, a rare kind of field) the frame is decoded by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osgp_analyzer.analysis.security.judged import FORGED
from osgp_analyzer.analysis.security.statuses import BAD_DIGEST
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app.session import Session
from osgp_analyzer.engines.columns import cells
from osgp_analyzer.engines.columns.cells import Cells, concat
from osgp_analyzer.engines.columns.group import Finding, Group
from osgp_analyzer.engines.columns.texts import Alternatives, ByFrame, finding_text, summaries
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.schema import Definition, Severity

if TYPE_CHECKING:
    from osgp_analyzer.analysis.security.guard import Secured

SEVERITIES = list(Severity)
NOWHERE = np.iinfo(np.int64).max

Parts = list[tuple[Ints, Cells]]
"""Texts of rows of the chunk."""


@dataclass
class Summaries:
    """Row by row; the texts of `info` follow each other, each in some rows. `worst`: place in `SEVERITIES` of the
    highest severity among the findings of a frame, -1 without any."""

    source: Cells
    destination: Cells
    protocol: Cells
    info: Parts
    worst: Ints


class _Found:
    """What the layers of a chunk say, by row of the chunk, as far as a row is `wanted`."""

    def __init__(self, wanted: Bools) -> None:
        self.wanted, size = wanted, len(wanted)
        self.layers: list[tuple[Group, Ints]] = []
        """Those that may say something, the outermost first, and the rows of their frames."""
        self.alone = np.ones(size, bool)
        """Frames to be decoded by themselves: at first those that no layer reads."""
        self.protocols: list[str] = [""]
        self.protocol = np.zeros(size, np.int64)
        """Place in `protocols`."""
        self.info: Parts = []
        self.spoken = np.zeros(size, bool)
        """Frames with some information."""
        self.worst = np.full(size, -1, np.int64)
        self.error = np.full(size, -1, np.int64)
        self.error_at = np.full(size, NOWHERE, np.int64)
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
        self.layers.append((group, frames))
        if group.definition.protocol:
            self.protocol[frames[group.there]] = len(self.protocols)
            self.protocols.append(group.definition.protocol)
        spoken, wanted = self.spoken[frames], self.wanted[frames]
        self._inform(group, frames, wanted & ~spoken, "")
        self._inform(group, frames, wanted & spoken, ", ")

    def _inform(self, group: Group, frames: Ints, wanted: Bools, prefix: str) -> None:
        assert group.definition is not None
        try:
            for rows, pieces in summaries(group, group.definition.info, wanted, prefix):
                self.info += [(frames[rows], texts) for texts in pieces]
                self.spoken[frames[rows]] = True
        except ByFrame:
            self.alone[frames] = True

    def addresses(self, of: Callable[[Definition], Alternatives]) -> Parts:
        """What the innermost layer that names one says."""
        parts: Parts = []
        wanted = self.wanted.copy()
        for group, frames in reversed(self.layers):
            assert group.definition is not None
            try:
                for rows, pieces in summaries(group, of(group.definition), wanted[frames]):
                    parts.append((frames[rows], concat(pieces)))
                    wanted[frames[rows]] = False
            except ByFrame:
                self.alone[frames] = True
        return parts

    def _finding(self, group: Group, finding: Finding, frames: Ints) -> None:
        self.worst[frames] = np.maximum(self.worst[frames], SEVERITIES.index(finding.severity))
        if finding.severity is not Severity.ERROR:
            return
        # The first one stands in the line. Of two at one place it is the outer one, which comes first.
        first = finding.offset < self.error_at[frames]
        self.error_at[frames[first]] = finding.offset[first]
        self.error[frames[first]] = len(self.errors)
        self.errors.append((group, finding, frames))

    def add_faults(self) -> None:
        """Put the text of the first error of each frame that has one behind its information."""
        for number in np.flatnonzero(np.bincount(self.error[self.error >= 0])).tolist():
            group, finding, frames = self.errors[number]
            here = np.flatnonzero(self.error[frames] == number)
            rows, size = frames[here], len(here)
            try:
                text = finding_text(group, finding, here)
            except ByFrame:
                self.alone[rows] = True
                continue
            before = cells.table(["[", " ["], self.spoken[rows].astype(np.int64))
            self.info.append((rows, concat([before, text, cells.constant("]", size)])))

    def add_forged(self, secured: Secured) -> None:
        """Say of which frames the digest is bad."""
        rows = np.flatnonzero((secured.status == BAD_DIGEST) & self.wanted)
        self.info.append((rows, cells.constant(f" {FORGED}", len(rows))))
        self.worst[rows] = SEVERITIES.index(Severity.ERROR)


def summarise(session: Session, tracked: Tracked, mask: Bools) -> Summaries:
    """The summaries of the frames of a mask."""
    chunk = tracked.chunk
    found = _Found(mask)
    for places, groups in tracked.groups:
        for group in sorted(groups, key=lambda group: group.depth):
            found.add(group, places)
    found.add_faults()
    if tracked.secured is not None:
        found.add_forged(tracked.secured)
    source = found.addresses(lambda definition: definition.source_address)
    destination = found.addresses(lambda definition: definition.destination_address)
    found.alone |= chunk.captured < chunk.length
    found.alone |= chunk.captured == 0
    longer = chunk.captured > chunk.length
    found.worst[longer] = np.maximum(found.worst[longer], SEVERITIES.index(Severity.NOTE))

    rows = np.flatnonzero(mask)
    place = np.full(len(mask), -1, np.int64)
    place[rows] = np.arange(len(rows))
    place[found.alone] = -1
    alone = np.flatnonzero(found.alone[rows])
    requests = tracked.request[rows[alone]].tolist()
    frames = (rows[alone] + chunk.start).tolist()
    decoded = [session.with_request(*pair) for pair in zip(frames, requests, strict=True)]

    def chosen(parts: Parts, others: list[str]) -> Parts:
        made = [(alone, cells.table(others))] if others else []
        for frames, texts in parts:
            where = place[frames]
            if len(where) and where.min() < 0:
                here = np.flatnonzero(where >= 0)
                where, texts = where[here], texts.take(here)
            made.append((where, texts))
        return made

    protocols = [(rows, cells.table(found.protocols, found.protocol[rows]))]
    worst = found.worst[rows]
    worst[alone] = [-1 if d.worst is None else SEVERITIES.index(d.worst) for d in decoded]
    return Summaries(
        cells.merge(chosen(source, [d.source for d in decoded]), len(rows)),
        cells.merge(chosen(destination, [d.destination for d in decoded]), len(rows)),
        cells.merge(chosen(protocols, [d.protocol for d in decoded]), len(rows)),
        chosen(found.info, [d.info for d in decoded]),
        worst,
    )
