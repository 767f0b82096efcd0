# SPDX-License-Identifier: GPL-2.0-or-later
"""Scapy layers and columns read the same definitions: every value, offset and finding must be the same."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dissectors.carriers import LINK_TYPES
from dissectors.layers import layer_class
from dissectors.procedures_columns import PROCEDURES
from osgp_analyzer import schema
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture
from osgp_analyzer.engines.columns import evaluate
from osgp_analyzer.engines.columns.decode import decode
from osgp_analyzer.engines.columns.group import Group, Known
from osgp_analyzer.engines.columns.values import Numbers
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.tree import layers
from osgp_analyzer.schema import REGISTRY
from tests.conftest import CAPTURES, SECRETS, load, port_frames

evaluate.PROCEDURES.update(PROCEDURES)
GENERATED = int(os.environ.get("OSGP_FUZZ", "50000"))
ENTRY = {"lon": "LPDU", "lon+crc": "LPDU", "cnip": "CNIP", "lonudp": "LonUDP"}
PORTS = ("MEP", "Optical")
REQUESTS: list[dict[str, int]] = [{}, *({"apdu.code": code} for code in range(0x4C, 0x80))]
REQUESTS += [{"apdu.code": 0, "osgp.service": s, "osgp.table": 23} for s in (0x30, 0x3F, 0x40, 0x4F, 0x77)]
REQUESTS += [{"osgp.service": code} for code in (0x20, 0x21, 0x50, 0x52, 0x60, 0x63, 0x70)]
REQUESTS += [{"mep.tls.code": code} for code in (0x57, 0x58, 0x80)]
REQUESTS += [{"apdu.code": 0x52, "nd.proxy.query": q} for q in range(4)]
REQUESTS += [{"apdu.code": 0x70, "nm.install.subcommand": s, "nm.query_nv_info.info_type": s % 6} for s in range(12)]

Frame = tuple[bytes, dict[str, int], int] | tuple[bytes, dict[str, int], int, dict[str, int]]
"""Bytes, values of the request, whether the CRC is kept, and values of other tables."""
Facts = tuple[Counter[Any], Counter[Any]]


def scapy_facts(entry: str, frame: Frame) -> Facts:
    data, request, crc, tables = (*frame, {})[:4]
    knowledge = Knowledge(request=request or None, tables=tables, crc=None if crc < 0 else bool(crc))
    packet = layer_class(entry)(_internal=1, knowledge=knowledge)
    packet.frame_offset = 0
    packet.dissect(data)
    values: Counter[Any] = Counter()
    for layer in layers(packet, data):
        for field in layer.values():
            if field.value != [] and field.value is not None and field.name not in SECRETS:
                values[(field.name, str(field.value), field.offset, field.length)] += 1
    return values, Counter((f.code, f.offset) for f in packet.frame_findings())


def column_facts(entry: str, frames: list[Frame]) -> list[Facts]:
    joined = b"".join(frame[0] for frame in frames)
    length = np.array([len(frame[0]) for frame in frames], np.int64)
    start = np.cumsum(length) - length
    requests = _columns([frame[1] for frame in frames])
    tables = _columns([frame[3] if len(frame) > 3 else {} for frame in frames])
    known = Known(requests, np.array([frame[2] for frame in frames], np.int64), tables=tables)
    facts: list[Facts] = [(Counter(), Counter()) for _ in frames]
    for group in decode(entry, np.frombuffer(joined or b"\0", np.uint8), start, length, known):
        collect(group, start, facts)
    return facts


def _columns(rows: list[dict[str, int]]) -> dict[str, Numbers]:
    return {
        name: Numbers(np.array([r.get(name, 0) for r in rows], np.int64), np.array([name in r for r in rows], bool))
        for name in dict.fromkeys(name for row in rows for name in row)
    }


def collect(group: Group, start: Any, facts: list[Facts]) -> None:
    fields = {f.name: f for f in group.definition.fields} if group.definition is not None else {}
    for name, column in group.columns.items():
        field = fields.get(name)
        if isinstance(field, (schema.Struct, schema.View)):
            continue
        if isinstance(field, schema.Array) and not isinstance(field.element, schema.Field):
            continue
        full = (
            group.definition.full_name(field)
            if group.definition is not None and field is not None
            else f"{name}.{name}"
        )
        if full in SECRETS:
            continue
        first, size = column.where()
        for row in np.flatnonzero(column.present).tolist():
            frame = int(group.frames[row])
            if isinstance(field, schema.Array):
                value: Any = [_value(item.value, row) if item.present[row] else None for item in column.items]
                if column.passed is not None:
                    value[1:1] = [None] * int(column.passed[row])
                while value and value[-1] is None:
                    value.pop()
                if not value:
                    continue
            else:
                value = _value(column.value, row)
            if isinstance(field, schema.Text):
                value = bytes.fromhex(value).decode(field.encoding, "replace").rstrip(field.pad)
            place: tuple[Any, int] = (None, 0)
            if not column.computed and group.at is None:
                bit = int(first[row]) - int(start[frame]) * 8
                place = (bit // 8, (bit % 8 + int(size[row]) + 7) // 8)
            facts[frame][0][(full, str(value), *place)] += 1
    for finding in group.findings:
        for row, offset in zip(finding.rows.tolist(), finding.offset.tolist(), strict=True):
            frame = int(group.frames[row])
            facts[frame][1][(finding.code, offset - int(start[frame]))] += 1


def _value(value: Any, row: int) -> Any:
    if isinstance(value, Numbers):
        return int(value.values[row])
    found = value.get(row)
    return found.hex() if found is not None else None


def compare(entry: str, frames: list[Frame]) -> None:
    for frame, columns in zip(frames, column_facts(entry, frames), strict=True):
        reference = scapy_facts(entry, frame)
        where = f"{entry} {frame[0].hex()} request {frame[1]} crc {frame[2]} tables {frame[3:]}"
        assert columns[0] - reference[0] == Counter(), f"only columns have it: {where}"
        assert reference[0] - columns[0] == Counter(), f"columns lack it: {where}"
        assert columns[1] == reference[1], where


def vectors(entry: str) -> list[bytes]:
    found = [bytes.fromhex(f["hex"]) for f in load("frames.json") if ENTRY[f["link"]] == entry]
    if entry == "LPDU":
        for name in ("native_lpdu", "ltep_lpdu", "example1_lpdu"):
            found += [bytes.fromhex(f["hex"]) for f in load(f"sidecars/{name}.json")["frames"]]
    if entry in PORTS:
        found += port_frames(entry)
    if entry == "LonUDP":
        found += [bytes.fromhex(f["udp_payload"]) for f in load("sidecars/lon_udp_dom0.json")["frames"]]
    return found


@pytest.mark.parametrize("entry", ["LPDU", "CNIP", "LonUDP", *PORTS])
def test_vectors_and_captures(entry: str) -> None:
    compare(entry, [(data, {}, -1) for data in vectors(entry)])


@pytest.mark.parametrize("name", ["lon_udp_dom0", "lon_udp_dom1", "osgp_contic"])
def test_captures_over_ip(name: str) -> None:
    with Capture.open(CAPTURES / f"{name}.pcap") as capture:
        frames = [f.data for f in capture]
    compare("EthernetII", [(data, {}, -1) for data in frames])
    rng = random.Random(name)
    compare("EthernetII", [(data[: rng.randrange(len(data))], {}, -1) for data in frames])


@pytest.mark.parametrize("entry", ["LPDU", "CNIP", "LonUDP", *PORTS])
@pytest.mark.parametrize("seed", range(2))
def test_damaged(entry: str, seed: int) -> None:
    rng = random.Random(f"{entry} {seed}")
    known = vectors(entry)
    frames: list[Frame] = []
    for _ in range(GENERATED // 6):
        data = damaged(rng, rng.choice(known))
        frames.append((data, rng.choice(REQUESTS), rng.choice((-1, -1, 0, 1))))
    compare(entry, frames)


def damaged(rng: random.Random, known: bytes) -> bytes:
    """Bytes cut off, taken out, put in or changed."""
    data = bytearray(known)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                del data[at:]
            case 1:
                del data[at : at + rng.randrange(1, 5)]
            case 2:
                data[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 3 if at < len(data):
                data[at] = rng.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("simulated_*.pcapng")), ids=lambda path: path.stem)
def test_damaged_with_what_is_known(path: Path) -> None:
    """Frames of simulated captures with their requests and the tables of their meters, also with those of others."""
    rng, session = random.Random(path.stem), Session.open(str(path))
    asked, seeds = session.store.asked, []
    for i, decoded in enumerate(session):
        request = session[decoded.request - 1].values if decoded.request else {}
        seen = session._seen_before(i)
        seeds.append((decoded.frame.data, {name: request[name] for name in asked & request.keys()},
                      seen.values if seen else {}))  # fmt: skip
    frames: list[Frame] = []
    for _ in range(GENERATED // 50):
        data, request, tables = rng.choice(seeds)
        known = request, tables if rng.random() < 0.8 else rng.choice(seeds)[2]
        frames.append((damaged(rng, data), known[0], rng.choice((-1, 1)), known[1]))
    entry = LINK_TYPES[session.capture.interfaces[0].link_type]
    compare(entry, frames)


@pytest.mark.parametrize("entry", [n for n, layer in REGISTRY.items() if layer.__module__.startswith("dissectors")])
def test_every_layer_on_noise(entry: str) -> None:
    rng = random.Random(entry)
    frames: list[Frame] = [(b"", {}, -1)]
    for _ in range(max(20, GENERATED // 100)):
        data = bytes(rng.choice((0, 1, rng.randrange(256), rng.randrange(256))) for _ in range(rng.randrange(48)))
        frames.append((data, rng.choice(REQUESTS), rng.choice((-1, 0, 1))))
    compare(entry, frames)
