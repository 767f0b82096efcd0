# SPDX-License-Identifier: GPL-2.0-or-later
"""What is a filter, and what is said of a text that is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osgp_analyzer.filters.errors import FilterError
from osgp_analyzer.filters.filter import Filter
from osgp_analyzer.filters.literals import address, address_text, moment, nanoseconds, number, octets
from osgp_analyzer.filters.nodes import Logical, Not, Present, Relation
from osgp_analyzer.filters.parser import parse

WRONG = [
    ("", 1, "expected the name of a field or layer, found the end"),
    ("npdu.src_nod == 1", 1, "did you mean npdu.src_node"),
    ("nv and nvp", 8, "no field or layer is named 'nvp'; did you mean"),
    ("npdu.src_node ==", 17, "expected a value after =="),
    ("npdu.src_node == x", 18, "expected a number"),
    ("npdu.src_node = 1", 15, "for equal write =="),
    ("npdu.src_node == 09", 18, "expected a number"),
    ("npdu.src_node == 99999999999999999999", 18, "64 bits"),
    ("(nv", 4, "expected )"),
    ("nv)", 3, "expected and, or, or the end"),
    ("nv spdu", 4, "expected and, or, or the end"),
    ("nv and", 7, "expected the name"),
    ("not", 4, "expected the name"),
    ("nv == 1", 1, "nv is a layer"),
    ("spdu.type == REQUES", 14, "did you mean"),
    ('apdu.code == "Query stats"', 14, "did you mean"),
    ("npdu.src_node in 1", 18, "expected { after in"),
    ("npdu.src_node in {1, 2", 23, "expected a value of the set"),
    ("npdu.src_node in {}", 19, "expected a value of the set"),
    ('nv.value matches "("', 18, "expected a regular expression"),
    ("npdu.src_node matches 5", 15, "neither text nor names"),
    ("nv.value[2-1] == 00", 9, "ends behind its start"),
    ("nv.value[] == 00", 9, "expected a slice"),
    ("nv.value[0:0] == 00", 9, "a length of 1"),
    ("nv.value[0 == 00", 9, "expected ]"),
    ("npdu.src_node[0] == 1", 14, "have slices"),
    ("nv.value == 0g", 13, "expected bytes"),
    ('nv.value == "a', 13, "closing quotation mark"),
    ('nv.value == "\\q"', 13, "expected an escape"),
    ("npdu.src == 1", 13, "an address such as 1/42"),
    ("npdu.src == 1/200", 13, "an address such as 1/42"),
    ("npdu.src < 1/2", 10, "addresses have no order"),
    ("all nv", 7, "expected a comparison after all"),
    ("frame.time_epoch == 1.0000000001", 21, "up to 9 decimals"),
    ('frame.time_epoch == "2026-11-25"', 21, "up to 9 decimals"),
    ("frame.time > 5", 14, "a time such as"),
    ("frame.time > 2026-02-30", 14, "a time such as"),
    ('frame.time == "2026-11-25 12"', 15, "a time such as"),
    ('frame.time == "2026-11-25 12:00:00.1234567890"', 15, "a time such as"),
    ("frame.time == 9999-01-01", 15, "64 bits"),
    ("frame.time == frame.time_epoch", 15, "of different kinds"),
    ("npdu.src_node == nv.value", 18, "of different kinds"),
    ("npdu.src_node & x", 17, "expected a number after &"),
    ("nv \x00", 4, "expected a field, a value or an operator"),
    ("!" * 300 + "nv", 101, "at most 100"),
]


@pytest.mark.parametrize(("text", "column", "part"), WRONG)
def test_what_is_wrong_and_where(text: str, column: int, part: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert isinstance(caught.value, ValueError)
    assert part in str(caught.value)
    assert caught.value.column == column
    assert caught.value.pointer.index("^") == column - 1
    assert str(caught.value).endswith(f"(column {column})")
    assert "\n" not in str(caught.value)


def test_pointer_marks_the_whole_word() -> None:
    with pytest.raises(FilterError) as caught:
        parse("nv and npdu.src_nod == 1")
    assert caught.value.pointer == " " * 7 + "^" * 12


def test_precedence() -> None:
    found = parse("nv or not spdu and npdu || lpdu")
    assert isinstance(found, Logical)
    assert found.operator == "||"
    assert [type(t) for t in found.terms] == [Present, Logical, Present]
    second = found.terms[1]
    assert isinstance(second, Logical)
    assert isinstance(second.terms[0], Not)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("npdu.src_node eq 1", "npdu.src_node == 0x1"),
        ("npdu.src_node ne 1", "npdu.src_node != 0b1"),
        ("npdu.src_node lt 8", "npdu.src_node < 010"),
        ("npdu.src_node le 1", "npdu.src_node <= 1"),
        ("npdu.src_node gt 1", "npdu.src_node > 1"),
        ("npdu.src_node ge 1", "npdu.src_node >= 1"),
        ("not nv and npdu", "! nv && npdu"),
        ("nv or npdu", "nv||npdu"),
        ("all npdu.src_node == 1", "npdu.src_node === 1"),
        ("any npdu.src_node != 1", "npdu.src_node !== 1"),
        ("all npdu.src_node != 1", "npdu.src_node != 1"),
        ("nv.value[1-2] == 00:c4", "nv.value[1:2] == 00:c4"),
    ],
)
def test_other_spellings(one: str, other: str) -> None:
    def plain(text: str) -> str:
        found = parse(text)
        if isinstance(found, Relation):
            low = found.values[0][0]
            return repr((found.reference, found.operator, low.numbers, low.data, found.every))
        return repr(found)

    assert plain(one) == plain(other)


def test_names_of_values_without_regard_to_case() -> None:
    numbers = []
    for text in ("spdu.type == REQUEST", "spdu.type == request", 'spdu.type == "Request"'):
        found = parse(text)
        assert isinstance(found, Relation)
        numbers.append(found.values[0][0].numbers)
    assert numbers[0] == numbers[1] == numbers[2] != frozenset()


def test_fast_is_what_the_kept_columns_have() -> None:
    for text in ("npdu.src_node == 1 and frame.len > 3", "npdu.src == 1/2", "npdu.domain == 00", "npdu.neuron_id"):
        assert Filter(text).fast, text
    for text in ("nv", "nv.value == 00", "npdu.src_node == 1 or spdu"):
        assert not Filter(text).fast, text


def test_literals() -> None:
    assert [number(t) for t in ("10", "0x1F", "0b11", "017", "0", "-5", "1.5", "5 ", "")] == [
        10, 31, 3, 15, 0, -5, None, None, None,
    ]  # fmt: skip
    assert octets("00:c4") == octets("00c4") == octets("00-C4") == octets("0x00c4") == b"\x00\xc4"
    assert octets("0") is None
    assert nanoseconds("1700000000.123456789") == 1_700_000_000_123_456_789
    assert nanoseconds("0.1") == 100_000_000
    assert nanoseconds("-1.5") == -1_500_000_000
    assert nanoseconds("0.1234567891") is None
    for text, ns in (
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123_456_789),
        ("2023-11-14 23:13:20.1+01:00", 1_700_000_000_100_000_000),
        ("2023-11-14 22:13", 1_699_999_980_000_000_000),
        ("1970-01-02", 86_400 * 10**9),
        ("1969-12-31 23:59:59.999999999", -1),
    ):
        assert moment(text) == ns
    for text in ("1/42", "group 9", "subnet 3", "broadcast", "04:11:22:33:44:55"):
        value = address(text)
        assert value is not None
        assert address_text(value) == text


WORDS = st.sampled_from(
    ["nv", "npdu.src_node", "nv.value", "npdu.src", "spdu.type", "frame.time_epoch", "==", "!=", "<", "in", "{", "}",
     "(", ")", "and", "or", "not", "!", "any", "all", "contains", "matches", "[0:2]", "[1]", "5", "5..9", "00:c4",
     '"a.b"', "1/42", "REQUEST", "&", "0x1f", ",", "1.5", "~", "===", r'r"\d"', "npdu.src_node[", "apdu.code"]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join), st.lists(WORDS, max_size=9).map("".join)
    )
)
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        Filter(text)
    except FilterError as error:
        assert 1 <= error.column <= len(text) + 1
        assert error.pointer.count("^") >= 1


def test_no_text_is_too_much() -> None:
    for text in (
        "(" * 50_000,
        "nv and " * 9000 + "nv",
        "9" * 60_000,
        "npdu.src_node == " + "9" * 5000,
        "x" * 60_000,
        "nv" * 90_000,
    ):
        try:
            parse(text)
        except FilterError:
            continue
