# SPDX-License-Identifier: GPL-2.0-or-later
"""The protocol hierarchy: which layers there are inside which, as ``tshark -z io,phs`` has it."""

from __future__ import annotations

from typing import Any

import numpy as np

from osgp_analyzer.analysis.statistics import names
from osgp_analyzer.analysis.statistics.frames import Frames, Settings
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools

Path = tuple[str, ...]
UNKNOWN: Path = ("data",)
"""Where the frames of a link type without a decoder go."""


class Hierarchy:
    """Frames and bytes of each path of layers. A frame with a path twice counts once; bytes are those of the whole
    frame."""

    name = "hierarchy"

    def __init__(self, settings: Settings) -> None:
        self._sums: dict[Path, list[int]] = {}

    def add(self, frames: Frames) -> None:
        """Count the layers of a chunk."""
        masks: dict[Path, Bools] = {}
        size = len(frames.mask)
        undecoded = np.ones(size, bool)
        for rows, groups in frames.layers:
            undecoded[rows] = False
            for group in groups:
                if group.beside or group.name == "padding":
                    continue
                mask = masks.setdefault(_path(group), np.zeros(size, bool))
                mask[rows[group.frames[_there(group)]]] = True
        if undecoded.any():
            masks[UNKNOWN] = masks.get(UNKNOWN, False) | undecoded
        length = frames.chunk.length.astype(np.int64)
        for path, mask in masks.items():
            counted = mask & frames.mask
            if counted.any():
                sums = self._sums.setdefault(path, [0, 0])
                sums[0] += int(np.count_nonzero(counted))
                sums[1] += int(length[counted].sum())

    def result(self) -> dict[str, Any]:
        """``layers``: a tree, the most frequent first."""
        return {"layers": self._below((), names.titles())}

    def _below(self, above: Path, titles: dict[str, str]) -> list[dict[str, Any]]:
        inside = [path for path in self._sums if path[:-1] == above]
        inside.sort(key=lambda path: (-self._sums[path][0], path))
        return [
            {
                "layer": path[-1],
                "title": titles.get(path[-1], path[-1]),
                "frames": self._sums[path][0],
                "bytes": self._sums[path][1],
                "layers": self._below(path, titles),
            }
            for path in inside
        ]


def _path(group: Group) -> Path:
    path = []
    at: Group | None = group
    while at is not None:
        path.append(at.name)
        at = at.parent
    return tuple(reversed(path))


def _there(group: Group) -> Bools:
    """Rows in which the layer is there: one without bytes, fields and findings is not."""
    if group.parent is None or group.definition is None:
        return np.ones(group.size, bool)
    there = group.whole > group.start
    for column in group.columns.values():
        if not column.computed:
            there = there | column.present
    for finding in group.findings:
        there[finding.rows] = True
    return np.asarray(there)
