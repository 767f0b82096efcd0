# SPDX-License-Identifier: GPL-2.0-or-later
"""`osgp-analyzer sql` as a program."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.test_export import call
from tests.cli.test_show import NATIVE
from tests.conftest import load

BY_NODE = "select npdu.src_node, count(*) as n from frames group by all order by n desc"


def test_the_three_forms(capsys: pytest.CaptureFixture[str]) -> None:
    known = load("sidecars/native_lpdu.json")["frames"]
    wanted = Counter(f["src"]["node"] for f in known).most_common()
    done = call(capsys, "sql", BY_NODE, str(NATIVE))
    assert (done.returncode, done.stderr) == (0, "")
    head, rule, *rows = done.stdout.splitlines()
    assert head.split() == ["npdu.src_node", "n"]
    assert set(rule) == {"-", " "}
    assert [tuple(map(int, row.split())) for row in rows] == wanted
    assert len({len(row) for row in done.stdout.splitlines()}) == 1
    rows_of = json.loads(call(capsys, "sql", BY_NODE, str(NATIVE), "--format", "json").stdout)
    assert [(row["npdu.src_node"], row["n"]) for row in rows_of] == wanted
    head, *rows = list(csv.reader(io.StringIO(call(capsys, "sql", BY_NODE, str(NATIVE), "--format", "csv").stdout)))
    assert head == ["npdu.src_node", "n"]
    assert [(int(a), int(b)) for a, b in rows] == wanted


def test_filter_and_count(capsys: pytest.CaptureFixture[str]) -> None:
    known = load("sidecars/native_lpdu.json")["frames"]
    wanted = sum(f["src"]["node"] == 20 for f in known[:100])
    done = call(capsys, "sql", "select count(*) as n from frames", "-Y", "npdu.src == 1/20", "-c", "100", str(NATIVE))
    assert done.stdout.split() == ["n", "-" * len(str(wanted)), str(wanted)]


def test_wrong_questions(capsys: pytest.CaptureFixture[str]) -> None:
    for text, hint in (
        ("select npdu.src_nod from frames", "npdu.src_node"),
        ("select srcnode from frames", "npdu.src_node"),
        ("selec", "syntax error"),
        ("delete from frames", "only SELECT"),
        ("select * from read_text('/etc/passwd')", "Cannot access"),
        ("select error('\x1b[2J')", "x1b"),
    ):
        done = call(capsys, "sql", text, str(NATIVE))
        assert (done.returncode, done.stdout) == (2, ""), text
        assert hint in done.stderr
        assert "\x1b" not in done.stderr


def test_what_comes_to_a_terminal_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    text = "select chr(27) || '[2J' as \"a\x1b[1m\", '=1+1' as b, null as c, -5 as d"
    for form in ("table", "csv", "json"):
        done = call(capsys, "sql", text, str(NATIVE), "--format", form)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
    rows = list(csv.reader(io.StringIO(call(capsys, "sql", text, str(NATIVE), "--format", "csv").stdout)))
    assert rows[1] == ["\\x1b[2J", "'=1+1", "", "-5"]
    (row,) = json.loads(call(capsys, "sql", text, str(NATIVE), "--format", "json").stdout)
    assert row["a\x1b[1m"] == "\x1b[2J"


def test_the_question_is_judged_before_the_capture_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "sql", "select nothing from frames", "/does/not/exist")
    assert "nothing" in done.stderr
    done = call(capsys, "sql", "select 1", "/does/not/exist")
    assert done.returncode == 2
    assert "cannot be read" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_query_that_takes_forever_can_be_ended(number: signal.Signals, tmp_path: Path) -> None:
    endless = (
        "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c where a.range + b.range = c.range"
    )
    words = [sys.executable, "-m", "osgp_analyzer", "sql", endless, str(NATIVE)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        deadline = time.monotonic() + 30
        while not list(tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(1)  # so that it is the query that takes the time
        assert process.poll() is None
        process.send_signal(number)
        assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []
