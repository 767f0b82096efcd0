# SPDX-License-Identifier: GPL-2.0-or-later
"""How a payload or structure is chosen, as Lua text: ``f`` gets the function of its layer, or nil."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from osgp_analyzer.schema import Cases, Expr, Switch, resolve


class Expressions(Protocol):
    """Who writes the expressions of a layer."""

    def value(self, e: Expr) -> str:
        """A value."""

    def truth(self, e: Expr) -> str:
        """A condition."""


class Choices:
    """Tables of layers by number, each written once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def lines(self, target: object, by: Expressions) -> Iterator[str]:
        """Lines that choose a layer."""
        if isinstance(target, (Switch, Cases)):
            yield "local f = nil"
            yield from self._choose(target, by)
        elif target is None:
            yield "local f = nil"
        else:
            yield f"local f = {_layer(target)}"

    def _choose(self, target: object, by: Expressions) -> Iterator[str]:
        if isinstance(target, Switch):
            yield from self._switch(target, by)
        elif isinstance(target, Cases):
            for number, case in enumerate(target.cases):
                yield f"{'elseif' if number else 'if'} {by.truth(case.when)} then"
                yield from self._choose(case.target, by)
            yield "else"
            yield from self._choose(target.default, by)
            yield "end"
        else:
            yield f"f = {_layer(target)}"

    def _switch(self, target: Switch, by: Expressions) -> Iterator[str]:
        nested = {k: t for k, t in target.cases.items() if isinstance(t, (Switch, Cases))}
        plain = {k: t for k, t in target.cases.items() if k not in nested}
        yield "do"
        yield f"local key = number({by.value(target.key)})"
        for number, (key, inner) in enumerate(nested.items()):
            yield f"{'elseif' if number else 'if'} key == {key} then"
            yield from self._choose(inner, by)
        if nested:
            yield "else"
        if plain:
            yield f"f = {self._table(plain)}[key]"
            yield "if f == nil then"
        yield from self._choose(target.default, by)
        if plain:
            yield "elseif f == false then f = nil end"
        if nested:
            yield "end"
        yield "end"

    def _table(self, cases: Mapping[int, object]) -> str:
        text = ", ".join(f"[{k}]={_layer(t) if t is not None else 'false'}" for k, t in sorted(cases.items()))
        return f"W[{self._numbers.setdefault(text, len(self._numbers) + 1)}]"

    def tables(self) -> list[str]:
        """The tables, for behind all layers."""
        return [f"W[{number}] = {{{text}}}" for text, number in self._numbers.items()]

    def expressions(self, target: object) -> Iterator[Expr]:
        """All expressions of a choice."""
        if isinstance(target, Switch):
            yield target.key
            for inner in (*target.cases.values(), target.default):
                yield from self.expressions(inner)
        elif isinstance(target, Cases):
            for case in target.cases:
                yield case.when
                yield from self.expressions(case.target)
            yield from self.expressions(target.default)


def _layer(target: object) -> str:
    if target is None:
        return "nil"
    return f"L.{resolve(target).definition.class_name}"  # type: ignore[arg-type]
