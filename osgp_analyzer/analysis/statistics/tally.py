# SPDX-License-Identifier: GPL-2.0-or-later
"""Counting by key over many chunks: memory grows with the keys that occur, not with the frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from osgp_analyzer.engines.columns.values import Bools, Ints


class Interner:
    """Numbers from 0 for the values that occur."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self._numbers: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.values)

    def id(self, value: int) -> int:
        """The number of a value; a new one gets the next."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number

    def ids(self, values: Ints) -> Ints:
        """The number of each value."""
        distinct = np.unique(values)
        numbers = np.array([self.id(value) for value in distinct.tolist()], np.int64)
        return np.asarray(numbers[np.searchsorted(distinct, values)])


class Sums:
    """Named sums for each number from 0."""

    def __init__(self, *names: str) -> None:
        self.columns: dict[str, Ints] = {name: np.zeros(0, np.int64) for name in names}

    def add(self, ids: Ints, **amounts: Ints | Bools | None) -> None:
        """Add each row's amount to the sum of its number; None counts the row, a mask those where it is true.

        Amounts of a chunk may add up to 2**53.
        """
        for name, amount in amounts.items():
            made = np.bincount(ids[amount]) if amount is not None and amount.dtype == bool else np.bincount(ids, amount)
            column = self.columns[name]
            if len(made) > len(column):
                column = self.columns[name] = np.pad(column, (0, len(made) - len(column)))
            column[: len(made)] += made.astype(np.int64)

    def get(self, name: str, number: int) -> int:
        """One sum; 0 for a number that has none."""
        column = self.columns[name]
        return int(column[number]) if number < len(column) else 0

    def row(self, number: int) -> dict[str, int]:
        """All sums of a number."""
        return {name: self.get(name, number) for name in self.columns}


class Extremes:
    """The least and the greatest value of each number."""

    LEAST, GREATEST = np.iinfo(np.int64).max, np.iinfo(np.int64).min

    def __init__(self) -> None:
        self._least: Any = np.zeros(0, np.int64)
        self._greatest: Any = np.zeros(0, np.int64)

    def add(self, ids: Ints, values: Ints) -> None:
        """Take in a value for each number in `ids`."""
        if not len(ids):
            return
        missing = int(ids.max()) + 1 - len(self._least)
        if missing > 0:
            self._least = np.pad(self._least, (0, missing), constant_values=self.LEAST)
            self._greatest = np.pad(self._greatest, (0, missing), constant_values=self.GREATEST)
        np.minimum.at(self._least, ids, values)
        np.maximum.at(self._greatest, ids, values)

    def get(self, number: int) -> tuple[int, int] | None:
        """Least and greatest, None for a number without values."""
        if number >= len(self._least) or self._least[number] > self._greatest[number]:
            return None
        return int(self._least[number]), int(self._greatest[number])
