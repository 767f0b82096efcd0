# SPDX-License-Identifier: GPL-2.0-or-later
"""`show -T fields`: columns, against what the per-frame engine says in JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.capture import PcapngWriter
from tests.cli.test_show import NATIVE, frames, run
from tests.conftest import CAPTURES, load


def occurrences(frame: dict[str, Any], name: str) -> list[str]:
    """Every value of a field in a frame, as the table writes it."""
    found = []
    for layer in frame["layers"]:
        for full, field in layer["fields"].items():
            if full.split("[")[0] == name and field["value"] is not None:
                value = field["value"]
                found.append(",".join(map(str, value)) if isinstance(value, list) else str(value))
    return found


@pytest.mark.parametrize("name", ["native_lpdu", "ltep_lpdu", "lon_udp_dom1", "osgp_contic"])
def test_every_field_of_every_frame(name: str) -> None:
    path = str(CAPTURES / f"{name}.pcap")
    shown = frames(path)
    fields = [(n, field) for s in shown for layer in s["layers"] for n, field in layer["fields"].items()]
    names = sorted({n.split("[")[0] for n, field in fields if field["value"] not in (None, [])})
    done = run("show", "-T", "fields", "-E", "separator=|", *(x for n in names for x in ("-e", n)), path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(shown)
    for line, frame in zip(lines, shown, strict=True):
        for field, text in zip(names, line.split("|"), strict=True):
            assert text == ",".join(occurrences(frame, field)), (frame["number"], field)


def test_frame_fields_header_count_and_occurrence() -> None:
    names = ("frame.number", "frame.time_epoch", "frame.len", "frame.request", "apdu.code")
    arguments = [x for n in names for x in ("-e", n)]
    done = run("show", "-T", "fields", "-E", "header=y", "-c", "328", *arguments, NATIVE)
    lines = done.stdout.splitlines()
    assert lines[0] == "\t".join(names)
    assert len(lines) == 329
    known = load("sidecars/native_lpdu.json")["frames"][325]
    time = frames(str(NATIVE))[325]["time"]
    assert lines[326] == f"326\t{time // 10**9}.{time % 10**9:09}\t{known['len']}\t325\t{int(known['apdu'][:2], 16)}"
    first = run("show", "-T", "fields", "-E", "occurrence=f", "-e", "apdu.code", CAPTURES / "ltep_lpdu.pcap").stdout
    last = run("show", "-T", "fields", "-E", "occurrence=l", "-e", "apdu.code", CAPTURES / "ltep_lpdu.pcap").stdout
    assert (first.splitlines()[4], last.splitlines()[4]) == ("77", "16")


def test_times_before_1970_and_without(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        for time in (0, 1, 10**9 - 1, 1_700_000_000_123_456_789):
            writer.write(b"\0", time, interface)
    text = run("show", "-T", "fields", "-e", "frame.time_epoch", path).stdout
    assert text.splitlines() == ["0.000000000", "0.000000001", "0.999999999", "1700000000.123456789"]


def test_wrong_words() -> None:
    for arguments, hint in (
        (("-e", "npdu.domian"), "npdu.domain"),
        ((), "-e FIELD"),
        (("-e", "npdu.domain", "-E", "haeder=y"), "header"),
    ):
        done = run("show", "-T", "fields", *arguments, NATIVE)
        assert done.returncode == 2
        assert hint in done.stderr
        assert len(done.stderr.splitlines()) == 1
