# SPDX-License-Identifier: GPL-2.0-or-later
"""What the writer writes, as tshark, scapy, capinfos and the reader see it; what a failure leaves."""

import dataclasses
import io
import os
import subprocess
import sys
from struct import pack

import pytest
from scapy.utils import PcapNgReader

from dissectors.layers import register
from osgp_analyzer.capture import Capture, CaptureError, Interface, PcapngWriter

TIME = 1_700_000_000_123_456_789


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.pcapng"


def read_back(path):
    with Capture.open(path) as capture:
        frames = list(capture)
        assert capture.notes == []
        return frames


def without_place(frame):
    """The frame without what depends on the file it is in."""
    return dataclasses.replace(frame, number=0, interface=dataclasses.replace(frame.interface, index=0))


def write_sample(path):
    with PcapngWriter(path, section_comment="a night at the transformer") as writer:
        tap = {"name": "L1", "description": "phase one", "hardware": "U20"}
        first = writer.add_interface(147, fcs_length=2, speed=3600, **tap)
        second = writer.add_interface(1, snap_length=96, name="eth0", os="Linux", filter="udp port 2541")
        flags = 1 << 24 | 2 << 5 | 1
        writer.write(b"\x01\x02\x03", TIME, first, comments=["one", "two, ü"], flags=flags)
        writer.write(bytes(range(60)), TIME + 1, second, length=1500, options=((4, pack("<Q", 7)),))
        writer.write(b"", 0, first)


def test_read_back(path):
    write_sample(path)
    one, two, three = read_back(path)
    assert (one.time, one.data, one.length) == (TIME, b"\1\2\3", 3)
    assert (one.comments, one.flags, one.options) == (("one", "two, ü"), 1 << 24 | 2 << 5 | 1, ())
    assert one.interface == Interface(0, 147, 0, "L1", "phase one", 10**9, 0, 2, 3600, "U20")
    assert (two.time, two.length, two.options, two.flags) == (TIME + 1, 1500, ((4, pack("<Q", 7)),), None)
    assert two.interface == Interface(1, 1, 96, "eth0", "", 10**9, 0, None, None, "", "Linux", "udp port 2541")
    assert (three.time, three.data) == (0, b"")
    with Capture.open(path) as capture:
        (section,) = capture.sections
    assert (section.comments, section.application) == (("a night at the transformer",), "osgp-analyzer")


def test_tshark(path, tshark, seconds):
    write_sample(path)
    fields = ["time_epoch", "len", "cap_len", "comment", "interface_name", "interface_description"]
    fields += ["packet_flags_crc_error", "packet_flags_fcs_length", "packet_flags_direction", "drop_count"]
    assert tshark(path, *(f"frame.{field}" for field in fields)) == [
        [seconds(TIME), "3", "3", "one,two, ü", "L1", "phase one", "1", "2", "0x00000001", ""],
        [seconds(TIME + 1), "1500", "60", "", "eth0", "", "", "", "", "7"],
        ["0.000000000", "0", "0", "", "L1", "phase one", "", "", "", ""],
    ]
    command = ["capinfos", "-k", "-I", str(path)]
    report = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    texts = ["a night at the transformer", "Name = L1", "Hardware = U20", "Speed = 3600"]
    assert all(text in report for text in [*texts, "Filter string = udp port 2541"])


def test_scapy(path):
    register()  # Scapy has no layer for link type 147 of its own
    write_sample(path)
    with PcapNgReader(str(path)) as reader:
        packets = list(reader)
    assert [p.original for p in packets] == [b"\1\2\3", bytes(range(60)), b""]
    assert [int(p.time * 10**9) for p in packets] == [TIME, TIME + 1, 0]
    assert packets[0].comments == [b"one", "two, ü".encode()]
    assert [p.sniffed_on for p in packets] == ["L1", "eth0", "L1"]
    assert packets[1].wirelen == 1500


