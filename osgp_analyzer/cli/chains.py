# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer chains``: proxied exchanges, a line each, or drawn hop by hop."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from osgp_analyzer.app.chains import described, found, in_brief, message
from osgp_analyzer.app.session import Session
from osgp_analyzer.cli.chains_page import drawn, line, title
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.progress import Progress
from osgp_analyzer.cli.show import notes


def run(options: argparse.Namespace) -> int:
    """Print the chains; 1 when the file is damaged."""
    session = opened(options)
    progress = Progress(session, "reading", printing=True)
    count = 0
    for text in _texts(session, options, progress):
        print(text)
        count += 1
    if not count and options.filter is None:
        print("no chains: no message in this capture goes through repeaters", file=sys.stderr)
    sys.stdout.flush()
    return notes(session, bool(count) or options.filter is None)


def _texts(session: Session, options: argparse.Namespace, progress: Progress) -> Iterator[str]:
    """What is printed of each chain."""
    if options.json:
        for chain in found(session, options.filter, progress.of):
            yield json.dumps(described(session, chain))
    elif options.tree:
        for chain in found(session, options.filter, progress.of):
            start = session.first_time(chain.number - 1) or 0
            yield "\n".join([*drawn(chain, message(session, chain), start), ""])
    else:
        head = title() + "\n"
        for brief in in_brief(session, options.filter, progress.of):
            yield head + line(brief, session.first_time(brief.number - 1) or 0)
            head = ""
