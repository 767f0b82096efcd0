# SPDX-License-Identifier: GPL-2.0-or-later
"""The network layer of EN 14908-1: who, to whom, in which domain."""

from dissectors.en14908.tpdu import APPLICATION
from dissectors.sources import DX, DX_EX
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
    Layer,
    Map,
    Payload,
    Severity,
    SizeOf,
    Switch,
)

BROADCAST, GROUP, SUBNET_NODE, UNIQUE_ID = range(4)
"""Address formats."""

VERSIONS = {0: "legacy", 1: "encapsulated IP", 2: "enhanced"}
PDU_TYPES = {0: "TPDU", 1: "SPDU", 2: "AuthPDU", 3: "APDU"}
ADDRESS_FORMATS = {0: "broadcast", 1: "group", 2: "subnet/node", 3: "unique ID"}
DOMAIN_LENGTHS = {0: 0, 1: 1, 2: 3, 3: 6}
IP_VERSIONS = {0: "IPv4", 1: "IPv6"}

addressed = F.version.among(0, 2)
"""The NPDU has addresses: version 1 encapsulates IP, version 3 is not defined."""
group_answer = addressed & (F.address_format == SUBNET_NODE) & (F.selector == 0)
"""Format 2b: an answer to a message that was sent to a group."""


SOURCE = DX_EX.at("lcs_network.c NPDU; LtPktInfo.cpp parsePktLayers2and3")


class NPDU(Layer, name="npdu", title="Network layer", source=SOURCE, protocol="LonTalk"):
    """Network PDU: addresses and domain. Version 1 is an IP packet in place of all that."""

    version = Bits(2, VERSIONS, doc="Protocol version; enhanced mode has 12-bit transaction numbers.")
    pdu_type = Bits(
        2, PDU_TYPES, label="PDU type", doc="What is enclosed; an APDU alone is the unacknowledged service."
    )
    address_format = Bits(2, ADDRESS_FORMATS, default=SUBNET_NODE)
    domain_length = Bits(
        2,
        {0: "0 bytes", 1: "1 byte", 2: "3 bytes", 3: "6 bytes"},
        auto=Map(SizeOf("domain"), {0: 0, 1: 1, 3: 2, 6: 3}, 0),
        doc="Code for the length of the domain ID.",
    )
    encapsulated_ip = Computed(
        (F.pdu_type << 4) | (F.address_format << 2) | F.domain_length,
        IP_VERSIONS,
        when=F.version == 1,
        label="Encapsulated IP",
        source=DX.at("ipv4_to_lon_udp.h LTV1_LINKHDR").one,
        doc="Which IP version follows; the low six bits of the first byte.",
    )
    src_subnet = U8(when=addressed, doc="Subnet of the sender; 0 with node 0: unconfigured or flexible domain.")
    selector = Bits(1, when=addressed, default=1, doc="0 only in the answer to a group message (address format 2b).")
    src_node = Bits(7, when=addressed, doc="Node of the sender, 0 if unconfigured.")
    dst_subnet = U8(
        when=addressed & (F.address_format != GROUP),
        doc="Subnet addressed; 0 in a broadcast is the whole domain, with a unique ID it is for routers only.",
    )
    dst_group = U8(when=addressed & (F.address_format == GROUP), doc="Group addressed.")
    dst_selector = Bits(
        1, when=addressed & (F.address_format == SUBNET_NODE), default=1, doc="Sent as 1, to be ignored."
    )
    dst_node = Bits(7, when=addressed & (F.address_format == SUBNET_NODE), doc="Node addressed.")
    group = U8(when=group_answer, doc="The group whose message this answers.")
    member = U8(when=group_answer, doc="Number of the answering node in that group.")
    neuron_id = Bytes(
        6,
        when=addressed & (F.address_format == UNIQUE_ID),
        show="neuron_id",
        label="Neuron ID",
        doc="Unique ID of the node addressed.",
    )
    domain = Bytes(
        Map(F.domain_length, DOMAIN_LENGTHS),
        when=addressed,
        doc="Domain ID; empty for service pin messages and management of unconfigured nodes.",
    )
    pdu = Payload(
        Cases(
            (
                Case(F.version == 1, Switch(F.encapsulated_ip, {0: "IPv4", 1: "IPv6"})),
                Case(addressed, Switch(F.pdu_type, {0: "TPDU", 1: "SPDU", 2: "AuthPDU", 3: APPLICATION})),
            )
        ),
        label="PDU",
        doc="The enclosed PDU.",
    )

    checks = (
        Check(
            "version_undefined",
            F.version == 3,
            Severity.ERROR,
            Group.PROTOCOL,
            "NPDU version 3 is not defined: addresses and contents are not read",
            "version",
        ),
        Check(
            "selector",
            addressed & (F.selector == 0) & (F.address_format != SUBNET_NODE),
            Severity.WARN,
            Group.PROTOCOL,
            "the selector bit is 0, which is for answers to group messages (format 2b) only",
            "selector",
        ),
    )

    source_address = ((addressed, "{src_subnet}/{src_node}"), (None, ""))
    destination_address = (
        (addressed & (F.address_format == BROADCAST) & (F.dst_subnet == 0), "broadcast"),
        (addressed & (F.address_format == BROADCAST), "subnet {dst_subnet}"),
        (addressed & (F.address_format == GROUP), "group {dst_group}"),
        (group_answer, "{dst_subnet}/{dst_node} (group {group} member {member})"),
        (addressed & (F.address_format == SUBNET_NODE), "{dst_subnet}/{dst_node}"),
        (addressed & (F.address_format == UNIQUE_ID), "{neuron_id}"),
        (None, ""),
    )
