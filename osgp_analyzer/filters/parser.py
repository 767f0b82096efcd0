# SPDX-License-Identifier: GPL-2.0-or-later
"""From the text of a filter to its tree: ``||`` binds least, then ``&&``, then ``!``, as in Wireshark."""

from __future__ import annotations

import re
import warnings

from osgp_analyzer.filters.errors import FilterError
from osgp_analyzer.filters.lexer import Token, tokens, unescape
from osgp_analyzer.filters.literals import Literal, encoded, literal, nearest, number
from osgp_analyzer.filters.names import ADDRESS, BYTES, DATE, GROUP, NUMBER, TEXT, TIME, Name, names
from osgp_analyzer.filters.nodes import Expression, Logical, Not, Pair, Present, Range, Reference, Relation

DEEPEST = 100
COMPARISONS = ("==", "!=", "===", "!==", "<", "<=", ">", ">=")
RELATIONS = (*COMPARISONS, "in", "contains", "matches")
_RANGE = re.compile(r"\s*(-?\d{1,9})?\s*(?:([:-])\s*(-?\d{1,9})?)?\s*", re.ASCII)


def parse(text: str) -> Expression:
    """The tree of a filter. Raises `FilterError`, which says what was expected and where."""
    return Parser(text).whole()


class Parser:
    """Recursive descent, one token ahead."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at, self.depth = text, tokens(text), 0, 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def error(self, message: str, token: Token | None = None) -> FilterError:
        """An error at a token."""
        token = token or self.token
        return FilterError(message, self.text, token.start, token.length)

    def found(self) -> str:
        """What comes next, in words."""
        token = self.token
        if token.kind == "end":
            return "the end of the filter"
        part = self.text[token.start : token.start + min(token.length, 40)]
        return repr(part)

    def is_operator(self, *signs: str) -> bool:
        """Whether one of these operators comes next."""
        return self.token.kind == "operator" and self.token.value in signs

    def take(self, *signs: str) -> Token | None:
        """The next token if it is one of these operators."""
        if not self.is_operator(*signs):
            return None
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self) -> Expression:
        """The filter to its end."""
        found = self.logical("||")
        if self.token.kind != "end":
            raise self.error(f"expected and, or, or the end of the filter, found {self.found()}")
        return found

    def logical(self, operator: str) -> Expression:
        """Terms joined by one operator."""
        terms = []
        while True:
            terms.append(self.logical("&&") if operator == "||" else self.negation())
            if not self.take(operator):
                return terms[0] if len(terms) == 1 else Logical(operator, tuple(terms))

    def negation(self) -> Expression:
        """``!`` and parentheses."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"expected at most {DEEPEST} parentheses and negations inside each other")
        try:
            if self.take("!"):
                return Not(self.negation())
            if self.take("("):
                inner = self.logical("||")
                if not self.take(")"):
                    raise self.error(f"expected ), found {self.found()}")
                return inner
            return self.relation()
        finally:
            self.depth -= 1

    def relation(self) -> Expression:
        """A field, alone or against something."""
        quantifier = self.take("any", "all")
        start = self.token
        left = self.reference()
        negated = self.is_operator("!") and self.tokens[self.at + 1].value == "in"
        if negated:
            self.at += 1
        operator = self.take(*RELATIONS)
        if operator is None:
            if quantifier is not None:
                raise self.error(f"expected a comparison after {quantifier.value}, found {self.found()}")
            return Present(left)
        if GROUP in left.name.kinds and len(left.name.kinds) == 1:
            what = "a layer" if left.name.layer else "a structure"
            raise self.error(
                f"expected a field to compare, but {left.name.name} is {what}, which is there or not", start
            )
        sign, every = _quantified(operator.value, quantifier.value if quantifier else "")
        if sign == "in":
            found: Expression = Relation(left, sign, self.members(left), every)
        elif sign == "contains":
            found = self.contains(left, every, operator)
        elif sign == "matches":
            found = self.matches(left, every, operator)
        else:
            found = self.comparison(left, sign, every, operator)
        return Not(found) if negated else found

    def reference(self) -> Reference:
        """A field with its slice or mask."""
        token = self.token
        if token.kind != "word":
            raise self.error(f"expected the name of a field or layer, found {self.found()}")
        known = names()
        name = known.get(token.value)
        if name is None:
            raise self.error(f"no field or layer is named {token.value[:60]!r}{nearest(token.value, list(known))}")
        self.at += 1
        ranges: tuple[Range, ...] = ()
        if self.token.kind == "slice":
            if not name.kinds & {BYTES, TEXT}:
                raise self.error(f"only fields of bytes or text have slices, not {name.name}")
            ranges = self.slices()
        mask = None
        if self.take("&"):
            if NUMBER not in name.kinds or ranges:
                raise self.error(f"expected a number before &, but {name.name} is none", token)
            value = number(self.token.value) if self.token.kind == "word" else None
            if value is None or not 0 <= value < 1 << 63:
                raise self.error(f"expected a number after &, found {self.found()}")
            self.at += 1
            mask = value
        return Reference(name, ranges, mask)

    def slices(self) -> tuple[Range, ...]:
        """``[i:length]``, ``[i-j]``, ``[i]``, ``[:length]``, ``[i:]``, several with commas."""
        token = self.token
        found: list[Range] = []
        for part in token.value.split(","):
            match = _RANGE.fullmatch(part)
            first, separator, second = match.groups() if match else (None, None, None)
            if first is None and (separator != ":" or second is None):
                raise self.error("expected a slice such as [0:2], [1-3], [4], [:2] or [2:]")
            start = int(first or 0)
            if separator is None:
                found.append((start, 1))
            elif second is None:
                if separator == "-":
                    raise self.error("expected the last byte after - in the slice")
                found.append((start, None))
            elif separator == ":":
                if int(second) <= 0:
                    raise self.error("expected a length of 1 or more in the slice")
                found.append((start, int(second)))
            else:
                if int(second) < start or (start < 0) != (int(second) < 0):
                    raise self.error("expected a slice that ends behind its start")
                found.append((start, int(second) - start + 1))
        self.at += 1
        return tuple(found)

    def literal(self, reference: Reference, what: str = "a value") -> Literal:
        """A value for a field."""
        token = self.token
        if token.kind not in ("word", "string"):
            raise self.error(f"expected {what}, found {self.found()}")
        found = literal(self.text, token, reference.name, _kinds(reference))
        self.at += 1
        return found

    def comparison(self, left: Reference, sign: str, every: bool, operator: Token) -> Expression:
        """Against a value, or another field."""
        ordered = sign not in ("==", "!=")
        if ordered and ADDRESS in left.name.kinds:
            raise self.error("expected ==, != or in: addresses have no order", operator)
        token = self.token
        if token.kind == "word" and token.value in names() and not left.name.numbers(token.value):
            right = self.reference()
            if not _kinds(left) & _kinds(right):
                raise self.error(f"{left.name.name} and {right.name.name} are of different kinds", token)
            return Pair(left, sign, right, every)
        value = self.literal(left, f"a value after {sign}")
        if ordered and value.numbers is not None and len(value.numbers) > 1:
            raise self.error(f"{value.text!r} stands for several values, which have no order", token)
        return Relation(left, sign, ((value, value),), every)

    def members(self, left: Reference) -> tuple[tuple[Literal, Literal], ...]:
        """``{1, 2, 5..9}``."""
        if not self.take("{"):
            raise self.error(f"expected {{ after in, found {self.found()}")
        found = []
        while True:
            token = self.token
            low = high = self.literal(left, "a value of the set")
            if self.take(".."):
                high = self.literal(left, "the end of the range")
                for end in (low, high):
                    if ADDRESS in left.name.kinds or (end.numbers is not None and len(end.numbers) > 1):
                        raise self.error(f"{end.text!r} cannot be an end of a range", token)
            found.append((low, high))
            self.take(",")
            if self.take("}"):
                return tuple(found)

    def contains(self, left: Reference, every: bool, operator: Token) -> Expression:
        """Bytes in bytes, characters in text, addresses and names of values."""
        token = self.token
        if token.kind not in ("word", "string"):
            raise self.error(f"expected a value after contains, found {self.found()}")
        if _kinds(left) & {BYTES} and not self._named(left):
            value = literal(self.text, token, left.name, _kinds(left) & {BYTES, TEXT})
        else:
            self._textual(left, operator)
            string = unescape(self.text, token) if token.kind == "string" else token.value
            value = Literal(string, _named_like(left.name, re.compile(re.escape(string))), encoded(string), string)
        self.at += 1
        return Relation(left, "contains", ((value, value),), every)

    def matches(self, left: Reference, every: bool, operator: Token) -> Expression:
        """A regular expression, without regard to case."""
        token = self.token
        if token.kind not in ("word", "string"):
            raise self.error(f"expected a regular expression after matches, found {self.found()}")
        self._textual(left, operator)
        pattern = token.value if token.raw or token.kind == "word" else token.value.replace('\\"', '"')
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                regex = re.compile(pattern, re.IGNORECASE)
        except (re.error, OverflowError, RecursionError, ValueError) as problem:
            raise self.error(f"expected a regular expression, but {problem}") from None
        self.at += 1
        value = Literal(pattern, _named_like(left.name, regex), None, None, regex)
        return Relation(left, "matches", ((value, value),), every)

    def _named(self, left: Reference) -> bool:
        return bool(left.name.values) and left.mask is None

    def _textual(self, left: Reference, operator: Token) -> None:
        if not _kinds(left) & {BYTES, TEXT, ADDRESS} and not self._named(left):
            raise self.error(
                f"expected a comparison: {left.name.name} has neither text nor names for {operator.value}",
                operator,
            )


def _kinds(reference: Reference) -> set[str]:
    if reference.ranges:
        return reference.name.kinds & {BYTES, TEXT}
    return reference.name.kinds & {NUMBER, BYTES, TEXT, ADDRESS, TIME, DATE}


def _quantified(sign: str, quantifier: str) -> tuple[str, bool]:
    """The plain operator, and whether every occurrence must do: ``!=`` alone asks that of all."""
    plain = {"===": "==", "!==": "!="}.get(sign, sign)
    if quantifier:
        return plain, quantifier == "all"
    return plain, sign in ("!=", "===")


def _named_like(name: Name, regex: re.Pattern[str]) -> frozenset[int]:
    return frozenset(n for text, numbers in name.values.items() if regex.search(text) for n in numbers)
