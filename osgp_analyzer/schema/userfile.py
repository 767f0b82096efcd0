# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that users define in TOML files: read, checked, and made into the same `Layer` classes as all others; and the
cipher suites of the same files, which `suitefile` reads.

``docs/definitions.md`` describes the files. Tables are little-endian, their bits count from the low end. A struct is a
layer that tables have inside; what a field of one refers to may be in the table around it.
"""

from __future__ import annotations

import keyword
import re
import types
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from osgp_analyzer.schema.entries import Entry, load, nearest
from osgp_analyzer.schema.errors import DefinitionError
from osgp_analyzer.schema.expr import Context, Outer, Ref
from osgp_analyzer.schema.formula import REMAINING, FormulaError, Term
from osgp_analyzer.schema.layer import REGISTRY, Layer
from osgp_analyzer.schema.parts import Names
from osgp_analyzer.schema.suite import Suite
from osgp_analyzer.schema.suitefile import read_suites
from osgp_analyzer.schema.types import Array, BitSet, Bytes, Field, Text
from osgp_analyzer.schema.userfields import KEYS, Kind, kind_of, make_field

EXTENDED = 2048
"""The number of ET00; that of BT00 is 0."""
DEEPEST = 8
"""Structs inside each other."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_RESERVED = frozenset((*dir(Layer), REMAINING, *KEYS, *keyword.kwlist))
_NUMBER = re.compile(r"(BT|ET)0*(\d{1,4})")

Numbers = Mapping[str, tuple[int, int]]
"""Fields of tables that others can refer to, by full name, with the lowest and the highest value."""
LITTLE: dict[str, Literal["little", "lsb"]] = {"order": "little", "bit_order": "lsb"}


@dataclass(frozen=True)
class UserTable:
    """A table that a file defines. `number`: BT n is n, ET n is 2048 + n."""

    number: int
    layer: type[Layer]


class Defined(NamedTuple):
    """What files define, in the order that it takes effect."""

    tables: list[UserTable]
    suites: list[Suite]


@dataclass(eq=False)
class _Draft:
    """A table (with its number) or struct whose entry has been looked through."""

    entry: Entry
    name: str
    """Of the layer: ``et99``."""
    class_name: str
    number: int | None
    fields: list[str]
    kinds: list[Kind | None] = field(default_factory=list)
    inside: set[str] = field(default_factory=set)
    """Names of structs that it has."""
    around: list[tuple[_Draft, int]] = field(default_factory=list)
    """What has this struct, and the number of the field that it is there."""

    def limits(self, number: int) -> tuple[int, int] | None:
        """Those of a field that expressions can refer to."""
        kind = self.kinds[number]
        return kind.limits if kind is not None and "count" not in self.entry.fields[number].values else None


def read(
    files: Iterable[Path], numbers: Numbers, taken: Container[str], suites: Mapping[str, Suite], messages: Names
) -> Defined:
    """The tables that files define, as layers that are in the `REGISTRY`, and the cipher suites.

    `numbers`: what the tables that are defined already say to others. `taken`: names that no field may have. `suites`:
    those that are defined already, by name. `messages`: what suites can refer to. Raises `DefinitionError` with all
    that is wrong; then no layer was defined.
    """
    errors: list[str] = []
    before = dict(REGISTRY)
    try:
        loaded = [load(path, errors) for path in files]
        tables = _Reader(numbers, taken, errors).read(
            [[entry for entry in entries if entry.kind != "suite"] for entries in loaded]
        )
        suited = [entry for entries in loaded for entry in entries if entry.kind == "suite"]
        return Defined(tables, read_suites(suited, suites, messages))
    finally:
        if errors:
            REGISTRY.clear()
            REGISTRY.update(before)
            raise DefinitionError(errors)


