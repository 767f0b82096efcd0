# SPDX-License-Identifier: GPL-2.0-or-later
"""`osgp-analyzer stats` as a program: tables, plots, JSON, and what it says when something is wrong."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.analysis.statistics import SECTIONS
from osgp_analyzer.capture import PcapngWriter
from osgp_analyzer.cli import tables
from osgp_analyzer.cli.main import main
from osgp_analyzer.cli.stats import WRITERS
from osgp_analyzer.cli.stats_summary import _few
from tests.app.test_links import LPDU
from tests.cli.test_show import NATIVE, run
from tests.conftest import CAPTURES, load

ROWS = {
    "endpoints.rows": {
        "address": str, "domain": str, "frames_sent": int, "bytes_sent": int, "frames_received": int,
        "bytes_received": int, "priority": int, "alt_path": int, "crc_bad": int,
    },
    "conversations.rows": {
        "a": str, "b": str, "domain": str, "frames": int, "bytes": int, "frames_a_to_b": int, "bytes_a_to_b": int,
        "frames_b_to_a": int, "bytes_b_to_a": int, "first": int, "last": int, "duration": int,
    },
    "services.rows": {
        "name": str, "field": str, "value": int, "frames": int, "bytes": int, "priority": int, "alt_path": int,
    },
    "commands.messages": {"name": str, "field": str, "value": int, "frames": int, "bytes": int},
    "commands.responses": {"request": str, "request_code": int, "outcome": str, "frames": int, "bytes": int},
    "errors.findings": {"severity": str, "code": str, "group": str, "count": int, "frames": int},
    "errors.nodes": {
        "address": str, "domain": str, "frames": int, "crc_bad": int, "failed": int, "retries": int,
        "duplicates": int, "late": int, "missing": int, "alt_path": int,
    },
    "responses.histogram": {"from": int, "to": int, "count": int},
    "responses.by_service": {
        "name": str, "field": str, "value": int, "count": int, "mean": int, "min": int, "median": int, "p95": int,
        "p99": int, "max": int,
    },
    "responses.by_responder": {
        "address": str, "domain": str, "count": int, "mean": int, "min": int, "median": int, "p95": int, "p99": int,
        "max": int,
    },
    "load.rows": {"start": int, "frames": int, "bytes": int, "bits": int, "load": float},
}  # fmt: skip
"""What the README promises of the rows; a text or number may be null where there is none."""


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def stats(*arguments: str | Path) -> Done:
    """The command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["stats", *map(str, arguments)])
    return Done(code, out.getvalue(), err.getvalue())


