# SPDX-License-Identifier: GPL-2.0-or-later
"""Chosen fields of all frames as columns of text, a chunk at a time: what ``-T fields`` prints."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.analysis.fields import FIELDS, Kind
from osgp_analyzer.analysis.remarks import Remark, frame_remarks
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.engines.columns import cells, figures
from osgp_analyzer.engines.columns.cells import Cells
from osgp_analyzer.engines.columns.figures import EIGHT
from osgp_analyzer.engines.columns.group import Column, Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices
from osgp_analyzer.engines.text import SECRET, SHOW, printable
from osgp_analyzer.filters.names import FINDING
from osgp_analyzer.filters.occurrences import link_types
from osgp_analyzer.schema import REGISTRY
from osgp_analyzer.store import NO_TIME
from osgp_analyzer.store.header import ABSENT, PACKED, pack, unpack
from osgp_analyzer.store.store import OF_REQUEST

FRAME: dict[str, Callable[[Tracked], Ints]] = {
    "frame.number": lambda t: np.arange(t.chunk.start, t.chunk.stop) + 1,
    "frame.time_epoch": lambda t: t.chunk.time,
    "frame.len": lambda t: t.chunk.length.astype(np.int64),
    "frame.cap_len": lambda t: t.chunk.captured,
    "frame.interface": lambda t: t.chunk.interface.astype(np.int64),
    "frame.link_type": lambda t: link_types(t.store, t.chunk),
    **{name: field.values for name, field in FIELDS.items()},
}
"""Fields of the frame itself, and what follows from other frames."""
SECONDS = {"frame.time_epoch": NO_TIME, **{n: ABSENT for n, f in FIELDS.items() if f.kind is Kind.TIME}}
"""Those in nanoseconds, shown in seconds, and what stands for none."""


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

    def columns(self, tracked: Tracked, rows: Ints, suffixes: Sequence[str]) -> list[Cells]:
        """The texts of each field in these rows of the chunk, each with its suffix; empty where a frame lacks it."""
        own = {name for name in self.names if name not in FRAME}
        kept = own & tracked.store.kept.keys()
        beyond = tracked.store.beyond(tracked.chunk, kept, tracked.asked) if kept else None
        some = beyond is not None and bool(beyond.any())
        special = own - kept | (kept & OF_REQUEST if some else set())
        texts = self._texts(tracked, special, None if own - kept else beyond) if special else {}
        found: list[Cells] = []
        for name, suffix in zip(self.names, suffixes, strict=True):
            column, more = tracked.chunk.columns.get(name), tracked.chunk.more.get(name)
            if name in FRAME:
                found += _frame(tracked, name, rows, suffix)
            elif column is not None and name not in special:
                found.append(self._repeated(column, more, rows, suffix) if more else _kept(column[rows], suffix))
            elif column is not None and beyond is not None:
                found.append(_either(_kept(column[rows], suffix), texts[name], beyond[rows], rows, suffix))
            else:
                found.append(cells.table([text + suffix for text in texts[name][rows].tolist()]))
        return found

    def _repeated(self, column: Any, more: list[tuple[Ints, Any]], rows: Ints, suffix: str) -> Cells:
        """A kept column with further values in some frames."""
        if self.occurrence == "f":
            return _kept(column[rows], suffix)
        if self.occurrence == "l":
            last = column.copy()
            for where, values in more:
                last[where] = values
            return _kept(last[rows], suffix)
        place = np.full(len(column), -1, np.int64)
        place[rows] = np.arange(len(rows))
        pieces = [_kept(column[rows], "")]
        for where, values in more:
            here = place[where] >= 0
            texts = _kept(values[here], "")
            before = cells.constant(self.aggregator, len(texts))
            pieces.append(cells.merge([(place[where[here]], cells.concat([before, texts]))], len(rows)))
        return cells.concat([*pieces, cells.constant(suffix, len(rows))])

    def _texts(self, tracked: Tracked, names: set[str], only: Bools | None) -> dict[str, Any]:
        """The texts of fields in the frames of a mask (None: all), from all layers."""
        found = {name: np.full(tracked.chunk.stop - tracked.chunk.start, "", object) for name in names}
        for places, groups in tracked.layers(only):
            for group in groups:
                self._collect(group, places, found)
        for remark, mask in frame_remarks(tracked.store, tracked.chunk).items():
            self._remark(remark, np.flatnonzero(mask), found)
        return found

    def text(self, separator: str, tracked: Tracked, mask: Bools) -> bytes:
        """A line for each frame of a mask, fields joined by `separator`; every line ends in a line break."""
        suffixes = [separator] * (len(self.names) - 1) + ["\n"]
        return cells.join(self.columns(tracked, np.flatnonzero(mask), suffixes)).tobytes()

    def _collect(self, group: Group, rows: Ints, texts: dict[str, Any]) -> None:
        for finding in group.findings:
            self._remark((finding.severity, finding.code, finding.group), rows[group.frames[finding.rows]], texts)
        for name, column in group.columns.items():
            field = None
            if group.definition is not None:
                field = next(f for f in group.definition.fields if f.name == name)
            full = group.definition.full_name(field) if group.definition and field else f"{group.name}.{name}"
            into = texts.get(full)
            if into is None or isinstance(field, (schema.Struct, schema.View)):
                continue
            present = np.flatnonzero(column.present)
            where = rows[group.frames[present]]
            self._add(into, where, _texts(field, column, present))

    def _remark(self, remark: Remark, where: Ints, texts: dict[str, Any]) -> None:
        severity, code, group = remark
        for name, word in (("code", code), ("severity", severity.value), ("group", group.value)):
            if f"finding.{name}" in texts:
                self._add(texts[f"finding.{name}"], where, np.array(word, object))

    def _add(self, into: Any, where: Ints, made: Any) -> None:
        """Put texts to those that are there already."""
        held, made = into[where], np.broadcast_to(made, len(where))
        if self.occurrence != "a":
            keep = held == "" if self.occurrence == "f" else np.ones(len(held), bool)
            into[where[keep]] = made[keep]
        else:
            taken = held != ""
            into[where] = np.where(taken, held + self.aggregator + made, made) if taken.any() else made


def _frame(tracked: Tracked, name: str, rows: Ints, suffix: str) -> list[Cells]:
    values = FRAME[name](tracked)[rows]
    if name in SECONDS:
        return figures.seconds(values, SECONDS[name], 0, suffix)
    return figures.whole_numbers(values, 0, suffix)


def _either(kept: Cells, texts: Any, beyond: Bools, rows: Ints, suffix: str) -> Cells:
    """Kept values, and texts where these do not say all."""
    others, here = np.flatnonzero(beyond), np.flatnonzero(~beyond)
    made = cells.table([text + suffix for text in texts[rows[others]].tolist()])
    return cells.merge([(here, kept.take(here)), (others, made)], len(rows))


def _kept(values: Any, suffix: str) -> Cells:
    if values.dtype != np.int64:
        return figures.numbers(values, 0, suffix)
    packed, place = cells.distinct(values)
    length = np.where(packed == ABSENT, 0, packed >> 8 * PACKED)
    data = (packed << 8 * (EIGHT - length)).astype(">i8").view(np.uint8)  # the bytes first, their length shifted out
    texts = figures.hexadecimal(Slices(data, np.arange(len(packed)) * EIGHT, length, length > 0))
    return cells.concat([texts, cells.constant(suffix, len(packed))]).take(place)


def _texts(field: schema.Field | None, column: Column, rows: Ints) -> Any:
    """Texts of some rows of a column, as an array of strings."""
    if isinstance(field, schema.Array):
        lists = [[_one(item, row) for item in column.items if item.present[row]] for row in rows.tolist()]
        return np.array([",".join(one) for one in lists] or [""], object)[: len(rows)]
    if isinstance(column.value, Numbers):
        found, place = cells.distinct(column.value.values[rows])
        return _strings(map(str, found.tolist()), len(found))[place]
    if field is not None and field.show == SECRET:
        return _strings((SHOW[SECRET](column.value.get(row) or b"") for row in rows.tolist()), len(rows))
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
        if not isinstance(field, (schema.Payload, schema.Struct, schema.View))
    } | {"data.data": schema.Bytes(), "padding.padding": schema.Bytes(), **dict.fromkeys(FINDING, schema.Text())}
