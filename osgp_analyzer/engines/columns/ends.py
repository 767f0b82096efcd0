# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the bytes of a layer end before its fields do, or begin after them."""

from __future__ import annotations

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.schema import Severity


def there(group: Group) -> Ints:
    """The cursor, at the start of what is there where it is before that."""
    return group.byte if group.part is None else np.maximum(group.byte, group.start)


def ended(group: Group, field: schema.Field, short: Bools) -> Bools:
    """In a view the bytes may end: says so where that is worth it, and returns the rows in which they may not."""
    part = group.part
    if part is None:
        return short
    at = there(group)
    border = (at >= group.end) & (group.bit % 8 == 0) & (group.bit >= group.start * 8)
    ends = short & (border | ~part.whole)
    group.cut = group.cut | ends
    text = f"the last bytes belong to {field.title}, which ends behind the part"
    group.find("partial_field", Severity.NOTE, schema.Group.UNDECODED, ends & ~border, at, text=text)
    text = f"{field.title} and what may follow are not there"
    group.find("ends_early", Severity.NOTE, schema.Group.PROTOCOL, ends & border & part.whole, at, text=text)
    return np.asarray(short & ~ends)


def lose(group: Group, rows: Bools, offset: Ints) -> None:
    """Nothing more is read of these rows: the size of a field cannot be known."""
    group.cut = group.cut | rows
    group.find("unknown_size", Severity.WARN, schema.Group.UNDECODED, rows, offset)


def hide(group: Group, gone: Bools) -> None:
    """Take rows out of a layer that is not there."""
    if gone.any():
        group.there = ~gone
        for column in group.columns.values():
            column.present = column.present & ~gone
