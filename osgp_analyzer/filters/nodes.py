# SPDX-License-Identifier: GPL-2.0-or-later
"""A filter as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from osgp_analyzer.filters.literals import Literal
from osgp_analyzer.filters.names import Name

Range = tuple[int, int | None]
"""Offset (negative: from the end) and length (None: to the end)."""


@dataclass(frozen=True)
class Reference:
    """A field, perhaps a part of its bytes, or its bits under a mask."""

    name: Name
    ranges: tuple[Range, ...] = ()
    mask: int | None = None


class Expression:
    """What a filter says of a frame."""

    def references(self) -> Iterator[Reference]:
        """All fields and layers that are named."""
        raise NotImplementedError


@dataclass(frozen=True)
class Logical(Expression):
    """``&&`` of all, or ``||``."""

    operator: str
    terms: tuple[Expression, ...]

    def references(self) -> Iterator[Reference]:
        for term in self.terms:
            yield from term.references()


@dataclass(frozen=True)
class Not(Expression):
    """What does not hold."""

    operand: Expression

    def references(self) -> Iterator[Reference]:
        yield from self.operand.references()


@dataclass(frozen=True)
class Present(Expression):
    """A field or layer is there; with a mask: one of those bits is set; with slices: there are so many bytes."""

    reference: Reference

    def references(self) -> Iterator[Reference]:
        yield self.reference


@dataclass(frozen=True)
class Relation(Expression):
    """A field against values: `operator` is a comparison, ``in``, ``contains`` or ``matches``.

    `values` has pairs of equal literals, or the ends of a range. `every`: it must hold for every occurrence, of which
    there must be one.
    """

    reference: Reference
    operator: str
    values: tuple[tuple[Literal, Literal], ...]
    every: bool = False

    def references(self) -> Iterator[Reference]:
        yield self.reference


@dataclass(frozen=True)
class Pair(Expression):
    """A field against a field, each occurrence of one with each of the other."""

    left: Reference
    operator: str
    right: Reference
    every: bool = False

    def references(self) -> Iterator[Reference]:
        yield self.left
        yield self.right
