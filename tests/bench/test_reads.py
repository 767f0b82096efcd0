# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark reads from its captures what the meter put in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from osgp_analyzer.cli.main import main
from osgp_analyzer.simulate.network import Network
from osgp_analyzer.simulate.run import START
from osgp_analyzer.simulate.tables.registers import bt23
from tests.bench.inside import session
from tests.bench.reads import FIELDS, PACE, generate

READS = 40


def test_every_read_has_its_values(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tmp_path / "reads.pcapng"
    generate(READS, path)
    assert main(["show", "-T", "fields", *(a for name in FIELDS for a in ("-e", name)), str(path)]) == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    meter = Network(1, 1, 0).meters[0]
    wanted = [[""] * len(FIELDS)] * 2
    for number in range(1, READS + 1):
        values = bt23(meter, START + number * PACE).values()
        wanted += [[""] * len(FIELDS), [",".join(map(str, values[name])) for name in FIELDS]]
    assert [line.split("\t") for line in lines] == wanted
    assert session(str(path), str(2 * READS - 2))["reads"] == READS - 1
