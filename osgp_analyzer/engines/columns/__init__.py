# SPDX-License-Identifier: GPL-2.0-or-later
"""The bulk engine: definitions read as columns over many frames at once, with NumPy."""
