# SPDX-License-Identifier: GPL-2.0-or-later
"""Users' own tables and cipher suites: files named with ``--define``, and those of a folder that is always read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from osgp_analyzer.app.standing import explained, place
from osgp_analyzer.schema.errors import DefinitionError

VARIABLE = "OSGP_ANALYZER_DEFINITIONS"
"""The environment variable that names another folder or file; empty: none."""


def standing() -> list[Path]:
    """The files that are read at every start: ``$XDG_CONFIG_HOME/osgp-analyzer/definitions/*.toml``."""
    folder, named = place(VARIABLE, "definitions")
    if folder is None:
        return []
    if not folder.is_dir():
        return [folder] if named else []  # a file, or what is not there: reading it says so
    return sorted(folder.glob("*.toml"))


def define(given: Iterable[str] = ()) -> None:
    """Define the tables and suites of the standing files and of those given; a later one can replace an earlier one.

    To be called before a message is read. Raises `DefinitionError` with all that is wrong; then nothing was defined.
    """
    always = standing()
    files = list(dict.fromkeys((*always, *map(Path, given))))
    if not files:
        return
    import dissectors.definitions  # noqa: F401  what is defined already
    from dissectors.osgp import suites, tables
    from osgp_analyzer.engines.scapy.compile import LAYERS, TAKEN
    from osgp_analyzer.schema.userfile import read

    if LAYERS:
        raise DefinitionError(
            [f"{files[0]}: tables must be defined before the first layer of dissectors.layers is used"]
        )
    try:
        found = read(files, tables.numbers(), TAKEN, suites.SUITES, suites.NAMES)
    except DefinitionError as error:
        folder = always[0].parent if always else ""
        raise DefinitionError(explained(error.errors, always, folder, VARIABLE)) from None
    for table in found.tables:
        tables.define(table.number, table.layer)
    for suite in found.suites:
        suites.define_suite(suite)
