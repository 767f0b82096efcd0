# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer FILE``: the screen."""

from __future__ import annotations

import argparse
import os
import sys

from osgp_analyzer.app.options import settings
from osgp_analyzer.app.session import Session
from osgp_analyzer.cli.main import OK, USAGE


def run(options: argparse.Namespace) -> int:
    """Open the screen on a capture."""
    if not sys.stdout.isatty():
        print(
            "osgp-analyzer: the screen needs a terminal; to print the frames use: osgp-analyzer show", file=sys.stderr
        )
        return USAGE
    path = _beside_the_keyboard() if options.file == "-" else options.file
    session = Session.open(path, settings(options.link, options.crc))
    from osgp_analyzer.tui.app import Screen

    Screen(session).run()
    return OK


def _beside_the_keyboard() -> str:
    """Move the capture on standard input to another descriptor, so that keys can come from the terminal."""
    capture = os.dup(0)
    os.dup2(os.open("/dev/tty", os.O_RDWR), 0)
    return f"/dev/fd/{capture}"
