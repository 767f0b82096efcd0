# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures for the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.player import FRAMES, write


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Five frames, the last with an error."""
    return write(tmp_path / "five.pcapng")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100,000 frames."""
    return write(tmp_path_factory.mktemp("large") / "large.pcapng", FRAMES * 20_000)
