# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether bytes of keys are in something that people can see."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from osgp_analyzer.security.keyring import KeyRing
from osgp_analyzer.simulate.security import mep_base_key, plc_base_key

PIECE = 4
"""Bytes that are looked for by themselves."""


def secrets_of(ring: KeyRing) -> list[bytes]:
    """The keys of a ring, and what is derived from them."""
    found = []
    for key in ring.keys:
        secret = key.secret.reveal()
        found.append(secret)
        if len(secret) == 12:
            found.append(plc_base_key(secret))
        if len(secret) >= 16:
            found.append(mep_base_key(secret))
    return found


def leaks(data: bytes, secrets: Iterable[bytes]) -> list[str]:
    """What of keys is in some output, as bytes, text, hexadecimal with or without separators, decimals, or base64."""
    lower = data.lower()
    plain = re.sub(rb"(?<=[0-9a-f])[ :.,_-]?(?:0x)?(?=[0-9a-f])", b"", lower)
    numbers = re.sub(rb"[^0-9]+", b" ", data)
    found = []
    for secret in secrets:
        text = secret.hex()
        tries = {"bytes": secret in data, "base64": base64.b64encode(secret).rstrip(b"=") in data,
                 "repr": repr(secret)[2:-1].encode() in data}  # fmt: skip
        for start in range(0, len(secret) - PIECE + 1, PIECE):
            piece = text[2 * start : 2 * (start + PIECE)].encode()
            tries["hex"] = tries.get("hex", False) or piece in lower or piece in plain
            decimals = " ".join(map(str, secret[start : start + PIECE])).encode()
            tries["decimals"] = tries.get("decimals", False) or b" " + decimals + b" " in numbers
        found += [f"{text} as {name}" for name, there in tries.items() if there]
    return found
