# SPDX-License-Identifier: GPL-2.0-or-later
"""LON/UDP (EN 14908-7): what is left of a LON packet when UDP and IP carry it. Some addresses are in the IP header."""

from dissectors.cnip.addressing import (
    DOMAIN,
    DOMAIN_LENGTH_CODE,
    IPV4_DST,
    IPV4_SRC,
    IPV6_DST,
    IPV6_SRC,
    UNIQUE_ID,
    node_in,
    subnet_in,
)
from dissectors.en14908.npdu import ADDRESS_FORMATS, DOMAIN_LENGTHS, PDU_TYPES, VERSIONS
from dissectors.en14908.tpdu import APPLICATION
from dissectors.sources import DRV, DX
from osgp_analyzer.schema import (
    U8,
    Bits,
    Bytes,
    Case,
    Cases,
    Check,
    Computed,
    F,
    Group,
    If,
    Known,
    Layer,
    Map,
    Not,
    Payload,
    Severity,
    Source,
    Switch,
)

ALL = Source("izot/lon-stack-dx lon_udp, izot/lon-driver and izot/lon-stack-ex ipv6_ls_to_udp.c").one
"""Three copies of one origin, in agreement."""
DERIVED = DX.at("lon_udp/ipv4_to_lon_udp.c GenerateLonUdpAddress").inferred

(
    UNIQUE_ID_IN_IP,
    SUBNET_NODE,
    DOMAIN_BROADCAST,
    SUBNET_BROADCAST,
    GROUP,
    GROUP_RESPONSE,
    BROADCAST_UNIQUE_ID,
    EXPLICIT,
) = range(8)
"""Address formats of LON/UDP."""
FORMATS = {
    0: "unique ID in the IP address",
    1: "subnet/node in the IP address",
    2: "domain broadcast",
    3: "subnet broadcast",
    4: "group",
    5: "group response",
    6: "unique ID, broadcast",
    7: "explicit subnet/node",
}
NATIVE_FORMAT = {0: 3, 1: 2, 2: 0, 3: 0, 4: 1, 5: 2, 6: 3, 7: 2}

has_source = (F.arbitrary_source == 1) | (F.unmapped == 1)
has_domain = F.source_domain_present == 1
explicit = F.format == EXPLICIT
group_response = (F.format == GROUP_RESPONSE) | (explicit & (F.explicit_group_response == 1))


