# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains as text: a line, or a diagram with a column for each node and a line for each frame."""

from __future__ import annotations

from typing import Any

from osgp_analyzer.analysis.chains.chain import Chain, Hop
from osgp_analyzer.app.diagram import diagram, folded, heading, ms, outcome, since
from osgp_analyzer.cli.tables import table

WIDTH = 100
"""Characters of a line."""


def title() -> str:
    """Above the lines."""
    return f"{'frame':>8} {'time':>14}  {'outcome':<18} {'took':>12}  retries  route"


def line(chain: Chain, start: int) -> str:
    """A chain in one line. `start`: time of the first frame of the capture."""
    text = f"{chain.number:>8} {since(chain, start):>14}  {outcome(chain):<18} {ms(chain.time):>12}"
    missing = f"  (not heard: {', '.join(chain.missing)})" if chain.missing else ""
    return f"{text}  {chain.retries:>7}  {' > '.join(chain.nodes)}{missing}"


def drawn(chain: Chain, message: dict[str, Any], start: int) -> list[str]:
    """Lines of a chain: what it is, the diagram, and where the time went. They fit `WIDTH`."""
    lines = heading(chain, start, WIDTH)
    if message:
        shown = ", ".join(f"{name.removeprefix('ltep.')} {value}" for name, value in message.items() if value != 0)
        lines += folded("header", shown, WIDTH)
    drawing = diagram(chain, WIDTH)
    return [*lines, "", *drawing.legend, drawing.head, *(row.text for row in drawing.rows), "", *_hops(chain)]


def _hops(chain: Chain) -> list[str]:
    """Where the time went: each hop against the timers that the message set."""
    rows = []
    for hop in chain.hops:
        limit = "-" if hop.timer is None else f"{hop.tries} x {hop.timer // 1_000_000} ms"
        heard = str(len(hop.sent)) if hop.sent else "-"
        rows.append([str(hop.number), hop.sender, hop.receiver, heard, limit, ms(hop.time), ms(_own(chain, hop))])
    titles = ["hop", "<from", "<to", "sent", "at most", "answered after", "of that here"]
    return [f"  {one}" for one in table(titles, rows, WIDTH - 2)]


def _own(chain: Chain, hop: Hop) -> int | None:
    """What a hop took without those after it."""
    if hop.time is None or hop.number == len(chain.hops):
        return hop.time
    after = chain.hops[hop.number].time
    return None if after is None else hop.time - after
