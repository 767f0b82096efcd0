# SPDX-License-Identifier: GPL-2.0-or-later
"""Expressions over the rows of a group."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import (
    Bools,
    Ints,
    Numbers,
    Objects,
    Value,
    as_numbers,
    choose,
    constant,
    every,
    everywhere,
    look_up,
    nowhere,
    operate,
    some,
    truth,
    unknown,
)
from osgp_analyzer.engines.knowledge import PART_REMAINING
from osgp_analyzer.schema.expr import (
    Again,
    Call,
    Const,
    Context,
    Expr,
    If,
    Index,
    Known,
    Map,
    Not,
    Op,
    Outer,
    Peek,
    Ref,
    Remaining,
    Request,
    SizeOf,
    element,
)
from osgp_analyzer.schema.layer import asks, walk

PROCEDURES: dict[str, Callable[..., Value]] = {}
"""Named procedures in their column form: ``procedure(group, *arguments)``; filled by whoever defines layers."""


_fields: dict[Expr, tuple[str, ...] | None] = {}


def _fixed(node: Expr) -> tuple[str, ...] | None:
    """The fields that a node depends on; None where it depends on the place of reading as well."""
    if node not in _fields:
        nodes = walk(node)
        moving = any(isinstance(n, (Remaining, Peek, SizeOf, Call, Index)) for n in nodes)
        _fields[node] = None if moving else tuple(n.name for n in nodes if isinstance(n, Ref))
    return _fields[node]


def evaluate(node: Expr, group: Group) -> Value:
    """The value of an expression in every row of a group."""
    if not isinstance(node, (Op, Map, If, Not, Known)):
        return _evaluate(node, group)
    if group.parts is not None:
        settled = group.parts.value(node)
        if settled is not None:
            return settled
    # The same condition decides on many fields: what can not change any more is worked out once.
    found = group.memo.get(node)
    if found is None:
        found = _evaluate(node, group)
        fields = _fixed(node)
        if fields is not None and all(name in group.columns and name not in group.skipped for name in fields):
            group.memo[node] = found
    return found


def _evaluate(node: Expr, group: Group) -> Value:
    size = group.size
    match node:
        case Const(value=int() as value):
            return Numbers(constant(value, size), everywhere(size))
        case Const(value=bytes() as text):
            return Objects([text] * size)
        case Ref(name=name):
            return _or_unknown(seen_before(name, group) if name in group.skipped else group.field(name), size)
        case Op():
            return _op(node, group)
        case Not(operand=operand):
            return Numbers(as_numbers(~truth(evaluate(operand, group))), everywhere(size))
        case Known(operand=operand):
            return Numbers(as_numbers(evaluate(operand, group).known), everywhere(size))
        case If():
            condition = truth(evaluate(node.condition, group))
            return choose(condition, evaluate(node.then, group), evaluate(node.other, group))
        case Map():
            key = evaluate(node.key, group)
            return look_up(key, node.items, node.default) if isinstance(key, Numbers) else unknown(size)
        case Outer(name=name):
            return _or_unknown(outer(name, group), size)
        case Request(name=name):
            found = group.known.request.get(name)
            return found.take(group.frames) if found is not None else unknown(size)
        case Remaining():
            left = group.left
            if group.part is not None:
                left = np.where(group.part.whole | (left == 0), left, PART_REMAINING)
            return Numbers(left, everywhere(size))
        case Peek(offset=offset):
            at = group.byte + offset
            there = at < group.end
            if group.part is not None:
                there = there & (at >= group.start)
            if every(there):
                return Numbers(group.data.take(at), there)
            values, rows = np.zeros(size, np.uint8), np.flatnonzero(there)
            values[rows] = group.data.take(at.take(rows))
            return Numbers(values, there)
        case Call():
            return _call(node, group)
        case Index():
            return _or_unknown(number(group), size)
        case Again():
            return Numbers(as_numbers(_again(node, group)), everywhere(size))
        case Context(name=name, index=Expr() as index):
            return _element(name, evaluate(index, group), group)
        case Context(name=name):
            found = group.known.tables.get(name)
            return found.take(group.frames) if found is not None else unknown(size)
        case SizeOf():
            return unknown(size)
    raise TypeError(f"no column form of {type(node).__name__}")


def holds(node: Expr | bool | None, group: Group) -> Any:
    """Rows in which a condition holds; a missing condition always holds."""
    if node is None or node is True:
        return everywhere(group.size)
    if node is False:
        return nowhere(group.size)
    if group.parts is not None:
        held = group.parts.holds(node)
        if held is not None:
            return held
    match node:
        case Op(operator="and", left=left, right=right):
            rows = holds(left, group)
            return rows & holds(right, group) if some(rows) else rows
        case Op(operator="or", left=left, right=right):
            return holds(left, group) | holds(right, group)
        case Not(operand=operand):
            return ~holds(operand, group)
    return truth(evaluate(node, group))


def number(group: Group) -> Numbers | None:
    """Number of the innermost array element that each row is in."""
    rows: Ints | None = None
    inner: Group | None = group
    while inner is not None:
        if inner.number is not None:
            values = inner.number if rows is None else inner.number.take(rows)
            return Numbers(values, everywhere(group.size))
        if inner.up is not None:
            rows = inner.up if rows is None else inner.up.take(rows)
        inner = inner.parent
    return None


def _again(node: Again, group: Group) -> Bools:
    """Rows of an array's elements that have the same values of the fields as an element before."""
    found, before = nowhere(group.size), group.element_before
    while before is not None and before.up is not None and group.up is not None:
        at = np.minimum(np.searchsorted(before.up, group.up), before.size - 1)
        same = (before.up[at] == group.up) & before.there[at]
        for field in node.fields:
            one, other = evaluate(field, group), _or_unknown(before.field(field.name), before.size)
            if not isinstance(one, Numbers) or not isinstance(other, Numbers):
                raise TypeError(f"{group.name}.{field.name} is not a number")
            equal = one.known & (one.values == other.values[at])
            same = same & (one.known == other.known[at]) & (equal | ~one.known)
        found, before = found | same, before.element_before
    return found


