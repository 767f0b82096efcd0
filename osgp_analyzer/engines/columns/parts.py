# SPDX-License-Identifier: GPL-2.0-or-later
"""The shape of each row of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from osgp_analyzer.engines.columns.shape import UNSETTLED, Place, Shape
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, constant, everywhere, nowhere
from osgp_analyzer.schema.expr import Expr

Flags = tuple[bool, ...]
"""Yes or no for each shape."""


@dataclass(frozen=True)
class Spot:
    """A field in each of several shapes: where it is `present`, first bit and number of bits (`bit`, `bits`).

    As a number it is in `count` bytes from byte `first` on, `shift` bits from their low end, under a `mask`; where the
    field is not present these are such as suit the other shapes. `constant`: its values, where they are known already.
    """

    present: Flags
    bit: tuple[int, ...]
    bits: tuple[int, ...]
    first: tuple[int, ...]
    count: int
    shift: tuple[int, ...]
    mask: tuple[int, ...]
    constant: tuple[int, ...] | None

    @cached_property
    def whole(self) -> bool:
        """Whether the field takes all of its bytes."""
        return not any(self.shift) and set(self.mask) == {(1 << 8 * self.count) - 1}


def _spot(places: Sequence[Place]) -> Spot:
    some = next((place for place in places if place.present), places[0])
    suited = [place if place.present else some for place in places]
    count = max((place.bit % 8 + place.bits + 7) // 8 for place in suited)
    return Spot(
        tuple(place.present for place in places),
        tuple(place.bit for place in places),
        tuple(place.bits for place in places),
        tuple(place.bit // 8 for place in suited),
        count,
        tuple(count * 8 - place.bit % 8 - place.bits for place in suited),
        tuple((1 << place.bits) - 1 for place in suited),
        tuple(p.value for p in places) if all(p.fixed or not p.present for p in places) else None,
    )


class Shapes:
    """The shapes of some rows. What is the same in all rows of a shape is found out once for all chunks."""

    def __init__(self, shapes: tuple[Shape, ...]) -> None:
        self.shapes = shapes
        self._values: dict[Expr, tuple[tuple[int, ...], Flags] | None] = {}
        self._held: dict[Expr, Flags | None] = {}
        self._chosen: dict[Any, dict[Any, Flags] | None] = {}

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Bytes of the placed fields."""
        return tuple(shape.size for shape in self.shapes)

    @cached_property
    def count(self) -> int:
        """So many of the first fields have a place in every shape."""
        return min(len(shape.places) for shape in self.shapes)

    @cached_property
    def spots(self) -> list[Spot]:
        """Where these fields are."""
        return [_spot([shape.places[i] for shape in self.shapes]) for i in range(self.count)]

    @cached_property
    def stops(self) -> tuple[int, ...]:
        """First bit behind these fields."""
        return tuple(shape.starts[self.count] for shape in self.shapes)

    @cached_property
    def wanted(self) -> int:
        """Bits of the deciding fields whose values must be known to go on."""
        return max(sum(one.bits for one in shape.wanted) for shape in self.shapes)

    @cached_property
    def wanted_spots(self) -> list[Spot]:
        """Where these fields are."""
        return [
            _spot(
                [
                    Place(True, s.wanted[i].bit, s.wanted[i].bits) if i < len(s.wanted) else Place(False)
                    for s in self.shapes
                ]
            )
            for i in range(max(len(shape.wanted) for shape in self.shapes))
        ]

    def holds(self, node: Expr) -> Flags | None:
        """Whether a condition holds; None where that depends on more than the shape."""
        if node not in self._held:
            held = tuple(shape.holds(node) for shape in self.shapes)
            self._held[node] = None if UNSETTLED in held else held
        return self._held[node]

    def choose(self, target: Any) -> dict[Any, Flags] | None:
        """What a choice of layers gives, with the shapes for which it does; None where that depends on more."""
        if target not in self._chosen:
            found = [shape.choose(target) for shape in self.shapes]
            settled = not any(one is UNSETTLED for one in found)
            self._chosen[target] = {f: tuple(g == f for g in found) for f in dict.fromkeys(found)} if settled else None
        return self._chosen[target]

    def value(self, node: Expr) -> tuple[tuple[int, ...], Flags] | None:
        """The value of an expression and whether it is known; None where that depends on more than the shape."""
        if node not in self._values:
            values = [shape.value(node) for shape in self.shapes]
            settled = not any(value is UNSETTLED for value in values)
            known = tuple(value is not None for value in values)
            self._values[node] = (tuple(value or 0 for value in values), known) if settled else None
        return self._values[node]


@lru_cache(maxsize=1024)
def shapes_of(shapes: tuple[Shape, ...]) -> Shapes:
    """What is known of these shapes."""
    return Shapes(shapes)


class Parts:
    """Row i of `size` rows has the shape ``of.shapes[which[i]]``; `which` is None where there is one shape only."""

    def __init__(self, of: Shapes, which: Any, size: int) -> None:
        self.of, self.which, self.size = of, which, size
        self._spread: dict[tuple[int, ...], Ints] = {}
        self._flags: dict[Flags, Bools] = {}

    def spread(self, values: tuple[int, ...]) -> Ints:
        """A number for each shape, in every row of it."""
        found = self._spread.get(values)
        if found is None:
            same = self.which is None or values.count(values[0]) == len(values)
            found = constant(values[0], self.size) if same else np.array(values, np.int64).take(self.which)
            self._spread[values] = found
        return found

    def flags(self, values: Flags) -> Bools:
        """Yes or no for each shape, in every row of it."""
        found = self._flags.get(values)
        if found is None:
            if all(values):
                found = everywhere(self.size)
            else:
                found = np.array(values, bool).take(self.which) if any(values) else nowhere(self.size)
            self._flags[values] = found
        return found

    def only(self, rows: Ints) -> Parts:
        """The shapes of some rows."""
        return Parts(self.of, self.which.take(rows) if self.which is not None else None, len(rows))

    def holds(self, node: Expr) -> Bools | None:
        """The rows in which a condition holds; None where that depends on more than the shape."""
        held = self.of.holds(node)
        return self.flags(held) if held is not None else None

    def choose(self, target: Any) -> dict[Any, Bools] | None:
        """What a choice of layers gives, with the rows in which it does; None where that depends on more."""
        chosen = self.of.choose(target)
        return {one: self.flags(shapes) for one, shapes in chosen.items()} if chosen is not None else None

    def value(self, node: Expr) -> Numbers | None:
        """The value of an expression that is the same in all rows of a shape; None for any other."""
        value = self.of.value(node)
        return Numbers(self.spread(value[0]), self.flags(value[1])) if value is not None else None
