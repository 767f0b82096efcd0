# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a layer in many frames at once, and what it encloses: rows are grouped by the layer that comes next.

The order of steps is that of the per-frame engine (`engines/scapy/dissection.py`), so that values, offsets and
findings are the same.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.arrange import arrange
from osgp_analyzer.engines.columns.choices import PASSED, choose
from osgp_analyzer.engines.columns.ends import ended, hide, lose, there
from osgp_analyzer.engines.columns.evaluate import evaluate, holds, missing
from osgp_analyzer.engines.columns.group import Column, Group, Known, between, nothing
from osgp_analyzer.engines.columns.impossible import find_impossible
from osgp_analyzer.engines.columns.read import read, size_of
from osgp_analyzer.engines.columns.structures import array, inside, struct, view
from osgp_analyzer.engines.columns.values import (
    Bools,
    Ints,
    Numbers,
    Slices,
    constant,
    every,
    everywhere,
    nowhere,
    some,
)
from osgp_analyzer.schema import Severity, resolve
from osgp_analyzer.schema.layer import MAX_DEPTH, asks, bit_runs, fixed_size

MALFORMED = schema.Group.MALFORMED


def decode(
    layer: type[schema.Layer] | str, data: NDArray[np.uint8], start: Ints, length: Ints, known: Known
) -> list[Group]:
    """Decode frames that begin with `layer`: `start` and `length` in bytes of `data`. Returns every layer found."""
    frames = np.arange(len(start))
    group = Group(resolve(layer).definition, data, known, frames, start, start + length)
    groups: list[Group] = []
    _layer(group, groups)
    return groups


def again(groups: list[Group], known: Known, rows: Bools) -> list[Group]:
    """The layers of frames that were decoded without their requests, in the frames of a mask as `known` requests make
    them: only layers that ask for a request, and what is inside them, are read again there."""
    asking, changed = set(), set()
    for group in groups:
        if group.definition is not None and group.definition.asked:
            while group.nested and group.parent is not None:
                group = group.parent
            asking.add(group)
    kept: list[Group] = []
    read: list[Group] = []
    for group in groups:
        inside = group.parent in changed
        if not inside and group not in asking:
            kept.append(group)
            continue
        changed.add(group)
        here = rows[group.frames]
        if not here.all():
            kept.append(group.only(~here) if here.any() else group)
        if not inside and here.any():
            _layer(group.afresh(np.flatnonzero(here), known), read)
    return kept + read


def _layer(group: Group, groups: list[Group]) -> None:
    """Read a layer and all inside it, adding each to `groups`."""
    for part in arrange(group):
        _rows(part, groups)


def _rows(group: Group, groups: list[Group]) -> None:
    groups.append(group)
    start, stop = _read(group, groups)
    group.byte, group.end = start, stop  # Peek() and Remaining() see the payload
    filled = group.whole > group.start
    if not group.known.bare or not every(filled):
        _check(group)
    _enclose(group, groups, start, stop)
    if not group.nested:
        _bytes(group, groups, "padding", group.whole > group.stop, group.stop, group.whole)
        if group.parent is not None:
            _drop_empty(group, filled)


def _read(group: Group, groups: list[Group]) -> tuple[Ints, Ints]:
    """Header and trailer; returns where the payload begins and ends."""
    definition = group.definition
    assert definition is not None
    payload = definition.payload
    held = constant(0, group.size)
    if definition.end_fields:
        for field in definition.end_fields:
            held = held + holds(field.when, group) * fixed_size(field)
        held = held * (held <= group.end - group.start)
        group.end = group.end - held
    _fields(group, groups, definition.header[group.fixed :])
    group.header_cut = group.cut
    start, stop = group.byte, group.end
    if payload is None:
        group.stop = start
        return start, stop
    if payload.length is not None:
        size, _ = size_of(payload.length, group)
        whole = ~group.cut
        short = whole & (size > group.left)
        group.truncate(short, start, "{} should follow, {} are there", (size, group.left))
        stop = np.where(whole & ~short, start + size, stop)
    group.byte, group.end = stop, group.end + held
    if definition.trailer:
        cut = group.cut
        if payload.length is None:
            group.cut = nowhere(group.size)
        _fields(group, groups, definition.trailer)
        group.cut = group.cut | cut
    group.stop = group.byte
    return start, stop


