# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading and writing values at a bit position."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """Where a field is: first bit and number of bits, counted from the start of its layer.

    In a layer whose bits count from the low end the first bit is that of the field's lowest bit.
    """

    bit: int
    bits: int

    @property
    def offset(self) -> int:
        """First byte, from the start of the layer."""
        return self.bit // 8

    @property
    def length(self) -> int:
        """Number of bytes that the field touches."""
        return (self.bit % 8 + self.bits + 7) // 8


class Truncated(Exception):
    """A field needs more than is left. Raised and caught inside the engine only."""

    def __init__(self, needed: int, left: int) -> None:
        self.needed, self.left = needed, left


class Unknown(Exception):
    """A length or count cannot be known. Raised and caught inside the engine only."""

    def __init__(self, missing: str) -> None:
        self.missing = missing


class Before(Exception):
    """A field begins before the part of a layer that is there; `within`: it ends in it. Raised and caught inside the
    engine only, with the cursor behind the field."""

    def __init__(self, within: bool = False) -> None:
        self.within = within


class Cursor:
    """A place in `data`, in bits, with an end in bytes. `skip`: it starts so many bytes before the data, which are then
    a part of a layer."""

    __slots__ = ("bit", "data", "end", "skipping")

    def __init__(self, data: bytes, skip: int = 0) -> None:
        self.data, self.bit, self.end = data, -8 * skip, len(data)
        self.skipping = skip > 0

    @property
    def byte(self) -> int:
        """The first byte not yet begun."""
        return (self.bit + 7) // 8

    @property
    def left(self) -> int:
        """Whole bytes up to the end."""
        return max(0, self.end - self.byte)

    def need(self, bits: int) -> None:
        """Raise `Truncated` unless so many bits are left."""
        if self.bit + bits > self.end * 8:
            raise Truncated((bits + 7) // 8, self.left)

    def bits_msb(self, width: int) -> int:
        """The next `width` bits, most significant first."""
        self.need(width)
        start, stop = self.bit, self.bit + width
        if start < 0:
            self._before(stop)
        word = int.from_bytes(self.data[start // 8 : (stop + 7) // 8], "big")
        self.bit = stop
        return word >> (-stop % 8) & ((1 << width) - 1)

    def bits_lsb(self, width: int) -> int:
        """The next `width` bits of a little-endian word in which they are packed from the low end."""
        start, shift = divmod(self.bit, 8)
        run = (shift + width + 7) // 8
        if start + run > self.end:
            raise Truncated(run, self.end - start)
        stop = self.bit + width
        if start < 0:
            self._before(stop)
        word = int.from_bytes(self.data[start : start + run], "little")
        self.bit = stop
        return word >> shift & ((1 << width) - 1)

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        self.need(length * 8)
        start = self.byte
        if start < 0 or (self.skipping and start == length == 0):
            self._before((start + length) * 8)
        self.bit = (start + length) * 8
        return self.data[start : start + length]

    def _before(self, stop: int) -> None:
        self.bit = stop
        raise Before(stop > 0)


class Sink:
    """Collects bits and bytes while building."""

    __slots__ = ("bits", "done", "word")

    def __init__(self) -> None:
        self.done, self.word, self.bits = bytearray(), 0, 0

    def put_msb(self, value: int, width: int) -> None:
        """Append `width` bits, most significant first."""
        self.word = self.word << width | (value & ((1 << width) - 1))
        self.bits += width
        while self.bits >= 8:
            self.bits -= 8
            self.done.append(self.word >> self.bits & 0xFF)
        self.word &= (1 << self.bits) - 1

    def put_lsb(self, value: int, width: int, shift: int, run: int) -> None:
        """Put `width` bits at `shift` of a little-endian word; the word goes out with its last field."""
        self.word |= (value & ((1 << width) - 1)) << shift
        if shift + width == run * 8:
            self.done += self.word.to_bytes(run, "little")
            self.word = 0

    def put(self, data: bytes) -> None:
        """Append whole bytes (an unfinished byte is filled with zero bits first)."""
        if self.bits:
            self.put_msb(0, 8 - self.bits)
        self.done += data
