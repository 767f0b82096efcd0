# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys, and what they open: the key ring, ciphers and message authentication. Nothing here knows a byte layout."""
