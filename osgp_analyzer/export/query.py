# SPDX-License-Identifier: GPL-2.0-or-later
"""SQL over the frames of a capture. Columns have the names of the fields, as filters have them, without quotes."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import duckdb

from osgp_analyzer.export.columns import Columns, column_types, default_names
from osgp_analyzer.export.database import Database, Selection, details
from osgp_analyzer.filters.literals import nearest

BATCH = 1000
MOST, BEFORE = 10, 50
"""Lines of an error, and characters of the query that are shown before the place of the error."""
_QUOTED = re.compile(r'"([\w.]+)"')
ANSWER = '"the answer"'
"""The query as a table of another; a name that no column has."""


class QueryError(Exception):
    """A query that is wrong: what DuckDB says of it, which may be several lines."""


class Query:
    """One SELECT over the table ``frames``. Raises `QueryError` if it is none.

    Only the columns that it names are made; ``*`` stands for `default_names`. It can neither read nor write files.
    Use it as a context manager.
    """

    def __init__(self, text: str) -> None:
        self._database = Database()
        with ExitStack() as undo:
            undo.callback(self._database.close)
            self._prepare(text.encode(errors="replace").decode())  # an argument may be no UTF-8
            undo.pop_all()

    def _prepare(self, text: str) -> None:
        self._asked = text
        self._tree: dict[str, Any] = {}
        try:
            self._database.run("SET errors_as_json = true")
            self._tree = self._parse(text)
            chosen = self._resolve()
            self.columns = Columns(chosen or ["frame.number"])
            self._database.create(self.columns)
            self._database.run("SET enable_external_access = false")
            self._database.run("SET lock_configuration = true")
            # What is wrong is told before the capture is read. The tree has the places of the text that was asked.
            tree = json.dumps(self._tree)
            described = self._database.run("DESCRIBE SELECT * FROM json_execute_serialized_sql(?::JSON)", [tree])
            [(self._text,)] = self._database.run("SELECT json_deserialize_sql(?::JSON)", [tree])
        except duckdb.Error as error:
            raise self._error(error) from error
        self.names: list[str] = [row[0] for row in described]
        self.types: list[str] = [row[1] for row in described]

    def _parse(self, text: str) -> dict[str, Any]:
        [(answer,)] = self._database.run("SELECT json_serialize_sql(?::VARCHAR)", [text])
        tree: dict[str, Any] = json.loads(answer)
        if tree["error"]:
            message = tree["error_message"]
            if tree["error_type"] == "not implemented":
                message = "only SELECT can be asked here"
            raise QueryError(message + _pointer(text, int(tree.get("position") or -1)))
        if len(tree["statements"]) != 1:
            raise QueryError("one SELECT at a time, please")
        return tree

    def _resolve(self) -> list[str]:
        """Make ``npdu.src_node`` one name in the tree of the query, where SQL sees a column of a table ``npdu``; the
        columns that the query needs."""
        types = {name.lower(): name for name in column_types()}
        layers = {name.partition(".")[0] for name in types}
        own = {node[key].lower() for node in _nodes(self._tree) for key in ("alias", "table_name", "key")
               if isinstance(node.get(key), str)}  # fmt: skip
        used: dict[str, None] = {}
        for node in _nodes(self._tree):
            if node.get("class") == "STAR":
                used |= dict.fromkeys(default_names())
            if node.get("class") != "COLUMN_REF":
                continue
            parts = node["column_names"]
            for skipped in (0, 1):  # with the name of a table in front, or without
                full = types.get(".".join(parts[skipped:]).lower())
                if full is not None:
                    node["column_names"] = [*parts[:skipped], full]
                    used[full] = None
                    break
            else:
                first = parts[0].lower()
                if first == "frames" and len(parts) == 1:
                    used |= dict.fromkeys(default_names())
                elif len(parts) > 1 and first in layers and first not in own:
                    name = ".".join(parts)
                    where = _pointer(self._asked, *_place(node))
                    raise QueryError(f"no field named {name}{nearest(name.lower(), list(types))}{where}")
        return list(used)

    def load(self, selection: Selection) -> None:
        """Read the frames. Raises `CaptureError` where the disk is full."""
        self._database.load(self.columns, selection)

    def rows(self) -> Iterator[tuple[str | None, ...]]:
        """The rows of the result, each value as text. Raises `QueryError` for what shows only now."""
        yield from self._run("SELECT COLUMNS(*)::VARCHAR")

    def objects(self) -> Iterator[str]:
        """The rows of the result, each as a JSON object."""
        for (text,) in self._run(f"SELECT to_json({ANSWER})::VARCHAR"):
            yield text

    def _run(self, what: str) -> Iterator[tuple[Any, ...]]:
        before = f"{what} FROM ("
        try:
            for batch in self._database.stream(f"{before}{self._text}) AS {ANSWER}", BATCH):
                yield from batch
        except duckdb.Error as error:
            raise self._error(error, len(before.encode())) from error

    def _error(self, error: duckdb.Error, before: int | None = None) -> QueryError:
        """An error in terms of the text that was asked. `before`: where the text that is run begins in the statement;
        None: the error has places of what was asked."""
        found = details(error)
        place = int(found.get("position", -1)), 1
        if place[0] >= 0 and before is not None:
            place = self._asked_at(place[0] - before)
        elif place[0] >= 0:
            place = next((_place(node) for node in _nodes(self._tree) if _place(node)[0] == place[0]), place)
        message = found["exception_message"]
        if found.get("error_subtype") == "COLUMN_NOT_FOUND":
            # The columns that DuckDB would propose are those that this query names, not all there are.
            message = message.partition("\n")[0] + _nearest_fields(found["name"])
        types = column_types()
        message = _QUOTED.sub(lambda match: match[1] if match[1] in types else match[0], message)
        lines = message.strip().splitlines()
        message = "\n".join([*lines[:MOST], *(["    ..."] if len(lines) > MOST else [])])
        return QueryError(message + _pointer(self._asked, *place))

    def _asked_at(self, position: int) -> tuple[int, int]:
        """Where in the text that was asked is what is at a position in the text that is run."""
        both = _pairs(self._tree, self._parse(self._text))
        return next((_place(asked) for asked, run in both if _place(run)[0] == position), (-1, 0))

    def __enter__(self) -> Query:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()


def _place(node: dict[str, Any]) -> tuple[int, int]:
    """First byte of what a node of a tree was written as, and number of bytes; -1 where nobody knows."""
    first = node.get("query_location")
    return (first, node.get("query_location_length") or 1) if isinstance(first, int) else (-1, 0)


def _pointer(text: str, position: int, length: int = 1) -> str:
    """The line of a query with a mark under some bytes of it; nothing for a place outside."""
    encoded = text.encode()
    if not 0 <= position <= len(encoded):
        return ""
    before = encoded[:position].decode(errors="replace")
    marked = encoded[position : position + length].decode(errors="replace").partition("\n")[0]
    start = before.rfind("\n") + 1
    line, column = text[start:].partition("\n")[0].replace("\t", " "), len(before) - start
    cut = max(0, column - BEFORE)
    shown = ("..." if cut else "") + line[cut : cut + 2 * BEFORE]
    return f"\n{shown}\n{' ' * (column - cut + (3 if cut else 0))}{'^' * max(1, min(len(marked), 2 * BEFORE))}"


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _pairs(one: Any, other: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The nodes that are at the same place in two trees."""
    if isinstance(one, dict) and isinstance(other, dict):
        yield one, other
        for key in one.keys() & other.keys():
            yield from _pairs(one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list):
        for a, b in zip(one, other, strict=False):
            yield from _pairs(a, b)


def _nearest_fields(word: str) -> str:
    """Fields that may be meant by a name that is none: ``src_node`` by ``npdu.src_node``."""
    types = column_types()
    meant = [name for name in types if name.partition(".")[2] == word.lower()]
    meant = meant or difflib.get_close_matches(word.lower(), types, 3)
    return f"\nFields with such a name: {', '.join(meant[:8])}" if meant else ""
