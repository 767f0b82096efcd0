# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer keys try``: which keys fit which meters of a capture."""

from __future__ import annotations

import argparse
import sys

from osgp_analyzer.analysis.security.report import Meter
from osgp_analyzer.analysis.security.statuses import BAD_DIGEST, NO_KEY, STATUSES
from osgp_analyzer.app.audit import audit
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.show import notes
from osgp_analyzer.engines.text import printable


def run(options: argparse.Namespace) -> int:
    """A line for each meter and key that fits, then what fits nothing. Raises `CaptureError` without keys."""
    session = opened(options)
    if not session.settings.keys.keys:
        raise CaptureError("there are no keys to try: name a file with --keys")
    report = audit(session)
    rows = [("METER", "KEY", "VERIFIED", "BAD", "NO KEY")]
    for meter in sorted(report.meters, key=lambda one: one.label):
        rows += _rows(meter)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows if len(rows) > 1 else []:
        cells = [f"{cell:{'<' if i < 2 else '>'}{widths[i]}}" for i, cell in enumerate(row)]
        print("  ".join(cells).rstrip())
    if len(rows) == 1:
        print("no message has a digest that a key could fit")
    if report.keys.unused:
        shown = ", ".join(map(printable, report.keys.unused[:10]))
        more = len(report.keys.unused) - 10
        print(f"fit nothing: {shown}{f' and {more} more' if more > 0 else ''}", file=sys.stderr)
    return notes(session)


def _rows(meter: Meter) -> list[tuple[str, str, str, str, str]]:
    """The keys that fit a meter, the most used first."""
    bad, unknown = (meter.messages.get(STATUSES[status], 0) for status in (BAD_DIGEST, NO_KEY))
    if not meter.keys and not bad and not unknown:
        return []
    label = printable(meter.label)
    rows = [(label, printable(name), str(count), "", "") for name, count in meter.keys.items()]
    first = rows[0] if rows else (label, "-", "0", "", "")
    return [(*first[:3], str(bad), str(unknown)), *rows[1:]]
