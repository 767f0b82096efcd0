# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures and circumstances that a careful user found to go wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from osgp_analyzer.capture import Capture, CaptureError, PcapngWriter
from tests.cli.test_show import NATIVE, frames, run

GOOD = bytes.fromhex("0109018501834f02829f00c48727")
WRONG = GOOD[:-1] + b"\0"


def test_known_frames_behind_many_unknown_ones(tmp_path: Path) -> None:
    path = tmp_path / "late.pcapng"
    with PcapngWriter(path) as writer:
        unknown = writer.add_interface(9)
        for _ in range(5000):
            writer.write(b"\1\2", 0, unknown)
        known = writer.add_interface(147)
        writer.write(GOOD, 0, known)
    done = run("show", path)
    assert done.returncode == 0, done.stderr
    assert "NV update" in done.stdout.splitlines()[-1]


def test_every_interface_is_judged_by_its_own_frames(tmp_path: Path) -> None:
    path = tmp_path / "two.pcapng"
    with PcapngWriter(path) as writer:
        first, second = writer.add_interface(147, name="a"), writer.add_interface(147, name="b")
        for _ in range(70):
            writer.write(GOOD[:-2], 0, first)
        for _ in range(70):
            writer.write(GOOD, 0, second)
        writer.write(WRONG, 0, second)
        writer.write(WRONG, 0, first)
    *_, on_second, on_first = frames(str(path))
    assert [f["code"] for f in on_second["findings"]] == ["lpdu.crc_bad"]
    assert [f["code"] for f in on_first["findings"]] == ["lpdu.crc_absent"]


def test_a_pipe_gives_what_the_file_gives(tmp_path: Path) -> None:
    path = tmp_path / "first_wrong.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        for data in (WRONG, *[GOOD] * 70, WRONG):
            writer.write(data, 0, interface)
    with path.open("rb") as file:
        cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
        assert frames("-", stdin=cat.stdout) == frames(str(path))
    assert [f["code"] for f in frames(str(path))[0]["findings"]] == ["lpdu.crc_bad"]


def test_a_file_that_becomes_shorter_is_an_error_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "shrinks.pcap"
    path.write_bytes(NATIVE.read_bytes())
    with Capture.open(path) as capture:
        while capture.index_more(1000):
            pass
        with path.open("r+b") as file:
            file.truncate(100)
        with pytest.raises(CaptureError, match="became shorter"):
            capture[500]


def test_more_captured_than_there_was(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with PcapngWriter(path) as writer:
        writer.write(GOOD, 0, writer.add_interface(147), length=3)
    assert "frame.length" in [f["code"] for f in frames(str(path))[0]["findings"]]


def test_no_standard_output_at_all() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m osgp_analyzer show {NATIVE} >&-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_file_names_and_words_are_escaped_and_explained(tmp_path: Path) -> None:
    done = run("show", str(tmp_path / "a\x1b[31mb\n.pcapng"))
    assert "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    for arguments, hint in (
        (("show", NATIVE, "extra"), "one file at a time"),
        (("show", "-c", "-1", NATIVE), "not a number of frames"),
        (("show", "--link", "²=lpdu", NATIVE), "NUMBER=DECODER"),
        (("show", ""), "no name"),
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert hint in done.stderr
    assert len(run("-c", "3", NATIVE).stdout.splitlines()) == 3
