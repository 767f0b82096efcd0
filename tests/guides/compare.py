# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the layout of the defined tables against the rows of a guide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dissectors.osgp.names import EXTENDED
from dissectors.osgp.tables import TABLES
from osgp_analyzer.schema import Array, Bits, Computed, Context, Definition, Flags, Integer, Payload, Struct, Time
from osgp_analyzer.schema.expr import Ref
from osgp_analyzer.schema.layer import walk
from tests.guides.extract import Row, Table
from tests.guides.layout import Place, layout
from tests.guides.printed import SIGNED, TIMES, Kind, Unreadable, evaluate, kind

ASSUMED = {
    "bt21.summations": 23,
    "bt21.present_values": 89,
    "et52.type": 3,
    "et52.size": 100,
    "et52.group_count": 5,
    "transaction.record.length": 11,
}
"""Values that show all of a table; whatever else sizes depend on gets a number of its own."""
SYMBOLS = {"ET52": {"GL": "(ET52.5*2)+1", "B": "ET52.0", "L0": "11", "L1": "11"}}
"""Letters that the guide explains in its text."""
RECORDS = {"DmdRcd": "registers.demands", "CoinRcd": "registers.coincident_values"}
"""Records whose size offsets use: the arrays that they are elements of."""
INDEX = "index of the element"
VARIANTS: Mapping[str, tuple[Mapping[str, int], ...]] = {
    "EP19": ({"ep19.request_type": 4}, {"ep19.request_type": 9}),
    "ET13": ({}, {INDEX: 4}),
    "ET16": ({}, {INDEX: 4}),
}
"""Values that bring up different parts of a table, or the element of its arrays that is another kind of device."""
FILLING = re.compile("Fill|Unused|Reserved")
ABBREVIATIONS = {
    "fwd": "forward",
    "rev": "reverse",
    "nbr": "number",
    "imp": "import",
    "exp": "export",
    "neuron": "transceiver",
    "va": "apparent",
}


@dataclass
class Report:
    """How a table of a guide and its definition agree; texts name the page and the row."""

    agree: int = 0
    headings: int = 0
    """Rows that only say what follows: without an offset and a type that has a size."""
    differences: dict[str, str] = field(default_factory=dict)
    """By row: the offset or width is another, or the names have nothing in common."""
    unread: dict[str, str] = field(default_factory=dict)
    """Rows whose offset or type could not be understood."""
    ours: list[str] = field(default_factory=list)
    """Fields that are in no row."""


def compare(name: str, table: Table) -> Report | None:
    """A table of a guide against its definition; None where there is none yet."""
    subject = _subject(name)
    return _Comparison(name, table, *subject).report() if subject else None


def _subject(name: str) -> tuple[Definition, tuple[Mapping[str, int], ...]] | None:
    if match := re.fullmatch(r"(EP|BP)(\d\d)( response)?", name):
        number = int(match[2]) + EXTENDED * (match[1] == "EP")
        definition = TABLES[8 if match[3] else 7].definition
        own = {f"{definition.name}.procedure": number}
        return definition, tuple({**own, **more} for more in VARIANTS.get(name, ({},)))
    layer = TABLES.get(_number(name))
    return None if layer is None else (layer.definition, VARIANTS.get(name, ({},)))


def _number(name: str) -> int:
    return int(name[2:4]) + EXTENDED * name.startswith("ET")


def assumptions(definitions: Iterator[Definition]) -> dict[str, int]:
    """A value for everything that sizes and conditions depend on; all different, so that none stands for another."""
    names: dict[str, int] = {}
    for definition in definitions:
        own = {f.name: full for f, full in definition.full_names}
        for expression in definition.expressions():
            for node in walk(expression):
                if isinstance(node, Context):
                    names[node.name] = 0
                elif isinstance(node, Ref):
                    names[own[node.name]] = 0
    flags = {full for d in _all() for f, full in d.full_names if isinstance(f, Bits) and f.width == 1}
    numbered = {name: 1 if name in flags else 2 + i for i, name in enumerate(sorted(names))}
    return numbered | ASSUMED


