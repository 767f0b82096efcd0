# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames of a capture as columns: tens of bytes a frame, and the bytes themselves stay in the mapped file."""

from osgp_analyzer.store.chunk import NO_TIME, Chunk, Layers
from osgp_analyzer.store.store import CHUNK, FrameStore, crc_is_kept

__all__ = ["CHUNK", "NO_TIME", "Chunk", "FrameStore", "Layers", "crc_is_kept"]
