# SPDX-License-Identifier: GPL-2.0-or-later
"""Sub-commands of 0x60 for IP-aware devices: addresses and subnets announced."""

from dissectors.en14908.management.expanded_records import SOURCE
from dissectors.sources import EX
from osgp_analyzer.schema import U8, U16, U32, BitSet, Bytes, Check, F, Group, Layer, Remaining, Severity

ANNOUNCE = EX.at("LtDeviceStack.cpp lsAddrMappingConfigToLonTalk").one


class SubnetsAnnouncement(
    Layer,
    name="nm.subnets_announcement",
    title="Subnets announcement",
    source=EX.at("LtNetworkManagerLit.h").one,
):
    """A router tells which subnets with derived IP addresses are behind it."""

    set = U8(label="Set flag", doc="1: the subnets are these; else they are taken away.")
    subnets = BitSet(32, msb_first=True)

    info = "{subnets}"


class AnnouncementParameters(
    Layer, name="nm.announcement_parameters", title="Announcement parameters", source=ANNOUNCE
):
    """How often a node announces its LS address, and how long such an announcement holds.

    One implementation leaves out the throttle when it answers.
    """

    announce_period = U32(unit="s", doc="Time between announcements; 0: none.")
    throttle = U16(when=Remaining() >= 6, doc="Least time between announcements; unit not known.")
    aging_period = U32(unit="s", doc="Time after which an announced address is forgotten.")

    info = "every {announce_period}, aging {aging_period}"


class IPAddressResponse(Layer, name="nm.query_ip_address_response", title="Query IP address response", source=SOURCE):
    """The IP address under which the node answered."""

    ipv4 = Bytes(4, when=Remaining() == 4, show="ipv4", label="IPv4 address")
    ipv6 = Bytes(16, when=Remaining() == 16, show="ipv6", label="IPv6 address")
    data = Bytes(when=Remaining() > 0, doc="Neither an IPv4 nor an IPv6 address.")

    checks = (
        Check(
            "layout",
            F.data != b"",
            Severity.WARN,
            Group.MALFORMED,
            "an IP address has 4 or 16 bytes",
            "data",
        ),
    )
    info = "{ipv4}{ipv6}"
