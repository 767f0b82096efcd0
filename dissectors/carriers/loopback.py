# SPDX-License-Identifier: GPL-2.0-or-later
"""Loopback interfaces of the BSDs and macOS."""

from dissectors.sources import PCAP
from osgp_analyzer.schema import U32, Computed, F, If, Known, Layer, Not, Payload, Peek, Switch

FAMILIES = {2: "IPv4", 7: "OSI", 10: "IPv6 (Linux)", 23: "IPX", 24: "IPv6 (NetBSD, OpenBSD)", 28: "IPv6 (FreeBSD)",
            30: "IPv6 (macOS)"}  # fmt: skip
"""Address families; every system has its own number for IPv6."""

UPPER = Switch(F.family, {2: "IPv4", 10: "IPv6", 24: "IPv6", 28: "IPv6", 30: "IPv6"})


class LoopbackNull(Layer, name="null", title="Loopback", source=PCAP.at("LINKTYPE_NULL"), protocol="Loopback"):
    """Loopback header of the BSDs: four bytes in the byte order of the machine that captured. Families are small
    numbers, so the byte that is not zero tells the order."""

    family_little = U32(
        order="little",
        when=Peek(0) != 0,
        label="Address family, little-endian",
        doc="The address family as a little-endian machine wrote it.",
    )
    family_big = U32(
        when=Not(Known(F.family_little)),
        label="Address family, big-endian",
        default=2,
        doc="The address family as a big-endian machine wrote it.",
    )
    family = Computed(
        If(Known(F.family_little), F.family_little, F.family_big),
        FAMILIES,
        label="Address family",
        doc="What is enclosed.",
    )
    packet = Payload(UPPER, doc="The enclosed packet.")

    info = "{family}"


class LoopbackLoop(Layer, name="loop", title="Loopback", source=PCAP.at("LINKTYPE_LOOP"), protocol="Loopback"):
    """Loopback header of OpenBSD: the same in network byte order."""

    family = U32(FAMILIES, label="Address family", default=2, doc="What is enclosed.")
    packet = Payload(UPPER, doc="The enclosed packet.")

    info = "{family}"
