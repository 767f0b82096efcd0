# SPDX-License-Identifier: GPL-2.0-or-later
"""What frames have to do with each other."""
