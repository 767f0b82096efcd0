# SPDX-License-Identifier: GPL-2.0-or-later
"""Data that others made: vectors, captures, and what the sender knew of each frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.schema import REGISTRY

TESTS = Path(__file__).parent
CAPTURES = TESTS.parent / "captures"


def load(name: str) -> Any:
    """A JSON file of tests/data."""
    return json.loads((TESTS / "data" / name).read_text())


@pytest.fixture(autouse=True)
def _scapy_raises() -> None:
    """Scapy swallows exceptions of layers unless told not to: a test must see them."""
    from scapy.config import conf

    conf.debug_dissector = True


@pytest.fixture(autouse=True)
def _no_layers_of_other_tests() -> None:
    """Some tests try every layer that there is: those that other tests have defined are none of them."""
    for name in [name for name, layer in REGISTRY.items() if layer.__module__.startswith("tests.")]:
        del REGISTRY[name]
