# SPDX-License-Identifier: GPL-2.0-or-later
"""A filter applied to the frames of a store.

Which way: the kept columns of a chunk have the first occurrence of a field only. They are used where that is all there
can be (`FrameStore.once`). Any other chunk is decoded in full.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from osgp_analyzer.analysis.remarks import frame_remarks
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.engines.columns.values import Bools, Numbers, Slices
from osgp_analyzer.filters.compare import ORDER, compare, sliced
from osgp_analyzer.filters.names import ADDRESSES, FRAME, TRACKED, fields_of, kept
from osgp_analyzer.filters.nodes import Expression, Logical, Not, Pair, Present, Reference, Relation
from osgp_analyzer.filters.occurrences import Flat, Packed, Part, Texts, frame_part, kept_parts
from osgp_analyzer.filters.parser import parse
from osgp_analyzer.store import Chunk, FrameStore
from osgp_analyzer.store.header import unpack
from osgp_analyzer.store.store import OF_REQUEST

Get = Callable[[str], list[Part]]


class Filter:
    """A display filter. Raises `FilterError` for a text that is none."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.expression = parse(text)
        self.names = frozenset(r.name.name for r in self.expression.references())
        self.fields = {field for name in self.names for field in fields_of(name)} - FRAME.keys() - TRACKED.keys()
        self.parts = {field for name in self.names & ADDRESSES.keys() for field in fields_of(name)}
        """Fields of addresses: which of their further values belong together is known from the layers only."""
        self.of_request = bool(self.fields & OF_REQUEST)

    @property
    def fast(self) -> bool:
        """Whether all that it needs is in kept columns. (Chunks of other than plain LPDUs are decoded even so.)"""
        return self.names <= kept()

    def mask(self, store: FrameStore, chunk: Chunk, tracked: Tracked | None = None) -> Bools:
        """The frames of the chunk that pass. `tracked`: the chunk with what is known from other frames."""
        if not self.fast:
            return self._decoded(store, chunk, tracked, None)
        size = chunk.stop - chunk.start
        mask = _evaluate(self.expression, lambda name: kept_parts(name, store, chunk, tracked), size)
        beyond = store.beyond(chunk, self.fields, tracked.asked if tracked is not None and self.of_request else None)
        for field in self.parts & chunk.more.keys():
            for rows, _ in chunk.more[field]:
                beyond[rows] = True
        if beyond.any():
            mask = np.where(beyond, self._decoded(store, chunk, tracked, beyond), mask)
        return mask

    def _decoded(self, store: FrameStore, chunk: Chunk, tracked: Tracked | None, only: Bools | None) -> Bools:
        """The frames that pass, from all their layers; right for those of the mask `only`."""
        flat = Flat(self.names, tracked is not None)
        for rows, groups in tracked.layers(only) if tracked is not None else store.groups(chunk, only=only):
            for group in groups:
                flat.add(rows, group)
        known = (tracked.secured, tracked.chained) if tracked is not None else ()
        for remark, mask in frame_remarks(store, chunk, *known).items():
            flat.remark(remark, np.flatnonzero(mask))

        def get(name: str) -> list[Part]:
            own = name in FRAME or name in TRACKED
            return [frame_part(name, store, chunk, tracked)] if own else flat.parts[name]

        return _evaluate(self.expression, get, chunk.stop - chunk.start)

    def count(self, store: FrameStore) -> int:
        """Number of frames indexed so far that pass."""
        return sum(int(self.mask(store, chunk).sum()) for chunk in list(store.chunks))


def _evaluate(expression: Expression, get: Get, size: int) -> Bools:
    match expression:
        case Logical(operator=sign, terms=terms):
            mask = _evaluate(terms[0], get, size)
            for term in terms[1:]:
                other = _evaluate(term, get, size)
                mask = mask & other if sign == "&&" else mask | other
            return mask
        case Not(operand=operand):
            return ~_evaluate(operand, get, size)
        case Present(reference=reference):
            return _present(reference, get, size)
        case Relation(reference=reference, every=every):
            return _relation(expression, get(reference.name.name), every, size)
        case Pair():
            return _pair(expression, get, size)
    raise TypeError(type(expression).__name__)


def _present(reference: Reference, get: Get, size: int) -> Bools:
    mask = np.zeros(size, bool)
    for part in get(reference.name.name):
        cut = sliced(part, reference)
        hits = cut.known
        if reference.mask is not None and isinstance(cut.value, Numbers):
            hits = hits & (cut.value.values != 0)
        mask |= cut.spread(hits, size)
    return mask


def _relation(relation: Relation, parts: list[Part], every: bool, size: int) -> Bools:
    hit, missed = np.zeros(size, bool), np.zeros(size, bool)
    for part in parts:
        holds = compare(part, relation)
        hit |= part.spread(holds, size)
        if every:
            there = sliced(part, relation.reference).known if relation.reference.ranges else part.known
            missed |= part.spread(there & ~holds, size)
    return hit & ~missed


def _pair(pair: Pair, get: Get, size: int) -> Bools:
    """Two fields, row by row where one of them can occur again or is no number."""
    left = [sliced(part, pair.left) for part in get(pair.left.name.name)]
    right = [sliced(part, pair.right) for part in get(pair.right.name.name)]
    holds = ORDER[pair.operator]
    if len(left) == len(right) == 1 and left[0].rows is None and right[0].rows is None:
        a, b = left[0].value, right[0].value
        if isinstance(a, Numbers) and isinstance(b, Numbers):
            return np.asarray(holds(a.values, b.values) & left[0].known & right[0].known)
    others = _by_row(right)
    mask = np.zeros(size, bool)
    for row, values in _by_row(left).items():
        judged = [bool(holds(a, b)) for a in values for b in others.get(row, ()) if type(a) is type(b)]
        mask[row] = bool(judged) and (all(judged) if pair.every else any(judged))
    return mask


def _by_row(parts: list[Part]) -> dict[int, list[int | bytes | str]]:
    found: dict[int, list[int | bytes | str]] = {}
    for part in parts:
        rows = np.arange(len(part.known)) if part.rows is None else part.rows
        for at in np.flatnonzero(part.known).tolist():
            value = _one(part, at)
            if value is not None:
                found.setdefault(int(rows[at]), []).append(value)
    return found


def _one(part: Part, at: int) -> int | bytes | str | None:
    value = part.value
    if isinstance(value, Numbers):
        return int(value.values[at])
    if isinstance(value, Packed):
        return unpack(int(value.values[at]))
    if isinstance(value, Slices):
        return value.get(at)
    return value.values[at] if isinstance(value, Texts) else value[at]
