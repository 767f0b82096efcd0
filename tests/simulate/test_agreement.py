# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of all scenarios on every port are read as the simulator wrote them, by both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from osgp_analyzer.app.decode import Decoded
from osgp_analyzer.cli.main import main
from tests.analysis.test_tracking import compare
from tests.simulate.agreement import disagreements

PORTS = ["lpdu", "cnip", "lonudp", "mep", "optical"]
CHUNK = 700
"""Frames, so that messages go over the borders of chunks."""


@pytest.fixture(scope="module", params=[*PORTS, *(f"{port} --encrypt" for port in PORTS if port != "optical")])
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Decoded]]:
    """A capture, and its frames as the Scapy engine reads them; the columns have all values and findings of it too."""
    path = tmp_path_factory.mktemp("agreement") / "all.pcapng"
    arguments = ["simulate", "--port", *request.param.split(), "--scenario", "all", "--meters", "3", "--seed", "5"]
    assert main([*arguments, "-o", str(path)]) == 0
    return path, compare(path, CHUNK)


def test_every_value(read: tuple[Path, list[Decoded]]) -> None:
    compared, wrong = disagreements(read[0], decoded=read[1])
    assert wrong == []
    assert compared > 2000
