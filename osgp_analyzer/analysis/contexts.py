# SPDX-License-Identifier: GPL-2.0-or-later
"""What a meter's tables say that other tables depend on, as it is learned from the answers of the meter.

The size of one table is in another. Each value holds for the frames after the one that it was seen in, for the same
meter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissectors.osgp.names import OK
from dissectors.osgp.tables import TABLES, WRITTEN
from osgp_analyzer import schema
from osgp_analyzer.analysis.meters import NOBODY, meters
from osgp_analyzer.analysis.transactions import NONE
from osgp_analyzer.engines.columns.evaluate import number
from osgp_analyzer.engines.columns.group import Column, Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers
from osgp_analyzer.schema import REGISTRY, Context, Definition, Field
from osgp_analyzer.schema.expr import Ref, element
from osgp_analyzer.schema.layer import asks, walk
from osgp_analyzer.store.header import layers_on_the_way

if TYPE_CHECKING:
    from osgp_analyzer.analysis.tracking import Tracked


FRAME = "frame"
"""``bt07.frame`` is the number of the frame that BT07 was seen in last (`Context`)."""


class Seen(NamedTuple):
    """All values known of a meter after frame `frame` (an index), and the frame that each was seen in first."""

    frame: int
    values: dict[str, int]
    frames: dict[str, int]


@cache
def _inside(definition: Definition) -> tuple[Definition, ...]:
    """A table, and the layers in it."""
    found = {definition: None}
    for layer in definition.enclosed():
        if layer.definition is not definition and layer not in TABLES.values():
            found |= dict.fromkeys(_inside(layer.definition))
    return tuple(found)


@cache
def context_fields() -> frozenset[str]:
    """Fields of tables that the layout of another table stands on, or of the same one where only a part is there."""
    found = set()
    for table in TABLES.values():
        for definition in _inside(table.definition):
            for expression in definition.expressions():
                found |= {node.name for node in walk(expression) if isinstance(node, Context)}
        own = {f.name: full for f, full in table.definition.full_names if _is_number(f)}
        for field in table.definition.fields:
            for expression in field.expressions():
                found |= {own[node.name] for node in walk(expression) if isinstance(node, Ref) and node.name in own}
    return frozenset(found)


@cache
def needed(table: Definition) -> tuple[str, ...]:
    """Fields of other tables that the layout of a table stands on."""
    fields = [field for inner in _inside(table) for field in inner.fields]
    # A computed field is needed where others are sized by it; that it is left out keeps none from being read.
    expressions = [e for f in fields for e in f.expressions() if e is not f.when or not isinstance(f, schema.Computed)]
    found = dict.fromkeys(name for expression in expressions for name in asks(expression)[0])
    return tuple(name for name in found if not name.endswith(f".{FRAME}"))


def _is_number(field: Field) -> bool:
    return isinstance(field, (schema.Bits, schema.Integer, schema.Flags))


@cache
def dependent_fields() -> frozenset[str]:
    """Fields and layers whose place, or whose being there, is told by another table: those of tables whose layout
    depends on others, and of all tables where only a part is there."""
    layers = {definition for table in TABLES.values() for definition in _inside(table.definition)}
    names = {definition.name for definition in layers}
    return frozenset(names | {full for definition in layers for _, full in definition.full_names})


class Contexts:
    """Learns from the frames of a capture in their order. `remember`: also whose each frame is, for `of`."""

    def __init__(self, remember: bool = False) -> None:
        names = context_fields()
        self.layers = {name for name, layer in REGISTRY.items()
                       if any(full in names for _, full in layer.definition.full_names)}  # fmt: skip
        telling = [number for number, table in TABLES.items() if self._tells(table.definition, names)]
        self.read, self.written = (
            np.array([number for number in telling if (number in WRITTEN) == written], np.int64)
            for written in (False, True)
        )
        self.within = layers_on_the_way(names)
        self._seen: dict[int, list[Seen]] = {}
        self._meters: list[tuple[Ints, Ints]] | None = [] if remember else None
        self.stop = 0
        """Frames that it has learned from."""

    def _tells(self, table: Definition, names: frozenset[str]) -> bool:
        """Whether others ask for something that a table says."""
        inside = _inside(table)
        return any(one.class_name in self.layers for one in inside) or f"{table.name}.{FRAME}" in names

    def learn(self, tracked: Tracked) -> Mapping[str, Numbers]:
        """Learn from a chunk; returns what is known of the meter of each of its frames, by full name of the field."""
        asked, chunk = tracked.asked, tracked.chunk
        self.stop = chunk.stop
        answers = tracked.request != NONE
        table = np.where(answers, np.where(asked["osgp.table"].known, asked["osgp.table"].values, -1),
                         chunk.innermost["osgp.table"])  # fmt: skip
        if not (table >= 0).any():
            return {}
        meter = np.where(table >= 0, meters(chunk, answers, asked), NOBODY)
        telling = np.isin(table, self.read) & answers | np.isin(table, self.written) & ~answers
        telling &= meter != NOBODY
        if telling.any():
            self._learn(tracked, telling, meter)
        if self._meters is not None:
            rows = np.flatnonzero(meter != NOBODY)
            self._meters.append((rows + chunk.start, meter[rows]))
        columns = self._columns(meter, chunk.start)
        if self._meters is None:
            self._seen = {meter: history[-1:] for meter, history in self._seen.items()}
        return columns

    def of(self, frame: int) -> Seen | None:
        """What was known before a frame of its meter."""
        for frames, meter in reversed(self._meters or []):
            place = int(np.searchsorted(frames, frame))
            if place < len(frames) and frames[place] == frame:
                history = self._seen.get(int(meter[place]), [])
                before = bisect_left(history, frame, key=attrgetter("frame"))
                return history[before - 1] if before else None
        return None

    def _learn(self, tracked: Tracked, telling: Bools, meter: Ints) -> None:
        found: dict[int, dict[str, int]] = {}
        for places, groups in tracked.read(telling, self.within, bare=True):
            for group in groups:
                if group.definition is not None and group.part is not None:
                    _take(group, places, found, tracked.chunk.start)
        for row in sorted(found):
            history = self._seen.setdefault(int(meter[row]), [])
            frame, values = tracked.chunk.start + row, history[-1].values if history else {}
            new = {name: value for name, value in found[row].items() if values.get(name) != value}
            if new:
                frames = history[-1].frames if history else {}
                history.append(Seen(frame, values | new, frames | dict.fromkeys(new, frame)))

    def _columns(self, meter: Ints, start: int) -> dict[str, Numbers]:
        rows = np.flatnonzero(meter != NOBODY)
        rows = rows[np.argsort(meter[rows], kind="stable")]
        columns: dict[str, Numbers] = {}
        borders = np.flatnonzero(np.diff(meter[rows], prepend=NOBODY, append=NOBODY))
        for first, last in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
            here = rows[first:last]
            history = self._seen.get(int(meter[here[0]]))
            if not history:
                continue
            place = np.searchsorted([seen.frame for seen in history], here + start, "left") - 1
            known = place >= 0
            for name in history[-1].values:
                if name not in columns:
                    columns[name] = Numbers(np.zeros(len(meter), np.int64), np.zeros(len(meter), bool))
                there = np.array([name in seen.values for seen in history])
                values = np.array([seen.values.get(name, 0) for seen in history], np.int64)
                columns[name].known[here] = known & there[place]
                columns[name].values[here] = values[place]
        return columns


def _take(group: Group, places: Ints, found: dict[int, dict[str, int]], start: int) -> None:
    """Take what others ask for of a table, or of a layer in one, by rows of the chunk that starts at `start`."""
    assert group.definition is not None
    names = context_fields()
    elements = number(group)
    good = _went_well(group)
    frame = f"{group.definition.name}.{FRAME}"
    if frame in names:
        for row in places[group.frames[np.flatnonzero(good & group.there)]].tolist():
            found.setdefault(row, {})[frame] = start + row + 1
    for field, full in group.definition.full_names:
        column = group.columns.get(field.name)
        if full not in names or column is None or not isinstance(column.value, Numbers):
            continue
        if isinstance(field, schema.Array):
            _take_list(full, column, good, places[group.frames], found)
            continue
        for row in np.flatnonzero(column.present & good).tolist():
            name = full if elements is None else element(full, int(elements.values[row]))
            found.setdefault(int(places[group.frames[row]]), {})[name] = int(column.value.values[row])


def _take_list(full: str, column: Column, good: Bools, places: Ints, found: dict[int, dict[str, int]]) -> None:
    """Take each element of a list."""
    for i, item in enumerate(column.items):
        if isinstance(item.value, Numbers):
            for row in np.flatnonzero(item.present & good).tolist():
                passed = int(column.passed[row]) if column.passed is not None and i else 0
                found.setdefault(int(places[row]), {})[element(full, i + passed)] = int(item.value.values[row])


def _went_well(group: Group) -> Bools:
    """Rows of a table that are in an answer which says that all went well, or in what is written."""
    rows = np.arange(group.size)
    inner = group
    while inner.parent is not None and inner.up is not None:
        rows, inner = inner.up[rows], inner.parent
        column = inner.columns.get("response")
        if column is not None and isinstance(column.value, Numbers):
            return np.asarray(column.value.values[rows] == OK)
    return np.ones(group.size, bool)
