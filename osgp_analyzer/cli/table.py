# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer table``: bytes of a meter table from elsewhere, as a tree or JSON; without arguments, all tables."""

from __future__ import annotations

import argparse
import json
import sys

from osgp_analyzer.app.pasted import LARGEST, Pasted, contexts, decode_table, listed, octets, table_number
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.cli.arguments import BROKEN, OK
from osgp_analyzer.cli.tree import Tree, as_json


def run(options: argparse.Namespace) -> int:
    """Print the table; 1 when not all of it could be read."""
    if not options.words:
        _list()
        return OK
    name, *digits = options.words
    table_number(name)
    if not digits:
        raise CaptureError(f"{name}: there are no bytes: give them in hex, or - for standard input")
    text = sys.stdin.read(LARGEST) if digits == ["-"] else " ".join(digits)
    found = decode_table(name, octets(text, "the bytes"), options.offset, contexts(options.context))
    if options.format == "json":
        place = {"table": found.name, "number": found.number, "offset": found.offset, "length": found.size}
        print(json.dumps({**place, **as_json(found.layers, found.findings), "missing": list(found.missing)}))
    else:
        colour = options.color == "always" or (options.color == "auto" and sys.stdout.isatty())
        part = f" from offset {found.offset} on" if found.offset is not None else ""
        print(f"{found.name}: {found.size} {'byte' if found.size == 1 else 'bytes'}{part}")
        Tree(colour, options.names).write(found.layers, [], sys.stdout)
    sys.stdout.flush()
    _say_missing(found)
    return OK if found.whole else BROKEN


def _say_missing(found: Pasted) -> None:
    """Say which option would tell what is missing."""
    by_table: dict[str, list[str]] = {}
    for name in found.missing:
        by_table.setdefault(name.partition(".")[0].upper(), []).append(name)
    for table, names in by_table.items():
        values = " ".join(f"--context {name}=N" for name in names)
        whole = f"--context {table}=HEX, with the bytes of {table}, or "
        print(f"osgp-analyzer: {found.name} needs {table}: {whole}{values}", file=sys.stderr)


def _list() -> None:
    defined, named = listed()
    print("defined:")
    for name, title, others in defined:
        print(f"  {name:<6} {title}{f'  (needs {chr(44).join(others)})' if others else ''}")
    print("\nknown by name only; a file of definitions can say what is in them (--define):")
    for name in named:
        word, _, title = name.partition(" ")
        print(f"  {word:<6} {title}")
