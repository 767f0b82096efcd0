# SPDX-License-Identifier: GPL-2.0-or-later
"""What changed in a message on its way from hop to hop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from osgp_analyzer.analysis.chains.chain import Chain, Heard, Hop
from osgp_analyzer.analysis.chains.chains import MESSAGE, REPLY
from osgp_analyzer.app.decode import Decoded
from osgp_analyzer.engines.tree import FieldNode


@dataclass(frozen=True, slots=True)
class Change:
    """A field, or a whole layer, that is not the same in two frames. `before`, `after`: values as they are written;
    those of a list that were taken off it, and that were put into it. Empty: there were none."""

    title: str
    before: list[str]
    after: list[str]

    def __str__(self) -> str:
        old, new = ", ".join(self.before), ", ".join(self.after)
        if self.before and self.after:
            return f"{self.title}: {old} → {new}"
        return f"{self.title}: {old} taken off" if self.before else f"{self.title}: {new} added"


@dataclass(slots=True)
class _Layer:
    title: str
    summary: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All of it in short."""
        return self.summary or ", ".join(text for texts in self.values.values() for text in texts) or "the layer"


def compared(chain: Chain, hop: Hop, frame: Heard) -> tuple[Hop, Heard] | None:
    """What a frame of a chain is to be compared with, and its hop: its sending before, if it was sent again, else the
    same message (or answer) at the nearest hop before that was heard; None where nothing was."""
    before = [one for one in hop.heard if one.kind == frame.kind and one.index < frame.index]
    if before and (frame.attempt or frame.copy):
        return hop, before[-1]
    onward = frame.kind in (MESSAGE, REPLY)
    hops = reversed(chain.hops[: hop.number - 1]) if onward else chain.hops[hop.number :]
    for other in hops:
        before = [one for one in other.heard if one.kind == frame.kind and one.index < frame.index]
        if before:
            return other, before[-1]
    return None


def changes(before: Decoded, after: Decoded) -> Iterator[Change]:
    """The fields that differ, layer by layer."""
    old, new = _layers(before), _layers(after)
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield Change(old[name].title, [old[name].text], [])
        elif name not in old:
            yield Change(new[name].title, [], [new[name].text])
        else:
            yield from _fields(old[name], new[name])


def _fields(old: _Layer, new: _Layer) -> Iterator[Change]:
    labels = old.labels | new.labels
    for name, label in labels.items():
        one, other = old.values.get(name, []), new.values.get(name, [])
        title = f"{new.title}, {label}"
        for tag, start, stop, first, last in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
            if tag != "equal":
                yield Change(title, one[start:stop], other[first:last])


def _layers(decoded: Decoded) -> dict[str, _Layer]:
    """What the layers have, in their order; of equal layers the innermost is the same in both frames, and the one
    around it is ``name 2``: what carries a message is taken off around it."""
    found: dict[str, _Layer] = {}
    for node in reversed(decoded.layers):
        again = sum(name.partition(" ")[0] == node.name for name in found)
        layer = found[f"{node.name} {again + 1}" if again else node.name] = _Layer(node.title, node.summary)
        for one in node.fields:
            _add(layer, one)
    return dict(reversed(found.items()))


def _add(layer: _Layer, node: FieldNode) -> None:
    """Take in a field; an element of a list, such as an address, is one value."""
    name, bracket, _ = node.name.partition("[")
    if node.children and not bracket:
        for child in node.children:
            _add(layer, child)
        return
    text = node.text or ", ".join(f"{one.label} {one.text}" for one in node.walk())
    layer.labels.setdefault(name, node.label)
    layer.values.setdefault(name, []).append(text)