def as_json(*arguments: str | Path) -> dict[str, Any]:
    done = stats("--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_json() -> None:
    found = as_json(NATIVE)
    assert list(found) == ["frames", *SECTIONS]
    for path, fields in ROWS.items():
        section, key = path.split(".")
        rows = found[section][key]
        assert rows, path
        for row in rows:
            assert row.keys() == fields.keys(), path
            for name, kind in fields.items():
                assert row[name] is None or type(row[name]) is kind, (path, name)
    assert found["frames"]["frames"] == found["frames"]["in_capture"] == 571
    assert list(as_json(NATIVE, "load", "services", "load")) == ["frames", "load", "services"]


def test_a_filter() -> None:
    frames = [f for f in load("sidecars/native_lpdu.json")["frames"] if f["src"] == {"subnet": 1, "node": 20}]
    found = as_json(NATIVE, "-Y", "npdu.src == 1/20", "services", "endpoints")  # names after an option too
    assert list(found) == ["frames", "services", "endpoints"]
    assert (found["frames"]["frames"], found["frames"]["in_capture"]) == (len(frames), 571)
    assert Counter({r["name"]: r["frames"] for r in found["services"]["rows"]})["RESPONSE"] == sum(
        f["msg"] == "RESPONSE" for f in frames
    )
    done = stats(NATIVE, "-Y", "npdu.src == 9/99")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no frame matches" in done.stderr
    done = stats(NATIVE, "-Y", "npdu.src = 9/99")
    assert done.returncode == 2
    assert "^" in done.stderr


@pytest.mark.parametrize("name", ["native_lpdu", "ltep_lpdu", "lon_udp_dom1", "osgp_contic"])
def test_a_summary_fits_a_screen(name: str) -> None:
    path = CAPTURES / f"{name}.pcap"
    done, found = stats(path), as_json(path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"{found['frames']['frames']} frames, ")
    said = {line.split()[0]: line for line in lines if line.split()[:1] and line.split()[0] in SECTIONS}
    assert list(said) == list(SECTIONS)
    endpoints = found["endpoints"]["rows"]
    first = said["endpoints"].split(maxsplit=1)[1].split(", ")[0]
    assert first.startswith(endpoints[0]["address"])
    assert first.endswith(f" {endpoints[0]['frames_sent'] + endpoints[0]['frames_received']}")
    more = re.search(r"and (\d+) more", said["endpoints"])
    shown = said["endpoints"].count(", ") + (0 if more else 1)
    assert shown + (int(more[1]) if more else 0) == len(endpoints)
    assert "osgp-analyzer stats FILE commands" in done.stdout


def test_everything_can_be_asked_for() -> None:
    single = [stats(NATIVE, name).stdout.splitlines() for name in SECTIONS]
    every = stats(NATIVE, "all").stdout.splitlines()
    assert every == single[0][:1] + [line for lines in single for line in lines[1:]]
    assert as_json(NATIVE, "all") == as_json(NATIVE)


def test_many_long_names_are_cut_to_the_screen() -> None:
    names = [f"a name of {n}" for n in range(100_000)]
    (line,) = _few(names)
    assert len(line) <= 65
    shown, more = re.fullmatch(r"(.*), \.\.\. and (\d+) more", line).groups()  # type: ignore[union-attr]
    assert shown.split(", ") == names[: len(names) - int(more)]
    assert _few(["x" * 99]) == ["1"]
    assert _few([]) == ["none"]


def test_one_statistic_is_whole() -> None:
    found, text = as_json(NATIVE, "endpoints"), stats(NATIVE, "endpoints").stdout
    head, *rows = text[text.index("Endpoints") :].splitlines()[1:]
    assert len(rows) == len(found["endpoints"]["rows"])
    assert "more" not in text
    for line, row in zip(rows, found["endpoints"]["rows"], strict=True):
        assert line.lstrip().startswith(row["address"])
        sums = ("sent", "received")
        amounts = [row[f"{what}_{way}"] for way in sums for what in ("frames", "bytes")]
        assert line.split()[-7:] == [str(n) for n in (*amounts, row["priority"], row["alt_path"], row["crc_bad"])]
        assert len(line) == len(head)  # numbers end below their titles
    assert stats(NATIVE, "hierarchy").stdout.count("\n") > 40


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_plots_in_any_encoding(encoding: str) -> None:
    done = run("stats", NATIVE, "load", "responses", env={**os.environ, "PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    assert "\\u" not in done.stdout
    assert ("█" in done.stdout) is (encoding == "utf-8")
    if encoding != "utf-8":
        assert done.stdout.isascii()
        assert "#" in done.stdout


def test_what_is_said_of_wrong_words() -> None:
    done = stats(NATIVE, "endpoint")
    assert done.returncode == 2
    assert "endpoints" in done.stderr
    done = stats(NATIVE, "xyz")
    assert done.returncode == 2
    assert all(name in done.stderr for name in SECTIONS)
    for option, value in (("--rate", "0"), ("--rate", "fast"), ("--interval", "0"), ("--interval", "-1")):
        done = stats(NATIVE, option, value)
        assert done.returncode == 2
        assert option in done.stderr
    done = stats(NATIVE, "--jsn")
    assert done.returncode == 2
    assert "did you mean --json" in done.stderr
    text = stats("--help").stdout
    assert all(f"  {name} " in text for name in SECTIONS)
    assert WRITERS.keys() == {"frames", *SECTIONS}


def test_a_damaged_file(tmp_path: Path) -> None:
    """What could be read is counted; the rest is named, with control characters escaped."""
    path = tmp_path / "evil\x1b[31m\n.pcap"
    path.write_bytes(NATIVE.read_bytes()[:-5])
    done = stats(path)
    assert done.returncode == 1
    assert done.stdout.startswith("570 frames, ")
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_stamps(tmp_path: Path) -> None:
    path = tmp_path / "no.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        for _ in range(3):
            writer.write(LPDU, None, interface)
    done = stats(path)
    assert done.returncode == 0
    assert done.stdout.count("no frame has a time stamp") == 1
    assert "3 frames without a time stamp" in done.stdout
    assert " s\n" not in done.stdout.splitlines()[0] + "\n"  # no duration


def test_frames_over_ip_have_no_rate() -> None:
    done = stats(CAPTURES / "lon_udp_dom1.pcap", "load")
    assert "--rate" in done.stdout
    assert "bit/s" in done.stdout
    found = as_json(CAPTURES / "lon_udp_dom1.pcap", "load", "--rate", "1000000", "--interval", "0.5")["load"]
    assert (found["rate"], found["interval"]) == (1_000_000, 500_000_000)


def test_tables_keep_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["a\x1b[2J" * 9, "7"], ["b" * 60, "12345"]]
    free = tables.table(("<text", "number"), rows)
    assert "\x1b" not in "".join(free)
    assert free[2] == "b" * 60 + " " * (len(free[1]) - 65) + "12345"
    narrow = tables.table(("<text", "number"), rows, 30)
    assert [len(line) for line in narrow] == [30, 30, 30]
    assert narrow[2].endswith("...   12345")
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((40, 10)))
    assert tables.width(io.StringIO()) is None


def test_plots() -> None:
    assert tables.columns([0, 1, 2, 4], 2, tables.BLOCKS) == ["   █", " ▄██"]
    assert tables.columns([0, 0.001, 1], 1, tables.BLOCKS) == [" ▁█"]  # what is there is seen
    assert tables.columns([0, 0], 2, tables.PLAIN) == ["  ", "  "]
    assert tables.bars([0, 1, 100, 50], 10, tables.PLAIN) == ["", "#", "#" * 10, "#" * 5]
