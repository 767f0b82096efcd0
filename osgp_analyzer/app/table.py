# SPDX-License-Identifier: GPL-2.0-or-later
"""Chosen fields of all frames as columns of text, a chunk at a time: what ``-T fields`` prints."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.app import cells
from osgp_analyzer.app.cells import Cells
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.engines.columns.group import Column, Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices
from osgp_analyzer.engines.text import printable
from osgp_analyzer.schema import REGISTRY
from osgp_analyzer.store.header import PACKED, pack, unpack

SMALL = np.array([str(n) for n in range(65536)], object)


FRAME: dict[str, Callable[[Tracked], Cells]] = {
    "frame.number": lambda t: cells.numbers(np.arange(t.chunk.start, t.chunk.stop) + 1),
    "frame.time_epoch": lambda t: cells.seconds(t.chunk.time),
    "frame.len": lambda t: cells.numbers(t.chunk.length.astype(np.int64)),
    "frame.cap_len": lambda t: cells.numbers(t.chunk.captured),
    "frame.interface": lambda t: cells.numbers(t.chunk.interface.astype(np.int64)),
    "frame.request": lambda t: cells.numbers(np.where(t.request >= 0, t.request + 1, -1)),
}
"""Fields of the frame itself."""


class Table:
    """The fields `names` of each frame. Raises `CaptureError` naming the nearest for one that does not exist.

    `occurrence`: of a field that is in a frame several times ``a``: all, joined by `aggregator`, ``f``: the first,
    ``l``: the last. Numbers are decimal, bytes hex.
    """

    def __init__(self, names: list[str], occurrence: str = "a", aggregator: str = ",") -> None:
        known = field_names()
        for name in names:
            if name not in known and name not in FRAME:
                near = difflib.get_close_matches(name, [*known, *FRAME], 3, 0.5)
                hint = f"; did you mean {' or '.join(near)}?" if near else "; osgp-analyzer fields lists them"
                raise CaptureError(f"no field named {name!r}{hint}")
        self.names, self.occurrence, self.aggregator = names, occurrence, aggregator

    def columns(self, tracked: Tracked) -> list[Cells]:
        """The texts of each field, one for each frame of the chunk; empty where a frame lacks it."""
        own = [name for name in self.names if name not in FRAME]
        size = tracked.chunk.stop - tracked.chunk.start
        if tracked.store.kept.keys() >= set(own) and tracked.store.once(tracked.chunk, own, asked=True):
            made = {name: self._kept(tracked, name) for name in own}
        else:
            found = {name: np.full(size, "", object) for name in own}
            for rows, groups in tracked.groups if own else ():
                for group in groups:
                    self._collect(group, rows, found)
            made = {name: cells.texts(texts.tolist()) for name, texts in found.items()}
        return [FRAME[name](tracked) if name in FRAME else made[name] for name in self.names]

    @staticmethod
    def _kept(tracked: Tracked, name: str) -> Cells:
        values = tracked.chunk.columns[name]
        return cells.packed(values) if values.dtype == np.int64 else cells.numbers(values)

    def _collect(self, group: Group, rows: Ints, texts: dict[str, Any]) -> None:
        for name, column in group.columns.items():
            field = None
            if group.definition is not None:
                field = next(f for f in group.definition.fields if f.name == name)
            full = group.definition.full_name(field) if group.definition and field else f"{group.name}.{name}"
            into = texts.get(full)
            if into is None or isinstance(field, schema.Struct):
                continue
            present = np.flatnonzero(column.present)
            where = rows[group.frames[present]]
            made = _texts(field, column, present)
            held = into[where]
            if self.occurrence != "a":
                keep = held == "" if self.occurrence == "f" else np.ones(len(held), bool)
                into[where[keep]] = made[keep]
            else:
                taken = held != ""
                into[where] = np.where(taken, held + self.aggregator + made, made) if taken.any() else made


def _texts(field: schema.Field | None, column: Column, rows: Ints) -> Any:
    """Texts of some rows of a column, as an array of strings."""
    if isinstance(field, schema.Array):
        lists = [[_one(item, row) for item in column.items if item.present[row]] for row in rows.tolist()]
        return np.array([",".join(one) for one in lists] or [""], object)[: len(rows)]
    if isinstance(column.value, Numbers):
        values = column.value.values[rows]
        if len(values) and values.min() >= 0 and values.max() < len(SMALL):
            return SMALL[values]
        return _strings(map(str, values.tolist()), len(rows))
    if isinstance(column.value, Slices) and not isinstance(field, schema.Text):
        short = column.value.take(rows)
        if len(rows) and short.length.max() <= PACKED:
            packed, place = np.unique(pack(short), return_inverse=True)
            return _strings((unpack(n).hex() for n in packed.tolist()), len(packed))[place]
    raw = (column.value.get(row) or b"" for row in rows.tolist())
    if isinstance(field, schema.Text):
        return _strings((printable(r.decode(field.encoding, "replace").rstrip(field.pad)) for r in raw), len(rows))
    return _strings((r.hex() for r in raw), len(rows))


def _one(column: Column, row: int) -> str:
    if isinstance(column.value, Numbers):
        return str(int(column.value.values[row]))
    return (column.value.get(row) or b"").hex()


def _strings(texts: Iterable[str], size: int) -> Any:
    made = np.empty(size, object)
    made[:] = list(texts)
    return made


def field_names() -> dict[str, schema.Field]:
    """Every field of every layer, by full name."""
    return {
        layer.definition.full_name(field): field
        for layer in REGISTRY.values()
        for field in layer.definition.fields
        if not isinstance(field, (schema.Payload, schema.Struct))
    } | {"data.data": schema.Bytes(), "padding.padding": schema.Bytes()}


def lines(table: Table, chunks: Iterable[tuple[Tracked, Bools]], separator: str = "\t") -> Iterator[str]:
    """The text of each chunk: a line for each frame of its mask, fields joined by `separator`; every line ends in a
    line break."""
    for tracked, mask in chunks:
        if mask.any():
            yield cells.lines(table.columns(tracked), separator, mask)
