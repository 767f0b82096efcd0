# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever the bytes are: a CaptureError at the opening, or frames and notes; nothing else, and an end."""

import gzip

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from osgp_analyzer.capture import CaptureError

HEADS = [
    b"",
    b"\xd4\xc3\xb2\xa1\x02\0\x04\0" + bytes(16),
    b"\xa1\xb2\x3c\x4d\0\x02\0\x04" + bytes(16),
    b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0" + b"\xff" * 8 + b"\x1c\0\0\0",
    b"\x0a\x0d\x0d\x0a",
    b"\x1f\x8b\x08\0",
    b"\x28\xb5\x2f\xfd",
]
few = settings(max_examples=250, deadline=None)


def survives(read, data: bytes) -> int:
    """Number of frames; their octets all come from the file."""
    try:
        frames, notes = read(data)
    except CaptureError as error:
        assert str(error).startswith("/")
        return 0
    assert [f.number for f in frames] == list(range(1, len(frames) + 1))
    assert all(n.offset >= 0 and n.count for n in notes)
    return len(frames)


def spoil(data: bytearray, damage: list[tuple[int, bytes]]) -> None:
    for place, octets in damage:
        at = place % len(data)
        data[at : at + len(octets)] = octets


@few
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=300))
def test_random_bytes(read, head, rest):
    assert survives(read, head + rest) <= len(rest) // 12


@few
@given(
    order=st.sampled_from("<>"),
    pcapng=st.booleans(),
    damage=st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6),
    cut=st.integers(0, 10_000),
    packer=st.sampled_from([bytes, gzip.compress, zstandard.ZstdCompressor().compress]),
)
def test_damaged_file(build, read, order, pcapng, damage, cut, packer):
    if pcapng:
        whole = build.every_block(order) + build.every_block("<")
    else:
        whole = build.pcap([(k, k, bytes(range(k))) for k in range(20)], order=order)
    data = bytearray(whole)
    spoil(data, damage)
    survives(read, packer(bytes(data[: cut if cut < len(data) else None])))
    packed = bytearray(packer(whole))
    spoil(packed, damage)
    survives(read, bytes(packed))


@few
@given(kind=st.sampled_from([1, 2, 3, 6, 0x0A0D0D0A]), body=st.binary(max_size=80), order=st.sampled_from("<>"))
def test_blocks_with_random_content(build, read, kind, body, order):
    start = build.shb(order=order) + build.idb(order=order)
    frames, _ = read(start + build.block(kind, body, order) + build.shb() + build.idb() + build.epb(b"end"))
    assert frames[-1].data == b"end"
    assert len(frames) <= 2
