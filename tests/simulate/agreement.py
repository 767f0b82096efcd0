# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture as the analyzer reads it against its sidecar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from osgp_analyzer.app.session import Session


def sidecar(capture: Path) -> dict[str, Any]:
    """What was known of a simulated capture."""
    found: dict[str, Any] = json.loads(capture.with_suffix(".json").read_text())
    return found


def occurrences(decoded: Any) -> dict[str, list[Any]]:
    """Values of each field, outer ones first; bytes as hexadecimal, as sidecars have them."""
    found: dict[str, list[Any]] = {}
    for layer in decoded.layers:
        for field in layer.values():
            value = field.value.hex() if isinstance(field.value, bytes) else field.value
            found.setdefault(field.name, []).append(value)
    return found


def hidden(known: dict[str, Any], name: str) -> bool:
    """Whether a field is inside what is encrypted."""
    return bool(known.get("encrypted")) and name.startswith("osgp.")


def disagreements(capture: Path, known: dict[str, Any] | None = None) -> tuple[int, list[str]]:
    """How many header values were compared, and where the analyzer says something else than the sender."""
    compared, wrong = 0, []
    frames = (known or sidecar(capture))["frames"]
    for f, decoded in zip(frames, Session.open(str(capture)), strict=True):
        got = occurrences(decoded)
        for name, value in f["fields"].items():
            if hidden(f, name):
                continue
            wanted = value if isinstance(value, list) else [value]
            compared += 1
            if got.get(name, [])[: len(wanted)] != wanted:
                wrong.append(f"frame {f['frame']}, {f['step']}: {name} is {value}, read as {got.get(name)}")
    return compared, wrong
