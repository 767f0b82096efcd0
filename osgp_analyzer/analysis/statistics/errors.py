# SPDX-License-Identifier: GPL-2.0-or-later
"""What went wrong: findings by code, and by sender what was damaged, refused, sent again, late or never answered."""

from __future__ import annotations

from typing import Any

import numpy as np

from dissectors.answering import RESPONSE
from osgp_analyzer.analysis.remarks import frame_remarks
from osgp_analyzer.analysis.statistics import names
from osgp_analyzer.analysis.statistics.directory import NOBODY
from osgp_analyzer.analysis.statistics.frames import Frames, Settings
from osgp_analyzer.analysis.statistics.nodes import crc_is_bad
from osgp_analyzer.analysis.statistics.tally import Sums
from osgp_analyzer.engines.columns.values import Ints
from osgp_analyzer.schema import Group, Severity

Key = tuple[Severity, str, Group]


class Errors:
    """Findings, and faults by sender. A retry, a duplicate and a late answer count for who sent it; a message without
    an answer (however often it was sent) for who asked. The repeats of UNACKD_RPT are no retries.

    `missing` needs chunks from ``track(store, ahead=True)``.
    """

    name = "errors"

    def __init__(self, settings: Settings) -> None:
        self._directory = settings.directory
        self._findings: dict[Key, list[int]] = {}
        self._faulty = self._remarked = 0
        self._nodes = Sums("frames", "crc_bad", "failed", "retries", "duplicates", "late", "missing", "alt_path")

    def add(self, frames: Frames) -> None:
        """Count the faults of a chunk."""
        self._add_findings(frames)
        exchanges, known = frames.tracked.exchanges, frames.source != NOBODY
        duplicate, again = frames.of(exchanges.duplicate) >= 0, frames.of(exchanges.attempt) > 0
        response = frames.column("spdu.type") == RESPONSE
        planned = frames.column("tpdu.type") == names.value("tpdu.type", "UNACKD_RPT")
        faults = {
            "crc_bad": crc_is_bad(frames),
            "failed": response & (frames.outcome == names.value("apdu.outcome", "failure")),
            "retries": again & ~duplicate & ~planned,
            "duplicates": duplicate,
            "late": frames.of(exchanges.late),
            "missing": frames.of(exchanges.missing & (exchanges.first < 0)) & ~duplicate,
            "alt_path": frames.column("lpdu.alt_path") == 1,
        }
        self._nodes.add(frames.source[known], frames=None, **{name: mask[known] for name, mask in faults.items()})

    def _add_findings(self, frames: Frames) -> None:
        hits: dict[Key, list[Ints]] = {}
        for rows, groups in frames.layers:
            for group in groups:
                for finding in group.findings:
                    key = finding.severity, finding.code, finding.group
                    hits.setdefault(key, []).append(rows[group.frames[finding.rows]])
        tracked = frames.tracked
        for key, mask in frame_remarks(tracked.store, frames.chunk, tracked.secured, tracked.chained).items():
            hits.setdefault(key, []).append(np.flatnonzero(mask))
        faulty, remarked = np.zeros(len(frames.mask), bool), np.zeros(len(frames.mask), bool)
        for key, parts in hits.items():
            where = np.concatenate(parts)
            where = where[frames.mask[where]]
            if len(where):
                mask = np.zeros(len(frames.mask), bool)
                mask[where] = True
                sums = self._findings.setdefault(key, [0, 0])
                sums[0] += len(where)
                sums[1] += int(np.count_nonzero(mask))
                remarked |= mask
                if key[0] in (Severity.ERROR, Severity.WARN):
                    faulty |= mask
        self._faulty += int(np.count_nonzero(faulty))
        self._remarked += int(np.count_nonzero(remarked & ~faulty))

    def result(self) -> dict[str, Any]:
        """``findings``: the gravest first, then the most frequent. ``nodes``: senders with a fault, those with the
        most first. ``frames_with_faults``: errors or warnings; ``frames_with_notes_only``: neither."""
        order = list(Severity)
        findings = sorted(self._findings.items(), key=lambda one: (-order.index(one[0][0]), -one[1][0], one[0][1]))
        nodes = []
        for number in range(len(self._directory)):
            sums = self._nodes.row(number)
            faults = sum(count for name, count in sums.items() if name not in ("frames", "alt_path"))
            if faults or sums["alt_path"]:
                nodes.append((-faults, -sums["alt_path"], self._directory[number], sums))
        nodes.sort(key=lambda node: (*node[:2], node[2].order))
        return {
            "findings": [
                {"severity": severity.value, "code": code, "group": group.value, "count": sums[0], "frames": sums[1]}
                for (severity, code, group), sums in findings
            ],
            "frames_with_faults": self._faulty,
            "frames_with_notes_only": self._remarked,
            "nodes": [{"address": e.address, "domain": e.domain, **sums} for *_, e, sums in nodes],
        }
