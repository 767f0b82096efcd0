# SPDX-License-Identifier: GPL-2.0-or-later
"""Expressions written as text, against Python's own value of the same text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osgp_analyzer.schema.expr import Ref
from osgp_analyzer.schema.formula import LARGEST, FormulaError, Term, formula

LIMITS = {"a": (0, 255), "b": (0, 65535), "c": (-128, 127)}


def find(name: str) -> Term:
    if name not in LIMITS:
        raise FormulaError(f"refers to {name!r}")
    return Term(Ref(name), *LIMITS[name])


class Env:
    """Fields with values."""

    def __init__(self, values: dict[str, int]) -> None:
        self.values = values

    def field(self, name: str) -> int:
        return self.values[name]


VALUES = st.fixed_dictionaries({name: st.integers(low, high) for name, (low, high) in LIMITS.items()})
LEAVES = st.sampled_from(list(LIMITS)) | st.integers(0, 1000).map(str)
ARITHMETIC = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "//", "%", "&", "|"]), inner)
        | st.builds("({} {} ({} & 15))".format, inner, st.sampled_from(["<<", ">>"]), inner)
        | st.builds("-{}".format, inner)
    ),
    max_leaves=6,
)
COMPARED = st.builds("{} {} {}".format, ARITHMETIC, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), ARITHMETIC)
CONDITIONS = st.recursive(
    COMPARED | ARITHMETIC,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=4,
)


def ours(text: str, values: dict[str, int]) -> Any:
    term = formula(text, find)
    return term, term.expression.compiled()(Env(values))  # type: ignore[arg-type]


@settings(max_examples=400, deadline=None)
@given(ARITHMETIC, VALUES)
def test_numbers_are_those_of_python(text: str, values: dict[str, int]) -> None:
    try:
        expected = eval(text, {}, values)
    except ZeroDivisionError:
        expected = None
    try:
        term, value = ours(text, values)
    except FormulaError as error:
        assert "too large" in str(error) or "divides by zero" in str(error)
        return
    assert value == expected
    if value is not None:
        assert -LARGEST <= term.low <= value <= term.high <= LARGEST


@settings(max_examples=200, deadline=None)
@given(CONDITIONS, VALUES)
def test_conditions_are_those_of_python(text: str, values: dict[str, int]) -> None:
    try:
        expected = bool(eval(text, {}, values))
        value = ours(text, values)[1]
    except (ZeroDivisionError, FormulaError):
        return
    if value is not None:  # a division by zero that Python did not come to
        assert bool(value) == expected


def test_a_chain_of_comparisons() -> None:
    assert [bool(ours("1 < a <= 3", {"a": a})[1]) for a in range(5)] == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("__import__('os').system('true')", "has \"__import__('os').system('true')\""),
        ("a.__class__", "refers to 'a.__class__'"),
        ("().__class__", "has '()'"),
        ("(lambda: 1)()", "an expression has names"),
        ("[a for a in b]", "an expression has names"),
        ("a if b else c", "an expression has names"),
        ("a[0]", "an expression has names"),
        ("a / 2", "an expression has names"),
        ("2 ** 99999999", "an expression has names"),
        ("'x' * a", "has \"'x'\""),
        ("1.5", "has '1.5'"),
        ("True", "has 'True'"),
        ("a is b", "an expression has names"),
        ("~a", "an expression has names"),
        ("(a := 5)", "an expression has names"),
        ("a +", "is no expression"),
        ("(a + )", "is no expression at character 6"),
        ("", "is no expression"),
        ("a\0", "is no expression"),
        ("1 << a", "shifts by a number"),
        ("1 << -1", "shifts by a number"),
        ("1 << 63", "shifts by a number"),
        ("99999999999999999999", "too large"),
        ("b * b * b * b", "too large"),
        ("a // 0", "divides by zero"),
        ("a % (1 - 1)", "divides by zero"),
        ("(" * 300 + "a" + ")" * 199, "is no expression"),
        ("-" * 400 + "a", "inside each other"),
        ("not " * 100 + "a", "inside each other"),
        ("+".join("a" * 100), "inside each other"),
        ("a." * 200 + "a", "refers to"),
        ("a" * 1000, "longer than"),
        ("9" * 490, "too large"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(FormulaError) as error:
        formula(text, find)
    assert said in str(error.value)
