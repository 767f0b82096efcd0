# SPDX-License-Identifier: GPL-2.0-or-later
"""A TOML file that knows in which line each of its values stands, so that errors can name the line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Steps = tuple[str | int, ...]
"""The way to a value: names of tables and keys, numbers in arrays."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    "|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    "|'[^'\n]*'"
    r"|#[^\n]*|[][{}=,\n]"
    "|[^][{}=,\\s\"'#]+",
    re.DOTALL,
)
_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_QUOTED = re.compile(r"\(?['\"].*['\"],?\)?", re.DOTALL)


@dataclass(frozen=True)
class Document:
    """A file that has been read: its name, its text, and what it says."""

    name: str
    text: str
    values: Mapping[str, Any]

    def where(self, steps: Steps = ()) -> str:
        """``file:line`` of a value; of what is around it where it has no line of its own."""
        for length in range(len(steps), 0, -1):
            if (line := self._scan.lines.get(steps[:length])) is not None:
                return f"{self.name}:{line}"
        return self.name

    def end(self, section: Steps) -> int | None:
        """The last line, from 1, of the section that ``[name]`` begins; None where no such line begins it."""
        return self._scan.ends.get(section)

    @cached_property
    def _scan(self) -> _Scan:
        return _Scan(self.text)


def load(path: Path, largest: int, errors: list[str], parse_float: Callable[[str], Any] = float) -> Document | None:
    """Read a file of up to `largest` bytes; what is wrong is added to `errors`, none of its content."""
    data = content(path, largest, errors)
    return None if data is None else parse(str(path), data, errors, parse_float)


def content(
    path: Path, largest: int, errors: list[str], refuse: Callable[[os.stat_result], str] = lambda status: ""
) -> bytes | None:
    """The bytes of a file; `refuse` says why the open file is not to be read, or nothing."""
    try:
        with path.open("rb") as stream:
            if why := refuse(os.fstat(stream.fileno())):
                errors.append(f"{path}: {why}")
                return None
            data = stream.read(largest + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        errors.append(f"{path}: {getattr(error, 'strerror', None) or error}")
        return None
    if len(data) > largest:
        errors.append(f"{path}: is larger than {largest >> 20} MiB, which no such file needs")
        return None
    return data


def parse(name: str, data: bytes, errors: list[str], parse_float: Callable[[str], Any] = float) -> Document | None:
    """The content of a file as `load` takes it."""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
        return Document(name, text, tomllib.loads(f"{text}\n", parse_float=parse_float))
    except UnicodeDecodeError as error:
        errors.append(f"{name}: is not UTF-8 at byte {error.start}")
    except tomllib.TOMLDecodeError as error:
        said, where = str(error), _WHERE.search(str(error))
        reason = _QUOTED.sub("...", said[: where.start()] if where else said)
        line = where[1] if where and where[1] else text.count("\n") + 1
        hint = ": the name is there twice" if "overwrite" in reason or "twice" in reason or "uplicate" in reason else ""
        errors.append(f"{name}:{line}: is no TOML: {reason}{hint}")
    except (ValueError, ArithmeticError):
        errors.append(f"{name}: is no TOML: has a number or date that is none")
    except RecursionError:
        errors.append(f"{name}: has too many brackets inside each other")
    return None


class _Scan:
    """The lines of all that a text of valid TOML has."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Steps, int] = {}
        self.ends: dict[Steps, int] = {}
        self._tokens: list[tuple[str, int, int]] = []
        """Each with its line and the line that it ends in."""
        line, last = 1, 0
        for match in _TOKEN.finditer(text):
            line += text.count("\n", last, match.start())
            last = match.start()
            if not match[0].startswith("#"):
                self._tokens.append((match[0], line, line + match[0].count("\n")))
        self._tokens.append(("\n", line, line))
        self._at = 0
        self._arrays: dict[Steps, int] = {}
        """Arrays of tables, with how many they have so far."""
        self._statements()

    def _statements(self) -> None:
        section: Steps = ()
        while self._at < len(self._tokens):
            token, line, _ = self._tokens[self._at]
            if token == "[":
                section = self._header()
                for length in range(1, len(section) + 1):
                    self.lines.setdefault(section[:length], line)
            elif token != "\n":
                self._pair(section)
            else:
                self._at += 1
                continue
            self.ends[section] = self._tokens[self._at - 1][2]

    def _header(self) -> Steps:
        several = self._tokens[self._at + 1][0] == "["
        self._at += 1 + several
        *outer, last = self._key("]")
        self._at += several
        steps: Steps = ()
        for name in outer:
            steps = (*steps, name)
            if steps in self._arrays:
                steps = (*steps, self._arrays[steps] - 1)
        steps = (*steps, last)
        if several:
            self._arrays[steps] = self._arrays.get(steps, 0) + 1
            steps = (*steps, self._arrays[steps] - 1)
        return steps

    def _pair(self, section: Steps) -> None:
        line = self._tokens[self._at][1]
        steps = section
        for name in self._key("="):
            steps = (*steps, name)
            self.lines.setdefault(steps, line)
        self._value(steps)

    def _key(self, end: str) -> Sequence[str]:
        """The names up to `end`, which is passed."""
        first = self._at
        while self._tokens[self._at][0] != end:
            self._at += 1
        written = "".join(token for token, _, _ in self._tokens[first : self._at])
        self._at += 1
        names: list[str] = []
        inner: Any = tomllib.loads(f"{written} = 0")
        while isinstance(inner, dict):
            ((name, inner),) = inner.items()
            names.append(name)
        return names

    def _value(self, steps: Steps) -> None:
        opening = self._tokens[self._at][0]
        if opening not in "[{":
            while self._tokens[self._at][0] not in ",]}\n":
                self._at += 1
            return
        self._at += 1
        number = 0
        while (token := self._tokens[self._at])[0] not in "]}":
            if token[0] in ",\n":
                self._at += 1
            elif opening == "[":
                self.lines[(*steps, number)] = token[1]
                self._value((*steps, number))
                number += 1
            else:
                self._pair(steps)
        self._at += 1
