# SPDX-License-Identifier: GPL-2.0-or-later
"""From what a user typed to `Settings`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from dissectors.carriers import DECODERS
from osgp_analyzer.app.session import Settings
from osgp_analyzer.capture import CaptureError


def settings(links: Iterable[tuple[int, str]], crc: str = "auto") -> Settings:
    """Settings from ``--link`` and ``--crc``. Raises `CaptureError` naming the nearest decoders."""
    chosen: dict[int, str] = {}
    for number, decoder in links:
        if decoder not in DECODERS:
            near = difflib.get_close_matches(decoder, DECODERS, 3, 0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(DECODERS)}"
            raise CaptureError(f"--link {number}={decoder}: no decoder named {decoder!r}; {hint}")
        chosen[number] = DECODERS[decoder]
    return Settings(chosen, {"auto": None, "present": True, "absent": False}[crc])
