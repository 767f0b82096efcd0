# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark's captures are what they are meant to be: Wireshark's C dissector and `show -T fields` read from them
what the generator put there. Three programs that share no code about bytes agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osgp_analyzer.cli.main import main
from tests.bench.encode import DOMAIN_LENGTHS
from tests.bench.generate import written
from tests.bench.traffic import ACKD, APDU, AUTHPDU, GROUP, NETWORKS, NODE, REM_MSG, SPDU, TPDU, UNIQUE_ID, VERSIONS
from tests.tshark import fields

FRAMES = 8000
# tshark's field, and the fields of ours of which one is there
NAMES = {
    "lon.prio": ("lpdu.priority",),
    "lon.alt_path": ("lpdu.alt_path",),
    "lon.delta_bl": ("lpdu.delta_backlog",),
    "lon.vers": ("npdu.version",),
    "lon.pdufmt": ("npdu.pdu_type",),
    "lon.addrfmt": ("npdu.address_format",),
    "lon.domainlen": ("npdu.domain_length",),
    "lon.srcnet": ("npdu.src_subnet",),
    "lon.srcnode": ("npdu.src_node",),
    "lon.dstnet": ("npdu.dst_subnet",),
    "lon.dstnode": ("npdu.dst_node",),
    "lon.dstgrp": ("npdu.dst_group",),
    "lon.grp": ("npdu.group",),
    "lon.grpmem": ("npdu.member",),
    "lon.uid": ("npdu.neuron_id",),
    "lon.domain": ("npdu.domain",),
    "lon.auth": ("tpdu.auth", "spdu.auth"),
    "lon.tpdu_type": ("tpdu.type",),
    "lon.spdu_type": ("spdu.type",),
    "lon.trans_no": ("tpdu.transaction", "spdu.transaction", "authpdu.transaction"),
    "lon.nv.dir": ("nv.direction",),
    "lon.nv.selector": ("nv.selector",),
}
APDU_FIELDS = ("lon.nv.dir", "lon.nv.selector")


def meant(frame: Any) -> dict[str, int | str | None]:
    """Values by tshark's names."""
    form, pdu, network = int(frame["format"]), int(frame["pdu"]), int(frame["network"])
    code = int(frame["apdu"][0])
    has_apdu = frame["length"] > 0
    variable = has_apdu and code >= 0x80
    length = int(DOMAIN_LENGTHS[network])
    return {
        "lon.prio": int(frame["priority"]),
        "lon.alt_path": int(frame["alt_path"]),
        "lon.delta_bl": int(frame["backlog"]),
        "lon.vers": int(VERSIONS[network]),
        "lon.pdufmt": pdu,
        "lon.addrfmt": form,
        "lon.domainlen": [0, 1, 3, 6].index(length),
        "lon.srcnet": int(frame["src_subnet"]),
        "lon.srcnode": int(frame["src_node"]),
        "lon.dstnet": None if form == GROUP else int(frame["dst_subnet"]),
        "lon.dstnode": int(frame["dst_node"]) if form == NODE else None,
        "lon.dstgrp": int(frame["group"]) if form == GROUP else None,
        "lon.grp": int(frame["group"]) if frame["in_group"] else None,
        "lon.grpmem": int(frame["member"]) if frame["in_group"] else None,
        "lon.uid": f"{int(frame['neuron_id']):012x}" if form == UNIQUE_ID else None,
        "lon.domain": NETWORKS[network][1].hex() or None,
        "lon.auth": int(frame["auth"]) if pdu in (TPDU, SPDU) else None,
        "lon.tpdu_type": int(frame["type"]) if pdu == TPDU else None,
        "lon.spdu_type": int(frame["type"]) if pdu == SPDU else None,
        "lon.trans_no": None if pdu == APDU else int(frame["transaction"]),
        "lon.nv.dir": code >> 6 & 1 if variable else None,
        "lon.nv.selector": (code & 0x3F) << 8 | int(frame["apdu"][1]) if variable else None,
    }


def unreadable(frame: Any) -> set[str]:
    """Fields that tshark 4.0 is known to get wrong (en14908.md 12) or to give another meaning."""
    wrong: set[str] = set()
    if frame["in_group"]:
        wrong |= {"lon.dstnet", "lon.dstgrp"}
    if VERSIONS[frame["network"]] == 2 and frame["pdu"] != APDU:
        wrong |= {"lon.trans_no", "lon.auth", "lon.tpdu_type", "lon.spdu_type", *APDU_FIELDS}
    if frame["pdu"] == AUTHPDU:
        wrong |= {"lon.auth"}
    if frame["pdu"] == APDU and frame["length"] and frame["apdu"][0] == 0x7F:
        wrong |= {"lon.uid"}
    return wrong


def value(text: str, name: str) -> int | str | None:
    if not text:
        return None
    if name in ("lon.domain", "lon.uid"):
        return text.replace(":", "")
    return int(text, 0)


@pytest.mark.parametrize("cnip", [False, True], ids=["lpdu", "cnip"])
def test_three_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str], cnip: bool) -> None:
    capture = tmp_path / "generated.pcap"
    frames = np.concatenate(list(written(FRAMES, capture, cnip, damaged=0)))
    judged = fields(capture, ["frame.time_epoch", *NAMES])
    ours = ["frame.time_epoch", "lpdu.crc_status", *(name for names in NAMES.values() for name in names)]
    assert main(["show", "-T", "fields", *(a for name in ours for a in ("-e", name)), str(capture)]) == 0
    lines = [dict(zip(ours, line.split("\t"), strict=True)) for line in capsys.readouterr().out.splitlines()]
    assert len(judged) == len(lines) == len(frames) == FRAMES
    for i, (frame, theirs, mine) in enumerate(zip(frames, judged, lines, strict=True)):
        second, rest = divmod(int(frame["time"]), 10**9)
        assert theirs["frame.time_epoch"] == [mine["frame.time_epoch"]] == [f"{second}.{rest:09}"]
        assert mine["lpdu.crc_status"] == ("2" if cnip else "1"), i + 1
        wrong = unreadable(frame)
        for name, expected in meant(frame).items():
            shown = [mine[n] for n in NAMES[name] if mine[n]]
            # An LTEP message has another message inside.
            assert value(shown[0].split(",")[0] if shown else "", name) == expected, (i + 1, name)
            if name not in wrong:
                first = theirs[name][0] if theirs[name] else ""
                assert value(first, name) == expected, (i + 1, name)


def test_mixed() -> None:
    """Every service, address format and domain length occurs; time goes forward."""
    frames = np.concatenate(list(written(100_000, Path("/dev/null"), False, damaged=0)))
    assert (np.diff(frames["time"]) >= 0).all()
    assert set(frames["format"]) == {0, 1, 2, 3}
    assert set(frames["network"]) == set(range(len(NETWORKS)))
    assert {*zip(frames["pdu"].tolist(), frames["type"].tolist(), strict=True)} == {
        *((TPDU, kind) for kind in (ACKD, 1, 2, 4, REM_MSG)),
        *((SPDU, kind) for kind in (0, 2, 4, REM_MSG)),
        *((AUTHPDU, kind) for kind in (0, 2)),
        (APDU, 0),
    }
    assert frames["alt_path"].any()
    assert set(frames["m_list_length"]) == {0, 1, 3}
    assert len(np.unique(frames[["network", "src_subnet", "src_node"]])) > 2000
