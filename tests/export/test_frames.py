# SPDX-License-Identifier: GPL-2.0-or-later
"""Exported capture files, read back by our reader, by capinfos, and decoded by Wireshark without a plug-in."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture, Frame, PcapngWriter
from osgp_analyzer.export.frames import write_pcapng, write_wireshark
from tests.conftest import CAPTURES, load

NATIVE = CAPTURES / "native_lpdu.pcap"
GOOD = bytes.fromhex("0109018501834f02829f00c48727")
BAD = GOOD[:-1] + b"\0"


def export(write: Any, source: Path, target: Path, filter_text: str | None = None) -> Path:
    session = Session.open(str(source))
    with target.open("wb") as out:
        write(session.capture, selected_chunks(session, Wanted(filter_text)), out)
    return target


def tshark(path: Path, *names: str) -> list[list[str]]:
    """Fields as Wireshark decodes them, without Lua and with no settings of the user."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=|"]
    command += [word for name in names for word in ("-e", name)]
    environment = {**os.environ, "HOME": str(path.parent), "XDG_CONFIG_HOME": str(path.parent)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment)
    return [["" if v == "<MISSING>" else v for v in line.split("|")] for line in done.stdout.splitlines()]


def whole(frame: Frame) -> tuple[Any, ...]:
    return (frame.time, frame.ticks, frame.data, frame.length, frame.comments, frame.flags, frame.options)


def rich(path: Path) -> Path:
    """Two interfaces of different link type and resolution; comments, flags, options and a cut frame."""
    with PcapngWriter(path, section_comment="from the cellar") as writer:
        writer.add_interface(147, name="tap", description="phase 1", fcs_length=2, speed=3600, hardware="U20")
        writer.add_interface(1, name="eth", snap_length=64)
        writer.write(GOOD, 1_700_000_000_123_456_789, 0, comments=("first", "second\nline"), flags=1)
        writer.write(bytes(64), 1_700_000_000_000_000_001, 1, length=900, flags=2, options=((5, bytes(8)),))
        writer.write(BAD, 1_700_000_000_000_000_002, 0, flags=0b10_0000_0001 | 2 << 5)
    return path


def test_frames_keep_all_they_have(tmp_path: Path) -> None:
    source = rich(tmp_path / "a.pcapng")
    with Capture.open(export(write_pcapng, source, tmp_path / "b.pcapng")) as made, Capture.open(source) as old:
        assert [whole(f) for f in made] == [whole(f) for f in old]
        assert [f.interface for f in made] == [f.interface for f in old]
        assert made.interfaces == old.interfaces
        assert made.sections[0].comments == ("from the cellar",)


def test_a_selection_keeps_the_numbers_of_interfaces(tmp_path: Path) -> None:
    source = rich(tmp_path / "a.pcapng")
    made = export(write_pcapng, source, tmp_path / "b.pcapng", "frame.interface == 1")
    with Capture.open(made) as capture, Capture.open(source) as old:
        assert [whole(f) for f in capture] == [whole(old[1])]
        assert capture[0].interface == old[1].interface


def test_packed_captures_come_out_unpacked(tmp_path: Path) -> None:
    packed = tmp_path / "a.pcap.gz"
    packed.write_bytes(gzip.compress(NATIVE.read_bytes()))
    with Capture.open(export(write_pcapng, packed, tmp_path / "b.pcapng")) as made, Capture.open(NATIVE) as old:
        assert [whole(f) for f in made] == [whole(f) for f in old]
    done = subprocess.run(
        ["capinfos", "-M", "-c", "-E", str(tmp_path / "b.pcapng")], capture_output=True, text=True, check=True
    )
    assert "571" in done.stdout
    assert "user0" in done.stdout


LON = ("lon.prio", "lon.alt_path", "lon.delta_bl", "lon.vers", "lon.srcnet", "lon.srcnode", "lon.domain",
       "lon.trans_no", "lon.auth", "lon.dstnode", "lon.grpmem", "lon.code", "data.data")  # fmt: skip


def number(text: str) -> int | None:
    return int(text, 0) if text else None


