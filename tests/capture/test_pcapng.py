# SPDX-License-Identifier: GPL-2.0-or-later
"""pcapng, against tshark, mergecap, and blocks laid out by hand."""

from struct import pack

import pytest

from osgp_analyzer.capture import Capture, CaptureError

SECOND = 1_700_000_000


@pytest.mark.parametrize("order", ["<", ">"])
def test_resolutions_and_offsets(build, tmp_path, tshark, seconds, order):
    path = tmp_path / "x"
    interfaces, packets, expected = [], [], []
    for resolution in [None, 0, 3, 6, 7, 9, 12, 0x80, 0x8A, 0x94, 0x9E, 0xA0]:
        per_second = 10**6 if resolution is None else (2 if resolution & 0x80 else 10) ** (resolution & 0x7F)
        since = min(SECOND, 2**63 // per_second)
        for offset in [0, 86400, -1000]:
            options = [] if resolution is None else [(9, bytes([resolution]))]
            if offset:
                options.append((14, pack(order + "q", offset)))
            for fraction in {0, 1 % per_second, per_second // 3, per_second - 1}:
                ticks = since * per_second + fraction
                packets.append(build.epb(b"x", ticks, len(interfaces), order=order))
                expected.append((since + offset) * 10**9 + fraction * 10**9 // per_second)
            interfaces.append(build.idb(*options, order=order))
    path.write_bytes(build.shb(order=order) + b"".join(interfaces + packets))
    with Capture.open(path) as capture:
        assert [frame.time for frame in capture] == expected
    theirs = tshark(path, "frame.interface_id", "frame.time_epoch")
    # tshark 4.0 overflows 64 bits at 10^-12 s (interfaces 18 to 20).
    assert len(theirs) == len(expected)
    for (interface, time), mine in zip(theirs, expected, strict=True):
        assert time == seconds(mine) or interface in ("18", "19", "20")


def test_sections_with_their_own_order_and_interfaces(build, tmp_path, tshark):
    path = tmp_path / "x"
    first = build.idb((2, b"a"), link=147) + build.idb((2, b"b"), (9, b"\x09"), link=1)
    first += build.epb(b"one", SECOND * 10**6, 0) + build.epb(bytes(14), SECOND * 10**9, 1)
    second = build.idb((2, b"c"), link=147, order=">") + build.epb(b"three", SECOND * 10**6, 0, order=">")
    path.write_bytes(
        build.shb((1, b"first"), (2, b"arm"), (3, b"Linux"), (4, b"dumpcap"), length=len(first))
        + first
        + build.shb((1, b"second"), (1, b"more"), order=">", length=len(second))
        + second
    )
    with Capture.open(path) as capture:
        frames = list(capture)
        assert capture.notes == []
        assert [(s.index, s.byte_order, s.comments) for s in capture.sections] == [
            (0, "little", ("first",)),
            (1, "big", ("second", "more")),
        ]
        section = capture.sections[0]
        assert (section.hardware, section.os, section.application) == ("arm", "Linux", "dumpcap")
        assert [(i.index, i.name, i.link_type) for i in capture.interfaces] == [
            (0, "a", 147),
            (1, "b", 1),
            (2, "c", 147),
        ]
        assert [f.interface for f in frames] == capture.interfaces
    assert {f.time for f in frames} == {SECOND * 10**9}
    # Not the name of the interface: tshark 4.0 looks it up in the first section.
    theirs = tshark(path, "frame.number", "frame.len", "frame.time_epoch")
    assert theirs == [[str(f.number), str(f.length), f"{SECOND}.000000000"] for f in frames]


@pytest.mark.parametrize("order", ["<", ">"])
def test_interface_options(build, read, order):
    known = [
        (2, b"tap0"),
        (3, "Phase L1, \N{GREEK CAPITAL LETTER OMEGA}".encode()),
        (8, pack(order + "Q", 3600)),
        (11, b"\0lpdu"),
        (12, b"Linux 6"),
        (13, b"\2"),
        (15, b"Echelon U20"),
    ]
    unknown = [(1, b"of the interface"), (4, bytes(8)), (11, b"\1" + bytes(8)), (999, b"odd")]
    mixed = [unknown[0], *known[:3], unknown[1], *known[3:], *unknown[2:]]
    data = build.shb(order=order) + build.idb(*mixed, order=order, snap_length=96)
    (frame,), notes = read(data + build.epb(b"x", order=order))
    interface = frame.interface
    assert notes == []
    assert (interface.name, interface.description) == ("tap0", "Phase L1, Ω")
    assert (interface.speed, interface.filter, interface.os) == (3600, "lpdu", "Linux 6")
    assert (interface.fcs_length, interface.hardware, interface.snap_length) == (2, "Echelon U20", 96)
    assert interface.options == tuple(unknown)


@pytest.mark.parametrize("order", ["<", ">"])
def test_frame_options(build, tmp_path, tshark, order):
    flags = 1 << 24 | 2 << 5 | 1
    options = [
        (1, b"first"),
        (2, pack(order + "I", flags)),
        (4, pack(order + "Q", 7)),
        (1, "zweite Zählung".encode()),
        (5, pack(order + "Q", 0x1122334455667788)),
        (2989, pack(order + "I", 32473) + b"L1"),
        (777, b"unknown"),
    ]
    path = tmp_path / "x"
    path.write_bytes(
        build.shb(order=order) + build.idb(order=order) + build.epb(b"abc", 1, 0, *options, order=order, length=9)
    )
    with Capture.open(path) as capture:
        frame = capture[0]
    assert (frame.data, frame.length) == (b"abc", 9)
    assert frame.comments == ("first", "zweite Zählung")
    assert frame.flags == flags
    assert frame.options == (
        (4, pack("<Q", 7)),
        (5, pack("<Q", 0x1122334455667788)),
        (2989, pack("<I", 32473) + b"L1"),
        (777, b"unknown"),
    )
    theirs = tshark(path, "frame.comment", "frame.packet_flags_crc_error", "frame.drop_count", "frame.packet_id")
    assert theirs == [["first,zweite Zählung", "1", "7", str(0x1122334455667788)]]


def test_comment_that_is_not_utf8(build, read):
    (frame,), notes = read(build.shb() + build.idb() + build.epb(b"x", 1, 0, (1, b"a\xffb")))
    assert frame.comments == ("a\N{REPLACEMENT CHARACTER}b",)
    assert notes == []


def test_options_that_run_past_their_block(build, read):
    cut = (1, b"good"), (1, b"bad!")
    options = build.options(*cut).replace(pack("<HH", 1, 4) + b"bad!", pack("<HH", 1, 400) + b"bad!")
    body = pack("<IIIII", 0, 0, 0, 4, 4) + b"data" + options
    frames, notes = read(build.shb() + build.idb() + build.block(6, body) * 3)
    assert [f.comments for f in frames] == [("good",)] * 3
    (note,) = notes
    assert "options of a frame" in note.text
    assert note.count == 3


@pytest.mark.parametrize("order", ["<", ">"])
def test_simple_packet_block(build, tmp_path, tshark, order):
    path = tmp_path / "x"
    path.write_bytes(
        build.shb(order=order)
        + build.idb(order=order, snap_length=6)
        + build.spb(b"abcde", order=order)
        + build.spb(b"abcdef", 60, order=order)
    )
    with Capture.open(path) as capture:
        frames = list(capture)
    assert [(f.time, f.ticks, f.data, f.length) for f in frames] == [
        (None, None, b"abcde", 5),
        (None, None, b"abcdef", 60),
    ]
    assert [[str(len(f.data)), str(f.length)] for f in frames] == tshark(path, "frame.cap_len", "frame.len")


@pytest.mark.parametrize("order", ["<", ">"])
def test_obsolete_packet_block(build, tmp_path, tshark, seconds, order):
    path = tmp_path / "x"
    blocks = build.idb(order=order) * 2 + build.old(b"abc", SECOND * 10**6 + 5, 1, 3, order=order)
    path.write_bytes(build.shb(order=order) + blocks + build.old(b"", SECOND * 10**6, order=order))
    with Capture.open(path) as capture:
        frame, other = capture
    assert (frame.interface.index, frame.time, frame.data) == (1, SECOND * 10**9 + 5000, b"abc")
    assert frame.options == ((4, pack("<Q", 3)),)
    assert other.options == ()
    theirs = tshark(path, "frame.interface_id", "frame.time_epoch", "frame.drop_count")
    assert theirs == [["1", seconds(frame.time), "3"], ["0", seconds(other.time), ""]]


def test_blocks_without_frames(build, read):
    quiet = [build.block(kind, bytes(20)) for kind in (4, 5, 10, 0x0BAD, 0x40000BAD)]
    unknown = build.block(0xABCD, b"") + build.block(0xABCE, b"12345678") + build.block(0xABCD, b"")
    start = build.shb() + build.idb()
    frames, notes = read(start + b"".join(quiet) + unknown + build.epb(b"x"))
    assert [f.data for f in frames] == [b"x"]
    at = len(start) + sum(map(len, quiet))
    assert [(n.offset, n.count) for n in notes] == [(at, 2), (at + 12, 1)]
    assert "0x0000abcd" in notes[0].text
    assert str(notes[0]).endswith("(2 times, here the first)")


def test_blocks_whose_content_cannot_be(build, read):
    start = build.shb() + build.idb()
    bad = [
        build.epb(b"no such interface", 1, 3),
        build.block(6, pack("<IIIII", 0, 0, 1, 5, 5) + b"1234"),
        build.block(3, pack("<I", 100) + b"1234"),
        build.block(6, b""),
        build.block(1, b""),
    ]
    frames, notes = read(start + b"".join(bad) + build.epb(b"good"))
    assert [f.data for f in frames] == [b"good"]
    assert [(n.offset, n.count) for n in notes] == [
        (len(start), 1),
        (len(start + bad[0]), 2),
        (len(start + b"".join(bad[:3])), 1),
        (len(start + b"".join(bad[:4])), 1),
    ]


def test_frame_before_any_interface(build, read):
    frames, notes = read(build.shb() + build.epb(b"x") + build.spb(b"y"))
    assert frames == []
    assert [n.count for n in notes] == [2]


@pytest.mark.parametrize(
    "bad",
    [
        pack("<II", 6, 0xFFFFFFFC),
        pack("<III", 6, 0, 0),
        pack("<III", 6, 13, 0) + bytes(20),
        pack("<II", 6, 32) + bytes(20) + pack("<I", 36),
        pack("<II", 6, 4000) + bytes(20),
        b"\x0a\x0d\x0d\x0a\x1c\0\0\0nope" + bytes(20),
    ],
    ids=["absurd", "zero", "odd", "two lengths", "cut", "no byte order"],
)
def test_damage_ends_its_section_and_the_next_one_is_found(build, read, bad):
    first = build.shb() + build.idb() + build.epb(b"one")
    second = build.every_block(">")
    frames, notes = read(first + bad + build.epb(b"lost") + second)
    assert [f.data for f in frames] == [b"one", b"first", b"simple", b"old", b"last one"]
    assert notes[0].offset == len(first)
    assert "after frame 1" in notes[0].text
    assert f"{len(bad) + len(build.epb(b'lost'))} bytes up to the next section" in notes[0].text
    frames, notes = read(first + bad + build.epb(b"lost"))
    assert [f.data for f in frames] == [b"one"]
    assert [n.offset for n in notes] == [len(first)]
    assert f"{len(bad) + len(build.epb(b'lost'))} bytes not read" in notes[0].text


def test_search_for_a_section_is_bounded(build, tmp_path):
    path = tmp_path / "x"
    first = build.shb() + build.idb() + build.epb(b"one") + pack("<III", 6, 0, 0)
    with path.open("wb") as file:
        file.write(first)
        file.seek(20 << 20, 1)
        file.write(build.every_block())
    with Capture.open(path) as capture:
        assert [f.data for f in capture] == [b"one"]
        assert "bytes not read" in capture.notes[0].text


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_prefix(build, read, order):
    other = ">" if order == "<" else "<"
    whole = build.every_block(order) + build.every_block(other)
    complete, notes = read(whole)
    assert [f.data for f in complete] == [b"first", b"simple", b"old", b"last one"] * 2
    assert [n.count for n in notes] == [2]
    ends = [0]
    while ends[-1] < len(whole):
        half = order if ends[-1] < len(whole) // 2 else other
        size = int.from_bytes(whole[ends[-1] + 4 : ends[-1] + 8], {"<": "little", ">": "big"}[half])
        ends.append(ends[-1] + size)
    for size in range(len(whole) + 1):
        if size < ends[1]:
            with pytest.raises(CaptureError):
                read(whole[:size])
            continue
        frames, notes = read(whole[:size])
        cut = [n for n in notes if "unknown type" not in n.text]
        assert frames == complete[: len(frames)]
        start = max(end for end in ends if end <= size)
        if start == size:
            assert cut == []
        else:
            assert [n.offset for n in cut] == [start]
            assert f"after frame {len(frames)}: {size - start} bytes not read" in cut[0].text
            assert frames == read(whole[:start])[0]


def test_headers_that_stop_the_opening(build, read):
    good = build.shb((1, b"comment"))
    with pytest.raises(CaptureError, match="no byte-order magic at byte 8"):
        read(good[:8] + b"nope" + good[12:])
    with pytest.raises(CaptureError, match="claims 16 bytes"):
        read(pack("<II", 0x0A0D0D0A, 16) + good[8:])
    with pytest.raises(CaptureError, match="two lengths"):
        read(good[:-1] + b"\1")
    with pytest.raises(CaptureError, match=r"version 2\.0"):
        read(good[:12] + b"\2" + good[13:])


def test_later_section_of_an_unknown_version(build, read):
    shb = build.shb()
    frames, notes = read(build.every_block() + shb[:12] + b"\2" + shb[13:] + build.every_block())
    assert len(frames) == 8
    assert any("unknown version 2.0" in n.text for n in notes)


def test_what_mergecap_writes(build, tmp_path, run, tshark, seconds):
    for name, link in (("a", 147), ("b", 1), ("c", 147)):
        (tmp_path / name).write_bytes(build.pcap([(SECOND + k, ord(name), bytes(20 + k)) for k in range(5)], link=link))
    run("mergecap", "-w", "all", "-I", "none", "a", "b", "c")
    run("editcap", "-a", "4:hello, tap", "all", "commented")
    path = tmp_path / "commented"
    with Capture.open(path) as capture:
        frames = list(capture)
        assert [i.link_type for i in capture.interfaces] == [147, 1, 147]
        assert capture.notes == []
    assert frames[3].comments == ("hello, tap",)
    theirs = tshark(path, "frame.time_epoch", "frame.cap_len", "frame.interface_id", "frame.comment")
    assert theirs == [[seconds(f.time), str(len(f.data)), str(f.interface.index), ",".join(f.comments)] for f in frames]
    assert len(theirs) == 15
