# SPDX-License-Identifier: GPL-2.0-or-later
"""How frames look where they are captured: LPDU with CRC, CN/IP and LON/UDP over Ethernet, or serial bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from osgp_analyzer.simulate.checksums import internet_checksum, lpdu_crc
from osgp_analyzer.simulate.clock import MS
from osgp_analyzer.simulate.layout import SECOND
from osgp_analyzer.simulate.lon import BROADCAST, GROUP, NODE, UNCONFIGURED, UNIQUE_ID, Lon

PLC_RATE, PREAMBLE = 3600, 35
"""Of a power line in the A band, in bit/s and bit times (PLT-22 guide); what error correction adds is not known."""
SERIAL_RATE = 9600


class Carrier(ABC):
    """A place to capture at; `link_type` as in pcapng."""

    link_type: ClassVar[int]
    fcs_length: ClassVar[int | None] = None
    rate: ClassVar[int | None] = None
    name: ClassVar[str]

    @abstractmethod
    def encode(self, frame: Lon | bytes, time: int) -> tuple[bytes, dict[str, Any]]:
        """The bytes of a record, and values that the carrier adds."""

    def airtime(self, frame: Lon | bytes) -> int:
        """How long a frame is on its line, in ns: on the power line also where it is captured on IP."""
        if isinstance(frame, bytes):
            return 10 * len(frame) * SECOND // SERIAL_RATE
        return (PREAMBLE + 8 * (len(frame.lpdu()) + 2)) * SECOND // PLC_RATE


class Lpdu(Carrier):
    """The power line itself, link type 147: LPDU with CRC."""

    link_type, fcs_length, rate, name = 147, 2, PLC_RATE, "plc"

    def encode(self, frame: Lon | bytes, time: int) -> tuple[bytes, dict[str, Any]]:
        assert isinstance(frame, Lon)
        data = frame.lpdu()
        crc = lpdu_crc(data)
        return data + crc, link_fields(frame) | {"lpdu.crc": int.from_bytes(crc, "big")}


def link_fields(frame: Lon) -> dict[str, Any]:
    """Values of the link layer."""
    return {
        "lpdu.priority": frame.priority,
        "lpdu.alt_path": frame.alt_path,
        "lpdu.delta_backlog": frame.backlog,
    }


def udp(source: bytes, target: bytes, port: int, payload: bytes, identification: int) -> bytes:
    """An Ethernet frame with an IPv4 UDP datagram, both ports the same; made-up station addresses, no UDP checksum."""
    multicast = b"\x01\x00\x5e" + bytes([target[1] & 0x7F]) + target[2:]
    ethernet = (multicast if target[0] >= 224 else b"\x02\x00" + target) + b"\x02\x00" + source + b"\x08\x00"
    total = 28 + len(payload)
    head = b"\x45\0" + total.to_bytes(2, "big") + (identification & 0xFFFF).to_bytes(2, "big") + b"\x40\0\x40\x11"
    checksum = internet_checksum(head + b"\0\0" + source + target)
    ports = port.to_bytes(2, "big")
    return b"".join(
        (
            ethernet,
            head,
            checksum,
            source,
            target,
            ports,
            ports,
            (8 + len(payload)).to_bytes(2, "big"),
            b"\0\0",
            payload,
        )
    )


class CnIp(Carrier):
    """CN/IP (en14908.md 9): a router on the power line and the concentrators, which are IP nodes."""

    link_type, name = 1, "cnip"
    PORT = 1628
    ROUTER = bytes((192, 168, 20, 2))

    def __init__(self, concentrators: Mapping[tuple[int, int, bytes], int]) -> None:
        self._hosts = {key: bytes((192, 168, 20, 10 + number)) for key, number in concentrators.items()}
        self._sequences: Counter[bytes] = Counter()

    def encode(self, frame: Lon | bytes, time: int) -> tuple[bytes, dict[str, Any]]:
        assert isinstance(frame, Lon)
        concentrator = next(iter(self._hosts.values()))
        source = self._host(frame, frame.source.subnet, frame.source.node) or self.ROUTER
        target = self.ROUTER
        if source == self.ROUTER:
            target = self._host(frame, frame.target.subnet, frame.target.node) or concentrator
        lpdu = frame.lpdu()
        crc = lpdu_crc(lpdu)
        fields = {
            "cnip.packet_length": 20 + len(lpdu) + 2,
            "cnip.version": 1,
            "cnip.type": 1,
            "cnip.session_id": 0x1000_0000 | source[3],
            "cnip.sequence": self._sequences[source],
            "cnip.timestamp": time // MS & 0xFFFFFFFF,
        }
        self._sequences[source] += 1
        packet = fields["cnip.packet_length"].to_bytes(2, "big") + bytes([1, 1, 0, 0, 0, 0])
        for name in ("session_id", "sequence", "timestamp"):
            packet += fields[f"cnip.{name}"].to_bytes(4, "big")
        data = udp(source, target, self.PORT, packet + lpdu + crc, fields["cnip.sequence"])
        return data, fields | link_fields(frame) | {"lpdu.crc": int.from_bytes(crc, "big")}

    def _host(self, frame: Lon, subnet: int, node: int) -> bytes | None:
        return self._hosts.get((subnet, node, frame.domain))


class LonUdp(Carrier):
    """LON/UDP (en14908.md 10): every node has an IP address of its own, 10.domain.subnet.node."""

    link_type, name = 1, "lonudp"
    PORT = 2541
    FORMATS: ClassVar = {GROUP: 4, NODE: 1, UNIQUE_ID: 6}

    def __init__(self) -> None:
        self._sent = 0

    def encode(self, frame: Lon | bytes, time: int) -> tuple[bytes, dict[str, Any]]:
        assert isinstance(frame, Lon)
        # Who has no address in a domain, or sends in none, sends with the arbitrary-source header.
        arbitrary = frame.source == UNCONFIGURED or len(frame.domain) != 1
        format = self._format(frame)
        payload = bytes([int(arbitrary), format << 4 | (frame.backlog > 0) << 3 | frame.priority << 2 | frame.pdu])
        if frame.backlog:
            payload += bytes([frame.alt_path << 6 | frame.backlog])
        if arbitrary:
            payload += bytes([frame.source.subnet, 0x80 | frame.source.node, len(frame.domain)]) + frame.domain
        address = frame.target.encode()
        payload += {3: address, 4: address, 5: address[2:], 6: address}.get(format, b"")
        self._sent += 1
        source = self._host(frame, frame.source.subnet, frame.source.node)
        if frame.target.format == NODE and frame.target != UNCONFIGURED:
            target = self._host(frame, frame.target.subnet, frame.target.node)
        elif frame.target.format == GROUP:
            target = bytes((239, 192, 1, frame.target.group or 0))
        else:
            target = bytes((239, 192, 0, frame.target.subnet))
        fields = {
            "lonudp.udp_version": 0,
            "lonudp.format": format,
            "lonudp.arbitrary_source": int(arbitrary),
            "lpdu.priority": frame.priority,
            "ipv4.src": source.hex(),
            "ipv4.dst": target.hex(),
        }
        data = udp(source, target, self.PORT, payload + frame.enclosed(), self._sent)
        return data, fields

    def _format(self, frame: Lon) -> int:
        if frame.target.format == BROADCAST:
            return 3 if frame.target.subnet else 2
        if frame.target.answers_group:
            return 5
        return self.FORMATS[frame.target.format]

    def _host(self, frame: Lon, subnet: int, node: int) -> bytes:
        return bytes((10, frame.domain[0] if len(frame.domain) == 1 else 0, subnet, node or 200))


class Serial(Carrier):
    """A serial line at 9600 bit/s, 10 bit times a byte; the frames are bytes already."""

    rate = SERIAL_RATE

    def encode(self, frame: Lon | bytes, time: int) -> tuple[bytes, dict[str, Any]]:
        assert isinstance(frame, bytes)
        return frame, {}


class Mep(Serial):
    """The MEP port, link type 150."""

    link_type, name = 150, "mep"


class Optical(Serial):
    """The optical port, link type 151."""

    link_type, name = 151, "optical"