def _element(name: str, index: Value, group: Group) -> Numbers:
    """A field of another table in the element of an array that `index` says."""
    found = Numbers(np.zeros(group.size, np.int64), np.zeros(group.size, bool))
    if not isinstance(index, Numbers):
        return found
    for one in np.unique(index.values[index.known]).tolist():
        table = group.known.tables.get(element(name, one))
        if table is not None:
            rows = np.flatnonzero(index.known & (index.values == one))
            found.values[rows], found.known[rows] = (part[group.frames[rows]] for part in (table.values, table.known))
    return found


def seen_before(name: str, group: Group) -> Value | None:
    """A field of which some rows have it before the part of the layer that is there: as the table was seen before."""
    assert group.definition is not None
    here, rows = group.field(name), group.skipped[name]
    table = group.known.tables.get(f"{group.definition.name}.{name}")
    if here is not None and not isinstance(here, Numbers):
        return here
    before = table.take(group.frames) if table is not None else unknown(group.size)
    if here is None:
        return Numbers(before.values, before.known & rows)
    return Numbers(np.where(rows, before.values, here.values), np.where(rows, before.known, here.known))


def missing(expression: Expr | int | bool | None, group: Group) -> Bools:
    """Rows in which an expression stands on other tables, or on parts of this one, that have not been seen."""
    others, own = asks(expression)
    rows = nowhere(group.size)
    for name in others:
        found = group.known.tables.get(name)
        rows = rows | (~found.known.take(group.frames) if found is not None else everywhere(group.size))
    for name in own:
        if name in group.skipped:
            before = seen_before(name, group)
            rows = rows | (group.skipped[name] & ~(before.known if before is not None else nowhere(group.size)))
    return rows


def _or_unknown(value: Value | None, size: int) -> Value:
    return value if value is not None else unknown(size)


def _op(node: Op, group: Group) -> Value:
    if isinstance(node.right, Const) and isinstance(node.right.value, bytes):
        left = evaluate(node.left, group)
        if isinstance(left, Numbers):
            return unknown(group.size)
        if hasattr(left, "equals"):
            equal: Numbers = left.equals(node.right.value)
        else:
            same = [int(v == node.right.value) for v in left.values]
            equal = Numbers(np.array(same, np.int64), left.known)
        return equal if node.operator == "==" else Numbers(1 - equal.values, equal.known)
    left, right = evaluate(node.left, group), evaluate(node.right, group)
    if not isinstance(left, Numbers) or not isinstance(right, Numbers):
        raise TypeError(f"operator {node.operator} on bytes")
    return operate(node.operator, left, right)


def outer(name: str, group: Group) -> Value | None:
    """A field of the nearest enclosing layer that has one of that name."""
    rows: Ints | None = None
    inner: Group | None = group
    while inner is not None and inner.parent is not None and inner.up is not None:
        if inner.size < inner.parent.size:
            rows = inner.up if rows is None else inner.up.take(rows)
        inner = inner.parent
        own = _own_name(inner.definition, name) if inner.definition is not None else None
        if own is not None:
            value = inner.field(own)
            return value.take(rows) if value is not None and rows is not None else value
    return None


@cache
def _own_name(definition: schema.Definition, name: str) -> str | None:
    """What the layer itself calls the field of this full name, None if it has none."""
    return next((field.name for field, full in definition.full_names if full == name), None)


def _call(node: Call, group: Group) -> Value:
    """A procedure; one whose arguments do not change within the layer is called once."""
    key: list[str | int | bytes] = [node.procedure]
    for argument in node.args:
        match argument:
            case Outer(name=name):
                key.append(name)
            case Const(value=value):
                key.append(value)
            case _:
                return PROCEDURES[node.procedure](group, *(evaluate(a, group) for a in node.args))
    found = group.procedures.get(tuple(key))
    if found is None:
        found = PROCEDURES[node.procedure](group, *(evaluate(a, group) for a in node.args))
        group.procedures[tuple(key)] = found
    return found
