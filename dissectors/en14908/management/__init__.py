# SPDX-License-Identifier: GPL-2.0-or-later
"""Network management and diagnostics of EN 14908-1: a layer for the body of each request and response."""

from dissectors.en14908.management import commands, diagnostics

COMMANDS = {command.code: command for command in (*diagnostics.COMMANDS, *commands.COMMANDS)}
"""Every command by its APDU code."""
