# SPDX-License-Identifier: GPL-2.0-or-later
"""Matrices of keys that nothing shows: tracebacks may have the values of local variables in them."""

from __future__ import annotations

from typing import Any

import numpy as np


class Hidden(np.ndarray[Any, Any]):
    """An array of bytes whose repr has its shape only; so have its parts, and copies made with `copy`."""

    def __repr__(self) -> str:
        return f"Hidden({' x '.join(map(str, self.shape))} bytes)"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, specification: str) -> str:
        return format(repr(self), specification)


def hidden(array: np.ndarray[Any, Any]) -> Hidden:
    """The same array as one that is not shown."""
    return array.view(Hidden)
