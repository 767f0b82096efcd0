# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparing the occurrences of a field with what a filter says."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from osgp_analyzer.engines.columns.values import Bools, Numbers, Slices
from osgp_analyzer.filters.literals import Literal, address_text
from osgp_analyzer.filters.names import ADDRESS
from osgp_analyzer.filters.nodes import Range, Reference, Relation
from osgp_analyzer.filters.occurrences import LOW, Packed, Part, Texts
from osgp_analyzer.store.header import PACKED, unpack

ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(part: Part, relation: Relation) -> Bools:
    """Occurrences of which the relation holds."""
    part = sliced(part, relation.reference)
    value = part.value
    if isinstance(value, Numbers):
        return np.asarray(_numbers(value, relation) & part.known)
    if isinstance(value, Packed):
        return np.asarray(_packed(value, relation) & part.known)
    if isinstance(value, Slices):
        plain = relation.operator in ("==", "!=", "in") and all(a is b for a, b in relation.values)
        if plain:
            equal = np.zeros(len(part.known), bool)
            for one, _ in relation.values:
                if one.data is not None:
                    equal |= value.equals(one.data).values != 0
            return np.asarray((~equal if relation.operator == "!=" else equal) & part.known)
        return _each([value.get(row) for row in range(len(part.known))], relation) & part.known
    values = value.values if isinstance(value, Texts) else value
    return _each(values, relation) & part.known


def sliced(part: Part, reference: Reference) -> Part:
    """A part of the bytes of each occurrence, or the bits under a mask. What is too short for a slice is left out."""
    value = part.value
    if reference.mask is not None and isinstance(value, Numbers):
        return Part(part.rows, Numbers(value.values.astype(np.int64) & reference.mask, value.known), part.known)
    if not reference.ranges or isinstance(value, Numbers):
        return part
    if isinstance(value, Slices) and len(reference.ranges) == 1:
        return _slice_columns(part, value, reference.ranges[0])
    if isinstance(value, Texts):
        texts = [cut(v, reference.ranges, "") for v in value.values]
        return Part(part.rows, Texts(texts), part.known & np.array([t is not None for t in texts], bool))
    if isinstance(value, Packed):
        numbers, inverse = np.unique(value.values, return_inverse=True)
        by_number = [cut(unpack(n), reference.ranges, b"") if n >= 0 else None for n in numbers.tolist()]
        known = np.array([d is not None for d in by_number], bool)
        packed = [0 if d is None else int.from_bytes(d[:PACKED], "big") | len(d) << 8 * PACKED for d in by_number]
        if any(d is not None and len(d) > PACKED for d in by_number):
            whole = [by_number[i] for i in inverse.tolist()]
            return Part(part.rows, whole, part.known & known[inverse])
        return Part(part.rows, Packed(np.array(packed, np.int64)[inverse], known[inverse]), part.known & known[inverse])
    found = value if isinstance(value, list) else [value.get(row) for row in range(len(part.known))]
    data = [cut(v, reference.ranges, b"") for v in found]
    return Part(part.rows, data, part.known & np.array([d is not None for d in data], bool))


def cut(value: Any, ranges: tuple[Range, ...], empty: Any) -> Any:
    """The ranges of a string of bytes or characters, joined; None where one is not there."""
    if value is None:
        return None
    found = empty
    for start, length in ranges:
        first = start + len(value) if start < 0 else start
        last = len(value) if length is None else first + length
        if first < 0 or last > len(value) or first >= last:
            return None
        found += value[first:last]
    return found


def _slice_columns(part: Part, value: Slices, span: Range) -> Part:
    start, length = span
    first = value.length + start if start < 0 else np.full(len(value.length), start, np.int64)
    last = value.length if length is None else first + length
    known = part.known & (first >= 0) & (last <= value.length) & (first < last)
    offset = np.where(known, value.offset + first, 0)
    return Part(part.rows, Slices(value.data, offset, np.where(known, last - first, 0), known), known)


def _numbers(value: Numbers, relation: Relation) -> Bools:
    values: Any = value.values
    sign = relation.operator
    hits = np.zeros(len(values), bool)
    if sign in ("contains", "matches"):
        if ADDRESS in relation.reference.name.kinds:
            return _by_value(values, lambda n: _holds(address_text(n), relation))
        return np.asarray(np.isin(values, list(relation.values[0][0].numbers or ())))
    for low, high in relation.values:
        if low.numbers is None or high.numbers is None:
            continue
        if low is not high:
            hits |= (values >= low.number) & (values <= high.number)
        elif len(low.numbers) > 1 or sign in ("in", "==", "!="):
            equal = values == low.number if len(low.numbers) == 1 else np.isin(values, list(low.numbers))
            hits |= equal
        else:
            hits |= ORDER[sign](values, low.number)
    return ~hits if sign == "!=" else hits


def _packed(value: Packed, relation: Relation) -> Bools:
    if relation.operator in ("==", "!=", "in") and all(a is b for a, b in relation.values):
        hits = np.zeros(len(value.values), bool)
        for one, _ in relation.values:
            if one.data is not None and len(one.data) <= PACKED:
                hits |= value.values == (int.from_bytes(one.data, "big") & LOW | len(one.data) << 8 * PACKED)
        return ~hits if relation.operator == "!=" else hits
    return _by_value(value.values, lambda n: n >= 0 and _holds(unpack(n), relation))


def _by_value(values: Any, holds: Callable[[int], bool]) -> Bools:
    numbers, inverse = np.unique(values, return_inverse=True)
    return np.asarray(np.array([holds(n) for n in numbers.tolist()], bool)[inverse])


def _each(values: Any, relation: Relation) -> Bools:
    seen: dict[Any, bool] = {None: False}
    found = np.zeros(len(values), bool)
    for row, value in enumerate(values):
        held = seen.get(value)
        if held is None:
            held = seen[value] = _holds(value, relation)
        found[row] = held
    return found


def _form(literal: Literal, value: Any) -> Any:
    return literal.string if isinstance(value, str) else literal.data


def _holds(value: Any, relation: Relation) -> bool:
    """One string of bytes or characters."""
    sign, first = relation.operator, relation.values[0][0]
    if sign == "matches":
        text = value if isinstance(value, str) else value.decode("latin-1")
        return first.regex is not None and first.regex.search(text) is not None
    if sign == "contains":
        wanted = first.text if isinstance(value, str) else first.data
        return wanted is not None and wanted in value
    if sign == "in":
        ends = [(_form(low, value), _form(high, value)) for low, high in relation.values]
        return any(low is not None and high is not None and low <= value <= high for low, high in ends)
    wanted = _form(first, value)
    if wanted is None:
        return sign == "!="
    return bool(ORDER[sign](value, wanted))
