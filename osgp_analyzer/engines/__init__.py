# SPDX-License-Identifier: GPL-2.0-or-later
"""The engines that read definitions: Scapy for one frame, columns for many, Lua for Wireshark."""
