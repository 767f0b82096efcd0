# SPDX-License-Identifier: GPL-2.0-or-later
"""Expressions that users write as text: ``(channels + 7) // 8``, ``bt21.date_time == 1 and remaining > 3``.

Python's parser reads them, nothing evaluates them: what is on a short list becomes a tree of `schema.expr`, all else is
refused. Every engine must give the same numbers, some of them in 64 bits: the range of each part is worked out from
those of the fields, and what could get too large is refused too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import NamedTuple

from osgp_analyzer.schema.expr import Const, Expr, Not, Op, Remaining

LONGEST, DEEPEST = 500, 40
"""Characters of an expression, and parts inside each other."""
LARGEST = 1 << 62
"""What a part of an expression may reach, up or down."""
MOST_LEFT = 1 << 40
"""What `remaining` may reach."""
REMAINING = "remaining"
"""The name of the number of bytes that are left."""

_OPERATORS: dict[type[ast.operator] | type[ast.cmpop] | type[ast.boolop], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: "and",
    ast.Or: "or",
}
ALLOWED = "names of fields, whole numbers, remaining, + - * // % & | << >>, comparisons, and, or, not, parentheses"


class FormulaError(ValueError):
    """What is wrong with an expression, as a sentence."""


class Term(NamedTuple):
    """A part of an expression, with the lowest and the highest value that it can have."""

    expression: Expr
    low: int
    high: int


Find = Callable[[str], Term]
"""The field of a name. Raises `FormulaError` for a name that is none here."""


class More(NamedTuple):
    """What expressions of one kind can have besides. `read` gives None for what it does not know either."""

    allowed: str
    read: Callable[[ast.expr], Term | None]


def parsed(text: str) -> ast.expr:
    """Python's syntax tree of an expression. Raises `FormulaError`."""
    if len(text) > LONGEST:
        raise FormulaError(f"is longer than {LONGEST} characters")
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        at = f" at character {error.offset}" if error.offset else ""
        raise FormulaError(f"is no expression{at}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError):  # a NUL, or more inside each other than the parser takes
        raise FormulaError("is no expression that can be read") from None


def formula(text: str, find: Find, more: More | None = None) -> Term:
    """The tree of an expression. Raises `FormulaError`."""
    return term_of(parsed(text.strip()), text.strip(), find, more)


def term_of(node: ast.expr, text: str, find: Find, more: More | None = None) -> Term:
    """The tree of a part of an expression that is parsed already. Raises `FormulaError`."""
    return _Reader(text, find, more).term(node, 0)


def dotted(node: ast.expr) -> str | None:
    """``table.field`` as one name; None for what is no name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            before = dotted(value)
            return f"{before}.{name}" if before is not None else None
    return None


def segment(text: str, node: ast.expr) -> str:
    """How a part is written, for a sentence."""
    own = ast.get_source_segment(text, node) or ""
    return repr(own if len(own) <= 60 else f"{own[:60]}...")


class _Reader:
    """From Python's syntax tree to ours."""

    def __init__(self, text: str, find: Find, more: More | None) -> None:
        self.text, self.find, self.more = text, find, more

    def term(self, node: ast.expr, depth: int) -> Term:
        """A part, and all below it."""
        if depth > DEEPEST:
            raise FormulaError(f"has more than {DEEPEST} parts inside each other")
        term = self._term(node, depth + 1)
        if max(-term.low, term.high) > LARGEST:
            raise FormulaError(f"can get too large: {segment(self.text, node)} may reach more than 2**62")
        return term

    def _term(self, node: ast.expr, depth: int) -> Term:
        match node:
            case ast.Constant(value=int() as value) if not isinstance(value, bool):
                return Term(Const(value), value, value)
            case ast.Name(id=name) if name == REMAINING:
                return Term(Remaining(), 0, MOST_LEFT)
            case ast.Name() | ast.Attribute():
                full = dotted(node)
                if full is not None:
                    return self.find(full)
                while isinstance(node, ast.Attribute):
                    node = node.value
                raise self._refused(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Term(Not(self.term(operand, depth).expression), 0, 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.term(operand, depth)
                return Term(Op("-", Const(0), inner.expression), -inner.high, -inner.low)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _joined(_OPERATORS[type(op)], self.term(left, depth), self.term(right, depth))
            case ast.BoolOp(op=op, values=values):
                terms = [self.term(value, depth) for value in values]
                return self._all(_OPERATORS[type(op)], terms)
            case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _OPERATORS for op in ops):
                terms = [self.term(side, depth) for side in (left, *others)]
                pairs = zip(ops, terms, terms[1:], strict=False)
                return self._all("and", [_joined(_OPERATORS[type(op)], a, b) for op, a, b in pairs])
        found = self.more.read(node) if self.more is not None else None
        if found is None:
            raise self._refused(node)
        return found

    def _all(self, operator: str, terms: list[Term]) -> Term:
        found = terms[0]
        for term in terms[1:]:
            found = _joined(operator, found, term)
        return found

    def _refused(self, node: ast.expr) -> FormulaError:
        allowed = f"{ALLOWED}, {self.more.allowed}" if self.more is not None else ALLOWED
        return FormulaError(f"has {segment(self.text, node)}; an expression has {allowed}")


def _joined(operator: str, a: Term, b: Term) -> Term:
    """Two parts and an operator between them."""
    low, high = _range(operator, a, b)
    return Term(Op(operator, a.expression, b.expression), low, high)


def _range(operator: str, a: Term, b: Term) -> tuple[int, int]:
    """Lowest and highest result."""
    match operator:
        case "+":
            return a.low + b.low, a.high + b.high
        case "-":
            return a.low - b.high, a.high - b.low
        case "*":
            corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
            return min(corners), max(corners)
        case "//":
            if b.low == b.high == 0:
                raise FormulaError("divides by zero")
            most = max(abs(a.low), abs(a.high))
            return (0 if a.low >= 0 and b.low >= 0 else -most), most
        case "%":
            if b.low == b.high == 0:
                raise FormulaError("divides by zero")
            return min(0, b.low), max(0, b.high)
        case "&" if max(a.low, b.low) >= 0:
            return 0, min(term.high for term in (a, b) if term.low >= 0)
        case "&" | "|":
            bits = max(abs(value).bit_length() for value in (a.low, a.high, b.low, b.high))
            return (0 if a.low >= 0 and b.low >= 0 else -(1 << bits)), (1 << bits) - 1
        case "<<" | ">>":
            if not 0 <= b.low <= b.high <= 62:
                raise FormulaError("shifts by a number that may be below 0 or above 62: write (n & 31) for n")
            if operator == ">>":
                return min(a.low, 0), max(a.high, 0)
            return min(a.low << b.high, 0), max(a.high << b.high, 0)
    return 0, 1
