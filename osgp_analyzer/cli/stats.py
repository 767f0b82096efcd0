# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer stats``: statistics as tables, plots, or JSON."""

from __future__ import annotations

import argparse
import json
import sys

from osgp_analyzer.analysis.statistics import SECTIONS, Settings
from osgp_analyzer.app.statistics import gather
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.cli import stats_plots, stats_summary, stats_tables
from osgp_analyzer.cli.arguments import nearest
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.progress import Progress
from osgp_analyzer.cli.show import notes
from osgp_analyzer.cli.stats_page import Page

WRITERS = {
    "frames": stats_tables.frames,
    "hierarchy": stats_tables.hierarchy,
    "endpoints": stats_tables.endpoints,
    "conversations": stats_tables.conversations,
    "services": stats_tables.services,
    "commands": stats_tables.commands,
    "errors": stats_tables.errors,
    "responses": stats_plots.responses,
    "load": stats_plots.load,
}
"""What writes each result."""
ALL = "all"


def run(options: argparse.Namespace) -> int:
    """Print the statistics; 1 when the file is damaged."""
    known = [*SECTIONS, ALL]
    for name in options.statistics:
        if name not in known:
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            raise CaptureError(f"no statistic named {name!r}{hint}")
    session = opened(options)
    chosen = Settings(options.rate, options.interval)
    names = SECTIONS if not options.statistics or ALL in options.statistics else options.statistics
    found = gather(session, options.filter, names, chosen, Progress(session).of)
    counted = found["frames"]["frames"]
    if options.json:
        print(json.dumps(found, indent=1))
    elif counted:
        page = Page(sys.stdout, found["frames"])
        if options.statistics:
            for name, result in found.items():
                WRITERS[name](page, result)
        else:
            stats_summary.summary(page, found)
    sys.stdout.flush()
    return notes(session, bool(counted) or options.filter is None)
