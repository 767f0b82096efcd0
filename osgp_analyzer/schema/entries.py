# SPDX-License-Identifier: GPL-2.0-or-later
"""A TOML file of definitions as entries that know where they stand, and say what is wrong there for people."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from fractions import Fraction
from pathlib import Path
from typing import Any

from osgp_analyzer.schema import tomlfile
from osgp_analyzer.schema.source import Certainty, Source
from osgp_analyzer.schema.tomlfile import Document, Steps

LARGEST_FILE = 1 << 20
"""Bytes."""
LONGEST_TEXT = 1000
LONGEST = 1 << 24
"""Bytes or elements that a field has, at most: a part of a table cannot begin later."""
KINDS = {"table": "field", "struct": "field", "suite": "derive"}
"""What a file can define, and what each has inside, as ``[[table.field]]``."""


def nearest(wrong: str, known: Iterable[str]) -> str:
    """``; did you mean ...?``, or nothing when nothing is near."""
    near = difflib.get_close_matches(wrong, list(known), 1, 0.5)
    return f"; did you mean {near[0]}?" if near else ""


@dataclass
class Entry:
    """A ``[[table]]``, ``[[struct]]`` or ``[[suite]]``, or a field or derivation in it: its keys, what to call it, and
    its place in the file."""

    values: Mapping[str, Any]
    kind: str
    title: str
    document: Document
    steps: Steps
    errors: list[str]
    fields: list[Entry] = field(default_factory=list)

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.document.name

    def wrong(self, text: str, key: str = "") -> None:
        """Note an error; at a key where one is given."""
        where = self.document.where((*self.steps, key) if key else self.steps)
        self.errors.append(f"{where}: {self.title}: {f'{key} ' if key else ''}{text}")

    def only(self, known: Iterable[str], what: str) -> None:
        """Refuse other keys than these."""
        known = list(known)
        for key in self.values:
            if key not in known:
                hint = nearest(key, known) or f"; there are {', '.join(known)}"
                self.wrong(f"is no key of {what}{hint}", str(key))

    def text(self, key: str, required: bool = False) -> str:
        """A text of one line, empty where there is none."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.wrong(f"has no {key}")
            return ""
        if not isinstance(value, str):
            self.wrong(f'is no text: write {key} = "..."', key)
            return ""
        text = " ".join(value.split())
        if len(text) > LONGEST_TEXT or not text.isprintable():
            self.wrong(f"has more than {LONGEST_TEXT} characters, or such that cannot be shown", key)
            return ""
        if required and not text:
            self.wrong("is empty", key)
        return text

    def flag(self, key: str) -> bool:
        """True or false, which it is where it is not given."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.wrong("is true or false", key)
        return value is True

    def source(self) -> Source | None:
        """The source it names, None where it names none."""
        document = self.text("source")
        named = self.text("certainty")
        known = {one.value: one for one in Certainty}
        if named and named not in known:
            self.wrong(
                f"is {', '.join(repr(name) for name in known)}, not {named!r}{nearest(named, known)}", "certainty"
            )
        if named and not document:
            self.wrong("needs a source that it is the certainty of", "certainty")
        return Source(document, certainty=known.get(named, Certainty.ONE_SOURCE)) if document else None

    def scale(self) -> Fraction | None:
        """What a number on the wire is multiplied by."""
        value = self.values.get("scale")
        if value is None:
            return None
        try:
            scale = Decimal(value) if isinstance(value, (str, Decimal)) else Decimal(int(value))
            if Decimal("1e-12") <= scale <= Decimal("1e12"):
                return Fraction(scale)
        except (DecimalException, TypeError, ValueError):
            pass
        self.wrong('is a decimal number above 0, such as "0.001"', "scale")
        return None

    def names(self, limits: tuple[int, int]) -> dict[int, str] | None:
        """Names of numbers in these limits: ``values = {0 = "off", 0x10 = "on"}``."""
        given = self.values.get("values")
        if given is None:
            return None
        found: dict[int, str] = {}
        for key, name in given.items() if isinstance(given, Mapping) else ():
            number = int(key, 0) if re.fullmatch(r"-?(0|[1-9]\d{0,18}|0[xX][0-9a-fA-F]{1,16})", key) else None
            if number is None or not limits[0] <= number <= limits[1]:
                self.wrong(f"has the key {key[:40]!r}, which is no number from {limits[0]} to {limits[1]}", "values")
            elif not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= LONGEST_TEXT:
                self.wrong(f"has no text to show for {key}", "values")
            else:
                found[number] = name
        if not isinstance(given, Mapping) or not given:
            self.wrong('gives numbers their names: values = {0 = "off", 1 = "on"}', "values")
        return found


def load(path: Path, errors: list[str]) -> list[Entry]:
    """What a file defines, each with its fields; what is wrong with it is added to `errors`."""
    document = tomlfile.load(path, LARGEST_FILE, errors, parse_float=Decimal)
    return [] if document is None else _entries(document, errors)


def _entries(document: Document, errors: list[str]) -> list[Entry]:
    name = document.name
    there = f"; there are {', '.join(f'[[{kind}]]' for kind in KINDS)}"
    for key in document.values:
        if key not in KINDS:
            errors.append(f"{document.where((key,))}: {key!r} is not known here{nearest(key, KINDS) or there}")
    found: list[Entry] = []
    for kind, part in KINDS.items():
        listed = _listed(document.values.get(kind), f"{name}: write [[{kind}]]", errors.append)
        for number, values in enumerate(listed):
            called = values.get("number" if kind == "table" else "name")
            title = str(called)[:40] if isinstance(called, (str, int)) else f"[[{kind}]] number {number + 1}"
            title = title if title.isprintable() else f"[[{kind}]]"
            entry = Entry(values, kind, title, document, (kind, number), errors)
            given = _listed(values.get(part), f"write [[{kind}.{part}]]", entry.wrong)
            for index, raw in enumerate(given):
                own = raw.get("name")
                own = own[:40] if isinstance(own, str) and own.isprintable() else f"{part} {index + 1}"
                steps = (*entry.steps, part, index)
                entry.fields.append(Entry(raw, part, f"{entry.title}.{own}", document, steps, errors))
            if not given and part == "field":
                entry.wrong(f"has no fields: write [[{kind}.field]]")
            found.append(entry)
    if not found and not errors:
        errors.append(f"{name}: defines nothing: write [[table]] or [[suite]]")
    return found


def _listed(value: Any, wanted: str, wrong: Callable[[str], None]) -> list[Mapping[str, Any]]:
    """An array of tables."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        wrong(wanted)
        return []
    return value
