# SPDX-License-Identifier: GPL-2.0-or-later
"""Dates packed into two bytes, and the description of a pending event: parts of several tables."""

from dissectors.sources import MEP, OPT
from osgp_analyzer.schema import U8, Bits, Bytes, Check, F, Group, Layer, Peek, Severity, Struct, Switch, Time

DATES = MEP.at("p.41-42").one
WEEKDAYS = dict(enumerate(("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "unassigned")))
MONTHS = {0: "unassigned", 13: "every month", 14: "every week", 15: "every period plus delta"}
SHIFTS = {
    0: "on the day",
    1: "advance to the weekday before",
    2: "postpone to the first such weekday on or after",
    3: "postpone to the second such weekday on or after",
    4: "postpone to the third such weekday on or after",
    5: "postpone to the fourth such weekday on or after",
    6: "postpone to the last such weekday of the month on or after",
    7: "on the day and the day following",
    8: "postpone to Monday if Sunday",
    9: "advance to Friday if Sunday",
    10: "postpone to Monday if Saturday",
    11: "advance to Friday if Saturday",
    12: "postpone to Monday if Sunday or Saturday",
    13: "advance to Friday if Sunday or Saturday",
    14: "postpone to Monday if Sunday, advance to Friday if Saturday",
    15: "on the day following",
}
LAST_MONTH, MONTHLY, WEEKLY, PERIODIC = 12, 13, 14, 15


class ANSIDate(Layer, name="ansi_date", title="Date", source=DATES, order="little", bit_order="lsb"):
    """A date in two bytes (ANSI_DATE)."""

    year = Bits(7, doc="From 2000.")
    month = Bits(4)
    day = Bits(5)

    checks = (
        Check(
            "impossible",
            (F.month == 0) | (F.month > LAST_MONTH) | (F.day == 0),
            Severity.WARN,
            Group.MALFORMED,
            "no date has month {month} and day {day}",
            "month",
        ),
    )
    info = "{year}-{month}-{day}"


class RecurringDate(Layer, name="rdate", title="Recurring date", source=DATES, order="little", bit_order="lsb"):
    """A date that comes again each year or month (RDATE)."""

    month = Bits(4, MONTHS, doc="The month, or how often the date comes again.")
    shift = Bits(4, SHIFTS, label="Offset", doc="How the weekday moves the date.")
    weekday = Bits(3, WEEKDAYS)
    day = Bits(5, {0: "invalid"}, doc="Day of the month.")

    info = "month {month}, day {day}"


class WeeklyDate(Layer, name="rdate.weekly", title="Weekly date", source=DATES, order="little", bit_order="lsb"):
    """A date that comes again each week (RDATE)."""

    month = Bits(4, MONTHS, qualified="rdate.month")
    filler = Bits(4)
    weekday = Bits(3, WEEKDAYS, qualified="rdate.weekday")
    filler_2 = Bits(5)

    info = "every {weekday}"


class PeriodicDate(Layer, name="rdate.periodic", title="Periodic date", source=DATES, order="little", bit_order="lsb"):
    """A date that comes again after a period (RDATE)."""

    month = Bits(4, MONTHS, qualified="rdate.month")
    period = Bits(6, doc="For daily actions; the unit is not said.")
    delta = Bits(6, doc="What is added to the period.")

    info = "period {period}, delta {delta}"


RDATE = Switch(Peek() & 0x0F, {WEEKLY: WeeklyDate, PERIODIC: PeriodicDate}, default=RecurringDate)
"""What a field of type RDATE is: its lowest 4 bits tell."""

EVENT_CODES = {0: "at an absolute time", 1: "after a time", 2: "not by itself"}
ABSOLUTE, RELATIVE = 0, 1
PENDING = OPT.at("p.10").one


class PendingDelay(Layer, name="ped.delay", title="Delay", source=PENDING):
    """How long after it was written a pending table becomes active."""

    weeks = U8(unit="weeks")
    days = U8(unit="days")
    hours = U8(unit="h")
    minutes = U8(unit="min")
    seconds = U8(unit="s")

    info = "{weeks} {days} {hours} {minutes} {seconds}"


class PendingEvent(
    Layer, name="ped", title="Pending event description", source=PENDING, order="little", bit_order="lsb"
):
    """When a pending table becomes active, and what is done before (PED)."""

    event_code = Bits(4, EVENT_CODES, doc="What makes the table active.")
    self_read = Bits(1, doc="Make a self-read before.")
    demand_reset = Bits(1, doc="Reset the demand before.")
    filler = Bits(2)
    time = Time("stime_date", when=F.event_code == ABSOLUTE, doc="UTC; all zeros where no event is pending.")
    delay = Struct(PendingDelay, when=F.event_code == RELATIVE)
    storage = Bytes(5, when=F.event_code > RELATIVE, doc="Of no meaning.")

    info = "{event_code}"
