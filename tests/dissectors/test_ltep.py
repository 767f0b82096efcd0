# SPDX-License-Identifier: GPL-2.0-or-later
"""Contradictions in proxied messages are findings, in both engines; frames made by hand from the fact sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from osgp_analyzer.app.selection import selected
from osgp_analyzer.app.session import Session
from tests.analysis.test_chains_odd import HOSTILE, head, proxied, write
from tests.conftest import CAPTURES, load

WRONG = {
    "count beyond the bytes": None,
    "back to itself": "ltep.hop.back_to_receiver",
    "back to the sender": "ltep.hop.back_to_sender",
    "the receiver again and again": "ltep.hop.back_to_receiver",
    "a circle": "ltep.hop.twice",
    "no node": "ltep.hop.no_node",
    "both uniform": "ltep.uniform_twice",
    "no kind of key": "ltep.key_undefined",
}
"""What of `HOSTILE` is wrong in itself; None: bytes are missing."""


@pytest.mark.parametrize("what", WRONG)
def test_findings(what: str, tmp_path: Path) -> None:
    path = write(tmp_path / "wrong.pcapng", [(0, head(1, 2) + HOSTILE[what]), (1, head(1, 2) + proxied(3, 4))])
    codes = [[finding.code for finding in frame.findings] for frame in Session.open(str(path))]
    assert codes[1] == []
    if (wanted := WRONG[what]) is None:
        assert any(code.endswith("truncated") for code in codes[0])
        return
    assert wanted in codes[0]
    assert list(selected(Session.open(str(path)), f'finding.code == "{wanted}"')) == [0]


def test_every_node_that_is_there_twice(tmp_path: Path) -> None:
    """Found at each entry that was there before, by the audit's and the list's words too; in short lists by the node
    alone, in whole ones by the subnet as well."""
    inner = bytes.fromhex("2c250132100102")
    short = bytes([0x4D, 0x15, 3, 4, 0x83, 5, 4, 0x26]) + inner  # uniform by source; bit 7 is the path
    other = bytes([0x4D, 0x03, 1, 3, 2, 3, 1, 0x83, 0x26]) + inner
    frames = [(0, head(1, 2) + HOSTILE["a circle"]), (1, head(1, 2) + short), (2, head(1, 2) + other)]
    session = Session.open(str(write(tmp_path / "circle.pcapng", frames)))
    places = [[f.offset for f in frame.findings if f.code == "ltep.hop.twice"] for frame in session]
    begin = len(head(1, 2)) + 2
    # Nodes 3 4 3 4 3 4 with their subnets; 3 4 3 5 4 without; 3 in subnet 1, in subnet 2, and in subnet 1 again.
    assert places == [[begin + 2 * n + 1 for n in (2, 3, 4, 5)], [begin + 2, begin + 4], [begin + 5]]
    assert list(selected(session, "finding.code == ltep.hop.twice && finding.severity == warn")) == [0, 1, 2]


def test_nothing_is_wrong_with_what_others_sent() -> None:
    session = Session.open(str(CAPTURES / "ltep_lpdu.pcap"))
    assert not [f.code for frame in session for f in frame.findings if f.code.startswith("ltep")]


def test_the_hop_that_failed() -> None:
    """Counted from who asked: the same hop is the third for the first repeater, and the fourth for the source."""
    truth = load("sidecars/ltep_lpdu.json")
    session = Session.open(str(CAPTURES / "ltep_lpdu.pcap"))
    failures = [f for f in truth["frames"] if f["msg"] == "RESPONSE" and f["apdu"] == "4c00"]
    assert len(failures) == 6
    away = {"AG": 2, "R2": 3, "R1": 4}
    for frame in failures:
        assert session[frame["frame"] - 1].values["ltep.failure.failed_hop"] == away[frame["node"]]


def test_a_failure_with_more_hops_than_there_were(tmp_path: Path) -> None:
    request = head(1, 2) + proxied(3)
    answers = [bytes([0, 0x19, 1, 0x82, 1, 0x81, 0x5A, 0x21, 0x4C, left]) for left in (1, 2)]
    frames = [(0, request), (10_000_000, answers[0]), (20_000_000, answers[1])]
    one, two = list(Session.open(str(write(tmp_path / "more.pcapng", frames))))[1:]
    assert one.values["ltep.failure.failed_hop"] == 2
    assert not one.findings
    assert "ltep.failure.failed_hop" not in two.values
    assert [finding.code for finding in two.findings] == ["ltep.failure.more_hops"]
