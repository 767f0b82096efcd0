# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a layer in many frames at once, and what it encloses: rows are grouped by the layer that comes next.

The order of steps is that of the per-frame engine (`engines/scapy/dissection.py`), so that values, offsets and
findings are the same.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.arrange import arrange
from osgp_analyzer.engines.columns.choices import PASSED, choose
from osgp_analyzer.engines.columns.evaluate import evaluate, holds, missing
from osgp_analyzer.engines.columns.group import Column, Group, Known, Part, between, nothing
from osgp_analyzer.engines.columns.impossible import find_impossible
from osgp_analyzer.engines.columns.read import read, size_of
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
from osgp_analyzer.schema.expr import Ref
from osgp_analyzer.schema.layer import MAX_DEPTH, asks, bit_runs, fixed_size, uniform

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


def _inside(
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
                    _lose(group, unseen, _there(group))
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
            _struct(group, groups, field, rows)
        elif isinstance(field, schema.View):
            _view(group, groups, field, rows)
        elif isinstance(field, schema.Array):
            _array(group, groups, field, rows, runs)
        else:
            before, at = group.bit, _there(group)
            got = read(field, group, rows, runs)
            group.columns[field.name] = Column(got.value, got.done, partial(between, before, group.bit))
            find_impossible(group, field, group.columns[field.name])
            if got.skipped is not None and some(got.skipped):
                group.skipped[field.name] = got.skipped
            if some(got.short):
                short = _ended(group, field, got.short)
                group.truncate(short, at, f"{field.title} needs {{}}, {{}} are left", (got.needed, group.left))
            if some(got.lost):
                _lose(group, got.lost, at)


def _there(group: Group) -> Ints:
    """The cursor, at the start of what is there where it is before that."""
    return group.byte if group.part is None else np.maximum(group.byte, group.start)


def _ended(group: Group, field: schema.Field, short: Bools) -> Bools:
    """In a view the bytes may end: says so where that is worth it, and returns the rows in which they may not."""
    part = group.part
    if part is None:
        return short
    at = _there(group)
    border = (at >= group.end) & (group.bit % 8 == 0) & (group.bit >= group.start * 8)
    ends = short & (border | ~part.whole)
    group.cut = group.cut | ends
    text = f"the last bytes belong to {field.title}, which ends behind the part"
    _note(group, "partial_field", schema.Group.UNDECODED, ends & ~border, at, text)
    text = f"{field.title} and what may follow are not there"
    _note(group, "ends_early", schema.Group.PROTOCOL, ends & border & part.whole, at, text)
    return np.asarray(short & ~ends)


def _note(group: Group, code: str, kind: schema.Group, rows: Bools, at: Ints, text: str) -> None:
    if some(rows):
        group.find(code, Severity.NOTE, kind, rows, at)
        group.findings[-1].text = text


def _lose(group: Group, rows: Bools, offset: Ints) -> None:
    group.cut = group.cut | rows
    group.find("unknown_size", Severity.WARN, schema.Group.UNDECODED, rows, offset)


def _struct(group: Group, groups: list[Group], field: schema.Struct, rows: Bools) -> None:
    before, at = group.bit, _there(group)
    done = np.zeros(group.size, bool)
    for target, chosen in choose(field.target, group, rows, passing=False):
        if target is None:
            if field.length is not None:
                length, known = size_of(field.length, group)
                lost, short = chosen & ~known, chosen & known & (length > group.left)
                group.bit = np.where(chosen & known & ~short, (at + length) * 8, group.bit)
                done |= chosen & known & ~short
                cut_short = _ended(group, field, short) if some(short) else short
                group.truncate(cut_short, at, f"{field.title} needs {{}}, {{}} are left", (length, group.left))
                _lose(group, lost, at)
            continue
        done |= _nested(group, groups, target, chosen, field.length, field)
    group.columns[field.name] = Column(Numbers(done.astype(np.int64), done), done, partial(between, before, group.bit))


def _view(group: Group, groups: list[Group], field: schema.View, rows: Bools) -> None:
    """Read a layer from bytes that are there already. The cursor stays where it is."""
    value = evaluate(field.data, group)
    column = Column(Numbers(constant(0, group.size), nowhere(group.size)), nowhere(group.size), nothing)
    group.columns[field.name] = column
    if not isinstance(value, Slices):
        return
    at, done = _there(group), nowhere(group.size)
    for target, chosen in choose(field.target, group, rows & value.known & (value.length > 0)):
        within = group.known.within
        if target is None or target is PASSED or (within is not None and resolve(target).__name__ not in within):
            continue
        deep = chosen & (group.depth >= MAX_DEPTH)
        group.find("nesting", Severity.WARN, MALFORMED, deep, at)
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
        _layer(inner, groups)
        done = done | (chosen & ~deep & known)
    column.present = done


def _nested(
    group: Group,
    groups: list[Group],
    target: Any,
    rows: Bools,
    size: int | schema.Expr | None,
    field: schema.Field,
    number: Ints | None = None,
) -> Bools:
    """Read a layer at the cursor of the rows; returns those in which it was read. `number`: of an array element."""
    start = group.byte
    end = group.end
    if size is not None:
        length, known = size_of(size, group)
        at = _there(group)
        short = rows & known & (length > group.left)
        end = start + length
        if group.part is not None:  # of a layer that ends behind the part, what is there
            clipped = short & ~group.part.whole & (group.left > 0)
            end, short = np.where(clipped, group.end, end), short & ~clipped
        _lose(group, rows & ~known, at)
        cut_short = _ended(group, field, short) if some(short) else short
        group.truncate(cut_short, at, f"{field.title} needs {{}}, {{}} are left", (length, group.left))
        rows = rows & known & ~short
        if group.part is not None:  # nothing of a layer that ends before it
            passed = rows & (start < group.start) & (end <= group.start)
            group.bit, rows = np.where(passed, end * 8, group.bit), rows & ~passed
    if some(rows):
        inner = _inside(group, resolve(target).definition, rows, start, end, nested=True)
        inner.number = number.take(inner.up) if number is not None and inner.up is not None else None
        _layer(inner, groups)
        bit = group.bit.copy()
        # Where it ends may be before what is there.
        bit[inner.up] = (end.take(inner.up) if size is not None and inner.up is not None else inner.stop) * 8
        group.bit = bit
        if group.part is not None:
            passed = (bit <= group.start * 8) & (start < group.start)
            rows = rows & ~passed
            if inner.up is not None:
                _hide(inner, passed.take(inner.up) & ~inner.cut)
        if some(inner.cut):
            cut = group.cut.copy()
            cut[inner.up] |= inner.cut
            group.cut = cut
    return rows


def _array(
    group: Group, groups: list[Group], field: schema.Array, rows: Bools, runs: dict[str, tuple[int, int]]
) -> None:
    before, at = group.bit, _there(group)
    wanted = np.full(group.size, -1, np.int64)
    if field.count is not None:
        wanted, known = size_of(field.count, group)
        _lose(group, rows & ~known, at)
        rows = rows & known
    column = Column(Numbers(rows.astype(np.int64), rows), rows, nothing)
    active, number = rows, constant(0, group.size)
    first = before if group.part is None else np.maximum(before, group.start * 8)
    while True:
        active = active & ~group.cut & (number < wanted if field.count is not None else group.left > 0)
        if not active.any():
            break
        here, byte = group.bit, _there(group)
        if isinstance(field.element, schema.Field):
            got = read(field.element, group, active, runs)
            column.items.append(Column(got.value, got.done, partial(between, here, group.bit)))
            find_impossible(group, field.element, column.items[-1], field.title)
            if got.skipped is not None:
                first = np.where(got.skipped, np.maximum(first, group.bit), first)
            text = f"{field.title}: its next element needs {{}}, {{}} are left"
            short = _ended(group, field, got.short) if some(got.short) else got.short
            group.truncate(short, byte, text, (got.needed, group.left))
            _lose(group, got.lost, byte)
        else:
            _nested(group, groups, field.element, active, None, field, number)
        active = active & (group.bit != here)
        number = number + 1
        if group.part is not None and field.count is not None and column.passed is None and uniform(field.element):
            number = _pass_over(group, column, active, here, number, wanted)
    column.where = partial(between, before, group.bit)
    if group.part is not None:
        gone = (number > 0) & ~group.cut & ((before < group.start * 8) & (group.bit <= group.start * 8))
        if column.items:
            gone = (number > 0) & ~np.logical_or.reduce([item.present for item in column.items])
        column.present = rows & ~gone
        column.where = partial(between, first, group.bit)
        if some(rows & gone):
            group.skipped[field.name] = rows & gone
    group.columns[field.name] = column


def _pass_over(group: Group, column: Column, active: Bools, here: Ints, number: Ints, wanted: Ints) -> Ints:
    """Move over all elements of an array that end before what is there, now that the first one has shown their size:
    the cursor was at `here` before it. Returns the number of the next element."""
    size = group.bit - here
    passed = np.where(active & (group.bit < group.start * 8), (group.start * 8 - group.bit) // np.maximum(size, 1), 0)
    column.passed = np.minimum(passed, np.maximum(wanted - number, 0))
    group.bit = group.bit + column.passed * size
    return number + column.passed


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
        _layer(_inside(group, resolve(target).definition, chosen, start, stop), groups)
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
    _hide(group, gone)


def _hide(group: Group, gone: Bools) -> None:
    """Take rows out of a layer that is not there."""
    if gone.any():
        group.there = ~gone
        for column in group.columns.values():
            column.present = column.present & ~gone


def _bytes(group: Group, groups: list[Group], name: str, rows: Bools, start: Ints, stop: Ints) -> None:
    """Bytes that no layer reads, as a layer of their own."""
    if some(rows) and not group.known.bare:
        made = _inside(group, None, rows, start, stop, name=name)
        whole = everywhere(made.size)
        value = Slices(group.data, made.start, made.end - made.start, whole)
        made.columns[name] = Column(value, whole, partial(between, made.start * 8, made.end * 8))
        groups.append(made)
