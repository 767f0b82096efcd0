# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture as the analyzer reads it against its sidecar."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from osgp_analyzer.app.session import Session
from osgp_analyzer.schema import REGISTRY, Array, Time

TIMES = {
    full
    for layer in REGISTRY.values()
    for field, full in layer.definition.full_names
    if isinstance(field.element if isinstance(field, Array) else field, Time)
}


def sidecar(capture: Path) -> dict[str, Any]:
    """What was known of a simulated capture."""
    found: dict[str, Any] = json.loads(capture.with_suffix(".json").read_text())
    return found


def occurrences(decoded: Any) -> dict[str, list[Any]]:
    """Values of each field as sidecars have them: one list for arrays and for fields that are there more often, outer
    ones first; bytes as hexadecimal, dates as ISO text, None for none."""
    found: dict[str, list[Any]] = {}
    for layer in decoded.layers:
        for field in layer.values():
            found.setdefault(field.name, []).extend(_plain(field.name, field.value))
    return found


def _plain(name: str, value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        # What is not in the part of a table that was read is None in an array.
        for one in value:
            yield from _plain(name, one) if one is not None else ()
    elif name in TIMES:
        yield _date(bytes.fromhex(value))
    else:
        yield value


def _date(parts: bytes) -> str | None:
    """Year from 2000, month, day, hour, minute and perhaps second; all zeros stand for no time."""
    return datetime(2000 + parts[0], *parts[1:]).isoformat() if any(parts) else None  # type: ignore[arg-type]


def hidden(known: dict[str, Any], asked: dict[str, Any], name: str) -> bool:
    """Whether a field is inside what is encrypted, or is the digest, for whose place one has to know that it is.

    The refusal of a key is in clear, but not what it refuses; on LON nothing else tells that it is one of OSGP.
    """
    if known.get("encrypted"):
        return name.startswith("osgp.")
    return bool(asked.get("encrypted")) and name.startswith("osgp." if "spdu.type" in known["fields"] else "osgp.req")


def wanted(value: Any) -> list[Any]:
    """A value of a sidecar as a list."""
    return value if isinstance(value, list) else [value]


def disagreements(
    capture: Path, known: dict[str, Any] | None = None, decoded: Iterable[Any] | None = None
) -> tuple[int, list[str]]:
    """How many values were compared, and where the analyzer says something else than the sender."""
    compared, wrong = 0, []
    frames = (known or sidecar(capture))["frames"]
    for f, one in zip(frames, decoded if decoded is not None else Session.open(str(capture)), strict=True):
        got = occurrences(one)
        # A message that goes on over further hops, or is sent again, has the values of its first frame.
        values = frames[f.get("carries", f["frame"]) - 1].get("values", {})
        for name, value in (f["fields"] | ({} if f.get("encrypted") else values)).items():
            if hidden(f, frames[f["answers"] - 1] if "answers" in f else {}, name):
                continue
            compared += 1
            if got.get(name) != wanted(value):
                wrong.append(f"frame {f['frame']}, {f['step']}: {name} is {value}, read as {got.get(name)}")
    return compared, wrong
