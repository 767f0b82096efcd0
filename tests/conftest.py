# SPDX-License-Identifier: GPL-2.0-or-later
"""Data that others made: vectors, captures, and what the sender knew of each frame."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dissectors.definitions
from osgp_analyzer.app.definitions import VARIABLE
from osgp_analyzer.schema import REGISTRY

assert dissectors.definitions
TESTS = Path(__file__).parent
CAPTURES = TESTS.parent / "captures"
SECRETS = {full for layer in REGISTRY.values() for field, full in layer.definition.full_names if field.show == "secret"}
"""Fields whose bytes are in no tree; only columns have them."""
os.environ[VARIABLE] = ""  # the files of whoever runs the tests are no part of them


def load(name: str) -> Any:
    """A JSON file of tests/data."""
    return json.loads((TESTS / "data" / name).read_text())


def port_frames(layer: str) -> list[bytes]:
    """Frames of a meter's serial ports: what others published, and the few that are nothing but bytes of the link."""
    kind = {"MEP": "mep-exchange", "Optical": "c1218-frame"}[layer]
    items = [item for item in load("real_payloads.json") if item["kind"] == kind]
    found = [bytes.fromhex(item[name]) for item in items for name in ("request_hex", "hex") if name in item]
    if layer == "MEP":
        found += [bytes.fromhex(text) for text in load("mep_tls.json").values()]
        return [*found, b"\0\0", b"\0\0" + found[-1], b"\x00\x10" + bytes(range(0xE0, 0xF0))]
    signals = [b"\x06", b"\x15", b"\x55" * 4, b"\0"]
    return [*found, *signals, b"\x06" + found[0] + b"\x06", found[1][5:] + found[0], found[0] + found[1], found[1][9:]]


def of_messages(findings: list[Any]) -> list[Any]:
    """The findings but for those about the contents of tables, whose sizes may be in tables that are not at hand."""
    return [finding for finding in findings if not re.match(r"(bt|et)\d", finding.code)]


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


@pytest.fixture
def own_tables(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Defines tables and suites by the text of a file; after the test all is as it was."""
    from dissectors.osgp import names, suites, tables
    from osgp_analyzer.app.definitions import define
    from osgp_analyzer.engines.scapy.compile import LAYERS

    changed: list[dict[Any, Any]] = [REGISTRY, tables.TABLES, tables.CONTENTS, names.TABLES, LAYERS, suites.SUITES]
    before = [dict(one) for one in changed]
    LAYERS.clear()
    _forget()

    def load(text: str) -> None:
        path = tmp_path / "own.toml"
        path.write_text(text)
        define([str(path)])

    yield load
    for one, content in zip(changed, before, strict=True):
        one.clear()
        one.update(content)
    _forget()


def _forget() -> None:
    """What the engines have made of definitions and keep."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("osgp_analyzer", "dissectors")):
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if callable(clear):
                    clear()
