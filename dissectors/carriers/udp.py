# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP, and which ports carry LON."""

from dissectors.sources import IETF
from osgp_analyzer.schema import U16, Check, F, Group, If, Layer, Payload, Remaining, Severity, SizeOf, Switch

CNIP_PORTS = {1628: "CNIP", 1629: "CNIP"}
"""Data, and configuration server or urgent; both can be configured otherwise."""
LON_UDP_PORT = 2541
PORTS = {**CNIP_PORTS, LON_UDP_PORT: "LonUDP"}
PORT_TABLE = "udp.port"
"""Under this name users choose what other ports carry."""


class UDP(Layer, name="udp", title="UDP", source=IETF.at("RFC 768"), protocol="UDP"):
    """User datagram. Ports 1628 and 1629 are CN/IP, 2541 is LON/UDP; either port decides, the destination
    first. Users choose what other ports carry."""

    src_port = U16(default=1628, doc="Port of the sender.")
    dst_port = U16(default=1628, doc="Port that the datagram is for.")
    length = U16(auto=SizeOf("payload") + 8, unit="bytes", doc="Length of this header and the data.")
    checksum = U16(show="hex", doc="Checksum over a pseudo header and the datagram; 0 is none. It is not checked here.")
    data = Payload(
        Switch(F.dst_port, PORTS, Switch(F.src_port, PORTS, table=PORT_TABLE), table=PORT_TABLE),
        length=If(F.length >= 8, F.length - 8, Remaining()),
        required=False,
        doc="The enclosed message.",
    )

    checks = (
        Check(
            "length_short",
            (F.length < 8) & (F.length != 0),
            Severity.ERROR,
            Group.MALFORMED,
            "the length {length} is less than the header: all that is there is taken for data",
            "length",
        ),
    )
    info = "port {src_port} to {dst_port}, {length}"
