# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns of values, each row known or not, and the operators of expressions on them.

The semantics are those of :mod:`osgp_analyzer.schema.expr`: what is not known goes through every operator but the
logical ones, which know a result where one side decides it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


MOST = np.uint64((1 << 63) - 1)


@dataclass(slots=True)
class Numbers:
    """Integers, of 64 bits or of as few as they need; `known` says in which rows there is one."""

    values: NDArray[Any]
    known: Bools

    def take(self, rows: Ints) -> Numbers:
        """The rows at `rows`."""
        return Numbers(self.values.take(rows), self.known.take(rows))


@dataclass(slots=True)
class Slices:
    """Byte strings inside the buffer: `offset` and `length` in bytes."""

    data: NDArray[np.uint8]
    offset: Ints
    length: Ints
    known: Bools

    def take(self, rows: Ints) -> Slices:
        """The rows at `rows`."""
        return Slices(self.data, self.offset.take(rows), self.length.take(rows), self.known.take(rows))

    def equals(self, other: bytes) -> Numbers:
        """Compare each row with a constant."""
        same = self.known & (self.length == len(other))
        rows = np.flatnonzero(same)
        for i, byte in enumerate(other):
            rows = rows[self.data[self.offset[rows] + i] == byte]
        equal = np.zeros(len(same), np.int64)
        equal[rows] = 1
        return Numbers(equal, self.known)

    def byte(self, index: int) -> Numbers:
        """Byte `index` of each row, where it has so many."""
        known = self.known & (self.length > index)
        values = np.zeros(len(known), np.int64)
        values[known] = self.data[self.offset[known] + index]
        return Numbers(values, known)

    def get(self, row: int) -> bytes | None:
        """One row as bytes."""
        if not self.known[row]:
            return None
        start = int(self.offset[row])
        return self.data[start : start + int(self.length[row])].tobytes()


@dataclass(slots=True)
class Objects:
    """Byte strings that are nowhere in the buffer: made by a procedure, row by row."""

    values: list[bytes | None]

    @property
    def known(self) -> Bools:
        """Rows that have a value."""
        return np.array([v is not None for v in self.values], bool)

    def take(self, rows: Ints) -> Objects:
        """The rows at `rows`."""
        return Objects([self.values[row] for row in rows.tolist()])

    def get(self, row: int) -> bytes | None:
        """One row."""
        return self.values[row]


Value = Numbers | Slices | Objects


class OnDemand(Mapping[str, Numbers]):
    """Columns by name, each made when it is first asked for."""

    def __init__(self, names: Collection[str], make: Callable[[str], Numbers]) -> None:
        self._names, self._make = names, make
        self._made: dict[str, Numbers] = {}

    def __getitem__(self, name: str) -> Numbers:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def unknown(size: int) -> Numbers:
    """Nothing known in any row."""
    return Numbers(constant(0, size), nowhere(size))


@lru_cache(maxsize=1024)
def constant(value: int, size: int) -> Ints:
    """The same number in every row, without memory of its own."""
    return np.ndarray((size,), np.int64, np.int64(value).tobytes(), strides=(0,))


@lru_cache(maxsize=256)
def everywhere(size: int) -> Bools:
    """True in every row, without memory of its own."""
    return np.ndarray((size,), np.bool_, b"\1", strides=(0,))


@lru_cache(maxsize=256)
def nowhere(size: int) -> Bools:
    """False in every row, without memory of its own."""
    return np.ndarray((size,), np.bool_, b"\0", strides=(0,))


def every(rows: Bools) -> bool:
    """Whether a mask holds in all rows."""
    return bool(rows[0] if rows.strides == (0,) and len(rows) else rows.all())


def some(rows: Bools) -> bool:
    """Whether a mask holds in some row."""
    return bool(rows[0] if rows.strides == (0,) and len(rows) else rows.any())


def beyond(values: NDArray[Any]) -> Bools:
    """Rows whose number needs all of 64 bits without a sign."""
    return np.asarray(values > MOST) if values.dtype == np.uint64 else nowhere(len(values))


def as_numbers(rows: Bools) -> NDArray[np.uint8]:
    """A mask as numbers, 1 and 0, in the same memory."""
    return rows.view(np.uint8)


def truth(value: Value) -> Bools:
    """Rows in which a condition holds; what is not known does not hold."""
    if isinstance(value, Numbers):
        return np.asarray(value.known & value.values.astype(bool))
    if isinstance(value, Slices):
        return np.asarray(value.known & (value.length != 0))
    return np.array([bool(v) for v in value.values], bool)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "&": np.bitwise_and,
    "|": np.bitwise_or,
    "<<": np.left_shift,
    ">>": np.right_shift,
}


_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def operate(operator: str, left: Numbers, right: Numbers) -> Numbers:
    """A binary operator on numbers. Division by zero is not known."""
    if operator == "and":
        a, b = truth(left), truth(right)
        known = (left.known & right.known) | (left.known & ~a) | (right.known & ~b)
        return Numbers(as_numbers(a & b), known)
    if operator == "or":
        a, b = truth(left), truth(right)
        return Numbers(as_numbers(a | b), (left.known & right.known) | a | b)
    known = left.known & right.known
    if operator in ("//", "%"):
        known = known & (right.values != 0)
        divisor = np.where(right.values == 0, 1, right.values)
        function = np.floor_divide if operator == "//" else np.remainder
        return Numbers(function(left.values, divisor), known)
    if operator in _COMPARISONS:
        return Numbers(as_numbers(_OPERATORS[operator](left.values, right.values)), known)
    return Numbers(_OPERATORS[operator](wide(left.values), wide(right.values)), known)


def wide(values: NDArray[Any]) -> Ints:
    """Numbers with room for the result of an operator."""
    return values if values.dtype == np.int64 else values.astype(np.int64)


def look_up(key: Numbers, items: Mapping[int, int], default: int | None) -> Numbers:
    """A table of constants; `default` for other keys and where the key is not known."""
    size = len(key.values)
    if items and min(items) >= 0 and max(items) < 256:
        table = np.full(257, 0 if default is None else default, np.int64)
        table[list(items)] = list(items.values())
        there = np.zeros(257, bool)
        there[list(items)] = True
        values = wide(key.values)
        place = np.where(key.known & (values >= 0) & (values < 256), values, 256)
        return Numbers(table.take(place), there.take(place) if default is None else everywhere(size))
    values = np.full(size, 0 if default is None else default, np.int64)
    found = np.zeros(size, bool)
    for item, value in items.items():
        here = key.known & (key.values == item)
        values[here] = value
        found |= here
    return Numbers(values, found if default is None else everywhere(size))


def choose(condition: Bools, then: Value, other: Value) -> Value:
    """`then` where the condition holds, else `other`."""
    if isinstance(then, Numbers) and isinstance(other, Numbers):
        return Numbers(np.where(condition, then.values, other.values), np.where(condition, then.known, other.known))
    if isinstance(then, Slices) and isinstance(other, Slices):
        return Slices(
            then.data,
            np.where(condition, then.offset, other.offset),
            np.where(condition, then.length, other.length),
            np.where(condition, then.known, other.known),
        )
    return Objects([_get(then if c else other, row) for row, c in enumerate(condition.tolist())])


def _get(value: Value, row: int) -> bytes | None:
    return None if isinstance(value, Numbers) else value.get(row)
