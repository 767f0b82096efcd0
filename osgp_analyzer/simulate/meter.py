# SPDX-License-Identifier: GPL-2.0-or-later
"""A meter: its keys, what it measures, and how it answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.layout import SECOND, Layout
from osgp_analyzer.simulate.load import HOUR, ORIGIN, Load
from osgp_analyzer.simulate.lon import UNCONFIGURED, Address, node
from osgp_analyzer.simulate.message import Request, Response
from osgp_analyzer.simulate.procedures import Procedures
from osgp_analyzer.simulate.tables import general, log, mbus, profile, registers, transactions
from osgp_analyzer.simulate.tables.log import Event

TABLES: dict[int, Callable[[Meter, int], Layout]] = {
    0: general.bt00,
    1: general.bt01,
    3: general.bt03,
    21: registers.bt21,
    22: registers.bt22,
    23: registers.bt23,
    27: registers.bt27,
    28: registers.bt28,
    52: general.bt52,
    61: profile.bt61,
    63: profile.bt63,
    71: log.bt71,
    74: log.bt74,
    2048 + 3: general.et03,
    2048 + 4: general.et04,
    2048 + 11: general.et11,
    2048 + 13: mbus.et13,
    2048 + 14: mbus.et14,
    2048 + 15: mbus.et15,
    2048 + 16: mbus.et16,
}
BT07, BT08, BT64 = 7, 8, 64
ET52, ET53 = 2048 + 52, 2048 + 53
WRITABLE = (2048 + 3, 2048 + 17, 2048 + 50)
"""Written, but not kept."""
NODES = 100
"""Meters in a subnet; their nodes begin at 20."""


@dataclass(frozen=True)
class Keys:
    """Made-up keys: OMAK (12 bytes, also the two EN 14908 domain keys) now and before commissioning; the MEP port's
    advanced and basic key (16 bytes); the optical port's MK, PK and RK (20 bytes)."""

    omak: bytes
    first_omak: bytes
    mak: bytes
    mbk: bytes
    mk: bytes
    pk: bytes
    rk: bytes

    @classmethod
    def of(cls, rng: Random) -> Keys:
        """Random ones; those of the MEP and optical ports are letters and digits, as real ones are."""
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        texts = ["".join(rng.choices(letters, k=size)).encode() for size in (16, 16, 20, 20, 20)]
        return cls(rng.randbytes(12), rng.randbytes(12), *texts)


