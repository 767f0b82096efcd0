# SPDX-License-Identifier: GPL-2.0-or-later
"""`osgp_analyzer.engines.impossible` over all rows of a group."""

from __future__ import annotations

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.group import Column, Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Slices, some
from osgp_analyzer.engines.impossible import CLOCK, MONTH_DAYS
from osgp_analyzer.schema import Severity
from osgp_analyzer.schema.types import TIME_SIZES


def find_impossible(group: Group, field: schema.Field, column: Column, title: str = "") -> None:
    """Note the rows in which a date, a time, or decimal digits cannot be."""
    if group.known.bare or not isinstance(field, (schema.BCD, schema.Time)) or not some(column.present):
        return
    value = column.value
    if not isinstance(value, Slices):
        return
    rows = _digits(value) if isinstance(field, schema.BCD) else _clock(value, field.kind)
    rows = rows & column.present
    if some(rows):
        text = f"{title or field.title} has no possible value"
        group.find("impossible", Severity.WARN, schema.Group.MALFORMED, rows, value.offset, text=text)


def _digits(value: Slices) -> Bools:
    wrong = np.zeros(len(value.known), bool)
    for i in range(int((value.length * value.known).max(initial=0))):
        byte = value.byte(i).values
        wrong |= (byte >> 4 > 9) | (byte & 15 > 9)
    return wrong


def _clock(value: Slices, kind: str) -> Bools:
    parts = [value.byte(i).values for i in range(TIME_SIZES[kind])]
    if kind == "time":
        return _beyond(parts, len(value.known))
    year, month, day, *clock = parts
    leap = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = np.array(MONTH_DAYS, np.int64)[np.clip(month, 0, 12)] + leap
    wrong = (month < 1) | (month > 12) | (day < 1) | (day > last) | _beyond(clock, len(value.known))
    unset = np.logical_and.reduce([p == 0 for p in parts]) | np.logical_and.reduce([p == 0xFF for p in parts])
    return np.asarray(wrong & ~unset)


def _beyond(parts: list[Ints], size: int) -> Bools:
    wrong = np.zeros(size, bool)
    for part, last in zip(parts, CLOCK, strict=False):
        wrong |= part > last
    return wrong