class _Reader:
    """Reads files together: a table may ask for one that another file defines."""

    def __init__(self, numbers: Numbers, taken: Container[str], errors: list[str]) -> None:
        self.numbers, self.taken, self.errors = dict(numbers), taken, errors
        self.names = {layer.definition.name: "is the name of a layer" for layer in REGISTRY.values()}
        self.tables: dict[str, _Draft] = {}

    def read(self, files: Iterable[list[Entry]]) -> list[UserTable]:
        """The tables, made of all entries of all files."""
        drafted = [self._drafts(entries) for entries in files]
        for draft in (draft for drafts in drafted for draft in drafts):
            if self.tables.get(draft.name, draft) is draft:
                self._tell(draft)
        return [table for drafts in drafted for table in self._make(drafts)]

    # -- names and types --------------------------------------------------------------------------------------------

    def _drafts(self, entries: list[Entry]) -> list[_Draft]:
        """The tables and structs of a file, with the names and types of their fields."""
        found = [draft for entry in entries for draft in [self._draft(entry)] if draft is not None]
        structs = {draft.name: draft for draft in found if draft.number is None}
        for draft in found:
            for number, one in enumerate(draft.entry.fields):
                kind = kind_of(one, structs)
                draft.kinds.append(kind)
                if kind is not None and kind.struct:
                    draft.inside.add(kind.word)
                    structs[kind.word].around.append((draft, number))
        for draft in structs.values():
            if not draft.around:
                draft.entry.wrong("is used by no field")
        return found

    def _draft(self, entry: Entry) -> _Draft | None:
        number = None
        if entry.kind == "table":
            entry.only(("number", "title", "source", "certainty", "doc", "replace", "field"), "a table")
            number = _table_number(entry)
            class_name = table_name(number) if number is not None else ""
            name = class_name.lower()
        else:
            entry.only(("name", "title", "source", "certainty", "doc", "field"), "a struct")
            name = entry.text("name", required=True)
            class_name = name.title().replace("_", "")
            if name and not _NAME.fullmatch(name):
                entry.wrong("is lower-case letters, digits and _, and begins with a letter", "name")
                return None
        if not name:
            return None
        replaced = entry.kind == "table" and entry.flag("replace")
        if (taken := self.names.get(name) or (class_name in REGISTRY and "is the name of a layer")) and not replaced:
            hint = ": to have this one in its place, write replace = true" if number is not None else ""
            entry.wrong(f"{taken}{hint}", "number" if number is not None else "name")
            return None
        self.names[name] = f"is defined in {entry.file} too"
        if replaced:
            self.numbers = {full: one for full, one in self.numbers.items() if not full.startswith(f"{name}.")}
        draft = _Draft(entry, name, class_name, number, self._field_names(entry))
        if number is not None:
            self.tables[name] = draft  # a later one that replaces it wins
        return draft

    def _field_names(self, entry: Entry) -> list[str]:
        names: list[str] = []
        for one in entry.fields:
            name = one.text("name", required=True)
            if name and not _NAME.fullmatch(name):
                one.wrong("is lower-case letters, digits and _, and begins with a letter", "name")
            elif name in names:
                one.wrong(f"is that of an earlier field of {entry.title}", "name")
            elif name in _RESERVED or name in self.taken:
                one.wrong("is a word that the analyzer, Python or Scapy uses itself: choose another", "name")
            names.append(name)
        return names

    def _tell(self, draft: _Draft) -> None:
        """Note what a table says to others."""
        if any("count" in one.entry.fields[at].values for one, at in _outward(draft)):
            return  # there are several, and no telling which one is meant
        for number, name in enumerate(draft.fields):
            found = draft.limits(number)
            if found is not None:
                self.numbers[f"{draft.name}.{name}"] = found

    # -- layers -----------------------------------------------------------------------------------------------------

    def _make(self, drafts: list[_Draft]) -> list[UserTable]:
        """The layers of a file: structs from the inside out, then tables."""
        layers: dict[str, type[Layer]] = {}
        waiting = [draft for draft in drafts if draft.number is None]
        level = 0
        while waiting:
            ready = [draft for draft in waiting if draft.inside <= layers.keys()]
            level += 1
            if not ready:
                waiting[0].entry.wrong(f"has itself inside, or {' or '.join(sorted(waiting[0].inside))} has")
                return []
            if level > DEEPEST:
                ready[0].entry.wrong(f"has more than {DEEPEST} structs inside each other")
                return []
            for draft in ready:
                layers[draft.name] = self._layer(draft, layers)
            waiting = [draft for draft in waiting if draft.name not in layers]
        return [UserTable(draft.number, self._layer(draft, layers)) for draft in drafts if draft.number is not None]

    def _layer(self, draft: _Draft, layers: Mapping[str, type[Layer]]) -> type[Layer]:
        """The layer of a draft; it is of no use where something is wrong, which is said."""
        entry, fields = draft.entry, dict[str, Field]()
        self._whole_bytes(draft)
        open_ended = ""
        for number, (one, name, kind) in enumerate(zip(entry.fields, draft.fields, draft.kinds, strict=True)):
            if open_ended:
                one.wrong(f"comes behind {open_ended}, which takes all bytes up to the end")
            if kind is None:
                continue
            made = make_field(one, kind, partial(self._find, draft, number), layers)
            if made is not None:
                fields[name] = made
                open_ended = name if made.when is None and _takes_all(made) else ""
        title, source = entry.text("title", required=entry.kind == "table"), entry.source()
        if source is None:
            entry.wrong('has no source: say who says so, source = "vendor manual, p. 12"')
        if self.errors:
            return Layer
        return types.new_class(
            draft.class_name,
            (Layer,),
            {"name": draft.name, "title": title or entry.title, "source": source, **LITTLE},
            lambda body: body.update({"__doc__": entry.text("doc"), "__module__": __name__, **fields}),
        )

    def _whole_bytes(self, draft: _Draft) -> None:
        bits = 0
        for one, kind in zip(draft.entry.fields, draft.kinds, strict=True):
            if bits % 8 and not (kind is not None and kind.width):
                one.wrong(f"begins inside a byte: {-bits % 8} bits are missing before it")
            bits = bits + kind.width if kind is not None and kind.width else 0
        if bits % 8:
            draft.entry.wrong(f"ends inside a byte: {-bits % 8} bits are missing")

    def _find(self, draft: _Draft, number: int, name: str) -> Term:
        """What a name stands for in an expression of field `number`. Raises `FormulaError`."""
        prefix, _, own = name.rpartition(".")
        outward = _outward(draft)
        if not prefix or prefix == draft.name:
            return Term(Ref(own), *self._before(draft, own, number, name))
        if any(one.name == prefix for one, _ in outward):
            others = [one.name for one, _ in _outward(draft, prefix) if one.number is not None and one.name != prefix]
            if others:
                raise FormulaError(f"refers to {name!r}, but {', '.join(others)} has this struct inside as well")
            ranges = [self._before(one, own, at, name) for one, at in outward if one.name == prefix]
            return Term(Outer(name), *ranges[0])
        if name in self.numbers:
            return Term(Context(name), *self.numbers[name])
        raise FormulaError(f"refers to {name!r}, which is no number that a table says{nearest(name, self.numbers)}")

    def _before(self, draft: _Draft, own: str, number: int, name: str) -> tuple[int, int]:
        """The limits of a number that is before field `number` of a table or struct."""
        earlier = draft.fields[:number]
        if own not in draft.fields:
            around = [f"{one.name}.{own}" for one, _ in _outward(draft) if own in one.fields]
            hint = f"; did you mean {around[0]}?" if around else nearest(own, earlier)
            raise FormulaError(f"refers to {name!r}, which is no field of {draft.entry.title}{hint}")
        if own not in earlier:
            raise FormulaError(f"refers to {name!r}, which does not come before it")
        found = draft.limits(earlier.index(own))
        if found is None:
            raise FormulaError(f"refers to {name!r}, which is not one number")
        return found


