# SPDX-License-Identifier: GPL-2.0-or-later
"""`show -Y`: the frames that pass, in every form of output."""

from __future__ import annotations

from tests.cli.test_show import NATIVE, frames, run
from tests.conftest import load


def test_the_same_frames_in_every_form() -> None:
    known = load("sidecars/native_lpdu.json")["frames"]
    expected = [f["frame"] for f in known if f["msg"] == "RESPONSE" and f["src"] == {"subnet": 1, "node": 20}]
    text = "spdu.type == RESPONSE && npdu.src == 1/20"
    assert len(expected) > 50
    assert [s["number"] for s in frames("-Y", text, str(NATIVE))] == expected
    assert [int(line.split()[0]) for line in run("show", "-Y", text, NATIVE).stdout.splitlines()] == expected
    done = run("show", "-T", "fields", "-e", "frame.number", "-Y", text, NATIVE)
    assert [int(line) for line in done.stdout.splitlines()] == expected
    done = run("show", "-c", "330", "-Y", text, NATIVE)
    assert [int(line.split()[0]) for line in done.stdout.splitlines()] == [n for n in expected if n <= 330]


def test_lines_are_those_of_the_whole_list() -> None:
    """A filter changes which lines are shown, not what they say: times and requests included."""
    for time in ("relative", "delta", "epoch"):
        whole = run("show", "--time", time, NATIVE).stdout.splitlines()
        some = run("show", "--time", time, "-Y", "apdu.outcome == success", NATIVE).stdout.splitlines()
        assert len(some) > 20
        assert set(some) <= set(whole)


def test_nothing_found_is_said() -> None:
    done = run("show", "-Y", "npdu.src == 9/99", NATIVE)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no frame matches" in done.stderr


def test_a_wrong_filter_shows_where() -> None:
    done = run("show", "-Y", "npdu.src_node = 10", NATIVE)
    assert done.returncode == 2
    sentence, text, pointer = done.stderr.splitlines()
    assert "column" in sentence
    assert text.strip() == "npdu.src_node = 10"
    assert text[pointer.index("^")] == "="
    done = run("show", "-Y", "npdu.src_nod == 10", NATIVE)
    assert "npdu.src_node" in done.stderr.splitlines()[0]
