# SPDX-License-Identifier: GPL-2.0-or-later
"""The shape of each row of a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from osgp_analyzer.engines.columns.shape import UNSETTLED, Shape
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, constant, everywhere, nowhere
from osgp_analyzer.schema.expr import Expr


class Parts:
    """Row i of `size` rows has the shape ``shapes[which[i]]``; `which` is None where there is one shape only."""

    def __init__(self, shapes: list[Shape], which: Any, size: int) -> None:
        self.shapes, self.which, self.size = shapes, which, size
        self._spread: dict[tuple[int, ...], Ints] = {}
        self._flags: dict[tuple[bool, ...], Bools] = {}
        self._values: dict[Expr, Numbers | None] = {}
        self._held: dict[Expr, Bools | None] = {}

    def spread(self, values: Sequence[int]) -> Ints:
        """A number for each shape, in every row of it."""
        key = tuple(values)
        found = self._spread.get(key)
        if found is None:
            same = self.which is None or key.count(key[0]) == len(key)
            found = constant(key[0], self.size) if same else np.array(key, np.int64)[self.which]
            self._spread[key] = found
        return found

    def flags(self, values: Sequence[bool]) -> Bools:
        """Yes or no for each shape, in every row of it."""
        key = tuple(values)
        found = self._flags.get(key)
        if found is None:
            if all(key):
                found = everywhere(self.size)
            else:
                found = np.array(key, bool)[self.which] if any(key) else nowhere(self.size)
            self._flags[key] = found
        return found

    def only(self, rows: Ints) -> Parts:
        """The shapes of some rows."""
        return Parts(self.shapes, self.which[rows] if self.which is not None else None, len(rows))

    def holds(self, node: Expr) -> Bools | None:
        """The rows in which a condition holds; None where that depends on more than the shape."""
        found = self._held.get(node, self)
        if isinstance(found, Parts):
            held = [shape.holds(node) for shape in self.shapes]
            found = None if any(one is UNSETTLED for one in held) else self.flags(held)
            self._held[node] = found
        return found

    def choose(self, target: Any) -> list[Any] | None:
        """What a choice of layers gives for each shape; None where that depends on more than the shape."""
        found = [shape.choose(target) for shape in self.shapes]
        return None if any(one is UNSETTLED for one in found) else found

    def value(self, node: Expr) -> Numbers | None:
        """The value of an expression that is the same in all rows of a shape; None for any other."""
        found = self._values.get(node, self)
        if isinstance(found, Parts):
            values = [shape.value(node) for shape in self.shapes]
            found = None
            if not any(value is UNSETTLED for value in values):
                known = self.flags([value is not None for value in values])
                found = Numbers(self.spread([value or 0 for value in values]), known)
            self._values[node] = found
        return found
