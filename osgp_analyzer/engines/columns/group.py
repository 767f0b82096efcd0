# SPDX-License-Identifier: GPL-2.0-or-later
"""One layer in many frames at once: the rows, where they are, and what has been read of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer import schema
from osgp_analyzer.engines.columns.parts import Parts
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices, Value, everywhere, nowhere, some
from osgp_analyzer.engines.knowledge import Chosen


class Column:
    """A field: its value, and the rows where it is present.

    The value may be given by a function, which is called when it is asked for: most fields of a frame never are.
    `where` gives its first bit there (from the start of the buffer) and its number of bits. A field without bytes
    (`computed`) has no place. A list has a column for each place in it (`items`); where the list begins before the
    part of a table that is there, the places after the first one are `passed` further on.
    """

    __slots__ = ("_value", "computed", "items", "passed", "present", "where")

    def __init__(
        self,
        value: Value | Callable[[], Value],
        present: Bools,
        where: Callable[[], tuple[Ints, Ints]],
        computed: bool = False,
        items: list[Column] | None = None,
    ) -> None:
        self._value, self.present, self.where, self.computed = value, present, where, computed
        self.items = items if items is not None else []
        self.passed: Ints | None = None

    @property
    def value(self) -> Value:
        """The value in every row."""
        if callable(self._value):
            self._value = self._value()
        return self._value

    def only(self, rows: Bools) -> Column:
        """The field as if it were in the rows of a mask only."""
        items = [item.only(rows) for item in self.items]
        made = Column(lambda: self.value, self.present & rows, self.where, self.computed, items)
        made.passed = self.passed
        return made


def between(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """The place of what reaches from a bit to another."""
    return first, last - first


def nothing() -> tuple[Ints, Ints]:
    """The place of what has none."""
    none = np.zeros(0, np.int64)
    return none, none


@dataclass(slots=True)
class Finding:
    """The same finding in many frames: `offset` in bytes from the start of the buffer.

    Its text is that of the `check`, or `text` with the `sizes` (in bytes) of each row in it.
    """

    code: str
    severity: schema.Severity
    group: schema.Group
    rows: Ints
    offset: Ints
    check: schema.Check | None = None
    text: str = ""
    sizes: tuple[Ints, Ints] | None = None

    def only(self, rows: Bools) -> Finding:
        """The finding in the rows of a mask."""
        kept = rows[self.rows]
        sizes = (self.sizes[0][kept], self.sizes[1][kept]) if self.sizes is not None else None
        return replace(self, rows=self.rows[kept], offset=self.offset[kept], sizes=sizes)


@dataclass(slots=True)
class Part:
    """Of layers inside a `View`: in each row how many of its bytes come before those that are there, and whether it
    should be whole."""

    skip: Ints
    whole: Bools

    def take(self, rows: Ints) -> Part:
        """The rows at `rows`."""
        return Part(self.skip.take(rows), self.whole.take(rows))


@dataclass(slots=True)
class OpenedRows:
    """`engines.knowledge.Opened` of each frame: `at` from the start of the buffer, -1 where nothing was opened."""

    plain: Slices
    at: Ints
    head: Ints
    tail: Ints
    response: Bools

    def take(self, rows: Ints) -> OpenedRows:
        """The rows at `rows`."""
        head, tail = self.head.take(rows), self.tail.take(rows)
        return OpenedRows(self.plain.take(rows), self.at.take(rows), head, tail, self.response.take(rows))

    def and_also(self, other: OpenedRows) -> OpenedRows:
        """These and those of other frames."""
        own, rest, here = self.plain, other.plain, other.plain.known
        data = np.concatenate([own.data, rest.data])
        offset = np.where(here, rest.offset + len(own.data), own.offset)
        plain = Slices(data, offset, np.where(here, rest.length, own.length), own.known | here)
        return OpenedRows(
            plain,
            np.where(here, other.at, self.at),
            np.where(here, other.head, self.head),
            np.where(here, other.tail, self.tail),
            np.where(here, other.response, self.response),
        )


@dataclass
class Known:
    """What is known of each frame besides its bytes: columns over the frames of the chunk.

    `request`: values of the frame's request by full name. `tables`: those of other tables of the same meter.
    `crc`: 1 the carrier keeps it, 0 it does not, -1 unknown.
    `within`: payloads of other layers than these (class names) are passed over; None: everything is read.
    `bare`: only the values of fields are wanted, no findings and no bytes that no layer reads.
    `chosen`, `earlier`, `opened`: see `Knowledge`.
    """

    request: Mapping[str, Numbers]
    crc: Ints
    within: frozenset[str] | None = None
    bare: bool = False
    tables: Mapping[str, Numbers] = field(default_factory=dict)
    chosen: Chosen = field(default_factory=dict)
    earlier: Slices | None = None
    opened: OpenedRows | None = None


class Group:
    """`start` to `end` (bytes in the buffer) of one layer in the frames `frames`; `up` are the rows of `parent`."""

    def __init__(
        self,
        definition: schema.Definition | None,
        data: NDArray[np.uint8],
        known: Known,
        frames: Ints,
        start: Ints,
        end: Ints,
        parent: Group | None = None,
        up: Ints | None = None,
        nested: bool = False,
        name: str = "",
        part: Part | None = None,
    ) -> None:
        self.definition, self.data, self.known, self.frames = definition, data, known, frames
        self.start, self.end = start, end
        self._bit: Ints | None = None
        self._byte: Ints | None = start if part is None else start - part.skip
        self.part = part
        self.number: Ints | None = None
        """Of elements of an array: which one each row is, from 0."""
        self.element_before: Group | None = None
        """Of elements of an array: those before them, in rows of the same `parent`."""
        self.skipped: dict[str, Bools] = {}
        """Fields before the part of the layer that is there, and the rows in which they are."""
        self.parent, self.up, self.nested = parent, up, nested
        self.name = definition.name if definition is not None else name
        self.at: Ints | None = None
        """Where in the frame that comes from which is in no frame: bytes that a procedure made."""
        if parent is not None and parent.at is not None and up is not None:
            self.at = parent.at.take(up)
        self.beside: bool = nested or (parent is not None and parent.beside)
        """A structure of another layer, or inside one: not in the chain of payloads."""
        self.depth: int = parent.depth + 1 if parent is not None else 1
        self.size = len(frames)
        self.columns: dict[str, Column] = {}
        self.cut: Bools = nowhere(self.size)
        self.header_cut = self.cut
        self.whole = end
        """End of the bytes that the layer was given."""
        self.stop = end
        """End of the layer with its payload and trailer; what is behind is padding."""
        self.there = everywhere(self.size)
        """Rows in which the layer is there: one without bytes, fields and findings is not."""
        self.findings: list[Finding] = []
        self.memo: dict[schema.Expr, Value] = {}
        """Values of expressions that depend on fields already read."""
        self.procedures: dict[tuple[str | int | bytes, ...], Value] = {}
        self.parts: Parts | None = None
        """The shapes of the rows, where they are known: see `arrange`."""
        self.fixed = 0
        """So many of the first fields of the header are read already."""

    def select(self, rows: Ints) -> Group:
        """These rows, of which nothing has been read yet."""
        up = self.up.take(rows) if self.up is not None else None
        return Group(self.definition, self.data, self.known, self.frames.take(rows), self.start.take(rows),
                     self.end.take(rows), self.parent, up, self.nested, self.name,
                     self.part.take(rows) if self.part is not None else None)  # fmt: skip

    def afresh(self, rows: Ints, known: Known) -> Group:
        """These rows as they were before anything was read of them, with more `known` of their frames."""
        made = self.select(rows)
        made.known, made.end = known, self.whole.take(rows)
        made.whole = made.stop = made.end
        return made

    def only(self, rows: Bools) -> Group:
        """The layer as if it were in the rows of a mask only: their numbers stay, the others are empty."""
        made = copy(self)
        made.there = self.there & rows
        made.columns = {name: column.only(rows) for name, column in self.columns.items()}
        made.findings = [one for finding in self.findings if len((one := finding.only(rows)).rows)]
        return made

    @property
    def bit(self) -> Ints:
        """The first bit not yet read."""
        if self._bit is None:
            assert self._byte is not None
            self._bit = self._byte * 8
        return self._bit

    @bit.setter
    def bit(self, bit: Ints) -> None:
        self._bit, self._byte = bit, None

    @property
    def byte(self) -> Ints:
        """The first byte not yet begun."""
        if self._byte is None:
            assert self._bit is not None
            self._byte = (self._bit + 7) >> 3
        return self._byte

    @byte.setter
    def byte(self, byte: Ints) -> None:
        self._bit, self._byte = None, byte

    @property
    def left(self) -> Ints:
        """Whole bytes up to the end."""
        return np.asarray(np.maximum(0, self.end - self.byte))

    def field(self, name: str) -> Value | None:
        """The value of a field that was read, None for one that was in no row."""
        column = self.columns.get(name)
        return column.value if column is not None else None

    def find(
        self,
        code: str,
        severity: schema.Severity,
        group: schema.Group,
        rows: Bools,
        offset: Ints,
        check: schema.Check | None = None,
        text: str = "",
        sizes: tuple[Ints, Ints] | None = None,
    ) -> None:
        """Note a finding in the rows of a mask; `offset` and `sizes` for all rows, the rest as in `Finding`."""
        if some(rows):
            found = np.flatnonzero(rows)
            place = (offset if self.at is None else self.at).take(found)
            taken = (sizes[0].take(found), sizes[1].take(found)) if sizes is not None else None
            self.findings.append(Finding(f"{self.name}.{code}", severity, group, found, place, check, text, taken))

    def truncate(self, rows: Bools, offset: Ints, text: str, sizes: tuple[Ints, Ints] | None = None) -> None:
        """Bytes are missing: nothing more is read of these rows. `text` and `sizes` as in `Finding`."""
        if some(rows):
            self.cut = self.cut | rows
            severity = schema.Severity.ERROR if self.part is None else schema.Severity.WARN
            self.find("truncated", severity, schema.Group.MALFORMED, rows, offset, text=text, sizes=sizes)
