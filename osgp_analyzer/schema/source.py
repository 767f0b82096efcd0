# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a protocol fact comes from, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Certainty(Enum):
    """How well a fact is supported; anything but CONFIRMED is marked to the user."""

    CONFIRMED = "confirmed"
    """Two independent sources, or verified by running code."""
    ONE_SOURCE = "one source"
    INFERRED = "inferred"
    """Deduced from other facts; no source says it."""
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Source:
    """A document or implementation, the place in it, and the certainty of what is taken from there."""

    document: str
    place: str = ""
    certainty: Certainty = Certainty.CONFIRMED

    def at(self, place: str) -> Source:
        """The same document, another place."""
        return replace(self, place=place)

    @property
    def one(self) -> Source:
        """The same, from a single source."""
        return replace(self, certainty=Certainty.ONE_SOURCE)

    @property
    def inferred(self) -> Source:
        """The same, marked as deduced."""
        return replace(self, certainty=Certainty.INFERRED)

    @property
    def unconfirmed(self) -> Source:
        """The same, marked as unconfirmed."""
        return replace(self, certainty=Certainty.UNCONFIRMED)

    def __str__(self) -> str:
        text = f"{self.document}, {self.place}" if self.place else self.document
        return text if self.certainty is Certainty.CONFIRMED else f"{text} [{self.certainty.value}]"
