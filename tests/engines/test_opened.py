# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages that keys opened: both engines read the same in them, whatever they say and wherever they are."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from dissectors.layers import layer_class
from osgp_analyzer.engines.columns.decode import decode
from osgp_analyzer.engines.columns.group import Known, OpenedRows
from osgp_analyzer.engines.columns.values import Slices
from osgp_analyzer.engines.knowledge import Knowledge, Opened
from osgp_analyzer.engines.scapy.tree import layers
from osgp_analyzer.simulate import lon
from osgp_analyzer.simulate.checksums import lpdu_crc
from osgp_analyzer.simulate.message import Request, Response
from tests.conftest import SECRETS
from tests.engines.test_differential import REQUESTS, Facts, _columns, collect, damaged

COUNT = 300
MEPS = ("mep.tls.code", "osgp.service", "osgp.table", "osgp.offset", "osgp.count")
Case = tuple[bytes, dict[str, int], Opened | None]
"""A frame, values of its request, and what was opened in it."""


def plaintext(rng: random.Random) -> tuple[bytes, bool]:
    """A body of a table service without its digest, and whether it is a response; often whole, sometimes anything."""
    response = rng.random() < 0.5
    if response:
        data = rng.randbytes(rng.choice((1, 4, 40, 90))) if rng.random() < 0.6 else None
        sequence = rng.randrange(2**32) if data is None and rng.random() < 0.5 else None
        body = Response(0 if data else rng.choice((0, 3, 0x0B, 0x0C)), data, sequence).body()
    else:
        table = rng.choice((1, 3, 7, 8, 21, 23, 28, 2048 + 4, 2048 + 11, 2048 + 52, 70, 5000))
        asked = Request(rng.choice((0x30, 0x3F, 0x40, 0x4F)), table, rng.randrange(50), rng.randrange(1, 99),
                        rng.randbytes(rng.choice((0, 1, 9, 60))))  # fmt: skip
        body = asked.body(counted=rng.random() < 0.5) + (rng.randbytes(4) if rng.random() < 0.8 else b"")
    if rng.random() < 0.4:
        body = damaged(rng, body)
    return body if rng.random() < 0.9 else rng.randbytes(rng.randrange(40)), response


def lon_frame(rng: random.Random, plain: bytes, response: bool) -> tuple[bytes, int]:
    """A PDU with as many random bytes and a digest, and where its body begins in the LPDU."""
    source, target = lon.node(1, 1), lon.node(1, 20)
    kind = lon.RESPONSE if response else lon.REQUEST
    body = b"\0" + rng.randbytes(len(plain)) + rng.randbytes(8)
    made = lon.Lon(lon.SPDU, source, target, b"OSGP01", body, kind, 3).lpdu()
    return made, len(made) - len(body) + 1


def shifted(rng: random.Random, opened: Opened, size: int) -> Opened | None:
    """Mostly as it is; sometimes at another place, with other clear parts, another direction, or not at all."""
    match rng.randrange(10):
        case 0:
            return None
        case 1:
            at = rng.randrange(size + 2)
            return Opened(at, opened.plain, opened.head, opened.tail, opened.response)
        case 2:
            return Opened(opened.at, opened.plain, rng.randrange(12), rng.randrange(20), opened.response)
        case 3:
            return Opened(opened.at, opened.plain, opened.head, opened.tail, not opened.response)
        case 4:
            return Opened(opened.at, b"", opened.head, opened.tail, opened.response)
    return opened


def request_of(rng: random.Random, response: bool) -> dict[str, int]:
    if not response or rng.random() < 0.2:
        return rng.choice(REQUESTS) if rng.random() < 0.2 else {}
    found = {"apdu.code": 0, "osgp.service": rng.choice((0x30, 0x3F, 0x40, 0x4F))}
    return found | {"osgp.table": rng.choice((1, 3, 8, 21, 23, 28)), "osgp.offset": rng.randrange(9), "osgp.count": 5}


def lpdu(rng: random.Random) -> Case:
    plain, response = plaintext(rng)
    made, at = lon_frame(rng, plain, response)
    data = made + lpdu_crc(made)
    data = damaged(rng, data) if rng.random() < 0.1 else data
    return data, request_of(rng, response), shifted(rng, Opened(at, plain, 0, 8, response), len(data))


def mep(rng: random.Random) -> Case:
    plain, response = plaintext(rng)
    tls = rng.random() < 0.3
    if tls:
        record = b"\x17\3\3" + (len(plain) + 24).to_bytes(2, "big") + rng.randbytes(len(plain) + 24)
        body, tail, at = bytes([0 if response else 0x80]) + record, 0, 2
    else:
        body, tail, at = rng.randbytes(len(plain) + 8), 8, 2
    data = len(body).to_bytes(2, "big") + body
    if rng.random() < 0.2:  # an alert before it
        data, at = b"\0\0" + data, at + 2
    data = damaged(rng, data) if rng.random() < 0.1 else data
    request = {"mep.tls.code": 0x80} if tls and rng.random() < 0.8 else {}
    request |= {name: value for name, value in request_of(rng, response).items() if name in MEPS}
    return data, request, shifted(rng, Opened(at, plain, 0, tail, response), len(data))


