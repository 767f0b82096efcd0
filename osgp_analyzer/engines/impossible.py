# SPDX-License-Identifier: GPL-2.0-or-later
"""Values that their encoding allows and their kind does not: the 31st of February, a decimal digit above 9."""

from __future__ import annotations

import calendar

from osgp_analyzer.schema import BCD, Field, Time

MONTH_DAYS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
CLOCK = (23, 59, 59)
"""Last hour, minute, second."""


def impossible(field: Field, value: bytes) -> bool:
    """Whether bytes are no value of a field. A date of zeros only, or of ones only, is one that is not set."""
    if isinstance(field, BCD):
        return any(byte >> 4 > 9 or byte & 15 > 9 for byte in value)
    if not isinstance(field, Time):
        return False
    if field.kind == "time":
        return any(byte > last for byte, last in zip(value, CLOCK, strict=False))
    if not any(value) or all(byte == 0xFF for byte in value):
        return False
    year, month, day, *clock = value
    if not 1 <= month <= 12:
        return True
    leap = month == 2 and calendar.isleap(2000 + year)
    return not 1 <= day <= MONTH_DAYS[month] + leap or any(b > last for b, last in zip(clock, CLOCK, strict=False))
