# SPDX-License-Identifier: GPL-2.0-or-later
"""LON over IP: CN/IP (EN 14908-4) and LON/UDP (EN 14908-7)."""

from dissectors.cnip import control, lonudp, packet, routing, statistics

__all__ = ["control", "lonudp", "packet", "routing", "statistics"]
