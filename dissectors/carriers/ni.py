# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of LON network interfaces (U10, U20, U60, U70): what passes between the driver and the device."""

from dissectors.sources import DRV, DX, DX_EX
from osgp_analyzer.schema import (
    U8,
    U16,
    Bytes,
    Case,
    Cases,
    Check,
    Computed,
    F,
    Group,
    If,
    Known,
    Label,
    Layer,
    Map,
    Not,
    Outer,
    Payload,
    Severity,
    SizeOf,
    Switch,
)

COMMANDS = {
    0x12: "send packet",
    0x13: "send priority packet",
    0x14: "send packet, non-transaction queue (inferred)",
    0x15: "send priority packet, non-transaction queue (inferred)",
    0x16: "response of the interface (up) / send packet, attenuated (down)",
    0x17: "send priority packet, attenuated",
    0x18: "incoming message, layer 5",
    0x1A: "packet",
    0x1B: "packet with phase",
    0x1C: "packet with phase and signal strength",
    0x1E: "send packet, attenuated, in phase with the mains",
    0x1F: "send priority packet, attenuated, in phase with the mains",
    0x22: "network management of the interface",
    0x30: "receive error: timeout",
    0x31: "receive error: CRC",
    0x32: "receive error: packet too long",
    0x33: "receive error: preamble too long",
    0x34: "receive error: preamble too short",
    0x35: "receive error: packet too short",
    0x40: "mains frequency report (up) / set phase mode (down)",
    0x41: "set phase mode 1",
    0x42: "set phase mode 2",
    0x50: "reset",
    0x60: "flush complete (up) / flush cancel (down)",
    0x70: "online",
    0x80: "offline",
    0x90: "flush",
    0xA0: "flush, ignore",
    0xC0: "ACK",
    0xC1: "NACK",
    0xD0: "set layer 5",
    0xD1: "set layer 2",
    0xD4: "identify driver",
    0xD5: "flow-control token",
    0xD6: "reset driver",
    0xD7: "cycle driver",
    0xE0: "status",
    0xE5: "set layer mode",
    0xE6: "service pin",
}
SENT_COMMANDS = {
    0x16: "send packet, attenuated",
    0x1A: "send packet, in phase with the mains",
    0x1B: "send priority packet, in phase with the mains",
    0x40: "set phase mode",
    0x60: "flush cancel",
}
RECEIVED_COMMANDS = {
    0x16: "response of the interface",
    0x40: "mains frequency report",
    0x60: "flush complete",
}

sent = (Outer("sll.packet_type") == 4) | (Outer("sll2.packet_type") == 4)
"""Known only where the carrier tells the direction; else a record is taken for one from the interface."""
direction_known = Known(Outer("sll.packet_type")) | Known(Outer("sll2.packet_type"))
with_phase = F.command.among(0x1B, 0x1C) & Not(sent)
with_signal = (F.command == 0x1C) & Not(sent)
is_packet = F.command.among(0x12, 0x13, 0x14, 0x15, 0x17, 0x1A, 0x1B, 0x1C, 0x1E, 0x1F) | ((F.command == 0x16) & sent)
data_length = If(F.length == 0xFF, F.extended_length, F.length)
overhead = If(with_signal, 3, If(with_phase, 1, 0))
"""Bytes of the data around the packet."""
SHORTEST = 8
"""Shortest LPDU with its CRC."""
too_short = with_signal & (F.pdu_length < SHORTEST)


