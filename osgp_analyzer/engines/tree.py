# SPDX-License-Identifier: GPL-2.0-or-later
"""A decoded frame as a tree: layers, fields with their bytes, findings. What every front end shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from osgp_analyzer.schema import Certainty, Finding

Value = int | str | list["Value"] | None
"""As in JSON: numbers, bytes as lower-case hex, text, lists of these."""


NOWHERE = range(0)


@dataclass(frozen=True, slots=True)
class Derived:
    """Bytes that a procedure made and that are nowhere in the frame. `offset`: where in it that comes from. `title`:
    what they are called, ``Decrypted``."""

    offset: int
    data: bytes = field(repr=False)
    title: str


@dataclass(slots=True)
class FieldNode:
    """A field: `value` for machines, `text` for people. `offset` and `length` in bytes of the frame; what has no bytes
    there, as a computed field, has an offset of None. `within`: its place in the derived bytes that its layer is read
    from. `bits` is (first bit in its first byte, number of bits) where a byte is shared."""

    name: str
    label: str
    value: Value
    text: str
    raw: bytes = b""
    offset: int | None = None
    length: int = 0
    within: range = NOWHERE
    bits: tuple[int, int] | None = None
    little: bool = False
    """`bits` are those of the bytes as a little-endian number."""
    certainty: Certainty = Certainty.CONFIRMED
    doc: str = ""
    source: str = ""
    children: list[FieldNode] = field(default_factory=list)
    """Fields of a nested structure; it has no value of its own."""
    findings: list[Finding] = field(default_factory=list)
    """Those of a nested structure itself."""
    main: bool = False
    """It is what the layer around it is about."""

    @property
    def mark(self) -> str:
        """``[inferred]`` where the fact behind the field is not certain."""
        return f"[{self.certainty.value}]" if self.certainty in (Certainty.INFERRED, Certainty.UNCONFIRMED) else ""

    def walk(self) -> Iterator[FieldNode]:
        """This field and all below it that have a value."""
        if self.children:
            for child in self.children:
                yield from child.walk()
        else:
            yield self


@dataclass(slots=True)
class LayerNode:
    """A layer: its own bytes are `length` from `offset`, the enclosed layers not counted. One that is read from
    `derived` bytes has none in the frame; its place in them is `within`, and `offset` is theirs."""

    name: str
    title: str
    summary: str
    offset: int
    length: int
    doc: str = ""
    derived: Derived | None = None
    within: range = NOWHERE
    fields: list[FieldNode] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def values(self) -> Iterator[FieldNode]:
        """All fields that have a value, structures opened."""
        for one in self.fields:
            yield from one.walk()
