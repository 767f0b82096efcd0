# SPDX-License-Identifier: GPL-2.0-or-later
"""What LON comes in: link layers of captures, IP and UDP, records of network interfaces, exported PDUs."""

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
    228: "IPv4",
    229: "IPv6",
    252: "UpperPDU",
    276: "LinuxSLL2",
}
"""The layer that a frame of each link type begins with. 147 and 149 are for private use: LON has no number."""

DECODERS: dict[str, str] = {
    "lpdu": "LPDU",
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
}
"""Names under which a user can choose the first layer of a link type, and the layers."""

__all__ = ["DECODERS", "LINK_TYPES", "ethernet", "exported", "ip", "loopback", "ni", "sll", "udp"]
