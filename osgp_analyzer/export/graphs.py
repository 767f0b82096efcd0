# SPDX-License-Identifier: GPL-2.0-or-later
"""A network as GraphML and for Graphviz, from what `analysis.topology.Result.all` gives."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

NODE = {"domain": "string", "address": "string", "name": "string", "neuron_id": "string", "roles": "string",
        "reached": "boolean", "frames_sent": "long", "asked": "long", "answered": "long", "first_heard": "long",
        "last_heard": "long"}  # fmt: skip
LINK = {"sent": "long", "retries": "long", "alt_path": "long", "asked": "long", "answered": "long", "missing": "long",
        "success": "double", "time": "long"}  # fmt: skip
"""Attributes and their types in GraphML; times are ns."""


def name(domain: str | None, address: str) -> str:
    """What a node is called in a graph."""
    return f"{domain or '-'}:{address}"


def graphml(result: dict[str, Any]) -> str:
    """The network as GraphML 1.0."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    for kind, attributes in (("node", NODE), ("edge", LINK)):
        for attribute, type_ in attributes.items():
            lines.append(f'  <key id="{kind}_{attribute}" for="{kind}" attr.name="{attribute}" attr.type="{type_}"/>')
    lines.append('  <graph id="network" edgedefault="directed">')
    for node in result["nodes"]:
        lines.append(f"    <node id={quoteattr(name(node['domain'], node['address']))}>")
        lines += _data("node", NODE, node | {"roles": " ".join(node["roles"])})
        lines.append("    </node>")
    for link in result["links"]:
        source, to = (quoteattr(name(link["domain"], link[end])) for end in ("from", "to"))
        lines.append(f"    <edge source={source} target={to}>")
        lines += _data("edge", LINK, link)
        lines.append("    </edge>")
    return "\n".join([*lines, "  </graph>", "</graphml>", ""])


def _data(kind: str, attributes: dict[str, str], row: dict[str, Any]) -> list[str]:
    found = []
    for attribute in attributes:
        value = row[attribute]
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found.append(f'      <data key="{kind}_{attribute}">{escape(text)}</data>')
    return found


def dot(result: dict[str, Any]) -> str:
    """The network for Graphviz: sources are boxes, links as thick as they are used and redder the more is lost."""
    lines = ["digraph network {", "  rankdir=LR;", "  node [shape=ellipse, fontsize=10];", "  edge [fontsize=8];"]
    for node in result["nodes"]:
        shape = "box" if "source" in node["roles"] else "ellipse" if node["reached"] else "plaintext"
        lines.append(f"  {_quoted(name(node['domain'], node['address']))} [label={_quoted(node['address'])}, "
                     f"shape={shape}];")  # fmt: skip
    most = max((link["sent"] for link in result["links"]), default=1)
    for link in result["links"]:
        ends = " -> ".join(_quoted(name(link["domain"], link[end])) for end in ("from", "to"))
        success = link["success"]
        label = "" if success is None else f"{success:.0%}"
        colour = "gray" if success is None else f"{success * 0.33:.3f} 0.8 0.7"
        width = 0.5 + 4 * link["sent"] / most
        lines.append(f"  {ends} [label={_quoted(label)}, color={_quoted(colour)}, penwidth={width:.2f}];")
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    kept = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{kept}"'
