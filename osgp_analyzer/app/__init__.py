# SPDX-License-Identifier: GPL-2.0-or-later
"""Use cases that the command line and the screen share."""