@pytest.mark.parametrize("order", ["<", ">"])
def test_copy_of_a_capture_keeps_everything(build, tmp_path, path, order):
    source = tmp_path / "in"
    resolutions = [None, 0, 3, 9, 12, 0x80, 0x8A, 0x9E, 0xA0, 0xBF]
    data = build.shb(order=order)
    for resolution in resolutions:
        options = [(2, b"name"), (1, b"comment"), (14, pack(order + "q", -3600)), (998, b"odd")]
        options += [(11, b"\1bpf")] if resolution is None else [(9, bytes([resolution]))]
        data += build.idb(*options, order=order, link=147, snap_length=262144)
    for ticks in (0, 1, 2**40 + 7, 2**63 + 12345):
        for number in range(len(resolutions)):
            options = [(1, b"c1"), (2, pack(order + "I", 5)), (4, pack(order + "Q", 9))]
            options += [(2988, bytes(8)), (1, b"c2")]
            data += build.epb(b"payload", ticks, number, *options, order=order, length=70)
    data += build.spb(b"simple", order=order) + build.old(b"old", 123, 1, 4, order=order)
    source.write_bytes(data + build.every_block(">" if order == "<" else "<"))
    with Capture.open(source) as capture, PcapngWriter(path) as writer:
        originals = list(capture)
        for frame in originals:
            writer.write_frame(frame)
    copies = read_back(path)
    assert len(copies) == 4 * len(resolutions) + 6
    untimed = [frame for frame in copies if frame.time is None]
    assert [frame.data for frame in untimed] == [b"simple"]
    for copy, original in zip(copies, originals, strict=True):
        expected = without_place(original)
        if original.time is None and original.interface.index:
            # A Simple Packet Block can only be of the first interface.
            expected = dataclasses.replace(expected, time=0, ticks=0)
        assert without_place(copy) == expected


@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
def test_copy_of_classic_pcap(build, tmp_path, path, magic, tshark):
    source = tmp_path / "in"
    records = [(1, 999_999, b"abc"), (2**32 - 1, 2**32 - 1, b"")]
    source.write_bytes(build.pcap(records, magic=magic, link=0x14000000 | 147))
    with Capture.open(source) as capture, PcapngWriter(path) as writer:
        for frame in capture:
            writer.write_frame(frame)
    assert read_back(path) == read_back(source)
    fields = ("frame.time_epoch", "frame.len", "frame.cap_len")
    assert tshark(path, *fields)[0] == tshark(source, *fields)[0]


def test_changed_frames(build, tmp_path, path):
    source = tmp_path / "in"
    source.write_bytes(build.every_block())
    with Capture.open(source) as capture, PcapngWriter(path) as writer:
        frame = capture[0]
        writer.write_frame(dataclasses.replace(frame, comments=(*frame.comments, "mine"), time=TIME))
    (copy,) = read_back(path)
    assert (copy.comments, copy.time) == (("one", "two", "mine"), TIME)


def test_merged_captures_keep_their_interfaces_apart(build, tmp_path, path):
    (tmp_path / "in").write_bytes(build.pcap([(1, 1, b"x")]))
    with PcapngWriter(path) as writer:
        for _ in range(2):
            with Capture.open(tmp_path / "in") as capture:
                number = writer.add_interface(capture.interfaces[0])
                frame = capture[0]
                writer.write_frame(frame, number)
        writer.write_frame(frame)
    assert [f.interface.index for f in read_back(path)] == [0, 1, 0]


def test_simple_packets(path, tshark):
    with PcapngWriter(path) as writer:
        writer.add_interface(147, snap_length=4)
        writer.add_interface(147)
        writer.write(b"abcd", None, length=10)
        writer.write(b"abc", None)
        writer.write(b"abc", None, length=10)
        writer.write(b"abc", None, comments=["needs options"])
        writer.write(b"abc", None, 1)
    assert [(f.time, f.data, f.length) for f in read_back(path)] == [
        (None, b"abcd", 10),
        (None, b"abc", 3),
        (0, b"abc", 10),
        (0, b"abc", 3),
        (0, b"abc", 3),
    ]
    assert [row[0] for row in tshark(path, "frame.len")] == ["10", "3", "10", "3", "3"]


def test_what_cannot_be_written_raises_and_leaves_the_file_sound(path):
    milliseconds = Interface(0, 147, ticks_per_second=1000)
    with PcapngWriter(path) as writer:
        with pytest.raises(ValueError, match="interface 0 is not declared"):
            writer.write(b"x", TIME)
        writer.add_interface(milliseconds)
        with pytest.raises(ValueError, match="1000 ticks a second"):
            writer.write(b"x", TIME)
        with pytest.raises(ValueError, match="ticks a second"):
            writer.write(b"x", -1_000_000)
        with pytest.raises(ValueError, match="65535"):
            writer.write(b"x", 0, comments=["x" * 70_000])
        with pytest.raises(ValueError, match="32 bits"):
            writer.write(b"x", 0, length=-1)
        with pytest.raises(ValueError, match="no power"):
            writer.add_interface(Interface(0, 147, ticks_per_second=1001))
        with pytest.raises(OverflowError):
            writer.add_interface(1 << 16)
        writer.write(b"good", 5_000_000)
    assert [f.data for f in read_back(path)] == [b"good"]


