# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer FILE``: the screen."""

from __future__ import annotations

import argparse
import sys

from osgp_analyzer.cli.arguments import BROKEN, OK, USAGE
from osgp_analyzer.cli.opening import opened


def run(options: argparse.Namespace) -> int:
    """Open the screen on a capture."""
    if not sys.stdout.isatty() or not sys.stderr.isatty():
        where = sys.stdout if sys.stdout.isatty() else sys.stderr
        print("osgp-analyzer: the screen needs a terminal; to print the frames use: osgp-analyzer show", file=where)
        return USAGE
    session = opened(options)
    from osgp_analyzer.tui.app import Screen

    Screen(session).run()
    return BROKEN if session.capture.notes else OK
