# SPDX-License-Identifier: GPL-2.0-or-later
"""All protocol knowledge: the layers, as definitions, and in `dissectors.layers` the Scapy classes made of them."""

from __future__ import annotations

from typing import Any


def scapy_ext(ext: Any) -> None:
    """Entry point of ``conf.exts.load("osgp-analyzer")``: make the layers, register link types and ports."""
    from osgp_analyzer import __version__

    ext.config("osgp-analyzer", __version__)
    from dissectors.layers import register

    register()
