# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of a few frames of a chunk by name: for what is rare enough to be looked at one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from osgp_analyzer.engines.columns.values import Bools, Numbers
from osgp_analyzer.store import Layers

Read = Callable[[Bools, frozenset[str]], Layers]
"""Reads layers (class names) of the frames of a mask."""


def values_by_row(layers: Layers, names: Collection[str]) -> dict[int, dict[str, Any]]:
    """The innermost values of fields by full name, by row of the chunk."""
    found: dict[int, dict[str, Any]] = {}
    for rows, groups in layers:
        for group in groups:
            for field, full in group.definition.full_names if group.definition is not None else ():
                column = group.columns.get(field.name)
                if full not in names or column is None:
                    continue
                for at in np.flatnonzero(column.present).tolist():
                    value = column.value
                    one = int(value.values[at]) if isinstance(value, Numbers) else value.get(at)
                    found.setdefault(int(rows[group.frames[at]]), {})[full] = one
    return found
