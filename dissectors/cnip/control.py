# SPDX-License-Identifier: GPL-2.0-or-later
"""Management packets of CN/IP: registration, lists of members, requests and responses, segments."""

from dissectors.cnip.packet import PACKETS
from osgp_analyzer.schema import (
    U8,
    U16,
    U32,
    Array,
    Bits,
    Bytes,
    Case,
    Cases,
    Check,
    F,
    Flags,
    Group,
    Layer,
    Payload,
    Severity,
    SizeOf,
    Text,
    Time,
)

IP_FLAGS = {0: "UDP", 1: "TCP", 2: "multicast"}
ROUTER_TYPES = {0: "configured", 1: "learning", 2: "bridge", 3: "repeater"}
LON_FLAGS = {0: "all broadcasts", 1: "EIA-852 authentication"}
NODE_TYPES = {1: "LON/IP router", 2: "IP node", 3: "IP proxy", 4: "IP-IP router"}
RESPONSES = {
    0: "OK",
    1: "fixed, cannot be changed",
    2: "bad message",
    3: "cannot comply",
    4: "refused",
    5: "not supported",
}
REASONS = {0: "verify", 2: "all segments", 3: "move (copy and clear)"}


class CnipAddress(Layer, name="cnip.address", title="Address", source=PACKETS):
    """IP address and port of a member."""

    ip = Bytes(4, show="ipv4", label="IP address", doc="IPv4 address.")
    port = U16(default=1628, doc="UDP port.")
    reserved = U16(doc="0.")

    info = "{ip}:{port}"


class CnipMember(CnipAddress, name="cnip.member", title="Member"):
    """A member of the channel and the version of what it says of itself."""

    routing_time = Time("seconds_since_1900", doc="Version of its channel routing packet, as date and time.")


class CnipRegistration(Layer, name="cnip.registration", title="Device registration", source=PACKETS, protocol="CN/IP"):
    """What a device says of itself to the configuration server, and the server's answer of the same form."""

    date_time = Time("seconds_since_1900", label="Date and time", doc="Version of this packet.")
    ip_flags = Flags(1, IP_FLAGS, label="IP protocols", doc="What the device can use.")
    router_type = U8(ROUTER_TYPES, doc="How a router forwards.")
    lon_flags = Flags(1, LON_FLAGS, label="LON flags", doc="What the device wants and can do.")
    node_type = U8(NODE_TYPES, doc="Kind of device.")
    multicast_count = U8(auto=SizeOf("multicast"), doc="Number of multicast addresses.")
    reserved = U8(doc="0.")
    channel_timeout = U16(unit="ms", doc="Age at which a data packet is stale, 0 to 1500 ms.")
    unique_id_bytes = U16(
        auto=SizeOf("unique_ids") * 6, unit="bytes", label="Unique ID bytes", doc="Size of the unique IDs."
    )
    unicast_port = U16(default=1628, doc="UDP port of the device.")
    unicast_ip = Bytes(4, show="ipv4", label="Unicast IP address", doc="Address of the device.")
    membership_time = Time("seconds_since_1900", doc="Version of the channel membership that the device has.")
    send_list_time = Time("seconds_since_1900", doc="Version of the send list that the device has.")
    server_ip = Bytes(4, show="ipv4", label="Configuration server IP address", doc="Where the configuration server is.")
    time_server_ip = Bytes(4, show="ipv4", label="Time server IP address", doc="Where the (S)NTP server is.")
    time_server_2_ip = Bytes(
        4, show="ipv4", label="Second time server IP address", doc="Where the other (S)NTP server is."
    )
    server_port = U16(label="Configuration server port", doc="UDP port of the configuration server.")
    time_server_port = U16(doc="UDP port of the time server.")
    time_server_2_port = U16(label="Second time server port", doc="UDP port of the second time server.")
    reserved_2 = U16(label="Reserved", doc="0.")
    multicast = Array(
        CnipAddress, count=F.multicast_count, label="Multicast addresses", doc="Multicast addresses in use."
    )
    unique_ids = Array(
        Bytes(6, show="neuron_id"),
        count=F.unique_id_bytes // 6,
        show="neuron_id",
        label="Unique IDs",
        doc="Unique IDs (Neuron IDs) of the device.",
    )
    name_length = U8(auto=SizeOf("device_name"), unit="bytes", doc="Length of the name.")
    device_name = Text(F.name_length, doc="Name of the device.")

    checks = (
        Check(
            "unique_id_bytes",
            F.unique_id_bytes % 6 != 0,
            Severity.WARN,
            Group.PROTOCOL,
            "{unique_id_bytes} is no multiple of 6, the size of a unique ID",
            "unique_id_bytes",
        ),
    )
    info = "{node_type} {unicast_ip}:{unicast_port} {device_name}"


