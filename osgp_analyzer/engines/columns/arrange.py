# SPDX-License-Identifier: GPL-2.0-or-later
"""The shape of each row of a layer found out, and its first fields read at the places that the shape gives them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.evaluate import outer
from osgp_analyzer.engines.columns.group import Column, Group
from osgp_analyzer.engines.columns.parts import Parts
from osgp_analyzer.engines.columns.read import gather, is_bytes
from osgp_analyzer.engines.columns.shape import NO_REQUEST, WIDEST, Place, Settled, Shape, deciders, shape_of
from osgp_analyzer.engines.columns.values import Ints, Numbers, Slices
from osgp_analyzer.schema.layer import fixed_size

Words = dict[tuple[tuple[int, ...], int, bool], Ints]
"""Numbers that were gathered: by the bytes before them for each shape, their size in bytes and order."""
WORTH = 64
"""Rows from which on it pays to tell their shapes apart."""


def arrange(group: Group) -> list[Group]:
    """Split a layer in the rows that hold the whole of their shape's first fields, with these fields read, and the
    others as they are."""
    if group.nested or group.definition is None or group.size < WORTH:
        return [group]
    parts = _shapes(group, group.definition)
    if parts is None:
        return [group]
    trailer = sum(map(fixed_size, group.definition.end_fields))
    enough = group.end - group.start >= parts.spread([shape.size + trailer for shape in parts.shapes])
    if enough.all():
        _read(group, parts)
        return [group]
    rows = np.flatnonzero(enough)
    found = [group.select(np.flatnonzero(~enough))]
    if len(rows):
        whole = group.select(rows)
        _read(whole, parts.only(rows))
        found.insert(0, whole)
    return found


def _shapes(group: Group, definition: schema.Definition) -> Parts | None:
    """The shapes of the rows; None where they are too many to be worth while."""
    given: Settled = () if group.known.request else ((NO_REQUEST, None),)
    parts = Parts([shape_of(definition, given)], None, group.size)
    for name in deciders(definition)[1]:
        value = outer(name, group)
        if value is None:
            parts.shapes = [shape.extend(((name, None),)) for shape in parts.shapes]
        elif isinstance(value, Numbers):
            keys = np.where(value.known, value.values + 1, 0)
            parts = _split(parts, keys, (1 << WIDEST) + 1, partial(_outer_known, name))
    words: Words = {}
    while wanted := max(sum(one.bits for one in shape.wanted) for shape in parts.shapes):
        if wanted > 15 or len(parts.shapes) * 8 > group.size:
            return None
        keys = np.zeros(group.size, np.int64)
        for i in range(max(len(shape.wanted) for shape in parts.shapes)):
            places = [
                Place(True, shape.wanted[i].bit, shape.wanted[i].bits) if i < len(shape.wanted) else Place(False)
                for shape in parts.shapes
            ]
            value_of = _numbers(group, parts, places, False, words)
            if not all(place.present for place in places):
                value_of = np.where(parts.flags([place.present for place in places]), value_of, 0)
            keys = keys << parts.spread([place.bits for place in places]) | value_of
        parts = _split(parts, keys, 1 << wanted, _own_known)
        words = {}  # they were of the shapes before
    return parts if len(parts.shapes) * 8 <= group.size else None


def _split(parts: Parts, keys: Ints, radix: int, known: Callable[[Shape, int], Settled]) -> Parts:
    """Tell the rows of each shape apart by their keys, which are below `radix`; `known` says what a key stands for."""
    if parts.which is not None:
        keys = keys + parts.which.astype(np.int64) * radix
    found = np.flatnonzero(np.bincount(keys))
    places = np.zeros(int(found[-1]) + 1, np.intp)
    places[found] = np.arange(len(found))
    shapes = []
    for key in found.tolist():
        shape = parts.shapes[key // radix]
        shapes.append(shape.extend(known(shape, key % radix)))
    return Parts(shapes, places[keys] if len(shapes) > 1 else None, parts.size)


def _outer_known(name: str, shape: Shape, key: int) -> Settled:
    return ((name, key - 1 if key else None),)


def _own_known(shape: Shape, key: int) -> Settled:
    """The values of the wanted fields, which are put together in a key, the last one lowest."""
    values: list[tuple[str, int | None]] = []
    for field in reversed(shape.wanted):
        values.append((field.name, key & ((1 << field.bits) - 1)))
        key >>= field.bits
    return tuple(values)


def _read(group: Group, parts: Parts) -> None:
    """Read the first fields of the header, as many as all shapes have a place for."""
    assert group.definition is not None
    count = min(len(shape.places) for shape in parts.shapes)
    words: Words = {}
    for i, field in enumerate(group.definition.header[:count]):
        places = [shape.places[i] for shape in parts.shapes]
        present = parts.flags([place.present for place in places])
        value: Numbers | Slices
        if is_bytes(field):
            offset = group.start + parts.spread([place.bit // 8 for place in places])
            value = Slices(group.data, offset, parts.spread([place.bits // 8 for place in places]), present)
        elif all(place.fixed or not place.present for place in places):
            value = Numbers(parts.spread([place.value for place in places]), present)
        else:
            little = (getattr(field, "order", "") or group.definition.order) == "little"
            value = Numbers(
                _numbers(group, parts, places, little and not isinstance(field, schema.Bits), words), present
            )
        where = partial(_where, group.start, parts, places)
        group.columns[field.name] = Column(value, present, where, isinstance(field, schema.Computed))
    group.parts, group.fixed = parts, count
    group.bit = group.start * 8 + parts.spread([shape.starts[count] for shape in parts.shapes])


def _numbers(group: Group, parts: Parts, places: list[Place], little: bool, words: Words) -> Ints:
    """The numbers at these places. `words` has bytes that were gathered already."""
    some = next(place for place in places if place.present)
    places = [place if place.present else some for place in places]
    count = max((place.bit % 8 + place.bits + 7) // 8 for place in places)
    offsets = tuple(place.bit // 8 for place in places)
    word = words.get((offsets, count, little))
    if word is None:
        first = group.start + parts.spread(offsets)
        single = count == 1 and int(first.max()) < len(group.data)
        word = group.data[first] if single else gather(group.data, first, count, little)
        words[offsets, count, little] = word
    if little or all(place.bits == count * 8 for place in places):
        return word
    shifts = [count * 8 - place.bit % 8 - place.bits for place in places]
    masks = [(1 << place.bits) - 1 for place in places]
    if len(set(shifts)) == len(set(masks)) == 1:
        return np.asarray(word >> shifts[0] & masks[0])
    return np.asarray(word >> parts.spread(shifts) & parts.spread(masks))


def _where(start: Ints, parts: Parts, places: list[Place]) -> tuple[Ints, Ints]:
    """First bit of a field, and its number of bits."""
    return start * 8 + parts.spread([p.bit for p in places]), parts.spread([p.bits for p in places])
