# SPDX-License-Identifier: GPL-2.0-or-later
"""Byte strings that users put together of fields and messages: ``["u8(target.subnet)", "wire[1:5]", "hex:00ff"]``.

A nonce, associated data, and what a digest is over are lists of such parts, one behind the other. `schema.parttext`
reads them. How many bytes a part can have is known beforehand, so that a nonce of a wrong size is found in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from osgp_analyzer.schema.expr import Env, Expr

LONGEST = 1 << 12
"""Bytes of a message, at most: one on any port has 476 (MEP guide p.8)."""
WIRE, MESSAGE, REQUEST, REQUEST_TAG = "wire", "message", "request", "request_tag"
MESSAGES = {
    WIRE: "the message as it was sent",
    MESSAGE: "the message in clear, without its tag",
    REQUEST: "the request of a response, in clear, without its tag",
    REQUEST_TAG: "the tag or digest of that request",
}


class Names(NamedTuple):
    """What expressions about messages can refer to, by full name."""

    numbers: Mapping[str, tuple[int, int]]
    """Fields that are numbers, with the lowest and the highest value."""
    strings: Mapping[str, tuple[int, int]]
    """Fields that are bytes, with the least and the greatest number of them."""


@dataclass(frozen=True)
class Given:
    """What parts are evaluated with: values of fields by full name, and messages by the names in `MESSAGES`."""

    values: Mapping[str, int | bytes]
    messages: Mapping[str, bytes]

    def number(self, expression: Expr) -> int | None:
        """The value of an expression, None where a field that it needs is not there."""
        found = expression.compiled()(cast(Env, self))
        return None if found is None else int(found)

    def string(self, name: str) -> bytes | None:
        """The bytes of a message or field."""
        found = self.messages.get(name, self.values.get(name))
        return found if isinstance(found, bytes) else None

    # -- the part of an `Env` that these expressions need -----------------------------------------------------------

    def outer(self, name: str) -> int | None:
        """A field that is a number."""
        found = self.values.get(name)
        return found if isinstance(found, int) else None

    def size_of(self, name: str) -> int | None:
        """Bytes of a message."""
        found = self.messages.get(name)
        return None if found is None else len(found)

    def peek(self, offset: int) -> int | None:
        """A byte of the message as it was sent."""
        wire = self.messages.get(WIRE, b"")
        return wire[offset] if offset < len(wire) else None


class Part:
    """Base of all parts."""

    def sizes(self) -> tuple[int, int]:
        """The least and the greatest number of bytes."""
        raise NotImplementedError(type(self).__name__)

    def value(self, given: Given) -> bytes | None:
        """The bytes, None where they are not there."""
        raise NotImplementedError(type(self).__name__)


Parts = tuple[Part, ...]


@dataclass(frozen=True)
class Constant(Part):
    """Bytes that the file says itself: ``hex:00ff``, ``text:abc``."""

    data: bytes

    def sizes(self) -> tuple[int, int]:
        return len(self.data), len(self.data)

    def value(self, given: Given) -> bytes:
        return self.data


@dataclass(frozen=True)
class Whole(Part):
    """A message, or a field that is bytes."""

    name: str
    least: int
    most: int

    def sizes(self) -> tuple[int, int]:
        return self.least, self.most

    def value(self, given: Given) -> bytes | None:
        return given.string(self.name)


@dataclass(frozen=True)
class Slice(Part):
    """Bytes `start` to `stop`, not included, of a part that has them; up to the end where `stop` is None."""

    of: Part
    start: int
    stop: int | None

    def sizes(self) -> tuple[int, int]:
        if self.stop is not None:
            return self.stop - self.start, self.stop - self.start
        least, most = self.of.sizes()
        return max(least - self.start, 0), most - self.start

    def value(self, given: Given) -> bytes | None:
        found = self.of.value(given)
        if found is None or len(found) < (self.start if self.stop is None else self.stop):
            return None
        return found[self.start : self.stop]


@dataclass(frozen=True)
class Last(Part):
    """The last `count` bytes of a part that has them."""

    of: Part
    count: int

    def sizes(self) -> tuple[int, int]:
        return self.count, self.count

    def value(self, given: Given) -> bytes | None:
        found = self.of.value(given)
        return None if found is None or len(found) < self.count else found[len(found) - self.count :]


@dataclass(frozen=True)
class Padded(Part):
    """A part with zero bytes behind it, up to `size`; nothing where it is longer."""

    of: Part
    size: int

    def sizes(self) -> tuple[int, int]:
        return self.size, self.size

    def value(self, given: Given) -> bytes | None:
        found = self.of.value(given)
        return None if found is None or len(found) > self.size else found.ljust(self.size, b"\0")


@dataclass(frozen=True)
class Xor(Part):
    """Two parts of the same size, byte by byte."""

    left: Part
    right: Part

    def sizes(self) -> tuple[int, int]:
        (a, b), (c, d) = self.left.sizes(), self.right.sizes()
        return max(a, c), min(b, d)

    def value(self, given: Given) -> bytes | None:
        left, right = self.left.value(given), self.right.value(given)
        if left is None or right is None or len(left) != len(right):
            return None
        return bytes(a ^ b for a, b in zip(left, right, strict=True))


@dataclass(frozen=True, eq=False)
class Number(Part):
    """The low `size` bytes of a number."""

    number: Expr
    size: int
    order: Literal["big", "little"]

    def sizes(self) -> tuple[int, int]:
        return self.size, self.size

    def value(self, given: Given) -> bytes | None:
        found = given.number(self.number)
        return None if found is None else (found % (1 << 8 * self.size)).to_bytes(self.size, self.order)


def joined(parts: Parts, given: Given) -> bytes | None:
    """All parts, one behind the other; None where one is not there, or they are longer than any message."""
    found = [part.value(given) for part in parts]
    whole = [one for one in found if one is not None]
    return b"".join(whole) if len(whole) == len(found) and sum(map(len, whole)) <= 4 * LONGEST else None


def sizes(parts: Parts) -> tuple[int, int]:
    """The least and the greatest number of bytes of all parts."""
    each = [part.sizes() for part in parts]
    return sum(least for least, _ in each), sum(most for _, most in each)
