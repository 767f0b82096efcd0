# SPDX-License-Identifier: GPL-2.0-or-later
"""The third engine: definitions as text in Lua, for Wireshark. See `generate`."""
