# SPDX-License-Identifier: GPL-2.0-or-later
"""LonTalk Enhanced Proxy: a message carried from node to node by an address list that shrinks at every hop."""

from dissectors.en14908.management.codes import LONG_TIMERS, SERVICES, TRANSMIT_TIMERS
from dissectors.en14908.tpdu import APPLICATION
from dissectors.sources import DX_EX
from osgp_analyzer.schema import (
    U8,
    Again,
    Array,
    Bits,
    Bytes,
    Check,
    Computed,
    Expr,
    F,
    Group,
    If,
    Known,
    Label,
    Layer,
    Not,
    Outer,
    Payload,
    Request,
    Severity,
)

MODES = {0: "normal", 1: "zero-crossing sync", 2: "alternate key", 3: "attenuate"}
TARGET_TYPES = {
    0: "group",
    1: "subnet/node",
    2: "unique ID",
    3: "broadcast",
    4: "group, compact",
    5: "node in the source's subnet",
    6: "unique ID, compact",
    7: "node in the agent's subnet",
}
TARGET_NODE, TARGET_NEURON_ID = (1,), (2, 6)
"""Target types that name a node by its whole address, and by its Neuron ID."""
TARGET_FIELDS = ("ltep.target_type", "ltep.target_subnet", "ltep.target_node", "ltep.target_neuron_id")
"""Fields that tell whom the message is for."""
PATHS = {0: "normal", 1: "alternate"}

SOURCE = DX_EX.at("lcs_proxy.c/.h; Stack/proxyint.h, LtProxy.cpp")
uniform = (Outer("ltep.uniform_by_dest") == 1) | (Outer("ltep.uniform_by_src") == 1)
relayed = F.count > 0
alternate_key = F.mode == 2


def _is(subnet: str, node: str) -> Expr:
    """The address of a repeater is that one, as far as it is there."""
    return (Not(Known(F.subnet)) | (F.subnet == Outer(subnet))) & (F.node == Outer(node))


class HopAddress(Layer, name="ltep.hop", title="Repeater", source=SOURCE):
    """One repeater still to be passed; in a uniform list without its subnet."""

    subnet = U8(when=Not(uniform))
    path = Bits(1, PATHS, doc="Which carrier leads to it.")
    node = Bits(7)
    checks = (
        Check("no_node", F.node == 0, Severity.WARN, Group.PROTOCOL, "no node has the number 0", "node"),
        Check(
            "back_to_receiver",
            _is("npdu.dst_subnet", "npdu.dst_node"),
            Severity.WARN,
            Group.PROTOCOL,
            "the list leads back to the node that the message is for",
            "node",
        ),
        Check(
            "back_to_sender",
            _is("npdu.src_subnet", "npdu.src_node"),
            Severity.WARN,
            Group.PROTOCOL,
            "the list leads back to the node that the message comes from",
            "node",
        ),
        Check(
            "twice",
            Again(F.subnet, F.node),
            Severity.WARN,
            Group.PROTOCOL,
            "the list has this node twice: the route goes in a circle",
            "node",
        ),
    )


class LTEP(Layer, name="ltep", title="LonTalk Enhanced Proxy", source=SOURCE, protocol="LTEP"):
    """Proxied message. Each repeater passes it on to the first address and takes that off; the last node, the agent,
    sends the inner message to the target."""

    uniform_by_dest = Bits(
        1, label="Uniform by destination", doc="Addresses lack the subnet: it is that of the receiver."
    )
    long_timer = Bits(1, doc="Repeaters' timer codes count from 4096 ms.")
    all_agents = Bits(1, doc="Every repeater delivers to the target too.")
    uniform_by_src = Bits(1, label="Uniform by source", doc="Addresses lack the subnet: it is that of the source.")
    count = Bits(4, doc="Repeaters that follow; 0 at the agent.")
    hops = Array(HopAddress, F.count, doc="The repeaters still to come, next one first.")
    retries = Bits(4, when=relayed, doc="Retries of each repeater.")
    timer = Bits(
        4,
        TRANSMIT_TIMERS,
        when=relayed,
        labels=(Label(F.long_timer == 1, F.timer, LONG_TIMERS),),
        doc="Code of the repeaters' transmit timer; with the long timer 16 more.",
    )
    target_type = Bits(3, TARGET_TYPES)
    target_path = Bits(1, PATHS, doc="Carrier from the agent to the target.")
    service = Bits(2, SERVICES, doc="Service from the agent to the target.")
    mode = Bits(2, MODES)
    agent_retries = Bits(4, doc="Retries of the agent.")
    agent_timer = Bits(4, TRANSMIT_TIMERS, doc="Code of the agent's transmit timer.")
    key_reserved = Bits(6, when=alternate_key)
    key_type = Bits(2, {0: "standard (48 bit)", 1: "OMA (96 bit)"}, when=alternate_key)
    key_delta = Bytes(
        If(F.key_type == 1, 12, 6),
        when=alternate_key,
        doc="Added byte by byte to the agent's key: the key toward the target.",
    )
    target_group = U8(when=F.target_type.among(0, 4))
    target_group_size = U8(when=F.target_type == 0)
    target_subnet = U8(when=F.target_type.among(1, 2, 3))
    target_backlog = U8(when=F.target_type == 3)
    target_node_path = Bits(1, PATHS, when=F.target_type.among(1, 5, 7))
    target_node = Bits(7, when=F.target_type.among(1, 5, 7))
    target_neuron_id = Bytes(6, when=F.target_type.among(2, 6), show="neuron_id", label="Target Neuron ID")
    apdu = Payload(APPLICATION, label="APDU", doc="The message for the target.")

    checks = (
        Check(
            "uniform_twice",
            (F.uniform_by_dest == 1) & (F.uniform_by_src == 1),
            Severity.WARN,
            Group.PROTOCOL,
            "the list cannot be uniform by source and by destination",
            "uniform_by_src",
        ),
        Check(
            "key_undefined",
            alternate_key & ((F.key_reserved != 0) | (F.key_type > 1)),
            Severity.WARN,
            Group.PROTOCOL,
            "no such kind of key is defined: {key_reserved}, {key_type}",
            "key_reserved",
        ),
    )
    info = (
        (F.count == 0, "LTEP at the agent"),
        (None, "LTEP, hops to go: {count}"),
    )


class LTEPFailure(Layer, name="ltep.failure", title="LonTalk Enhanced Proxy failure", source=SOURCE, protocol="LTEP"):
    """The answer of the node that could not pass the message on."""

    hops_left = U8(doc="Repeater count in the message as the failing node got it; 0: the agent failed.")
    failed_hop = Computed(
        Request("ltep.count") + 2 - F.hops_left,
        when=Known(Request("ltep.count")) & (F.hops_left <= Request("ltep.count")),
        doc="The hop that failed, counted from who asked: 1 would be the request itself.",
    )
    checks = (
        Check(
            "more_hops",
            F.hops_left > Request("ltep.count"),
            Severity.WARN,
            Group.PROTOCOL,
            "{hops_left} hops to go are more than the request had",
            "hops_left",
        ),
    )
    info = "hops to go: {hops_left}"
