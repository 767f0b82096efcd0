# SPDX-License-Identifier: GPL-2.0-or-later
"""The packet of CN/IP (EN 14908-4, CEA-852): one header for data and for the management of the IP channel."""

from fractions import Fraction
from typing import ClassVar

from dissectors.sources import EX
from osgp_analyzer.schema import (
    U8,
    U16,
    U32,
    Array,
    Bits,
    Bytes,
    Case,
    Cases,
    Check,
    F,
    Group,
    Known,
    Layer,
    Map,
    Not,
    Payload,
    Peek,
    Remaining,
    Severity,
    SizeOf,
    Source,
    Struct,
    Switch,
)

EX_WS = Source("izot/lon-stack-ex ShareIp/LtIpPackets.h and Wireshark packet-cnip.c")
"""Both, in agreement."""
PACKETS = EX.at("ShareIp/LtIpPackets.h, LtIpPackets.cpp").one
MD5 = EX.at("ShareIp/LtMD5.cpp").one

HEADER = 20
"""Bytes of the header, without the extended header."""
DIGEST = 16

DATA = 0x01
TYPES = {
    0x01: "data",
    0x03: "device registration",
    0x04: "channel membership",
    0x06: "send list",
    0x07: "response",
    0x08: "channel routing",
    0x60: "request: statistics",
    0x63: "request: device configuration",
    0x64: "request: channel membership",
    0x66: "request: send list",
    0x68: "request: channel routing",
    0x70: "statistics",
    0x71: "device configuration",
    0x7F: "segment",
}
ECHELON_TYPES = {
    0xF1: "Echelon: time synchronisation request",
    0xF2: "Echelon: time synchronisation response",
    0xF3: "Echelon: configuration",
    0xF4: "Echelon: request configuration",
    0xF5: "Echelon: control",
    0xF6: "Echelon: version",
    0xF7: "Echelon: request version",
    0xF8: "Echelon: mode",
    0xF9: "Echelon: request mode",
    0xFA: "Echelon: device ID",
    0xFB: "Echelon: request device ID",
}
VENDORS = {0: "standard", 1: "Echelon"}

OLD_SEND_LIST = (Remaining() == (Peek(4) << 8) + Peek(5) + (Peek(6) << 8) + Peek(7) + 12) & Not(
    Remaining() == Peek(4) * 8 + 8
)
"""The body has the size that the old form says, and not that of the standard one."""

private = (F.vendor_packet == 1) | (Not(F.vendor_code.among(0, 1)) & (F.type != DATA))
echelon_private = Map(F.type, dict.fromkeys(ECHELON_TYPES, 1), 0) == 1
type_known = Map(F.type, dict.fromkeys(TYPES, 1), 0) == 1
length_sound = F.packet_length >= F.extended_header_size * 4 + HEADER


class CnipExtendedHeader(Layer, name="cnip.extended_header", title="Extended header", source=PACKETS):
    """Three more words, for senders behind an address translator (NAT)."""

    local_ip = Bytes(4, show="ipv4", label="Local IP address", doc="Address of the sender in its own network.")
    nat_ip = Bytes(4, show="ipv4", label="NAT IP address", doc="Address of the translator, as others see it.")
    port = U16(doc="UDP port of the sender.")
    reserved = U16(doc="0.")


