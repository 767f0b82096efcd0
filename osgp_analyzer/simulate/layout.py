# SPDX-License-Identifier: GPL-2.0-or-later
"""The bytes of a table, written field by field, and which value stands where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

SECOND = 10**9
"""In ns, as all times are."""


def calendar(time: int) -> datetime:
    """A time in ns since 1970, UTC, to the second."""
    return datetime.fromtimestamp(time // SECOND, UTC)


class Layout:
    """Fields one behind the other, little-endian as OSGP tables are.

    Names are those of the analyzer; one without a dot gets that of the `table` in front. `base` is where in the table
    the fields begin.
    """

    def __init__(self, table: str, base: int = 0) -> None:
        self.table, self.base = table, base
        self.data = bytearray()
        self.fields: list[tuple[str, int, int, Any]] = []
        """Name, offset and size in bytes, value."""

    def _name(self, name: str) -> str:
        return name if "." in name else f"{self.table}.{name}"

    def _put(self, name: str, data: bytes, value: Any) -> None:
        self.fields.append((self._name(name), self.base + len(self.data), len(data), value))
        self.data += data

    def uint(self, name: str, value: int, size: int = 1) -> None:
        """An unsigned number of `size` bytes."""
        self._put(name, value.to_bytes(size, "little"), value)

    def uints(self, *parts: tuple[str, int, int]) -> None:
        """Unsigned numbers: name, value and size of each; what has no name is filled with zeros."""
        for name, value, size in parts:
            if name:
                self.uint(name, value, size)
            else:
                self.fill(size)

    def number(self, name: str, value: int, size: int = 4) -> None:
        """A signed number; NI_FMAT1 and NI_FMAT2 are INT32."""
        self._put(name, value.to_bytes(size, "little", signed=True), value)

    def numbers(self, name: str, values: Iterable[int]) -> None:
        """An array of INT32."""
        for value in values:
            self.number(name, value)

    def bits(self, size: int, *parts: tuple[str, int, int, int]) -> None:
        """Parts of `size` bytes: name, first bit, width and value of each part."""
        offset = self.base + len(self.data)
        total = 0
        for name, bit, width, value in parts:
            total |= value << bit
            self.fields.append((self._name(name), offset + bit // 8, (bit % 8 + width + 7) // 8, value))
        self.data += total.to_bytes(size, "little")

    def packed(self, size: int, *parts: tuple[str, int, int]) -> None:
        """Parts of `size` big-endian bytes, the highest first: name, width in bits and value of each."""
        left, total = 8 * size, 0
        offset = self.base + len(self.data)
        for name, width, value in parts:
            left -= width
            total |= value << left
            self.fields.append((self._name(name), offset, size, value))
        self.data += total.to_bytes(size, "big")

    def text(self, name: str, value: str, size: int, fill: bytes = b"\0") -> None:
        """ASCII, filled up on the right."""
        self._put(name, value.encode("ascii").ljust(size, fill), value)

    def raw(self, name: str, value: bytes) -> None:
        """Bytes as they are; in the values as hexadecimal."""
        self._put(name, value, value.hex())

    def encoded(self, data: bytes, values: Mapping[str, Any]) -> None:
        """Bytes with several values in them, which are known where all of the bytes are."""
        for name, value in values.items():
            for one in value if isinstance(value, list) else [value]:
                self.fields.append((self._name(name), self.base + len(self.data), len(data), one))
        self.data += data

    def fill(self, size: int) -> None:
        """Zeros that mean nothing."""
        self.data += bytes(size)

    def ltime(self, name: str, time: int) -> None:
        """LTIME_DATE, 6 bytes: year, month, day, hour, minute, second; a time of 0 is all zeros."""
        self._date(name, time, 6)

    def stime(self, name: str, time: int) -> None:
        """STIME_DATE, 5 bytes: the same without the second."""
        self._date(name, time, 5)

    def _date(self, name: str, time: int, size: int) -> None:
        if not time:
            self._put(name, bytes(size), None)
            return
        at = calendar(time)
        parts = (at.year % 100, at.month, at.day, at.hour, at.minute, at.second)
        shown = at.replace(tzinfo=None, second=at.second if size == 6 else 0)
        self._put(name, bytes(parts[:size]), shown.isoformat())

    def read(self, offset: int = 0, count: int | None = None) -> bytes:
        """`count` bytes from `offset` of the table on; zeros past its end (optical guide p.9)."""
        start = offset - self.base
        if count is None:
            return bytes(self.data)
        return bytes(self.data[start : start + count]).ljust(count, b"\0")

    def values(self, offset: int = 0, count: int | None = None) -> dict[str, Any]:
        """Values by name of the fields that lie wholly in a part of the table; lists of those that are there more
        often, in their order."""
        end = self.base + len(self.data) if count is None else offset + count
        found: dict[str, Any] = {}
        for name, at, size, value in self.fields:
            if at < offset or at + size > end:
                continue
            if name not in found:
                found[name] = value
            elif isinstance(found[name], list):
                found[name].append(value)
            else:
                found[name] = [found[name], value]
        return found


def flags(*parts: tuple[str, int]) -> Sequence[tuple[str, int, int, int]]:
    """Parts of a bit set, each one bit, from bit 0 on."""
    return [(name, bit, 1, value) for bit, (name, value) in enumerate(parts)]
