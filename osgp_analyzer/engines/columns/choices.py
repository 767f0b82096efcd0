# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layer comes next in each row, by the choices that a definition gives."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.evaluate import evaluate, holds
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools, Numbers, every, some
from osgp_analyzer.schema import resolve

PASSED = object()
"""In place of a layer that is not wanted."""


@cache
def _switch(
    switch: schema.Switch, within: frozenset[str] | None, own: tuple[tuple[int, str], ...]
) -> tuple[list[Any], NDArray[np.int16]]:
    """The choices of a switch, those that are passed over put together, and the place of each key's choice among
    them; the last key stands for all others. `own`: what the user has chosen for its table."""
    cases = {**switch.cases, **dict(own)}
    inner: list[Any] = [switch.default]
    places = np.zeros(max(cases, default=0) + 2, np.int16)
    for key, target in cases.items():
        passed = within is not None and isinstance(target, (str, type)) and resolve(target).__name__ not in within
        chosen: Any = PASSED if passed else target
        if chosen not in inner:
            inner.append(chosen)
        places[key] = inner.index(chosen)
    return inner, places


def choose(target: Any, group: Group, rows: Bools, passing: bool = True) -> list[tuple[Any, Bools]]:
    """The rows of a mask by the layer that a choice gives them; None where it gives none. `passing`: layers that are
    not wanted may be `PASSED` over."""
    if group.parts is not None and isinstance(target, (schema.Cases, schema.Switch)):
        settled = group.parts.choose(target)
        if settled is not None:
            chosen = [(one, rows & there) for one, there in settled.items()]
            return [(one, here) for one, here in chosen if here.any()]
    if isinstance(target, schema.Cases):
        found: list[tuple[Any, Bools]] = []
        for case in target.cases:
            here = rows & holds(case.when, group)
            if here.any():
                found += choose(case.target, group, here, passing)
                rows = rows & ~here
        return found + choose(target.default, group, rows, passing)
    if isinstance(target, schema.Switch):
        key = evaluate(target.key, group)
        assert isinstance(key, Numbers)
        own = group.known.chosen.get(target.table) if target.table else None
        within = group.known.within if passing else None
        inner, places = _switch(target, within, tuple(own.items()) if own else ())
        values = key.values
        if some(values < 0):
            values = np.where(values < 0, len(places), values)
        which = places.take(values, mode="clip")
        if not every(key.known):
            which = np.where(key.known, which, places[-1])
        if (which == which[:1]).all():
            return choose(inner[int(which[0])], group, rows, passing) if len(which) else []
        found = []
        for place in np.flatnonzero(np.bincount(which.compress(rows), minlength=1)).tolist():
            found += choose(inner[place], group, rows & (which == place), passing)
        return found
    return [(target, rows)] if rows.any() else []
