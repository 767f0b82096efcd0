# SPDX-License-Identifier: GPL-2.0-or-later
"""The Lua function of a layer while it is written: its lines, and what is known at each place of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from osgp_analyzer import schema
from osgp_analyzer.engines.lua.choices import Choices
from osgp_analyzer.engines.lua.expressions import Constants, Writer, identifier, quoted
from osgp_analyzer.engines.lua.fields import Declared
from osgp_analyzer.schema import Definition, Expr, Field
from osgp_analyzer.schema.layer import asks, bit_runs


class Page:
    """What is written of one layer. `outer`: full names that other layers ask for."""

    def __init__(
        self, definition: Definition, declared: Declared, maps: Constants, choices: Choices, outer: set[str]
    ) -> None:
        self.definition, self.declared, self.choices = definition, declared, choices
        self.used: set[str] = set()
        self.always: set[str] = set()
        """Fields that are there whenever they were reached."""
        self.writer = Writer(maps, self.always.__contains__, self.used)
        self.owned = {f.name: full for f, full in definition.full_names if full in outer}
        self.runs = bit_runs(definition.fields) if definition.bit_order == "lsb" else {}
        self.lines: list[str] = []
        self.depth = 2
        self.k: int | None = 0
        """Bits of the byte at `q` that were read, where that is known now."""

    def put(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    @contextmanager
    def block(self, head: str, end: str = "end") -> Iterator[None]:
        self.put(head)
        self.depth += 1
        yield
        self.depth -= 1
        self.put(end)

    def turn(self, text: str) -> None:
        """Begin another branch of the block that is open."""
        self.depth -= 1
        self.put(text)
        self.depth += 1

    def value(self, e: Expr) -> str:
        return self._placed(self.writer.value(e))

    def truth(self, e: Expr) -> str:
        return self._placed(self.writer.truth(e))

    def _placed(self, text: str) -> str:
        """An expression that looks ahead, with the bits that were read of the byte at `q`."""
        if self.k is None:
            return text
        k = self.k
        return (
            text.replace("left(q, k, e", f"left(q, {k}, e")
            .replace("peek(q + (k > 0 and 1 or 0)", f"peek(q{' + 1' if k else ''}")
        )  # fmt: skip

    def _size(self, size: int | Expr) -> str:
        return str(size) if isinstance(size, int) else f"number({self.value(size)})"

    def _align(self) -> None:
        """Go on at the next whole byte."""
        if self.k is None:
            self.put("if k > 0 then q, k = q + 1, 0 end")
        elif self.k:
            self.put("q = q + 1")
        self.k = 0

    def _mark(self, one: Field) -> None:
        if f"at_{one.name}" in self.used:
            self.put(f"at_{one.name} = q")

    def _missing(self, one: Field, expression: Expr | int | None) -> None:
        """Stop where another table that is needed has not been seen."""
        others, _ = asks(expression)
        if not others or isinstance(one, schema.Computed):
            return
        names = ", ".join(quoted(name) for name in others)
        self.put(f"local missing = unseen({names})")
        self.put(f"if missing then cut = unknown(n, x, q, {quoted(one.title)}, missing, true) break end")

    def _kept(self) -> set[str]:
        payload = self.definition.payload
        own = {n for n in self.used if payload is None or n != payload.name}
        return own | set(self.owned)

    def _descend(self) -> None:
        """Let the layers inside see the fields of this one."""
        for name, full in self.owned.items():
            self.put(f"O.{identifier(full)} = v_{name}")

    def _restore(self) -> None:
        for name, full in self.owned.items():
            self.put(f"O.{identifier(full)} = o_{name}")
