# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers, times and bytes of many rows as text: the digits are looked up some at a time."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.engines.columns.cells import (
    EVERY,
    WIDTH,
    Bytes2,
    Cells,
    below,
    concat,
    distinct,
    merge,
    of_values,
    table,
)
from osgp_analyzer.engines.columns.values import Ints, Slices, beyond, some

THOUSAND = 1000
EIGHT = 8


@cache
def _small(width: int, suffix: str, size: int) -> Cells:
    """Texts of nothing (-1) and of the numbers below `size`, to the right of `width`."""
    if size <= THOUSAND:
        return table([f"{number:>{width}}{suffix}" for number in ("", *range(size))])
    few, thousands = _small(width, suffix, THOUSAND), _small(max(0, width - 3), "", THOUSAND)
    last = _thousands(suffix)
    above, rest = np.divmod(np.arange(THOUSAND, size), THOUSAND)
    made = concat([Cells(thousands.text, thousands.length, above + 1), Cells(last.text, last.length, rest)])
    return below([few, made])


@cache
def _thousands(suffix: str) -> Cells:
    """Texts of the numbers of three digits, with leading zeros."""
    return table([f"{n:03}{suffix}" for n in range(THOUSAND)])


def numbers(values: NDArray[Any], width: int = 0, suffix: str = "") -> Cells:
    """Whole numbers, to the right of `width` (up to 5), and a suffix; -1 is no number."""
    return concat(whole_numbers(values, width, suffix))


def whole_numbers(values: NDArray[Any], width: int = 0, suffix: str = "") -> list[Cells]:
    """As `numbers`, in pieces."""
    if some(beyond(values)):
        return [of_values(values, lambda value: f"{value:>{width}}{suffix}")]
    values = values.astype(np.int64)
    if not len(values) or (values.min() >= -1 and values.max() < 1 << 16):
        known = _small(width, suffix, THOUSAND if not len(values) or values.max() < THOUSAND else 1 << 16)
        return [Cells(known.text, known.length, values + 1)]
    if values.min() < -1 or values.max() >= 1 << 60:
        return [of_values(values, lambda value: f"{'' if value == -1 else value:>{width}}{suffix}")]
    small = np.flatnonzero(values < 1 << 16)
    thousands, rest = np.divmod(values, THOUSAND)
    last = _thousands(suffix)
    pieces = [*whole_numbers(thousands), Cells(last.text, last.length, rest)]
    if not len(small):
        return pieces
    large = np.flatnonzero(values >= 1 << 16)
    return [merge([(large, concat(pieces).take(large)), (small, numbers(values[small], width, suffix))], len(values))]


def seconds(times: Ints, missing: int, width: int = 0, suffix: str = "") -> list[Cells]:
    """Nanoseconds as seconds with nine decimals, to the right of `width` (up to 14), in pieces; `missing` is no
    number."""
    if not len(times) or times.min() < 0:
        return [of_values(times, lambda ns: f"{'' if ns == missing else decimal(ns):>{width}}{suffix}")]
    whole, rest = np.divmod(times, 10**9)
    return [of_values(whole, lambda second: f"{second:>{max(0, width - 10)}}."), *fraction(rest, suffix)]


def fraction(rest: Ints, suffix: str) -> list[Cells]:
    """Nanoseconds below a second as nine decimals, in pieces."""
    micros, thousandths = np.divmod(rest, THOUSAND)
    millis, micros = np.divmod(micros, THOUSAND)
    digits, last = _thousands(""), _thousands(suffix)
    return [
        Cells(digits.text, digits.length, millis),
        Cells(digits.text, digits.length, micros),
        Cells(last.text, last.length, thousandths),
    ]


def decimal(ns: int) -> str:
    """Nanoseconds as seconds."""
    return f"{'-' if ns < 0 else ''}{abs(ns) // 10**9}.{abs(ns) % 10**9:09}"


@cache
def _pairs(between: str) -> Bytes2:
    """The two digits of each byte, and what stands between bytes."""
    made = np.frombuffer("".join(f"{n:02x}{between}" for n in range(256)).encode(), np.uint8)
    return made.reshape(256, 2 + len(between))


def hexadecimal(value: Slices, between: str = "") -> Cells:
    """The bytes of each row in hex, an ASCII text between any two."""
    pairs, length = _pairs(between), value.length
    step = pairs.shape[1]
    eights = -(-int(length.max()) // EIGHT) if len(length) else 0
    width = -(-eights * EIGHT * step // WIDTH) * WIDTH or WIDTH
    made = np.zeros((len(length), width), np.uint8)
    for first in range(0, eights * EIGHT, EIGHT):
        some = EVERY if first == 0 else np.flatnonzero(length > first)
        digits = pairs.take(_eight(value.data, value.offset[some] + first).ravel(), 0)
        made[some, first * step : (first + EIGHT) * step] = digits.reshape(-1, EIGHT * step)
    return Cells(made, np.maximum(length * step - len(between), 0))


def hexadecimal_numbers(values: NDArray[Any], digits: int) -> Cells:
    """Numbers below ``16**digits`` (14 at most) as ``0x`` and so many digits."""
    found, place = distinct(values)
    pairs = _pairs("").take(found.astype(">u8").view(np.uint8), 0).reshape(-1, WIDTH)
    made = np.zeros_like(pairs)
    made[:, :2] = np.frombuffer(b"0x", np.uint8)
    made[:, 2 : 2 + digits] = pairs[:, WIDTH - digits :]
    return Cells(made, np.full(len(found), digits + 2), place)


def _eight(data: NDArray[np.uint8], offset: Ints) -> Bytes2:
    """Eight bytes from each offset on; anything behind the end of the buffer."""
    if len(offset) and offset.max() + EIGHT <= len(data):
        overlapping = np.ndarray((len(data) - EIGHT + 1,), f"V{EIGHT}", data, strides=(1,))
        return overlapping[offset].view(np.uint8).reshape(-1, EIGHT)
    return np.asarray(data[np.minimum(offset[:, None] + np.arange(EIGHT), len(data) - 1)])