def _outward(draft: _Draft, up_to: str = "") -> list[tuple[_Draft, int]]:
    """All that a struct is inside of, with the number of the field that it is in there; `up_to` is not left."""
    found: dict[tuple[_Draft, int], None] = {}
    waiting = [draft]
    while waiting:
        for place in waiting.pop().around:
            if place not in found:
                found[place] = None
                if place[0].name != up_to:
                    waiting.append(place[0])
    return list(found)


def _takes_all(field: Field) -> bool:
    """Whether nothing can follow a field."""
    if isinstance(field, Array):
        return field.count is None
    return isinstance(field, (Bytes, Text, BitSet)) and field.length is None


def _table_number(entry: Entry) -> int | None:
    """The number of a table; says what is wrong with it."""
    value = entry.values.get("number")
    match = _NUMBER.fullmatch(value.upper()) if isinstance(value, str) else None
    if match and int(match[2]) < EXTENDED:
        return int(match[2]) + EXTENDED * (match[1] == "ET")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2 * EXTENDED:
        return value
    entry.wrong('is a table: "BT23", "ET99", or what messages have, 0 to 4095', "number" if value is not None else "")
    return None


def table_name(number: int) -> str:
    """``BT23`` or ``ET03``."""
    return f"{'ET' if number >= EXTENDED else 'BT'}{number % EXTENDED:02}"
