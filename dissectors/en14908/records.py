# SPDX-License-Identifier: GPL-2.0-or-later
"""Records that several management and diagnostic commands carry: table entries, identification, status."""

from typing import ClassVar

from dissectors.sources import DX, DX_EX, EX
from osgp_analyzer.schema import (
    U8,
    U16,
    Bits,
    Bytes,
    Call,
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
    SizeOf,
    Template,
)


def _timer_codes(first: int) -> dict[int, str]:
    """Doubling every second code, one and a half times as long in between."""
    return {code: f"{(first << code // 2) * (3 if code % 2 else 2) // 2} ms" for code in range(16)}


TRANSMIT_TIMERS = _timer_codes(16)
"""Codes of the transmit and the repeat timer."""
RECEIVE_TIMERS = _timer_codes(128)
YES_NO = {0: "no", 1: "yes"}
SERVICES = {0: "ACKD", 1: "UNACKD_RPT", 2: "UNACKD", 3: "REQUEST"}
DIRECTIONS = {0: "input", 1: "output"}
AUTH_TYPES = {0: "standard (48 bit)", 1: "OMA (96 bit)", 2: "reserved", 3: "standard (48 bit)"}
ADDRESS_TYPES = {
    0: "unassigned",
    1: "subnet/node",
    2: "unique ID",
    3: "broadcast",
    0x23: "broadcast group",
    0x7F: "local",
}
NODE_STATES = {
    0: "invalid (0)",
    1: "invalid (1)",
    2: "unconfigured, with application",
    3: "unconfigured, applicationless",
    4: "configured, online",
    5: "invalid (5)",
    6: "configured, hard offline",
    7: "invalid (7)",
    0x0C: "configured, soft offline",
    0x8C: "configured, bypass",
}
RESET_CAUSES = {0: "cleared", 1: "power-up", 2: "external", 0x0C: "watchdog", 0x14: "software"}
ERRORS = {
    0: "none",
    **dict.fromkeys(range(1, 129), "application error"),
    129: "bad event",
    130: "NV length mismatch",
    131: "NV message too short",
    132: "EEPROM write failure",
    133: "bad address type",
    134: "preemption mode timeout",
    135: "already preempted",
    136: "synchronous NV update lost",
    137: "invalid response allocation",
    138: "invalid domain",
    139: "read past end of message",
    140: "write past end of message",
    141: "invalid address table index",
    142: "incomplete message",
    143: "NV update on output NV",
    144: "no message available",
    145: "illegal send",
    146: "unknown PDU",
    147: "invalid NV index",
    148: "divide by zero",
    149: "invalid application error",
    150: "memory allocation failure",
    151: "write past end of network buffer",
    152: "application checksum error",
    153: "configuration checksum error",
    154: "invalid transceiver register address",
    155: "transceiver register timeout",
    156: "write past end of application buffer",
    157: "I/O ready",
    158: "self test failed",
    159: "subnet partition",
    160: "authentication mismatch",
    161: "self-installation semaphore set",
    162: "read/write semaphore set",
    163: "application signature bad",
    164: "router firmware version mismatch",
    166: "invalid buffer size",
    167: "invalid firmware image",
    168: "invalid group size",
    169: "invalid NV length",
    170: "invalid packet length",
    171: "invalid selector",
    172: "invalid self-documentation",
    173: "invalid timer",
    174: "no selectors available",
    175: "no space in configuration table",
    176: "reset failed",
    177: "unexpected timer expiration",
    178: "receive record not available",
}
MODELS = {
    0: "3150",
    1: "PL 3150",
    2: "3150L",
    8: "3120",
    9: "3120E1",
    10: "3120E2",
    11: "3120E3",
    12: "3120A20",
    13: "3120E5",
    14: "3120E4",
    15: "PL 3120-E4",
    16: "3120L8",
    17: "PL 3170",
    32: "FT 5000",
    33: "Neuron 5000",
    36: "FT 6050",
    37: "Neuron 6050",
    38: "FT 6010",
    39: "Neuron 6010",
    0x70: "LON Stack DX",
    0x72: "LON Stack EX",
    0x80: "generic",
    0xA8: "LON Stack DX, default build",
}
"""Architectures, by the number in the read-only structure."""


