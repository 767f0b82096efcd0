# SPDX-License-Identifier: GPL-2.0-or-later
"""Capture files: reads pcap and pcapng (plain, gzip, zstd; files, pipes, standard input), writes pcapng."""

from .index import FrameIndex
from .model import Frame, Interface, Section
from .notes import CaptureError, CaptureNote
from .reader import Capture
from .writer import PcapngWriter

__all__ = [
    "Capture",
    "CaptureError",
    "CaptureNote",
    "Frame",
    "FrameIndex",
    "Interface",
    "PcapngWriter",
    "Section",
]
