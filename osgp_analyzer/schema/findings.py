# SPDX-License-Identifier: GPL-2.0-or-later
"""What decoding has to say besides values: the equivalent of Wireshark's expert information."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """From remark to fault."""

    CHAT = "chat"
    NOTE = "note"
    WARN = "warn"
    ERROR = "error"


class Group(Enum):
    """What a finding is about."""

    MALFORMED = "malformed"
    """Bytes are missing, left over, or cannot be what they should be."""
    CHECKSUM = "checksum"
    PROTOCOL = "protocol"
    """Well-formed, but against the rules."""
    UNDECODED = "undecoded"
    """Correct as far as known; the rest is not known or not read."""
    ASSUMPTION = "assumption"
    """Read in the likeliest of several ways."""
    SECURITY = "security"
    """Keys, digests, and what looks like an attack."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on one place of a frame. `offset` counts bytes from the start of the captured frame."""

    severity: Severity
    group: Group
    code: str
    """Stable name, such as ``npdu.truncated``."""
    offset: int
    text: str