def _all() -> Iterator[Definition]:
    """Definitions of all tables, with those of what is in them."""
    waiting, seen = [layer.definition for layer in TABLES.values()], set()
    while waiting:
        definition = waiting.pop()
        if definition.class_name not in seen:
            seen.add(definition.class_name)
            yield definition
            waiting += [layer.definition for layer in definition.enclosed()]


class _Comparison:
    def __init__(
        self, name: str, table: Table, definition: Definition, variants: tuple[Mapping[str, int], ...]
    ) -> None:
        self.name, self.table = name, table
        self.known = assumptions(_all())
        places = [
            place
            for own in variants
            for place in layout(definition, self.known, {**self.known, **own}, index=own.get(INDEX, 0))
        ]
        self.places = [p for p in dict.fromkeys(places) if p.bit is not None and not isinstance(p.field, Computed)]
        self.found: set[int] = set()
        self.last = -1
        self.at = 0
        self.result = Report()

    def report(self) -> Report:
        for row in self.table.rows:
            key = f"p.{row.page} {row.offset or '-'} {row.type or '-'} {row.name}"
            try:
                problem = self._row(row)
            except Unreadable as reason:
                if row.offset:
                    self.result.unread[key] = str(reason)
                else:
                    self.result.headings += 1
                continue
            if problem:
                self.result.differences[key] = problem
            else:
                self.result.agree += 1
        named = {self.places[i].name for i in self.found}
        ours = [p.name for p in self.places if not isinstance(p.field, (Array, Struct, Payload, Flags))]
        self.result.ours = [name for name in dict.fromkeys(ours) if name not in named]
        return self.result

    def _row(self, row: Row) -> str:
        """What is wrong with a row, empty if nothing."""
        if match := re.fullmatch(r"(\d+)(?:…|\.\.)(\d+)", row.offset):
            return self._range(int(match[1]), int(match[2]))
        if row.offset:
            self.at = evaluate(row.offset, self._lookup)
        if row.offset and not row.type:
            here = [(i, p) for i, p in enumerate(self.places) if p.bit == self.at * 8]
            self.found.update(i for i, p in here if _named_alike(row.name, p.field.title))
            return "" if here else f"no field begins at {self.at}"
        printed = kind(row.type, self._lookup)
        if not row.offset and not printed.range:
            return self._next(row, printed)
        first = self.at * 8 + printed.first
        width = printed.bits * printed.count
        here = [(i, p) for i, p in enumerate(self.places) if p.bit == first and width in (p.bits, p.stride)]
        flags = [p for p in self.places if isinstance(p.field, Flags) and _covers(p, first, width)]
        if not here and flags:
            return self._flag(row, flags[0], first, width)
        if not here and printed.base == "BYTE" and self._filled(first, width):
            return ""
        if not here:
            near = ", ".join(f"{p.name} ({p.bits} bits)" for p in self.places if p.bit == first) or "no field"
            return f"{width} bits at {self.at}.{printed.first}: there is {near}"
        return self._same(row, printed, here)

    def _same(self, row: Row, printed: Kind, here: list[tuple[int, Place]]) -> str:
        self.last = max((i for i, _ in here), default=self.last)
        for i, place in here:
            if _alike(printed, place) and _named_alike(row.name, f"{place.name} {place.field.title}"):
                if i in self.found and not FILLING.match(row.name):
                    return f"{place.name} is in another row"
                self.found.add(i)
                return ""
        what = "type" if not any(_alike(printed, p) for _, p in here) else "name"
        return f"another {what}: {', '.join(f'{p.name} ({p.field.title})' for _, p in here)}"

    def _next(self, row: Row, printed: Kind) -> str:
        """A row without an offset is the next field of its width."""
        width = printed.bits * printed.count
        later = [(i, p) for i, p in enumerate(self.places) if i > self.last and p.bits == width]
        return self._same(row, printed, later[:1]) if later else f"no field of {width} bits follows"

    def _range(self, first: int, last: int) -> str:
        """Bytes kept for other uses."""
        width = (last - first + 1) * 8
        return "" if self._filled(first * 8, width) else f"no field begins at {first} or none ends with {last}"

    def _filled(self, first: int, width: int) -> bool:
        """Whether fields fill these bits, and go over neither end."""
        inside = [i for i, p in enumerate(self.places) if _within(p, first, first + width)]
        self.found.update(inside)
        ends = {(p.bit or 0) + (p.bits or 0) for i, p in enumerate(self.places) if i in inside}
        return any(self.places[i].bit == first for i in inside) and first + width in ends

    def _flag(self, row: Row, place: Place, first: int, width: int) -> str:
        assert isinstance(place.field, Flags)
        assert place.bit is not None
        names = [place.field.bits.get(first - place.bit + i) for i in range(width)]
        if not any(names):
            return "" if row.type.startswith("FILL") or FILLING.search(row.name) else f"{place.name} has no such bit"
        if width == 1 and names[0] and _named_alike(row.name, names[0]):
            return ""
        return f"another name: {place.name} {names}"

    def _lookup(self, name: str) -> int:
        if match := re.fullmatch(r"((?:BT|ET)\d+)\.(\d+)(?:\.(\d+))?[Nn]?", name):
            return self._value_at(match[1], int(match[2]), match[3])
        symbols = self.table.symbols | SYMBOLS.get(self.name, {})
        if name in symbols:
            return evaluate(symbols[name], self._lookup)
        if name in RECORDS:
            return next(p.stride // 8 for p in self.places if p.name == RECORDS[name] and p.stride)
        raise Unreadable(f"{name} is not known")

    def _value_at(self, table: str, offset: int, bit: str | None) -> int:
        """The value that is assumed for the field at a place of a table."""
        layer = TABLES.get(_number(table))
        if layer is None:
            raise Unreadable(f"{table} is not defined yet")
        for place in layout(layer.definition, self.known, self.known):
            if place.bit == offset * 8 + int(bit or 0) and place.name in self.known:
                return self.known[place.name]
        raise Unreadable(f"no size depends on {table}.{offset}")


def _covers(place: Place, first: int, width: int) -> bool:
    return (
        place.bit is not None
        and place.bits is not None
        and place.bit <= first < first + width <= place.bit + place.bits
    )


def _within(place: Place, first: int, end: int) -> bool:
    return place.bit is not None and bool(place.bits) and first <= place.bit and place.bit + (place.bits or 0) <= end


def _alike(printed: Kind, place: Place) -> bool:
    """Whether the type is that of the field: signed or not, a time or not, so many elements."""
    element = place.field.element if isinstance(place.field, Array) else place.field
    if isinstance(place.field, (Struct, Payload)):
        return printed.count > 1
    if printed.base in TIMES:
        return isinstance(element, Time)
    if isinstance(element, Integer) and not printed.range:
        return element.signed == printed.base.startswith(SIGNED)
    return True


def _named_alike(printed: str, ours: str) -> bool:
    """Whether a third of the words of a name are in the other, by their first letters; fillers need no name."""
    stems = _stems(printed)
    return not stems or bool(FILLING.match(printed)) or len(stems & _stems(ours)) * 3 >= len(stems)


def _stems(text: str) -> set[str]:
    plain = text.removeprefix("IF ").replace("L1L2L3", "").replace("_", " ").lower()
    words = (ABBREVIATIONS.get(word, word) for word in re.findall(r"[a-z]+\d*|(?<=\S )\d+", plain))
    return {
        word[:3] for word in words if len(word) > 1 and word not in ("of", "number", "bt", "et", "registers", "set")
    }
