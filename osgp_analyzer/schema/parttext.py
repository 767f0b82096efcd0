# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of byte parts and of conditions about messages, as users write it.

As with formulas, Python's parser reads it and nothing evaluates it: what is on a short list becomes a tree of
`schema.parts`, all else is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from osgp_analyzer.schema.entries import nearest
from osgp_analyzer.schema.expr import Expr, Outer, Peek, SizeOf
from osgp_analyzer.schema.formula import Find, FormulaError, More, Term, dotted, formula, parsed, segment, term_of
from osgp_analyzer.schema.parts import (
    LONGEST,
    MESSAGES,
    WIRE,
    Constant,
    Last,
    Names,
    Number,
    Padded,
    Part,
    Parts,
    Slice,
    Whole,
    Xor,
)

MOST_PARTS, DEEPEST = 32, 8
"""Parts of a list, and inside each other."""
LONGEST_CONSTANT = 256
"""Bytes that a part can say itself, or be filled up to."""
ALLOWED = (
    "a name, name[2:4], name[2:], last(name, 4), pad(name, 6), xor(a, b), "
    "u8(...), u16, u24, u32, u48, u64, and u16le ... for little-endian, hex:00ff, text:abc, "
    "and inside others hex('00ff'), text('abc')"
)
CONSTANTS = ("hex", "text")
_NUMBER = re.compile(r"u(8|16|24|32|48|64)(le)?")


def condition(text: str, names: Names) -> Expr:
    """An expression about a message on the wire, such as ``apdu.code == 0x11 and wire[1] >= 4``. Raises
    `FormulaError`."""
    return formula(text, _finder(names), _more([WIRE])).expression


def read_parts(texts: Iterable[str], names: Names, messages: Sequence[str]) -> Parts:
    """The parts of a list; they can have these of the `MESSAGES`. Raises `FormulaError`."""
    found: list[Part] = []
    for number, text in enumerate(texts, 1):
        if number > MOST_PARTS:
            raise FormulaError(f"has more than {MOST_PARTS} parts")
        try:
            found.append(_part(text.strip(), names, messages))
        except FormulaError as error:
            raise FormulaError(f"part {number} {error}") from None
    return tuple(found)


def _part(text: str, names: Names, messages: Sequence[str]) -> Part:
    kind, colon, content = text.partition(":")
    if colon and kind in CONSTANTS:
        return _constant(kind, content)
    return _Reader(text, names, messages).part(parsed(text), 0)


def _constant(kind: str, content: str) -> Constant:
    if kind == "hex":
        digits = re.sub(r"\s", "", content)
        if not re.fullmatch(r"([0-9a-fA-F]{2})+", digits):
            raise FormulaError("is no bytes in hex, two digits each")
        data = bytes.fromhex(digits)
    else:
        if not content or not content.isascii():
            raise FormulaError("is no text of ASCII characters")
        data = content.encode()
    if len(data) > LONGEST_CONSTANT:
        raise FormulaError(f"has more than {LONGEST_CONSTANT} bytes")
    return Constant(data)


