# SPDX-License-Identifier: GPL-2.0-or-later
"""The shape of each row of a layer found out, and its first fields read at the places that the shape gives them."""

from __future__ import annotations

from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.evaluate import outer
from osgp_analyzer.engines.columns.group import Column, Group
from osgp_analyzer.engines.columns.impossible import find_impossible
from osgp_analyzer.engines.columns.parts import Parts, Shapes, Spot, shapes_of
from osgp_analyzer.engines.columns.read import gather, is_bytes
from osgp_analyzer.engines.columns.shape import NO_REQUEST, WIDEST, Settled, Shape, deciders, shape_of
from osgp_analyzer.engines.columns.values import Ints, Numbers, Slices, Value, every
from osgp_analyzer.schema.layer import fixed_size

Words = dict[tuple[tuple[int, ...], int, bool], NDArray[Any]]
"""Numbers that were gathered: by the bytes before them for each shape, their size in bytes and order."""
WORTH = 64
"""Rows from which on it pays to tell their shapes apart."""
NARROW = (np.uint8, np.uint8, np.uint16, np.uint32, np.uint32)
"""Types of numbers of so many bytes; those of more take 64 bits."""


def arrange(group: Group) -> list[Group]:
    """Split a layer in the rows that hold the whole of their shape's first fields, with these fields read, and the
    others as they are."""
    if group.nested or group.definition is None or group.size < WORTH:
        return [group]
    parts = _shapes(group, group.definition)
    if parts is None:
        return [group]
    trailer = sum(map(fixed_size, group.definition.end_fields))
    enough = group.end - group.start >= parts.spread(tuple(size + trailer for size in parts.of.sizes))
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
    parts = Parts(shapes_of((shape_of(definition, given),)), None, group.size)
    for name in deciders(definition)[1]:
        value = outer(name, group)
        if value is None:
            parts.of = shapes_of(tuple(shape.extend(((name, None),)) for shape in parts.of.shapes))
        elif isinstance(value, Numbers):
            keys = value.values.astype(np.int64) + 1
            parts = _split(parts, keys if every(value.known) else keys * value.known, (1 << WIDEST) + 1, name)
    words: Words = {}
    while wanted := parts.of.wanted:
        if wanted > 15 or len(parts.of.shapes) * 8 > group.size:
            return None
        keys = np.zeros(group.size, np.int64)
        for i, spot in enumerate(parts.of.wanted_spots):
            value_of = _numbers(group.data, group.start, parts, spot, False, words)
            if not all(spot.present):
                value_of = value_of * parts.flags(spot.present)
            keys = keys << parts.spread(spot.bits) | value_of if i else value_of.astype(np.int64)
        parts = _split(parts, keys, 1 << wanted)
        words = {}  # they were of the shapes before
    return parts if len(parts.of.shapes) * 8 <= group.size else None


def _split(parts: Parts, keys: Ints, radix: int, name: str | None = None) -> Parts:
    """Tell the rows of each shape apart by their keys, which are below `radix`. A key is the value of the outer field
    `name`, or those of the wanted fields."""
    if parts.which is not None:
        keys = keys + parts.which * radix
    found = np.flatnonzero(np.bincount(keys))
    places = np.zeros(int(found[-1]) + 1, np.intp)
    places[found] = np.arange(len(found))
    shapes = _extended(parts.of, tuple(found.tolist()), radix, name)
    return Parts(shapes, places.take(keys) if len(found) > 1 else None, parts.size)


@lru_cache(maxsize=1024)
def _extended(of: Shapes, keys: tuple[int, ...], radix: int, name: str | None) -> Shapes:
    """The shapes with what the keys say."""
    return shapes_of(tuple([_with_key(of.shapes[key // radix], key % radix, name) for key in keys]))


@cache
def _with_key(shape: Shape, key: int, name: str | None) -> Shape:
    return shape.extend(((name, key - 1 if key else None),) if name else _own_known(shape, key))


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
    words: Words = {}
    for field, spot in zip(group.definition.header, parts.of.spots, strict=False):
        present = parts.flags(spot.present)
        little = (getattr(field, "order", "") or group.definition.order) == "little"
        value = partial(_value, group.data, group.start, parts, field, spot, little, words)
        where = partial(_where, group.start, parts, spot)
        group.columns[field.name] = Column(value, present, where, isinstance(field, schema.Computed))
        find_impossible(group, field, group.columns[field.name])
    group.parts, group.fixed = parts, parts.of.count
    if any(stop % 8 for stop in parts.of.stops):
        group.bit = group.start * 8 + parts.spread(parts.of.stops)
    else:
        group.byte = group.start + parts.spread(tuple(stop // 8 for stop in parts.of.stops))


def _value(
    data: NDArray[np.uint8], start: Ints, parts: Parts, field: schema.Field, spot: Spot, little: bool, words: Words
) -> Value:
    """The value of a field at its place in each row."""
    present = parts.flags(spot.present)
    if is_bytes(field):
        offset = start + parts.spread(tuple(bit // 8 for bit in spot.bit))
        return Slices(data, offset, parts.spread(tuple(bits // 8 for bits in spot.bits)), present)
    if spot.constant is not None:
        return Numbers(parts.spread(spot.constant), present)
    return Numbers(_numbers(data, start, parts, spot, little and not isinstance(field, schema.Bits), words), present)


def _numbers(
    data: NDArray[np.uint8], start: Ints, parts: Parts, spot: Spot, little: bool, words: Words
) -> NDArray[Any]:
    """The numbers at these places. `words` has bytes that were gathered already."""
    word = words.get((spot.first, spot.count, little))
    if word is None:
        kind = NARROW[spot.count] if spot.count < len(NARROW) else np.int64
        word = gather(data, start + parts.spread(spot.first), spot.count, little, kind)
        words[spot.first, spot.count, little] = word
    if little or spot.whole:
        return word
    if len(set(spot.shift)) == len(set(spot.mask)) == 1:
        return np.asarray(word >> spot.shift[0] & spot.mask[0])
    return np.asarray(word >> parts.spread(spot.shift) & parts.spread(spot.mask))


def _where(start: Ints, parts: Parts, spot: Spot) -> tuple[Ints, Ints]:
    """First bit of a field, and its number of bits."""
    return start * 8 + parts.spread(spot.bit), parts.spread(spot.bits)