def _fields(group: Group, groups: list[Group], fields: tuple[schema.Field, ...]) -> None:
    """Read fields in the rows that are not cut."""
    definition = group.definition
    assert definition is not None
    runs = bit_runs(definition.fields) if definition.bit_order == "lsb" else {}
    for field in fields:
        rows = ~group.cut
        if field.when is not None:
            if asks(field.when)[0] or group.skipped:
                unseen = rows & missing(field.when, group)
                if not isinstance(field, schema.Computed):
                    lose(group, unseen, there(group))
                rows = rows & ~unseen
            rows = rows & holds(field.when, group)
        if isinstance(field, schema.Computed):
            value = evaluate(field.expression, group)
            present = rows & value.known
            if asks(field.expression)[0] or group.skipped:
                present = present & ~missing(field.expression, group)
            if isinstance(value, Numbers):
                value = Numbers(value.values, present)
            elif isinstance(value, Slices):
                value = Slices(value.data, value.offset, value.length, present)
            group.columns[field.name] = Column(value, present, nothing, computed=True)
        elif isinstance(field, schema.Struct):
            struct(group, groups, field, rows, _layer)
        elif isinstance(field, schema.View):
            view(group, groups, field, rows, _layer)
        elif isinstance(field, schema.Array):
            array(group, groups, field, rows, runs, _layer)
        else:
            before, at = group.bit, there(group)
            got = read(field, group, rows, runs)
            group.columns[field.name] = Column(got.value, got.done, partial(between, before, group.bit))
            find_impossible(group, field, group.columns[field.name])
            if got.skipped is not None and some(got.skipped):
                group.skipped[field.name] = got.skipped
            if some(got.short):
                short = ended(group, field, got.short)
                group.truncate(short, at, f"{field.title} needs {{}}, {{}} are left", (got.needed, group.left))
            if some(got.lost):
                lose(group, got.lost, at)


def _check(group: Group) -> None:
    assert group.definition is not None
    for check in group.definition.checks:
        rows = holds(check.when, group)
        column = group.columns.get(check.field)
        if group.part is not None and check.field:
            rows = rows & column.present if column is not None and not column.computed else nowhere(group.size)
        if some(rows):
            place = (
                np.where(column.present, column.where()[0] >> 3, group.start)
                if column and not column.computed
                else group.start
            )
            group.find(check.code, check.severity, check.group, rows, place, check)


def _enclose(group: Group, groups: list[Group], start: Ints, stop: Ints) -> None:
    """Read the payload, or say what is wrong with it."""
    assert group.definition is not None
    payload = group.definition.payload
    filled = stop > start
    if payload is None:
        if not group.nested:
            group.find("surplus", Severity.WARN, MALFORMED, filled & ~group.cut, start)
            _bytes(group, groups, "data", filled, start, stop)
            group.stop = stop
        return
    nothing, required = (
        holds(payload.nothing if payload.nothing is not None else False, group),
        holds(payload.required, group),
    )
    keep = group.header_cut & filled
    rest = ~group.header_cut
    surplus = rest & filled & nothing
    group.find("surplus", Severity.WARN, MALFORMED, surplus, start)
    missing = rest & ~filled & required & ~group.cut
    cut = group.cut
    if some(missing):
        for target, chosen in choose(payload.target, group, missing):
            name = resolve(target).__name__ if isinstance(target, (str, type)) else "payload"
            group.truncate(chosen, start, f"the bytes end before the {name}")
    rest = rest & ~surplus & ~missing
    deep = rest & filled & (group.depth >= MAX_DEPTH)
    group.find("nesting", Severity.WARN, MALFORMED, deep, start)
    keep = keep | surplus | deep
    rest = rest & ~deep & ~(cut & ~filled)
    for target, chosen in choose(payload.target, group, rest & ~nothing):
        if target is None:
            keep = keep | (chosen & filled)
            continue
        if target is PASSED:
            continue
        if group.known.within is not None and resolve(target).__name__ not in group.known.within:
            continue
        _layer(inside(group, resolve(target).definition, chosen, start, stop), groups)
    _bytes(group, groups, "data", keep, start, stop)


def _drop_empty(group: Group, filled: Bools) -> None:
    """A layer without bytes, fields and findings is not there: nor is what could be computed of it."""
    if every(filled):
        return
    gone = ~filled
    for column in group.columns.values():
        if not column.computed:
            gone = gone & ~column.present
    for finding in group.findings:
        gone[finding.rows] = False
    hide(group, gone)


def _bytes(group: Group, groups: list[Group], name: str, rows: Bools, start: Ints, stop: Ints) -> None:
    """Bytes that no layer reads, as a layer of their own."""
    if some(rows) and not group.known.bare:
        made = inside(group, None, rows, start, stop, name=name)
        whole = everywhere(made.size)
        value = Slices(group.data, made.start, made.end - made.start, whole)
        made.columns[name] = Column(value, whole, partial(between, made.start * 8, made.end * 8))
        groups.append(made)
