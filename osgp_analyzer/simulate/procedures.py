# SPDX-License-Identifier: GPL-2.0-or-later
"""Procedures: started by writing BT07, their result in BT08 (MEP guide p.51-53, p.243-247).

The parameters of EP02 and EP16 are in no source at hand: they are called without, and refused. Those of BP10 are as
ANSI C12.19 has them [recall].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osgp_analyzer.simulate.layout import Layout, calendar

if TYPE_CHECKING:
    from osgp_analyzer.simulate.meter import Meter

BP10, EP02, EP16, EP17, EP19 = 10, 2048 + 2, 2048 + 16, 2048 + 17, 2048 + 19
DONE, INVALID, CONFLICT, UNKNOWN = 0, 2, 3, 6
SET_TIME_AND_DATE = 0x03


def initiate(number: int, sequence: int, *parameters: tuple[str, int | bytes, int]) -> Layout:
    """The content of BT07: number, response in BT08, sequence number (PSN), parameters with name, value and size."""
    table = Layout("bt07")
    table.bits(2, ("procedure", 0, 12, number), ("response_handling", 12, 4, 0))
    table.uint("sequence_number", sequence)
    for name, value, size in parameters:
        if isinstance(value, bytes):
            table.raw(name, value)
        else:
            table.uint(name, value, size)
    return table


def set_clock(sequence: int, time: int) -> Layout:
    """BP10: a mask of what is set, the time, and its qualifier [recall]."""
    table = initiate(BP10, sequence, ("bp10.set_mask", SET_TIME_AND_DATE, 1))
    table.ltime("bp10.date_time", time)
    table.uint("bp10.time_date_qualifier", calendar(time).isoweekday() % 7)
    return table


class Procedures:
    """The last procedure of a meter, and what came of it."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.number, self.sequence, self.result = 0, 255, DONE
        self.data: tuple[tuple[str, int, int], ...] = ()

    def start(self, data: bytes, time: int) -> bool:
        """Carry out what was written to BT07; False if its sequence number is that of the last one."""
        number, sequence, parameters = int.from_bytes(data[:2], "little") & 0xFFF, data[2], data[3:]
        if sequence == self.sequence:
            return False
        self.number, self.sequence, self.data = number, sequence, ()
        match number:
            case 10:
                self.meter.clock_offset = 0
                self.result = DONE
            case 2065 if len(parameters) == 3:  # EP17
                self.result = self._remove(int.from_bytes(parameters[1:], "little"))
            case 2067 if len(parameters) >= 5:  # EP19
                self.result = self._post(parameters, time)
            case 2050 | 2064 | 2065 | 2067:  # EP02, EP16, and the others with too few parameters
                self.result = INVALID
            case _:
                self.result = UNKNOWN
        return True

    def _remove(self, handle: int) -> int:
        # The device is found again at once: the bus stays as it was.
        return DONE if self.meter.mbus.device(handle) else CONFLICT

    def _post(self, parameters: bytes, time: int) -> int:
        transaction, handle = (int.from_bytes(parameters[a : a + 2], "little") for a in (0, 2))
        if self.meter.mbus.device(handle) is None:
            return CONFLICT
        index = self.meter.mbus.post(transaction, handle, parameters[4], self.meter.clock(time))
        self.data = (("ep19.result.entry_index", index, 1),)
        return DONE

    def bt08(self) -> Layout:
        """Procedure Response."""
        table = Layout("bt08")
        table.bits(2, ("procedure", 0, 12, self.number), ("filler", 12, 4, 0))
        table.uint("sequence_number", self.sequence)
        table.uint("result_code", self.result)
        for name, value, size in self.data:
            table.uint(name, value, size)
        return table
