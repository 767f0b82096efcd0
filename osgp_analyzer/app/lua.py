# SPDX-License-Identifier: GPL-2.0-or-later
"""The plug-in for Wireshark: the script, and its place in the user's Wireshark."""

from __future__ import annotations

import subprocess
from importlib.resources import files
from pathlib import Path

import dissectors.definitions  # noqa: F401  defines the layers
from dissectors.carriers import LINK_TYPES, WIRESHARK
from dissectors.carriers.udp import PORTS
from dissectors.procedures import GIVE_BYTES
from osgp_analyzer import __version__
from osgp_analyzer.engines.lua import fields
from osgp_analyzer.engines.lua.generate import Entries, generate

NAME = "osgp.lua"
PRIVATE = range(147, 163)
"""Link types that nobody else gives a meaning to: DLT_USER0 to DLT_USER15."""
FOLDER = "Personal Lua Plugins:"
"""What ``tshark -G folders`` calls the place."""
WAIT = 60
"""Seconds."""
CURRENT = "current"

fields.GIVE_BYTES.update(GIVE_BYTES)


class NoWireshark(Exception):
    """There is no Wireshark here, or it does not say where its plug-ins are."""


def script() -> str:
    """The script, made of the definitions."""
    procedures = files("dissectors").joinpath("procedures.lua").read_text("utf-8")
    links = {number: layer for number, layer in LINK_TYPES.items() if number in PRIVATE}
    return generate(__version__, procedures, Entries(links, PORTS, WIRESHARK))


def folder() -> Path:
    """Where the user's Wireshark looks for scripts. Raises `NoWireshark`."""
    try:
        done = subprocess.run(["tshark", "-G", "folders"], capture_output=True, text=True, timeout=WAIT, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoWireshark(f"tshark cannot be asked where its plug-ins are: {error}") from None
    for line in done.stdout.splitlines():
        if line.startswith(FOLDER):
            return Path(line.removeprefix(FOLDER).strip())
    raise NoWireshark("tshark does not say where its Lua plug-ins are: it may be built without Lua")


def state(path: Path) -> str:
    """Of a script: `CURRENT`, or what it is instead. Raises OSError."""
    if not path.exists():
        return "not there"
    return CURRENT if path.read_text("utf-8", errors="replace") == script() else "not what the definitions say now"
