# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever filters can name is a column: against filters, senders, and frames decoded one by one."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from osgp_analyzer.app.selection import Wanted, selected, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.app.table import Table
from osgp_analyzer.capture import Capture, Interface, PcapngWriter
from osgp_analyzer.export.columns import column_types
from osgp_analyzer.filters.names import BYTES, TEXT, names
from tests.conftest import CAPTURES, load
from tests.export.test_tables import expected

NATIVE = CAPTURES / "native_lpdu.pcap"


def rows(capture: Path, chosen: list[str], occurrence: str = "a") -> list[list[str]]:
    """The texts of the fields of each frame."""
    table = Table(chosen, occurrence, ";")
    session = Session.open(str(capture))
    made = b"".join(table.text("|", *one) for one in selected_chunks(session, Wanted(names=chosen)))
    return [line.split("|") for line in made.decode().splitlines()]


@pytest.mark.parametrize("name", ["native_lpdu", "ltep_lpdu", "osgp_contic"])
def test_all_names_of_filters(name: str) -> None:
    """A field or layer has a text in those frames that a filter finds by its name."""
    capture, chosen = CAPTURES / f"{name}.pcap", list(names())
    there = np.array([[bool(text) for text in row] for row in rows(capture, chosen)])
    seen = 0
    for column, one in zip(there.T, chosen, strict=True):
        if not column.any() and (one.count(".") or one in ("data", "padding")):
            continue
        found = np.zeros(len(column), bool)
        found[list(selected(Session.open(str(capture)), one))] = True
        seen += 1
        if names()[one].kinds & {BYTES, TEXT}:
            assert not (column & ~found).any(), one  # bytes may be there and be none
        else:
            assert (column == found).all(), one
    assert seen > 60


def test_export_has_the_same_names() -> None:
    assert names().keys() <= column_types().keys()


def test_addresses_layers_and_dates() -> None:
    chosen = ["npdu.src", "npdu.dst", "npdu.addr", "tpdu", "authpdu", "spdu.type_text", "frame.time"]
    session = Session.open(str(NATIVE))
    for row, known in zip(rows(NATIVE, chosen), load("sidecars/native_lpdu.json")["frames"], strict=True):
        wanted, kind = expected(known), known["pdu_type"]
        assert row[:3] == [wanted["npdu.src"], wanted["npdu.dst"], f"{wanted['npdu.src']};{wanted['npdu.dst']}"]
        assert row[3:5] == ["1" if kind == "TPDU" else "", "1" if kind == "AuthPDU" else ""]
        assert row[5].replace("/", "_") == (known["msg"] if kind == "SPDU" else "")
        time = session[known["frame"] - 1].frame.time
        assert time is not None
        moment = datetime.datetime.fromtimestamp(time // 10**9, datetime.UTC)
        assert row[6] == f"{moment:%Y-%m-%dT%H:%M:%S}.{time % 10**9:09}Z"


def test_dates_before_1970_and_none(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        writer.write(b"\0", None, interface)
        for time in (0, 999_999_999, 1_700_000_000_123_456_789):
            writer.write(b"\0", time, interface)
        early = writer.add_interface(Interface(1, 147, ticks_per_second=10**9, time_offset=-1))
        writer.write(b"\0", -1, early)
    assert [row[0] for row in rows(path, ["frame.time"])] == [
        "",
        "1970-01-01T00:00:00.000000000Z",
        "1970-01-01T00:00:00.999999999Z",
        "2023-11-14T22:13:20.123456789Z",
        "1969-12-31T23:59:59.999999999Z",
    ]


def test_findings_in_words(tmp_path: Path) -> None:
    chosen = ["finding", "finding.severity", "finding.group", "finding.code"]
    path = tmp_path / "cut.pcapng"
    with PcapngWriter(path) as writer, Capture.open(NATIVE) as capture:
        interface = writer.add_interface(147)
        for frame in capture:
            writer.write(frame.data[:-3], frame.time, interface, length=frame.length)
    session = Session.open(str(path))
    several = 0
    for index, row in enumerate(rows(path, chosen)):
        findings = session[index].findings
        several += len(findings) > 1
        for text, values in zip(
            row,
            (
                ["1"] * len(findings),
                [f.severity.value for f in findings],
                [f.group.value for f in findings],
                [f.code for f in findings],
            ),
            strict=True,
        ):
            assert sorted(text.split(";") if text else []) == sorted(values), index + 1
    assert several