class CnipMembership(Layer, name="cnip.membership", title="Channel membership", source=PACKETS, protocol="CN/IP"):
    """The members of the channel, from the configuration server."""

    date_time = Time("seconds_since_1900", label="Date and time", doc="Version of this list.")
    send_list_time = Time("seconds_since_1900", doc="Version of the send list.")
    reserved = U32(doc="0; the first i.LON routers had the time of the device registration here.")
    count = U16(auto=SizeOf("members"), doc="Number of members.")
    reserved_2 = U16(label="Reserved", doc="0.")
    members = Array(CnipMember, count=F.count, doc="The members.")

    info = "{count} members"


class CnipSendList(Layer, name="cnip.send_list", title="Send list", source=PACKETS, protocol="CN/IP"):
    """The addresses, multicast or not, to which a device has to send its packets."""

    date_time = Time("seconds_since_1900", label="Date and time", doc="Version of this list.")
    count = U8(auto=SizeOf("addresses"), doc="Number of addresses.")
    reserved = U8(doc="0.")
    reserved_2 = U16(label="Reserved", doc="0.")
    addresses = Array(CnipAddress, count=F.count, doc="Where to send.")

    info = "{count} addresses"


class CnipOldSendList(Layer, name="cnip.old_send_list", title="Send list, old form", source=PACKETS, protocol="CN/IP"):
    """Send list of the first i.LON routers. Nothing marks it: it is told by the size of the body."""

    date_time = Time("seconds_since_1900", label="Date and time", doc="Version of this list.")
    multicast_bytes = U16(auto=SizeOf("multicast") * 8, unit="bytes", doc="Size of the multicast addresses.")
    unicast_bytes = U16(auto=SizeOf("unicast") * 4, unit="bytes", doc="Size of the unicast addresses.")
    unicast_port = U16(default=1628, doc="UDP port of all unicast addresses.")
    reserved = U16(doc="0.")
    multicast = Array(
        CnipAddress,
        count=F.multicast_bytes // 8,
        label="Multicast addresses",
        doc="Multicast groups to send to.",
    )
    unicast = Array(
        Bytes(4, show="ipv4"),
        count=F.unicast_bytes // 4,
        show="ipv4",
        label="Unicast addresses",
        doc="Single devices to send to.",
    )

    checks = (
        Check(
            "form",
            F.multicast_bytes >= 0,
            Severity.CHAT,
            Group.ASSUMPTION,
            "read in the form of the first i.LON routers, which the size of the body fits",
            "multicast_bytes",
        ),
    )


class CnipResponse(Layer, name="cnip.ack", title="Response", source=PACKETS, protocol="CN/IP"):
    """Answer to a management packet, or acknowledgement of a segment."""

    date_time = Time("seconds_since_1900", label="Date and time", doc="Version of the packet that this answers.")
    code = U8(RESPONSES, doc="How it went.")
    request_id = U16(doc="The number that the request had.")
    segment_id = U8(doc="The segment that this acknowledges.")

    info = "{code}, request {request_id}"


class CnipRequest(Layer, name="cnip.request", title="Request", source=PACKETS, protocol="CN/IP"):
    """Asks for statistics, device configuration, channel membership, send list or channel routing."""

    date_time = Time("seconds_since_1900", label="Date and time", doc="Version that the sender has.")
    reason = Flags(1, REASONS, doc="What to do: copy by default, one segment at a time.")
    request_id = U16(doc="Number of this request; answers repeat it.")
    segment_id = U8(doc="The segment asked for.")
    since = Time("seconds_since_1900", doc="Only what is newer.")
    unicast_ip = Bytes(4, show="ipv4", label="Unicast IP address", doc="The device that is asked about.")

    info = "request {request_id}, {unicast_ip}"


class CnipSegment(Layer, name="cnip.segment", title="Segment", source=PACKETS, protocol="CN/IP"):
    """A piece of a packet that is too large for a datagram."""

    date_time = Time("seconds_since_1900", label="Date and time", doc="Version of the whole packet.")
    valid = Bits(1, doc="1: the segment is there.")
    final = Bits(1, doc="1: the last segment.")
    reserved = Bits(6, doc="0.")
    request_id = U16(doc="The number that the request had.")
    segment_id = U8(doc="Number of this segment, from 0.")
    piece = Payload(
        Cases((Case((F.valid == 1) & (F.final == 1) & (F.segment_id == 0), "CnipPacket"),)),
        required=False,
        doc="Piece of a whole CN/IP packet, at most 492 bytes. Read where it is the only one.",
    )

    checks = (
        Check(
            "not_joined",
            (F.valid == 1) & ((F.final == 0) | (F.segment_id != 0)),
            Severity.NOTE,
            Group.UNDECODED,
            "one of several segments: they are not put together, so the packet in them is not read",
            "segment_id",
        ),
    )
    info = "segment {segment_id} of request {request_id}"
