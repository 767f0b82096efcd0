# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux cooked captures: what libpcap makes of interfaces that it does not know, such as LON network interfaces."""

from dissectors.carriers.ethernet import ETHERTYPES
from dissectors.sources import PCAP
from osgp_analyzer.schema import U8, U16, U32, Bytes, F, Layer, Payload, Switch

PACKET_TYPES = {
    0: "to us",
    1: "broadcast",
    2: "multicast",
    3: "to someone else",
    4: "sent by us",
}
SENT = 4

ARPHRD = {
    1: "Ethernet",
    512: "PPP",
    768: "IPIP tunnel",
    769: "IPv6 tunnel",
    772: "loopback",
    776: "SIT tunnel",
    778: "GRE tunnel",
    801: "IEEE 802.11",
    803: "IEEE 802.11 radiotap",
    0x0950: "LON network interface",
    0xFFFE: "none",
}

UPPER = Switch(
    F.protocol,
    {0x0800: "IPv4", 0x86DD: "IPv6", 0x8100: "VLAN", 0x88A8: "VLAN", 0x9100: "VLAN", 0x8950: "NIRecord"},
)


class LinuxSLL(Layer, name="sll", title="Linux cooked capture", source=PCAP.at("LINKTYPE_LINUX_SLL"), protocol="SLL"):
    """Header that libpcap writes in place of the link layer, version 1. A lonN device gives protocol 0x8950."""

    packet_type = U16(PACKET_TYPES, doc="Direction, and whom the packet was for.")
    arphrd = U16(ARPHRD, label="ARPHRD type", doc="Kind of device; 0x0950 is a LON network interface.")
    address_length = U16(unit="bytes", doc="Length of the link-layer address; only its first 8 bytes are kept.")
    address = Bytes(8, doc="Link-layer address of the sender, filled with zeros; of a lonN device its Neuron ID.")
    protocol = U16(ETHERTYPES, show="hex", default=0x0800, doc="What is enclosed, as an Ethernet type.")
    packet = Payload(UPPER, doc="The enclosed packet.")

    info = "{packet_type}, {protocol}"
    source_address = "{address}"


class LinuxSLL2(
    Layer, name="sll2", title="Linux cooked capture v2", source=PCAP.at("LINKTYPE_LINUX_SLL2"), protocol="SLL"
):
    """Header that libpcap writes in place of the link layer, version 2: it says which interface it was."""

    protocol = U16(ETHERTYPES, show="hex", default=0x0800, doc="What is enclosed, as an Ethernet type.")
    reserved = U16(doc="0.")
    interface_index = U32(doc="Number of the interface on the capturing machine.")
    arphrd = U16(ARPHRD, label="ARPHRD type", doc="Kind of device; 0x0950 is a LON network interface.")
    packet_type = U8(PACKET_TYPES, doc="Direction, and whom the packet was for.")
    address_length = U8(unit="bytes", doc="Length of the link-layer address; only its first 8 bytes are kept.")
    address = Bytes(8, doc="Link-layer address of the sender, filled with zeros; of a lonN device its Neuron ID.")
    packet = Payload(UPPER, doc="The enclosed packet.")

    info = "{packet_type}, interface {interface_index}, {protocol}"
    source_address = "{address}"
