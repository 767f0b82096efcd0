# SPDX-License-Identifier: GPL-2.0-or-later
"""Display filters in Wireshark's syntax, evaluated over columns of frames: `filter.Filter`."""
