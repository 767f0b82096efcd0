# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters against plain Python over the frames that the per-frame engine decoded, and against tshark's filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.app.decode import Decoded, Decoder
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.filters.filter import Filter
from osgp_analyzer.schema import Group, Severity
from osgp_analyzer.store import FrameStore, crc_is_kept
from tests import tshark

CAPTURES = Path(__file__).parents[2] / "captures"
NAMES = ("native_lpdu", "ltep_lpdu", "lon_udp_dom1")


class Seen:
    """A frame as the per-frame engine has it: all values by name, layers, addresses as they are shown."""

    def __init__(self, decoded: Decoded) -> None:
        self.frame, self.findings = decoded.frame, decoded.findings
        self.layers = {layer.name for layer in decoded.layers}
        self.values: dict[str, list[Any]] = {}
        for layer in decoded.layers:
            for field in layer.values():
                if field.value is not None:
                    self.values.setdefault(field.name, []).append(field.value)
        lon = "/" in decoded.source and bool(self.layers & {"npdu", "lonudp"})
        self.source, self.destination = (
            text if lon and "?" not in text.split(" (")[0] else "" for text in (decoded.source, decoded.destination)
        )
        """Empty where the frame ends before the address does."""

    def __getitem__(self, name: str) -> list[Any]:
        return self.values.get(name, [])

    def data(self, name: str) -> list[bytes]:
        return [bytes.fromhex(v) for v in self[name]]


Truth = Callable[[Seen], bool]


def some(name: str, test: Callable[[Any], bool]) -> Truth:
    return lambda f: any(test(v) for v in f[name])


def every(name: str, test: Callable[[Any], bool]) -> Truth:
    return lambda f: bool(f[name]) and all(test(v) for v in f[name])


def octets(name: str, test: Callable[[bytes], bool]) -> Truth:
    return lambda f: any(test(v) for v in f.data(name))


