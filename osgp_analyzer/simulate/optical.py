# SPDX-License-Identifier: GPL-2.0-or-later
"""The optical port: sessions of ANSI C12.18 (interfaces.md 5; osgp.md 6.2; optical guide p.9-14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from osgp_analyzer.simulate.checksums import optical_crc, table_checksum
from osgp_analyzer.simulate.clock import MS, Frame, Sent
from osgp_analyzer.simulate.findings import plain
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import Reader, Talk

if TYPE_CHECKING:
    from osgp_analyzer.simulate.network import Network

ACK, NAK, WAKE_UP = b"\x06", b"\x15", b"\x55"
IDENTIFY, TERMINATE, LOGON, SECURITY, LOGOFF, NEGOTIATE = 0x20, 0x21, 0x50, 0x51, 0x52, 0x61
MULTI, FIRST, TOGGLE = 0x80, 0x40, 0x20
PACKET_SIZE, PACKETS, BAUD_9600 = 64, 16, 6
HEADER_AND_CRC = 8
SILENCE = 75 * MS
"""What a tap takes for the end of a record."""


def packet(data: bytes, control: int = 0, sequence: int = 0) -> bytes:
    """One packet: start, identity 0, control, how many packets follow, length, data, CRC."""
    head = bytes([0xEE, 0, control, sequence]) + len(data).to_bytes(2, "big")
    return head + data + optical_crc(head + data)


def packets(message: bytes, toggle: int, size: int = PACKET_SIZE) -> list[tuple[bytes, dict[str, Any]]]:
    """The packets of a message, no larger than `size` bytes, with the values of each; `toggle` is that of the first."""
    room = size - HEADER_AND_CRC
    parts = [message[i : i + room] for i in range(0, len(message), room)]
    made = []
    for i, part in enumerate(parts):
        several, left, own = len(parts) > 1, len(parts) - 1 - i, toggle ^ i & 1
        control = MULTI * several | FIRST * (several and not i) | TOGGLE * own
        data = packet(part, control, left)
        made.append(
            (
                data,
                {
                    "c1218.identity": 0,
                    "c1218.multi_packet": int(several),
                    "c1218.first": int(several and not i),
                    "c1218.toggle": own,
                    "c1218.sequence": left,
                    "c1218.length": len(part),
                    "c1218.crc": int.from_bytes(data[-2:], "little"),
                },
            )
        )
    return made


class OpticalReader(Reader):
    """A reader at the optical port of one meter; `ask` needs a session."""

    read_limit, write_limit = 512, 512
    called = "reader"

    def __init__(self, network: Network, meter: Meter, line: int) -> None:
        super().__init__(network, f"reader {line}", [meter], line)
        self._toggles = [0, 0]
        """Of the next packet of the reader, and of the meter."""
        self._waiting = b""
        """An acknowledgement that the reader has still to send in front of its next packet."""

    def ask(self, meter: Meter, request: Request, *, values: dict[str, Any] | None = None) -> Talk[Response | None]:
        """Ask the meter for a table service."""
        response = Response(0)

        def answer(time: int) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
            nonlocal response
            response = meter.answer(request, time)
            table = meter.layout(request, time) if response.data is not None else None
            covered = table.values(request.offset, request.count or None) if table else {}
            checksum = b"" if response.data is None else table_checksum(response.data)
            found = response.fields(request) | ({"c1218.checksum": checksum[0]} if checksum else {})
            return response.body(checksum), found, covered

        checksum = b"" if request.reads else table_checksum(request.data)
        fields = request.fields() | ({"c1218.checksum": checksum[0]} if checksum else {})
        yield from self.exchange(request.body(checksum=checksum), fields, answer, values or {})
        return response

    def service(
        self, body: bytes, fields: dict[str, Any], data: bytes, found: dict[str, Any], *findings: str
    ) -> Talk[None]:
        """A service of the session itself; the meter answers with success and `data`."""
        known = {"osgp.response": 0, "osgp.request_service": body[0], **found}
        fields = {"osgp.service": body[0], **fields}
        yield from self.exchange(body, fields, lambda _: (b"\0" + data, known, {}), {}, *findings)

    def open(self, user_id: int, user: str, password: bytes) -> Talk[None]:
        """Wake up, identify, negotiate, log on and show a password."""
        self._toggles = [0, 0]
        for _ in range(4):
            yield self.serial(WAKE_UP, {"optical.signal": WAKE_UP[0]}, {}, {}, 50 * MS, inbound=True)
        about = {"c1218.session.standard": 0, "c1218.session.version": 2, "c1218.session.revision": 0}
        yield from self.service(bytes([IDENTIFY]), {}, bytes([0, 2, 0, 0]), about)
        offer = PACKET_SIZE.to_bytes(2, "big") + bytes([PACKETS, BAUD_9600])
        sizes = {"c1218.session.packet_size": PACKET_SIZE, "c1218.session.packets": PACKETS}
        yield from self.service(bytes([NEGOTIATE]) + offer, sizes, offer, sizes)
        logon = bytes([LOGON]) + user_id.to_bytes(2, "big") + user.encode().ljust(10)
        yield from self.service(logon, {"c1218.session.user_id": user_id}, b"", {})
        yield from self.service(bytes([SECURITY]) + password, {}, b"", {}, "password_in_clear")

    def close(self) -> Talk[None]:
        """Log off and terminate."""
        yield from self.service(bytes([LOGOFF]), {}, b"", {})
        yield from self.service(bytes([TERMINATE]), {}, b"", {})
        yield self._signal(self._waiting, 5 * MS, inbound=True)
        self._waiting = b""

    def exchange(
        self,
        body: bytes,
        fields: dict[str, Any],
        answer: Callable[[int], tuple[bytes, dict[str, Any], dict[str, Any]]],
        values: dict[str, Any],
        *findings: str,
    ) -> Talk[None]:
        """A request and its response, packet by packet, each acknowledged; with losses a packet is refused once."""
        truth = plain(*findings)
        sent = yield from self._message(body, fields, truth, values, 100 * MS + self.pause, inbound=True)
        self.pause = 0
        data, found, covered = answer(sent.time)
        if self.lost():
            sent = yield from self._refused(body, fields, truth, sent)
        after = self.rng.randrange(20, 200) * MS
        lead = ACK
        if after > SILENCE:
            yield self._signal(ACK, 3 * MS, inbound=False)
            after, lead = after - 3 * MS, b""
        truth = {"answers": sent.number} | plain()
        yield from self._message(data, found, truth, covered, after, inbound=False, lead=lead)

    def _refused(self, body: bytes, fields: dict[str, Any], truth: dict[str, Any], first: Sent) -> Talk[Sent]:
        """The meter refuses a packet; the reader sends it again, toggle and all."""
        yield self._signal(NAK, 3 * MS, inbound=False)
        data, link = packets(body, self._toggles[0] ^ 1)[-1]
        truth = {"retry_of": first.number} | truth
        return (yield self.serial(data, link | fields, truth, {}, 30 * MS, inbound=True))

    def _message(
        self,
        body: bytes,
        fields: dict[str, Any],
        truth: dict[str, Any],
        values: dict[str, Any],
        after: int,
        *,
        inbound: bool,
        lead: bytes = b"",
    ) -> Talk[Sent]:
        """All packets of a message; the other side acknowledges each but the last, of which the caller takes care."""
        side = int(not inbound)
        made = packets(body, self._toggles[side])
        self._toggles[side] ^= len(made) & 1
        numbers: list[int] = []
        if inbound and self._waiting:
            # The reader acknowledges at once, and asks on after a while.
            yield self._signal(self._waiting, 4 * MS, inbound=True)
            self._waiting = b""
        sent = Sent(0, 0)
        for i, (data, link) in enumerate(made):
            last = i == len(made) - 1
            known = link | ({"optical.signal": lead[0]} if lead else {}) | (fields if last else {})
            about = truth | ({"packets": numbers.copy()} if last and numbers else {})
            if not last:
                del about["security"]
            sent = yield self.serial(lead + data, known, about, values if last else {}, after, inbound=inbound)
            numbers.append(sent.number)
            lead = b""
            if not last:
                yield self._signal(ACK, 4 * MS, inbound=not inbound)
                after = 15 * MS
        if not inbound:
            self._waiting = ACK
        return sent

    def _signal(self, signal: bytes, after: int, *, inbound: bool) -> Frame:
        return self.serial(signal, {"optical.signal": signal[0]}, {}, {}, after, inbound=inbound)
