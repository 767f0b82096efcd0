# SPDX-License-Identifier: GPL-2.0-or-later
"""Any bytes give a decoded part and findings: never an exception, never a silent stop."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from dissectors.carriers import DECODERS
from dissectors.layers import layer_class
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.tree import layers
from osgp_analyzer.schema import REGISTRY, Group
from tests.conftest import SECRETS, load, port_frames

FUZZ = int(os.environ.get("OSGP_FUZZ", "20000"))
ENTRY = {"lon": "LPDU", "lon+crc": "LPDU", "cnip": "CNIP", "lonudp": "LonUDP"}
VECTORS = [(ENTRY[f["link"]], bytes.fromhex(f["hex"]), f["name"]) for f in load("frames.json")]
VECTORS += [
    ("LPDU", bytes.fromhex(f["hex"]), f"native {f['frame']}") for f in load("sidecars/native_lpdu.json")["frames"][::7]
]
VECTORS += [
    ("LPDU", bytes.fromhex(f["hex"]), f"ltep {f['frame']}") for f in load("sidecars/ltep_lpdu.json")["frames"][::9]
]
VECTORS += [(port, data, f"{port} {n}") for port in ("MEP", "Optical") for n, data in enumerate(port_frames(port))]
REQUESTS = [None, *({"apdu.code": code} for code in range(0x4C, 0x80))]


def check(entry: str, data: bytes, knowledge: Knowledge) -> Any:
    """Dissect; every byte must be in some layer, every finding inside the frame, and building must give the bytes."""
    packet = layer_class(entry)(_internal=1, knowledge=knowledge)
    packet.frame_offset = 0
    packet.dissect(data)
    assert bytes(packet) == data
    covered = bytearray(len(data))
    for layer in layers(packet, data):
        for field in layer.values():
            if field.offset is None:
                continue
            assert field.offset >= 0
            assert field.offset + field.length <= len(data)
            assert field.raw == (b"" if field.name in SECRETS else data[field.offset : field.offset + field.length])
            covered[field.offset : field.offset + field.length] = b"\1" * field.length
    assert all(covered), f"bytes that no field shows: {data.hex()} {covered.hex()}"
    for finding in packet.frame_findings():
        assert 0 <= finding.offset <= len(data)
        assert finding.text
    return packet


@pytest.mark.parametrize(("entry", "data", "name"), VECTORS, ids=lambda v: v if isinstance(v, str) else "")
def test_every_prefix(entry: str, data: bytes, name: str) -> None:
    whole = check(entry, data, Knowledge())
    crc = entry == "LPDU" and whole.field_value("crc") is not None
    for length in range(len(data)):
        packet = check(entry, data[:length], Knowledge(crc=True if crc else None))
        codes = {f.code for f in packet.frame_findings()}
        if crc and length >= 8:
            assert "lpdu.crc_bad" in codes
        elif _needs_more(whole, length) and (name, length) != (
            "cnip_data_aggregate2",
            34,
        ):  # the end of its first packet
            assert any(f.group in (Group.MALFORMED, Group.ASSUMPTION) for f in packet.frame_findings()), (
                name,
                length,
                codes,
            )


def _needs_more(whole: Any, length: int) -> bool:
    """True when byte `length` belongs to a field of fixed place: only free data at the end may go unnoticed."""
    for layer in layers(whole, whole.original):
        for field in layer.values():
            if field.offset is not None and field.offset <= length < field.offset + field.length:
                return layer.name in ("lpdu", "npdu", "tpdu", "spdu", "authpdu", "cnip") and field.name not in (
                    "authpdu.group",
                )
    return False


def damaged() -> st.SearchStrategy[tuple[str, bytes]]:
    """A vector with bytes changed, removed, doubled, or replaced by noise."""

    @st.composite
    def make(draw: st.DrawFn) -> tuple[str, bytes]:
        entry, data, _ = draw(st.sampled_from(VECTORS))
        data = bytearray(data)
        for _ in range(draw(st.integers(0, 4))):
            at = draw(st.integers(0, max(0, len(data) - 1)))
            match draw(st.integers(0, 3)):
                case 0 if data:
                    data[at] = draw(st.integers(0, 255))
                case 1:
                    del data[at : at + draw(st.integers(1, 6))]
                case 2:
                    data[at:at] = draw(st.binary(max_size=12))
                case 3 if data:
                    data[at] ^= 1 << draw(st.integers(0, 7))
        return entry, bytes(data)

    return st.one_of(make(), st.tuples(st.sampled_from(sorted(REGISTRY)), st.binary(max_size=80)))


# Hypothesis keeps all examples of a run in memory: several runs of 5,000 in place of one.
@pytest.mark.parametrize("part", range(max(1, FUZZ // 5000)))
def test_random_damage(part: int) -> None:
    @seed(part)  # other frames in each part, and the same ones tomorrow
    @settings(
        max_examples=5000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(), st.sampled_from(REQUESTS), st.sampled_from([None, True, False]))
    def run(frame: tuple[str, bytes], request: dict[str, int] | None, crc: bool | None) -> None:
        entry, data = frame
        check(entry, data, Knowledge(request=request, crc=crc))

    run()


@pytest.mark.parametrize("entry", sorted(set(DECODERS.values())))
def test_pathological(entry: str) -> None:
    """Repetitions that nest, lengths that lie."""
    for pattern in (b"\x7e", b"\x4d\x00", b"\x00", b"\xff", b"\x81\x00", b"\x60", b"\x86\xdd", b"\x01\x01"):
        for size in (1, 2, 3, 64, 1500, 65535):
            check(entry, (pattern * size)[:size], Knowledge())


def test_nested_to_the_limit() -> None:
    """A far-side escape inside a far-side escape ... stays within the limit and says so."""
    head = bytes.fromhex("0019018501834f04")
    packet = check("LPDU", head + b"\x7e" * 5000, Knowledge())
    assert any(f.code.endswith(".nesting") or "0x7e" in f.text.lower() for f in packet.frame_findings())
