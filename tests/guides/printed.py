# SPDX-License-Identifier: GPL-2.0-or-later
"""What the offsets and types of a guide mean: expressions and widths."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

TOKEN = re.compile(r"(?:BT|ET)\d+\.\d+(?:\.\d+)?[Nn]?|sizeof\(\w+\)|SET(?=\()|\d+|[A-Za-z]\w*|[-+*/()]|\S")
WIDTHS = {
    "NI_FMAT1": 32,
    "NI_FMAT2": 32,
    "TIME": 24,
    "STIME_DATE": 40,
    "LTIME_DATE": 48,
    "ANSI_DATE": 16,
    "RDATE": 16,
    "CHAR": 8,
    "BCD": 8,
    "FLOAT": 32,
    "BYTE": 8,
}
SIGNED = ("INT", "NI_FMAT")
TIMES = ("TIME", "STIME_DATE", "LTIME_DATE")

Lookup = Callable[[str], int]
"""The value of a name in an expression. Raises Unreadable for one that is not known."""


class Unreadable(Exception):
    """What is printed cannot be understood, or needs what is not known."""


@dataclass(frozen=True)
class Kind:
    """A printed type: `bits` from bit `first` on, `count` times."""

    base: str
    bits: int
    first: int = 0
    count: int = 1
    range: bool = False
    """It is a range of bits in a byte or word."""


def evaluate(text: str, lookup: Lookup) -> int:
    """The value of an offset: numbers, other fields (``BT21.3``), ``IF BT21.0.2 THEN 1 ELSE 0``; ``/`` cuts off."""
    words = re.match(r"IF\s*(\S+)\s*THEN\s*(.+?)\s*ELSE\s*(.+)$", text)
    if words:
        return evaluate(words[2] if evaluate(words[1], lookup) else words[3], lookup)
    tokens = TOKEN.findall(text.replace("..", ".").replace(" ", "").replace("–", "-"))
    value, left = _sum(tokens, lookup)
    if left:
        raise Unreadable(text)
    return value


def _sum(tokens: list[str], lookup: Lookup) -> tuple[int, list[str]]:
    value, tokens = _product(tokens, lookup)
    while tokens and tokens[0] in "+-":
        sign, (more, tokens) = tokens[0], _product(tokens[1:], lookup)
        value = value + more if sign == "+" else value - more
    return value, tokens


def _product(tokens: list[str], lookup: Lookup) -> tuple[int, list[str]]:
    value, tokens = _value(tokens, lookup)
    while tokens and tokens[0] in "*/":
        sign, (more, tokens) = tokens[0], _value(tokens[1:], lookup)
        value = value * more if sign == "*" else value // more
    return value, tokens


def _value(tokens: list[str], lookup: Lookup) -> tuple[int, list[str]]:
    if not tokens:
        raise Unreadable("nothing where a value should be")
    first, *left = tokens
    if first == "SET":
        first, *left = left
    if first == "(":
        value, left = _sum(left, lookup)
        if not left or left[0] != ")":
            raise Unreadable("a bracket is not closed")
        return value, left[1:]
    return (int(first) if first.isdigit() else lookup(first)), left


def kind(text: str, lookup: Lookup) -> Kind:
    """A printed type. Raises Unreadable for one that is not known."""
    text = text.upper().replace("’", "").replace("…", "..").replace("...", "..")
    if match := re.fullmatch(r"ARRAY\[(.+?)\]OF(.+)", text) or re.fullmatch(r"(?P<b>U?INT\d+)\[(?P<a>.+)\]", text):
        count, inner = (match["a"], match["b"]) if "a" in match.groupdict() else (match[1], match[2])
        one = kind(inner, lookup)
        return Kind(one.base, one.bits, one.first, evaluate(count, lookup) * one.count)
    if match := re.fullmatch(r"(U?INT|BOOL|FILL)\d*\((\d+)(?:\.\.(\d+))?\)", text):
        low = int(match[2])
        return Kind(match[1], int(match[3] or low) - low + 1, low, range=True)
    if match := re.fullmatch(r"(U?INT)(\d+)", text):
        return Kind(match[1], int(match[2]))
    if match := re.fullmatch(r"SET(\(.+\))", text):
        return Kind("SET", 8 * evaluate(match[1], lookup))
    if text in WIDTHS:
        return Kind(text, WIDTHS[text])
    if match := re.fullmatch(r"(\d+)-BYTEPACKEDBCD", text):
        return Kind("BCD", 8, count=int(match[1]))
    raise Unreadable(text or "no type")
