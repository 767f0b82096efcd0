# SPDX-License-Identifier: GPL-2.0-or-later
"""The clocks of the meter: BT52, BT53, BT55."""

from dissectors.osgp.tables.dates import WEEKDAYS
from dissectors.sources import MEP
from osgp_analyzer.schema import I16, U8, Bits, Layer, Time

TIER_DRIVES = {
    0: "by the calendar",
    1: "set by hand until the next tier switch",
    2: "set by hand for good",
    3: "override: by time, power or consumption",
}


class BT52(
    Layer,
    name="bt52",
    title="UTC Clock",
    source=MEP.at("p.224-225; CTC include/BT"),
    order="little",
    bit_order="lsb",
):
    """Date and time of the meter in UTC; all but the calendar goes by it."""

    clock_calendar = Time("ltime_date", doc="UTC, whatever the season.")
    day_of_week = Bits(3, WEEKDAYS)
    dst = Bits(1, label="Daylight saving time", doc="It is in effect; it is not in this clock.")
    gmt = Bits(1, label="Greenwich Mean Time", doc="The clock is UTC.")
    time_zone_applied = Bits(1, doc="The time zone offset is in the clock.")
    dst_applied = Bits(1, label="DST applied", doc="Daylight saving time is in the clock.")
    filler = Bits(1)

    info = "{clock_calendar}"


class BT53(Layer, name="bt53", title="Time Offset", source=MEP.at("p.225").one, order="little"):
    """How local time differs from UTC."""

    dst_effective = Time(
        "time",
        label="Daylight saving time effective",
        doc="Time of day at which it begins and ends; BT54 has the days.",
    )
    dst_adjustment = U8(
        unit="min", label="Daylight saving time adjustment", doc="How far the local clock goes forward."
    )
    time_zone_offset = I16(unit="min", doc="From UTC to the local clock, -12 to 14 hours.")

    info = "{time_zone_offset}"


class BT55(BT52, name="bt55", title="Local Clock State", source=MEP.at("p.230-231; CTC include/BT")):
    """Local date and time, by which the calendar goes, and the tariff in force."""

    clock_calendar = Time("ltime_date", doc="Local time, updated once a minute.")
    dst = Bits(1, label="Daylight saving time", doc="It is in effect.")
    current_tier = Bits(3, doc="From 0.")
    filler_2 = Bits(3)
    tier_drive = Bits(2, TIER_DRIVES, doc="What chose the tier; ET54 says more of 3.")
    special_schedule_active = Bits(4, doc="The special (holiday) schedule in force.")
    season = Bits(4, doc="From 0.")

    info = "{clock_calendar}, tier {current_tier}"