class NIRecord(Layer, name="ni", title="Network interface record", source=DRV.at("U61Module.c, U50Driver.c, lonifd.c"),
               protocol="LON NI"):  # fmt: skip
    """A record as the Linux drivers give it on a lonN device: command, length, data. The length counts, not the size
    of the record: one driver adds a byte."""

    command = U8(
        COMMANDS,
        show="hex",
        default=0x1A,
        source=DX_EX.at("lon_types.h; LtDriver.h, LtMip.h"),
        labels=(
            Label(sent, F.command, SENT_COMMANDS),
            Label(Not(sent) & direction_known, F.command, RECEIVED_COMMANDS),
        ),
        doc="What the record is. Some codes mean one thing to the interface and another from it.",
    )
    length = U8(
        auto=SizeOf("payload") + Map(F.command, {0x1B: 1, 0x1C: 3}, 0),
        unit="bytes",
        doc="Length of the data; 0xFF: a longer length follows.",
    )
    extended_length = U16(
        order="little",
        when=F.length == 0xFF,
        unit="bytes",
        doc="Length of the data where a byte is not enough.",
    )
    phase = U8(
        when=with_phase,
        default=1,
        source=DX.at("lcs_link.c").one,
        doc="Place of the packet relative to the zero crossing of the mains, plus 1; the unit is not known.",
    )
    phase_position = Computed(
        F.phase - 1,
        when=with_phase & (F.phase != 0),
        source=DX.at("lcs_link.c").one,
        doc="Place relative to the zero crossing of the mains; the unit is not known.",
    )
    pdu_length = Computed(
        If(data_length >= overhead, data_length - overhead, 0),
        unit="bytes",
        label="PDU length",
        doc="Length of the data without phase and signal strength.",
    )
    crc_kept = Computed(
        If(sent | F.command.among(0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x1E, 0x1F), 0, 1),
        {0: "no", 1: "yes"},
        when=is_packet,
        label="CRC kept",
        doc="Whether packets with this command end with their CRC: received ones do, those to be sent do not.",
    )
    pdu = Payload(
        Cases(
            (
                Case(too_short, None),
                Case(is_packet, "LPDU"),
                Case((F.pdu_length == 0) | (sent & (F.command == 0x40)), None),
            ),
            Switch(F.command, {0x40: "NIFrequency", 0x50: "NIReset", 0xC1: "NINack", 0xE5: "NILayerMode"}),
        ),
        length=F.pdu_length,
        required=is_packet & Not(too_short),
        label="PDU",
        doc="The packet, or the data of another command.",
    )
    ssi1 = U8(
        when=with_signal,
        show="hex",
        label="Signal strength 1",
        source=DX.at("lcs_link.c").one,
        doc="Transceiver register 2. What it says in dB is in no source.",
    )
    ssi2 = U8(
        when=with_signal,
        show="hex",
        label="Signal strength 2",
        source=DX.at("lcs_link.c").one,
        doc="Transceiver registers 3 and 4, 0xFF best. What it says in dB is in no source.",
    )
    secondary_carrier = Computed(
        (F.ssi1 >> 3) & 1,
        {0: "primary carrier", 1: "secondary carrier"},
        when=with_signal,
        label="Carrier",
        source=DX.at("lcs_link.c, register 2 bit 3").inferred,
        doc="The carrier that the packet came on; compare with the alternate path bit of the packet.",
    )

    checks = (
        Check(
            "receive_error",
            F.command.among(0x30, 0x31, 0x32, 0x33, 0x34, 0x35),
            Severity.WARN,
            Group.CHECKSUM,
            "{command}: the interface heard a packet that it could not read",
            "command",
        ),
        Check(
            "packet_short",
            too_short,
            Severity.WARN,
            Group.CHECKSUM,
            "{pdu_length} is less than any packet has: this is how the interface reports a packet with a wrong CRC",
            "command",
        ),
        Check(
            "direction",
            F.command.among(0x16, 0x1B) & Not(direction_known),
            Severity.CHAT,
            Group.ASSUMPTION,
            "the direction is not known: read as a record from the interface",
            "command",
        ),
        Check(
            "command_unknown",
            Not(is_packet) & (Map(F.command, dict.fromkeys(COMMANDS, 1), 0) == 0),
            Severity.NOTE,
            Group.UNDECODED,
            "command {command} is in no available source",
            "command",
        ),
    )
    info = "{command}"


class NIFrequency(Layer, name="ni_frequency", title="Mains frequency", source=DX_EX.at("lon_types.h; LtDriver.h").one):
    """Data of a frequency report."""

    frequency = U8(label="Mains frequency", doc="Mains frequency as the interface counts it; the unit is not known.")
    data = Bytes(doc="Further data, not read.")

    info = "{frequency}"


class NIReset(Layer, name="ni_reset", title="Interface reset", source=DRV.at("U61Link.c").one):
    """Data of a reset message of a U61. The phase mode is lost with a reset."""

    layer_mode = U8({0: "layer 5", 1: "layer 2"}, doc="Layer at which the interface works after the reset.")
    transceiver = U8(label="Transceiver ID", doc="Kind of transceiver.")
    data = Bytes(doc="Further data, not read.")

    info = "{layer_mode}"


class NINack(Layer, name="ni_nack", title="Buffers of the interface", source=DRV.at("U50Link.c").one):
    """Data of a refusal: which network buffers are free."""

    state = U8(show="hex", doc="Bit 0: a buffer is free, bit 1: a priority buffer is free.")
    buffer_free = Computed(F.state & 1, {0: "no", 1: "yes"}, doc="Whether a network buffer is free.")
    priority_buffer_free = Computed((F.state >> 1) & 1, {0: "no", 1: "yes"}, doc="Whether a priority buffer is free.")
    data = Bytes(doc="Further data, not read.")


class NILayerMode(Layer, name="ni_layer_mode", title="Layer mode", source=DRV.at("U61Link.c").one):
    """Sets the layer at which the interface works; only layer 2 shows packets as they are."""

    layer_mode = U8({0: "layer 5", 1: "layer 2"}, doc="Layer at which the interface shall work.")
    data = Bytes(doc="Further data, not read.")

    info = "{layer_mode}"
