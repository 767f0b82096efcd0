# SPDX-License-Identifier: GPL-2.0-or-later
"""`osgp-analyzer export` as a program."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from osgp_analyzer.cli.main import main
from tests.cli.test_show import NATIVE
from tests.conftest import load


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this process."""
    code = main(list(arguments))
    shown = capsys.readouterr()
    return subprocess.CompletedProcess(arguments, code, shown.out, shown.err)


def test_formats_by_suffix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    starts = {"a.csv": b"frame.number,", "a.json": b"[\n{", "a.JSONL": b"{", "a.ndjson": b"{", "a.parquet": b"PAR1",
              "a.pcapng": b"\x0a\x0d\x0d\x0a"}  # fmt: skip
    for name, start in starts.items():
        done = call(capsys, "export", str(NATIVE), str(tmp_path / name))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (tmp_path / name).read_bytes().startswith(start)
    done = call(capsys, "export", str(NATIVE), str(tmp_path / "a.xls"))
    assert done.returncode == 2
    assert "--format" in done.stderr
    assert "standard output has no suffix" in call(capsys, "export", str(NATIVE), "-").stderr


def test_the_same_as_show_prints(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["frame.number", "npdu.src_node", "spdu.type", "nm.service_pin.neuron_id"]
    words = [word for name in names for word in ("-e", name)]
    filter_words = ["-Y", "npdu.src_node == 20 || npdu.src_node == 0", "-c", "300"]
    shown = call(capsys, "show", "-T", "fields", "-E", "occurrence=f", *words, *filter_words, str(NATIVE)).stdout
    made = call(capsys, "export", *words, *filter_words, str(NATIVE), "-", "--format", "csv").stdout
    rows = list(csv.reader(io.StringIO(made)))
    assert rows[0] == names
    assert rows[1:] == [line.split("\t") for line in shown.splitlines()]
    assert len(rows) > 20


def test_count_and_filter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = load("sidecars/native_lpdu.json")["frames"]
    wanted = [f["frame"] for f in known[:100] if f["src"]["node"] == 20]
    made = call(capsys, "export", "-Y", "npdu.src == 1/20", "-c", "100", str(NATIVE), "-", "--format", "jsonl").stdout
    assert [json.loads(line)["frame.number"] for line in made.splitlines()] == wanted
    done = call(capsys, "export", "-Y", "npdu.src == 9/9", str(NATIVE), str(tmp_path / "a.json"))
    assert done.returncode == 0
    assert "no frame matches" in done.stderr
    assert json.loads((tmp_path / "a.json").read_text()) == []


def test_wrong_words(capsys: pytest.CaptureFixture[str]) -> None:
    for words, hint in (
        (("-e", "npdu.src_nod"), "npdu.src_node"),
        (("-E", "ocurrence=a"), "occurrence"),
        (("-E", "occurrence=x"), "f (first)"),
        (("-Y", "npdu.src_node = 1"), "^"),
        (("--format", "pcapng", "-e", "frame.number"), "whole frames"),
        (
            (
                "--format",
                "xml",
            ),
            "csv",
        ),
        (("--link", "147=lpd"), "lpdu"),
    ):
        done = call(capsys, "export", str(NATIVE), "/dev/null", "--format", "csv", *words)
        assert done.returncode == 2, words
        assert hint in done.stderr


def test_a_damaged_capture_gives_what_could_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.pcap"
    source.write_bytes(NATIVE.read_bytes()[:-5])
    done = call(capsys, "export", str(source), str(tmp_path / "a.jsonl"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 570


def test_a_reader_that_goes_away() -> None:
    for form in ("csv", "pcapng", "parquet"):
        done = subprocess.run(
            [
                "bash",
                "-o",
                "pipefail",
                "-c",
                f"{sys.executable} -m osgp_analyzer export {NATIVE} - --format {form} | head -c 9",
            ],
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert len(done.stdout) == 9
