# SPDX-License-Identifier: GPL-2.0-or-later
"""The per-frame engine: Scapy layers made of definitions. They dissect, build, and know the span of every field."""
