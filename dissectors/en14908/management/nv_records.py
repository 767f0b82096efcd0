# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of the network-variable and alias tables."""

from dissectors.en14908.management.codes import DIRECTIONS, SERVICES, YES_NO
from dissectors.sources import DX, DX_EX, EX
from osgp_analyzer.schema import (
    U8,
    U16,
    Bits,
    Check,
    Computed,
    F,
    Group,
    If,
    Known,
    Label,
    Layer,
    Not,
    Remaining,
    Severity,
)


class NVIndex(Layer, name="nv_index", title="NV index", source=DX_EX.at("HandleNMQueryNvCnfg; determineNvIndex")):
    """The number of a network variable, or after those of an alias: one byte, or 255 and two bytes."""

    short_index = U8(doc="Index up to 254; 255: the long index follows.")
    long_index = U16(when=F.short_index == 255)
    index = Computed(
        If(F.short_index == 255, F.long_index, F.short_index),
        label="NV index",
        doc="Aliases count on after the NVs.",
    )

    info = "{index}"


class NVConfig(
    Layer,
    name="nv_config",
    title="NV configuration",
    source=DX_EX.at("lcs_node.h NVStruct; LtNetworkVariableConfiguration"),
):
    """How a network variable is connected, and how it is sent."""

    priority = Bits(1, YES_NO)
    nv_direction = Bits(1, DIRECTIONS, label="Direction")
    selector = Bits(14, show="hex", doc="Which binding: 0 to 0x2FFF bound, 0x3000 to 0x3FFF not bound.")
    turnaround = Bits(1, YES_NO, doc="Connected to a network variable of the same node.")
    service = Bits(2, SERVICES)
    authenticated = Bits(1, YES_NO)
    address_index = Bits(
        4,
        labels=(Label(F.address_index == 15, F.address_index, {15: "none"}),),
        doc="Entry of the address table; 15: none.",
    )

    info = "selector {selector}, {nv_direction}, {service}, address {address_index}"


class AliasConfig(NVConfig, name="alias_config", title="Alias configuration"):
    """A further connection of a network variable: its configuration, and which variable it belongs to."""

    primary = U8(doc="Index of the primary network variable; 255: no such, or the host index follows.")
    host_primary = U16(
        when=(F.primary == 255) & (Remaining() > 0),
        labels=(Label(F.host_primary == 0xFFFF, F.host_primary, {0xFFFF: "none"}),),
        doc="Index of the primary network variable on the host; 0xFFFF: alias not in use.",
    )

    info = "alias of {primary}, selector {selector}, {nv_direction}"


class NVConfigEAT(NVConfig, name="nv_config_eat", title="NV configuration (extended address table)"):
    """How a network variable is connected, where the address table has more than 15 entries."""

    address_index = Bits(4, label="Address index, low")
    address_high = Bits(4, label="Address index, high")
    aes = Bits(1, YES_NO, label="AES", source=DX.at("lon_types.h IZOT_DATAPOINT_AES").one)
    reserved = Bits(3)
    address = Computed(
        (F.address_high << 4) | F.address_index,
        label="Address index",
        labels=(Label(F.address == 255, F.address, {255: "none"}),),
        doc="Entry of the address table; 255: none.",
    )

    info = "selector {selector}, {nv_direction}, {service}, address {address}"


class AliasConfigEAT(NVConfigEAT, name="alias_config_eat", title="Alias configuration (extended address table)"):
    """A further connection of a network variable, where the address table has more than 15 entries.

    The index of the primary has two bytes in one implementation, one in the other; the length tells which.
    """

    primary = U16(when=Remaining() >= 2, source=EX.at("processExpandedUpdateNetworkVariable").one)
    short_primary = U8(when=Remaining() == 1, source=DX.at("lon_types.h IzotAliasConfig").one)

    checks = (
        Check(
            "no_primary",
            Not(Known(F.primary) | Known(F.short_primary)),
            Severity.ERROR,
            Group.MALFORMED,
            "an alias needs the index of its primary network variable",
        ),
    )
    info = "alias, selector {selector}, {nv_direction}"
