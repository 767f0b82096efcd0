# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains against what the simulator knew of each frame: nodes on its way, hop, what was lost and what failed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dissectors.answering import MAX_WAIT_NS
from dissectors.proxying import FAILURE
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.simulate.run import Settings, simulate
from tests.analysis.test_chains import chains

SCENARIOS = ("chains", "fading", "two", "lossy", "alternate_key")
LTEP_CODE = "apdu.code"


@dataclass
class Known:
    """A chain as its sender knew it. `frames` by hop, from 1."""

    nodes: list[str]
    domain: str
    frames: dict[int, list[int]] = field(default_factory=dict)

    @property
    def all(self) -> list[int]:
        """All its frames."""
        return sorted(number for numbers in self.frames.values() for number in numbers)


def run(
    path: Path, scenarios: tuple[str, ...], seed: int, port: str = "lpdu", repeaters: int = 5
) -> list[dict[str, Any]]:
    """Simulate, and give the frames as the senders knew them."""
    with (
        path.open("wb") as out,
        path.with_suffix(".json").open("wb") as side,
        path.with_suffix(".keys").open("wb") as k,
    ):
        simulate(Settings(port=port, scenarios=scenarios, seed=seed, repeaters=repeaters), out, side, k)
    found: list[dict[str, Any]] = json.loads(path.with_suffix(".json").read_text())["frames"]
    return found


def known(frames: list[dict[str, Any]]) -> list[Known]:
    """Frames put together by what each says it answers or repeats, and its hop."""
    found: list[Known] = []
    of: dict[int, Known] = {}
    for frame in frames:
        if "hop" not in frame:
            continue
        number, domain = frame["frame"], frame["fields"].get("npdu.domain", "")
        before = frame.get("answers", frame.get("retry_of"))
        if before is not None:
            chain = of[before]
        elif frame["hop"] == 1:
            chain = Known(frame["chain"], domain)
            found.append(chain)
        else:
            chain = next(c for c in reversed(found) if c.nodes == frame["chain"] and c.domain == domain)
        of[number] = chain
        chain.frames.setdefault(frame["hop"], []).append(number)
    return found


def outcome(chain: Known, frames: list[dict[str, Any]]) -> tuple[str, int | None]:
    """What became of it, as far as a tap can know: that the last answer to the source was lost it sees only if the
    source asks again, and at the end of the capture there may be an answer yet."""
    what, hop = whole_outcome(chain, frames)
    silent = not any("failed_at" in frames[n - 1] for n in chain.all) and what != "answered"
    if silent and frames[-1]["time"] - frames[chain.all[-1] - 1]["time"] <= MAX_WAIT_NS:
        return "open", None
    return what, hop


def whole_outcome(chain: Known, frames: list[dict[str, Any]]) -> tuple[str, int | None]:
    """What became of it in the end."""
    answers = [n for n in chain.frames[1] if "answers" in frames[n - 1] and is_answer(frames[n - 1])]
    sendings = [n for n in chain.frames[1] if "answers" not in frames[n - 1]]
    failed = [frames[n - 1] for n in chain.all if "failed_at" in frames[n - 1]]
    if answers and frames[answers[-1] - 1]["fields"][LTEP_CODE] == FAILURE:
        failed = failed[-1:]
    elif answers:
        return ("answer lost", 1) if sendings[-1] > answers[-1] else ("answered", None)
    if failed:
        return "failed", chain.nodes.index(failed[-1]["failed_at"]) + 1
    assert all(frames[n - 1].get("lost") for n in sendings)
    return "failed", 1


def is_answer(frame: dict[str, Any]) -> bool:
    """A RESPONSE, not a challenge or a reply."""
    return frame["fields"].get("spdu.type") == 2


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_as_the_simulator_knew(scenario: str, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "made.pcapng"
    check(run(path, (scenario,), seed), path)


@pytest.mark.parametrize("port", ["cnip", "lonudp"])
def test_over_ip(port: str, tmp_path: Path) -> None:
    path = tmp_path / "made.pcapng"
    check(run(path, ("chains", "lossy"), 1, port), path)


def test_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "made.pcapng"
    check(run(path, SCENARIOS, 4), path)
    assert chains(path, 7) == chains(path, 64) == chains(path)


def check(frames: list[dict[str, Any]], path: Path) -> None:
    """All chains, their nodes, hops, sendings, losses and outcomes."""
    found, truth = chains(path), known(frames)
    assert len(found) == len(truth) > 0
    for chain, true in zip(found, truth, strict=True):
        assert [one.index + 1 for one in chain.frames] == true.all
        assert chain.nodes == true.nodes
        assert chain.domain.hex() == true.domain
        assert (chain.outcome, chain.failed_at) == outcome(true, frames), true.all
        assert chain.retries == sum("retry_of" in frames[n - 1] for n in true.all)
        for hop in chain.hops:
            assert [one.index + 1 for one in hop.heard] == true.frames.get(hop.number, [])
            for one in hop.sent:
                assert one.attempt == sum(n < one.index + 1 for n in sendings(true, hop.number, frames))
        assert not chain.missing


def sendings(chain: Known, hop: int, frames: list[dict[str, Any]]) -> list[int]:
    """The sendings of the message on a hop."""
    return [n for n in chain.frames.get(hop, []) if "answers" not in frames[n - 1]]


@pytest.mark.parametrize("scenario", ["chains", "fading", "lossy", "two"])
def test_with_a_third_of_the_frames_missing(scenario: str, tmp_path: Path) -> None:
    """No frame gets into the chain of another exchange, nor to another hop; what is said of the route is right."""
    path, part = tmp_path / "made.pcapng", tmp_path / "part.pcapng"
    frames = run(path, (scenario,), 7)
    of = {number: chain for chain in known(frames) for number in chain.all}
    with Capture.open(path) as capture:
        raw = [(frame.data, frame.time) for frame in capture]
    for seed in range(3):
        rng = random.Random(seed)
        kept = [number for number in range(1, len(raw) + 1) if rng.random() >= 1 / 3]
        with PcapngWriter(part) as writer:
            interface = writer.add_interface(147)
            for number in kept:
                writer.write(*raw[number - 1], interface)
        found = chains(part)
        assert found
        for chain in found:
            true = of[kept[chain.number - 1]]
            above = len(true.nodes) - len(chain.nodes)
            assert chain.nodes == true.nodes[above:]
            for hop in chain.hops:
                assert {kept[one.index] for one in hop.heard} <= set(true.frames.get(hop.number + above, []))
        assert chains(part, 7) == found
