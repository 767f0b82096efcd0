# SPDX-License-Identifier: GPL-2.0-or-later
"""Times for people, from integer nanoseconds and never through a float."""

from __future__ import annotations

import datetime
from collections.abc import Callable

Format = Callable[[int | None], str]


def formatter(name: str) -> Format:
    """A function from ns since 1970 to text. `relative` and `delta` remember the frames they were given."""
    match name:
        case "r" | "relative":
            return _Since(keep_first=True)
        case "d" | "delta":
            return _Since(keep_first=False)
        case "e" | "epoch":
            return lambda ns: "" if ns is None else _decimal(ns)
        case "a" | "absolute":
            return lambda ns: _clock(ns, "%H:%M:%S", None)
        case "ad" | "date":
            return lambda ns: _clock(ns, "%Y-%m-%d %H:%M:%S", None)
        case "u":
            return lambda ns: _clock(ns, "%H:%M:%S", datetime.UTC)
        case _:
            return lambda ns: _clock(ns, "%Y-%m-%d %H:%M:%S", datetime.UTC)


class _Since:
    """Seconds since the first frame, or since the one before."""

    def __init__(self, keep_first: bool) -> None:
        self.keep_first, self.reference = keep_first, None

    reference: int | None

    def __call__(self, ns: int | None) -> str:
        if ns is None:
            return ""
        start = ns if self.reference is None else self.reference
        if self.reference is None or not self.keep_first:
            self.reference = ns
        return _decimal(ns - start)


def _decimal(ns: int) -> str:
    sign = "-" if ns < 0 else ""
    return f"{sign}{abs(ns) // 10**9}.{abs(ns) % 10**9:09}"


def _clock(ns: int | None, pattern: str, zone: datetime.tzinfo | None) -> str:
    if ns is None:
        return ""
    try:
        moment = datetime.datetime.fromtimestamp(ns // 10**9, datetime.UTC).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return _decimal(ns)
    return f"{moment.strftime(pattern)}.{ns % 10**9:09}"
