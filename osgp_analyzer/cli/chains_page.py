# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains as text: a line, or a diagram with a column for each node and a line for each frame."""

from __future__ import annotations

from typing import Any

from osgp_analyzer.analysis.chains.brief import Brief
from osgp_analyzer.analysis.chains.chain import Chain, Heard, Hop
from osgp_analyzer.analysis.chains.chains import CHALLENGE, REPLY
from osgp_analyzer.analysis.chains.outcome import ANSWER, MESSAGE
from osgp_analyzer.analysis.security.judged import Judged
from osgp_analyzer.cli.tables import table

WIDTH, NARROWEST, WIDEST, BESIDE = 100, 3, 12, 42
"""Characters of a line; of a hop at least and at most; of what is written beside the diagram."""
NS_MS, NS_S = 1e6, 1e9


def title() -> str:
    """Above the lines."""
    return f"{'frame':>8} {'time':>14}  {'outcome':<18} {'took':>12}  retries  route"


def line(brief: Brief, start: int) -> str:
    """A chain in one line. `start`: time of the first frame of the capture."""
    text = f"{brief.number:>8} {_since(brief.begin, start):>14}  {_outcome(brief):<18} {_ms(brief.time):>12}"
    text = f"{text}  {brief.retries:>7}  {' > '.join(brief.nodes)}"
    chain = brief.chain
    if chain is None:
        return text
    missing = f"  (not heard: {', '.join(chain.missing)})" if chain.missing else ""
    secured = "".join(f"  ({part})" for part in (changed(chain), protection(chain)) if part)
    return f"{text}{missing}{secured}"


def changed(chain: Chain) -> str:
    """Where something else was passed on than was sent: ``changed in frame 40``; empty where it was not."""
    numbers = ", ".join(str(index + 1) for index in chain.changed)
    return f"changed in frame {numbers}" if numbers else ""


def protection(chain: Chain) -> str:
    """How message and answer are protected, and where hops differ; empty where that was not looked at."""
    both = [chain.verdicts(kind) for kind in (MESSAGE, ANSWER)]
    if len(both[0]) == len(both[1]) == 1 and both[0][0][1] == both[1][0][1]:
        both.pop()  # the same is said of both
    named: set[str | None] = {None}
    heads = ("", "answer ")
    return "; ".join(head + _along(verdicts, named) for head, verdicts in zip(heads, both, strict=False) if verdicts)


def _along(verdicts: list[tuple[int, Judged]], named: set[str | None]) -> str:
    """What is said from hop to hop; keys that were `named` before are not named again."""
    said: list[str] = []
    for hop, judged in verdicts:
        head = f"from hop {hop} on " if said else ""
        text = judged.word if judged.key in named else str(judged)
        said.append(head + text[0].lower() + text[1:])
        named.add(judged.key)
    return ", ".join(said)


def _since(time: int | None, start: int) -> str:
    return "-" if time is None else f"{(time - start) / NS_S:.6f}"


def _outcome(chain: Chain | Brief) -> str:
    return chain.outcome if chain.failed_at is None else f"{chain.outcome}, hop {chain.failed_at}"


def _ms(ns: int | None) -> str:
    return "-" if ns is None else f"{ns / NS_MS:.3f} ms"


def drawn(chain: Chain, message: dict[str, Any], start: int) -> list[str]:
    """Lines of a chain: what it is, the diagram, and where the time went. They fit `WIDTH`."""
    priority = ", priority" if chain.priority else ""
    since = _since(chain.frames[0].time, start)
    lines = [f"Chain {chain.number} at {since} s, domain {chain.domain.hex(':') or '-'}{priority}"]
    lines += _folded("route", " > ".join(chain.nodes))
    took = f" in {_ms(chain.time)}" if chain.time is not None else ""
    retries = f", {chain.retries} sent again" if chain.retries else ""
    lines.append(f"  {_outcome(chain)}{took}{retries}")
    if changed(chain):
        lines += _folded("changed", changed(chain).removeprefix("changed "))
    if protection(chain):
        lines += _folded("security", protection(chain))
    if chain.missing:
        lines += _folded("not heard", ", ".join(chain.missing))
    if chain.twice:
        lines += _folded("in a circle", f"the route passes {', '.join(chain.twice)} twice")
    if message:
        shown = ", ".join(f"{name.removeprefix('ltep.')} {value}" for name, value in message.items() if value != 0)
        lines += _folded("header", shown)
    return [*lines, "", *_diagram(chain), "", *_hops(chain)]


