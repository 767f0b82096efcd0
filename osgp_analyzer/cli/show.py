# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer show``: frames as lines, trees or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

from osgp_analyzer.app.lines import Lines
from osgp_analyzer.app.selection import Wanted, selected
from osgp_analyzer.app.session import Session
from osgp_analyzer.app.spans import Work, in_order
from osgp_analyzer.app.times import Format, formatter
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.cli.arguments import BROKEN, OK
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.progress import Progress
from osgp_analyzer.cli.tree import STYLES, Tree, as_json
from osgp_analyzer.engines.text import printable

if TYPE_CHECKING:
    from osgp_analyzer.app.decode import Decoded


def run(options: argparse.Namespace) -> int:
    """Print the frames; 1 when the file is damaged."""
    if options.format == "fields":
        from osgp_analyzer.cli.show_fields import run as run_fields

        return run_fields(options)
    if options.fields or options.print:
        raise CaptureError("-e and -E are for -T fields")
    session = opened(options)
    colour = options.color == "always" or (options.color == "auto" and sys.stdout.isatty())
    found = False
    try:
        if options.format == "json" or options.tree:
            tree = _Frames(formatter(options.time), Tree(colour, options.names))
            for index in selected(session, options.filter, options.count):
                if options.format == "json":
                    _json(session[index], sys.stdout)
                else:
                    tree.write(session, index, sys.stdout)
                found = True
        else:
            lines = Lines(session, options.time, STYLES if colour else {})
            wanted = Wanted(options.filter, options.count, deep=options.filter is None)
            found = print_all(session, wanted, lines.text)
    finally:
        sys.stdout.flush()
    return notes(session, found or options.filter is None, options.count)


def print_all(session: Session, wanted: Wanted, work: Work) -> bool:
    """Print what `work` makes of the frames; whether there were any."""
    what = "reading all layers" if wanted.filter is not None and not wanted.filter.fast else "reading"
    progress = Progress(session, what, printing=True)
    found = False
    try:
        for text in in_order(session, wanted, work, progress):
            progress.end()
            put(text)
            found = True
    finally:
        progress.end()
        sys.stdout.flush()
    return found


def put(text: bytes | memoryview) -> None:
    """Print text in UTF-8, whatever standard output wants."""
    if sys.stdout.encoding.lower() in ("utf-8", "utf8"):
        sys.stdout.buffer.write(text)
    else:
        sys.stdout.write(str(text, "utf-8"))
    sys.stdout.flush()


def notes(session: Session, found: bool = True, count: int | None = None) -> int:
    """Say what was wrong with the file, or that nothing was found (in the first `count` frames); the exit code."""
    if not found:
        first = "no frame" if count is None else f"none of the first {count} frames"
        print(f"osgp-analyzer: {printable(session.capture.name)}: {first} matches the filter", file=sys.stderr)
    for note in session.capture.notes:
        print(f"osgp-analyzer: {printable(session.capture.name)}: {printable(note.text)}", file=sys.stderr)
    return BROKEN if session.capture.notes else OK


def _json(decoded: Decoded, out: TextIO) -> None:
    out.write(json.dumps(_frame(decoded), separators=(", ", ": ")) + "\n")


def _frame(decoded: Decoded) -> dict[str, Any]:
    """A frame as the README describes it; times in ns, bytes as lower-case hex."""
    frame = decoded.frame
    made: dict[str, Any] = {
        "number": frame.number,
        "time": frame.time,
        "link_type": frame.link_type,
        "length": frame.length,
        "info": decoded.info,
        **as_json(decoded.layers, decoded.findings),
    }
    if decoded.request is not None:
        made["request"] = decoded.request
    if decoded.tables:
        made["tables"] = dict(decoded.tables)
    if decoded.security is not None:
        made["security"] = decoded.security.as_json()
    if frame.comments:
        made["comments"] = list(frame.comments)
    return made


class _Frames:
    """All that is in a frame, as ``tshark -V`` prints it."""

    def __init__(self, time: Format, tree: Tree) -> None:
        self.time, self.tree = time, tree

    def write(self, session: Session, index: int, out: TextIO) -> None:
        """Print a frame. Times count from the first frame of the capture, or from the one before, shown or not."""
        for reference in (session.first_time(index), session.time_before(index)):
            if reference is not None:
                self.time(reference)
        decoded = session[index]
        frame, stamp = decoded.frame, self.time(decoded.frame.time)
        out.write(f"Frame {frame.number}: {frame.length} bytes on the wire, {len(frame.data)} captured, time {stamp}\n")
        for comment in frame.comments:
            out.write(f"    Comment: {printable(comment)}\n")
        if decoded.request is not None:
            out.write(f"    [Answers frame {decoded.request}]\n")
        if decoded.tables:
            out.write(f"    [{decoded.told_by}]\n")
        if decoded.security is not None:
            out.write(f"    [{printable(str(decoded.security))}]\n")
        self.tree.write(
            decoded.layers, [f for f in decoded.findings if f.code.startswith(("frame.", "security."))], out
        )
