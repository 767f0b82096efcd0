# SPDX-License-Identifier: GPL-2.0-or-later
"""Text made for many rows at once is the text that Python makes row by row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from osgp_analyzer.engines.columns import cells, figures
from osgp_analyzer.engines.columns.values import Slices

NONE = np.iinfo(np.int64).min
NUMBERS = st.lists(st.one_of(st.integers(-1, 300), st.integers(0, 70000), st.integers(-5, 2**62)), max_size=30)
TEXTS = st.lists(st.one_of(st.text(max_size=3), st.text(max_size=90), st.text(max_size=300)), max_size=40)


def shown(column: cells.Cells) -> list[str]:
    ended = cells.join([column, cells.constant("\0", len(column))]).tobytes().decode()
    assert ended.count("\0") == len(column)
    return ended.split("\0")[:-1]


@given(NUMBERS)
def test_numbers(values: list[int]) -> None:
    assert shown(figures.numbers(np.array(values, np.int64))) == ["" if v == -1 else str(v) for v in values]
    assert shown(figures.numbers(np.array(values, np.int64), 5, "|")) == [f"{'' if v == -1 else v:>5}|" for v in values]


@given(st.lists(st.one_of(st.just(NONE), st.integers(-(2**62), 2**62), st.integers(0, 3 * 10**9)), max_size=30))
def test_seconds(times: list[int]) -> None:
    expected = []
    for ns in times:
        sign, size = ("-" if ns < 0 else ""), abs(ns)
        expected.append("" if ns == NONE else f"{sign}{size // 10**9}.{size % 10**9:09}")
    assert shown(cells.concat(figures.seconds(np.array(times, np.int64), NONE))) == expected
    padded = cells.concat(figures.seconds(np.array(times, np.int64), NONE, 14, "|"))
    assert shown(padded) == [f"{text:>14}|" for text in expected]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_hexadecimal(values: list[bytes]) -> None:
    length = np.array([len(v) for v in values], np.int64)
    data = np.frombuffer(b"".join(values) or b"\0", np.uint8)
    column = Slices(data, np.cumsum(length) - length, length, np.ones(len(values), bool))
    assert shown(figures.hexadecimal(column)) == [v.hex() for v in values]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_hexadecimal_with_colons(values: list[bytes]) -> None:
    length = np.array([len(v) for v in values], np.int64)
    data = np.frombuffer(b"".join(values) or b"\0", np.uint8)
    column = Slices(data, np.cumsum(length) - length, length, np.ones(len(values), bool))
    assert shown(figures.hexadecimal(column, ":")) == [v.hex(":") for v in values]


@given(st.lists(st.integers(0, 16**14 - 1), max_size=30) | st.lists(st.integers(0, 255), max_size=30))
def test_hexadecimal_numbers(values: list[int]) -> None:
    digits = 2 if all(value < 256 for value in values) else 14
    made = figures.hexadecimal_numbers(np.array(values, np.int64), digits)
    assert shown(made) == [f"0x{value:0{digits}x}" for value in values]


@given(TEXTS, st.integers(0, 20), st.booleans())
def test_padded(texts: list[str], width: int, right: bool) -> None:
    plain = [text.encode("ascii", "ignore").decode().replace("\0", "") for text in texts]
    expected = [(text.rjust(width) if right else text.ljust(width)) + "|" for text in plain]
    assert shown(cells.padded(cells.table(plain), width, "|", right)) == expected


@given(st.data())
def test_texts_of_some_rows(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 30))
    texts = st.one_of(st.text(max_size=2), st.text(max_size=90), st.text(max_size=300))
    made = data.draw(st.lists(texts, min_size=rows, max_size=rows))
    columns, parts = [cells.table(made)], []
    for _ in range(data.draw(st.integers(0, 5))):
        some = sorted(data.draw(st.sets(st.integers(0, rows - 1))))
        more = data.draw(st.lists(texts, min_size=len(some), max_size=len(some)))
        parts.append((np.array(some, np.int64), cells.table(more)))
        for row, text in zip(some, more, strict=True):
            made[row] += text
    parts.append((cells.EVERY, cells.constant("\n", rows)))
    assert cells.join(columns, parts).tobytes().decode() == "".join(text + "\n" for text in made)


@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 9), max_size=40))
def test_distinct(values: list[int]) -> None:
    found, place = cells.distinct(np.array(values, np.int64))
    assert found.tolist() == sorted(set(values))
    assert found[place].tolist() == values


@given(st.data())
def test_columns_side_by_side(data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 30))
    texts = st.one_of(st.text(max_size=2), st.text(max_size=90), st.text(max_size=300))
    made, columns = [""] * rows, []
    for _ in range(data.draw(st.integers(1, 5))):
        some = data.draw(st.lists(texts, min_size=1, max_size=5))
        place = data.draw(st.lists(st.integers(0, len(some) - 1), min_size=rows, max_size=rows))
        columns.append(cells.table(some, np.array(place, np.int64)))
        made = [before + some[p] for before, p in zip(made, place, strict=True)]
    assert cells.join(columns).tobytes().decode() == "".join(made)
    ended = cells.join([cells.concat(columns), cells.constant("\n\0\n", rows)]).tobytes().decode()
    assert ended == "".join(text + "\n\0\n" for text in made)


@given(TEXTS, st.data())
def test_parts_of_a_column(texts: list[str], data: st.DataObject) -> None:
    whole = cells.table([text.replace("\0", "") for text in texts])
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))), bool)
    parts = [np.flatnonzero(chosen), np.flatnonzero(~chosen)]
    again = cells.merge([(rows, whole.take(rows)) for rows in parts], len(texts))
    assert shown(again) == shown(whole)
    half = cells.merge([(parts[0], whole.take(parts[0]))], len(texts))
    assert shown(half) == [text if keep else "" for text, keep in zip(shown(whole), chosen.tolist(), strict=True)]


@given(st.lists(st.lists(st.integers(-1, 300), min_size=4, max_size=4), max_size=30))
def test_small_numbers_together(rows: list[list[int]]) -> None:
    columns = [np.array([row[i] for row in rows], np.int16) for i in range(3)]
    columns.append(np.array([min(row[3], 127) for row in rows], np.int8))
    rows = [[*row[:3], min(row[3], 127)] for row in rows]
    ends = ["\t", "\t", "", "\n"]
    made = cells.join([figures.numbers(column, 0, end) for column, end in zip(columns, ends, strict=True)])
    texts = [["" if value == -1 else str(value) for value in row] for row in rows]
    assert made.tobytes().decode() == "".join(f"{a}\t{b}\t{c}{d}\n" for a, b, c, d in texts)