def test_file_gets_its_name_only_when_closed(path, tmp_path):
    path.write_bytes(b"before")
    writer = PcapngWriter(path)
    writer.add_interface(147)
    assert path.read_bytes() == b"before"
    assert [p.suffix for p in tmp_path.iterdir() if p != path] == [".part"]
    writer.close()
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert read_back(path) == []
    with pytest.raises(CaptureError, match="is closed"):
        writer.add_interface(147)


def test_exception_leaves_what_was_there(path, tmp_path):
    path.write_bytes(b"before")
    with pytest.raises(KeyError), PcapngWriter(path) as writer:
        writer.add_interface(147)
        raise KeyError
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(path.name, b"before")]


def test_link_is_written_through(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    with PcapngWriter(tmp_path / "link"):
        pass
    assert (tmp_path / "link").is_symlink()
    assert path.is_file()


def test_device_is_not_replaced(tmp_path):
    writer = PcapngWriter("/dev/full")
    with pytest.raises(CaptureError, match="/dev/full: cannot be written: No space left on device"):
        writer.close()
    with PcapngWriter("/dev/null") as writer:
        writer.add_interface(147)
    assert not os.path.isfile("/dev/full")
    assert not os.path.isfile("/dev/null")


def test_where_no_file_can_be(tmp_path):
    with pytest.raises(CaptureError, match="missing/x: cannot be written: No such file"):
        PcapngWriter(tmp_path / "missing" / "x")
    with pytest.raises(CaptureError, match="cannot be written: Is a directory"):
        PcapngWriter(tmp_path)
    with pytest.raises(CaptureError, match="cannot be written"):
        PcapngWriter("zero\0octet")


def test_unbuffered_file_that_takes_little_at_a_time():
    class Narrow(io.BytesIO):
        def write(self, octets):
            return super().write(octets[:5])

    file = Narrow()
    with PcapngWriter(file) as writer:
        writer.add_interface(147)
    whole = io.BytesIO()
    with PcapngWriter(whole) as writer:
        writer.add_interface(147)
    assert file.getvalue() == whole.getvalue()


def test_full_disk_behind_a_file_object():
    refused = pytest.raises(CaptureError, match=r"/dev/full.*No space left")
    with open("/dev/full", "wb", buffering=0) as file, refused as caught:
        PcapngWriter(file)
    assert isinstance(caught.value.__cause__, OSError)


def test_full_disk_leaves_nothing(path, tmp_path):
    script = """
import resource, signal, sys
from osgp_analyzer.capture import CaptureError, PcapngWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with PcapngWriter(sys.argv[1]) as writer:
        writer.add_interface(147)
        for k in range(int(sys.argv[2])):
            writer.write(bytes(1000), k)
except CaptureError as error:
    print(error)
"""
    path.write_bytes(b"before")
    # The first fails in a write, the second only when the last buffer goes out at the end.
    for count in (1000, 97):
        command = [sys.executable, "-c", script, str(path), str(count)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        assert run.stdout == f"{path}: cannot be written: File too large\n"
        assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(path.name, b"before")]


def test_file_object_is_left_open_and_can_be_followed():
    file = io.BytesIO()
    with PcapngWriter(file, application="") as writer:
        writer.add_interface(147)
        writer.write(b"x", TIME)
        writer.flush()
        so_far = len(file.getvalue())
        writer.write(b"y", TIME)
    assert not file.closed
    assert so_far < len(file.getvalue())


def test_pipe(tmp_path):
    reader = subprocess.Popen(
        ["tshark", "-r", "-", "-T", "fields", "-e", "frame.len"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with reader:
        with PcapngWriter(reader.stdin) as writer:
            writer.add_interface(147)
            writer.write(b"abc", TIME)
        reader.stdin.close()
        assert reader.stdout.read() == b"3\n"
