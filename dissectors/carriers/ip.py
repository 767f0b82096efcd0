# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv4, and IPv6 with the extension headers that can stand before UDP."""

from fractions import Fraction

from dissectors.sources import IETF, PCAP
from osgp_analyzer.schema import (
    U8,
    U16,
    U32,
    Bits,
    Bytes,
    Case,
    Cases,
    Check,
    F,
    Group,
    If,
    Layer,
    Payload,
    Peek,
    Remaining,
    Severity,
    SizeOf,
    Switch,
)

PROTOCOLS = {
    0: "IPv6 hop-by-hop options",
    1: "ICMP",
    2: "IGMP",
    4: "IPv4",
    6: "TCP",
    17: "UDP",
    41: "IPv6",
    43: "IPv6 routing header",
    44: "IPv6 fragment header",
    47: "GRE",
    50: "ESP",
    51: "AH",
    58: "ICMPv6",
    59: "nothing",
    60: "IPv6 destination options",
    132: "SCTP",
}

NEXT = Switch(
    F.next_header,
    {
        0: "IPv6HopByHop",
        4: "IPv4",
        17: "UDP",
        41: "IPv6",
        43: "IPv6Routing",
        44: "IPv6Fragment",
        60: "IPv6DestinationOptions",
    },
)

fragmented = (F.more_fragments == 1) | (F.fragment_offset != 0)

FRAGMENT = Check(
    "fragment",
    fragmented,
    Severity.NOTE,
    Group.UNDECODED,
    "a fragment of a larger packet ({fragment_offset} into it): fragments are not joined, so it is not read",
    "fragment_offset",
)


class RawIP(Layer, name="raw_ip", title="Raw IP", source=PCAP.at("LINKTYPE_RAW")):
    """IP without a link layer. The first four bits tell the version."""

    packet = Payload(
        Switch(Peek(0) >> 4, {4: "IPv4", 6: "IPv6"}),
        doc="The IP packet; anything but version 4 or 6 is not read.",
    )


class IPv4(Layer, name="ipv4", title="IPv4", source=IETF.at("RFC 791"), protocol="IPv4"):
    """Internet protocol version 4. What is behind the total length is padding of the link layer."""

    version = Bits(4, default=4, qualified="ip.version", doc="4.")
    ihl = Bits(
        4,
        auto=SizeOf("options") // 4 + 5,
        label="Header length",
        unit="bytes",
        scale=Fraction(4),
        doc="Length of this header in words of 32 bits, at least 5.",
    )
    tos = U8(show="hex", label="Type of service", doc="Differentiated services and congestion notification.")
    total_length = U16(
        auto=SizeOf("payload") + F.ihl * 4,
        unit="bytes",
        doc="Length of header and data; 0 where the network card was to fill it in (segmentation offload).",
    )
    identification = U16(show="hex", doc="The same in all fragments of a packet.")
    reserved = Bits(1, doc="0.")
    dont_fragment = Bits(1, doc="1: routers must not cut the packet into fragments.")
    more_fragments = Bits(1, doc="1: a fragment that is not the last.")
    fragment_offset = Bits(13, unit="bytes", scale=Fraction(8), doc="Place of this fragment in the packet, in 8 bytes.")
    ttl = U8(default=64, label="Time to live", doc="Routers that the packet may still pass.")
    protocol = U8(PROTOCOLS, default=17, doc="What is enclosed.")
    checksum = U16(show="hex", doc="Checksum of the header. It is not checked here.")
    src = Bytes(4, show="ipv4", doc="Address of the sender.")
    dst = Bytes(4, show="ipv4", doc="Address that the packet is for.")
    options = Bytes((F.ihl - 5) * 4, doc="Options, not read.")
    packet = Payload(
        Cases(
            (Case(F.version != 4, None), Case(fragmented, None)),
            Switch(F.protocol, {4: "IPv4", 17: "UDP", 41: "IPv6"}),
        ),
        length=If(F.total_length >= F.ihl * 4, F.total_length - F.ihl * 4, Remaining()),
        required=False,
        doc="The enclosed packet.",
    )

    checks = (
        Check(
            "version",
            F.version != 4,
            Severity.ERROR,
            Group.MALFORMED,
            "version {version} where IPv4 should be: not read further",
            "version",
        ),
        Check(
            "header_length",
            F.ihl < 5,
            Severity.ERROR,
            Group.MALFORMED,
            "a header of {ihl} is shorter than an IPv4 header can be",
            "ihl",
        ),
        Check(
            "total_length",
            (F.total_length < F.ihl * 4) & (F.total_length != 0),
            Severity.ERROR,
            Group.MALFORMED,
            "the total length of {total_length} is less than the header: all that is there is taken for data",
            "total_length",
        ),
        FRAGMENT,
    )
    info = ((fragmented, "fragment, {protocol}"), (None, "{protocol}"))
    source_address = "{src}"
    destination_address = "{dst}"


