# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer lua``: the plug-in for Wireshark made, installed, removed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from osgp_analyzer.app.lua import CURRENT, NAME, NoWireshark, folder, script, state
from osgp_analyzer.cli.arguments import BROKEN, OK, USAGE
from osgp_analyzer.export.output import output


def run(options: argparse.Namespace) -> int:
    """Do what `options.action` says."""
    if options.action == "generate":
        return _check(options.file) if options.check else _write(options.file)
    try:
        path = (options.folder or folder()) / NAME
        if options.action == "install":
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path)
            print(f"installed as {path}: start Wireshark, or reload its scripts (Ctrl+Shift+L)")
        elif options.action == "uninstall":
            there = path.exists()
            path.unlink(missing_ok=True)
            print(f"removed {path}" if there else f"{path}: not installed")
        else:
            found = state(path)
            print(f"{path}: {found}")
            return OK if found == CURRENT else BROKEN
    except NoWireshark as error:
        print(f"osgp-analyzer: {error}; name the folder with --folder", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"osgp-analyzer: {error.filename or NAME}: {error.strerror or error}", file=sys.stderr)
        return USAGE
    return OK


def _write(path: Path) -> int:
    text = script()
    with output(str(path)) as file:
        file.write(text.encode())
    return OK


def _check(path: Path) -> int:
    try:
        found = state(path)
    except OSError as error:
        print(f"osgp-analyzer: {path}: {error.strerror or error}", file=sys.stderr)
        return USAGE
    if found == CURRENT:
        print(f"{path}: as the definitions say")
        return OK
    print(f"{path}: {found}; make it: osgp-analyzer lua generate {path}", file=sys.stderr)
    return BROKEN
