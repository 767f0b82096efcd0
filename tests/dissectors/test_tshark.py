# SPDX-License-Identifier: GPL-2.0-or-later
"""Header fields of native frames against Wireshark's C dissector. Where it is known to be wrong (en14908.md 12), the
fault is named here and the field left out for just those frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import PcapngWriter
from tests.conftest import CAPTURES, load
from tests.tshark import fields

HEADER = {
    "lon.prio": "lpdu.priority",
    "lon.alt_path": "lpdu.alt_path",
    "lon.delta_bl": "lpdu.delta_backlog",
    "lon.vers": "npdu.version",
    "lon.pdufmt": "npdu.pdu_type",
    "lon.addrfmt": "npdu.address_format",
    "lon.domainlen": "npdu.domain_length",
    "lon.srcnet": "npdu.src_subnet",
    "lon.srcnode": "npdu.src_node",
    "lon.dstnet": "npdu.dst_subnet",
    "lon.dstnode": "npdu.dst_node",
    "lon.dstgrp": "npdu.dst_group",
    "lon.grp": "npdu.group",
    "lon.grpmem": "npdu.member",
    "lon.uid": "npdu.neuron_id",
    "lon.domain": "npdu.domain",
    "lon.tpdu_type": "tpdu.type",
    "lon.spdu_type": "spdu.type",
    "lon.trans_no": "transaction",
    "lon.auth": "auth",
    "lon.nv.dir": "nv.direction",
    "lon.nv.selector": "nv.selector",
}


def ours(decoded: Any) -> dict[str, Any]:
    """First value of each header field; LTEP and far-side messages have inner ones."""
    found: dict[str, Any] = {}
    for layer in decoded.layers:
        for field in layer.values():
            name = field.name
            if name in ("tpdu.transaction", "spdu.transaction", "authpdu.transaction", "tpdu.auth", "spdu.auth"):
                name = name.split(".")[1]
            found.setdefault(name, field.value)
    return found


def faults(got: dict[str, Any]) -> dict[str, str]:
    """Fields in which Wireshark is wrong for this frame, with the fault."""
    wrong = {}
    if "npdu.group" in got:
        wrong |= dict.fromkeys(("lon.dstnet", "lon.dstgrp"), "12.2: the subnet of format 2b is labelled a group")
    if got.get("npdu.version") == 2:
        wrong |= dict.fromkeys(
            ("lon.trans_no", "lon.nv.dir", "lon.nv.selector", "lon.tpdu_type", "lon.spdu_type", "lon.auth"),
            "12.7: the version is ignored, so a 12-bit transaction number shifts what follows",
        )
    if got.get("npdu.version") in (1, 3):
        wrong |= dict.fromkeys(
            (n for n in HEADER if n not in list(HEADER)[:7]), "12.7: the version is ignored, addresses are made up"
        )
    if got.get("nm.service_pin.neuron_id"):
        wrong["lon.uid"] = (
            "the ID in the body of a service pin message has the name of the address (no fault, another name)"
        )
    return wrong


def number(text: str) -> int:
    return int(text, 16) if text.lower().startswith("0x") else int(text)


def compare(capture: Path) -> int:
    judged = fields(capture, list(HEADER))
    shown = [ours(d) for d in Session.open(str(capture))]
    assert len(judged) == len(shown)
    assert all(frame["lon.prio"] for frame in judged), "the C dissector did not run"
    compared = 0
    for i, (theirs, mine) in enumerate(zip(judged, shown, strict=True)):
        known = faults(mine)
        for their_name, my_name in HEADER.items():
            if their_name in known:
                continue
            first = theirs[their_name][:1]
            got = mine.get(my_name)
            if their_name in ("lon.domain", "lon.uid"):
                assert (first[0].replace(":", "") if first else "") == (got or ""), (i + 1, their_name)
            else:
                assert (number(first[0]) if first else None) == got, (i + 1, their_name)
            compared += 1
    return compared


@pytest.mark.parametrize(("name", "at_least"), [("native_lpdu", 571), ("ltep_lpdu", 483), ("example1_lpdu", 64)])
def test_captures(name: str, at_least: int) -> None:
    assert compare(CAPTURES / f"{name}.pcap") > at_least * 15


def test_vectors(tmp_path: Path) -> None:
    path = tmp_path / "vectors.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        for f in load("frames.json"):
            if f["link"] in ("lon", "lon+crc") and f["name"] not in ("truncated_npdu",):
                writer.write(bytes.fromhex(f["hex"]), 0, interface)
    assert compare(path) > 1000
