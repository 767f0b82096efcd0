# SPDX-License-Identifier: GPL-2.0-or-later
"""The bytes of a table, written field by field, and which value stands where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

SECOND = 10**9
"""In ns, as all times are."""


def calendar(time: int) -> datetime:
    """A time in ns since 1970, UTC, to the second."""
    return datetime.fromtimestamp(time // SECOND, UTC)


class Layout:
    """Fields one behind the other, little-endian as OSGP tables are; `base` is where in the table they begin."""

    def __init__(self, base: int = 0) -> None:
        self.base = base
        self.data = bytearray()
        self.fields: list[tuple[str, int, int, Any]] = []
        """Path, offset and size in bytes, value."""

    def _put(self, path: str, data: bytes, value: Any) -> None:
        self.fields.append((path, self.base + len(self.data), len(data), value))
        self.data += data

    def uint(self, path: str, value: int, size: int = 1) -> None:
        """An unsigned number of `size` bytes."""
        self._put(path, value.to_bytes(size, "little"), value)

    def number(self, path: str, value: int, size: int = 4) -> None:
        """A signed number; NI_FMAT1 and NI_FMAT2 are INT32."""
        self._put(path, value.to_bytes(size, "little", signed=True), value)

    def ints(self, path: str, values: Iterable[int]) -> None:
        """An array of INT32."""
        for i, value in enumerate(values):
            self.number(f"{path}[{i}]", value)

    def bits(self, size: int, *parts: tuple[str, int, int, int]) -> None:
        """A bit set of `size` bytes: name, first bit, width and value of each part."""
        offset = self.base + len(self.data)
        total = 0
        for path, bit, width, value in parts:
            total |= value << bit
            self.fields.append((path, offset + bit // 8, (bit % 8 + width + 7) // 8, value))
        self.data += total.to_bytes(size, "little")

    def text(self, path: str, value: str, size: int, fill: bytes = b"\0") -> None:
        """ASCII, filled up on the right."""
        self._put(path, value.encode("ascii").ljust(size, fill), value)

    def raw(self, path: str, value: bytes) -> None:
        """Bytes as they are; in the values as hexadecimal."""
        self._put(path, value, value.hex())

    def fill(self, size: int) -> None:
        """Zeros that mean nothing."""
        self.data += bytes(size)

    def ltime(self, path: str, time: int) -> None:
        """LTIME_DATE, 6 bytes: year, month, day, hour, minute, second; a time of 0 is all zeros."""
        self._date(path, time, 6)

    def stime(self, path: str, time: int) -> None:
        """STIME_DATE, 5 bytes: the same without the second."""
        self._date(path, time, 5)

    def _date(self, path: str, time: int, size: int) -> None:
        if not time:
            self._put(path, bytes(size), None)
            return
        at = calendar(time)
        parts = (at.year % 100, at.month, at.day, at.hour, at.minute, at.second)
        shown = at.replace(tzinfo=None, second=at.second if size == 6 else 0)
        self._put(path, bytes(parts[:size]), shown.isoformat())

    def read(self, offset: int = 0, count: int | None = None) -> bytes:
        """`count` bytes from `offset` of the table on; zeros past its end (optical guide p.9)."""
        start = offset - self.base
        if count is None:
            return bytes(self.data)
        return bytes(self.data[start : start + count]).ljust(count, b"\0")

    def values(self, offset: int = 0, count: int | None = None) -> dict[str, Any]:
        """Values by path of the fields that lie wholly in a part of the table."""
        end = self.base + len(self.data) if count is None else offset + count
        return {path: value for path, at, size, value in self.fields if offset <= at and at + size <= end}


def flags(*parts: tuple[str, int]) -> Sequence[tuple[str, int, int, int]]:
    """Parts of a bit set, each one bit, from bit 0 on."""
    return [(name, bit, 1, value) for bit, (name, value) in enumerate(parts)]
