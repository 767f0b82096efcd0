# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields that are layers themselves, in many rows at once: structures, arrays, and views of bytes that are there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.choices import PASSED, choose
from osgp_analyzer.engines.columns.ends import ended, hide, lose, there
from osgp_analyzer.engines.columns.evaluate import evaluate, holds
from osgp_analyzer.engines.columns.group import Column, Group, Part, between, nothing
from osgp_analyzer.engines.columns.impossible import find_impossible
from osgp_analyzer.engines.columns.read import read, size_of
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices, constant, every, nowhere, some
from osgp_analyzer.schema import Severity, resolve
from osgp_analyzer.schema.expr import Ref
from osgp_analyzer.schema.layer import MAX_DEPTH, uniform

ReadLayer = Callable[[Group, list[Group]], None]
"""Reads a layer, and adds what is found to a list."""


def inside(
    group: Group,
    definition: schema.Definition | None,
    rows: Bools,
    start: Ints,
    end: Ints,
    nested: bool = False,
    name: str = "",
) -> Group:
    """A layer in the rows of a mask."""
    frames, up = group.frames, np.arange(group.size)
    if not every(rows):
        up = np.flatnonzero(rows)
        frames, start, end = frames.take(up), start.take(up), end.take(up)
    part = None
    if group.part is not None and nested:
        first = group.start.take(up)
        part = Part(np.maximum(first - start, 0), group.part.whole.take(up))
        start = np.maximum(first, start)
        end = np.maximum(start, end)
    return Group(definition, group.data, group.known, frames, start, end, group, up, nested, name, part)


def struct(group: Group, groups: list[Group], field: schema.Struct, rows: Bools, read_layer: ReadLayer) -> None:
    """Read a structure at the cursor of the rows."""
    before, at = group.bit, there(group)
    done = np.zeros(group.size, bool)
    for target, chosen in choose(field.target, group, rows, passing=False):
        if target is None:
            if field.length is not None:
                got = read(schema.Bytes(field.length, label=field.title), group, chosen, {})
                done |= got.done
                short = ended(group, field, got.short) if some(got.short) else got.short
                group.truncate(short, at, f"{field.title} needs {{}}, {{}} are left", (got.needed, group.left))
                lose(group, got.lost, at)
            continue
        done |= nested(group, groups, target, chosen, field.length, field, read_layer)
    group.columns[field.name] = Column(Numbers(done.astype(np.int64), done), done, partial(between, before, group.bit))


def view(group: Group, groups: list[Group], field: schema.View, rows: Bools, read_layer: ReadLayer) -> None:
    """Read a layer from bytes that are there already. The cursor stays where it is."""
    value = evaluate(field.data, group)
    column = Column(Numbers(constant(0, group.size), nowhere(group.size)), nowhere(group.size), nothing)
    group.columns[field.name] = column
    if not isinstance(value, Slices):
        return
    at, done = there(group), nowhere(group.size)
    for target, chosen in choose(field.target, group, rows & value.known & (value.length > 0)):
        within = group.known.within
        if target is None or target is PASSED or (within is not None and resolve(target).__name__ not in within):
            continue
        deep = chosen & (group.depth >= MAX_DEPTH)
        group.find("nesting", Severity.WARN, schema.Group.MALFORMED, deep, at)
        skip, known = size_of(field.skip, group)
        group.find("unknown_size", Severity.WARN, schema.Group.UNDECODED, chosen & ~deep & ~known, at)
        here = np.flatnonzero(chosen & ~deep & known)
        if not len(here):
            continue
        start = value.offset.take(here)
        inner = Group(
            resolve(target).definition,
            value.data,
            group.known,
            group.frames.take(here),
            start,
            start + value.length.take(here),
            group,
            here,
            nested=True,
            part=Part(skip.take(here), holds(field.whole, group).take(here)),
        )
        if not isinstance(field.data, Ref):
            inner.beside = group.beside
            inner.at = (group.start if group.at is None else group.at).take(here)
        read_layer(inner, groups)
        done = done | (chosen & ~deep & known)
    column.present = done


