# SPDX-License-Identifier: GPL-2.0-or-later
"""The command for Wireshark's plug-in."""

from __future__ import annotations

import argparse
from pathlib import Path

from osgp_analyzer.cli.arguments import Parser, command, define

LUA = """\
docs/wireshark.md describes the plug-in: how it is used, and what it shows.

exit codes:
  0  all is well
  1  generate --check, status: the script is not there, or not what the definitions say
  2  it could not be written, or Wireshark cannot be asked where its plug-ins are
"""


def lua(commands: argparse._SubParsersAction[Parser]) -> None:
    """The plug-in for Wireshark."""
    made = command(commands, "lua", "install the plug-in for Wireshark", "The plug-in for Wireshark, in Lua.", LUA)
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    made.set_defaults(run="osgp_analyzer.cli.lua")
    generate = command(actions, "generate", "write the script", "Make the script from the definitions.", LUA)
    generate.add_argument("file", type=Path, nargs="?", default=Path("lua/osgp.lua"), metavar="FILE", help="the script")
    generate.add_argument("--check", action="store_true", help="write nothing: say whether it is as it would be made")
    define(generate)
    for name, what in (
        ("install", "put the script into the user's Wireshark"),
        ("uninstall", "remove it again"),
        ("status", "say whether it is there, and as the definitions say"),
    ):
        action = command(actions, name, what, f"{what[0].upper()}{what[1:]}.", LUA)
        action.add_argument("--folder", type=Path, metavar="FOLDER", help="another folder than what tshark names")
        define(action)
