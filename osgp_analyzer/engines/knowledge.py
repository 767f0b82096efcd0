# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of a frame besides its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Chosen = Mapping[str, Mapping[int, str]]
"""Class names of layers by table and value: ``{"udp.port": {24010: "APDU"}}``."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An encrypted message of a frame in clear. `at`: where its body begins in the frame. `plain`: its body, without
    the `head` bytes before it and the `tail` bytes behind it that are clear. `response`: which way it goes."""

    at: int
    plain: bytes = field(repr=False)
    head: int
    tail: int
    response: bool


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Handed to an engine with the frame.

    `request`: values of the request that the frame answers, by full name, of its innermost layers.
    `tables`: values of other tables of the same meter, by full name.
    `crc`: True when the carrier keeps the CRC of LPDUs, False when it does not, None when nothing is known.
    `chosen`: layers (class names) that the user wants, by table (`Switch.table`) and value.
    `earlier`: of a message in several packets, what the packets before this one had of it.
    `opened`: what the message says that the frame has encrypted, where a key opened it.
    """

    request: Mapping[str, Any] | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)
    crc: bool | None = None
    chosen: Chosen = field(default_factory=dict)
    earlier: bytes | None = None
    opened: Opened | None = None


NOTHING = Knowledge()

PART_REMAINING = 1 << 24
"""What `Remaining()` gives in a part of a layer, as long as there are bytes left: how many follow is not known, and
fields that may be missing at the end of the whole layer are taken to be there."""
