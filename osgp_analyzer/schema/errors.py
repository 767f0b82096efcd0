# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with a definition file."""

from __future__ import annotations

from collections.abc import Sequence


class DefinitionError(ValueError):
    """What is wrong with files of definitions: a line each."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)
