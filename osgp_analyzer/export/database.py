# SPDX-License-Identifier: GPL-2.0-or-later
"""DuckDB holds the table of frames in memory, and what is more in a folder that goes when it is closed."""

from __future__ import annotations

import atexit
import errno
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import duckdb

from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.engines.columns.values import Bools
from osgp_analyzer.export.columns import SECONDS, TIMESTAMP, Columns

_ENDED = re.compile(r"\n(SystemExit|KeyboardInterrupt)(: \d+)?\s*$")
T = TypeVar("T")
MEMORY = "400MB"
"""What DuckDB may take before it moves data to its folder."""

TEMPORARY = tempfile.gettempdir()  # writes a file to see whether it can: not while somebody waits for a signal

Selection = Iterable[tuple[Tracked, Bools]]
"""Chunks, each with a mask of its frames."""


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _expression(name: str, kind: str, as_text: bool) -> str:
    if kind == TIMESTAMP:
        made = f"make_timestamp_ns({quoted(name)})"
        return f"strftime({made}, '%Y-%m-%dT%H:%M:%S.%nZ')" if as_text else made
    if kind == SECONDS:
        return f"{quoted(name)}::DECIMAL(19,0) * 0.000000001::DECIMAL(10,9)"
    return quoted(name)


@contextmanager
def _told() -> Iterator[None]:
    """DuckDB's errors that are not about the statement, as everybody else has them."""
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise _no_room(error) from error
    except (duckdb.InterruptException, RuntimeError) as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        raise
    except duckdb.Error as error:
        if _ENDED.search(str(error)):  # a signal came while DuckDB was reading arrays of Python
            raise KeyboardInterrupt from None
        raise


def details(error: duckdb.Error) -> dict[str, str]:
    """What DuckDB says of an error: ``exception_message``; with ``errors_as_json`` also ``position`` and others."""
    try:
        found: dict[str, str] = json.loads("{" + str(error).partition("{")[2])
        return found
    except ValueError:
        return {"exception_message": str(error)}


class Database:
    """A table ``frames`` of columns of frames. All methods raise `CaptureError` where there is no room."""

    def __init__(self) -> None:
        try:
            self.path = Path(TEMPORARY, f"osgp-analyzer-{secrets.token_hex(8)}")
            self._remove = partial(shutil.rmtree, self.path, ignore_errors=True)
            atexit.register(self._remove)  # a signal can come before `close` is done, or the folder known to be there
            self.path.mkdir(0o700)
            config: dict[str, str | bool | int | float | list[str]] = {
                "temp_directory": str(self.path / "spill"),
                "memory_limit": MEMORY,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_persistent_secrets": "false",
            }
            self._connection = duckdb.connect(config=config)
            self._thread = ThreadPoolExecutor(1)
        except (OSError, duckdb.IOException) as error:
            raise _no_room(error) from error
        self.run("SET enable_progress_bar = false")
        self.run("SET python_enable_replacements = false")

    def run(self, statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement; all rows of its result. Raises `duckdb.Error` for one that is wrong."""
        with _told():
            return self._waited(lambda: self._connection.execute(statement, values).fetchall())

    def stream(self, statement: str, size: int) -> Iterable[list[tuple[Any, ...]]]:
        """Run a statement; its rows, `size` at a time. Raises as `run` does."""
        with _told():
            result = self._waited(lambda: self._connection.execute(statement))
            while rows := self._waited(lambda: result.fetchmany(size)):
                yield rows

    def _waited(self, work: Callable[[], T]) -> T:
        """Do something in a thread: DuckDB does not return for a signal, and Python hears of none while it waits."""
        future = self._thread.submit(work)
        try:
            return future.result()
        except BaseException:  # a signal, which goes on when DuckDB has let go
            if not future.done():
                self._connection.interrupt()
            raise

    def create(self, columns: Columns) -> None:
        """Make the table, empty."""
        self.run("CREATE TABLE frames (" + ", ".join(f"{quoted(n)} {t}" for n, t in columns.types.items()) + ")")

    def load(self, columns: Columns, selection: Selection) -> None:
        """Append the frames of a selection to the table."""
        # Each chunk is a transaction: a longer one would hold the arrays of all its chunks.
        for tracked, mask in selection:
            if mask.any():
                self._on_chunk(columns, columns.make(tracked, mask), "INSERT INTO frames {}")

    def text(self, columns: Columns, chunk: dict[str, Any], form: str) -> bytes:
        """The rows of a chunk in a format of DuckDB's COPY; timestamps as RFC 3339 has them."""
        path = self.path / "rows"
        self._on_chunk(columns, chunk, f"COPY ({{}}) TO {_path(path)} ({form})", as_text=True)
        return path.read_bytes()

    def parquet(self) -> Path:
        """The table as a Parquet file, in the folder of the database."""
        path = self.path / "table"
        self.run(f"COPY frames TO {_path(path)} (FORMAT parquet, COMPRESSION zstd)")
        return path

    def _on_chunk(self, columns: Columns, chunk: dict[str, Any], statement: str, as_text: bool = False) -> None:
        chosen = ", ".join(f"{_expression(n, t, as_text)} AS {quoted(n)}" for n, t in columns.types.items())
        with _told():
            self._connection.register("chunk", chunk)
            self.run(statement.format(f"SELECT {chosen} FROM chunk"))
            self._connection.unregister("chunk")

    def close(self) -> None:
        """Forget everything."""
        self._thread.shutdown()
        self._connection.close()
        self._remove()
        atexit.unregister(self._remove)

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _path(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _no_room(error: Exception) -> CaptureError:
    if isinstance(error, duckdb.OutOfMemoryException):
        return CaptureError(f"the query needs more than {MEMORY} of memory: ask for fewer columns or frames (-Y, -c)")
    known = [os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)]
    message = details(error)["exception_message"] if isinstance(error, duckdb.Error) else str(error)
    reason = next((text for text in known if text in message), message.partition("\n")[0])
    return CaptureError(f"{TEMPORARY}: cannot hold the table: {reason}: make room there, or set TMPDIR")
