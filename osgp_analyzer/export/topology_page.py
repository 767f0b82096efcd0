# SPDX-License-Identifier: GPL-2.0-or-later
"""A network as one HTML page that needs nothing else: a picture to zoom and filter, and tables.

Everything from the capture is escaped; a policy allows the one script and the one style of the page, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

from osgp_analyzer.analysis.topology.tree import Branch, Name, trees

STEP, LINE, LEFT, TOP = 190, 26, 20, 30
"""Pixels from one place in a tree to the next, and from one line to the next."""
MOST = 18
"""Characters in a box."""
BARS = "▁▂▃▄▅▆▇█"

STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 1em 2em; color: #222; background: #fff; }
h1 { font-size: 1.3em; } h2 { font-size: 1.1em; margin-top: 1.6em; }
#picture { border: 1px solid #bbb; width: 100%; height: 70vh; cursor: grab; touch-action: none; }
.node rect { fill: #eef3fa; stroke: #5a7fb0; } .source rect { fill: #ffe9b8; stroke: #a87400; }
.silent rect { fill: #f3f3f3; stroke: #999; stroke-dasharray: 3 2; } .node text { font-size: 12px; }
.link { fill: none; stroke-linecap: round; } .other { stroke-dasharray: 4 4; opacity: .5; }
.faint { opacity: .12; }
table { border-collapse: collapse; } th, td { padding: .15em .8em; text-align: right; border-bottom: 1px solid #ddd; }
th.text, td.text { text-align: left; } th { background: #f4f4f4; } input, button { font: inherit; }
"""

SCRIPT = """
'use strict';
const picture = document.getElementById('picture'), whole = picture.getAttribute('viewBox').split(' ').map(Number);
let view = whole.slice(), held = null;
const show = () => picture.setAttribute('viewBox', view.join(' '));
function zoom(by, x, y) {
  const box = picture.getBoundingClientRect();
  const px = view[0] + view[2] * (x - box.left) / box.width, py = view[1] + view[3] * (y - box.top) / box.height;
  view = [px - (px - view[0]) * by, py - (py - view[1]) * by, view[2] * by, view[3] * by];
  show();
}
picture.addEventListener('wheel', e => {
  e.preventDefault();
  zoom(e.deltaY > 0 ? 1.2 : 1 / 1.2, e.clientX, e.clientY);
}, { passive: false });
picture.addEventListener('pointerdown', e => {
  held = [e.clientX, e.clientY];
  picture.setPointerCapture(e.pointerId);
});
picture.addEventListener('pointerup', () => { held = null; });
picture.addEventListener('pointermove', e => {
  if (!held) return;
  const box = picture.getBoundingClientRect();
  view[0] -= (e.clientX - held[0]) * view[2] / box.width;
  view[1] -= (e.clientY - held[1]) * view[3] / box.height;
  held = [e.clientX, e.clientY];
  show();
});
function middle(by) {
  const box = picture.getBoundingClientRect();
  zoom(by, box.left + box.width / 2, box.top + box.height / 2);
}
document.getElementById('in').addEventListener('click', () => middle(1 / 1.4));
document.getElementById('out').addEventListener('click', () => middle(1.4));
document.getElementById('all').addEventListener('click', () => { view = whole.slice(); show(); });
const filter = document.getElementById('filter');
function choose() {
  const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const one of document.querySelectorAll('[data-words]')) {
    const text = one.getAttribute('data-words');
    one.classList.toggle('faint', !words.every(word => text.includes(word)));
  }
}
filter.addEventListener('input', choose);
filter.value = decodeURIComponent(location.hash.slice(1));
choose();
"""


def page(result: dict[str, Any], title: str) -> str:
    """The page of what `Result.all` gives."""
    placed, size = _places(trees(result))
    policy = f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}"
    heard = sum(node["reached"] for node in result["nodes"])
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{len(result["nodes"])} nodes, {heard} of them heard or answered; {len(result["links"])} links. A link is green where
all messages are answered and red where none is, and as thick as it is used. Dashed: not on the way of most.</p>
<p><label>Filter <input id="filter" placeholder="1/20 repeater"></label>
<button id="in">+</button> <button id="out">-</button> <button id="all">all</button></p>
<svg id="picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" role="img">
{_picture(result, placed)}
</svg>
{_tables(result)}
<script>{SCRIPT}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _places(found: list[Branch]) -> tuple[dict[Name, tuple[int, int]], tuple[int, int]]:
    """Where each node is drawn, and how large the picture is: leaves below each other, others at their first one."""
    placed: dict[Name, tuple[int, int]] = {}
    y = TOP
    for root in found:
        for branch in root.all():
            placed[branch.name] = (LEFT + branch.depth * STEP, y)
            if not branch.below:
                y += LINE
        y += LINE // 2
    width = max((x for x, _ in placed.values()), default=0) + STEP
    return placed, (max(width, 400), max(y + TOP, 200))


