# SPDX-License-Identifier: GPL-2.0-or-later
"""Simulated captures with their keys, and what the analyzer says of the protection of each frame."""

from __future__ import annotations

import ast
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from osgp_analyzer.analysis.contexts import Contexts
from osgp_analyzer.analysis.security.guard import Guard
from osgp_analyzer.analysis.security.remarks import of
from osgp_analyzer.analysis.security.statuses import NOTHING, STATUSES
from osgp_analyzer.analysis.tracking import Tracked, track
from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.capture import PcapngWriter
from osgp_analyzer.cli.main import main
from osgp_analyzer.security.keyring import EMPTY, Key, KeyRing, Kind, Place, Secret
from tests.engines.test_differential import collect
from tests.simulate.agreement import TIMES, sidecar

LON = ("lpdu", "cnip", "lonudp")
PORTS = (*LON, "mep")
LPDU, MEP = 147, 150
_FOLDER = tempfile.TemporaryDirectory(prefix="osgp-tests-")


@cache
def simulated(port: str, scenarios: str = "all", *more: str) -> Path:
    """A capture with three meters and no repeaters, unless `more` says something else; made once."""
    path = Path(tempfile.mkdtemp(dir=_FOLDER.name)) / f"{port}.pcapng"
    command = ["simulate", "--port", port, "--scenario", scenarios, "--meters", "3", "--repeaters", "0"]
    with redirect_stdout(StringIO()):
        assert main([*command, *more, "-o", str(path)]) == 0
    return path


@cache
def known(path: Path) -> list[dict[str, Any]]:
    """What the senders knew of each frame."""
    found: list[dict[str, Any]] = sidecar(path)["frames"]
    return found


def ring_of(path: Path) -> KeyRing:
    """The keys beside a simulated capture."""
    return KeyRing.read([path.with_suffix(".keys.toml")], shared=True)


def key_of(kind: Kind, secret: bytes, name: str = "key", place: Place = Place(), **times: int) -> Key:
    """A key, of anybody if no place is given."""
    return Key(name, kind, Secret(secret), place, times.get("since"), times.get("until"))


def opened(path: Path | str, ring: KeyRing = EMPTY, **more: Any) -> Session:
    """An open capture with keys."""
    return Session.open(str(path), Settings(keys=ring, **more))


@dataclass
class Verdicts:
    """For each frame: status, name of the key, whether encrypted, codes of the remarks."""

    status: list[str | None] = field(default_factory=list)
    key: list[str | None] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    remarks: list[set[str]] = field(default_factory=list)


def tracked(session: Session, size: int = 4096, guard: Guard | None = None, tables: bool = False) -> Iterator[Tracked]:
    """The chunks of a capture, judged."""
    contexts = Contexts() if tables else None
    return track(session.store, size, whole=False, contexts=contexts, guard=guard or session.guard())


def verdicts(session: Session, size: int = 4096, guard: Guard | None = None) -> Verdicts:
    """What is said of all frames, judged in chunks of a size."""
    found = Verdicts()
    for chunk in tracked(session, size, guard):
        secured = chunk.secured
        assert secured is not None
        found.status += [STATUSES[one] if one != NOTHING else None for one in secured.status.tolist()]
        found.key += [secured.names[one] if one >= 0 else None for one in secured.key.tolist()]
        found.encrypted += secured.encrypted.tolist()
        found.remarks += [{remark.code for remark in of(bits)} for bits in secured.remarks.tolist()]
    return found


def column_values(session: Session, size: int = 4096) -> list[dict[str, Counter[str]]]:
    """Of each frame its fields in columns, the values of each name as text, those in lists one by one."""
    frames = []
    for chunk in tracked(session, size, tables=True):
        facts: list[Any] = [(Counter(), Counter()) for _ in range(chunk.chunk.stop - chunk.chunk.start)]
        for rows, groups in chunk.groups:
            for group in groups:
                collect(group, chunk.chunk.offset[rows], [facts[row] for row in rows.tolist()])
        for values, _ in facts:
            made: dict[str, Counter[str]] = {}
            for (name, text, _, _), count in values.items():
                for one in ast.literal_eval(text) if text.startswith("[") else [text]:
                    if one is not None:
                        made.setdefault(name, Counter())[plain_text(name, str(one))] += count
            frames.append(made)
    return frames


def plain_text(name: str, text: str) -> str:
    """A value as sidecars have it: dates as ISO text."""
    if name not in TIMES:
        return text
    parts = bytes.fromhex(text)
    try:
        return datetime(2000 + parts[0], *parts[1:]).isoformat() if any(parts) else str(None)  # type: ignore[arg-type]
    except ValueError:
        return text  # no date


def texts(value: Any) -> Counter[str]:
    """A value of a sidecar in the same way."""
    return Counter(str(one) for one in (value if isinstance(value, list) else [value]))


def written(
    path: Path, link_type: int, frames: list[bytes], name: str | None = None, times: Sequence[int] | None = None
) -> Path:
    """A capture of these frames, 100 ms after one another or at times in ns."""
    with PcapngWriter(path) as writer:
        writer.add_interface(link_type, name=name, fcs_length=2 if link_type == LPDU else None)
        for number, data in enumerate(frames):
            at = times[number] if times is not None else number * 100_000_000
            writer.write(data, 1_772_359_200_000_000_000 + at)
    return path