class IPv6(Layer, name="ipv6", title="IPv6", source=IETF.at("RFC 8200"), protocol="IPv6"):
    """Internet protocol version 6. What is behind the payload length is padding of the link layer."""

    version = Bits(4, default=6, qualified="ip.version", doc="6.")
    traffic_class = Bits(8, show="hex", doc="Differentiated services and congestion notification.")
    flow_label = Bits(20, show="hex", doc="Marks packets that belong together.")
    payload_length = U16(
        auto=SizeOf("payload"), unit="bytes", doc="Length of what follows this header, extensions included."
    )
    next_header = U8(PROTOCOLS, default=17, doc="What is enclosed.")
    hop_limit = U8(default=64, doc="Routers that the packet may still pass.")
    src = Bytes(16, show="ipv6", doc="Address of the sender.")
    dst = Bytes(16, show="ipv6", doc="Address that the packet is for.")
    packet = Payload(
        Cases((Case(F.version != 6, None),), NEXT),
        length=If(F.payload_length != 0, F.payload_length, Remaining()),
        required=False,
        doc="The enclosed packet, or the first extension header.",
    )

    checks = (
        Check(
            "version",
            F.version != 6,
            Severity.ERROR,
            Group.MALFORMED,
            "version {version} where IPv6 should be: not read further",
            "version",
        ),
    )
    info = "{next_header}"
    source_address = "{src}"
    destination_address = "{dst}"


class IPv6Extension(Layer, name="ipv6_extension", title="IPv6 extension header", source=IETF.at("RFC 8200")):
    """What most IPv6 extension headers have in common: the kind of the next one and a length."""

    next_header = U8(PROTOCOLS, default=17, doc="What follows.")
    length = U8(
        auto=(SizeOf("options") - 6) // 8,
        label="Header length",
        doc="In units of 8 bytes, the first 8 bytes not counted.",
    )
    options = Bytes(F.length * 8 + 6, default=bytes(6), doc="What this header says, not read.")
    packet = Payload(NEXT, required=False, doc="The enclosed packet, or the next extension header.")

    info = "{next_header}"


class IPv6HopByHop(IPv6Extension, name="ipv6_hop_by_hop", title="IPv6 hop-by-hop options"):
    """Options for every router on the way; multicast listener reports have them."""


class IPv6Routing(IPv6Extension, name="ipv6_routing", title="IPv6 routing header"):
    """Routers that the packet is to pass."""


class IPv6DestinationOptions(IPv6Extension, name="ipv6_destination", title="IPv6 destination options"):
    """Options for the receiver."""


class IPv6Fragment(Layer, name="ipv6_fragment", title="IPv6 fragment header", source=IETF.at("RFC 8200 4.5")):
    """A piece of a packet that was too large. A whole packet can have this header too (RFC 6946), and is read."""

    next_header = U8(PROTOCOLS, default=17, doc="What the whole packet encloses.")
    reserved = U8(doc="0.")
    fragment_offset = Bits(13, unit="bytes", scale=Fraction(8), doc="Place of this fragment in the packet, in 8 bytes.")
    reserved_bits = Bits(2, doc="0.")
    more_fragments = Bits(1, doc="1: a fragment that is not the last.")
    identification = U32(show="hex", doc="The same in all fragments of a packet.")
    packet = Payload(
        Cases((Case(fragmented, None),), NEXT), required=False, doc="The enclosed packet, where it is whole."
    )

    checks = (FRAGMENT,)
    info = "{next_header}"