class LonUDP(Layer, name="lonudp", title="LON/UDP", source=ALL, protocol="LON/UDP"):
    """Header of LON/UDP (port 2541), in place of link and network header. There is no CRC. What the header does not
    say comes from the IP addresses, by a convention that an installation can change: such values are derived."""

    udp_version = Bits(4, {0: "legacy", 1: "enhanced"}, label="UDP version", doc="1: transaction numbers have 12 bits.")
    reserved = Bits(2, doc="0.")
    unmapped = Bits(
        1,
        source=DRV.at("u50/ipv6_ls_to_udp.c").one,
        doc="1: the source and its domain follow because the domain does not fit in an IP address.",
    )
    arbitrary_source = Bits(1, doc="1: the source follows, because the IP address of the sender does not tell it.")
    format = Bits(4, FORMATS, label="Address format", default=SUBNET_NODE, doc="How the destination is given.")
    mcr = Bits(
        1,
        label="Multiple replies",
        doc="1: a byte with the backlog follows. Only this bit tells: senders set it at odd times.",
    )
    priority = Bits(1, qualified="lpdu.priority", doc="1: to be sent in a priority slot.")
    pdu_type = Bits(2, PDU_TYPES, label="PDU type", qualified="npdu.pdu_type", doc="What is enclosed.")
    backlog_reserved = Bits(1, when=F.mcr == 1, doc="0.")
    alt_path = Bits(
        1,
        when=F.mcr == 1,
        label="Alternate path",
        qualified="lpdu.alt_path",
        source=DRV.at("u50/ipv6_ls_to_udp.c").one,
        doc="1: sent on the alternate path.",
    )
    delta_backlog = Bits(
        6,
        when=F.mcr == 1,
        qualified="lpdu.delta_backlog",
        doc="Number of further packets that this one is expected to cause. Comments in the sources speak of a second "
        "byte, which no code writes or reads.",
    )
    source_subnet = U8(when=has_source, doc="Subnet of the sender, where the IP address does not tell it.")
    source_domain_present = Bits(1, when=has_source, doc="1: the domain follows.")
    source_node = Bits(7, when=has_source, doc="Node of the sender, where the IP address does not tell it.")
    source_domain_reserved = Bits(6, when=has_domain, doc="0.")
    source_domain_length = Bits(
        2,
        {0: "0 bytes", 1: "1 byte", 2: "3 bytes", 3: "6 bytes"},
        when=has_domain,
        doc="Code for the length of the domain ID.",
    )
    source_domain = Bytes(Map(F.source_domain_length, DOMAIN_LENGTHS), when=has_domain, doc="Domain of the sender.")
    subnet = U8(
        when=F.format.among(SUBNET_BROADCAST, BROADCAST_UNIQUE_ID, EXPLICIT),
        doc="Subnet addressed; 0 is the whole domain.",
    )
    explicit_group_response = Bits(1, when=explicit, label="Group response", doc="1: group and member follow.")
    node = Bits(7, when=explicit, doc="Node addressed.")
    dst_group = U8(when=F.format == GROUP, qualified="npdu.dst_group", doc="Group addressed.")
    group = U8(when=group_response, qualified="npdu.group", doc="The group whose message this answers.")
    member = U8(when=group_response, qualified="npdu.member", doc="Number of the answering node in that group.")
    unique_id = Bytes(
        6,
        when=F.format == BROADCAST_UNIQUE_ID,
        show="neuron_id",
        label="Unique ID",
        doc="Unique ID of the node addressed.",
    )
    version = Computed(
        Map(F.udp_version, {0: 0, 1: 2}),
        VERSIONS,
        qualified="npdu.version",
        doc="Version of the NPDU that this stands for.",
    )
    address_format = Computed(
        Map(F.format, NATIVE_FORMAT),
        ADDRESS_FORMATS,
        qualified="npdu.address_format",
        doc="Address format of the NPDU that this stands for.",
    )
    src_subnet = Computed(
        If(has_source, F.source_subnet, subnet_in(IPV4_SRC, IPV6_SRC)),
        qualified="npdu.src_subnet",
        source=DERIVED,
        doc="Subnet of the sender, from this header or the IP address.",
    )
    src_node = Computed(
        If(has_source, F.source_node, node_in(IPV4_SRC, IPV6_SRC)),
        qualified="npdu.src_node",
        source=DERIVED,
        doc="Node of the sender, from this header or the IP address.",
    )
    dst_subnet = Computed(
        If(
            F.format == DOMAIN_BROADCAST,
            0,
            If(
                F.format == UNIQUE_ID_IN_IP,
                subnet_in(IPV6_DST, IPV6_DST),
                If(Known(F.subnet), F.subnet, subnet_in(IPV4_DST, IPV6_DST)),
            ),
        ),
        when=(F.format != GROUP) & (F.format <= EXPLICIT),
        qualified="npdu.dst_subnet",
        source=DERIVED,
        doc="Subnet addressed, from this header or the IP address.",
    )
    dst_node = Computed(
        If(explicit, F.node, node_in(IPV4_DST, IPV6_DST)),
        when=F.format.among(SUBNET_NODE, GROUP_RESPONSE, EXPLICIT),
        qualified="npdu.dst_node",
        source=DERIVED,
        doc="Node addressed, from this header or the IP address.",
    )
    neuron_id = Computed(
        If(F.format == BROADCAST_UNIQUE_ID, F.unique_id, UNIQUE_ID),
        when=F.format.among(UNIQUE_ID_IN_IP, BROADCAST_UNIQUE_ID),
        show="neuron_id",
        label="Neuron ID",
        qualified="npdu.neuron_id",
        source=DERIVED,
        doc="Unique ID of the node addressed, from this header or the IPv6 address.",
    )
    domain_length = Computed(
        If(has_domain, F.source_domain_length, DOMAIN_LENGTH_CODE),
        {0: "0 bytes", 1: "1 byte", 2: "3 bytes", 3: "6 bytes"},
        when=has_domain | Known(IPV4_SRC) | Known(IPV6_SRC),
        qualified="npdu.domain_length",
        source=DERIVED,
        doc="Code for the length of the domain ID, from this header or the IP address.",
    )
    domain = Computed(
        If(has_domain, F.source_domain, DOMAIN),
        qualified="npdu.domain",
        source=DERIVED,
        doc="Domain ID, from this header or the IP address of the sender.",
    )
    pdu = Payload(
        Cases(
            (Case(F.format > EXPLICIT, None),),
            Switch(F.pdu_type, {0: "TPDU", 1: "SPDU", 2: "AuthPDU", 3: APPLICATION}),
        ),
        label="PDU",
        doc="The enclosed PDU, as in an NPDU.",
    )

    checks = (
        Check(
            "version_unknown",
            F.udp_version > 1,
            Severity.WARN,
            Group.PROTOCOL,
            "UDP version {udp_version} is not known: read like version 0",
            "udp_version",
        ),
        Check(
            "format_unknown",
            F.format > EXPLICIT,
            Severity.ERROR,
            Group.PROTOCOL,
            "address format {format} is not known: where the PDU begins cannot be told",
            "format",
        ),
        Check(
            "addresses_unknown",
            Not(has_source) & Not(Known(IPV4_SRC)) & Not(Known(IPV6_SRC)),
            Severity.NOTE,
            Group.UNDECODED,
            "the source is in the IP header, which is not there",
            "format",
        ),
    )
    source_address = ((Known(F.src_subnet), "{src_subnet}/{src_node}"), (None, ""))
    destination_address = (
        (F.format == DOMAIN_BROADCAST, "broadcast"),
        ((F.format == SUBNET_BROADCAST) & (F.dst_subnet == 0), "broadcast"),
        (F.format == SUBNET_BROADCAST, "subnet {dst_subnet}"),
        (F.format == GROUP, "group {dst_group}"),
        (group_response & Known(F.dst_subnet), "{dst_subnet}/{dst_node} (group {group} member {member})"),
        (Known(F.neuron_id), "{neuron_id}"),
        (Known(F.dst_subnet) & Known(F.dst_node), "{dst_subnet}/{dst_node}"),
        (None, ""),
    )
