# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains against what the senders knew."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import dissectors.layers
from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.chains.chain import Chain, ended
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.store import FrameStore
from tests.conftest import CAPTURES, load

assert dissectors.layers
LPDU = 147
TRUTH = load("sidecars/ltep_lpdu.json")
NODES = {name: "/".join(map(str, place)) for name, place in TRUTH["subnet_node"].items()}
PLAIN = CAPTURES / "ltep_lpdu.pcap"


def chains(path: Path, size: int = 65536) -> list[Chain]:
    """All chains of a capture."""
    with Capture.open(path) as capture:
        found = [
            chain
            for tracked in track(FrameStore(capture, LINK_TYPES), size, chains=True)
            if tracked.chained is not None
            for chain in ended(tracked.chained)
        ]
    return sorted(found, key=lambda chain: chain.number)


def hex_of(path: Path, place: tuple[int, int] | None) -> str:
    """Bytes of the file: the buffer of a plain capture is the file."""
    assert place is not None
    return path.read_bytes()[slice(*place)].hex()


def target_of(transaction: dict[str, Any]) -> str:
    """The target as the sidecar has it, as it is written."""
    kind, raw = transaction["sicb"]["type_name"], bytes.fromhex(transaction["target_address"])
    if kind.startswith("group"):
        return f"group {raw[0]}"
    if kind == "broadcast":
        return f"subnet {raw[0]}" if raw[0] else "broadcast"
    if kind.startswith("neuron_id"):
        return raw[-6:].hex(":")
    subnet = raw[0] if kind == "subnet_node" else 1  # source and agent are in subnet 1
    return f"{subnet}/{raw[-1] & 0x7F}"


def outcome_of(transaction: dict[str, Any]) -> str:
    """What the source was told."""
    code = transaction["source_response"][0]["code"]
    return {"4d": "delivered", "4c": "failed"}.get(code, "answered")


def test_every_transaction_of_the_sidecar() -> None:
    """Route, frames, outcome, response, and every field that the source built."""
    found = chains(PLAIN)
    session = Session.open(str(PLAIN))
    assert len(found) == len(TRUTH["transactions"]) == 52
    for chain, truth in zip(found, TRUTH["transactions"], strict=True):
        first, last = truth["frames"]
        assert [one.index + 1 for one in chain.frames] == list(range(first, last + 1))
        assert chain.nodes == ["1/1", *(NODES[name] for name in truth["route"]), target_of(truth)]
        assert chain.outcome == outcome_of(truth)
        answer = truth["source_response"][0]
        assert chain.response is not None
        assert hex_of(PLAIN, chain.response.apdu) == answer["code"] + answer["data"]
        assert chain.failed_at == (len(chain.hops) - int(answer["data"], 16) if answer["code"] == "4c" else None)
        assert chain.priority == bool(truth["priority"])
        assert not chain.missing
        assert chain.top is not None
        assert hex_of(PLAIN, chain.top.apdu) == truth["ltep_apdu"]
        values = session[chain.top.index].values
        wanted = {f"ltep.{name}": value for name, value in truth["header"].items()}
        if truth["txctrl"]:
            wanted |= {"ltep.retries": truth["txctrl"]["retry"], "ltep.timer": truth["txctrl"]["timer"]}
        sicb = truth["sicb"]
        wanted |= {"ltep.target_type": sicb["type"], "ltep.target_path": sicb["path"], "ltep.mode": sicb["mode"],
                   "ltep.service": sicb["service"], "ltep.agent_retries": sicb["txctrl"]["retry"],
                   "ltep.agent_timer": sicb["txctrl"]["timer"]}  # fmt: skip
        assert {name: values[name] for name in wanted} == wanted
        assert_hops(chain)


def assert_hops(chain: Chain) -> None:
    """Each frame is at the hop that its sender knows it on."""
    names = {place: name for name, place in NODES.items()}
    for hop in chain.hops:
        for one in hop.heard:
            frame = TRUTH["frames"][one.index]
            forward = frame["msg"] not in ("ACK", "RESPONSE")
            sender, receiver = (hop.sender, hop.receiver) if forward else (hop.receiver, hop.sender)
            if sender in names:
                assert frame["node"] == names[sender]
            if receiver in names:
                assert receiver == f"{frame['dst'].get('subnet')}/{frame['dst'].get('node')}" or not forward
            assert one.alt_path == bool(frame["alt_path"])


@pytest.mark.parametrize("size", [7, 64])
def test_the_same_in_chunks(size: int) -> None:
    assert chains(PLAIN, size) == chains(PLAIN)


@pytest.mark.parametrize("seed", range(20))
def test_with_a_third_of_the_frames_missing(seed: int, tmp_path: Path) -> None:
    """What remains is right, and what is missing is named."""
    rng, path = random.Random(seed), tmp_path / "part.pcapng"
    kept = [frame for frame in TRUTH["frames"] if rng.random() >= 1 / 3]
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(LPDU)
        for frame in kept:
            writer.write(bytes.fromhex(frame["hex"]), round(frame["time"] * 1e9), interface)
    numbers = [frame["frame"] for frame in kept]
    found = chains(path)
    seen: set[int] = set()
    for chain in found:
        frames = [numbers[one.index] for one in chain.frames]
        truth = next(t for t in TRUTH["transactions"] if t["frames"][0] <= frames[0] <= t["frames"][1])
        assert truth["frames"][1] >= frames[-1]
        assert truth["frames"][0] not in seen
        seen.add(truth["frames"][0])
        assert_part(chain, truth, frames, numbers)
    # Every exchange of which a proxied message was heard is there.
    for truth in TRUTH["transactions"]:
        first, last = truth["frames"]
        proxied = [f for f in kept if first <= f["frame"] <= last and f["msg"] == "REQUEST" and f["apdu"][:2] == "4d"]
        assert bool(proxied) == (first in seen)


def assert_part(chain: Chain, truth: dict[str, Any], frames: list[int], numbers: list[int]) -> None:
    """A chain of which some frames are missing against the whole exchange."""
    whole = ["1/1", *(NODES[name] for name in truth["route"]), target_of(truth)]
    assert chain.nodes == whole[-len(chain.nodes) :]
    above = len(whole) - len(chain.nodes)
    there = [n for n in numbers if truth["frames"][0] <= n <= truth["frames"][1]]
    real = {n: TRUTH["frames"][n - 1] for n in there}
    sent: dict[int, list[int]] = {}
    for number, frame in real.items():
        if frame["msg"] in ("ACK", "RESPONSE"):
            continue
        count = int(frame["apdu"][2:4], 16) & 15 if frame["apdu"][:2] == "4d" else -1
        sent.setdefault(len(whole) - 2 - count, []).append(number)
    for hop in chain.hops:
        heard = [numbers[one.index] for one in hop.sent]
        assert heard == sent.get(hop.number + above, [])
        named = f"message {hop.sender} to {hop.receiver}" in chain.missing
        assert named == (not heard and any(other.heard for other in chain.hops[hop.number - 1 :]))
    if above:  # nothing of the hops before was heard that could tell of them
        before = whole[above - 1]
        for number, frame in real.items():
            assert frame["node"] != "S"
            up = f"{frame['dst'].get('subnet')}/{frame['dst'].get('node')}" == before
            assert not (up and NODES[frame["node"]] == chain.nodes[0] and frame["msg"] == "RESPONSE"), number
    else:
        assert set(frames) == set(there)
    if chain.outcome not in ("in part", "open"):
        assert chain.outcome == outcome_of(truth)
        if chain.outcome == "failed":
            assert chain.failed_at == len(chain.hops)
