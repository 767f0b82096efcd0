# SPDX-License-Identifier: GPL-2.0-or-later
"""Named procedures in their column form."""

from __future__ import annotations

import random

import numpy as np
import pytest
from crccheck.crc import Crc16Genibus

from dissectors.procedures_columns import crc16


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 61, 300])
def test_crc_of_many_rows_against_an_independent_implementation(size: int) -> None:
    """Rows of every length at every place of a buffer, to its very ends."""
    data = random.Random(size).randbytes(size)
    step = max(1, size // 24)
    rows = [(a, b) for a in range(0, size + 1, step) for b in range(a + 1, size + 1, step)]
    rows += [(0, size), (max(0, size - 1), size)] if size else []
    start, end = np.array(rows, np.int64).reshape(-1, 2).T
    found = crc16(np.frombuffer(data or b"\0", np.uint8), start, end)
    assert found.tolist() == [Crc16Genibus.calc(data[a:b]) for a, b in rows]
