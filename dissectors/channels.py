# SPDX-License-Identifier: GPL-2.0-or-later
"""The channels that LON runs on: what is known of their speed (interfaces.md 9)."""

from __future__ import annotations

from dataclasses import dataclass

from osgp_analyzer.schema import Source

PLT22 = Source("PLT-22 transceiver guide; PL 3120/3150/3170 data book 005-0193-01C")


@dataclass(frozen=True)
class Channel:
    """A medium: `rate` in bit/s, `preamble` in bit times before each frame."""

    name: str
    rate: int
    preamble: int
    source: Source


CHANNELS = (
    Channel("power line, A band", 3600, 35, PLT22.one),
    Channel("power line, C band", 5400, 35, PLT22.one),
)
"""The first is that of OSGP. How much a power line adds for error correction, priority slots and gaps is not known."""

TAPS = frozenset({"LPDU", "NIRecord"})
"""First layers of frames that were heard on a LON channel itself, not carried by IP."""
