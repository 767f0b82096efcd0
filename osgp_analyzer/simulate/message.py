# SPDX-License-Identifier: GPL-2.0-or-later
"""Table services before they are put on a port (osgp.md 1; MEP guide p.8-12; optical guide p.9-10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FULL_READ, PARTIAL_READ, FULL_WRITE, PARTIAL_WRITE = 0x30, 0x3F, 0x40, 0x4F
OK, NO_PERMISSION, NOT_POSSIBLE, TABLE_NOT_POSSIBLE, AUTHENTICATION, SEQUENCE = 0, 3, 4, 5, 0x0B, 0x0C
WINDOW = 8
"""Sequence numbers ahead of the last one that a meter takes (MEP guide p.11; on the power line by analogy)."""


@dataclass(frozen=True)
class Request:
    """Read or write a table: `count` bytes of a partial read (on the MEP port of a full one too), or `data`."""

    service: int
    table: int
    offset: int = 0
    count: int = 0
    data: bytes = b""

    @property
    def reads(self) -> bool:
        """Whether it is a read."""
        return self.service in (FULL_READ, PARTIAL_READ)

    @property
    def partial(self) -> bool:
        """Whether it says from where on."""
        return self.service in (PARTIAL_READ, PARTIAL_WRITE)

    def body(self, counted: bool = False, checksum: bytes = b"") -> bytes:
        """From the service code to the data, big-endian. `counted`: a full read has its count too, as on the MEP port;
        `checksum` goes behind the data of a write, as on the optical port."""
        parts = [bytes([self.service]), self.table.to_bytes(2, "big")]
        if self.partial:
            parts.append(self.offset.to_bytes(3, "big"))
        if not self.reads:
            parts += [len(self.data).to_bytes(2, "big"), self.data, checksum]
        elif self.partial or counted:
            parts.append(self.count.to_bytes(2, "big"))
        return b"".join(parts)

    def fields(self, counted: bool = False) -> dict[str, Any]:
        """Values by the names of the analyzer."""
        found: dict[str, Any] = {"osgp.service": self.service, "osgp.table": self.table}
        if self.partial:
            found["osgp.offset"] = self.offset
        if not self.reads:
            found |= {"osgp.count": len(self.data), "osgp.data": self.data.hex()}
        elif self.partial or counted:
            found["osgp.count"] = self.count
        return found


def read(table: int, offset: int = 0, count: int = 0) -> Request:
    """A partial read of `count` bytes, or a full one."""
    return Request(PARTIAL_READ if count else FULL_READ, table, offset, count)


def write(table: int, data: bytes, offset: int | None = None) -> Request:
    """A full write, or a partial one from `offset` on."""
    return Request(FULL_WRITE if offset is None else PARTIAL_WRITE, table, offset or 0, data=data)


@dataclass(frozen=True)
class Response:
    """How it went; `data` only where a read went well, `sequence` only with a wrong sequence number."""

    code: int
    data: bytes | None = None
    sequence: int | None = None

    def body(self, checksum: bytes = b"") -> bytes:
        """From the response code on, big-endian."""
        parts = [bytes([self.code])]
        if self.sequence is not None:
            parts.append(self.sequence.to_bytes(4, "big"))
        if self.data is not None:
            parts += [len(self.data).to_bytes(2, "big"), self.data, checksum]
        return b"".join(parts)

    def fields(self, request: Request) -> dict[str, Any]:
        """Values by the names of the analyzer."""
        found: dict[str, Any] = {
            "osgp.response": self.code,
            "osgp.request_service": request.service,
            "osgp.request_table": request.table,
        }
        if self.sequence is not None:
            found["osgp.sequence"] = self.sequence
        if self.data is not None:
            found |= {"osgp.count": len(self.data), "osgp.data": self.data.hex()}
        return found
