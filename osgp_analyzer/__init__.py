# SPDX-License-Identifier: GPL-2.0-or-later
"""osgp-analyzer: the Wireshark of OSGP smart-meter networks."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def scapy_ext(ext: Any) -> None:
    """Entry point of ``conf.exts.load("osgp-analyzer")``: Scapy calls it in every top-level package."""
    ext.config("osgp-analyzer", __version__)
