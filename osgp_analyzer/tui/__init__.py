# SPDX-License-Identifier: GPL-2.0-or-later
"""The screen: frame list, field tree and bytes, in a terminal."""