class Meter:
    """One meter. Its readings follow from the time alone; what others did to it is kept in a few bounded fields."""

    def __init__(self, segment: int, number: int, domain: bytes, rng: Random) -> None:
        self.number, self.domain = number, domain
        self.subnet, self.node = 1 + number // NODES, 20 + number % NODES
        self.neuron_id = bytes.fromhex("0500E5") + bytes([segment]) + number.to_bytes(2, "big")
        self.program_id = bytes.fromhex("9000F1530A040000")
        self.serial = 61_000_000 + 137 * number + segment
        self.keys = Keys.of(rng)
        self.domain_keys = self.keys.omak
        """The keys of the two entries of its domain table."""
        self.rekeyed = 0
        """The frame with which it accepted new domain keys."""
        self.takes_twice = False
        """Whether it answers the last number once more."""
        self.configured = True
        self.load = Load.of(rng)
        self.registers = registers.WITH_DEMAND if number % 3 == 2 else registers.PLAIN
        self.profile = profile.QUARTERS if number % 3 == 2 else profile.HOURLY
        self.demand_resets = number % 12
        self.outages, self.outage_seconds = 0, 0
        self.failure = (0, 0)
        self.alarms = {general.COVER_REMOVED} if number % 5 == 4 else set()
        """Bits of the standard alarms in BT03."""
        self.unread_events = 0
        self.events: deque[Event] = deque(maxlen=log.ENTRIES)
        self._event_count = rng.randrange(1000)
        self.sequence = rng.getrandbits(32)
        self.clock_offset = rng.randrange(-90, 90) * SECOND
        self.log(ORIGIN, 1)
        self.pulse_rate = rng.randrange(1, 40)
        self.mbus = mbus.MBus([
            mbus.MBusDevice(1 + i, 20_000_000 + 211 * number + i, (mbus.GAS, mbus.WATER)[i]) for i in range(2)
        ])  # fmt: skip
        self.procedures = Procedures(self)
        self.transaction = transactions.et53(0, ())
        """What is in ET53."""

    def as_new(self) -> None:
        """Make it one that is still to be commissioned."""
        self.configured, self.domain_keys = False, self.keys.first_omak

    @property
    def name(self) -> str:
        """Subnet and node."""
        return f"{self.subnet}/{self.node}"

    @property
    def address(self) -> Address:
        """Subnet and node once it is configured."""
        return node(self.subnet, self.node) if self.configured else UNCONFIGURED

    @property
    def label(self) -> str:
        """Its section in the key ring: domain, subnet and node."""
        return f"{self.domain.hex()}/{self.name}"

    def clock(self, time: int) -> int:
        """What its clock says; it stands some seconds off until it is set."""
        return time + self.clock_offset

    def pulses(self, time: int) -> int:
        """Pulses of the first input."""
        return time // HOUR * self.pulse_rate % 2**31

    def log(self, time: int, code: int, argument: int = 0) -> None:
        """Enter an event."""
        self._event_count += 1
        self.unread_events += 1
        self.events.append(Event(self.clock(time), self._event_count, code, argument))

    def fail_power(self, time: int, seconds: int) -> None:
        """The mains were off until `time`."""
        self.failure = (self.clock(time) - seconds * SECOND, self.clock(time))
        self.outages += 1
        self.outage_seconds += seconds
        self.alarms.add(general.POWER_FAILURE)
        self.log(self.failure[0], 7)
        self.log(time, 8, seconds & 0xFFFF)

    def failed_in(self, start: int, end: int) -> bool:
        """Whether the mains were off in an interval of its own time."""
        return self.failure[0] < end and self.failure[1] > start

    def manufacturer_alarms(self) -> list[int]:
        """Bits of the manufacturer's alarms in BT03: unread entries of event log and load profile."""
        return [general.EVENTS_UNREAD] * (self.unread_events > 0) + [general.PROFILE_UNREAD]

    def layout(self, request: Request, time: int) -> Layout | None:
        """The table that a request is for, as far as the request needs it; None for one that it lacks."""
        if request.table == BT08:
            return self.procedures.bt08()
        if request.table == BT64:
            return profile.bt64(self, time, request.offset, request.count or None)
        if request.table == ET53:
            return self.transaction
        build = TABLES.get(request.table)
        return build(self, time) if build else None

    def answer(self, request: Request, time: int) -> Response:
        """What comes of a request that is authentic and in sequence."""
        if request.reads:
            table = self.layout(request, time)
            if table is None:
                return Response(msg.TABLE_NOT_POSSIBLE)
            return Response(msg.OK, table.read(request.offset, request.count or None))
        if request.table == BT07:
            return Response(msg.OK if self.procedures.start(request.data, time) else msg.NOT_POSSIBLE)
        if request.table == ET52:
            self._transact(request.data, time)
            return Response(msg.OK)
        return Response(msg.OK if request.table in WRITABLE else msg.NO_PERMISSION)

    def in_sequence(self, sequence: int) -> bool:
        """Whether a sequence number is one of the next; it is then the last."""
        if 0 < (sequence - self.sequence) & 0xFFFFFFFF <= msg.WINDOW:
            self.sequence = sequence
            return True
        return self.takes_twice and sequence == self.sequence

    def use_keys(self, keys: Keys) -> None:
        """Have other keys from the beginning."""
        self.keys, self.domain_keys = keys, keys.omak

    def rekey(self, key: bytes, frame: int) -> None:
        """Take other domain keys, which are also its OMAK, with the frame that says so."""
        self.rekeyed = frame
        self.use_keys(replace(self.keys, omak=key))

    def _transact(self, data: bytes, time: int) -> None:
        """Do the reads in a transaction and keep their answers for ET53."""
        answers, at = [], 5
        while at < len(data) - 2:
            size = int.from_bytes(data[at : at + 2], "little")
            command = data[at + 2 : at + 2 + size]
            table, offset, count = (int.from_bytes(command[a:b], "big") for a, b in ((1, 3), (3, 6), (6, 8)))
            request = msg.read(table, offset, count)
            found = self.layout(request, time)
            answers.append((request, self.answer(request, time), found.values(offset, count) if found else {}))
            at += 2 + size
        self.transaction = transactions.et53(int.from_bytes(data[3:5], "little"), answers)
