# SPDX-License-Identifier: GPL-2.0-or-later
"""Which key opens each message, whether it is genuine, and what is suspicious about it: over columns, in the order of
the capture."""
