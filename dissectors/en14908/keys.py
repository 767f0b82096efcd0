# SPDX-License-Identifier: GPL-2.0-or-later
"""What the commands that change keys make of a node's keys (en14908.md 4.4; osgp.md 2.9).

A node has a key of 6 bytes in each of two domain table entries; the two together are its OMA key of 12 bytes.
That the OMAK of OSGP is this OMA key is inferred from its name and size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOMAIN_KEY, OMA_KEY = 6, 12
"""Sizes of the two kinds."""
KEY_COMMANDS = (0x60, 0x63, 0x65)
"""APDU codes of commands that may change a key."""
KEY_FIELDS = (
    "nm.update_oma_key.increment",
    "nm.update_oma_key.key",
    "nm.update_key.index",
    "nm.update_key.increment",
    "nm.update_domain.index",
    "nm.domain.key",
)
"""What of these commands tells the new key."""


def _sum(key: bytes, increment: bytes) -> bytes:
    return bytes((a + b) & 0xFF for a, b in zip(key, increment, strict=True))


def in_clear(values: Mapping[str, Any]) -> bool:
    """Whether a command shows the key that it sets."""
    return "nm.domain.key" in values or values.get("nm.update_oma_key.increment") == 0


def changed(values: Mapping[str, Any], size: int, key: bytes | None) -> bytes | None:
    """A key of `size` bytes after a command with these values; `key` before it, None if not known. None where the new
    one cannot be told, or is another's."""
    if "nm.update_oma_key.key" in values:
        given = values["nm.update_oma_key.key"]
        if len(given) != OMA_KEY:
            return None
        given = given[:size]
        if not values.get("nm.update_oma_key.increment"):
            return bytes(given)
        return _sum(key, given) if key is not None else None
    half = values.get("nm.update_key.increment")
    index = values.get("nm.update_key.index", values.get("nm.update_domain.index"))
    added = half is not None
    half = half if added else values.get("nm.domain.key")
    if half is None or index not in (0, 1) or len(half) != DOMAIN_KEY:
        return None
    if size == DOMAIN_KEY:
        return _sum(key, half) if added and key is not None else None if added else bytes(half)
    if key is None:
        return None
    own = key[index * DOMAIN_KEY :][:DOMAIN_KEY]
    new = _sum(own, half) if added else bytes(half)
    return new + key[DOMAIN_KEY:] if index == 0 else key[:DOMAIN_KEY] + new


def toward_target(key: bytes, key_type: int, delta: bytes) -> bytes | None:
    """The key that an agent uses toward the target of a proxied message with an alternate key: its own and the delta,
    byte by byte (en14908.md 7). None where they are not of one kind."""
    return _sum(key, delta) if len(key) == len(delta) and (len(key) == OMA_KEY) == (key_type == 1) else None
