# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of rows of one shape, one after the other in a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from osgp_analyzer.engines.columns.shape import UNSETTLED, Shape
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, constant, everywhere, nowhere
from osgp_analyzer.schema.expr import Expr


class Parts:
    """The first ``sizes[0]`` rows of a group have the shape ``shapes[0]``, and so on; no part is empty."""

    def __init__(self, shapes: list[Shape], sizes: list[int]) -> None:
        self.shapes, self.sizes, self.size = shapes, sizes, sum(sizes)
        self._memo: dict[Expr, Numbers | None] = {}
        self._held: dict[Expr, Bools | None] = {}

    def spread(self, values: Sequence[int]) -> Ints:
        """A number for each part, in every row of it."""
        first = values[0]
        if values.count(first) == len(values):
            return constant(first, self.size)
        return np.repeat(np.array(values, np.int64), self.sizes)

    def flags(self, values: Sequence[int]) -> Bools:
        """Yes or no for each part, in every row of it."""
        if all(values):
            return everywhere(self.size)
        return np.repeat(np.array(values, bool), self.sizes) if any(values) else nowhere(self.size)

    def slices(self) -> Iterator[tuple[Shape, slice]]:
        """Each shape with its rows."""
        at = 0
        for shape, size in zip(self.shapes, self.sizes, strict=True):
            yield shape, slice(at, at + size)
            at += size

    def only(self, rows: Bools) -> Parts:
        """The parts of the rows of a mask."""
        left = [int(np.count_nonzero(rows[here])) for _, here in self.slices()]
        kept = [(shape, size) for shape, size in zip(self.shapes, left, strict=True) if size]
        return Parts([shape for shape, _ in kept], [size for _, size in kept])

    def holds(self, node: Expr) -> Bools | None:
        """The rows in which a condition holds; None where that depends on more than the shape."""
        found = self._held.get(node, self)
        if isinstance(found, Parts):
            held = [shape.holds(node) for shape in self.shapes]
            found = None if any(one is UNSETTLED for one in held) else self.flags(held)
            self._held[node] = found
        return found

    def value(self, node: Expr) -> Numbers | None:
        """The value of an expression that is the same in all rows of each part; None for any other."""
        found = self._memo.get(node, self)
        if isinstance(found, Parts):
            values = [shape.value(node) for shape in self.shapes]
            settled = not any(value is UNSETTLED for value in values)
            found = None
            if settled:
                known = self.flags([value is not None for value in values])
                found = Numbers(self.spread([value or 0 for value in values]), known)
            self._memo[node] = found
        return found