class CnipPacket(Layer, name="cnip", title="CN/IP packet", source=EX_WS, protocol="CN/IP"):
    """One packet of CN/IP. A datagram can hold several: the length of each tells where the next one begins."""

    packet_length = U16(
        auto=SizeOf("payload") + F.extended_header_size * 4 + HEADER,
        unit="bytes",
        doc="Length of header, extended header and body, without the digest.",
    )
    vendor_packet = Bits(1, source=PACKETS, doc="1: a packet private to the vendor follows.")
    version_reserved = Bits(2, source=PACKETS, doc="0.")
    version = Bits(5, default=1, doc="1; the data packets of i.LON 1000 routers say 0.")
    type = U8(
        TYPES | ECHELON_TYPES,
        show="hex",
        default=DATA,
        doc="What the body is; 0xF1 to 0xFB are private to Echelon.",
    )
    extended_header_size = U8(unit="bytes", scale=Fraction(4), doc="Size of the extended header, in words of 32 bits.")
    flags_reserved = Bits(2, doc="0.")
    security = Bits(1, doc="1: the packet is authenticated, an MD5 digest follows it.")
    protocol_code = Bits(5, {0: "EN 14908 (LON)"}, doc="Protocol of the data.")
    vendor_code = U16(VENDORS, doc="Whose packet types these are.")
    session_id = U32(show="hex", label="Session ID", doc="Chosen anew by a sender that starts anew.")
    sequence = U32(label="Sequence number", doc="Data packets count up by 1 in each session.")
    timestamp = U32(unit="ms", doc="Time of sending; 0 while the clock of the sender is not synchronised.")
    extended_header = Struct(
        "CnipExtendedHeader",
        when=F.extended_header_size == 3,
        source=PACKETS,
        doc="Addresses of a sender behind an address translator.",
    )
    extended_header_data = Bytes(
        F.extended_header_size * 4,
        when=Not(F.extended_header_size.among(0, 3)),
        source=PACKETS,
        doc="An extended header of another size, not read.",
    )
    body = Payload(
        Cases(
            (Case(private, None),),
            Switch(
                F.type,
                {
                    0x01: Switch(F.protocol_code, {0: "LPDU"}),
                    0x03: "CnipRegistration",
                    0x04: "CnipMembership",
                    0x06: Cases((Case(OLD_SEND_LIST, "CnipOldSendList"),), "CnipSendList"),
                    0x07: "CnipResponse",
                    0x08: "CnipRouting",
                    0x60: "CnipRequest",
                    0x63: "CnipRequest",
                    0x64: "CnipRequest",
                    0x66: "CnipRequest",
                    0x68: "CnipRequest",
                    0x70: "CnipStatistics",
                    0x71: "CnipRegistration",
                    0x7F: "CnipSegment",
                },
            ),
        ),
        length=F.packet_length - F.extended_header_size * 4 - HEADER,
        required=Not(private) & type_known,
        doc="The data, or what a management packet says.",
    )
    md5 = Bytes(
        DIGEST,
        when=F.security == 1,
        label="MD5 digest",
        source=MD5,
        doc="MD5 over packet, 16 zero bytes and 16-byte secret (EIA-852).",
    )
    old_md5 = Bytes(
        DIGEST,
        when=(F.security == 0) & (Remaining() == DIGEST),
        label="MD5 digest, old form",
        source=MD5.inferred,
        doc="16 bytes behind a packet that is not marked as authenticated: the first i.LON routers sent an MD5 over "
        "secret and packet in this way.",
    )

    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            "length_short",
            Not(length_sound) & Known(F.extended_header_size),
            Severity.ERROR,
            Group.MALFORMED,
            "the packet length of {packet_length} is less than the header",
            "packet_length",
        ),
        Check(
            "version_unknown",
            F.version > 1,
            Severity.WARN,
            Group.PROTOCOL,
            "version {version} is not known: read like version 1",
            "version",
        ),
        Check(
            "vendor",
            private,
            Severity.NOTE,
            Group.UNDECODED,
            "a packet private to a vendor (vendor code {vendor_code}): its body is in no available source",
            "vendor_code",
        ),
        Check(
            "echelon_private",
            Not(private) & echelon_private,
            Severity.NOTE,
            Group.UNDECODED,
            "{type}: a private packet whose body is not read",
            "type",
        ),
        Check(
            "type_unknown",
            Not(private) & Not(echelon_private) & Not(type_known) & Known(F.type),
            Severity.NOTE,
            Group.UNDECODED,
            "packet type {type} is in no available source",
            "type",
        ),
        Check(
            "protocol_unknown",
            Not(private) & (F.type == DATA) & (F.protocol_code != 0),
            Severity.NOTE,
            Group.UNDECODED,
            "data of protocol {protocol_code}: only 0, EN 14908, is read",
            "protocol_code",
        ),
        Check(
            "old_md5",
            Known(F.old_md5),
            Severity.CHAT,
            Group.ASSUMPTION,
            "the last 16 bytes are taken for an MD5 digest of the old form",
            "old_md5",
        ),
    )
    info = ((private, "private packet of vendor {vendor_code}"), (F.type == DATA, "data #{sequence}"), (None, "{type}"))


class CNIP(CnipPacket, name="cnip", title="CN/IP", source=EX_WS, protocol="CN/IP"):
    """CN/IP: LON packets, and the management of an IP channel, between routers and devices (UDP 1628 and 1629).
    Routers collect several packets in a datagram; those after the first are listed behind it."""

    following = Array(
        CnipPacket,
        when=length_sound & (Remaining() >= HEADER),
        label="Further packets",
        doc="The packets of the same datagram after the first one.",
    )
    trailing = Bytes(when=Remaining() > 0, label="Trailing bytes", doc="Too few bytes for another packet.")

    checks = (
        *CnipPacket.checks,
        Check(
            "trailing",
            Known(F.trailing) & length_sound,
            Severity.WARN,
            Group.MALFORMED,
            "bytes after the last packet that are too few for another one",
            "trailing",
        ),
    )
