# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of a guide as it prints them: offset, type and name of each row, out of the text that
``pdftotext -layout`` makes of the PDF.

A page has its own column positions, and cells are wrapped: a row begins where a type begins, and what follows in the
columns of name, type and offset belongs to it until the next one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

HEADING = re.compile(
    r"^\s*(?P<name>(?:BT|ET|EP)\d{2,4})(?:-BT\d\d)?\s*"
    r"(?:\((?:\d+, ?)?0x[0-9A-Fa-f]+(?:-0x[0-9A-Fa-f]+)?\)\s*:|:|,.*Structure)"
)
"""``BT21 (0x0015): Actual Register``, ``BT21, Actual Register: Table Structure``, ``BT21: Actual Register``."""
RESPONSE = re.compile(r"[Rr]esponse [Ff]rom (?:Table )?(?:ET59|BT08)")
WRITTEN = re.compile(r"Data Written From Host", re.IGNORECASE)
HEADER = re.compile(r"\bType\b.*\bOff(?:set|s)?\b")
OTHER_TABLE = re.compile(r"Access Key|Read/Write Access|Code Returned")
SYMBOLS = re.compile(r"^\s*Symbol\s+Value")
FOOT = re.compile(r"Client Developer.s Gu|Optical Port Programmer.s Guide")
PAGE = re.compile(r"^\s*(\d{1,3})\s+OSGP|\s(\d{1,3})\s*$")
TYPE = re.compile(r"U?INT|UIN\d|BOOL|FILL|SET|A(?:RRAY|rray)|NI_FM|[SL]?TIME|CHAR|BCD|FLOAT|RDATE|ANSI_|\d+.byte")
OFFSET = re.compile(r"\(*(?:\d|[A-H](?:$|[-+*,…])|GL|(?:BT|ET)\d)")
OFFSET_GOES_ON = re.compile(
    r"(?:[-+*/().,…\d]|(?:BT|ET)\d*|BT|ET|SET|GL|FSL|LLS|DmdRcd|CoinRcd|Rcd|L\d?n?|n|N|A|B|C|D|E)+"
)
NAME_GOES_ON = re.compile(r"[A-Za-z]+\(?[A-Za-z]*\)?")
PLAIN = re.compile(r"(\d+)(?:(?:…|\.\.)(\d+))?")
OF = ("of", "OF", "Of")
CLOSING = re.compile(r"[\d.]*[\])]")
ALONE = re.compile(r"\d+|[A-H]|GL|[A-H]\+\S*|\d+(?:…|\.\.)\d+|(?:BT|ET)\d\d\.\d+(?:\.\d)?")
NAME_LIMIT = 48
SHIFT = 8
"""Characters that a type may begin before or after its column."""
JUSTIFIED = 12
"""Blanks before an operator in a justified line."""
LONGEST_REST = 5
"""Characters of a type that are wrapped without a bracket: ``NI_FMAT`` and ``1``, ``LTIME_D`` and ``ATE``."""


@dataclass
class Row:
    """A field as printed, without blanks in `offset` and `type`."""

    page: int
    offset: str
    type: str
    name: str


@dataclass
class Table:
    """A table or the parameters of a procedure."""

    rows: list[Row] = field(default_factory=list)
    symbols: dict[str, str] = field(default_factory=dict)
    """What letters in offsets stand for."""


def extract(text: str) -> dict[str, Table]:
    """Every table of a guide by name (``BT21``, ``EP19``, ``EP19 response``)."""
    tables: dict[str, Table] = {}
    name = ""
    for page, lines in _pages(text):
        place = 0
        while place < len(lines):
            line = lines[place]
            place += 1
            if "....." in line:
                continue
            if match := HEADING.match(line):
                name = match["name"]
            elif RESPONSE.search(line):
                name = "BT08" if name == "BT07" else f"{name.split()[0]} response" if name[:2] == "EP" else name
            elif WRITTEN.search(line) and name[:2] != "EP":
                name = "BT07"
            elif SYMBOLS.match(line) and name:
                place = _symbols(lines, place, tables.setdefault(name, Table()).symbols)
            elif HEADER.search(line) and name:
                end = _end(lines, place)
                _Rows(page, line, lines[place:end], tables.setdefault(name, Table()).rows).read()
                place = end
    return {name: table for name, table in tables.items() if table.rows}


