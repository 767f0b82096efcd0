# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains of other implementations, of several sources at once, of damaged frames and of hostile ones."""

from __future__ import annotations

import random
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest

from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.chains import chains as chains_module
from osgp_analyzer.analysis.chains.chain import Chain
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.cli.main import main
from osgp_analyzer.simulate.checksums import lpdu_crc
from osgp_analyzer.store import FrameStore
from tests.analysis.test_chains import LPDU, PLAIN, TRUTH, chains, outcome_of
from tests.analysis.test_tracking import damage
from tests.conftest import CAPTURES

SECOND = 10**9
NUMBERED = ("REQUEST", "RESPONSE", "ACKD", "ACK", "UNACKD_RPT", "REM_MSG")
Frames = list[tuple[int, bytes]]


def write(path: Path, frames: Frames) -> Path:
    """LPDUs with their times, to which the CRC is added."""
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(LPDU)
        for time, frame in frames:
            writer.write(frame + lpdu_crc(frame), time, interface)
    return path


def sidecar() -> list[tuple[int, bytes, dict[str, Any]]]:
    """Frames of the sidecar without their CRC, with time in ns and what is known of them."""
    return [(round(f["time"] * 1e9), bytes.fromhex(f["hex"])[:-2], f) for f in TRUTH["frames"]]


def shape(found: list[Chain]) -> list[Any]:
    """What does not depend on where frames are in the file."""
    return [
        (chain.nodes, chain.outcome, chain.failed_at, chain.retries, chain.missing,
         [len(hop.heard) for hop in chain.hops])
        for chain in found
    ]  # fmt: skip


def test_numbers_of_their_own(tmp_path: Path) -> None:
    """Repeaters that take transaction numbers of their own: each node adds its own to what it sends, and what answers
    it has the same."""
    shift = {name: 3 * i + 1 for i, name in enumerate(TRUTH["subnet_node"])}
    asked = {tuple(place): name for name, place in TRUTH["subnet_node"].items()}
    frames: Frames = []
    for time, raw, known in sidecar():
        if known["msg"] in NUMBERED:
            answer = known["msg"] in ("RESPONSE", "ACK")
            who = asked[known["dst"]["subnet"], known["dst"]["node"]] if answer else known["node"]
            at = len(raw) - len(known["pdu"]) // 2
            number = ((raw[at] & 15) + shift[who]) % 16
            raw = raw[:at] + bytes([raw[at] & 0xF0 | number]) + raw[at + 1 :]
        frames.append((time, raw))
    assert shape(chains(write(tmp_path / "own.pcapng", frames))) == shape(chains(PLAIN))


def test_several_at_once(tmp_path: Path) -> None:
    """The same traffic in two domains, shifted by a little, and once more a day later."""
    frames: Frames = []
    for time, raw, known in sidecar():
        other = raw.replace(b"\x5a", b"\x77", 1) if known["domain"]["id"] == "5a" else raw
        frames += [(time, raw), (time + 1_000_000, other), (time + 86_400 * SECOND, raw)]
    path = write(tmp_path / "two.pcapng", sorted(frames))
    found = chains(path)
    first = [c for c in found if c.domain == b"\x5a"]
    assert shape(first[:52]) == shape(first[52:]) == shape([c for c in found if c.domain == b"\x77"])
    assert shape(first[:52]) == shape(chains(PLAIN))
    assert chains(path, 64) == found


def test_answer_after_a_reported_failure(tmp_path: Path) -> None:
    """The agent gives up, and then the target answers: still a failure, and the answer is there."""
    truth = next(t for t in TRUTH["transactions"] if t["frames"] == [5, 12])
    frames = [(time, raw) for time, raw, f in sidecar() if truth["frames"][0] <= f["frame"] <= truth["frames"][1]]
    answer, report = frames[4], bytes.fromhex("4c00")
    failed = [(time, raw[: -len(bytes.fromhex("00100201"))] + report) for time, raw in frames[5:]]
    late = (failed[-1][0] + SECOND, answer[1])
    (chain,) = chains(write(tmp_path / "late.pcapng", [*frames[:4], *failed, late]))
    assert (chain.outcome, chain.failed_at) == ("failed", 4)
    assert [one.index for one in chain.hops[3].answers] == [7]
    assert chain.hops[3].time == late[0] - frames[3][0]


def test_numbers_used_again(tmp_path: Path) -> None:
    """The same question under the same number every half minute: another chain each time."""
    first, last = 5, 12
    once = [(time, raw) for time, raw, f in sidecar() if first <= f["frame"] <= last]
    frames = [(time + 30 * SECOND * n, raw) for n in range(20) for time, raw in once]
    found = chains(write(tmp_path / "again.pcapng", frames))
    assert [len(chain.frames) for chain in found] == [8] * 20
    assert {chain.outcome for chain in found} == {"answered"}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["ltep_lpdu.pcap", "simulated_chains.pcapng"])
