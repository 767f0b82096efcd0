# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer show -T fields``: chosen fields, a line a frame, from columns over many frames at once."""

from __future__ import annotations

import argparse
from functools import partial

from osgp_analyzer.app.selection import Wanted
from osgp_analyzer.app.table import Table
from osgp_analyzer.capture import CaptureError
from osgp_analyzer.cli.arguments import nearest
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.show import notes, print_all

PRINT = {"header": "n", "separator": "/t", "occurrence": "a", "aggregator": ","}
"""The options of ``-E`` and what they are unless given, as tshark has them."""


def run(options: argparse.Namespace) -> int:
    """Print the fields; 1 when the file is damaged."""
    chosen = dict(PRINT)
    for pair in options.print:
        key, _, value = pair.partition("=")
        if key not in PRINT:
            raise CaptureError(f"-E {pair}: no such setting{nearest(key, list(PRINT))}")
        if key == "header" and value not in ("y", "n"):
            raise CaptureError(f"-E {pair}: header is y or n")
        if key == "occurrence" and value not in ("f", "l", "a"):
            raise CaptureError(f"-E {pair}: occurrence is f (first), l (last) or a (all)")
        chosen[key] = value
    if not options.fields:
        raise CaptureError("-T fields needs at least one field: -e FIELD")
    table = Table(options.fields, chosen["occurrence"], chosen["aggregator"])
    session = opened(options)
    separator = chosen["separator"].replace("/t", "\t")
    if chosen["header"] == "y":
        print(separator.join(options.fields), flush=True)
    wanted = Wanted(options.filter, options.count, table.names)
    found = print_all(session, wanted, partial(table.text, separator))
    return notes(session, found or options.filter is None, options.count)
