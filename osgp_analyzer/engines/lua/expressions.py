# SPDX-License-Identifier: GPL-2.0-or-later
"""Expression trees as Lua text. What is not there is ``nil``, as it is None in Python (`osgp_analyzer.schema.expr`).

Operators that Lua would not take a ``nil`` for are written as functions of the runtime, but only where a value may
be missing: the fields of a header are mostly there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from osgp_analyzer.schema.expr import (
    Again,
    Call,
    Const,
    Context,
    Expr,
    If,
    Index,
    Known,
    Map,
    Not,
    Op,
    Outer,
    Peek,
    Ref,
    Remaining,
    Request,
    SizeOf,
)

COMPARISONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
ARITHMETIC = {"+": "plus", "-": "minus", "*": "times", "//": "over", "%": "modulo"}
BITWISE = {"&": "bits_and", "|": "bits_or", "<<": "shift_left", ">>": "shift_right"}


def identifier(name: str) -> str:
    """A full name as a name in Lua."""
    return name.replace(".", "_")


def quoted(text: str | bytes) -> str:
    """A string literal. Text is written as UTF-8."""
    raw = text if isinstance(text, bytes) else text.encode()
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03d}" for b in raw) + '"'


class Constants:
    """Tables of constants, each written once. `prefix`: the Lua table that they are in."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._numbers: dict[str, int] = {}

    def __call__(self, items: Mapping[int, Any]) -> str:
        """The name of a table of numbers or strings by number."""
        written = ", ".join(f"[{key}]={_literal(value)}" for key, value in sorted(items.items()))
        number = self._numbers.setdefault(written, len(self._numbers) + 1)
        return f"{self.prefix}[{number}]"

    def lines(self) -> list[str]:
        """The tables themselves."""
        return [f"{self.prefix}[{number}] = {{{written}}}" for written, number in self._numbers.items()]


def _is_one(e: Expr) -> bool:
    return isinstance(e, Const) and e.value == 1


def _literal(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else str(value)


class Writer:
    """Writes the expressions of one layer. `present`: whether a field of the layer is always there once it was read."""

    def __init__(self, maps: Constants, present: Callable[[str], bool], used: set[str]) -> None:
        self.maps, self.present, self.used = maps, present, used

    def truth(self, e: Expr) -> str:
        """A condition: what Python takes for false is false."""
        match e:
            case Op(operator=("and" | "or") as word, left=left, right=right):
                return f"({self.truth(left)} {word} {self.truth(right)})"
            case Not(operand=operand):
                return f"not {self.truth(operand)}"
            case Known(operand=operand):
                return f"({self.value(operand)} ~= nil)"
            case Again(fields=fields):
                names = " ".join(field.name for field in fields)
                return f"again({quoted(names)}, {', '.join(self.value(field) for field in fields)})"
            case Op(operator=operator, left=left, right=right) if operator in COMPARISONS:
                return self._compared(operator, left, right)
            case Map(key=key, items=items, default=0) if set(items.values()) == {1}:
                return f"({self._looked_up(key, items)} ~= nil)"  # `among`
        if self.missing(e) or isinstance(e, Call):
            return f"truth({self.value(e)})"
        return f"({self.value(e)} ~= 0)"

    def _compared(self, operator: str, left: Expr, right: Expr) -> str:
        if (
            isinstance(left, Map)
            and left.default == 0
            and operator == "=="
            and _is_one(right)
            and set(left.items.values()) == {1}
        ):
            return self.truth(left)
        a, b = self.number(left), self.number(right)
        if not self.missing(left) and not self.missing(right):
            return f"({a} {'~=' if operator == '!=' else operator} {b})"
        if operator == "==" and isinstance(right, Const):
            return f"({a} == {b})"
        return f"{COMPARISONS[operator]}({a}, {b})"

    def number(self, e: Expr) -> str:
        """A value in which a truth value counts as a number."""
        return f"number({self.value(e)})" if e.logical or isinstance(e, Call) else self.value(e)

    def value(self, e: Expr) -> str:
        """A value: a number, a string of bytes, a truth value, or nil."""
        match e:
            case Const(value=value):
                return quoted(value) if isinstance(value, bytes) else str(value)
            case Op(operator=operator, left=left, right=right):
                return self._operator(operator, left, right)
            case Not() | Known() | Again():
                return self.truth(e)
            case If():
                return f"pick({self.truth(e.condition)}, {self.value(e.then)}, {self.value(e.other)})"
            case Map():
                found = self._looked_up(e.key, e.items)
                return found if e.default is None else f"({found} or {e.default})"
            case Ref(name=name):
                self.used.add(name)
                return f"v_{name}"
            case Outer(name=name):
                return f"O.{identifier(name)}"
            case Request(name=name):
                return f"R.{identifier(name)}"
            case Context(name=name, index=None):
                return f"C[{quoted(name)}]"
            case Context(name=name, index=index) if index is not None:
                return f"C[element({quoted(name)}, {self.value(index)})]"
            case Index():
                return "I"
            case Remaining():
                return "left(q, k, e, part, whole)"
            case Peek(offset=offset):
                return f"peek(q + (k > 0 and 1 or 0) + {offset}, e)"
            case SizeOf(name=name):
                raise TypeError(f"the size of {name} is for building only")
            case Call():
                args = "".join(f", {self.value(a)}" for a in e.args)
                return f"D.{e.procedure}(at, stop, q{args})"
        raise TypeError(type(e).__name__)

    def _operator(self, operator: str, left: Expr, right: Expr) -> str:
        if operator in ("and", "or"):
            return f"{operator}_known({self.value(left)}, {self.value(right)})"
        a, b = self.number(left), self.number(right)
        known = not self.missing(left) and not self.missing(right)
        if operator in COMPARISONS:
            return self._compared(operator, left, right) if known else f"{COMPARISONS[operator]}({a}, {b})"
        if known and operator in ("+", "-", "*"):
            return f"({a} {operator} {b})"
        return f"{(ARITHMETIC | BITWISE)[operator]}({a}, {b})"

    def _looked_up(self, key: Expr, items: Mapping[int, int]) -> str:
        return f"{self.maps(items)}[{self.number(key)}]"

    def missing(self, e: Expr) -> bool:
        """Whether the value may be nil."""
        match e:
            case Const() | Not() | Known() | Again() | Remaining():
                return False
            case Map():
                return e.default is None
            case Op(operator="//" | "%", right=Const(value=value), left=left) if value:
                return self.missing(left)
            case Op(operator="//" | "%"):
                return True
            case Op(left=left, right=right):
                return self.missing(left) or self.missing(right)
            case If():
                return self.missing(e.then) or self.missing(e.other)
            case Ref(name=name):
                return not self.present(name)
        return True
