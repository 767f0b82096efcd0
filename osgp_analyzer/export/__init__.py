# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames for other programs: tables of their fields (CSV, JSON, Parquet, SQL), and capture files of some of them."""
