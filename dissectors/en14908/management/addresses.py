# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of the domain and address tables."""

from typing import ClassVar

from dissectors.en14908.management.codes import ADDRESS_TYPES, AUTH_TYPES, RECEIVE_TIMERS, TRANSMIT_TIMERS, YES_NO
from dissectors.sources import DX, DX_EX, EX
from osgp_analyzer.schema import (
    U8,
    Bits,
    Bytes,
    Call,
    Check,
    Computed,
    F,
    Group,
    Layer,
    Not,
    Remaining,
    Severity,
    SizeOf,
    Template,
)


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
