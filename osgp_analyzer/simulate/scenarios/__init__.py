# SPDX-License-Identifier: GPL-2.0-or-later
"""What can happen on a segment; each scenario makes the processes that run side by side."""
