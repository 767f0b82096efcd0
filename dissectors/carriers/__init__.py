# SPDX-License-Identifier: GPL-2.0-or-later
"""What LON and OSGP come in: link layers of captures, IP and UDP, records of network interfaces, exported PDUs. And the
layer that a frame begins with, for each link type."""

from dissectors.carriers import ethernet, exported, ip, loopback, ni, sll, udp

LINK_TYPES: dict[int, str] = {
    0: "LoopbackNull",
    1: "EthernetII",
    12: "RawIP",
    14: "RawIP",
    101: "RawIP",
    108: "LoopbackLoop",
    113: "LinuxSLL",
    147: "LPDU",
    149: "NIRecord",
    150: "MEP",
    151: "Optical",
    228: "IPv4",
    229: "IPv6",
    252: "UpperPDU",
    276: "LinuxSLL2",
}
"""The layer that a frame of each link type begins with. 147 to 151 are for private use."""

DECODERS: dict[str, str] = {
    "lpdu": "LPDU",
    "apdu": "APDU",
    "npdu": "NPDU",
    "ni": "NIRecord",
    "ethernet": "EthernetII",
    "vlan": "VLAN",
    "sll": "LinuxSLL",
    "sll2": "LinuxSLL2",
    "ip": "RawIP",
    "ipv4": "IPv4",
    "ipv6": "IPv6",
    "udp": "UDP",
    "null": "LoopbackNull",
    "loopback": "LoopbackNull",
    "loop": "LoopbackLoop",
    "cnip": "CNIP",
    "lonudp": "LonUDP",
    "exported-pdu": "UpperPDU",
    "mep": "MEP",
    "optical": "Optical",
}
"""Names under which a user can choose the first layer of a link type or what a port carries, and the layers."""

TABLES = (udp.PORT_TABLE,)
"""What a user can choose layers for by number, beside link types."""

WIRESHARK = {
    "ipv4.src": "ip.src",
    "ipv4.dst": "ip.dst",
    "ipv6.src": "ipv6.src",
    "ipv6.dst": "ipv6.dst",
    "udp.dst_port": "udp.dstport",
}
"""What Wireshark calls the fields of IP and UDP that layers above them ask for."""

__all__ = [
    "DECODERS",
    "LINK_TYPES",
    "TABLES",
    "WIRESHARK",
    "ethernet",
    "exported",
    "ip",
    "loopback",
    "ni",
    "sll",
    "udp",
]
