# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields of frames as CSV, JSON and Parquet."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from typing import BinaryIO

from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.columns import Columns
from osgp_analyzer.export.database import Database, Selection

_BEYOND_ASCII = re.compile("[^\0-\x7e]+")


def cell(text: str) -> str:
    """A text from a capture as a cell of a CSV file: what a terminal could act on is escaped, and what a spreadsheet
    would take for a formula begins with an apostrophe."""
    shown = printable(text)
    return f"'{shown}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else shown


def ascii_json(text: str) -> str:
    """The same JSON in ASCII: nothing in it can act on a terminal."""
    return text if text.isascii() and "\x7f" not in text else _BEYOND_ASCII.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1].replace("\x7f", "\\u007f")


def write_csv(columns: Columns, selection: Selection, out: BinaryIO) -> None:
    """RFC 4180 with a header line. An empty cell is a field that is not there, ``""`` an empty text."""
    out.write(",".join(columns.names).encode() + b"\r\n")
    for rows in _rows(columns, selection, "FORMAT csv, HEADER false"):
        out.write(rows.replace(b"\n", b"\r\n"))  # no cell has a line break: `cell` escapes them


def write_json_lines(columns: Columns, selection: Selection, out: BinaryIO) -> None:
    """An object a line, null for a field that is not there."""
    for rows in _rows(columns, selection, "FORMAT json"):
        out.write(ascii_json(rows.decode()).encode())


def write_json(columns: Columns, selection: Selection, out: BinaryIO) -> None:
    """An array of the objects that `write_json_lines` writes."""
    between = b"[\n"
    for rows in _rows(columns, selection, "FORMAT json"):
        # Inside a JSON text a line break is written \\n, so these are the ends of the rows.
        out.write(between + ascii_json(rows.decode()).encode().rstrip(b"\n").replace(b"\n", b",\n"))
        between = b",\n"
    out.write(b"\n]\n" if between == b",\n" else b"[]\n")


def _rows(columns: Columns, selection: Selection, form: str) -> Iterator[bytes]:
    """The rows of each chunk as text."""
    with Database() as database:
        for tracked, mask in selection:
            if mask.any():
                yield database.text(columns, columns.make(tracked, mask), form)


def write_parquet(columns: Columns, selection: Selection, out: BinaryIO) -> None:
    """Typed columns, compressed with zstd."""
    with Database() as database:
        database.create(columns)
        database.load(columns, selection)
        with database.parquet().open("rb") as made:
            shutil.copyfileobj(made, out, 1 << 20)


Write = Callable[[Columns, Selection, BinaryIO], None]
WRITERS: dict[str, Write] = {
    "csv": write_csv,
    "json": write_json,
    "jsonl": write_json_lines,
    "parquet": write_parquet,
}
