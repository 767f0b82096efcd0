# SPDX-License-Identifier: GPL-2.0-or-later
"""The book of what was found out about frames: all rows, or those of the last frames; others may read meanwhile."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from osgp_analyzer.analysis.security.book import COLUMNS, Book


def some_rows(frames: list[int]) -> dict[str, Any]:
    rows: dict[str, Any] = {name: np.array(frames).astype(kind) for name, kind in COLUMNS.items()}
    rows["frame"] = np.array(frames)
    return rows


@pytest.mark.parametrize("keep", [None, 500])
def test_rows(keep: int | None) -> None:
    book, added, frame = Book(keep), list[int](), 0
    chosen = random.Random(1)
    views = []
    for _ in range(60):
        frames = sorted(chosen.sample(range(frame, frame + 100), chosen.randrange(1, 60)))
        frame += 100
        book.add(some_rows(frames))
        added += frames
        views.append((book.rows, book.rows["frame"].copy(), book.rows["request"].copy()))
        least = -1 if keep is None else added[-1] - keep
        wanted = [one for one in added if one >= least]
        found, rows = book.of(np.array([*wanted, frame + 5]))
        assert found.tolist() == list(range(len(wanted)))
        assert rows["frame"].tolist() == rows["request"].tolist() == wanted
        start = max(least, frame - 250)
        assert book.between(start, frame - 50)["frame"].tolist() == [one for one in added if start <= one < frame - 50]
        assert keep is None or len(book.rows["frame"]) <= 4 * keep
    for rows, frames_then, requests_then in views:
        assert np.array_equal(rows["frame"], frames_then), "what somebody reads does not change"
        assert np.array_equal(rows["request"], requests_then)
    if keep is None:
        assert book.rows["frame"].tolist() == added


def test_nothing_in_it() -> None:
    found, rows = Book(None).of(np.array([1, 2]))
    assert not len(found)
    assert not len(rows["frame"])
