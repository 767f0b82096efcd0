# SPDX-License-Identifier: GPL-2.0-or-later
"""Chosen fields of the frames of a chunk as typed columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from osgp_analyzer.analysis.remarks import frame_remarks
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices, beyond
from osgp_analyzer.filters.literals import address_text, nearest
from osgp_analyzer.filters.names import (
    ADDRESS,
    ADDRESSES,
    DATE,
    FRAME,
    GROUP,
    NUMBER,
    TIME,
    TRACKED,
    WORDS,
    fields_of,
    kept,
    names,
)
from osgp_analyzer.filters.occurrences import Flat, Packed, Part, Texts, frame_part, kept_parts
from osgp_analyzer.schema import REGISTRY
from osgp_analyzer.store.header import OF_PORTS, PACKED, kept_columns, layers_on_the_way, pack, unpack
from osgp_analyzer.store.store import OF_REQUEST

INTEGER, TEXTS, YES_NO, TIMESTAMP, SECONDS = "BIGINT", "VARCHAR", "BOOLEAN", "TIMESTAMP_NS", "DECIMAL(29,9)"
"""Types of columns, as SQL calls them. The last two are made of nanoseconds (since 1970, UTC, or of a duration)."""

OF_KIND = {NUMBER: INTEGER, TIME: SECONDS, DATE: TIMESTAMP, GROUP: YES_NO}
"""Types of fields that have values of one kind only."""

OWN = FRAME | TRACKED
"""Fields of the frame itself and of its exchange: one value at most, and no layer has them."""

NAMES = "_text"
"""``spdu.type_text`` is the name of the value of ``spdu.type``."""

Texter = Callable[[str], str]


@cache
def default_names() -> tuple[str, ...]:
    """The columns that are made when none is asked for: the same for every capture."""
    return ("frame.number", "frame.time", "frame.len", "frame.interface", "frame.request",
            "npdu.src", "npdu.dst", *(name for name in kept_columns() if name not in OF_PORTS))  # fmt: skip


@cache
def column_types() -> dict[str, str]:
    """All columns there can be, by name, with their type: what filters can name (layers: whether a frame has them),
    and the names of the values of enumerations."""
    found: dict[str, str] = {}
    for name, known in names().items():
        kind = next(iter(known.kinds)) if len(known.kinds) == 1 else ""
        found[name] = TEXTS if name in WORDS else OF_KIND.get(kind, TEXTS)
        if found[name] == INTEGER and known.values:
            found.setdefault(name + NAMES, TEXTS)
    return found


def check_names(chosen: Iterable[str]) -> None:
    """Raise `CaptureError` for a column that does not exist, with the nearest that do."""
    types = column_types()
    for name in chosen:
        if name not in types:
            hint = nearest(name, list(types)) or "; osgp-analyzer fields lists them"
            raise CaptureError(f"no field named {name!r}{hint}")


def with_names(chosen: Iterable[str]) -> list[str]:
    """The columns, each enumeration followed by the names of its values."""
    types = column_types()
    return [n for name in chosen for n in (name, name + NAMES) if n == name or n in types]


class Columns:
    """The columns `chosen` of each frame. Raises `CaptureError` naming the nearest for one that does not exist.

    `occurrence`: of a field that is in a frame several times ``f``: the first, ``l``: the last, ``a``: all as text,
    joined by `aggregator`. `text` is put to every text that comes from the capture. Bytes are hex, in lower case.
    """

    def __init__(
        self, chosen: Iterable[str], occurrence: str = "f", aggregator: str = ",", text: Texter | None = None
    ) -> None:
        self.names = list(dict.fromkeys(chosen))
        check_names(self.names)
        self.occurrence, self.aggregator, self.text = occurrence, aggregator, text
        self._plain = {name: _plain(name) for name in self.names}
        all_types = column_types()
        self.types = {
            name: TEXTS if occurrence == "a" and plain not in OWN and all_types[name] != YES_NO else all_types[name]
            for name, plain in self._plain.items()
        }
        defined = {layer.definition.full_name(f) for layer in REGISTRY.values() for f in layer.definition.fields}
        wanted = {field for name in self._plain.values() if name not in OWN for field in fields_of(name)}
        self._within = layers_on_the_way(wanted) if wanted <= defined else None

    def make(self, tracked: Tracked, mask: Bools) -> dict[str, Any]:
        """The columns of the frames of a mask: masked arrays of integers (times in ns), arrays of truth values,
        arrays of strings with None where there is none."""
        rows = np.flatnonzero(mask)
        size = len(mask)
        parts = self._parts(tracked, self._plain.values())
        made: dict[str, Any] = {}
        for name, plain in self._plain.items():
            found = parts[plain]
            if self.types[name] == TEXTS:
                made[name] = self._texts(name, found, size)[rows]
            else:
                values, known = self._numbers(found, size)
                made[name] = (
                    known[rows] if self.types[name] == YES_NO else np.ma.masked_array(values[rows], ~known[rows])
                )
        return made

    def texts(self, tracked: Tracked, chosen: Iterable[str], only: Bools | None = None) -> dict[str, Any]:
        """Some columns as arrays of strings, for all frames of the chunk; None where there is none, 1 for a layer.
        `only`: it is enough to have those of a mask."""
        plain = {name: self._plain[name] for name in chosen}
        parts = self._parts(tracked, plain.values(), only)
        return {
            name: self._texts(name, parts[one], tracked.chunk.stop - tracked.chunk.start) for name, one in plain.items()
        }

    def _parts(self, tracked: Tracked, chosen: Iterable[str], only: Bools | None = None) -> dict[str, list[Part]]:
        """The occurrences of each field: from the kept columns where they have what is asked for."""
        store, chunk = tracked.store, tracked.chunk
        found: dict[str, list[Part]] = {}
        decode = []
        for name in dict.fromkeys(chosen):
            if name in OWN:
                found[name] = [frame_part(name, store, chunk, tracked)]
            elif self._is_kept(tracked, name):
                found[name] = kept_parts(name, store, chunk)
            else:
                decode.append(name)
        if decode:
            flat = Flat(decode, reduced=True)
            whole = self._within is None or "groups" in vars(tracked)
            layers = tracked.layers(only) if whole else tracked.read(only, self._within)
            for rows, groups in layers:
                for group in groups:
                    flat.add(rows, group)
            for remark, remarked in frame_remarks(store, chunk, tracked.secured, tracked.chained).items():
                flat.remark(remark, np.flatnonzero(remarked))
            found |= flat.parts
        return found

    def _is_kept(self, tracked: Tracked, name: str) -> bool:
        if name not in kept() or name in OF_REQUEST:
            return False
        # The kept columns have the first occurrence; an address is made of several fields of one layer.
        first = self.occurrence == "f" and name not in ADDRESSES
        return first or tracked.store.once(tracked.chunk, fields_of(name), tracked.asked)

    def _numbers(self, parts: list[Part], size: int) -> tuple[Ints, Bools]:
        values, known = np.zeros(size, np.int64), np.zeros(size, bool)
        for part in parts:
            assert isinstance(part.value, Numbers)
            if part.rows is None and not known.any():
                values, known = part.value.values.astype(np.int64), part.known & ~beyond(part.value.values)
                continue
            rows, at = _places(part)
            fits = ~beyond(part.value.values[at])
            rows, at = rows[fits], at[fits]
            if self.occurrence == "f":
                free = ~known[rows]
                rows, at = rows[free], at[free]
            values[rows], known[rows] = part.value.values[at], True
        return values, known

    def _texts(self, name: str, parts: list[Part], size: int) -> Any:
        plain = self._plain[name]
        turn = _enumeration(plain) if name != plain or plain in WORDS else _texter(plain, self.text)
        texts = np.full(size, None, object)
        taken = np.zeros(size, bool)
        for part in parts:
            rows, at = _places(part)
            if self.occurrence == "f":
                free = ~taken[rows]
                rows, at = rows[free], at[free]
            made = turn(part, at)
            again = taken[rows]
            if self.occurrence == "a" and again.any():
                held = texts[rows[again]]
                made[again] = [f"{a}{self.aggregator}{b}" for a, b in zip(held, made[again], strict=True)]
            texts[rows], taken[rows] = made, True
        return texts


def _plain(name: str) -> str:
    """The field that a column is made of."""
    return name if name in names() else name.removesuffix(NAMES)


def _places(part: Part) -> tuple[Ints, Ints]:
    """Rows of the chunk that have the field, and where their values are in the part."""
    at = np.flatnonzero(part.known)
    return (at if part.rows is None else part.rows[at]), at


def _objects(texts: Iterable[str | None], size: int) -> Any:
    made = np.empty(size, object)
    made[:] = list(texts)
    return made


def _looked_up(values: Any, text: Callable[[int], str | None]) -> Any:
    """The text of each number, made once for each number that occurs."""
    found, place = np.unique(values, return_inverse=True)
    return _objects((text(n) for n in found.tolist()), len(found))[place]


def _enumeration(name: str) -> Callable[[Part, Ints], Any]:
    """Names of values; None for a value without one. A number that has several, by layer, shows them all."""
    by_number: dict[int, list[str]] = {}
    for text, numbers in names()[name].values.items():
        for number in numbers:
            by_number.setdefault(number, []).append(text)
    joined = {number: " / ".join(sorted(found)) for number, found in by_number.items()}

    def turn(part: Part, at: Ints) -> Any:
        assert isinstance(part.value, Numbers)
        return _looked_up(part.value.values[at], joined.get)

    return turn


def _texter(name: str, text: Texter | None) -> Callable[[Part, Ints], Any]:
    kinds = names()[name].kinds if name in names() else set()
    address = ADDRESS in kinds

    def turn(part: Part, at: Ints) -> Any:
        value = part.value
        if isinstance(value, Numbers):
            return _looked_up(value.values[at], address_text if address else str)
        if isinstance(value, Packed):
            return _looked_up(value.values[at], lambda n: unpack(n).hex())
        if isinstance(value, Slices):
            short = value.take(at)
            if not len(at) or short.length.max() <= PACKED:
                return _looked_up(pack(short), lambda n: unpack(n).hex())
            return _objects(((short.get(row) or b"").hex() for row in range(len(at))), len(at))
        if isinstance(value, Texts):
            chosen = (value.values[row] or "" for row in at.tolist())
            return _objects((text(one) if text else one for one in chosen), len(at))
        return _objects(((value[row] or b"").hex() for row in at.tolist()), len(at))

    return turn
