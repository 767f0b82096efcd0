# SPDX-License-Identifier: GPL-2.0-or-later
"""A chain drawn with a column for each node and a line for each frame, for paper and for the screen."""

from __future__ import annotations

from dataclasses import dataclass

from osgp_analyzer.analysis.chains.chain import Chain, Heard, Hop
from osgp_analyzer.analysis.chains.chains import ANSWER, CHALLENGE, MESSAGE, REPLY

NARROWEST, WIDEST, BESIDE = 3, 12, 42
"""Characters of a hop at least and at most; of what is written beside the diagram."""
NS_MS, NS_S = 1e6, 1e9


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a diagram. `frame`: None where the message of the hop was not heard."""

    text: str
    hop: Hop
    frame: Heard | None


@dataclass(frozen=True, slots=True)
class Diagram:
    """`head`: the nodes over their columns; `legend`: what its letters stand for, where the names are too long for it.
    Rows are in the order of the capture."""

    legend: list[str]
    head: str
    rows: list[Row]


def since(chain: Chain, start: int) -> str:
    """Seconds from `start` (ns) to the first frame of a chain."""
    time = chain.frames[0].time
    return "-" if time is None else f"{(time - start) / NS_S:.6f}"


def outcome(chain: Chain) -> str:
    """What became of a chain, and at which hop."""
    return chain.outcome if chain.failed_at is None else f"{chain.outcome}, hop {chain.failed_at}"


def ms(ns: int | None) -> str:
    """A time in ns as milliseconds."""
    return "-" if ns is None else f"{ns / NS_MS:.3f} ms"


def heading(chain: Chain, start: int, width: int) -> list[str]:
    """Lines that say what a chain is: when, which way, how it ended, and what was not heard of it."""
    priority = ", priority" if chain.priority else ""
    lines = [f"Chain {chain.number} at {since(chain, start)} s, domain {chain.domain.hex(':') or '-'}{priority}"]
    lines += folded("route", " > ".join(chain.nodes), width)
    took = f" in {ms(chain.time)}" if chain.time is not None else ""
    retries = f", {chain.retries} sent again" if chain.retries else ""
    lines.append(f"  {outcome(chain)}{took}{retries}")
    if chain.missing:
        lines += folded("not heard", ", ".join(chain.missing), width)
    if chain.twice:
        lines += folded("in a circle", f"the route passes {', '.join(chain.twice)} twice", width)
    return lines


def folded(name: str, text: str, width: int) -> list[str]:
    """A text over as many lines as it takes."""
    lines, rest = [], text
    head = f"  {name}: "
    while rest:
        size = width - len(head)
        cut = len(rest) if len(rest) <= size else max(rest.rfind(" ", 0, size + 1), 0) or size
        lines.append(head + rest[:cut].rstrip())
        rest, head = rest[cut:].lstrip(), " " * len(head)
    return lines


def diagram(chain: Chain, width: int) -> Diagram:
    """The frames of a chain as arrows between its nodes; lines get as wide as `width`, if the nodes leave room."""
    hops = len(chain.hops)
    size = max(NARROWEST, min(WIDEST, (width - BESIDE - 3) // hops))
    names = [str(node) for node in chain.nodes]
    legend: list[str] = []
    if any(len(name) >= size for name in names[:-1]) or len(names[-1]) > BESIDE:
        letters = [chr(ord("A") + place) for place in range(len(names))]
        legend = folded("nodes", ", ".join(f"{a} {b}" for a, b in zip(letters, names, strict=True)), width)
        names = letters
    head = "".join(name.ljust(size) for name in names[:-1]) + names[-1]
    first = chain.frames[0].time
    heard = sorted(((one, hop) for hop in chain.hops for one in hop.heard), key=lambda pair: pair[0].index)
    rows = [Row(_line(hop, hops, _arrow(one, size), _beside(one, hop, first))[:width], hop, one) for one, hop in heard]
    for hop in chain.hops:
        if not hop.sent and f"message {hop.sender} to {hop.receiver}" in chain.missing:
            rows.append(Row(_line(hop, hops, "?".center(size - 1), "not heard"), hop, None))
    return Diagram(legend, f"  {head}".rstrip(), rows)


def _line(at: Hop, hops: int, mark: str, beside: str) -> str:
    """A line with a mark at one hop."""
    cells = [mark if place == at.number else " " * len(mark) for place in range(1, hops + 1)]
    return f"  |{'|'.join(cells)}|  {beside}"


def _arrow(frame: Heard, size: int) -> str:
    """Dots on the alternate path."""
    stroke = "." if frame.alt_path else "-"
    forward = frame.kind in (MESSAGE, REPLY)
    return stroke * (size - 2) + ">" if forward else "<" + stroke * (size - 2)


def _beside(frame: Heard, hop: Hop, first: int | None) -> str:
    after = "-" if frame.time is None or first is None else f"{(frame.time - first) / NS_MS:.3f}"
    said = []
    if frame.copy:
        said.append("copy")
    elif frame.attempt:
        said.append(f"again {frame.attempt}")
    if frame.kind == CHALLENGE:
        said.append("challenge")
    elif frame.kind == REPLY:
        said.append("reply")
    elif frame.hops_left is not None:
        said.append(f"failed, {frame.hops_left} to go")
    if frame.by != (hop.receiver if frame.kind in (ANSWER, CHALLENGE) else hop.sender):
        said.append(f"from {frame.by}")
    return f"{after:>11} #{frame.index + 1} {', '.join(said)}".rstrip()
