# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading one field in all rows of a group: values gathered at each row's cursor, which then moves on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.evaluate import evaluate, missing
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import (
    Bools,
    Ints,
    Numbers,
    Slices,
    Value,
    constant,
    every,
    everywhere,
    nowhere,
    some,
)
from osgp_analyzer.schema.layer import asks
from osgp_analyzer.schema.types import TIME_SIZES


@dataclass(slots=True)
class Reading:
    """What came of a field: its value where `done`; `short` are rows with fewer bytes left than `needed`, `lost` those
    whose size cannot be known."""

    value: Value
    done: Bools
    short: Bools
    lost: Bools
    needed: Ints
    skipped: Bools | None = None
    """Rows in which the field begins before the part of a layer that is there, and the cursor has passed over it."""


def size_of(size: int | schema.Expr, group: Group) -> tuple[Ints, Bools]:
    """A width, length or count in every row, not negative, and where it is known."""
    if isinstance(size, int):
        return constant(size, group.size), everywhere(group.size)
    value = evaluate(size, group)
    assert isinstance(value, Numbers)
    known = value.known
    if asks(size)[0] or group.skipped:
        known = known & ~missing(size, group)
    return np.maximum(0, value.values), known


def read(field: schema.Field, group: Group, rows: Bools, runs: dict[str, tuple[int, int]]) -> Reading:
    """Read a field that is neither a structure nor an array in the rows of a mask, and move their cursors.

    `runs` has shift and bytes of bit fields that count from the low end.
    """
    if not some(rows):
        return _absent(field, group)
    if group.part is None or not some(group.part.skip > 0) or not some(group.bit <= group.start * 8):
        return _read(field, group, rows, runs)
    first, bits, end, known = _extent(field, group, runs)
    before = (first < group.start * 8) | ((first == group.start * 8) & (bits == 0) & (group.part.skip > 0))
    skipped = rows & known & before & (first + bits <= group.end * 8)
    got = _read(field, group, rows & ~skipped, runs) if some(rows & ~skipped) else _absent(field, group)
    group.bit = np.where(skipped, end, group.bit)
    if some(inside := skipped & (first + bits > group.start * 8)):
        text = f"the first bytes belong to {field.title}, which begins before the part"
        group.find("partial_field", schema.Severity.NOTE, schema.Group.UNDECODED, inside, group.start, text=text)
    got.skipped = skipped
    return got


def _extent(field: schema.Field, group: Group, runs: dict[str, tuple[int, int]]) -> tuple[Ints, Ints, Ints, Bools]:
    """First bit of a field at the cursor and its number of bits, those of the whole word for bits that count from the
    low end; the cursor behind it; and in which rows its size is known."""
    everyone = everywhere(group.size)
    match field:
        case schema.Bits() if field.name in runs and isinstance(field.width, int):
            shift = runs[field.name][0] % 8
            run = (shift + field.width + 7) // 8
            return group.bit - shift, constant(run * 8, group.size), group.bit + field.width, everyone
        case schema.Bits():
            width, known = size_of(field.width, group)
            return group.bit, width, group.bit + width, known
        case schema.Integer(size=size) | schema.Flags(size=size):
            length, known = constant(size, group.size), everyone
        case schema.Time(kind=kind):
            length, known = constant(TIME_SIZES[kind], group.size), everyone
        case schema.Bytes() | schema.BCD() | schema.BitSet() | schema.Text() if field.length is not None:
            length, known = size_of(field.length, group)
        case _:
            length, known = group.left, everyone
    first = group.byte * 8
    return first, length * 8, first + length * 8, known


def _read(field: schema.Field, group: Group, rows: Bools, runs: dict[str, tuple[int, int]]) -> Reading:
    order = group.definition.order if group.definition is not None else "big"
    match field:
        case schema.Bits() if field.name in runs and isinstance(field.width, int):
            return _low_bits(group, rows, field.width, runs[field.name][0] % 8)
        case schema.Bits():
            width, known = size_of(field.width, group)
            return _bits(group, rows, width, known)
        case schema.Integer():
            return _integer(group, rows, field.size, (field.order or order) == "little", field.signed)
        case schema.Flags():
            return _integer(group, rows, field.size, (field.order or order) == "little", False)
        case schema.Time(kind="seconds_since_1900"):
            return _integer(group, rows, 4, (field.order or order) == "little", False)
        case schema.Time():
            return _bytes(group, rows, constant(TIME_SIZES[field.kind], group.size), everywhere(group.size))
        case schema.Bytes() | schema.BCD() | schema.BitSet() | schema.Text():
            if field.length is None:
                return _bytes(group, rows, group.left, everywhere(group.size))
            length, known = size_of(field.length, group)
            return _bytes(group, rows, length, known)
    raise TypeError(f"no column form of {type(field).__name__}")