def nested(
    group: Group,
    groups: list[Group],
    target: Any,
    rows: Bools,
    size: int | schema.Expr | None,
    field: schema.Field,
    read_layer: ReadLayer,
    number: Ints | None = None,
    before: Group | None = None,
) -> Bools:
    """Read a layer at the cursor of the rows; returns those in which it was read. `number`: of an array element,
    `before`: the elements before."""
    start = group.byte
    end = group.end
    if size is not None:
        length, known = size_of(size, group)
        at = there(group)
        short = rows & known & (length > group.left)
        end = start + length
        if group.part is not None:  # of a layer that ends behind the part, what is there
            clipped = short & ~group.part.whole & (group.left > 0)
            end, short = np.where(clipped, group.end, end), short & ~clipped
        lose(group, rows & ~known, at)
        cut_short = ended(group, field, short) if some(short) else short
        group.truncate(cut_short, at, f"{field.title} needs {{}}, {{}} are left", (length, group.left))
        rows = rows & known & ~short
        if group.part is not None:  # nothing of a layer that ends before it
            passed = rows & (start < group.start) & (end <= group.start)
            group.bit, rows = np.where(passed, end * 8, group.bit), rows & ~passed
    if some(rows):
        inner = inside(group, resolve(target).definition, rows, start, end, nested=True)
        inner.number = number.take(inner.up) if number is not None and inner.up is not None else None
        inner.element_before = before
        read_layer(inner, groups)
        bit = group.bit.copy()
        # Where it ends may be before what is there.
        last = end.take(inner.up) if size is not None and inner.up is not None else inner.stop
        if group.part is None:  # what a layer that is cut did not read is left for the one around it
            last = np.where(inner.cut, inner.stop, last)
        bit[inner.up] = last * 8
        group.bit = bit
        if group.part is not None:
            passed = (bit <= group.start * 8) & (start < group.start)
            rows = rows & ~passed
            if inner.up is not None:
                hide(inner, passed.take(inner.up) & ~inner.cut)
        if some(inner.cut):
            cut = group.cut.copy()
            cut[inner.up] |= inner.cut
            group.cut = cut
    return rows


def array(
    group: Group,
    groups: list[Group],
    field: schema.Array,
    rows: Bools,
    runs: dict[str, tuple[int, int]],
    read_layer: ReadLayer,
) -> None:
    """Read an array, an element of each row at a time."""
    before, at = group.bit, there(group)
    wanted = np.full(group.size, -1, np.int64)
    if field.count is not None:
        wanted, known = size_of(field.count, group)
        lose(group, rows & ~known, at)
        rows = rows & known
    column = Column(Numbers(rows.astype(np.int64), rows), rows, nothing)
    active, number = rows, constant(0, group.size)
    first = before if group.part is None else np.maximum(before, group.start * 8)
    element: Group | None = None
    while True:
        active = active & ~group.cut & (number < wanted if field.count is not None else group.left > 0)
        if not active.any():
            break
        here, byte = group.bit, there(group)
        if isinstance(field.element, schema.Field):
            got = read(field.element, group, active, runs)
            column.items.append(Column(got.value, got.done, partial(between, here, group.bit)))
            find_impossible(group, field.element, column.items[-1], field.title)
            if got.skipped is not None:
                first = np.where(got.skipped, np.maximum(first, group.bit), first)
            text = f"{field.title}: its next element needs {{}}, {{}} are left"
            short = ended(group, field, got.short) if some(got.short) else got.short
            group.truncate(short, byte, text, (got.needed, group.left))
            lose(group, got.lost, byte)
        else:
            place = len(groups)
            nested(group, groups, field.element, active, None, field, read_layer, number, element)
            element = groups[place] if len(groups) > place else element
        active = active & (group.bit != here)
        number = number + 1
        if group.part is not None and field.count is not None and column.passed is None and uniform(field.element):
            number = pass_over(group, column, active, here, number, wanted)
    column.where = partial(between, before, group.bit)
    if group.part is not None:
        if column.items:
            gone = (number > 0) & ~np.logical_or.reduce([item.present for item in column.items])
        else:
            gone = (number > 0) & ~group.cut & (before < group.start * 8) & (group.bit <= group.start * 8)
        column.present = rows & ~gone
        column.where = partial(between, first, group.bit)
        if some(rows & gone):
            group.skipped[field.name] = rows & gone
    group.columns[field.name] = column


def pass_over(group: Group, column: Column, active: Bools, here: Ints, number: Ints, wanted: Ints) -> Ints:
    """Move over all elements of an array that end before what is there, now that the first one has shown their size:
    the cursor was at `here` before it. Returns the number of the next element."""
    size = group.bit - here
    passed = np.where(active & (group.bit < group.start * 8), (group.start * 8 - group.bit) // np.maximum(size, 1), 0)
    column.passed = np.minimum(passed, np.maximum(wanted - number, 0))
    group.bit = group.bit + column.passed * size
    return number + column.passed
