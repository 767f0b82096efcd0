# SPDX-License-Identifier: GPL-2.0-or-later
"""SQL over the frames of a capture. Columns have the names of the fields, as filters have them, without quotes."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import duckdb

from osgp_analyzer.export.columns import Columns, column_types, default_names
from osgp_analyzer.export.database import Database, Selection

BATCH = 1000
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
            self._prepare(text)
            undo.pop_all()

    def _prepare(self, text: str) -> None:
        tree: dict[str, Any] = {}
        try:
            tree = self._parse(text)
            chosen = _resolve(tree)
            self.columns = Columns(chosen or ["frame.number"])
            [(self._text,)] = self._database.run("SELECT json_deserialize_sql(?::JSON)", [json.dumps(tree)])
            self._database.create(self.columns)
            self._database.run("SET enable_external_access = false")
            self._database.run("SET lock_configuration = true")
            # What is wrong is told before the capture is read.
            described = self._database.run(f"DESCRIBE SELECT * FROM ({self._text}) AS {ANSWER}")
        except duckdb.BinderException as error:
            raise QueryError(f"{error}{_nearest_fields(tree)}") from error
        except duckdb.Error as error:
            raise QueryError(str(error)) from error
        self.names: list[str] = [row[0] for row in described]
        self.types: list[str] = [row[1] for row in described]

    def _parse(self, text: str) -> dict[str, Any]:
        [(answer,)] = self._database.run("SELECT json_serialize_sql(?::VARCHAR)", [text])
        tree: dict[str, Any] = json.loads(answer)
        if tree["error"]:
            message = tree["error_message"]
            if tree["error_type"] == "not implemented":
                message = "only SELECT can be asked here"
            raise QueryError(message + _pointer(text, tree.get("position")))
        if len(tree["statements"]) != 1:
            raise QueryError("one SELECT at a time, please")
        return tree

    def load(self, selection: Selection) -> None:
        """Read the frames. Raises `CaptureError` where the disk is full."""
        self._database.load(self.columns, selection)

    def rows(self) -> Iterator[tuple[str | None, ...]]:
        """The rows of the result, each value as text. Raises `QueryError` for what shows only now."""
        yield from self._run(f"SELECT COLUMNS(*)::VARCHAR FROM ({self._text}) AS {ANSWER}")

    def objects(self) -> Iterator[str]:
        """The rows of the result, each as a JSON object."""
        for (text,) in self._run(f"SELECT to_json({ANSWER})::VARCHAR FROM ({self._text}) AS {ANSWER}"):
            yield text

    def _run(self, statement: str) -> Iterator[tuple[Any, ...]]:
        try:
            for batch in self._database.stream(statement, BATCH):
                yield from batch
        except duckdb.Error as error:
            raise QueryError(str(error)) from error

    def __enter__(self) -> Query:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()


def _pointer(text: str, position: str | None) -> str:
    """The line of a query with a mark under a place in it."""
    if position is None or not position.isdigit():
        return ""
    before = text.encode()[: int(position)].decode(errors="replace")
    line = text.splitlines()[before.count("\n")] if text.strip() else ""
    return f"\n{line}\n{' ' * len(before.rpartition(chr(10))[2])}^"


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _nearest_fields(tree: dict[str, Any]) -> str:
    """Fields that may be meant by names of one word that are none: ``src_node`` by ``npdu.src_node``."""
    types = column_types()
    words = {n["column_names"][0].lower() for n in _nodes(tree) if n.get("class") == "COLUMN_REF"} - types.keys()
    meant = [name for word in sorted(words) for name in types if name.partition(".")[2] == word]
    meant = meant or [name for word in sorted(words) for name in difflib.get_close_matches(word, types, 3, 0.5)]
    return f"\n\nFields with such a name: {', '.join(meant[:8])}" if meant else ""


def _resolve(tree: dict[str, Any]) -> list[str]:
    """Make ``npdu.src_node`` one name in the tree of a query, where SQL sees a column of a table ``npdu``; the columns
    that the query needs."""
    types = {name.lower(): name for name in column_types()}
    layers = {name.partition(".")[0] for name in types}
    own = {node[key].lower() for node in _nodes(tree) for key in ("alias", "table_name", "key")
           if isinstance(node.get(key), str)}  # fmt: skip
    used: dict[str, None] = {}
    for node in _nodes(tree):
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
                near = difflib.get_close_matches(".".join(parts).lower(), types, 3, 0.5)
                hint = f"; did you mean {' or '.join(near)}?" if near else ""
                raise QueryError(f"no field named {'.'.join(parts)}{hint}")
    return list(used)