def _pages(text: str) -> list[tuple[int, list[str]]]:
    """The lines of each page, with the number printed at its foot; where the foot is cut off, the next one."""
    found: list[tuple[int, list[str]]] = []
    number = 0
    for page in text.split("\f"):
        feet = [PAGE.search(line) for line in page.splitlines() if FOOT.search(line)]
        printed = [int(foot[1] or foot[2]) for foot in feet if foot]
        number = printed[-1] if printed else number + 1
        lines = [line.expandtabs().rstrip() for line in page.splitlines() if not FOOT.search(line)]
        found.append((number, [line for line in lines if line.strip() not in ("", "CONFIDENTIAL")]))
    return found


def _end(lines: list[str], place: int) -> int:
    """Where the rows under a header end."""
    ends = (HEADING, HEADER, RESPONSE, WRITTEN, OTHER_TABLE, SYMBOLS)
    while place < len(lines) and not any(end.search(lines[place]) for end in ends):
        place += 1
    return place


def _symbols(lines: list[str], place: int, symbols: dict[str, str]) -> int:
    """``A   IF BT21.0.2 THEN 1``, its second line ``ELSE 0``, and so on."""
    last = ""
    end = _end(lines, place)
    for line in lines[place:end]:
        if match := re.match(r"^\s*([A-H])\s{2,}(\S.*)$", line):
            last = match[1]
            symbols[last] = re.split(r"\s{3,}", match[2])[0].strip()
        elif last and (match := re.match(r"^\s+(ELSE \d+)\b", line)):
            symbols[last] += f" {match[1]}"
    return end


def _most(counts: Counter[int], otherwise: int) -> int:
    """The commonest value."""
    return max(counts, key=lambda start: (counts[start], -start), default=otherwise)


