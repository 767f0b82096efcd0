# SPDX-License-Identifier: GPL-2.0-or-later
"""What tshark with our script says of frames, and how that differs from our own trees.

Both are brought to one form: fields by their name in Wireshark, numbers as numbers, bytes as hex. What is computed has
no place. Values that are shown nowhere are left out.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import dropwhile
from pathlib import Path

import dissectors.definitions  # noqa: F401  defines the layers
from osgp_analyzer.app.decode import Decoder
from osgp_analyzer.capture import Capture, Frame
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.lua import fields
from osgp_analyzer.engines.tree import FieldNode, Value
from osgp_analyzer.schema import REGISTRY, Computed
from tests.conftest import SECRETS
from tests.tshark import readable_folder

FINDING = f"{fields.PREFIX}finding."
STOCK = {"eth", "ipv4", "ipv6", "udp"}
"""Layers that Wireshark reads before it asks us."""
Item = tuple[str, str, int, int]
"""Name, value, first byte, bytes; no place where it is computed."""


@dataclass
class Seen:
    """A frame. `findings`: code and text. `info`: its line in a packet list."""

    items: list[Item] = field(default_factory=list)
    findings: list[tuple[str, str]] = field(default_factory=list)
    info: str = ""


def tshark(script: str, capture: Path, *options: str, program: str = "tshark") -> str:
    """What tshark prints as an ordinary user. Lua's complaints fail the test: tshark itself goes on without a word."""
    with readable_folder() as folder:
        copied, lua = folder / capture.name, folder / "osgp.lua"
        shutil.copyfile(capture, copied)
        lua.write_text(script, "utf-8")
        for file in (copied, lua):
            file.chmod(0o644)
        command = [program, "-n", "-r", str(copied), "-X", f"lua_script:{lua}", *options]
        ordinary = {"user": "nobody", "env": {**os.environ, "HOME": str(folder)}} if os.geteuid() == 0 else {}
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **ordinary)  # type: ignore[call-overload]
    assert run.returncode == 0, run.stderr
    assert "Lua" not in run.stderr, run.stderr
    assert "Lua Error" not in run.stdout, run.stdout[run.stdout.index("Lua Error") :][:300]
    return str(run.stdout)


def write(path: Path, link: int, frames: Sequence[bytes]) -> Path:
    """A pcap file with frames of one link type."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
        for data in frames:
            file.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)
    return path


@cache
def kinds() -> dict[str, str]:
    """The type that each of our names has in Wireshark."""
    found = fields.types(layer.definition for layer in REGISTRY.values())
    return {fields.filter_name(name): kind for name, kind in found.items()}


def theirs(script: str, capture: Path) -> Iterator[Seen]:
    """Each frame as tshark sees it."""
    for packet in ElementTree.fromstring(tshark(script, capture, "-T", "pdml")).iter("packet"):
        found = Seen()
        for proto in packet.iter("proto"):
            if proto.get("name") == "osgp":
                for element in proto:
                    _walk(element, found)
        yield found


def _walk(element: ElementTree.Element, found: Seen) -> None:
    name, show, size = element.get("name", ""), element.get("show", ""), int(element.get("size", 0))
    if name.startswith(FINDING):
        text = element.get("showname", "")
        found.findings.append((name.removeprefix(FINDING).replace("truncated.part", "truncated"), text))
    elif name.startswith(fields.PREFIX) and show and name not in _secrets():
        kind = kinds().get(name, fields.BYTES)
        if "int" in kind:
            show = str(int(show, 0))
        elif kind == fields.BYTES:
            show = show.replace(":", "")
        found.items.append(
            (name, show, 0, 0)
            if not size or name in _always_computed()
            else (name, show, int(element.get("pos", 0)), size)
        )
    for inner in element:
        _walk(inner, found)


@cache
def _secrets() -> frozenset[str]:
    return frozenset(fields.filter_name(name) for name in SECRETS)


@cache
def _always_computed() -> frozenset[str]:
    """Names of what is nowhere in a frame."""
    found: dict[str, bool] = {}
    for layer in REGISTRY.values():
        for one, name in layer.definition.full_names:
            found[name] = found.get(name, True) and isinstance(one, Computed)
    return frozenset(fields.filter_name(name) for name, computed in found.items() if computed)


def ours(frame: Frame) -> Seen:
    """A frame as our own tree has it, read by itself. What Wireshark reads by its own dissectors is left out."""
    decoded = Decoder().decode(frame, Knowledge())
    layers, begin = decoded.layers, 0
    found = Seen(info=decoded.info)
    if layers and layers[0].name == "eth":
        layers = list(dropwhile(lambda layer: layer.name in STOCK, layers))
        begin = layers[0].offset if layers else len(frame.data)
        found.info = re.sub(r"^IPv[46], UDP, port \d+ to \d+, \d+ bytes(, | )?", "", decoded.info)
    for layer in layers:
        for one in layer.values():
            _collect(one, found)
    found.findings = [
        (f.code, f.text) for f in decoded.findings if f.offset >= begin and not f.code.startswith("frame.")
    ]
    return found


def _collect(node: FieldNode, found: Seen) -> None:
    name = fields.filter_name(node.name)
    if name in _secrets():
        return
    values: list[Value] = node.value if isinstance(node.value, list) else [node.value]
    each = node.length // len(values) if values else 0
    for number, value in enumerate(values):
        text = str(value)
        if value is None or text == "":
            continue
        if kinds().get(name) in (fields.ADDRESS4, fields.ADDRESS6, "string"):
            text = node.text
        at = (node.offset or 0) + number * each
        found.items.append((name, text, at, each) if node.offset is not None and each else (name, text, 0, 0))


def differences(script: str, folder: Path, link: int, frames: Sequence[bytes]) -> Iterator[str]:
    """Whatever is not the same of frames of a link type, with their bytes."""
    path = write(folder / "frames.pcap", link, frames)
    capture = Capture.open(str(path))
    infos = tshark(script, path, "-T", "fields", "-e", "_ws.col.Info").splitlines()
    for number, (seen, info) in enumerate(zip(theirs(script, path), infos, strict=True)):
        mine = ours(capture[number])
        if any(".part" in code for code, _ in seen.findings):
            continue  # a part of a table, which the script says that it does not take apart
        # Bytes that are made are in a tab of their own in Wireshark: their place there is none in the frame.
        made = {item[:2] for item in mine.items if not item[3]}
        seen.items = [(*item[:2], 0, 0) if item[:2] in made else item for item in seen.items]
        for what, a, b in (("fields", mine.items, seen.items), ("findings", mine.findings, seen.findings)):
            missing, more = Counter(a) - Counter(b), Counter(b) - Counter(a)  # type: ignore[arg-type]
            if missing or more:
                yield f"{what} of {frames[number].hex()}: missing {list(missing)}, surplus {list(more)}"
        if mine.info != info:
            yield f"line of {frames[number].hex()}: {mine.info!r}, {info!r}"