def cnip(rng: random.Random) -> Case:
    """Several packets in a datagram, one of which is opened."""
    data, place, chosen = b"", 0, rng.randrange(3)
    plain, response = plaintext(rng)
    for number in range(3):
        made, at = lon_frame(rng, plain if number == chosen else rng.randbytes(20), response)
        made += lpdu_crc(made)
        if number == chosen:
            place = len(data) + 20 + at
        data += (20 + len(made)).to_bytes(2, "big") + bytes.fromhex("01010000") + bytes(14) + made
    return data, request_of(rng, response), shifted(rng, Opened(place, plain, 0, 8, response), len(data))


def scapy_facts(entry: str, case: Case) -> Facts:
    data, request, opened = case
    packet = layer_class(entry)(_internal=1, knowledge=Knowledge(request=request or None, opened=opened))
    packet.frame_offset = 0
    packet.dissect(data)
    values: Counter[Any] = Counter()
    for layer in layers(packet, data):
        for field in layer.values():
            if field.value != [] and field.value is not None and field.name not in SECRETS:
                values[(field.name, str(field.value), field.offset, field.length)] += 1
    return values, Counter((f.code, f.offset) for f in packet.frame_findings())


def opened_rows(cases: list[Case], start: Any) -> OpenedRows:
    opened = [case[2] for case in cases]
    plain = b"".join(one.plain if one is not None else b"" for one in opened)
    length = np.array([len(one.plain) if one is not None else 0 for one in opened], np.int64)
    known = np.array([one is not None for one in opened])
    at = np.array([one.at if one is not None else -1 for one in opened], np.int64)
    return OpenedRows(
        Slices(np.frombuffer(plain or b"\0", np.uint8), np.cumsum(length) - length, length, known),
        np.where(known, at + start, -1),
        np.array([one.head if one is not None else 0 for one in opened], np.int64),
        np.array([one.tail if one is not None else 0 for one in opened], np.int64),
        np.array([one is not None and one.response for one in opened]),
    )


def column_facts(entry: str, cases: list[Case]) -> list[Facts]:
    joined = b"".join(case[0] for case in cases)
    length = np.array([len(case[0]) for case in cases], np.int64)
    start = np.cumsum(length) - length
    known = Known(_columns([case[1] for case in cases]), np.full(len(cases), -1, np.int64))
    known.opened = opened_rows(cases, start)
    facts: list[Facts] = [(Counter(), Counter()) for _ in cases]
    for group in decode(entry, np.frombuffer(joined, np.uint8), start, length, known):
        collect(group, start, facts)
    return facts


@pytest.mark.parametrize(("entry", "make"), [("LPDU", lpdu), ("MEP", mep), ("CNIP", cnip)], ids=["LPDU", "MEP", "CNIP"])
def test_both_engines_read_the_same(entry: str, make: Any) -> None:
    rng = random.Random(entry)
    cases: list[Case] = [make(rng) for _ in range(COUNT)]
    read = 0
    for case, columns in zip(cases, column_facts(entry, cases), strict=True):
        reference = scapy_facts(entry, case)
        where = f"{entry} {case[0].hex()} request {case[1]} opened {case[2]} {case[2].plain.hex() if case[2] else ''}"
        assert columns[0] - reference[0] == Counter(), f"only columns have it: {where}"
        assert reference[0] - columns[0] == Counter(), f"columns lack it: {where}"
        assert columns[1] == reference[1], where
        read += any(name.startswith("osgp.encrypted") for name, *_ in columns[0])
    assert read > COUNT / 4


@pytest.mark.parametrize("entry", ["LPDU", "MEP"])
def test_what_is_opened_is_read_as_if_it_were_clear(entry: str) -> None:
    """The values of a whole message are those that its sender has put in."""
    rng = random.Random(entry)
    for _ in range(40):
        asked = Request(0x4F, 5000, rng.randrange(1 << 24), data=rng.randbytes(rng.randrange(80)))
        plain = asked.body() + rng.randbytes(4)
        made, at = lon_frame(rng, plain, False)
        made += lpdu_crc(made)
        if entry == "MEP":
            body = rng.randbytes(len(plain) + 8)
            made, at = len(body).to_bytes(2, "big") + body, 2
        values, findings = scapy_facts(entry, (made, {}, Opened(at, plain, 0, 8, False)))
        found = {name: value for name, value, *_ in values}
        wanted = asked.fields() | {"osgp.sequence": int.from_bytes(plain[-4:], "big")}
        assert {name: found.get(name, "") for name in wanted} == {name: str(value) for name, value in wanted.items()}
        assert findings == Counter()
