# SPDX-License-Identifier: GPL-2.0-or-later
"""The entry point. Heavy imports wait until a command needs them: ``--help`` answers at once."""

from __future__ import annotations

import argparse
import atexit
import difflib
import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence

from osgp_analyzer.cli.arguments import OK, USAGE
from osgp_analyzer.cli.commands import parser

RARELY = 100_000
"""New objects after which Python looks for cycles of them: definitions live until the end, and chunks have none."""


COMMANDS = (
    *("show", "view", "fields", "export", "sql", "stats", "audit", "chains", "topology", "table", "keys"),
    *("simulate", "lua"),
)


def with_command(arguments: list[str]) -> list[str]:
    """Put the command in front of arguments that start with a file: the screen, or `show` without a terminal."""
    if not arguments or arguments[0] in (*COMMANDS, "-h", "--help", "--version"):
        return arguments
    if "." not in arguments[0] and "/" not in arguments[0] and arguments[0] != "-" and not os.path.exists(arguments[0]):
        near = difflib.get_close_matches(arguments[0], COMMANDS, 1)
        if near:
            return arguments
    # The screen writes to standard error, as programs that draw do.
    screen = sys.stdout.isatty() and sys.stderr is not None and sys.stderr.isatty()
    return ["view" if screen else "show", *arguments]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    gc.set_threshold(RARELY)
    atexit.register(gc.freeze)  # nor need Python look through all there is when it ends
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy would start threads for algebra, of which there is none
    if sys.stdout is None:
        print("osgp-analyzer: there is no standard output to write to", file=sys.stderr)
        return USAGE
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _silence()  # the reader of our output has gone (`| head`): nothing is wrong
        return OK
    except OSError as error:
        _silence()
        print(f"osgp-analyzer: the output could not be written: {error.strerror or error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 130


def _run(given: list[str]) -> int:
    arguments = with_command(given)
    if not arguments:
        parser().print_help(sys.stderr)
        return USAGE
    try:
        options, extra = parser().parse_known_args(arguments)
    except SystemExit as end:  # --help, --version, or wrong words
        return int(end.code or 0)
    words = options.statistics if "statistics" in options else options.words if "words" in options else None
    if words is not None and not any(word.startswith("-") and word != "-" for word in extra):
        words += extra  # those after an option, which argparse leaves over
        extra = []
    if extra:
        try:
            _command_parser(options).error(f"unrecognized arguments: {' '.join(extra)}")
        except SystemExit:
            return USAGE
    from osgp_analyzer.app.definitions import define
    from osgp_analyzer.capture.notes import CaptureError
    from osgp_analyzer.engines.text import printable
    from osgp_analyzer.filters.errors import FilterError
    from osgp_analyzer.schema.errors import DefinitionError
    from osgp_analyzer.security.keyring import KeyFileError

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a character gets its number
    try:
        if "define" in options:
            define(options.define)  # before anything reads a definition
        return int(importlib.import_module(options.run).run(options))
    except CaptureError as error:
        print(f"osgp-analyzer: {printable(str(error))}", file=sys.stderr)
        return USAGE
    except (DefinitionError, KeyFileError) as error:
        for line in error.errors:
            print(f"osgp-analyzer: {printable(line)}", file=sys.stderr)
        return USAGE
    except FilterError as error:
        print(f"osgp-analyzer: {error}\n  {error.text}\n  {error.pointer}", file=sys.stderr)
        return USAGE


def _silence() -> None:
    """Let what is still buffered go nowhere, or Python would fail on it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _command_parser(options: argparse.Namespace) -> argparse.ArgumentParser:
    """That of the command, and of its action where it has some."""
    found: argparse.ArgumentParser = parser()
    for name in filter(None, (options.command, getattr(options, "action", None))):
        (commands,) = (a for a in found._actions if isinstance(a, argparse._SubParsersAction))
        found = commands.choices[name]
    return found
