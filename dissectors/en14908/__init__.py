# SPDX-License-Identifier: GPL-2.0-or-later
"""EN 14908-1 (ISO/IEC 14908-1, LonTalk): all layers. Importing this package defines them."""

from dissectors.en14908 import apdu, authpdu, lpdu, ltep, management, npdu, nv, tpdu

__all__ = ["apdu", "authpdu", "lpdu", "ltep", "management", "npdu", "nv", "tpdu"]