def _absent(field: schema.Field, group: Group) -> Reading:
    """A field that no row has."""
    none, zero = nowhere(group.size), constant(0, group.size)
    value = Slices(group.data, zero, zero, none) if is_bytes(field) else Numbers(zero, none)
    return Reading(value, none, none, none, zero)


def is_bytes(field: schema.Field) -> bool:
    """Whether the values of a field are byte strings."""
    if isinstance(field, schema.Time):
        return field.kind != "seconds_since_1900"
    return isinstance(field, (schema.Bytes, schema.BCD, schema.BitSet, schema.Text))


def _split(group: Group, rows: Bools, after: Ints, end: Ints, known: Bools) -> tuple[Bools, Bools, Bools]:
    """Rows to be read, with too few bytes, and of unknown size: `after` and `end` are what the field and the layer
    reach up to."""
    over, nothing = after > end, nowhere(group.size)
    if every(known):
        return (rows & ~over, rows & over, nothing) if over.any() else (rows, nothing, nothing)
    return rows & known & ~over, rows & known & over, rows & ~known


def gather(
    data: NDArray[np.uint8], first: Ints, count: int, little: bool = False, kind: type[np.integer[Any]] = np.int64
) -> NDArray[Any]:
    """`count` bytes from each `first` as one number of the type `kind`. Behind the end of the buffer its last byte
    stands in: such bytes are shifted out by the caller."""
    word = np.zeros(len(first), kind)
    room = len(data) - int(first.max()) if len(first) else count
    for i in range(count):
        at = data[i:].take(first) if i < room else data.take(np.minimum(first + i, len(data) - 1))
        byte = at.astype(kind, copy=False)
        word = byte if not i else word | byte << (8 * i) if little else word << 8 | byte
    return word


def _bits(group: Group, rows: Bools, width: Ints, known: Bools) -> Reading:
    bit = group.bit
    after = bit + width
    done, short, lost = _split(group, rows, after, group.end * 8, known)
    if every(done):
        values = _extract(group, bit, width)
        group.bit = after
    else:
        values = np.zeros(group.size, np.int64)
        where = np.flatnonzero(done)
        values[where] = _extract(group, bit.take(where), width.take(where))
        group.bit = bit + done * width
    return Reading(Numbers(values, done), done, short, lost, (width + 7) // 8 if some(short) else width)


def _extract(group: Group, bit: Ints, width: Ints) -> Ints:
    """Bits, most significant first, at each place."""
    if not len(bit):
        return np.zeros(0, np.int64)
    shift = bit & 7
    if shift[0] == shift[-1] and width[0] == width[-1] and (shift == shift[0]).all() and (width == width[0]).all():
        one, bits = int(shift[0]), int(width[0])
        count = (one + bits + 7) // 8
        return np.asarray(gather(group.data, bit >> 3, count) >> (count * 8 - one - bits) & ((1 << bits) - 1))
    count = int((shift + width).max() + 7) // 8
    return np.asarray(gather(group.data, bit >> 3, count) >> (count * 8 - shift - width) & ((1 << width) - 1))


def _low_bits(group: Group, rows: Bools, width: int, shift: int) -> Reading:
    start, run = (group.bit - shift) >> 3, (shift + width + 7) // 8
    done, short, lost = _split(group, rows, start + run, group.end, everywhere(group.size))
    values = np.zeros(group.size, np.int64)
    where = np.flatnonzero(done)
    values[where] = gather(group.data, start.take(where), run, little=True) >> shift & ((1 << width) - 1)
    group.bit = group.bit + done * width
    return Reading(Numbers(values, done), done, short, lost, constant(run, group.size))


def _integer(group: Group, rows: Bools, size: int, little: bool, signed: bool) -> Reading:
    first = group.byte
    after = first + size
    done, short, lost = _split(group, rows, after, group.end, everywhere(group.size))
    whole = every(done)
    where = None if whole else np.flatnonzero(done)
    kind: type[np.integer[Any]] = np.uint64 if size == 8 and not signed else np.int64
    number = gather(group.data, first if where is None else first.take(where), size, little, kind)
    if signed:
        number = np.where(number >> (size * 8 - 1) & 1, number - (1 << (size * 8)), number)
    if where is None:
        values = number
        group.byte = after
    else:
        values = np.zeros(group.size, kind)
        values[where] = number
        group.bit = np.where(done, after * 8, group.bit)
    return Reading(Numbers(values, done), done, short, lost, constant(size, group.size))


def _bytes(group: Group, rows: Bools, length: Ints, known: Bools) -> Reading:
    offset, needed = group.byte, length
    after = offset + length
    done, short, lost = _split(group, rows, after, group.end, known)
    if every(done):
        group.byte = after
    else:
        group.bit = np.where(done, after * 8, group.bit)
        length = np.where(done, length, 0)
    return Reading(Slices(group.data, offset, length, done), done, short, lost, needed)
