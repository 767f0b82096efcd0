# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer export``: frames into files for other programs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.cli.arguments import nearest
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.progress import Progress
from osgp_analyzer.cli.show import notes
from osgp_analyzer.export.columns import Columns, default_names, with_names
from osgp_analyzer.export.database import Selection
from osgp_analyzer.export.frames import write_pcapng, write_wireshark
from osgp_analyzer.export.output import check_apart, output
from osgp_analyzer.export.tables import WRITERS, cell

FRAMES = {"pcapng": write_pcapng, "wireshark": write_wireshark}
BINARY = (*FRAMES, "parquet")
SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
            ".pcapng": "pcapng"}  # fmt: skip
PRINT = {"occurrence": "f", "aggregator": ","}


def run(options: argparse.Namespace) -> int:
    """Write the file; 1 when the capture is damaged."""
    form = options.format or _by_suffix(options.out)
    columns = _columns(options, form)
    if form in BINARY and options.out == "-" and sys.stdout.isatty():
        raise CaptureError(f"{form} is not for terminals: name a file, or send it to another program with |")
    check_apart(options.file, options.out)
    session = opened(options)
    found = False

    def selection() -> Selection:
        nonlocal found
        wanted = Wanted(options.filter, options.count, columns.names if columns is not None else ())
        for tracked, mask in Progress(session).of(selected_chunks(session, wanted)):
            found = found or bool(mask.any())
            yield tracked, mask

    with ended_by_signals(), output(options.out) as out:
        if columns is None:
            FRAMES[form](session.capture, selection(), out)
        else:
            WRITERS[form](columns, selection(), out)
    return notes(session, found or options.filter is None, options.count)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Being asked to end takes the unfinished file away, as an error does. The program does end then, and being asked
    again changes nothing: the same signal often comes twice, to a program and to its group."""
    before: dict[int, Any] = {}

    def end(number: int, _: FrameType | None) -> NoReturn:
        for one in before:
            signal.signal(one, lambda *_: None)  # SIG_IGN: Python complains of a signal that is under way already
        before.clear()
        raise SystemExit(128 + number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            number = getattr(signal, name)
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in list(before.items()):
            signal.signal(number, handler)


def _by_suffix(name: str) -> str:
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in SUFFIXES:
        known = ", ".join((*SUFFIXES, "--format wireshark"))
        what = "standard output has no suffix" if name == "-" else f"{name}: no format has the suffix {suffix!r}"
        raise CaptureError(f"{what}: choose one with --format; there are {known}")
    return SUFFIXES[suffix]


def _columns(options: argparse.Namespace, form: str) -> Columns | None:
    """The columns of a table, None for files of frames."""
    if form in FRAMES:
        if options.fields or options.print or options.names:
            raise CaptureError(f"{form} has whole frames: -e, -E and --names are for csv, json, jsonl and parquet")
        return None
    chosen = dict(PRINT)
    for pair in options.print:
        key, _, value = pair.partition("=")
        if key not in PRINT:
            raise CaptureError(f"-E {pair}: no such setting{nearest(key, list(PRINT))}")
        if key == "occurrence" and value not in ("f", "l", "a"):
            raise CaptureError(f"-E {pair}: occurrence is f (first), l (last) or a (all)")
        chosen[key] = value
    names = options.fields or default_names()
    text = cell if form == "csv" else None
    return Columns(with_names(names) if options.names else names, chosen["occurrence"], chosen["aggregator"], text)