class _Rows:
    """The rows under one header; those of the same table on the page before are in `rows` already."""

    def __init__(self, page: int, header: str, lines: list[str], rows: list[Row]) -> None:
        self.page, self.rows, self.begun = page, rows, len(rows)
        self.lines = [[(m.start(), m[0].replace("...", "…")) for m in re.finditer(r"\S+", line)] for line in lines]
        at = header.index("Type")
        below = header.index("Off", at)
        self.types = self._column(TYPE, at - 12, at + 10, at)
        self.offsets = self._column(OFFSET, max(self.types + 4, below - 14), below + 8, below)

    def _column(self, what: re.Pattern[str], low: int, high: int, otherwise: int) -> int:
        """Cells of a column begin at the same place; its header is only near."""
        counts: Counter[int] = Counter()
        for words in self.lines:
            starts = [start for start, word in words if low <= start <= high and what.match(word)]
            counts.update(starts[:1])
        return _most(counts, otherwise)

    def read(self) -> None:
        row: Row | None = None
        start = self.types
        for words in self.lines:
            going_on = row is not None and self._goes_on(row, words, start)
            first = start - 1 if going_on else self._first_of_type(words)
            name = " ".join(word for at, word in words if at < first)
            if self._crosses(words, first):
                row = None
                continue
            begin = self._first_of_offset(words, first)
            kind = self._cell(words, first, begin)
            offset = self._offset(words, begin, row is not None and _waits(row.offset))
            if not going_on and (TYPE.match(kind) or (not kind and self._starts_without_type(row, name, offset))):
                row = Row(self.page, offset if OFFSET.match(offset) else "", kind, name)
                start = next((at for at, _ in words if at >= first), self.types) if kind else self.types
                self.rows.append(row)
            elif row is not None:
                row.type += kind if going_on or len(kind) <= LONGEST_REST else ""
                row.offset += offset if row.offset and not _whole(row.offset) else ""
                row.name += f" {name}" if name else ""
        for row in self.rows[self.begun :]:
            row.name = re.split(r"(?<=\w{4})\. | \(available | Following field| The following", row.name)[0][
                :NAME_LIMIT
            ].strip()

    def _goes_on(self, row: Row, words: list[tuple[int, str]], start: int) -> bool:
        """Whether the type of a row goes on in a line: it is not finished, and the line does not begin a row itself."""
        begins = self._first_of_type(words)
        whole = any(at == begins for at, _ in words) and any(at < begins for at, _ in words)
        if (
            whole
            and not _waits(row.offset)
            and OFFSET.match(self._offset(words, self._first_of_offset(words, begins), False))
        ):
            return False
        kinds = [at for at, word in words if TYPE.match(word)] or [self.offsets]
        of = any(word in OF and start - 2 <= at < min(kinds[0], self.offsets) for at, word in words)
        return of or _open(row.type) or row.type in ("ARRAY", "4-byte", "4-bytePacked") or row.type[-2:].lower() == "of"

    def _first_of_type(self, words: list[tuple[int, str]]) -> int:
        """Where the type of this line begins: a long name pushes it to one side."""
        near = [start for start, word in words if TYPE.match(word) and abs(start - self.types) <= SHIFT]
        return near[0] if near else self.types - 2

    def _first_of_offset(self, words: list[tuple[int, str]], first: int) -> int:
        """Where the offset of this line begins: a number that stands alone behind a type is one, wherever."""
        inside = [start for start, _ in words if start >= first]
        early = [
            start
            for start, word in words
            if start in inside[1:] and self.offsets - SHIFT <= start < self.offsets and ALONE.fullmatch(word)
        ]
        return early[0] if early else self.offsets - 1

    def _crosses(self, words: list[tuple[int, str]], first: int) -> bool:
        """Whether a line of text goes over the columns."""
        return any(
            start < first <= following == start + len(word) + 1 and not TYPE.match(after) and not CLOSING.match(after)
            for (start, word), (following, after) in pairwise(words)
        )

    def _cell(self, words: list[tuple[int, str]], low: int, high: int) -> str:
        """The words between two columns, as far as they are close together."""
        cell, end = "", low + 4
        for start, word in words:
            if low <= start < high and (start <= end + 2 or word in OF):
                cell += word
                end = start + len(word)
        return cell

    def _offset(self, words: list[tuple[int, str]], begin: int, waiting: bool) -> str:
        """The words of the offset column; a justified line has wide gaps before its operators. Any word may follow
        where an expression is `waiting` for more."""
        cell, end = "", begin + 5
        for start, word in words:
            if start < begin:
                continue
            near = JUSTIFIED if cell and word in ("+", "*", "/") else 1
            fits = OFFSET_GOES_ON.fullmatch(word) or ((waiting or _waits(cell)) and NAME_GOES_ON.fullmatch(word))
            if start > end + near or not fits:
                break
            cell += word
            end = start + len(word)
        return cell

    def _starts_without_type(self, row: Row | None, name: str, offset: str) -> bool:
        return bool(name and OFFSET.match(offset) and not (row and _waits(row.offset)))


def _whole(offset: str) -> bool:
    """Whether an offset is a number, or a range whose end is behind its start: nothing is to follow."""
    match = PLAIN.fullmatch(offset)
    return match is not None and (not match[2] or int(match[2]) >= int(match[1]))


def _waits(offset: str) -> bool:
    """Whether an offset goes on in the next line."""
    return offset.endswith((".", "+", "*", "BT", "ET")) or _open(offset)


def _open(cell: str) -> bool:
    """Whether a bracket waits for its other half."""
    return cell.count("(") > cell.count(")") or cell.count("[") > cell.count("]")
