# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of an analysis: files named with ``--keys``, and one that is read at every start."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from osgp_analyzer.app.standing import explained, place
from osgp_analyzer.security.keyring import KeyFileError, KeyRing

VARIABLE = "OSGP_ANALYZER_KEYS"
"""The environment variable that names another standing file; empty: none."""


def standing() -> list[Path]:
    """The file that is read at every start: ``$XDG_CONFIG_HOME/osgp-analyzer/keys.toml`` if it is there."""
    path, named = place(VARIABLE, "keys.toml")
    return [path] if path is not None and (named or os.path.lexists(path)) else []


def ring(paths: Iterable[str], shared: bool) -> KeyRing:
    """The keys of the standing file and of those given. `shared`: also of files that others can read.

    Raises `KeyFileError` with all that is wrong.
    """
    always = standing()
    try:
        return KeyRing.read(dict.fromkeys((*always, *map(Path, paths))), shared=shared)
    except KeyFileError as error:
        raise KeyFileError(explained(error.errors, always, "".join(map(str, always)), VARIABLE)) from None
