# SPDX-License-Identifier: GPL-2.0-or-later
"""A cipher suite as bulk work needs it: where a message is clear and encrypted, and of what its digest is made.

Suites of RC4 and OMA digests over address, messages and length are tried on many messages at once; all others message
by message (`one_by_one`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from osgp_analyzer.schema.expr import Outer, SizeOf
from osgp_analyzer.schema.parts import MESSAGE, REQUEST, Constant, Number, Part, Parts, Whole
from osgp_analyzer.schema.suite import OMA, RC4, SEALINGS, Suite

APDU_CODE = 1
"""Bytes before the table service on the power line."""


class Piece(Enum):
    """What a digest is over."""

    SUBNET = auto()
    NODE = auto()
    REQUEST = auto()
    MESSAGE = auto()
    SIZE = auto()
    """Length of the message, in one byte."""


Pieces = tuple[Piece | bytes, ...]


@dataclass(frozen=True)
class Protection:
    """`body`: where the table service begins. `clear`, `clear_at_end`: bytes of a message that are never encrypted, the
    last `tag` of them its digest or tag. `stream`: where the key stream of a response comes from. `request`,
    `response`: what their digests are over; None where messages must be tried one by one."""

    suite: Suite
    body: int
    clear: int
    clear_at_end: int
    tag: int
    stream: str
    request: Pieces | None
    response: Pieces | None

    @classmethod
    def of(cls, suite: Suite) -> Protection:
        """That of a suite."""
        plain = suite.cipher == RC4 and suite.mac == OMA
        request = _pieces(suite.request.mac_input) if plain else None
        response = _pieces(suite.response.mac_input) if plain else None
        bulk = request is not None and response is not None
        code = APDU_CODE if suite.carrier == "apdu" else 0
        return cls(
            suite,
            max(suite.encrypted_from, code) if suite.cipher in SEALINGS else code,
            suite.encrypted_from,
            suite.clear_at_end,
            suite.tag_length,
            suite.response_stream,
            request if bulk else None,
            response if bulk else None,
        )

    @property
    def head(self) -> int:
        """Bytes between the APDU code and the table service."""
        return self.body - (APDU_CODE if self.suite.carrier == "apdu" else 0)

    @property
    def addressed(self) -> bool:
        """Whether digests cover the address of the meter."""
        return self.request is not None and Piece.NODE in self.request

    @property
    def counted(self) -> bool:
        """Whether the digest of a response covers its length."""
        return self.response is not None and Piece.SIZE in self.response


def _pieces(parts: Parts) -> Pieces | None:
    found = [_piece(part) for part in parts]
    known = tuple(piece for piece in found if piece is not None)
    return known if len(known) == len(found) else None


def _piece(part: Part) -> Piece | bytes | None:
    match part:
        case Constant(data=data):
            return data
        case Whole(name=name):
            return {MESSAGE: Piece.MESSAGE, REQUEST: Piece.REQUEST}.get(name)
        case Number(number=Outer(name=name), size=1):
            return {"target.subnet": Piece.SUBNET, "target.node": Piece.NODE}.get(name)
        case Number(number=SizeOf(name=name), size=1) if name == MESSAGE:
            return Piece.SIZE
    return None
