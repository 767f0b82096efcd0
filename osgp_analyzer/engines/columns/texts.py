# SPDX-License-Identifier: GPL-2.0-or-later
"""The texts of fields and one-line summaries in many rows at once: those of `engines.text.describe`, made once for each
value that occurs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.cells import Cells, concat, constant, distinct, fewer, merge, of_values, table
from osgp_analyzer.engines.columns.evaluate import evaluate, holds
from osgp_analyzer.engines.columns.figures import hexadecimal, hexadecimal_numbers, numbers
from osgp_analyzer.engines.columns.group import Column, Finding, Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices
from osgp_analyzer.engines.text import SHOW, colons, count, labelled, printable, unlabelled

Alternatives = tuple[tuple[schema.Expr | None, str], ...]
MOST_DIGITS = 14
"""Digits of a number in hex that is not made one by one."""
MOST = 1 << 16
"""Texts of a field that are remembered."""


class ByFrame(Exception):
    """This text can only be made frame by frame."""


def summaries(
    group: Group, alternatives: Alternatives, wanted: Bools, prefix: str = ""
) -> Iterator[tuple[Ints, list[Cells]]]:
    """The first template whose condition holds, filled in, in the rows of a mask: rows, and their texts in pieces, each
    with a prefix. Rows with an empty text are left out. Raises `ByFrame`."""
    left = group.there & wanted
    for condition, template in alternatives:
        if not left.any():
            return
        here = left & holds(condition, group)
        rows = np.flatnonzero(here)
        if template and len(rows):
            pieces = _pieces(group, template, rows, True)
            if not any(literal for literal, _ in _parsed(template)):
                some = np.flatnonzero(np.add.reduce([piece.lengths() for piece in pieces]))
                rows, pieces = rows[some], [piece.take(some) for piece in pieces]
            yield rows, fewer([constant(prefix, len(rows)), *pieces] if prefix else pieces)
        left &= ~here


def fill_in(group: Group, template: str, rows: Ints, short: bool) -> Cells:
    """`template` with each ``{field}`` replaced by its text, in these rows. Raises `ByFrame`."""
    return concat(_pieces(group, template, rows, short) or [constant("", len(rows))])


def _pieces(group: Group, template: str, rows: Ints, short: bool) -> list[Cells]:
    pieces = []
    for literal, name in _parsed(template):
        if literal:
            pieces.append(constant(literal, len(rows)))
        if name:
            pieces.append(_field(group, name, rows, short))
    return pieces


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


@cache
def _parsed(template: str) -> list[tuple[str, str]]:
    """Literals, each with the name of the field behind it."""
    return re.findall(r"([^{]*)(?:\{(\w+)\})?", template)


def _field(group: Group, name: str, rows: Ints, short: bool) -> Cells:
    assert group.definition is not None
    field = next(f for f in group.definition.fields if f.name == name)
    if isinstance(field, (schema.Struct, schema.View, schema.Array)):
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
        return _numbers(field, value.values[rows], short)
    if isinstance(value, Slices) and SHOW.get(field.show) is colons and not isinstance(field, schema.Text):
        return hexadecimal(value.take(rows), ":")
    if isinstance(value, Slices) and isinstance(field, (schema.Bytes, schema.BCD)) and field.show not in SHOW:
        return hexadecimal(value.take(rows))
    raw = [value.get(row) or b"" for row in rows.tolist()]
    places = {one: place for place, one in enumerate(dict.fromkeys(raw))}
    texts = [printable(unlabelled(field, _read(field, one), short)) for one in places]
    return table(texts, np.array([places[one] for one in raw], np.int64))


def _read(field: schema.Field, raw: bytes) -> Any:
    """The value of a field of bytes, as the per-frame engine has it."""
    return raw.decode(field.encoding, "replace").rstrip(field.pad) if isinstance(field, schema.Text) else raw


def _numbers(field: schema.Field, values: NDArray[Any], short: bool) -> Cells:
    plain = isinstance(field, (schema.Bits, schema.Integer, schema.Computed)) and field.values is None
    if plain and field.scale is None and (not len(values) or values.min() >= 0):
        if field.show != "hex":
            return numbers(values, 0, f" {field.unit}" if field.unit else "")
        digits = len(unlabelled(field, 0, short)) - len("0x")
        if not field.unit and digits <= MOST_DIGITS and (not len(values) or values.max() < 16**digits):
            return hexadecimal_numbers(values, digits)
    return of_values(values, _remembered(field, short))


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
