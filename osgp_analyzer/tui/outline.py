# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tree shows of a frame: layers, fields, findings, each with its place among the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from osgp_analyzer.analysis.security.judged import Judged
from osgp_analyzer.app.decode import Decoded
from osgp_analyzer.engines.text import dotted, place
from osgp_analyzer.engines.tree import NOWHERE, Derived, FieldNode, LayerNode
from osgp_analyzer.schema import Finding, Severity


@dataclass(slots=True, eq=False)
class Item:
    """A line of the tree. `key` stays the same from frame to frame."""

    key: str
    text: str
    of: LayerNode | FieldNode | Finding | Judged | None = None
    """What it stands for; None: for the frame itself."""
    parent: Item | None = None
    children: list[Item] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """0 for layers."""
        return 0 if self.parent is None else self.parent.depth + 1

    @property
    def layer(self) -> Item:
        """The top line above it."""
        return self if self.parent is None else self.parent.layer

    @property
    def derived(self) -> Derived | None:
        """The bytes in which it has its place, if these are not the frame's."""
        return self.layer.of.derived if isinstance(self.layer.of, LayerNode) else None

    @property
    def span(self) -> range:
        """Its bytes, in the frame or in what is `derived`; empty if it has none."""
        match self.of:
            case LayerNode() | FieldNode() as node if self.derived is not None:
                return node.within
            case LayerNode(offset=offset, length=length) | FieldNode(offset=offset, length=length):
                return NOWHERE if offset is None else range(offset, offset + length)
            case Finding(offset=offset) if self.derived is None:
                return range(offset, offset + 1)
        return NOWHERE

    @property
    def worst(self) -> Severity | None:
        """The highest severity among the findings in it."""
        found = [item.of.severity for item in self.walk() if isinstance(item.of, Finding)]
        return max(found, key=list(Severity).index, default=None)

    def add(self, name: str, text: str, of: FieldNode | Finding | None = None) -> Item:
        """Put a line below this one. Of equal names the second is ``name[1]``."""
        again = sum(child.key.rpartition("/")[2].partition("[")[0] == name for child in self.children)
        item = Item(f"{self.key}/{name}[{again}]" if again else f"{self.key}/{name}", text, of, self)
        self.children.append(item)
        return item

    def walk(self) -> Iterator[Item]:
        """This line and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def outline(decoded: Decoded, time: str, pending: str = "pending") -> list[Item]:
    """The top lines for a frame: one for the frame, one for how it is protected, one for each layer. `pending`: what is
    said of a frame of which not all is known yet."""
    frame = decoded.frame
    head = f"Frame {frame.number}: {frame.length} bytes on the wire, {len(frame.data)} captured"
    top = Item("frame", head)
    top.add("time", f"Time: {time or 'none'}")
    if frame.interface.name:
        top.add("interface", f"Interface: {frame.interface.name}")
    top.add("link_type", f"Link type: {frame.link_type}")
    for comment in frame.comments:
        top.add("comment", f"Comment: {comment}")
    if decoded.request is not None:
        top.add("request", f"[Answers frame {decoded.request}]")
    if decoded.tables:
        top.add("tables", f"[{decoded.told_by}]")
    for finding in decoded.findings:
        if finding.code.startswith("frame."):
            _finding(top, finding)
    items, seen = [top], {"frame": 1, "security": 1}
    if decoded.pending:
        items.append(Item("security", f"[{pending.capitalize()}: the frames before it are being read]"))
    elif decoded.security is not None:
        items.append(Item("security", str(decoded.security), decoded.security))
        for finding in decoded.findings:
            if finding.code.startswith("security."):
                _finding(items[-1], finding)
    for layer in decoded.layers:
        again = seen[layer.name] = seen.get(layer.name, 0) + 1
        key = layer.name if again == 1 else f"{layer.name}[{again - 1}]"
        item = Item(key, f"{layer.title}: {layer.summary}" if layer.summary else layer.title, layer)
        for one in layer.fields:
            _field(item, one)
        for finding in layer.findings:
            _finding(item, finding)
        items.append(item)
    return items


def _field(above: Item, node: FieldNode) -> None:
    text = f"{node.label}: {node.text}" if node.text or not node.children else node.label
    text = text if node.offset is not None or node.within or node.children else f"[{text}]"
    item = above.add(node.name.partition("[")[0], f"{text} {node.mark}".rstrip(), node)
    for child in node.children:
        _field(item, child)
    for finding in node.findings:
        _finding(item, finding)


def _finding(above: Item, finding: Finding) -> None:
    above.add(f"!{finding.code}", f"[{finding.severity.value}, {finding.group.value}: {finding.text}]", finding)


def derivations(items: list[Item]) -> list[Derived]:
    """The bytes of a frame that are derived, those of outer layers first."""
    found: list[Derived] = []
    for item in items:
        if item.derived is not None and not any(item.derived is one for one in found):
            found.append(item.derived)
    return found


def covering(items: list[Item], offset: int, derived: Derived | None = None) -> Item | None:
    """The innermost field that has the byte at `offset`, else the layer that has it; in the frame, or in what is
    derived of it."""
    found = [
        one
        for item in items
        if item.derived is derived
        for one in item.walk()
        if isinstance(one.of, (LayerNode, FieldNode)) and offset in one.span
    ]
    return min(found, key=lambda one: (isinstance(one.of, LayerNode), len(one.span), -one.depth), default=None)


def describe(item: Item) -> list[str]:
    """What there is to know of a line: name, place, bits, meaning, source."""
    match item.of:
        case FieldNode() as node:
            where = place(node.offset, node.length).rstrip() if node.offset is not None else _inside(item) or "computed"
            bits = (
                f"{dotted(node.raw[::-1] if node.little else node.raw, node.bits)} = {node.text}" if node.bits else ""
            )
            return [part for part in (node.name, where, bits, node.mark, node.doc, node.source) if part]
        case LayerNode() as layer:
            where = _inside(item) or place(layer.offset, layer.length).rstrip()
            return [part for part in (layer.name, where, layer.doc) if part]
        case Finding() as finding:
            return [finding.code, f"{finding.offset:04x}", finding.severity.value, finding.text]
    return [item.text]


def _inside(item: Item) -> str:
    """The place of what is not in the frame: ``0003 +2 decrypted``."""
    if item.derived is None or not item.span:
        return ""
    return f"{place(item.span.start, len(item.span)).rstrip()} {item.derived.title.lower()}"
