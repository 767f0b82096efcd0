# SPDX-License-Identifier: GPL-2.0-or-later
"""Ethernet and its VLAN tags."""

from dissectors.sources import PCAP
from osgp_analyzer.schema import (
    U16,
    Bits,
    Bytes,
    Case,
    Cases,
    Check,
    F,
    Group,
    Layer,
    Payload,
    Severity,
    Source,
    Switch,
)

IEEE = Source("IEEE 802")

ETHERTYPES = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x8100: "802.1Q VLAN",
    0x86DD: "IPv6",
    0x88A8: "802.1ad VLAN",
    0x8950: "LON network interface",
    0x9100: "VLAN, before 802.1ad",
}

UPPER = Switch(
    F.type,
    {0x0800: "IPv4", 0x86DD: "IPv6", 0x8100: "VLAN", 0x88A8: "VLAN", 0x9100: "VLAN", 0x8950: "NIRecord"},
)
ENCLOSED = Cases((Case(F.type < 0x0600, None),), UPPER)
"""Below 0x0600 the type is a length."""

IS_LENGTH = Check(
    "length_field",
    F.type < 0x0600,
    Severity.CHAT,
    Group.UNDECODED,
    "an IEEE 802.3 frame with a length in place of the type: such frames carry no LON and are not read further",
    "type",
)


class EthernetII(
    Layer, name="eth", title="Ethernet", source=PCAP.at("LINKTYPE_ETHERNET; IEEE 802.3"), protocol="Ethernet"
):
    """Ethernet frame. Short frames are padded to 60 bytes: what is behind the enclosed packet is padding."""

    dst = Bytes(6, show="mac", doc="Station or group that the frame is for.")
    src = Bytes(6, show="mac", doc="Station that sent it.")
    type = U16(
        ETHERTYPES,
        show="hex",
        default=0x0800,
        doc="What is enclosed; below 0x0600 the length of an 802.3 frame.",
    )
    packet = Payload(ENCLOSED, doc="The enclosed packet, and padding where that is short.")

    checks = (IS_LENGTH,)
    info = "{type}"
    source_address = "{src}"
    destination_address = "{dst}"


class VLAN(Layer, name="vlan", title="VLAN tag", source=IEEE.at("802.1Q"), protocol="VLAN"):
    """Tag of a virtual LAN. Tags can be stacked: the outer one is that of the provider (802.1ad)."""

    priority = Bits(3, label="Priority code point", doc="Class of service, 7 highest, 0 best effort.")
    drop_eligible = Bits(1, doc="1: may be dropped first when the network is congested.")
    id = Bits(12, label="VLAN ID", doc="Number of the virtual LAN; 0 is a priority tag only.")
    type = U16(
        ETHERTYPES,
        show="hex",
        default=0x0800,
        doc="What is enclosed; below 0x0600 the length of an 802.3 frame.",
    )
    packet = Payload(ENCLOSED, doc="The enclosed packet.")

    checks = (IS_LENGTH,)
    info = "VLAN {id}, {type}"
