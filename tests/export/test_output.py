# SPDX-License-Identifier: GPL-2.0-or-later
"""No half file under the final name: full disks, errors, signals, odd targets."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from osgp_analyzer.capture import CaptureError, PcapngWriter
from osgp_analyzer.capture import part as capture_part
from osgp_analyzer.capture import writer as capture_writer
from osgp_analyzer.cli.main import main
from osgp_analyzer.export import output as export_output
from osgp_analyzer.export.output import check_apart, output
from tests.cli.test_show import NATIVE, run

FORMATS = ("csv", "json", "jsonl", "parquet", "pcapng", "wireshark")


def many(path: Path, times: int = 40) -> Path:
    """The frames of a capture, again and again."""
    data = NATIVE.read_bytes()
    path.write_bytes(data[:24] + data[24:] * times)
    return path


@pytest.mark.parametrize(("form", "before"), [("csv", b""), *((form, b"what was there") for form in FORMATS)])
def test_a_full_disk_leaves_no_half_file(form: str, before: bytes, tmp_path: Path) -> None:
    """The system refuses to let files grow beyond 4 kB, as a full disk does."""
    source, target = many(tmp_path / "a.pcap"), tmp_path / "out"
    if before:
        target.write_bytes(before)
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); sys.argv[0] = 'osgp-analyzer';"
        "from osgp_analyzer.cli.main import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "export", str(source), str(target), "--format", form],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == (["a.pcap", "out"] if before else ["a.pcap"])
    if before:
        assert target.read_bytes() == before


@pytest.mark.parametrize("form", ["csv", "json", "pcapng"])
def test_a_device_that_is_full(form: str) -> None:
    done = run("export", str(NATIVE), "/dev/full", "--format", form)
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["osgp-analyzer: /dev/full: cannot be written: No space left on device"]
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m osgp_analyzer export {NATIVE} - --format {form} >/dev/full"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "No space left" in done.stderr


@pytest.mark.parametrize(
    ("number", "form"),
    [
        (signal.SIGINT, "csv"),
        (signal.SIGINT, "parquet"),
        (signal.SIGTERM, "pcapng"),
        (signal.SIGHUP, "parquet"),
        (signal.SIGKILL, "csv"),
    ],
)
def test_a_program_that_is_ended_leaves_the_old_file(
    number: signal.Signals, form: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"what was there")
    work = tmp_path_factory.mktemp("work")
    arguments = [sys.executable, "-m", "osgp_analyzer", "export", "-", str(target), "--format", form]
    environment = {**os.environ, "TMPDIR": str(work)}
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        process.stdin.write(NATIVE.read_bytes())
        process.stdin.flush()  # more may come: the export waits for it
        deadline = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) < 2:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        for _ in range(3):  # a program and its group are often both told
            process.send_signal(number)
        code = process.wait(30)
    assert code != 0
    assert target.read_bytes() == b"what was there"
    if number != signal.SIGKILL:
        assert list(tmp_path.iterdir()) == [target]
        assert list(work.iterdir()) == []


def test_the_capture_that_is_read_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.pcapng"
    source.write_bytes(NATIVE.read_bytes())
    (tmp_path / "link.pcapng").symlink_to(source)
    os.link(source, tmp_path / "hard.pcapng")
    for target in ("a.pcapng", "link.pcapng", "hard.pcapng"):
        assert main(["export", str(source), str(tmp_path / target)]) == 2
        assert "is the capture that is read" in capsys.readouterr().err
    with source.open("rb") as stdin:
        assert run("export", "-", str(source), stdin=stdin).returncode == 2
    assert source.read_bytes() == NATIVE.read_bytes()
    check_apart(str(source), str(tmp_path / "other"))
    check_apart("-", "-")


def test_links_and_modes_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "a.csv", tmp_path / "link.csv"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    with output(str(link)) as out:
        out.write(b"new")
        assert file.read_text() == "old"
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    for name, words in (
        (str(tmp_path), "is a folder"),
        (str(tmp_path / "no" / "a.csv"), "No such file"),
        (f"{tmp_path}/a.csv/", "is a folder"),
        ("a\0b", "cannot be written"),
        (str(tmp_path / ("x" * 250)), "too long"),
    ):
        with pytest.raises(CaptureError, match=words), output(name) as out:
            out.write(b"a")
    assert [p for p in tmp_path.iterdir() if "part" in p.name] == []


def test_an_error_in_the_block_removes_the_part(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), output(str(tmp_path / "a")) as out:
        out.write(b"1")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def _by_output(target: Path) -> None:
    with output(str(target)) as out:
        out.write(b"new")


def _by_writer(target: Path) -> None:
    with PcapngWriter(target) as writer:
        writer.add_interface(147)


@pytest.mark.parametrize("write", [_by_output, _by_writer])
def test_ended_at_any_moment(write: Callable[[Path], None], tmp_path: Path) -> None:
    """An exception before every single line of what writes, as a signal brings it, leaves no part when Python ends."""
    target = tmp_path / "out"
    files = tuple(module.__file__ for module in (export_output, capture_writer, capture_part, contextlib))
    write(target)
    whole = target.read_bytes()
    for moment in itertools.count(1):
        target.write_bytes(b"old")
        seen = 0

        def trace(frame: FrameType, event: str, _: object, moment: int = moment) -> Any:
            nonlocal seen
            if frame.f_code.co_filename not in files:
                return None
            seen += event == "line"
            if seen == moment:
                raise SystemExit(143)
            return trace

        ended = False
        sys.settrace(trace)
        try:
            write(target)
        except SystemExit:
            ended = True
        finally:
            sys.settrace(None)
        capture_part._discard_unfinished()
        assert list(tmp_path.iterdir()) == [target], moment
        if not ended:
            break
        assert target.read_bytes() in (b"old", whole)
    assert moment > 20
    assert target.read_bytes() == whole


def test_hostile_names_of_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a'b.parquet", 'a"b.parquet', "*.parquet", "a\nb.parquet", "-a.parquet", "ä{x}.parquet"):
        source = tmp_path / f"in {name}"
        source.write_bytes(NATIVE.read_bytes())
        for form in ("parquet", "csv", "pcapng"):
            assert main(["export", str(source), str(tmp_path / name), "--format", form]) == 0
            assert (tmp_path / name).stat().st_size > 1000
        assert capsys.readouterr() == ("", "")
    assert main(["export", str(NATIVE), f"{tmp_path}/no\x1b[2J\n/a.csv"]) == 2
    error = capsys.readouterr().err
    assert "\x1b" not in error
    assert len(error.splitlines()) == 1


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    target = os.fsencode(tmp_path) + b"/\xff.csv"
    done = subprocess.run(
        [sys.executable, "-m", "osgp_analyzer", "export", str(NATIVE), os.fsdecode(target)], check=False
    )
    assert done.returncode == 0
    assert os.path.getsize(target) > 1000
