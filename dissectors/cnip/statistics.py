# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics packets of CN/IP."""

from dissectors.cnip.packet import PACKETS
from osgp_analyzer.schema import U32, F, Known, Label, Layer, Not, Remaining, Time

NO_VALUE = {0xFFFFFFFF: "not supported", 0xFFFFFFFE: "overflow"}


class CnipStatistics(Layer, name="cnip.statistics", title="Statistics", source=PACKETS, protocol="CN/IP"):
    """Counters of a member: 30 of them. The first i.LON routers send 28, of which the last two differ."""

    seconds_since_reset = U32(
        unit="s",
        label="Seconds since reset",
        labels=(Label(F.seconds_since_reset >= 0xFFFFFFFE, F.seconds_since_reset, NO_VALUE),),
        doc="Time since the counters were cleared.",
    )
    reset_time = Time(
        "seconds_since_1900",
        label="Time of reset",
        labels=(Label(F.reset_time >= 0xFFFFFFFE, F.reset_time, NO_VALUE),),
        doc="When the counters were cleared.",
    )
    members = U32(
        label="Members",
        labels=(Label(F.members >= 0xFFFFFFFE, F.members, NO_VALUE),),
        doc="Members of the channel.",
    )
    active_members = U32(
        label="Active members",
        labels=(Label(F.active_members >= 0xFFFFFFFE, F.active_members, NO_VALUE),),
        doc="Members that answer.",
    )
    lon_packets_received = U32(
        label="LON packets received",
        labels=(Label(F.lon_packets_received >= 0xFFFFFFFE, F.lon_packets_received, NO_VALUE),),
        doc="Packets from the LON side.",
    )
    lon_packets_discarded = U32(
        label="LON packets discarded",
        labels=(Label(F.lon_packets_discarded >= 0xFFFFFFFE, F.lon_packets_discarded, NO_VALUE),),
        doc="Packets from the LON side that did not have to be forwarded.",
    )
    lon_bytes_received = U32(
        unit="bytes",
        label="LON bytes received",
        labels=(Label(F.lon_bytes_received >= 0xFFFFFFFE, F.lon_bytes_received, NO_VALUE),),
        doc="Bytes from the LON side.",
    )
    lon_packets_sent = U32(
        label="LON packets sent",
        labels=(Label(F.lon_packets_sent >= 0xFFFFFFFE, F.lon_packets_sent, NO_VALUE),),
        doc="Packets to the LON side.",
    )
    lon_bytes_sent = U32(
        unit="bytes",
        label="LON bytes sent",
        labels=(Label(F.lon_bytes_sent >= 0xFFFFFFFE, F.lon_bytes_sent, NO_VALUE),),
        doc="Bytes to the LON side.",
    )
    ip_packets_sent = U32(
        label="IP packets sent",
        labels=(Label(F.ip_packets_sent >= 0xFFFFFFFE, F.ip_packets_sent, NO_VALUE),),
        doc="Datagrams sent.",
    )
    ip_bytes_sent = U32(
        unit="bytes",
        label="IP bytes sent",
        labels=(Label(F.ip_bytes_sent >= 0xFFFFFFFE, F.ip_bytes_sent, NO_VALUE),),
        doc="Bytes sent over IP.",
    )
    ip_packets_received = U32(
        label="IP packets received",
        labels=(Label(F.ip_packets_received >= 0xFFFFFFFE, F.ip_packets_received, NO_VALUE),),
        doc="Datagrams received.",
    )
    ip_bytes_received = U32(
        unit="bytes",
        label="IP bytes received",
        labels=(Label(F.ip_bytes_received >= 0xFFFFFFFE, F.ip_bytes_received, NO_VALUE),),
        doc="Bytes received over IP.",
    )
    ip_data_packets_sent = U32(
        label="IP data packets sent",
        labels=(Label(F.ip_data_packets_sent >= 0xFFFFFFFE, F.ip_data_packets_sent, NO_VALUE),),
        doc="Data packets sent over IP.",
    )
    ip_data_packets_received = U32(
        label="IP data packets received",
        labels=(Label(F.ip_data_packets_received >= 0xFFFFFFFE, F.ip_data_packets_received, NO_VALUE),),
        doc="Data packets received over IP.",
    )
    average_aggregation_sent = U32(
        label="Average aggregation sent",
        labels=(Label(F.average_aggregation_sent >= 0xFFFFFFFE, F.average_aggregation_sent, NO_VALUE),),
        doc="Packets in a datagram sent, on average; the unit is not known.",
    )
    average_aggregation_received = U32(
        label="Average aggregation received",
        labels=(Label(F.average_aggregation_received >= 0xFFFFFFFE, F.average_aggregation_received, NO_VALUE),),
        doc="Packets in a datagram received, on average; the unit is not known.",
    )
    udp_packets_sent = U32(
        label="UDP packets sent",
        labels=(Label(F.udp_packets_sent >= 0xFFFFFFFE, F.udp_packets_sent, NO_VALUE),),
        doc="Packets sent over UDP.",
    )
    tcp_packets_sent = U32(
        label="TCP packets sent",
        labels=(Label(F.tcp_packets_sent >= 0xFFFFFFFE, F.tcp_packets_sent, NO_VALUE),),
        doc="Packets sent over TCP.",
    )
    multicast_packets_sent = U32(
        label="Multicast packets sent",
        labels=(Label(F.multicast_packets_sent >= 0xFFFFFFFE, F.multicast_packets_sent, NO_VALUE),),
        doc="Packets sent to multicast addresses.",
    )
    stale_packets_dropped = U32(
        label="Stale packets dropped",
        labels=(Label(F.stale_packets_dropped >= 0xFFFFFFFE, F.stale_packets_dropped, NO_VALUE),),
        doc="Packets that came later than the channel timeout.",
    )
    tcp_connect_failures = U32(
        label="TCP connect failures",
        labels=(Label(F.tcp_connect_failures >= 0xFFFFFFFE, F.tcp_connect_failures, NO_VALUE),),
        doc="TCP connections that could not be made.",
    )
    tcp_members_failed = U32(
        label="TCP members failed",
        labels=(Label(F.tcp_members_failed >= 0xFFFFFFFE, F.tcp_members_failed, NO_VALUE),),
        doc="Members that cannot be reached over TCP.",
    )
    management_packets_sent = U32(
        label="Management packets sent",
        labels=(Label(F.management_packets_sent >= 0xFFFFFFFE, F.management_packets_sent, NO_VALUE),),
        doc="Management packets of the channel sent.",
    )
    management_packets_received = U32(
        label="Management packets received",
        labels=(Label(F.management_packets_received >= 0xFFFFFFFE, F.management_packets_received, NO_VALUE),),
        doc="Management packets of the channel received.",
    )
    configuration_changes = U32(
        label="Configuration changes",
        labels=(Label(F.configuration_changes >= 0xFFFFFFFE, F.configuration_changes, NO_VALUE),),
        doc="Changes of the configuration of the channel.",
    )
    average_udp_rate = U32(
        when=Remaining() == 8,
        label="Average UDP rate",
        labels=(Label(F.average_udp_rate >= 0xFFFFFFFE, F.average_udp_rate, NO_VALUE),),
        doc="Packets a second over UDP, on average.",
    )
    average_tcp_rate = U32(
        when=Known(F.average_udp_rate),
        label="Average TCP rate",
        labels=(Label(F.average_tcp_rate >= 0xFFFFFFFE, F.average_tcp_rate, NO_VALUE),),
        doc="Packets a second over TCP, on average.",
    )
    average_udp_rate_sent = U32(
        when=Not(Known(F.average_udp_rate)),
        label="Average UDP rate sent",
        labels=(Label(F.average_udp_rate_sent >= 0xFFFFFFFE, F.average_udp_rate_sent, NO_VALUE),),
        doc="Packets a second sent over UDP, on average.",
    )
    average_udp_rate_received = U32(
        when=Not(Known(F.average_udp_rate)),
        label="Average UDP rate received",
        labels=(Label(F.average_udp_rate_received >= 0xFFFFFFFE, F.average_udp_rate_received, NO_VALUE),),
        doc="Packets a second received over UDP, on average.",
    )
    average_tcp_rate_sent = U32(
        when=Not(Known(F.average_udp_rate)),
        label="Average TCP rate sent",
        labels=(Label(F.average_tcp_rate_sent >= 0xFFFFFFFE, F.average_tcp_rate_sent, NO_VALUE),),
        doc="Packets a second sent over TCP, on average.",
    )
    average_tcp_rate_received = U32(
        when=Not(Known(F.average_udp_rate)),
        label="Average TCP rate received",
        labels=(Label(F.average_tcp_rate_received >= 0xFFFFFFFE, F.average_tcp_rate_received, NO_VALUE),),
        doc="Packets a second received over TCP, on average.",
    )

    info = "{lon_packets_received} LON packets received, {lon_packets_sent} sent"