def _picture(result: dict[str, Any], placed: dict[Name, tuple[int, int]]) -> str:
    known = {(node["domain"] or "", node["address"]): node for node in result["nodes"]}
    parents = {below.name: branch.name for root in trees(result) for branch in root.all() for below in branch.below}
    most = max((link["sent"] for link in result["links"]), default=1)
    drawn = []
    for link in result["links"]:
        one, other = ((link["domain"] or "", link[end]) for end in ("from", "to"))
        if one in placed and other in placed:
            drawn.append(_line(link, placed[one], placed[other], most, parents.get(other) == one))
    several = len({domain for domain, _ in placed}) > 1
    for name, (x, y) in placed.items():
        shown = f"{name[1]} in {name[0] or '-'}" if several and x == LEFT else name[1]
        drawn.append(_box(known.get(name), name, shown, x, y))
    return "\n".join(drawn)


def _line(link: dict[str, Any], one: tuple[int, int], other: tuple[int, int], most: int, own: bool) -> str:
    x, y, to_x, to_y = one[0] + 110, one[1], other[0], other[1]
    middle = (x + to_x) / 2
    success = link["success"]
    colour = "#999" if success is None else f"hsl({round(success * 120)} 70% 40%)"
    width = 1 + 5 * link["sent"] / most
    said = f"{link['from']} to {link['to']}: {link['sent']} sent, {link['retries']} of them again, "
    said += f"{link['alt_path']} on the alternate path"
    if success is not None:
        said += f", {success:.1%} answered"
    if link["time"] is not None:
        said += f", {link['time'] / 1e6:.1f} ms"
    kind = "link" if own else "link other"
    words = escape(f"{link['from']} {link['to']}", quote=True)
    return (
        f'<path class="{kind}" data-words="{words}" d="M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}" '
        f'stroke="{colour}" stroke-width="{width:.1f}"><title>{escape(said)}</title></path>'
    )


def _box(node: dict[str, Any] | None, name: Name, shown: str, x: int, y: int) -> str:
    roles = node["roles"] if node is not None else []
    kind = "source" if "source" in roles else "silent" if node is not None and not node["reached"] else ""
    said = " ".join([name[1], *roles, (node or {}).get("neuron_id") or "", f"domain {name[0]}"])
    if node is not None and node["name"]:
        shown, said = node["name"], f"{node['name']} {said}"
    shown = shown if len(shown) <= MOST else shown[: MOST - 1] + "…"
    words = escape(said.lower(), quote=True)
    asked = f", {node['answered']} of {node['asked']} answered" if node is not None and node["asked"] else ""
    return (
        f'<g class="node {kind}" data-words="{words}"><rect x="{x}" y="{y - 10}" width="110" height="20" rx="4"/>'
        f'<text x="{x + 6}" y="{y + 4}">{escape(shown)}</text><title>{escape(said + asked)}</title></g>'
    )


def _tables(result: dict[str, Any]) -> str:
    links = [result["links"][place] for place in result["weakest"][:20]]
    rows = [
        [link["from"], link["to"], f"{link['success']:.1%}", str(link["asked"]), str(link["retries"])] for link in links
    ]
    parts = [_table("Weakest links", ["from", "to", "answered", "asked", "sent again"], 2, rows)]
    rows = [
        [
            meter["meter"],
            meter["name"] or "",
            " > ".join(meter["routes"][0]["route"]),
            ", ".join(meter["only_through"]),
            bars(meter["over_time"]),
            str(meter["changes"]),
        ]
        for meter in result["meters"]
    ]
    heads = ["target", "name", "best route", "only through", "answered over time", "route changes"]
    parts.append(_table("Targets", heads, 5, rows))
    quiet = silent(result)[:20]
    rows = [[node["address"], node["name"] or "", f"{node['silent'] / 1e9:.1f} s"] for node in quiet]
    parts.append(_table("Silent at the end for longest", ["node", "name", "last heard before the end"], 2, rows))
    return "\n".join(parts)


def bars(parts: list[dict[str, int]]) -> str:
    """A character for each part of the time: higher the more messages were answered; a dot where there was none."""
    levels = len(BARS) - 1
    return "".join(BARS[part["answered"] * levels // part["messages"]] if part["messages"] else "·" for part in parts)


def silent(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Nodes that were heard, but not in the last tenth of the time; those that are silent longest first."""
    if result["from"] is None:
        return []
    least = (result["to"] - result["from"]) / 10
    found = [node for node in result["nodes"] if node["silent"] is not None and node["silent"] > least]
    return sorted(found, key=lambda node: -node["silent"])


def _table(title: str, heads: list[str], texts: int, rows: list[list[str]]) -> str:
    """A table whose first columns are texts."""

    def cells(row: list[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=text' if place < texts else ''}>{escape(cell)}</{tag}>" for place, cell in enumerate(row)
        )

    lines = [f'<tr data-words="{escape(" ".join(row).lower(), quote=True)}">{cells(row, "td")}</tr>' for row in rows]
    if not rows:
        return ""
    body = "\n".join(lines)
    return f"<h2>{escape(title)}</h2>\n<table><tr>{cells(heads, 'th')}</tr>\n{body}</table>"