def test_damaged(name: str, seed: int, tmp_path: Path) -> None:
    """No error, no frame in two chains, and the same whatever the chunks are."""
    path = tmp_path / "damaged.pcapng"
    damage(CAPTURES / name, path, random.Random(seed))
    found = chains(path)
    frames = [one.index for chain in found for one in chain.frames]
    assert len(frames) == len(set(frames))
    assert chains(path, 7) == found


def head(source: int, destination: int, number: int = 1) -> bytes:
    """Up to the APDU: a REQUEST from a node to another in subnet 1."""
    return bytes([0x01, 0x19, 1, 0x80 | source, 1, 0x80 | destination, 0x5A, number])


def proxied(*nodes: int, count: int | None = None) -> bytes:
    """A proxied message with these nodes to come, for 1/50."""
    hops = b"".join(bytes([1, node]) for node in nodes)
    control = b"\x26" if nodes else b""
    counted = len(nodes) if count is None else count
    return bytes([0x4D, counted]) + hops + control + bytes.fromhex("2c250132100102")


HOSTILE = {
    "count beyond the bytes": proxied(3, 4, count=15),
    "back to itself": proxied(2, 3),
    "back to the sender": proxied(1, 3),
    "a circle": proxied(3, 4, 3, 4, 3, 4),
    "the receiver again and again": proxied(*[2] * 15),
    "no node": proxied(0, 3),
    "one in another": bytes.fromhex("4d002c250132") + proxied(3, 4),
    "both uniform": bytes.fromhex("4d92030426") + bytes.fromhex("2c250132100102"),
    "nothing inside": bytes.fromhex("4d002c250132"),
    "no kind of key": bytes.fromhex("4d002eff25") + bytes(20),
    "only a code": b"\x4d",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_lists(what: str, tmp_path: Path) -> None:
    """Sent on by everybody to everybody, again and again: a finite number of chains, each frame in one at most."""
    rng = random.Random(what)
    frames = [
        (n * 50_000_000, head(rng.randrange(1, 5), rng.randrange(1, 5), rng.randrange(16)) + HOSTILE[what])
        for n in range(120)
    ]
    frames += [(time + 1, raw[:7] + bytes([raw[7] | 0x20]) + b"\x4c\xff") for time, raw in frames[::3]]
    path = write(tmp_path / "hostile.pcapng", sorted(frames))
    found = chains(path)
    members = [one.index for chain in found for one in chain.frames]
    assert len(members) == len(set(members))
    assert all(1 <= len(chain.hops) <= 17 for chain in found)
    assert chains(path, 7) == found


def test_nothing_hangs(tmp_path: Path) -> None:
    """Twenty thousand times the same message, with and without a transaction, from all places of its list."""
    lists = [proxied(3, 4, 5), proxied(4, 5), proxied(5), proxied()]
    frames = [(n, head(1 + n % 4, 2 + n % 4, n // 7 % 16) + lists[n % 4]) for n in range(20_000)]
    unacknowledged = [(n, bytes([1, 0x39, *raw[2:7]]) + raw[8:]) for n, raw in frames]
    for name, some in (("session", frames), ("none", unacknowledged)):
        begin = process_time()
        chains(write(tmp_path / f"{name}.pcapng", some))
        assert process_time() - begin < 20


def test_no_more_than_what_is_open(tmp_path: Path) -> None:
    """What is kept does not grow with the capture."""
    once = [(time, raw) for time, raw, _ in sidecar()]
    frames = [(time + 60 * SECOND * n, raw) for n in range(30) for time, raw in once]
    kept: list[int] = []
    with Capture.open(write(tmp_path / "long.pcapng", frames)) as capture:
        store = FrameStore(capture, LINK_TYPES)
        follow = chains_module.Chains.follow

        def watched(self: chains_module.Chains, *words: Any) -> chains_module.Chained:
            kept.append(sum(len(next(iter(rows.values()), ())) for rows in (self._members, self._rows, self._sent)))
            return follow(self, *words)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chains_module.Chains, "follow", watched)
            for _ in track(store, 500, chains=True):
                pass
    middle = len(kept) // 2
    assert max(kept[middle:]) <= max(kept[:middle]) * 1.1 + 1
    assert max(kept) < 4000


def test_every_repeater_is_an_agent(tmp_path: Path) -> None:
    """Each repeater sends to the group itself too, with an octet too many, and reports success at once (the capture has
    none of these: by captures/README.md and the fact sheet)."""
    group = bytes.fromhex("0825") + bytes.fromhex("0903") + bytes.fromhex("100102")  # unacknowledged
    first, second = bytes.fromhex("4d22010301042608250903100102"), bytes.fromhex("4d21010426") + group
    last = bytes.fromhex("4d20") + group

    def to_group(node: int, stale: bytes) -> bytes:
        return bytes([1, 0x35, 1, 0x80 | node, 9, 0x5A]) + bytes.fromhex("100102") + stale

    def success(source: int, destination: int) -> bytes:
        return bytes([0, 0x19, 1, 0x80 | source, 1, 0x80 | destination, 0x5A, 0x21, 0x4D])

    frames = [head(1, 2) + first, to_group(2, b"\x99"), success(2, 1), head(2, 3) + second, to_group(3, b"\x98"),
              success(3, 2), head(3, 4) + last, to_group(4, b""), success(4, 3)]  # fmt: skip
    path = write(tmp_path / "all.pcapng", [(n * 20_000_000, frame) for n, frame in enumerate(frames)])
    (chain,) = chains(path)
    assert chain.nodes == ["1/1", "1/2", "1/3", "1/4", "group 9"]
    assert chain.outcome == "delivered"
    assert [one.by for one in chain.hops[3].sent] == ["1/2", "1/3", "1/4"]
    assert len(chain.frames) == len(frames)
    assert chains(path, 1) == [chain]


def uniform(flag: int, *nodes: int) -> bytes:
    """A proxied message whose list has no subnets, for 1/50."""
    control = b"\x26" if nodes else b""
    return bytes([0x4D, flag | len(nodes), *nodes]) + control + bytes.fromhex("2c250132100102")


def between(source: tuple[int, int], destination: tuple[int, int], apdu: bytes) -> bytes:
    """A REQUEST from a node to another."""
    return bytes([1, 0x19, source[0], 0x80 | source[1], destination[0], 0x80 | destination[1], 0x5A, 1]) + apdu


@pytest.mark.parametrize(
    ("flag", "subnet", "other"),
    [(0x10, 1, 2), (0x80, 2, 1)],  # uniform by source, by destination: of the sender's subnet, of the receiver's
)
def test_both_readings_of_lists_without_subnets(flag: int, subnet: int, other: int, tmp_path: Path) -> None:
    """lon-stack-dx takes one subnet, lon-stack-ex the other; where nothing tells, it is the former."""
    first = between((1, 1), (2, 2), uniform(flag, 3, 4, 5))
    for place in (subnet, other):
        second = between((2, 2), (place, 3), uniform(flag, 4, 5))
        (chain,) = chains(write(tmp_path / "two.pcapng", [(0, first), (20_000_000, second)]))
        assert chain.nodes == ["1/1", "2/2", f"{place}/3", f"{place}/4", f"{place}/5", "1/50"]
    (chain,) = chains(write(tmp_path / "one.pcapng", [(0, first)]))
    assert chain.nodes == ["1/1", "2/2", f"{subnet}/3", f"{subnet}/4", f"{subnet}/5", "1/50"]


@pytest.mark.parametrize("flag", [0x10, 0x80])
@pytest.mark.parametrize(("uniform_by", "subnet"), [("source", 1), ("destination", 2)])
def test_the_reading_that_was_chosen(
    flag: int, uniform_by: str, subnet: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It holds for either flag, unless a node was heard in the other subnet."""
    first = between((1, 1), (2, 2), uniform(flag, 3, 4, 5))
    for place, frames in ((subnet, [first]), *((heard, [first, (heard, 3)]) for heard in (1, 2))):
        made = [f if isinstance(f, bytes) else between((2, 2), f, uniform(flag, 4, 5)) for f in frames]
        path = write(tmp_path / "one.pcapng", [(n * 20_000_000, frame) for n, frame in enumerate(made)])
        assert main(["chains", str(path), "--uniform", uniform_by]) == 0
        assert f"1/1 > 2/2 > {place}/3 > {place}/4 > {place}/5 > 1/50" in capsys.readouterr().out


def test_routes_in_a_circle(tmp_path: Path) -> None:
    (chain,) = chains(write(tmp_path / "circle.pcapng", [(0, head(1, 2) + proxied(3, 4, 3))]))
    assert chain.twice == ["1/3"]
    (chain,) = chains(write(tmp_path / "straight.pcapng", [(0, head(1, 2) + proxied(3, 4, 5))]))
    assert not chain.twice


def test_outcomes_of_the_sidecar_are_all_kinds() -> None:
    """What is compared is not all alike."""
    assert {outcome_of(t) for t in TRUTH["transactions"]} == {"answered", "delivered", "failed"}
    assert np.unique([len(t["route"]) for t in TRUTH["transactions"]]).tolist() == [1, 2, 3]
