# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of a layer put in order of their shape, and its first fields read at the places that the shape gives them."""

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

WORTH = 64
"""Rows from which on it pays to sort them."""


def arrange(group: Group) -> list[Group]:
    """Split a layer in the rows that hold the whole of their shape's first fields, sorted by shape and with these
    fields read, and the others as they are."""
    if group.nested or group.definition is None or group.size < WORTH:
        return [group]
    order, parts = _sort(group, group.definition)
    if parts is None or len(parts.shapes) * 8 > group.size:
        return [group]
    trailer = sum(map(fixed_size, group.definition.end_fields))
    length = group.end - group.start
    enough = (length if order is None else length[order]) >= parts.spread([s.size + trailer for s in parts.shapes])
    found = []
    if not enough.all():
        rows = np.arange(group.size) if order is None else order
        found.append(group.select(np.sort(rows[~enough])))
        order, parts = rows[enough], parts.only(enough)
        if not parts.shapes:
            return found
    made = group if order is None else group.select(order)
    _read(made, parts)
    return [made, *found]


def _sort(group: Group, definition: schema.Definition) -> tuple[Ints | None, Parts | None]:
    """The rows in the order of their shapes (None: as they are), and the shapes; no shapes where they are too many."""
    order: Ints | None = None
    given: Settled = () if group.known.request else ((NO_REQUEST, None),)
    parts = Parts([shape_of(definition, given)], [group.size])
    for name in deciders(definition)[1]:
        value = outer(name, group)
        if value is None:
            parts = Parts([shape.extend(((name, None),)) for shape in parts.shapes], parts.sizes)
        elif isinstance(value, Numbers):
            keys = np.where(value.known, value.values + 1, 0)
            keys = keys if order is None else keys[order]
            order, parts = _split(parts, order, keys, (1 << WIDEST) + 1, partial(_outer_known, name))
    while wanted := max((sum(w.bits for w in shape.wanted) for shape in parts.shapes), default=0):
        if wanted > 15 or len(parts.shapes) * 8 > group.size:
            return None, None
        start = group.start if order is None else group.start[order]
        keys = np.zeros(group.size, np.int64)
        for shape, rows in parts.slices():
            for one in shape.wanted:
                count = (one.bit % 8 + one.bits + 7) // 8
                word = gather(group.data, start[rows] + one.bit // 8, count)
                value_of = word >> (count * 8 - one.bit % 8 - one.bits) & ((1 << one.bits) - 1)
                keys[rows] = keys[rows] << one.bits | value_of
        order, parts = _split(parts, order, keys, 1 << wanted, _own_known)
    return order, parts


def _split(
    parts: Parts, order: Ints | None, keys: Ints, radix: int, known: Callable[[Shape, int], Settled]
) -> tuple[Ints | None, Parts]:
    """Tell the rows of each part apart by their keys, which are below `radix`; `known` says what a key stands for."""
    keys = keys + parts.spread([radix * i for i in range(len(parts.shapes))])
    counts = np.bincount(keys)
    found = np.flatnonzero(counts).tolist()
    if len(found) > 1 and (keys[1:] < keys[:-1]).any():
        place = np.argsort(keys.astype(np.int16) if len(counts) < 1 << 15 else keys, kind="stable")
        order = place if order is None else order[place]
    shapes = []
    for key in found:
        shape = parts.shapes[key // radix]
        shapes.append(shape.extend(known(shape, key % radix)))
    return order, Parts(shapes, counts[found].tolist())


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
    words: dict[tuple[tuple[int, ...], int, bool], Ints] = {}
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


def _numbers(
    group: Group, parts: Parts, places: list[Place], little: bool, words: dict[tuple[tuple[int, ...], int, bool], Ints]
) -> Ints:
    """The numbers at these places. `words` has bytes that were gathered already."""
    some = next(place for place in places if place.present)
    places = [place if place.present else some for place in places]
    count = max((place.bit % 8 + place.bits + 7) // 8 for place in places)
    offsets = tuple(place.bit // 8 for place in places)
    word = words.get((offsets, count, little))
    if word is None:
        word = gather(group.data, group.start + parts.spread(offsets), count, little)
        words[offsets, count, little] = word
    if little or all(place.bits == count * 8 for place in places):
        return word
    shifts = [count * 8 - place.bit % 8 - place.bits for place in places]
    masks = [(1 << place.bits) - 1 for place in places]
    if len(set(shifts)) == len(set(masks)) == 1:
        return word >> shifts[0] & masks[0]
    return word >> parts.spread(shifts) & parts.spread(masks)


def _where(start: Ints, parts: Parts, places: list[Place]) -> tuple[Ints, Ints]:
    """First bit of a field, and its number of bits."""
    return start * 8 + parts.spread([p.bit for p in places]), parts.spread([p.bits for p in places])
