# SPDX-License-Identifier: GPL-2.0-or-later
"""The texts of fields and one-line summaries in many rows at once: those of `engines.text.describe`, made once for each
value that occurs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.cells import Cells, concat, constant, distinct, hexadecimal, merge, of_values, table
from osgp_analyzer.engines.columns.evaluate import evaluate, holds
from osgp_analyzer.engines.columns.group import Column, Finding, Group
from osgp_analyzer.engines.columns.values import Ints, Numbers, Slices
from osgp_analyzer.engines.text import SHOW, count, labelled, printable, unlabelled

Alternatives = tuple[tuple[schema.Expr | None, str], ...]
SHORT = 6
"""Byte strings up to this length are told apart as numbers."""
MOST = 1 << 16
"""Texts of a field that are remembered."""


class ByFrame(Exception):
    """This text can only be made frame by frame."""


def summaries(group: Group, alternatives: Alternatives) -> list[tuple[Ints, Cells]]:
    """The first template whose condition holds, filled in: rows, and their texts. Raises `ByFrame`."""
    found = []
    left = group.there.copy()
    for condition, template in alternatives:
        here = left & holds(condition, group)
        rows = np.flatnonzero(here)
        if len(rows):
            found.append((rows, fill_in(group, template, rows, True)))
            left &= ~here
    return found


def fill_in(group: Group, template: str, rows: Ints, short: bool) -> Cells:
    """`template` with each ``{field}`` replaced by its text, in these rows. Raises `ByFrame`."""
    pieces = []
    for literal, name in re.findall(r"([^{]*)(?:\{(\w+)\})?", template):
        if literal:
            pieces.append(constant(literal, len(rows)))
        if name:
            pieces.append(_field(group, name, rows, short))
    return concat(pieces) if pieces else constant("", len(rows))


def finding_text(group: Group, finding: Finding, which: Ints) -> Cells:
    """The text of a finding in some of its rows. Raises `ByFrame` for one that has its text per frame only."""
    if finding.check is not None:
        return fill_in(group, finding.check.text, finding.rows[which], False)
    if not finding.text:
        raise ByFrame(finding.code)
    if finding.sizes is None:
        return constant(finding.text, len(which))
    first, second = (sizes[which] for sizes in finding.sizes)
    pair, place = distinct(first << 32 | second)
    return table([finding.text.format(count(p >> 32), count(p & 0xFFFFFFFF)) for p in pair.tolist()], place)


def _field(group: Group, name: str, rows: Ints, short: bool) -> Cells:
    assert group.definition is not None
    field = next(f for f in group.definition.fields if f.name == name)
    if isinstance(field, (schema.Struct, schema.Array)):
        raise ByFrame(name)
    column = group.columns.get(name)
    there = column.present[rows] if column is not None else np.zeros(len(rows), bool)
    if column is not None and there.all():
        return _present(group, field, column, rows, short)
    lost = np.where(group.header_cut[rows], 1, 0)  # a field that a cut layer lost is a question mark
    missing = np.flatnonzero(~there)
    parts = [(missing, table(["", "?"], lost[missing]))]
    if column is not None and there.any():
        parts.append((np.flatnonzero(there), _present(group, field, column, rows[there], short)))
    return merge(parts, len(rows))


def _present(group: Group, field: schema.Field, column: Column, rows: Ints, short: bool) -> Cells:
    """The texts of a field that all rows have."""
    if not field.labels:
        return _unlabelled(field, column, rows, short)
    if not isinstance(column.value, Numbers):
        raise ByFrame(field.name)
    values = column.value.values
    open_, parts = np.ones(len(rows), bool), []
    for label in field.labels:
        here = np.flatnonzero(open_ & holds(label.when, group)[rows])
        if not len(here):
            continue
        key = evaluate(label.key, group)
        if not isinstance(key, Numbers):
            raise ByFrame(field.name)
        keys, places = distinct(np.where(key.known, key.values, -1)[rows[here]])
        named = np.array([k in label.values for k in keys.tolist()], bool)[places]
        here = here[named]
        parts.append((here, _labelled(field, label, values[rows[here]], key.values[rows[here]], short)))
        open_[here] = False
    rest = np.flatnonzero(open_)
    if len(rest):
        parts.append((rest, _unlabelled(field, column, rows[rest], short)))
    return merge(parts, len(rows))


def _labelled(field: schema.Field, label: schema.Label, values: Ints, keys: Ints, short: bool) -> Cells:
    _, value_place = distinct(values)
    _, key_place = distinct(keys)
    pair, place = distinct(value_place * (int(key_place.max()) + 1 if len(keys) else 1) + key_place)
    first = np.zeros(len(pair), np.int64)
    first[place[::-1]] = np.arange(len(place))[::-1]
    texts = [
        printable(labelled(field, value, label, label.values[key], short))
        for value, key in zip(values[first].tolist(), keys[first].tolist(), strict=True)
    ]
    return table(texts, place)


def _unlabelled(field: schema.Field, column: Column, rows: Ints, short: bool) -> Cells:
    value = column.value
    if isinstance(value, Numbers):
        return of_values(value.values[rows], _remembered(field, short))
    if isinstance(value, Slices) and isinstance(field, (schema.Bytes, schema.BCD)) and field.show not in SHOW:
        return hexadecimal(value.take(rows))
    raw = [value.get(row) or b"" for row in rows.tolist()]
    places = {one: place for place, one in enumerate(dict.fromkeys(raw))}
    texts = [printable(unlabelled(field, _read(field, one), short)) for one in places]
    return table(texts, np.array([places[one] for one in raw], np.int64))


def _read(field: schema.Field, raw: bytes) -> Any:
    """The value of a field of bytes, as the per-frame engine has it."""
    return raw.decode(field.encoding, "replace").rstrip(field.pad) if isinstance(field, schema.Text) else raw


_texts: dict[tuple[schema.Field, bool], dict[int, str]] = {}


def _remembered(field: schema.Field, short: bool) -> Callable[[int], str]:
    """The text of a number; what was asked once is remembered."""
    known = _texts.setdefault((field, short), {})

    def text(value: int) -> str:
        found = known.get(value)
        if found is None:
            if len(known) >= MOST:
                known.clear()
            found = known[value] = printable(unlabelled(field, value, short))
        return found

    return text