class _Reader:
    """From Python's syntax tree to parts."""

    def __init__(self, text: str, names: Names, messages: Sequence[str]) -> None:
        self.text, self.names, self.messages = text, names, messages

    def part(self, node: ast.expr, depth: int) -> Part:
        """A part, and all inside it."""
        if depth > DEEPEST:
            raise FormulaError(f"has more than {DEEPEST} parts inside each other")
        match node:
            case ast.Name() | ast.Attribute() if (name := dotted(node)) is not None:
                return self._named(name)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                return self._slice(self.part(value, depth + 1), lower, upper)
            case ast.Subscript(value=value, slice=ast.Constant()):
                written = segment(self.text, value).strip("'")
                raise FormulaError(f"has one byte: write {written}[2:3] for byte 2, with its end")
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._called(node, name, arguments, depth + 1)
        raise FormulaError(f"has {segment(self.text, node)}; a part is {ALLOWED}")

    def _named(self, name: str) -> Part:
        if name in self.messages:
            return Whole(name, 0, LONGEST)
        if name in self.names.strings:
            return Whole(name, *self.names.strings[name])
        if name in self.names.numbers:
            raise FormulaError(f"has {name!r}, which is a number: write how many bytes it has, such as u8({name})")
        if name in MESSAGES:
            raise FormulaError(f"has {name!r}, {MESSAGES[name]}, which is not known there")
        known = (*self.messages, *self.names.strings, *self.names.numbers)
        raise FormulaError(f"refers to {name!r}, which is no field in clear{nearest(name, known)}")

    def _slice(self, of: Part, lower: ast.expr | None, upper: ast.expr | None) -> Slice:
        start = 0 if lower is None else self._size(lower, LONGEST)
        stop = None if upper is None else self._size(upper, LONGEST)
        most = of.sizes()[1]
        if stop is not None and stop <= start:
            raise FormulaError(f"has the bytes from {start} to {stop}, which are none")
        if most < (start if stop is None else stop):
            raise FormulaError(f"has bytes up to {start if stop is None else stop} of what has at most {most}")
        return Slice(of, start, stop)

    def _size(self, node: ast.expr, most: int) -> int:
        match node:
            case ast.Constant(value=int() as value) if not isinstance(value, bool) and value <= most:
                return value
            case ast.UnaryOp(op=ast.USub()):
                raise FormulaError("counts from the end: write last(wire, 8) for the last 8 bytes of wire")
        raise FormulaError(f"has {segment(self.text, node)}, where a number from 0 to {most} is needed")

    def _called(self, node: ast.expr, name: str, arguments: list[ast.expr], depth: int) -> Part:
        if (number := _NUMBER.fullmatch(name)) and len(arguments) == 1:
            term = term_of(arguments[0], self.text, _finder(self.names), _more(self.messages))
            return Number(term.expression, int(number[1]) // 8, "little" if number[2] else "big")
        match name, arguments:
            case "hex" | "text", [ast.Constant(value=str() as content)]:
                return _constant(name, content)
            case "last", [of, count]:
                return self._last(self.part(of, depth), self._size(count, LONGEST))
            case "pad", [of, size]:
                return self._padded(self.part(of, depth), self._size(size, LONGEST_CONSTANT))
            case "xor", [left, right]:
                made = Xor(self.part(left, depth), self.part(right, depth))
                least, most = made.sizes()
                if least > most:
                    raise FormulaError(f"has {segment(self.text, node)} of parts that are never of the same size")
                return made
        raise FormulaError(f"has {segment(self.text, node)}; a part is {ALLOWED}")

    def _last(self, of: Part, count: int) -> Last:
        if not 1 <= count <= of.sizes()[1]:
            raise FormulaError(f"has the last {count} bytes of what has at most {of.sizes()[1]}")
        return Last(of, count)

    def _padded(self, of: Part, size: int) -> Padded:
        if of.sizes()[0] > size:
            raise FormulaError(f"fills up to {size} bytes what has at least {of.sizes()[0]}")
        return Padded(of, size)


def _finder(names: Names) -> Find:
    def find(name: str) -> Term:
        if name in names.numbers:
            return Term(Outer(name), *names.numbers[name])
        if name in names.strings:
            raise FormulaError(f"has {name!r}, which is bytes and no number")
        raise FormulaError(f"refers to {name!r}, which is no field in clear{nearest(name, names.numbers)}")

    return find


def _more(messages: Sequence[str]) -> More:
    """``size(message)`` and ``wire[3]`` as numbers."""

    def read(node: ast.expr) -> Term | None:
        match node:
            case ast.Call(func=ast.Name(id="size"), args=[ast.Name(id=name)], keywords=[]) if name in messages:
                return Term(SizeOf(name), 0, LONGEST)
            case ast.Subscript(value=ast.Name(id="wire"), slice=ast.Constant(value=int() as at)) if (
                not isinstance(at, bool) and at < LONGEST
            ):
                return Term(Peek(at), 0, 255)
        return None

    return More(f"{', '.join(f'size({name})' for name in messages)}, wire[0]", read)
