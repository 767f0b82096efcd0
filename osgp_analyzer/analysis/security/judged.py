# SPDX-License-Identifier: GPL-2.0-or-later
"""How the message of one frame is protected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from osgp_analyzer.analysis.security.statuses import STATUSES
from osgp_analyzer.engines.knowledge import Opened
from osgp_analyzer.schema import Finding

FORGED = "[bad digest]"
"""What stands behind the line of a message that is not genuine."""


@dataclass(frozen=True)
class Judged:
    """`status`: a place in `STATUSES`. `key`: the name of the key, None where there is none. `opened`: what the message
    says, where it is encrypted."""

    status: int
    key: str | None
    encrypted: bool
    findings: list[Finding] = field(default_factory=list)
    opened: Opened | None = None

    @property
    def word(self) -> str:
        """The status by name."""
        return STATUSES[self.status]

    def __str__(self) -> str:
        """As a sentence: ``Verified with meter 1/20 omak, encrypted``."""
        key = f" {'with' if not self.status else 'under'} {self.key}" if self.key is not None else ""
        return f"{self.word.capitalize()}{key}{', encrypted' if self.encrypted else ''}"

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return {"status": self.word, "key": self.key, "encrypted": self.encrypted}