def _folded(name: str, text: str) -> list[str]:
    """A text over as many lines as it takes."""
    lines, rest = [], text
    head = f"  {name}: "
    while rest:
        size = WIDTH - len(head)
        cut = len(rest) if len(rest) <= size else max(rest.rfind(" ", 0, size + 1), 0) or size
        lines.append(head + rest[:cut].rstrip())
        rest, head = rest[cut:].lstrip(), " " * len(head)
    return lines


def _diagram(chain: Chain) -> list[str]:
    hops = len(chain.hops)
    size = max(NARROWEST, min(WIDEST, (WIDTH - BESIDE - 3) // hops))
    names = [str(node) for node in chain.nodes]
    legend: list[str] = []
    if any(len(name) >= size for name in names[:-1]) or len(names[-1]) > BESIDE:
        letters = [chr(ord("A") + place) for place in range(len(names))]
        legend = _folded("nodes", ", ".join(f"{a} {b}" for a, b in zip(letters, names, strict=True)))
        names = letters
    head = "".join(name.ljust(size) for name in names[:-1]) + names[-1]
    lines = [*legend, f"  {head}".rstrip()]
    first = chain.frames[0].time
    heard = [(one, hop) for hop in chain.hops for one in hop.heard]
    for frame, hop in sorted(heard, key=lambda pair: pair[0].index):
        lines.append(_row(hop.number, frame, hops, size, _beside(frame, hop, first)))
    for hop in chain.hops:
        if not hop.sent and f"message {hop.sender} to {hop.receiver}" in chain.missing:
            lines.append(_gap(hop.number, hops, size))
    return lines


def _row(number: int, frame: Heard, hops: int, size: int, beside: str) -> str:
    """A line with an arrow at its hop: dots on the alternate path."""
    stroke = "." if frame.alt_path else "-"
    forward = frame.kind in (MESSAGE, REPLY)
    arrow = stroke * (size - 2) + ">" if forward else "<" + stroke * (size - 2)
    cells = [arrow if place == number else " " * (size - 1) for place in range(1, hops + 1)]
    return f"  |{'|'.join(cells)}|  {beside}"[:WIDTH]


def _gap(number: int, hops: int, size: int) -> str:
    text = "?".center(size - 1)
    cells = [text if place == number else " " * (size - 1) for place in range(1, hops + 1)]
    return f"  |{'|'.join(cells)}|  not heard"


def _beside(frame: Heard, hop: Hop, first: int | None) -> str:
    since = "-" if frame.time is None or first is None else f"{(frame.time - first) / NS_MS:.3f}"
    said: list[str] = []
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
    if frame.changed:
        said.append("changed")
    if frame.security is not None and not frame.of_proxy:
        said.append(frame.security.word)
    if frame.by != (hop.receiver if frame.kind in (ANSWER, CHALLENGE) else hop.sender):
        said.append(f"from {frame.by}")
    return f"{since:>11} #{frame.index + 1} {', '.join(said)}".rstrip()


def _hops(chain: Chain) -> list[str]:
    """Where the time went: each hop against the timers that the message set."""
    rows = []
    for hop in chain.hops:
        limit = "-" if hop.timer is None else f"{hop.tries} x {hop.timer // 1_000_000} ms"
        heard = str(len(hop.sent)) if hop.sent else "-"
        rows.append([str(hop.number), hop.sender, hop.receiver, heard, limit, _ms(hop.time), _ms(_own(chain, hop))])
    titles = ["hop", "<from", "<to", "sent", "at most", "answered after", "of that here"]
    return [f"  {one}" for one in table(titles, rows, WIDTH - 2)]


def _own(chain: Chain, hop: Hop) -> int | None:
    """What a hop took without those after it."""
    if hop.time is None or hop.number == len(chain.hops):
        return hop.time
    after = chain.hops[hop.number].time
    return None if after is None else hop.time - after