class Identification(
    Layer, name="identification", title="Identification", source=DX_EX.at("lon_types.h; LtNetworkManager.cpp")
):
    """The two numbers by which a node tells what it is: its own, and that of its program."""

    neuron_id = Bytes(6, show="neuron_id", label="Neuron ID", doc="Unique ID of the node.")
    program_id = Bytes(
        8,
        show="hex",
        label="Program ID",
        doc="Tells the application: nodes with the same one have the same interface.",
    )

    info = "{neuron_id} program {program_id}"


class NodeStatus(
    Layer,
    name="node_status",
    title="Node status",
    source=DX_EX.at("lcs_netmgmt.h NDQueryStat; LtNetworkManager.cpp"),
):
    """Error counts since the last clear, why the node was reset last, and what state it is in."""

    transmit_errors = U16(doc="Packets received with a wrong CRC: transmission errors on the channel.")
    transaction_timeouts = U16(doc="Messages for which the node did not get all answers.")
    receive_transactions_full = U16(doc="Incoming messages lost because no receive transaction record was free.")
    lost_messages = U16(doc="Messages for this node lost for lack of an application buffer.")
    missed_messages = U16(doc="Packets on the channel lost for lack of a network buffer.")
    reset_cause = U8(values=RESET_CAUSES, show="hex")
    node_state = U8(values=NODE_STATES, show="hex", source=DX.at("lon_types.h IzotNodeState"))
    version = U8(doc="Firmware version.")
    error_log = U8(
        values=ERRORS,
        label="Last error",
        source=DX.at("lon_types.h LonStatusCode").one,
        doc="The error logged last.",
    )
    model = U8(
        values=MODELS,
        show="hex",
        source=DX.at("lon_types.h LonArchitecture").one,
        doc="Chip or stack of the node.",
    )

    info = "{node_state}, last error {error_log}, reset {reset_cause}"


class TransceiverRegisters(
    Layer,
    name="transceiver",
    title="Transceiver registers",
    source=DX_EX.at("HandleNDTransceiverStatus; fetchXcvrStatus"),
):
    """The seven status registers of a special-purpose mode transceiver. Their meaning is the transceiver's own."""

    register_1 = U8(show="hex")
    register_2 = U8(show="hex")
    register_3 = U8(
        show="hex",
        source=EX.at("LtNetworkManagerLit.h LT_PLC_REG_STATUS").inferred,
        doc="Power line: status.",
    )
    register_4 = U8(
        show="hex",
        source=EX.at("LtNetworkManagerLit.h LT_PLC_REG_PRIMARY").inferred,
        doc="Power line: signal on the primary carrier.",
    )
    register_5 = U8(
        show="hex",
        source=EX.at("LtNetworkManagerLit.h LT_PLC_REG_SECONDARY").inferred,
        doc="Power line: signal on the secondary carrier.",
    )
    register_6 = U8(show="hex")
    register_7 = U8(show="hex")

    info = "{register_1} {register_2} {register_3} {register_4} {register_5} {register_6} {register_7}"


class KeylessDomain(
    Layer,
    name="domain_record",
    title="Domain table entry",
    source=DX_EX.at("lon_types.h IzotDomain; LtDomainConfiguration.cpp"),
):
    """One entry of the domain table without its key: where the node is in that domain."""

    domain = Bytes(
        6,
        show="hex",
        doc="Domain ID, from the first byte on; as many bytes as the length says, the rest is not used.",
    )
    subnet = U8()
    non_clone = Bits(
        1, {0: "clone", 1: "normal"}, default=1, doc="0: several nodes may have this same subnet and node."
    )
    node = Bits(7)
    invalid = Bits(1, YES_NO, doc="1: this entry of the table is not in use.")
    enhanced_mode = Bits(1, YES_NO, label="LS enhanced mode", source=DX.at("lon_types.h IZOT_LS_MODE").one)
    dhcp = Bits(
        1,
        YES_NO,
        label="DHCP",
        source=DX.at("lon_types.h IZOT_DHCP_FLAG").one,
        doc="The IP address is not derived from subnet and node.",
    )
    auth_type = Bits(2, AUTH_TYPES, label="Authentication type")
    domain_length = Bits(3, unit="bytes", auto=SizeOf("domain"), doc="Length of the domain ID: 0, 1, 3 or 6.")
    domain_id = Computed(
        Call("slice", F.domain, 0, F.domain_length),
        label="Domain ID",
        show="hex",
        doc="The bytes that count.",
    )

    checks = (
        Check(
            "domain_length",
            (F.invalid == 0) & Not(F.domain_length.among(0, 1, 3, 6)),
            Severity.WARN,
            Group.PROTOCOL,
            "a domain ID has 0, 1, 3 or 6 bytes, not {domain_length}",
            "domain_length",
        ),
    )
    info = ((F.invalid == 1, "not in use"), (None, "{subnet}/{node} in domain {domain_id}"))


