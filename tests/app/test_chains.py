# SPDX-License-Identifier: GPL-2.0-or-later
"""The chain of one frame, and what changes on its way, against what the senders knew."""

from __future__ import annotations

from pathlib import Path

import pytest

from osgp_analyzer.analysis.chains.chain import Chain
from osgp_analyzer.app.chains import around
from osgp_analyzer.app.changes import changes, compared
from osgp_analyzer.app.session import Session
from tests.analysis.test_chains import NODES, PLAIN, TRUTH, chains, outcome_of, target_of
from tests.analysis.test_chains_simulated import known, run
from tests.conftest import CAPTURES, load


def opened(path: Path) -> tuple[Session, int]:
    """A capture, and how many frames it has."""
    session = Session.open(str(path))
    while session.capture.index_more(1 << 16):
        pass
    return session, len(session)


def test_from_any_frame_of_it() -> None:
    session, count = opened(PLAIN)
    for truth in TRUTH["transactions"]:
        first, last = truth["frames"]
        for number in (first, (first + last) // 2, last):
            chain = around(session.store, number - 1, count)
            assert chain is not None
            assert [one.index + 1 for one in chain.frames] == list(range(first, last + 1))
            assert chain.nodes == ["1/1", *(NODES[name] for name in truth["route"]), target_of(truth)]
            assert chain.outcome == outcome_of(truth)


def test_of_frames_without_one() -> None:
    session, count = opened(CAPTURES / "simulated_chains.pcapng")
    frames = load("sidecars/simulated_chains.json")["frames"]
    chained = [around(session.store, index, count) is not None for index in range(count)]
    assert chained == ["hop" in frame for frame in frames]
    assert any(chained)
    assert not all(chained)


def test_what_is_after_the_limit_is_not_read() -> None:
    session, _ = opened(PLAIN)
    first, last = TRUTH["transactions"][10]["frames"]
    chain = around(session.store, first - 1, last - 1)
    assert chain is not None
    assert [one.index + 1 for one in chain.frames] == list(range(first, last))
    assert chain.outcome == "open"


@pytest.mark.parametrize("seed", [1, 2])
def test_of_interleaved_chains(seed: int, tmp_path: Path) -> None:
    """The same as when the whole capture is read, which is what the simulator knew."""
    path = tmp_path / "two.pcapng"
    of = {number: one.all for one in known(run(path, ("two", "fading"), seed)) for number in one.all}
    session, count = opened(path)
    whole = {one.index: chain for chain in chains(path) for one in chain.frames}
    for index in range(0, count, 3):
        chain = around(session.store, index, count)
        assert chain == whole.get(index)
        assert ([one.index + 1 for one in chain.frames] if chain is not None else None) == of.get(index + 1)


def places(chain: Chain) -> dict[int, tuple[int, int]]:
    """By number of each frame: its hop, and the number of the frame that it is compared with, 0 for none."""
    found = {}
    for hop in chain.hops:
        for one in hop.heard:
            pair = compared(chain, hop, one)
            found[one.index + 1] = hop.number, pair[1].index + 1 if pair is not None else 0
    return found


def test_what_repeaters_change() -> None:
    """A repeater takes itself off the list, and counts down; it is the source of what it sends, under the same
    number."""
    session, count = opened(PLAIN)
    looked = 0
    for truth in TRUTH["transactions"]:
        chain = around(session.store, truth["frames"][0] - 1, count)
        assert chain is not None
        for hop in chain.hops[1:-1]:
            sent = next((one for one in hop.sent if not one.attempt), None)
            pair = compared(chain, hop, sent) if sent is not None else None
            if sent is None or pair is None:
                continue
            assert pair[0].number == hop.number - 1
            found = {one.title: one for one in changes(session[pair[1].index], session[sent.index])}
            left = len(chain.hops) - 1 - hop.number
            count_ = found["LonTalk Enhanced Proxy, Count"]
            assert (count_.before, count_.after) == ([str(left + 1)], [str(left)])
            off = found["LonTalk Enhanced Proxy, Repeater"]
            assert [part.rpartition(" ")[2] for part in off.before] == [hop.receiver.partition("/")[2]]
            assert not off.after
            node = found["Network layer, Source node"]
            assert node.before == [pair[0].sender.partition("/")[2]]
            assert node.after == [hop.sender.partition("/")[2]]
            assert not any("Transaction" in title for title in found)
            looked += 1
    assert looked > 20


def test_what_is_sent_again_is_compared_with_itself() -> None:
    """On the alternate path only the path, and with it the checksum, is another (and what the node thinks of the
    channel)."""
    session, count = opened(PLAIN)
    looked = 0
    for truth in TRUTH["transactions"]:
        chain = around(session.store, truth["frames"][0] - 1, count)
        assert chain is not None
        of = places(chain)
        for hop in chain.hops:
            for one in hop.sent:
                if not one.attempt:
                    continue
                before = of[one.index + 1][1]
                sender = TRUTH["frames"][one.index]
                assert TRUTH["frames"][before - 1]["node"] == sender["node"]
                titles = {str(change) for change in changes(session[before - 1], session[one.index])}
                turned = TRUTH["frames"][before - 1]["alt_path"] != sender["alt_path"]
                assert any("Alternate path" in title for title in titles) == turned
                assert not any("Application" in title or "Proxy" in title for title in titles)
                looked += 1
    assert looked > 5