FILTERS: list[tuple[str, Truth]] = [
    ("npdu.src_node == 10", some("npdu.src_node", lambda v: v == 10)),
    ("npdu.src_node eq 0xa", some("npdu.src_node", lambda v: v == 10)),
    ("npdu.src_node != 10", every("npdu.src_node", lambda v: v != 10)),
    ("npdu.src_node ne 0b1010", every("npdu.src_node", lambda v: v != 10)),
    ("npdu.src_node < 10", some("npdu.src_node", lambda v: v < 10)),
    ("npdu.src_node le 10", some("npdu.src_node", lambda v: v <= 10)),
    ("npdu.src_node > 012", some("npdu.src_node", lambda v: v > 10)),
    ("npdu.src_node >= 10", some("npdu.src_node", lambda v: v >= 10)),
    ("npdu.src_node in {1, 2, 5..12}", some("npdu.src_node", lambda v: v in (1, 2) or 5 <= v <= 12)),
    ("npdu.src_node not in {10 3}", lambda f: not any(v in (10, 3) for v in f["npdu.src_node"])),
    ("all npdu.src_node == 10", every("npdu.src_node", lambda v: v == 10)),
    ("any npdu.src_node != 10", some("npdu.src_node", lambda v: v != 10)),
    ("apdu.code == 0x4d", some("apdu.code", lambda v: v == 0x4D)),
    ("all apdu.code == 0x4d", every("apdu.code", lambda v: v == 0x4D)),
    ("apdu.code != 0x4d", every("apdu.code", lambda v: v != 0x4D)),
    ("any apdu.code !== 0x4d", some("apdu.code", lambda v: v != 0x4D)),
    ("apdu.code === 0x4d", every("apdu.code", lambda v: v == 0x4D)),
    ("apdu.code == 0", some("apdu.code", lambda v: v == 0)),
    ("!(apdu.code == 0x4d)", lambda f: 0x4D not in f["apdu.code"]),
    (
        "apdu.code < 0x20 && apdu.code > 0x4c",
     lambda f: any(v < 32 for v in f["apdu.code"]) and any(v > 76 for v in f["apdu.code"])),
    ("apdu.code & 0x40", some("apdu.code", lambda v: v & 0x40 != 0)),
    ("apdu.code & 0xf == 1", some("apdu.code", lambda v: v & 15 == 1)),
    ('apdu.code == "Query status"', some("apdu.code", lambda v: v == 0x51)),
    ('apdu.code in {"query STATUS", 0x4d}', some("apdu.code", lambda v: v in (0x51, 0x4D))),
    ("spdu.type == REQUEST", some("spdu.type", lambda v: v == 0)),
    ("spdu.type == response or tpdu.type == 0", lambda f: 2 in f["spdu.type"] or 0 in f["tpdu.type"]),
    ("nv", lambda f: "nv" in f.layers),
    ("not nv and apdu", lambda f: "nv" not in f.layers and "apdu" in f.layers),
    ("spdu || tpdu", lambda f: bool(f.layers & {"spdu", "tpdu"})),
    ("lonudp", lambda f: "lonudp" in f.layers),
    ("data", lambda f: "data" in f.layers),
    ("ltep.hop", lambda f: any(n.startswith("ltep.hop.") for n in f.values)),
    ("npdu.domain[0]", lambda f: any(f["npdu.domain"])),
    ("npdu.neuron_id", lambda f: bool(f["npdu.neuron_id"])),
    ("npdu.domain[0] == 02", octets("npdu.domain", lambda v: v[:1] == b"\x02")),
    ("npdu.domain == 5a", octets("npdu.domain", lambda v: v == b"\x5a")),
    ("npdu.domain != 5a", lambda f: bool(f["npdu.domain"]) and "5a" not in f["npdu.domain"]),
    ("npdu.domain in {5a, 51}", octets("npdu.domain", lambda v: v in (b"\x5a", b"\x51"))),
    ("npdu.neuron_id[0:3] == 05:00:aa", octets("npdu.neuron_id", lambda v: v[:3] == b"\x05\0\xaa")),
    ("npdu.neuron_id contains 00", octets("npdu.neuron_id", lambda v: b"\0" in v)),
    ("npdu.neuron_id > 04", octets("npdu.neuron_id", lambda v: v > b"\x04")),
    ("nv.value[0:2] == 42:c8", octets("nv.value", lambda v: v[:2] == b"\x42\xc8")),
    ("nv.value[0-1] == 42c8", octets("nv.value", lambda v: v[:2] == b"\x42\xc8")),
    ("nv.value[1] == 01", octets("nv.value", lambda v: v[1:2] == b"\1")),
    ("nv.value[:1] != c8", lambda f: any(f.data("nv.value")) and all(v[0] != 0xC8 for v in f.data("nv.value") if v)),
    ("nv.value[1:] == 01", octets("nv.value", lambda v: v[1:] == b"\1")),
    ("nv.value[-1] == 00", octets("nv.value", lambda v: v[-1:] == b"\0")),
    ("nv.value[0,1] == c8:01", octets("nv.value", lambda v: v[:2] == b"\xc8\1")),
    ("nv.value contains c8", octets("nv.value", lambda v: b"\xc8" in v)),
    ("nv.value == 7f", octets("nv.value", lambda v: v == b"\x7f")),
    ("nv.value >= 01", octets("nv.value", lambda v: v >= b"\x01")),
    ("nv.value in {00..20}", octets("nv.value", lambda v: b"\0" <= v <= b"\x20")),
    (r'nv.value matches "^\x42"', octets("nv.value", lambda v: v[:1] == b"\x42")),
    (r'nv.value matches r"[a-c]"', octets("nv.value", lambda v: re.search(rb"[a-cA-C]", v) is not None)),
    (r'nv.value[1:] matches r"\x1B"', octets("nv.value", lambda v: b"\x1b" in v[1:])),
    (r'nv.value contains "\x00"', octets("nv.value", lambda v: b"\0" in v)),
    ("data.data contains 00", octets("data.data", lambda v: b"\0" in v)),
    ("nv.selector == 0 or nv.direction == 1", lambda f: 0 in f["nv.selector"] or 1 in f["nv.direction"]),
    ("npdu.src == 1/10", lambda f: f.source == "1/10"),
    ("npdu.src != 1/10", lambda f: f.source not in ("", "1/10")),
    ("npdu.src in {1/10, 1/3}", lambda f: f.source in ("1/10", "1/3")),
    ('npdu.dst == "group 200"', lambda f: f.destination == "group 200"),
    ('npdu.dst matches "^group"', lambda f: f.destination.startswith("group")),
    ("npdu.dst == broadcast", lambda f: f.destination == "broadcast"),
    ('npdu.dst contains "subnet"', lambda f: "subnet" in f.destination),
    ('npdu.dst matches ":"', lambda f: ":" in f.destination),
    ("npdu.addr == 1/10", lambda f: "1/10" in (f.source, f.destination.split(" (")[0])),
    ("npdu.addr != 1/10",
     lambda f: f.source + f.destination != "" and "1/10" not in (f.source, f.destination.split(" (")[0])),
    ("npdu.src_subnet == npdu.dst_subnet",
     lambda f: any(a == b for a in f["npdu.src_subnet"] for b in f["npdu.dst_subnet"])),
    ("npdu.src_node > npdu.dst_node", lambda f: any(a > b for a in f["npdu.src_node"] for b in f["npdu.dst_node"])),
    ("frame.number in {5..20}", lambda f: 5 <= f.frame.number <= 20),
    ("frame.len > 20", lambda f: f.frame.length > 20),
    ("frame.cap_len == 13", lambda f: len(f.frame.data) == 13),
    ("frame.link_type == 147", lambda f: f.frame.link_type == 147),
    ("frame.interface == 0", lambda f: f.frame.interface.index == 0),
    ("frame.time", lambda f: f.frame.time is not None),
    ("frame.time_epoch", lambda f: f.frame.time is not None),
    ("ipv4.src == 0a:00:00:01 or ipv4", lambda f: "ipv4" in f.layers),
    ("finding", lambda f: bool(f.findings)),
    ("not finding.code", lambda f: not f.findings),
    ("finding.severity == error", lambda f: any(g.severity is Severity.ERROR for g in f.findings)),
    ("all finding.severity < error",
     lambda f: bool(f.findings) and all(g.severity is not Severity.ERROR for g in f.findings)),
    ('finding.code contains "truncated"', lambda f: any("truncated" in g.code for g in f.findings)),
    ("finding.group in {malformed, protocol}",
     lambda f: any(g.group in (Group.MALFORMED, Group.PROTOCOL) for g in f.findings)),
    ("udp.dst_port == 2541", some("udp.dst_port", lambda v: v == 2541)),
]  # fmt: skip


