# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of the user that are read at every start, and what is said when they are wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

MOST_ERRORS = 20


def place(variable: str, usual: str) -> tuple[Path | None, bool]:
    """``$XDG_CONFIG_HOME/osgp-analyzer/usual``, or what an environment variable names, which is True then; None where
    that is set to nothing."""
    named = os.environ.get(variable)
    if named is not None:
        return (Path(named), True) if named else (None, True)
    configuration = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return Path(configuration) / "osgp-analyzer" / usual, False


def explained(errors: Sequence[str], always: Iterable[Path], what: object, variable: str) -> list[str]:
    """The first errors; where one is of a file that is always read, how to go on without."""
    shown = [*errors[:MOST_ERRORS]]
    if len(errors) > MOST_ERRORS:
        shown.append(f"and {len(errors) - MOST_ERRORS} more")
    if any(line.startswith(str(path)) for path in always for line in errors):
        shown.append(f"{what} is read at every start; to go on without it, set {variable} to nothing")
    return shown
