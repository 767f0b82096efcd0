# SPDX-License-Identifier: GPL-2.0-or-later
"""The network that is learned against what the senders knew."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.topology import Topology
from osgp_analyzer.analysis.topology.result import Result
from osgp_analyzer.analysis.topology.tree import trees
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.capture import Capture
from osgp_analyzer.store import FrameStore
from tests.analysis.test_chains import NODES, PLAIN, TRUTH, outcome_of, target_of
from tests.analysis.test_chains_simulated import known, outcome, run
from tests.analysis.truth import truth


def learned(path: Path, size: int = 65536) -> dict[str, Any]:
    """All that is learned of a capture."""
    topology = Topology()
    with Capture.open(path) as capture:
        for tracked in track(FrameStore(capture, LINK_TYPES), size, chains=True):
            topology.add(tracked)
    return Result(topology).all()


def test_nodes_of_the_sidecar() -> None:
    """Who was heard, when, who was addressed, and whose Neuron ID an answer told."""
    nodes = {node["address"]: node for node in learned(PLAIN)["nodes"]}
    assert set(nodes) == {place for name, place in NODES.items() if any(f["node"] == name for f in TRUTH["frames"])}
    for name, place in NODES.items():
        own = [f for f in TRUTH["frames"] if f["node"] == name]
        if not own:
            continue
        node = nodes[place]
        assert node["frames_sent"] == len(own)
        for column, frame in (("first_heard", own[0]), ("last_heard", own[-1])):
            assert node[column] == pytest.approx(round(frame["time"] * 1e9), abs=2000)
        asked_by_id = any(
            f["dst"].get("uid") == TRUTH["unique_ids"][name] for f in TRUTH["frames"] if f["msg"] == "REQUEST"
        )
        wanted = bytes.fromhex(TRUTH["unique_ids"][name]).hex(":") if asked_by_id else None
        assert node["neuron_id"] == wanted
        assert node["reached"]
    assert nodes["1/1"]["roles"] == ["source"]
    assert nodes["1/50"]["roles"] == ["target"]
    assert nodes["1/14"]["roles"] == ["agent"]


def test_links_of_the_sidecar() -> None:
    """Messages from node to node, sent again, on the alternate path, answered: as the senders counted them."""
    facts, frames = truth("ltep_lpdu"), TRUTH["frames"]
    by_id = {uid: NODES[name] for name, uid in TRUTH["unique_ids"].items()}
    # Nobody can tell whose Neuron ID it is that never answered a request.
    wanted: dict[tuple[str, str], Counter[str]] = {}
    for index, frame in enumerate(frames):
        if facts.attempt[index] < 0 or frame["dst"]["mode"] not in ("subnet_node", "unique_id"):
            continue
        to = by_id.get(frame["dst"].get("uid"), f"{frame['dst'].get('subnet')}/{frame['dst'].get('node')}")
        count = wanted.setdefault((NODES[frame["node"]], to), Counter())
        again, answered = facts.attempt[index] > 0, facts.answered_in[index] >= 0
        count.update(sent=1, retries=again, alt_path=frame["alt_path"], answered=answered and not again)
    found = learned(PLAIN)["links"]
    assert {(link["from"], link["to"]) for link in found} == set(wanted)
    for link in found:
        count = wanted[link["from"], link["to"]]
        assert {name: link[name] for name in ("sent", "retries", "alt_path", "answered")} == {
            name: count[name] for name in ("sent", "retries", "alt_path", "answered")
        }


def test_routes_of_the_sidecar() -> None:
    """The routes that the source chose for each target, in their order."""
    by_id = {bytes.fromhex(uid).hex(":"): NODES[name] for name, uid in TRUTH["unique_ids"].items()}
    wanted: dict[str, list[tuple[list[str], bool]]] = {}
    for transaction in TRUTH["transactions"]:
        target = target_of(transaction)
        route = ["1/1", *(NODES[name] for name in transaction["route"])]
        wanted.setdefault(by_id.get(target, target), []).append((route, outcome_of(transaction) != "failed"))
    found = {meter["meter"]: meter for meter in learned(PLAIN)["meters"]}
    assert set(found) == set(wanted)
    for target, uses in wanted.items():
        meter = found[target]
        for route in meter["routes"]:
            taken = [through for nodes, through in uses if nodes == route["route"]]
            assert (route["messages"], route["answered"]) == (len(taken), sum(taken))
        assert meter["changes"] == sum(one != other for (one, _), (other, _) in pairwise(uses))
        through = [set(nodes[1:]) for nodes, ok in uses if ok]
        assert set(meter["only_through"]) == set.intersection(*through)


@pytest.mark.parametrize("scenario", ["fading", "two", "lossy"])
def test_simulated(scenario: str, tmp_path: Path) -> None:
    """Routes, and how often each got through, as the simulator knew."""
    path = tmp_path / "made.pcapng"
    frames = run(path, (scenario,), 1)
    result = learned(path)
    wanted: Counter[tuple[str, ...]] = Counter()
    through: Counter[tuple[str, ...]] = Counter()
    for chain in known(frames):
        wanted[chain.domain, *chain.nodes] += 1
        through[chain.domain, *chain.nodes] += outcome(chain, frames)[0] == "answered"
    found = {
        (meter["domain"], *route["route"], meter["meter"]): route
        for meter in result["meters"]
        for route in meter["routes"]
    }
    assert {nodes: route["messages"] for nodes, route in found.items() if len(nodes) > 3} == dict(wanted)
    for nodes, count in through.items():
        assert found[nodes]["answered"] == count
    assert learned(path, 64) == learned(path, 7) == result


@pytest.mark.parametrize("scenario", ["fading", "lossy"])
def test_over_time(scenario: str, tmp_path: Path) -> None:
    """When each target was reached, and since when nodes are silent."""
    path = tmp_path / "made.pcapng"
    frames = run(path, (scenario,), 2)
    result = learned(path)
    assert (result["from"], result["to"]) == (frames[0]["time"], frames[-1]["time"])
    for node in result["nodes"]:
        own = [f for f in frames if f["node"] == node["address"]]
        assert node["silent"] == (frames[-1]["time"] - own[-1]["time"] if own else None)
    parts = [part["from"] for part in result["meters"][0]["over_time"]]
    lengths = {other - one for one, other in pairwise(parts)}
    assert parts[0] == frames[0]["time"]
    assert len(lengths) == 1
    assert 8 <= len(parts) <= 16
    assert parts[-1] <= frames[-1]["time"] < parts[-1] + lengths.pop()
    wanted: Counter[tuple[str, int, str]] = Counter()
    for chain in known(frames):
        part = sum(start <= frames[chain.all[0] - 1]["time"] for start in parts) - 1
        wanted[chain.nodes[-1], part, "messages"] += 1
        wanted[chain.nodes[-1], part, "answered"] += outcome(chain, frames)[0] == "answered"
    through_repeaters = {target for target, *_ in wanted}
    for meter in result["meters"]:
        if meter["meter"] in through_repeaters and all(len(route["route"]) > 1 for route in meter["routes"]):
            through_repeaters.discard(meter["meter"])
            for place, part in enumerate(meter["over_time"]):
                for name in ("messages", "answered"):
                    assert part[name] == wanted[meter["meter"], place, name]
    assert len(through_repeaters) < len({target for target, *_ in wanted})


def test_trees() -> None:
    """Each node once, below one that sends to it."""
    result = learned(PLAIN)
    (tree,) = trees(result)
    assert tree.name == ("5a", "1/1")
    names = [branch.name for branch in tree.all()]
    assert len(names) == len(set(names))
    assert {name for _, name in names} == {node["address"] for node in result["nodes"]} | {
        meter["meter"] for meter in result["meters"]
    }
    edges = {(link["from"], link["to"]) for link in result["links"]}
    for branch in tree.all():
        for below in branch.below:
            assert "/" not in below.name[1] or (branch.name[1], below.name[1]) in edges


def test_routes_in_a_circle() -> None:
    """Routes that contradict each other make no endless tree."""
    use = {"messages": 1, "answered": 1, "first": 1, "last": 1}
    meters = [
        {"domain": "5a", "meter": one, "routes": [{"route": [other], **use}]}
        for one, other in (("1/1", "1/2"), ("1/2", "1/3"), ("1/3", "1/1"), ("1/4", "1/4"))
    ]
    nodes = [{"domain": "5a", "address": f"1/{n}"} for n in range(1, 5)]
    found = [branch.name[1] for tree in trees({"meters": meters, "nodes": nodes}) for branch in tree.all()]
    assert sorted(found) == ["1/1", "1/2", "1/3", "1/4"]