@lru_cache
def frames(name: str) -> list[Seen]:
    capture = Capture.open(str(CAPTURES / f"{name}.pcap"))
    capture.index_more(100_000)
    decoder = Decoder(LINK_TYPES)
    status = [decoder.decode(capture[i], Knowledge()).values.get("lpdu.crc_status") for i in range(64)]
    crc = crc_is_kept([s for s in status if s is not None])
    return [Seen(decoder.decode(capture[i], Knowledge(crc=crc))) for i in range(len(capture))]


@lru_cache
def store(name: str) -> FrameStore:
    made = FrameStore(Capture.open(str(CAPTURES / f"{name}.pcap")), LINK_TYPES)
    while made.advance(100):
        pass
    return made


def passing(text: str, made: FrameStore) -> list[int]:
    wanted = Filter(text)
    found = [np.flatnonzero(wanted.mask(made, chunk)) + chunk.start + 1 for chunk in made.chunks]
    numbers = [int(n) for part in found for n in part]
    assert wanted.count(made) == len(numbers)
    return numbers


@pytest.mark.parametrize(("text", "truth"), FILTERS, ids=[text for text, _ in FILTERS])
def test_same_frames_as_plain_python(text: str, truth: Truth) -> None:
    for name in NAMES:
        expected = [f.frame.number for f in frames(name) if truth(f)]
        assert passing(text, store(name)) == expected, name


