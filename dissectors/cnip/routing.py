# SPDX-License-Identifier: GPL-2.0-or-later
"""Channel routing packets of CN/IP: which LON addresses are behind a member."""

from dissectors.cnip.control import IP_FLAGS, LON_FLAGS, NODE_TYPES, ROUTER_TYPES
from dissectors.cnip.packet import PACKETS
from osgp_analyzer.schema import (
    U8,
    U16,
    Array,
    BitSet,
    Bytes,
    Check,
    F,
    Flags,
    Group,
    Layer,
    Severity,
    SizeOf,
    Time,
)


class CnipSubnetNode(Layer, name="cnip.subnet_node", title="Node address", source=PACKETS):
    """A LON address of the member, in one of its domains and of one of its unique IDs."""

    subnet = U8(doc="Subnet number.")
    node = U8(doc="Node number.")
    domain_index = U16(doc="Which of the domains below.")
    unique_id_index = U16(label="Unique ID index", doc="Which of the unique IDs above.")

    info = "{subnet}/{node}"


class CnipDomain(Layer, name="cnip.domain", title="Domain", source=PACKETS):
    """A domain, and the subnets and groups in it that the member forwards."""

    subnets = BitSet(32, doc="Subnets that can be reached through the member.")
    groups = BitSet(32, doc="Groups that can be reached through the member.")
    length = U8(default=1, unit="bytes", label="Domain length", doc="Length of the domain ID.")
    reserved = U8(doc="0.")
    id = Bytes(6, label="Domain ID", doc="The domain ID, filled with bytes that do not count.")

    info = "domain {id}"


class CnipRouting(Layer, name="cnip.routing", title="Channel routing", source=PACKETS, protocol="CN/IP"):
    """What a member forwards: its unique IDs, node addresses, and masks of subnets and groups for each domain."""

    date_time = Time("seconds_since_1900", label="Date and time", doc="Version of this packet.")
    multicast_port = U16(default=1628, doc="UDP port for multicast.")
    unicast_port = U16(default=1628, doc="UDP port of the member.")
    multicast_ip = Bytes(4, show="ipv4", label="Multicast IP address", doc="Multicast address, 0.0.0.0 for none.")
    unicast_ip = Bytes(4, show="ipv4", label="Unicast IP address", doc="Address of the member.")
    ip_flags = Flags(1, IP_FLAGS, label="IP protocols", doc="What the member can use.")
    router_type = U8(ROUTER_TYPES, doc="How a router forwards.")
    lon_flags = Flags(1, LON_FLAGS, label="LON flags", doc="What the member wants and can do.")
    node_type = U8(NODE_TYPES, doc="Kind of device.")
    unique_id_bytes = U16(
        auto=SizeOf("unique_ids") * 6, unit="bytes", label="Unique ID bytes", doc="Size of the unique IDs."
    )
    reserved = U16(doc="0.")
    subnet_node_bytes = U16(auto=SizeOf("subnet_nodes") * 6, unit="bytes", doc="Size of the node addresses.")
    domain_bytes = U16(auto=SizeOf("domains") * 72, unit="bytes", doc="Size of the domains.")
    unique_ids = Array(
        Bytes(6, show="neuron_id"),
        count=F.unique_id_bytes // 6,
        show="neuron_id",
        label="Unique IDs",
        doc="Unique IDs (Neuron IDs) of the member.",
    )
    subnet_nodes = Array(
        CnipSubnetNode, count=F.subnet_node_bytes // 6, label="Node addresses", doc="Its LON addresses."
    )
    domains = Array(CnipDomain, count=F.domain_bytes // 72, doc="Its domains.")

    checks = (
        Check(
            "sizes",
            (F.unique_id_bytes % 6 != 0) | (F.subnet_node_bytes % 6 != 0) | (F.domain_bytes % 72 != 0),
            Severity.WARN,
            Group.PROTOCOL,
            "the size of a list is no multiple of that of its elements",
            "unique_id_bytes",
        ),
    )
    info = "{node_type} {unicast_ip}:{unicast_port}"
