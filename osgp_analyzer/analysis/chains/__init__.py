# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains: all frames of one proxied exchange, from the concentrator over its repeaters to the meter and back."""
