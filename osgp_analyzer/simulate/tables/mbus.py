# SPDX-License-Identifier: GPL-2.0-or-later
"""ET13 to ET16: devices on the M-Bus, requests to them and their telegrams (MEP guide p.80-95; EN 13757-3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osgp_analyzer.simulate.layout import Layout, calendar

if TYPE_CHECKING:
    from osgp_analyzer.simulate.meter import Meter

DEVICES, CONFIG_ENTRY, QUEUE, DATA_ENTRY, WRITE_ENTRY, MULTICAST = 5, 66, 5, 517, 25, 65
"""As ET11 has them."""
GAS, WATER = 3, 7
BILLING_READ = 2
SUCCESS = 1
MBUS_CHANGE = 1 << 3
"""Alert flag in ET13."""


@dataclass(frozen=True)
class Posted:
    """A request in the queue of ET15."""

    transaction: int
    handle: int
    type: int
    result: int


@dataclass
class MBusDevice:
    """A gas or water meter on the M-Bus; `read_at` is when it was last read, 0 for never."""

    handle: int
    serial: int
    medium: int
    reads: int = 0
    read_at: int = 0

    @property
    def manufacturer(self) -> int:
        """The letters SIM in 15 bits."""
        return sum((ord(letter) - 64) << shift for letter, shift in zip("SIM", (10, 5, 0), strict=True))

    def litres(self) -> int:
        """The counter when the device was last read."""
        return self.serial % 10_000 * 100 + self.read_at // (3600 * 10**9) % 10_000_000

    def telegram(self) -> bytes:
        """Variable data structure: a header of 12 bytes, volume and date, and the terminator that ET16 has."""
        header = bytes.fromhex(f"{self.serial:08d}")[::-1] + self.manufacturer.to_bytes(2, "little")
        header += bytes([0x33, self.medium, self.reads & 0xFF, 0, 0, 0])
        at = calendar(self.read_at)
        moment = at.minute | at.hour << 8 | (at.day | (at.year % 100 & 7) << 5) << 16
        moment |= (at.month | (at.year % 100 >> 3) << 4) << 24
        volume = bytes([0x0C, 0x13]) + bytes.fromhex(f"{self.litres() % 10**8:08d}")[::-1]
        return header + volume + bytes([0x04, 0x6D]) + moment.to_bytes(4, "little") + b"\0"


@dataclass
class MBus:
    """The M-Bus of a meter: its devices, and the queue of requests."""

    devices: list[MBusDevice]
    queue: list[Posted | None] = field(default_factory=lambda: [None] * QUEUE)
    posted: int = 0
    changed: bool = False
    """Whether the MEP client is to be told of new data."""

    def device(self, handle: int) -> MBusDevice | None:
        """The device with that handle."""
        return next((d for d in self.devices if d.handle == handle), None)

    def post(self, transaction: int, handle: int, type: int, time: int) -> int:
        """Read a device on demand; the index of the request in the queue."""
        device = self.device(handle)
        assert device is not None
        device.reads, device.read_at = device.reads + 1, time
        index = self.posted % QUEUE
        self.queue[index] = Posted(transaction, handle, type, SUCCESS)
        self.posted += 1
        return index


def et13(meter: Meter, time: int) -> Layout:
    """M-Bus/MEP Device Configuration; the fifth entry is the MEP client's, with the alert flags."""
    table = Layout("et13")
    for i in range(DEVICES):
        client, path = i == DEVICES - 1, "et13.device"
        for name, value, size in (
            ("billing_read_day", 0, 1),
            ("billing_read_hour", 0, 1),
            ("billing_read_minute", 30, 1),
            ("billing_read_frequency", 1, 1),
            ("status_read_frequency", 60, 2),
            ("baud_rate", 0 if client else 4, 1),
            ("device_alarm_bitmask", 0, 1),
        ):
            table.uint(f"{path}.{name}", value, size)
        if client:
            table.uint("et13.client.alert_flags", MBUS_CHANGE * meter.mbus.changed)
        table.fill((i + 1) * CONFIG_ENTRY - len(table.data))
    return table


def et14(meter: Meter, time: int) -> Layout:
    """M-Bus/MEP Device Status, the first 17 bytes of each entry of 36; the rest is zero here."""
    table, bus = Layout("et14"), meter.mbus
    table.uint("mode", 0)
    table.fill(4)
    table.uint("device_occupancy", (1 << len(bus.devices)) - 1)
    for i in range(DEVICES):
        device = bus.devices[i] if i < len(bus.devices) else None
        path = "et14.device"
        for name, value, size in (
            ("device_handle", device.handle if device else 0, 2),
            ("device_status", 1 if device else 0, 1),
            ("baud_rate", 4 if device else 0, 1),
            ("billing_read_length", 8 + len(device.telegram()) if device and device.read_at else 0, 2),
            ("read_attempts", device.reads if device else 0, 4),
            ("read_answers", device.reads if device else 0, 4),
            ("alarms", 1 if device and device.read_at else 0, 2),
        ):
            table.uint(f"{path}.{name}", value, size)
        table.fill(36 - 16)
    return table


def et15(meter: Meter, time: int) -> Layout:
    """On-demand Requests; nothing was written or multicast."""
    table, bus = Layout("et15"), meter.mbus
    pointer = bus.posted % QUEUE
    table.bits(1, ("write_pointer", 0, 4, pointer), ("read_pointer", 4, 4, pointer))
    for entry in bus.queue:
        for name, value, size in (
            ("transaction", entry.transaction if entry else 0, 2),
            ("device_handle", entry.handle if entry else 0, 2),
            ("request_type", entry.type if entry else 0, 1),
            ("result", entry.result if entry else 0, 1),
        ):
            table.uint(f"et15.request.{name}", value, size)
    table.fill(QUEUE * WRITE_ENTRY + MULTICAST)
    return table


def et16(meter: Meter, time: int) -> Layout:
    """Device Data: the last telegram of each M-Bus device."""
    table = Layout("et16")
    for i in range(DEVICES):
        device = meter.mbus.devices[i] if i < len(meter.mbus.devices) else None
        start, path = len(table.data), "et16.device"
        if device and device.read_at:
            table.ltime(f"{path}.timestamp", device.read_at)
            table.bits(1, (f"{path}.data_order", 0, 1, 0), (f"{path}.response_type", 1, 1, 0),
                       (f"{path}.key_availability", 2, 1, 0), (f"{path}.authentication", 3, 2, 0),
                       (f"{path}.security_status", 5, 1, 0))  # fmt: skip
            telegram = device.telegram()
            table.uint("et16.mbus.length", len(telegram))
            table.raw("et16.mbus.telegram", telegram)
        table.fill(start + DATA_ENTRY - len(table.data))
    return table
