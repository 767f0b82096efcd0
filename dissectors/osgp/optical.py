# SPDX-License-Identifier: GPL-2.0-or-later
"""The optical port of a meter: packets of ANSI C12.18, and the single bytes between them."""

from dissectors.en14908.apdu import DIRECTIONS
from dissectors.osgp.c1218 import MESSAGE, STATUS, C1218Message
from dissectors.sources import OHB, OPT
from osgp_analyzer.schema import (
    U8,
    U16,
    Bits,
    Bytes,
    Call,
    Case,
    Cases,
    Check,
    Computed,
    F,
    Group,
    If,
    Known,
    Layer,
    Not,
    Outer,
    Payload,
    Peek,
    Remaining,
    Severity,
    SizeOf,
    View,
)

START = 0xEE
"""First byte of a packet."""
SIGNALS = {0x06: "ACK", 0x15: "NAK", 0x55: "wake-up", 0x00: "idle (taken for ACK)"}
"""Bytes between packets: of the one who has got a packet, and before the first one for heads that need it."""
HEADER, CRC = 6, 2

is_signal = Peek(0).among(*SIGNALS)
size = (Peek(4) << 8) + Peek(5) + HEADER + CRC
SOURCE = OPT.at("p.14; openHAB smartmeterosgp and its unit test")


class Optical(Layer, name="optical", title="Optical port", source=SOURCE, protocol="C12.18"):
    """What was heard in one piece: single bytes, a packet, or a packet with single bytes around it.

    Where it begins in the middle of a packet, reading goes on at the next one: the first that is whole and has the
    right CRC, else the next byte that could begin one.
    """

    signal = U8(SIGNALS, when=is_signal, show="hex", doc="Answer to the packet before, or wake-up.")
    signals = Bytes(
        Call("signals", Remaining()),
        when=Known(F.signal) & is_signal,
        label="Further signals",
        doc="Bytes like it that follow.",
    )
    skipped = Bytes(
        Call("packet_start", Remaining()),
        when=(Remaining() > 0) & (Peek(0) != START),
        label="Skipped bytes",
        doc="The rest of a packet whose beginning was not heard, or noise.",
    )
    packet = Payload(
        Cases((Case(Peek(0) == START, "C1218Packet"),)),
        length=If(size < Remaining(), size, Remaining()),
        required=False,
        doc="The packet.",
    )
    signal_after = U8(SIGNALS, when=is_signal, show="hex", label="Signal after it", doc="Answer to the packet.")
    trailing = Bytes(when=Remaining() > 0, label="Trailing bytes", doc="What is behind the packet: not read.")

    checks = (
        Check(
            "skipped",
            Known(F.skipped),
            Severity.WARN,
            Group.MALFORMED,
            "begins in the middle of a packet: reading goes on at the next one",
            "skipped",
        ),
        Check(
            "trailing",
            Known(F.trailing),
            Severity.WARN,
            Group.MALFORMED,
            "more bytes follow than the packet's length says, and they are no ACK or NAK",
            "trailing",
        ),
    )
    info = ((Known(F.signal), "{signal}"), (Known(F.skipped), "middle of a packet"), (None, ""))


class C1218Packet(Layer, name="c1218", title="C12.18 packet", source=SOURCE, protocol="C12.18"):
    """One packet of a message. The receiver answers each with ACK or NAK; one sent again has the same toggle bit and
    the same CRC."""

    start = U8(show="hex", default=START, doc="0xee.")
    identity = U8(doc="0.")
    multi_packet = Bits(1, doc="1: the message has several packets.")
    first = Bits(1, label="First packet", doc="1: the first of several packets.")
    toggle = Bits(1, doc="Changes with every new packet of a sender.")
    control_reserved = Bits(3, doc="0.")
    format = Bits(2, label="Data format", source=SOURCE.unconfirmed, doc="0.")
    sequence = U8(label="Sequence number", doc="How many packets of the message follow: 0 is the last.")
    length = U16(auto=SizeOf("payload"), unit="bytes", doc="Length of the data.")
    message = Payload(
        Cases((Case((F.multi_packet == 1) & Not((F.first == 1) & (F.sequence == 0)), "C1218Fragment"),), C1218Message),
        length=F.length,
        required=False,
        doc="The message, or a part of one.",
    )
    crc = U16(
        label="CRC-16",
        show="hex",
        order="little",
        auto=Call("crc_x25", F.length + HEADER),
        source=OHB.one,
        doc="CRC-16/X-25 over all before it, low byte first.",
    )
    crc_status = Computed(
        If(Call("crc_x25", F.length + HEADER) == F.crc, 1, 0),
        STATUS,
        when=Known(F.crc),
        label="CRC status",
        doc="Whether the CRC is right.",
    )

    checks = (
        Check(
            "crc_bad",
            F.crc_status == 0,
            Severity.ERROR,
            Group.CHECKSUM,
            "wrong CRC {crc}: the packet was damaged, or its length was",
            "crc",
        ),
    )
    info = (
        ((F.first == 1) & (F.sequence != 0), "first packet of a message, {sequence} to follow"),
        ((F.multi_packet == 1) & (F.sequence != 0), "part of a message, {sequence} to follow"),
        ((F.multi_packet == 1) & (F.first == 0), "last packet of a message"),
        (None, ""),
    )


class C1218Fragment(Layer, name="c1218.fragment", title="Part of a C12.18 message", source=SOURCE, protocol="C12.18"):
    """The data of one packet of several."""

    direction = Computed(
        MESSAGE,
        DIRECTIONS,
        when=Outer("c1218.first") == 1,
        qualified="osgp.direction",
        doc="Whether the message is a request or a response, by its first byte.",
    )
    data = Bytes(doc="A part of the message.")
    message = View(
        C1218Message,
        Call("joined", F.data),
        made="Joined",
        when=Outer("c1218.sequence") == 0,
        label="Message",
        doc="The whole message, of which this packet has the last part.",
    )

    checks = (
        Check(
            "incomplete",
            (Outer("c1218.sequence") == 0) & Not(Known(Call("joined", F.data))),
            Severity.NOTE,
            Group.UNDECODED,
            "the packets before this one were not all seen: the message cannot be put together",
            "data",
        ),
    )
    source_address = ((F.direction == 0, "client"), (F.direction == 1, "meter"), (None, ""))
    destination_address = ((F.direction == 0, "meter"), (F.direction == 1, "client"), (None, ""))
