# SPDX-License-Identifier: GPL-2.0-or-later
"""Classic pcap, against tshark, editcap, scapy, and bytes laid out by hand."""

from pathlib import Path

import pytest
from scapy.packet import Raw
from scapy.utils import PcapWriter

from osgp_analyzer.capture import Capture, CaptureError

RECORDS = [(1700000000, 123456, b"abc"), (1700000001, 0, b""), (0, 1, bytes(range(200)))]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1), (0xA1B2CD34, 1000)])
def test_byte_orders_and_resolutions(build, tmp_path, tshark, seconds, order, magic, unit):
    path = tmp_path / "x"
    path.write_bytes(build.pcap(RECORDS, order=order, magic=magic))
    with Capture.open(path) as capture:
        frames = list(capture)
        assert capture.notes == []
        assert capture.complete
        assert [s.byte_order for s in capture.sections] == [{"<": "little", ">": "big"}[order]]
    assert [(f.number, f.time, f.data, f.length, f.link_type) for f in frames] == [
        (n, s * 10**9 + fraction * unit, data, len(data) + 1, 147) for n, (s, fraction, data) in enumerate(RECORDS, 1)
    ]
    theirs = tshark(path, "frame.time_epoch", "frame.len", "frame.cap_len")
    assert theirs == [[seconds(f.time), str(f.length), str(len(f.data))] for f in frames]


@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "modpcap", "pcapng"])
def test_formats_that_editcap_writes(build, tmp_path, run, read, kind):
    (tmp_path / "in").write_bytes(build.pcap(RECORDS))
    run("editcap", "-F", kind, "in", "out")
    frames, notes = read((tmp_path / "out").read_bytes())
    assert notes == []
    original, _ = read((tmp_path / "in").read_bytes())
    assert [(f.time, f.data, f.length, f.link_type) for f in frames] == [
        (f.time, f.data, f.length, f.link_type) for f in original
    ]


def test_what_scapy_writes(tmp_path, read):
    path = tmp_path / "scapy.pcap"
    with PcapWriter(str(path), linktype=147, nano=True, endianness=">") as writer:
        packet = Raw(b"\x01\x02\x03")
        packet.time = 1700000000.5
        writer.write(packet)
    ((frame,), notes) = read(path.read_bytes())
    assert (frame.time, frame.data, frame.link_type, notes) == (1700000000500000000, b"\1\2\3", 147, [])


def test_fraction_of_more_than_a_second_is_added(build, read):
    (frame,), notes = read(build.pcap([(10, 4294967295, b"x")]))
    assert frame.time == 10 * 10**9 + 4294967295000
    assert notes == []


@pytest.mark.parametrize(
    ("word", "fcs_length"),
    [
        (147, None),
        (0x24000000 | 147, 4),
        (0x14000000 | 147, 2),
        (0x04000000 | 147, 0),
        (0x20000000 | 147, None),
    ],
)
def test_fcs_length_in_the_link_type_word(build, read, word, fcs_length):
    (frame,), _ = read(build.pcap([(1, 1, b"x")], link=word))
    assert (frame.interface.fcs_length, frame.link_type) == (fcs_length, 147)


def test_snap_length(build, read):
    (frame,), _ = read(build.pcap([(1, 1, b"x")], snap_length=96))
    assert frame.interface.snap_length == 96


@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B2CD34])
def test_every_prefix(build, read, magic):
    whole = build.pcap(RECORDS, magic=magic)
    complete, _ = read(whole)
    head = 24 if magic == 0xA1B2CD34 else 16
    ends = [24]
    for _, _, data in RECORDS:
        ends.append(ends[-1] + head + len(data))
    for size in range(len(whole) + 1):
        if size < 24:
            with pytest.raises(CaptureError):
                read(whole[:size])
            continue
        frames, notes = read(whole[:size])
        there = sum(end <= size for end in ends[1:])
        assert frames == complete[:there]
        assert [(n.offset, n.count) for n in notes] == ([] if size in ends else [(ends[there], 1)])
        assert all(f"after frame {there}: {size - ends[there]} bytes not read" in n.text for n in notes)


def test_impossible_captured_length_stops_with_a_note(build, tmp_path):
    path = tmp_path / "x"
    good, bad = build.pcap(RECORDS[:1]), b"\xff" * 16
    path.write_bytes(good + bad + bytes(1000))
    with Capture.open(path) as capture:
        assert len(list(capture)) == 1
        (note,) = capture.notes
        assert note.offset == len(good)
        assert "4294967295" in note.text
        assert "1016 bytes not read" in note.text


def test_unknown_version(build, tmp_path: Path):
    path = tmp_path / "v9"
    path.write_bytes(build.pcap(RECORDS, version=(9, 1)))
    with pytest.raises(CaptureError, match=r"v9: is pcap version 9\.1"):
        Capture.open(path)
