# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer topology``: the network as a tree, JSON, a graph, or a page."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from osgp_analyzer.analysis.topology.tree import Branch, Name, trees
from osgp_analyzer.app.topology import learn
from osgp_analyzer.cli import tables
from osgp_analyzer.cli.opening import opened
from osgp_analyzer.cli.progress import Progress
from osgp_analyzer.cli.show import notes
from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.graphs import dot, graphml
from osgp_analyzer.export.output import output
from osgp_analyzer.export.topology_page import page, silent

MOST = 20
"""Rows of a table in the text."""
Row = dict[str, Any]


def run(options: argparse.Namespace) -> int:
    """Print the network, or write its page; 1 when the capture is damaged."""
    session = opened(options)
    result = learn(session, Progress(session).of)
    if options.html is not None:
        with output(options.html) as file:
            file.write(page(result, f"Topology of {os.path.basename(session.capture.name)}").encode())
    elif options.json:
        print(json.dumps(result, indent=1))
    elif options.graphml:
        print(graphml(result), end="")
    elif options.dot:
        print(dot(result), end="")
    else:
        print("\n".join(_text(result)))
    sys.stdout.flush()
    return notes(session, True)


def _text(result: Row) -> list[str]:
    known = {(node["domain"] or "", node["address"]): node for node in result["nodes"]}
    links = {(link["domain"] or "", link["from"], link["to"]): link for link in result["links"]}
    lines: list[str] = []
    domain: str | None = None
    for tree in trees(result):
        if tree.name[0] != domain:
            domain = tree.name[0]
            lines += [*([""] if lines else []), f"domain {domain or '-'}"]
        lines += _branches(tree, known, links)
    if not lines:
        lines.append("no node asks another in this capture")
    width = tables.width(sys.stdout)
    lines += _sections(result, None if width is None else width - 2)
    return [printable(line) for line in lines]


def _branches(tree: Branch, known: dict[Name, Row], links: dict[tuple[str, str, str], Row]) -> list[str]:
    lines = [f"  {tree.name[1]}  {_node(known.get(tree.name))}".rstrip()]
    waiting = [(one, tree, "  ", one is tree.below[-1]) for one in reversed(tree.below)]
    while waiting:
        branch, above, indent, last = waiting.pop()
        link = links.get((branch.name[0], above.name[1], branch.name[1]))
        corner = "`-" if last else "|-"
        said = "  ".join(part for part in (_node(known.get(branch.name)), _link(link)) if part)
        lines.append(f"{indent}{corner} {branch.name[1]}  {said}".rstrip())
        inner = indent + ("   " if last else "|  ")
        waiting += [(one, branch, inner, one is branch.below[-1]) for one in reversed(branch.below)]
    return lines


def _node(node: Row | None) -> str:
    if node is None:
        return ""
    parts = [node["name"]] if node["name"] else []
    parts += [", ".join(node["roles"])] if node["roles"] else []
    if node["neuron_id"] and node["neuron_id"] != node["address"]:
        parts.append(node["neuron_id"])
    if node["asked"]:
        parts.append(f"{node['answered']} of {node['asked']} answered")
    if not node["reached"]:
        parts.append("never heard")
    return "  ".join(parts)


def _link(link: Row | None) -> str:
    if link is None or link["success"] is None:
        return ""
    again = f", {link['retries']} sent again" if link["retries"] else ""
    alt = f", {link['alt_path']} alternate" if link["alt_path"] else ""
    time = f", {link['time'] / 1e6:.1f} ms" if link["time"] is not None else ""
    return f"[{link['success']:.1%} of {link['asked']}{again}{alt}{time}]"


def _sections(result: Row, width: int | None) -> list[str]:
    lines: list[str] = []

    several = len({node["domain"] for node in result["nodes"]}) > 1

    def section(title: str, heads: list[str], what: list[Row], rows: list[list[str]]) -> None:
        if several:
            heads = ["<domain", *heads]
            rows = [[one["domain"] or "-", *row] for one, row in zip(what, rows, strict=True)]
        if rows:
            more = f" (the first {MOST} of {len(rows)})" if len(rows) > MOST else ""
            lines.extend(["", title + more])
            lines.extend(f"  {line}" for line in tables.table(heads, rows[:MOST], width))

    weak = [result["links"][place] for place in result["weakest"]]
    rows = [[w["from"], w["to"], f"{w['success']:.1%}", str(w["asked"]), str(w["retries"])] for w in weak]
    section("Weakest links", ["<from", "<to", "answered", "asked", "sent again"], weak, rows)
    one = [m for m in result["meters"] if m["only_through"]]
    rows = [[m["meter"], ", ".join(m["only_through"]), str(len(m["routes"]))] for m in one]
    section("Reached only through", ["<target", "<repeaters on every route", "routes"], one, rows)
    moved = sorted((m for m in result["meters"] if m["changes"]), key=lambda m: -m["changes"])
    rows = [[m["meter"], str(m["changes"]), " > ".join(m["routes"][0]["route"])] for m in moved]
    section("Route changes", ["<target", "changes", "<route that got through most often"], moved, rows)
    quiet = silent(result)
    start = result["from"] or 0
    rows = [[n["address"], f"{(n['last_heard'] - start) / 1e9:.1f} s", f"{n['silent'] / 1e9:.1f} s"] for n in quiet]
    section("Silent at the end", ["<node", "last heard at", "silent for"], quiet, rows)
    unheard = [node for node in result["nodes"] if not node["reached"]]
    rows = [[node["address"], str(node["frames_received"])] for node in unheard]
    section("Addressed, never heard", ["<node", "frames"], unheard, rows)
    return lines