class DomainRecord(KeylessDomain):
    """One entry of the domain table: where the node is in that domain, and the key for authentication."""

    key = Bytes(6, doc="Authentication key; with OMA one half of it, the other is in the other entry.")


class AddressEntry(
    Layer,
    name="address",
    title="Address table entry",
    source=DX_EX.at("lon_types.h IzotAddress; LtAddressConfiguration.cpp"),
):
    """A destination for messages, with its timers: a group, a node, a broadcast, or none."""

    is_group = Bits(1, YES_NO, label="Group", doc="1: a group that the node is a member of.")
    group_size = Bits(7, when=F.is_group == 1, doc="Members of the group; 0: an open group, which does not answer.")
    type = Bits(7, ADDRESS_TYPES, when=F.is_group == 0, show="hex")
    turnaround = U8(
        when=(F.is_group == 0) & (F.type == 0),
        values={0: "not in use", 1: "turnaround"},
        doc="Turnaround: connections within the node.",
    )
    domain_index = Bits(1, when=(F.is_group == 1) | (F.type != 0), doc="Entry of the domain table.")
    member = Bits(7, when=F.is_group == 1, doc="Number of the node in the group.")
    node = Bits(7, when=(F.is_group == 0) & (F.type == 1))
    reserved = Bits(1, when=(F.is_group == 0) & F.type.among(3, 0x23))
    backlog = Bits(6, when=(F.is_group == 0) & F.type.among(3, 0x23), doc="Expected number of answers; 0: not known.")
    unused = Bits(7, when=(F.is_group == 0) & Not(F.type.among(0, 1, 3, 0x23)))
    repeat_timer = Bits(4, TRANSMIT_TIMERS, doc="Time between repetitions of a repeated message.")
    retries = Bits(4, doc="Times that a message is sent again.")
    receive_timer = Bits(
        4,
        RECEIVE_TIMERS,
        when=(F.is_group == 1) | Not(F.type.among(3, 0x23)),
        doc="How long a receiver remembers a message; of groups only.",
    )
    max_responses = Bits(
        4,
        when=(F.is_group == 0) & F.type.among(3, 0x23),
        source=EX.at("LtAddressConfiguration.cpp").one,
        doc="Answers wanted to a broadcast request, in the low three bits; 0 in the other implementation.",
    )
    transmit_timer = Bits(4, TRANSMIT_TIMERS, doc="Time to wait for an answer before trying again.")
    group = U8(when=F.is_group == 1)
    subnet = U8(
        when=(F.is_group == 0) & ((F.type != 0) | (Remaining() > 0)),
        doc="Subnet; of a unique ID the way there, of a broadcast 0 for the whole domain. Not used if unassigned.",
    )

    info: ClassVar[Template] = (
        (F.is_group == 1, "group {group} member {member} of {group_size}"),
        (F.type == 0, "{turnaround}"),
        (F.type == 1, "{subnet}/{node}"),
        (None, "{type}, subnet {subnet}"),
    )


class ProxyAddress(AddressEntry):
    """Where a message goes: as an entry of the address table, or by unique ID."""

    neuron_id = Bytes(
        6,
        when=(F.is_group == 0) & (F.type == 2),
        show="neuron_id",
        label="Neuron ID",
        doc="Unique ID of the node addressed.",
    )

    info = ((F.type == 2, "{neuron_id}"), *AddressEntry.info)


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
