# SPDX-License-Identifier: GPL-2.0-or-later
"""Packed files, pipes, FIFOs and standard input."""

import bz2
import gzip
import io
import lzma
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import zstandard

import osgp_analyzer.capture.source as source_module
from osgp_analyzer.capture import Capture, CaptureError

READ_STANDARD_INPUT = """
import sys
from osgp_analyzer.capture import Capture
with Capture.open("-") as capture:
    for frame in capture:
        print(frame.number, frame.data.hex(), flush=True)
    print("notes", len(capture.notes), flush=True)
"""


@pytest.fixture
def frames():
    """Enough of them, and hard enough to pack, to need several steps of unpacking."""
    noise = random.Random(1)
    return [(1700000000 + k, k, noise.randbytes(500)) for k in range(6000)]


@pytest.fixture
def pcap(build, frames):
    return build.pcap(frames)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


PACKERS = {
    "gzip": gzip.compress,
    "gzip members": lambda data: gzip.compress(data[:70000]) + gzip.compress(b"") + gzip.compress(data[70000:]),
    "gzip padded": lambda data: gzip.compress(data) + bytes(512),
    "zstd": zstd,
    "zstd frames": lambda data: zstd(data[:70000]) + zstd(data[70000:]),
    "zstd after a frame to skip": lambda data: b"\x51\x2a\x4d\x18\x04\0\0\0skip" + zstd(data),
}


@pytest.mark.parametrize("packer", PACKERS)
def test_packed(pcap, frames, read, packer):
    mine, notes = read(PACKERS[packer](pcap))
    assert [(f.time, f.data) for f in mine] == [(s * 10**9 + us * 1000, data) for s, us, data in frames]
    assert notes == []


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_packed_file_is_unpacked_as_needed(pcap, tmp_path, packer):
    path = tmp_path / "no-telling-name"
    path.write_bytes(PACKERS[packer](pcap))
    with Capture.open(path) as capture:
        assert capture[0].number == 1
        assert not capture.complete
        assert 0 < capture.progress < 1
        while capture.index_more(100):
            pass
        assert (len(capture), capture.complete, capture.progress) == (6000, True, 1.0)
        assert capture[0].number == 1


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.999999])
def test_cut_packed_file_gives_what_is_there_and_a_note(pcap, frames, read, packer, part):
    packed = PACKERS[packer](pcap)
    mine, notes = read(packed[: int(len(packed) * part)])
    assert len(mine) >= 6000 * part - 400
    assert [f.data for f in mine] == [data for _, _, data in frames[: len(mine)]]
    assert any(f"the {packer} data end too early" in n.text for n in notes)


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_every_prefix_of_a_packed_file(build, read, packer):
    packed = PACKERS[packer](build.pcap([(1, 1, bytes(range(60)))] * 3))
    for size in range(len(packed)):
        try:
            mine, notes = read(packed[:size])
        except CaptureError:
            continue
        assert len(mine) <= 3
        assert notes


def test_damaged_packed_file(pcap, read):
    packed = bytearray(gzip.compress(pcap))
    packed[len(packed) // 2] ^= 0xFF
    _, notes = read(bytes(packed))
    assert any("gzip data are damaged" in n.text for n in notes)
    mine, notes = read(gzip.compress(pcap) + b"something else")
    assert len(mine) == 6000
    assert [n.offset for n in notes] == [len(pcap)]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\x1f\x8b\x08", "gzip data end too early"),
        (b"\x1f\x8b" + b"\xff" * 30, "gzip data are damaged"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 30, "zstd data are damaged"),
        (gzip.compress(b""), "nothing is in it"),
        (gzip.compress(b"text"), "starts with 74 65 78 74"),
        (bz2.compress(b"x"), "bzip2.*unpack it first"),
        (lzma.compress(b"x"), "xz.*unpack it first"),
    ],
    ids=["cut gzip", "bad gzip", "bad zstd", "nothing", "text", "bzip2", "xz"],
)
def test_packed_files_that_cannot_be_opened(tmp_path, content, text):
    path = tmp_path / "packed"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=f"^{path}: .*{text}"):
        Capture.open(path)


def test_without_a_zstd_module(tmp_path, monkeypatch, build):
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    path = tmp_path / "x"
    path.write_bytes(zstd(build.pcap([])))
    with pytest.raises(CaptureError, match=r"pip install backports\.zstd"):
        Capture.open(path)


def test_no_room_to_unpack(tmp_path, monkeypatch, pcap):
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(pcap))
    monkeypatch.setattr(source_module, "open_spool", lambda: io.FileIO("/dev/full", "r+"))
    with pytest.raises(CaptureError, match=r"No space left on device.*set TMPDIR"):
        Capture.open(path)


def test_standard_input(build, tmp_path):
    data = build.every_block()
    for standard_input in ("pipe", "file"):
        (tmp_path / "file").write_bytes(data)
        with (tmp_path / "file").open("rb") as file:
            feed = {"input": data} if standard_input == "pipe" else {"stdin": file}
            run = subprocess.run(
                [sys.executable, "-c", READ_STANDARD_INPUT],
                **feed,
                capture_output=True,
                timeout=30,
                check=True,
            )
        lines = run.stdout.decode().splitlines()
        assert lines[0] == "1 " + b"first".hex()
        assert lines[3:] == ["4 " + b"last one".hex(), "notes 1"]


def test_empty_standard_input():
    command = [sys.executable, "-c", READ_STANDARD_INPUT]
    run = subprocess.run(command, input=b"", capture_output=True, timeout=30, check=False)
    assert b"CaptureError: standard input: is empty" in run.stderr


def test_pipe_shows_frames_while_it_is_written(build):
    with subprocess.Popen(
        [sys.executable, "-c", READ_STANDARD_INPUT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as reader:
        data = build.pcap([(1, 1, b"a"), (2, 2, b"b")])
        first = len(data) - 17
        for octet in data[: first + 3]:
            reader.stdin.write(bytes([octet]))
        assert reader.stdout.readline() == b"1 61\n"
        reader.stdin.write(data[first + 3 :])
        assert reader.stdout.readline() == b"2 62\n"
        reader.stdin.write(b"cut")
        reader.stdin.close()
        assert reader.stdout.readline() == b"notes 1\n"


@pytest.mark.parametrize("packer", ["", "gzip", "zstd"])
def test_fifo(tmp_path: Path, pcap, packer):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    content = PACKERS[packer](pcap) if packer else pcap
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    with Capture.open(path) as capture:
        assert capture.progress is None
        assert [f.number for f in capture] == list(range(1, 6001))
        assert capture.notes == []
    writer.join(10)
    assert not writer.is_alive()


def test_index_more_does_not_wait_for_what_has_not_come(tmp_path, build):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    data = build.pcap([(1, 1, b"a"), (2, 2, b"b"), (3, 3, b"c")])
    go_on = threading.Event()

    def write():
        with path.open("wb", buffering=0) as fifo:
            fifo.write(data[:-17])
            go_on.wait(10)
            fifo.write(data[-17:])

    writer = threading.Thread(target=write)
    writer.start()
    with Capture.open(path) as capture:
        assert capture.index_more(1000)
        assert len(capture) == 2
        view = memoryview(capture.buffer)
        go_on.set()
        assert capture.index_more(1000)
        assert len(capture) == 3
        assert not capture.index_more(1000)
        assert view[:4] == data[:4]
        view.release()
    writer.join(10)
