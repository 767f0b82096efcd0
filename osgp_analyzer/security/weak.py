# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys that are easily guessed, or that more than one meter has."""

from __future__ import annotations

from itertools import pairwise

from osgp_analyzer.security.keyring import KeyRing, Kind, Place, Secret

BINARY = (Kind.OMAK, Kind.BASE_KEY, Kind.OMA_KEY)
"""Kinds that no one types, so that one of characters was thought out; 6 bytes can be such by chance."""
MOST_NAMES = 3


def weakness(kind: Kind, secret: Secret) -> str:
    """What makes a key easily guessed, or nothing."""
    key = secret.reveal()
    steps = {(b - a) & 0xFF for a, b in pairwise(key)}
    if steps == {0}:
        return "is the same byte throughout"
    if len(steps) == 1:
        return "counts from byte to byte"
    for period in range(2, len(key) // 2 + 1):
        if (key[:period] * (len(key) // period + 1))[: len(key)] == key:
            return f"repeats {period} bytes"
    if kind in BINARY and all(0x20 <= byte < 0x7F for byte in key):
        return "is made of characters only"
    return ""


def weaknesses(ring: KeyRing) -> list[str]:
    """What is weak in a ring, a line each. Keys to try are no one's, and weak by nature."""
    found: list[str] = []
    tried = {(key.kind, key.secret) for key in ring.keys if key.place == Place()}
    owners: dict[tuple[Kind, Secret], dict[Place, str]] = {}
    for key in ring.keys:
        if key.place == Place():
            continue
        if why := weakness(key.kind, key.secret):
            found.append(f"{key.name} {why}")
        if (key.kind, key.secret) in tried:
            found.append(f"{key.name} is one of the keys to try: others know it")
        if (key.place.node, key.place.neuron_id, key.place.port) != (None, None, None):
            owners.setdefault((key.kind, key.secret), {}).setdefault(key.place, key.name)
    for names in (list(places.values()) for places in owners.values() if len(places) > 1):
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        found.append(f"the same key: {', '.join(names[:MOST_NAMES])}{more}")
    return found
