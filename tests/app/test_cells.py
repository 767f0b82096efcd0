# SPDX-License-Identifier: GPL-2.0-or-later
"""Text made for many rows at once is the text that Python makes row by row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from osgp_analyzer.app import cells
from osgp_analyzer.store import NO_TIME
from osgp_analyzer.store.header import PACKED

NUMBERS = st.lists(st.one_of(st.integers(-1, 300), st.integers(0, 70000), st.integers(0, 2**60)), max_size=30)


def shown(column: cells.Cells) -> list[str]:
    size = len(column.place)
    text = cells.lines([column], "\t", np.ones(size, bool))
    assert text.count("\n") == size
    return text.split("\n")[:-1]


@given(NUMBERS)
def test_numbers(values: list[int]) -> None:
    assert shown(cells.numbers(np.array(values, np.int64))) == ["" if v == -1 else str(v) for v in values]


@given(st.lists(st.integers(65000, 10**7), min_size=1, max_size=30))
def test_large_numbers(values: list[int]) -> None:
    assert shown(cells.numbers(np.array(values, np.int64))) == list(map(str, values))


@given(st.lists(st.one_of(st.none(), st.binary(max_size=PACKED)), max_size=30))
def test_packed(values: list[bytes | None]) -> None:
    numbers = [-1 if v is None else int.from_bytes(v, "big") | len(v) << (8 * PACKED) for v in values]
    assert shown(cells.packed(np.array(numbers, np.int64))) == ["" if v is None else v.hex() for v in values]


@given(st.lists(st.one_of(st.just(NO_TIME), st.integers(-(2**62), 2**62), st.integers(0, 3 * 10**9)), max_size=30))
def test_seconds(times: list[int]) -> None:
    expected = []
    for ns in times:
        sign, size = ("-" if ns < 0 else ""), abs(ns)
        expected.append("" if ns == NO_TIME else f"{sign}{size // 10**9}.{size % 10**9:09}")
    assert shown(cells.seconds(np.array(times, np.int64))) == expected


def test_lines() -> None:
    first, second = cells.texts(["a", "", "ümlaut"]), cells.numbers(np.array([1, -1, 70000]))
    assert cells.lines([first, second], ", ", np.array([True, False, True])) == "a, 1\nümlaut, 70000\n"
    assert cells.lines([first], "|", np.zeros(3, bool)) == ""
