# SPDX-License-Identifier: GPL-2.0-or-later
"""A TOML file of definitions as entries that know where they stand, and say what is wrong there for people."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from fractions import Fraction
from pathlib import Path
from typing import Any

from osgp_analyzer.schema.source import Certainty, Source

LARGEST_FILE = 1 << 20
"""Bytes."""
LONGEST_TEXT = 1000
LONGEST = 1 << 24
"""Bytes or elements that a field has, at most: a part of a table cannot begin later."""
KINDS = {"table": "field", "struct": "field", "suite": "derive"}
"""What a file can define, and what each has inside, as ``[[table.field]]``."""
_HEADER = re.compile(r"\s*\[\[\s*(table|struct|suite)\s*(\.\s*(?:field|derive)\s*)?\]\]")


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
    file: str
    errors: list[str]
    lines: Sequence[str] = ()
    first: int | None = None
    """Line of its header, from 0; None where that cannot be told."""
    fields: list[Entry] = field(default_factory=list)

    def wrong(self, text: str, key: str = "") -> None:
        """Note an error; at a key where one is given."""
        line = self._line(key)
        where = self.file if line is None else f"{self.file}:{line + 1}"
        self.errors.append(f"{where}: {self.title}: {f'{key} ' if key else ''}{text}")

    def _line(self, key: str) -> int | None:
        if self.first is None:
            return None
        for number in range(self.first + 1, len(self.lines)):
            if self.lines[number].lstrip().startswith("["):
                break
            if key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", self.lines[number]):
                return number
        return self.first

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
    name = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            errors.append(f"{name}: is larger than {LARGEST_FILE >> 20} MiB: a file of definitions is short")
            return []
        text = data.decode("utf-8")
        document = tomllib.loads(text.replace("\r\n", "\n"), parse_float=Decimal)
    except OSError as error:
        errors.append(f"{name}: {error.strerror or error}")
    except UnicodeDecodeError as error:
        errors.append(f"{name}: is not UTF-8 at byte {error.start}")
    except (tomllib.TOMLDecodeError, ValueError, DecimalException) as error:
        errors.append(f"{name}: is no TOML: {str(error)[:200]}")
    except RecursionError:
        errors.append(f"{name}: has too many brackets inside each other")
    else:
        return _entries(document, text.splitlines(), name, errors)
    return []


def _entries(document: Mapping[str, Any], lines: Sequence[str], name: str, errors: list[str]) -> list[Entry]:
    for key in document:
        if key not in KINDS:
            there = f"; there are {', '.join(f'[[{kind}]]' for kind in KINDS)}"
            errors.append(f"{name}: {key!r} is not known here{nearest(key, KINDS) or there}")
    found: list[Entry] = []
    for kind, part in KINDS.items():
        place = _places(lines, kind, document.get(kind))
        for number, values in enumerate(_listed(document.get(kind), f"{name}: write [[{kind}]]", errors.append)):
            first, firsts = place(number)
            called = values.get("number" if kind == "table" else "name")
            title = str(called)[:40] if isinstance(called, (str, int)) else f"[[{kind}]] number {number + 1}"
            entry = Entry(values, kind, title if title.isprintable() else f"[[{kind}]]", name, errors, lines, first)
            given = _listed(values.get(part), f"write [[{kind}.{part}]]", entry.wrong)
            for index, raw in enumerate(given):
                own = raw.get("name")
                own = own[:40] if isinstance(own, str) and own.isprintable() else f"{part} {index + 1}"
                at = firsts[index] if index < len(firsts) else None
                entry.fields.append(Entry(raw, part, f"{entry.title}.{own}", name, errors, lines, at))
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


def _places(lines: Sequence[str], kind: str, given: Any) -> Callable[[int], tuple[int | None, list[int]]]:
    """Lines of the headers of an entry and of its fields, by number; nothing where headers and entries do not match."""
    found: list[tuple[int, list[int]]] = []
    for number, line in enumerate(lines):
        match = _HEADER.match(line)
        if match and match[1] == kind:
            if not match[2]:
                found.append((number, []))
            elif found:
                found[-1][1].append(number)
    matching = isinstance(given, list) and len(found) == len(given)
    return lambda index: found[index] if matching else (None, [])
