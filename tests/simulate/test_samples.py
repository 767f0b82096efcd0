# SPDX-License-Identifier: GPL-2.0-or-later
"""The sample captures that the simulator made: the same bytes again, and what must be seen in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.cli.main import main
from tests.conftest import CAPTURES, TESTS, load
from tests.simulate.agreement import disagreements

SAMPLES = {
    "simulated_chains": "--scenario chains --meters 6 --repeaters 5",
    "simulated_security": "--scenario sequence,encrypted,wrong_key,replay --meters 1 --repeaters 0",
    "simulated_profiles": "--scenario profiles --meters 3 --repeaters 0 --seed 2",
    "simulated_mep": "--port mep --scenario alerts,transactions,sequence,basic_key,encrypted --meters 1",
    "simulated_optical": "--port optical --scenario session --meters 1",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_made_again(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pcapng"
    assert main(["simulate", *SAMPLES[name].split(), "-o", str(path)]) == 0
    assert path.read_bytes() == (CAPTURES / path.name).read_bytes()
    known = TESTS / "data" / "sidecars" / f"{name}.json"
    assert path.with_suffix(".json").read_bytes() == known.read_bytes()
    assert path.stat().st_size + known.stat().st_size < 60_000


@pytest.mark.parametrize("name", SAMPLES)
def test_the_analyzer_agrees(name: str) -> None:
    compared, wrong = disagreements(CAPTURES / f"{name}.pcapng", load(f"sidecars/{name}.json"))
    assert wrong == []
    assert compared > 200


def frames(name: str) -> list[dict[str, Any]]:
    return list(load(f"sidecars/{name}.json")["frames"])


def test_what_is_in_them() -> None:
    chains = frames("simulated_chains")
    assert {len(f.get("chain", ())) - 2 for f in chains if "hop" in f} == {1, 2, 3, 4, 5}
    security = frames("simulated_security")
    assert sorted({f["fields"]["osgp.response"] for f in security if "osgp.response" in f["fields"]}) == [0, 11, 12]
    assert any("replay_of" in f for f in security)
    assert sum(bool(f.get("encrypted")) for f in security) == 6
    told = [code for f in security for code in f["security"]["findings"]]
    assert sorted(told) == ["bad_digest", "replayed", "sequence_far"]
    profiles = frames("simulated_profiles")
    assert any(1 in f["values"].get("load_profile.interval.power_failed", []) for f in profiles if "values" in f)
    mep = frames("simulated_mep")
    assert sum(f["fields"] == {"mep.length": 0} for f in mep) == 3
    optical = frames("simulated_optical")
    assert any(f.get("packets") for f in optical)
    assert any(f["fields"].get("optical.signal") == 0x15 for f in optical)