ANSWERED: list[tuple[str, Truth]] = [
    ("apdu.request_code", lambda f: bool(f["apdu.request_code"])),
    ('apdu.request_code == "Query status"', some("apdu.request_code", lambda v: v == 0x51)),
    ("apdu.outcome == 1", some("apdu.outcome", lambda v: v == 1)),
    ("nm.query_domain_response", lambda f: "nm.query_domain_response" in f.layers),
    ("nm.read_memory_response or nd.query_status_response",
     lambda f: bool(f.layers & {"nm.read_memory_response", "nd.query_status_response"})),
    ("data", lambda f: "data" in f.layers),
    ("data.data != 00", lambda f: bool(f["data.data"]) and "00" not in f["data.data"]),
    ("npdu.dst == 1/10 and apdu", lambda f: f.destination.split(" (")[0] == "1/10" and "apdu" in f.layers),
    ("apdu.code == 0x31", some("apdu.code", lambda v: v == 0x31)),
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_responses_read_with_their_requests(name: str) -> None:
    session = Session.open(str(CAPTURES / f"{name}.pcap"))
    seen = [Seen(decoded) for decoded in session]
    tracked = list(track(store(name), 100))
    for text, truth in [*ANSWERED, *FILTERS]:
        wanted = Filter(text)
        found: list[int] = []
        for one in tracked:
            mask = wanted.mask(one.store, one.chunk, one)
            found += (np.flatnonzero(mask) + one.chunk.start + 1).tolist()
        assert found == [f.frame.number for f in seen if truth(f)], text


def test_filters_tell_frames_apart() -> None:
    """A filter that no capture has a frame for, or all frames, tests nothing: but few may."""
    total = sum(len(frames(name)) for name in NAMES)
    counts = {text: sum(truth(f) for name in NAMES for f in frames(name)) for text, truth in FILTERS}
    trivial = [text for text, count in counts.items() if count in (0, total)]
    assert len(trivial) <= 3, trivial


def test_times_are_exact() -> None:
    for seen in frames("native_lpdu")[:20]:
        assert seen.frame.time is not None
        seconds, fraction = divmod(seen.frame.time, 10**9)
        found = passing(f"frame.time_epoch == {seconds}.{fraction:09}", store("native_lpdu"))
        assert found == [f.frame.number for f in frames("native_lpdu") if f.frame.time == seen.frame.time]
        moment = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{fraction:09}"
        assert passing(f'frame.time == "{moment}"', store("native_lpdu")) == found
        later = passing(f'frame.time > "{moment}"', store("native_lpdu"))
        assert later == [f.frame.number for f in frames("native_lpdu") if (f.frame.time or 0) > seen.frame.time]


@pytest.mark.parametrize("name", NAMES)
def test_kept_columns_and_full_decoding_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text for text, _ in FILTERS if Filter(text).fast]
    assert len(texts) > 30
    either = [passing(text, store(name)) for text in texts]
    monkeypatch.setattr(FrameStore, "beyond", lambda _, chunk, *__: np.ones(chunk.stop - chunk.start, bool))
    assert [passing(text, store(name)) for text in texts] == either


TSHARK = [
    ("lon.srcnode == 10", "npdu.src_node == 10"),
    ("lon.srcnode != 10", "npdu.src_node != 10"),
    ("lon.srcnet == 1 && lon.dstnet > 1", "npdu.src_subnet == 1 && npdu.dst_subnet > 1"),
    ("lon.dstnode in {1, 2, 5..9}", "npdu.dst_node in {1, 2, 5..9}"),
    ("not lon.dstnode", "not npdu.dst_node"),
    ("lon.dstnode == 127 or lon.srcnode < 5", "npdu.dst_node == 127 or npdu.src_node < 5"),
    ("frame.number <= 100 and frame.len >= 15", "frame.number <= 100 and frame.len >= 15"),
    ("!(lon.srcnode == 10)", "!(npdu.src_node == 10)"),
    ("lon.srcnode & 2", "npdu.src_node & 2"),
]


@pytest.mark.parametrize(("theirs", "ours"), TSHARK)
def test_same_frames_as_tshark(theirs: str, ours: str) -> None:
    rows = tshark.fields(CAPTURES / "native_lpdu.pcap", ["frame.number"], "-Y", theirs)
    assert passing(ours, store("native_lpdu")) == [int(row["frame.number"][0]) for row in rows]
