# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer chains``: proxied exchanges, a line each, or drawn hop by hop."""

from __future__ import annotations

import argparse
import json
import sys

from osgp_analyzer.analysis.chains.chain import Chain
from osgp_analyzer.app.chains import described, found, message
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
    for chain in found(session, options.filter, progress.of):
        if not count and not (options.json or options.tree):
            print(title())
        print(_text(session, chain, options))
        count += 1
    if not count and options.filter is None:
        print("no chains: no message in this capture goes through repeaters", file=sys.stderr)
    sys.stdout.flush()
    return notes(session, bool(count) or options.filter is None)


def _text(session: Session, chain: Chain, options: argparse.Namespace) -> str:
    if options.json:
        return json.dumps(described(session, chain))
    start = session.first_time(chain.number - 1) or 0
    if options.tree:
        return "\n".join([*drawn(chain, message(session, chain), start), ""])
    return line(chain, start)
