# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer sql``: a question in SQL about the frames of a capture."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable
from itertools import chain, islice
from typing import TextIO

from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.cli.arguments import USAGE
from osgp_analyzer.cli.export import ended_by_signals
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.progress import Progress
from osgp_analyzer.cli.show import notes
from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.query import Query, QueryError
from osgp_analyzer.export.tables import ascii_json, cell

MISSING = "NULL"
MEASURED = 1000
"""Rows whose widths decide those of the columns."""
NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
           "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM")  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Print the answer; 1 when the capture is damaged, 2 for a wrong question."""
    try:
        with ended_by_signals(), Query(options.query) as query:
            session = opened(options)
            wanted = Wanted(options.filter, options.count, query.columns.names)
            query.load(Progress(session).of(selected_chunks(session, wanted)))
            {"table": _table, "csv": _csv, "json": _json}[options.format](query, sys.stdout)
    except QueryError as error:
        for line in f"osgp-analyzer: sql: {error}".expandtabs(4).splitlines():
            print(printable(line), file=sys.stderr)
        return USAGE
    return notes(session)


def _numeric(query: Query) -> list[bool]:
    return [kind.partition("(")[0] in NUMERIC for kind in query.types]


def _table(query: Query, out: TextIO) -> None:
    rows = ([MISSING if v is None else printable(v) for v in row] for row in query.rows())
    first = list(islice(rows, MEASURED))
    head = [printable(name) for name in query.names]
    widths = [max(map(len, column)) for column in zip(head, *first, strict=True)]
    right = _numeric(query)

    def line(cells: Iterable[str]) -> str:
        placed = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
        return "  ".join(placed).rstrip() + "\n"

    out.write(line(head))
    out.write("  ".join("-" * width for width in widths) + "\n")
    out.writelines(map(line, chain(first, rows)))


def _csv(query: Query, out: TextIO) -> None:
    writer = csv.writer(out)
    number = _numeric(query)
    writer.writerow([cell(name) for name in query.names])
    for row in query.rows():
        writer.writerow([v if n or v is None else cell(v) for v, n in zip(row, number, strict=True)])


def _json(query: Query, out: TextIO) -> None:
    between = "[\n"
    for text in query.objects():
        out.write(between + ascii_json(text))
        between = ",\n"
    out.write("[]\n" if between == "[\n" else "\n]\n")
