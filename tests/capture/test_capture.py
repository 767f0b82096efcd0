# SPDX-License-Identifier: GPL-2.0-or-later
"""Opening, step-wise indexing, and the bounds of both."""

import os
import subprocess
import sys

import pytest

from osgp_analyzer.capture import Capture, CaptureError

MANY = [(1700000000, k, k.to_bytes(2, "big")) for k in range(10_000)]


@pytest.fixture
def capture(build, tmp_path):
    path = tmp_path / "many"
    path.write_bytes(build.pcap(MANY))
    with Capture.open(path) as capture:
        yield capture


def test_opening_reads_only_the_head(capture):
    assert (len(capture), capture.complete, capture.format) == (0, False, "pcap")
    assert capture.progress < 0.01
    assert [i.link_type for i in capture.interfaces] == [147]


def test_step_by_step(capture):
    assert capture.index_more(10)
    assert len(capture) == 10
    assert not capture.complete
    assert 0 < capture.progress < 1
    assert capture.index_more(9_989)
    assert not capture.index_more(1000)
    assert (len(capture), capture.complete, capture.progress) == (10_000, True, 1.0)
    assert not capture.index_more(1000)


def test_iteration_indexes_as_it_goes(capture):
    for frame in capture:
        if frame.number == 5:
            break
    assert len(capture) < len(MANY)
    assert [f.data for f in capture] == [data for _, _, data in MANY]
    assert [f.number for f in capture][-1] == 10_000


def test_places(capture):
    assert capture[5000].data == (5000).to_bytes(2, "big")
    assert len(capture) < 10_000
    assert capture[-1].number == 10_000
    assert capture[-10_000].number == 1
    for place in (10_000, -10_001):
        with pytest.raises(IndexError, match="there are 10000"):
            capture[place]


def test_a_huge_file_starts_at_once(build, tmp_path):
    path = tmp_path / "huge"
    path.write_bytes(build.pcap(MANY))
    os.truncate(path, 1 << 36)
    with Capture.open(path) as capture:
        assert [f.number for f, _ in zip(capture, range(5), strict=False)] == [1, 2, 3, 4, 5]
        assert len(capture) < 10_000


def test_columns(capture):
    capture.index_more(100)
    part = capture.columns(10, 20)
    capture.index_more(100)
    assert len(part) == 10
    frame = capture[13]
    start, captured = part.offsets[3], part.captured[3]
    assert capture.buffer[start : start + captured] == frame.data
    assert (part.lengths[3], part.interfaces[3], part.blocks[3]) == (frame.length, 0, 0)
    assert capture.interfaces[0].nanoseconds(part.ticks[3]) == frame.time
    assert sum(getattr(part, column).itemsize for column in part.__slots__) == 29


def test_frames_outlive_the_capture(build, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(build.pcap(MANY[:2]))
    with Capture.open(path) as capture:
        frames = list(capture)
        held = memoryview(capture.buffer)
    assert frames[1].data == b"\0\1"
    assert held[-1] == 1
    capture.close()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is empty"),
        (b"\xd4\xc3", r"not a capture file \(it starts with d4 c3\)"),
        (b"{'json': 1}", r"not a capture file \(it starts with 7b 27 6a 73\).*give a pcap or pcapng file"),
        (b"\xd4\xc3\xb2\xa1\2\0", "ends at byte 6, inside its file header"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0", "ends at byte 8, inside the section header"),
    ],
    ids=["empty", "two octets", "text", "cut pcap", "cut pcapng"],
)
def test_not_a_capture(tmp_path, content, text):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=f"^{path}: .*{text}"):
        Capture.open(path)


def test_unreadable(tmp_path):
    with pytest.raises(CaptureError, match=r"missing\.pcap: cannot be read: No such file") as caught:
        Capture.open(tmp_path / "missing.pcap")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(CaptureError, match=f"^{tmp_path}: cannot be read: Is a directory"):
        Capture.open(tmp_path)
    with pytest.raises(CaptureError, match="cannot be read"):
        Capture.open("zero\0octet")
    with pytest.raises(CaptureError, match="/proc/self/mem: cannot be read: Input/output error"):
        Capture.open("/proc/self/mem")


def test_no_permission(tmp_path, build):
    path = tmp_path / "x"
    path.write_bytes(build.pcap(MANY[:1]))
    path.chmod(0)
    script = (
        "import os, sys\nfrom osgp_analyzer.capture import Capture, CaptureError\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: Capture.open(sys.argv[1])\n"
        "except CaptureError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, timeout=30, check=True)
    assert run.stdout.decode() == f"{path}: cannot be read: Permission denied\n"


def test_rubbish_does_not_fill_the_notes(build, read):
    blocks = b"".join(build.block(1000 + k, b"") for k in range(1000))
    frames, notes = read(build.shb() + build.idb() + blocks + build.epb(b"x"))
    assert len(frames) == 1
    assert len(notes) < 300
    assert sum(n.count for n in notes) == 1000