def test_wireshark_reads_what_was_sent(tmp_path: Path) -> None:
    shown = tshark(export(write_wireshark, NATIVE, tmp_path / "b.pcapng"), "frame.protocols", *LON)
    sent = load("sidecars/native_lpdu.json")["frames"]
    ends = 0
    for (protocols, *values), known in zip(shown, sent, strict=True):
        got = dict(zip(LON, values, strict=True))
        assert protocols.startswith("exported_pdu"), known["frame"]
        for name, value in (
            ("lon.prio", known["priority"]),
            ("lon.alt_path", known["alt_path"]),
            ("lon.delta_bl", known["delta_backlog"]),
            ("lon.vers", known["version"]),
            ("lon.srcnet", known["src"]["subnet"]),
            ("lon.srcnode", known["src"]["node"]),
            ("lon.dstnode", known["dst"].get("node")),
            ("lon.grpmem", known["dst"].get("member")),
        ):
            assert number(got[name]) == value, (known["frame"], name)
        assert got["lon.domain"].replace(":", "") == known["domain"]["id"]
        if known["version"] == 0 and known["pdu_type"] != "AuthPDU":  # en14908.md 12.3, 12.7: Wireshark's faults
            assert number(got["lon.trans_no"]) == known.get("trans"), known["frame"]
            assert number(got["lon.auth"]) == known.get("auth"), known["frame"]
            if known.get("apdu") and int(known["apdu"][:2], 16) < 0x40 and known["msg"] != "RESPONSE":
                # 12.1: a CRC would be taken for data of the application.
                assert got["data.data"] == known["apdu"][2:], known["frame"]
                ends += 1
    assert ends > 50


def test_wireshark_gets_frames_that_it_knows_as_they_are(tmp_path: Path) -> None:
    source = CAPTURES / "lon_udp_dom1.pcap"
    with Capture.open(export(write_wireshark, source, tmp_path / "b.pcapng")) as made, Capture.open(source) as old:
        assert [whole(f) for f in made] == [whole(f) for f in old]
        assert made.interfaces == old.interfaces


def test_side_data_for_wireshark(tmp_path: Path) -> None:
    """Comments, direction and interfaces come along; a wrong CRC is not shown as data but marked."""
    made = export(write_wireshark, rich(tmp_path / "a.pcapng"), tmp_path / "b.pcapng")
    names = ("frame.interface_name", "frame.packet_flags_direction", "frame.packet_flags_crc_error", "frame.comment")
    first, second, third = tshark(made, "lon.srcnode", *names)
    assert first == ["0x05", "tap", "0x00000001", "0", "first,second\\nline"]
    assert (second[1], second[2]) == ("eth", "0x00000002")
    assert third[:4] == ["0x05", "tap", "0x00000001", "1"]
    with Capture.open(made) as capture:
        assert [f.time for f in capture] == [f.time for f in Capture.open(tmp_path / "a.pcapng")]
        assert capture[0].data.endswith(GOOD[:-2])
        assert capture[2].data.endswith(BAD[:-2])
        assert capture[2].data == capture[0].data


def test_records_of_network_interfaces_and_odd_frames(tmp_path: Path) -> None:
    """An LPDU inside a record (149) is taken out; what holds none is kept as it is."""
    source = tmp_path / "a.pcapng"
    record = bytes([0x1A, len(GOOD)]) + GOOD  # interfaces.md: command, length, data
    with PcapngWriter(source) as writer:
        native, unknown = writer.add_interface(147), writer.add_interface(155)
        writer.write(b"", 0, native)
        writer.write(b"\1", 0, native)
        writer.write(GOOD, 0, unknown)
        writer.write(record, 0, writer.add_interface(149))
    made = export(write_wireshark, source, tmp_path / "b.pcapng")
    with Capture.open(made) as capture:
        assert len(list(capture)) == 4
        assert capture[3].data == capture[1].data[:-1] + GOOD[:-2]
        assert capture[3].link_type == 252
        assert capture[2].data == GOOD
        assert capture[2].link_type == 155


@pytest.mark.parametrize("write", [write_pcapng, write_wireshark])
def test_our_reader_reads_it_alike(write: Any, tmp_path: Path) -> None:
    made = export(write, CAPTURES / "ltep_lpdu.pcap", tmp_path / "b.pcapng")
    old, new = Session.open(str(CAPTURES / "ltep_lpdu.pcap")), Session.open(str(made))
    for index in range(483):
        a, b = old[index].values, new[index].values
        differ = {n for n in a if n.partition(".")[0] not in ("lpdu", "exported_pdu") and a[n] != b.get(n)}
        assert not differ, (index + 1, differ)
