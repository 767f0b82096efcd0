# SPDX-License-Identifier: GPL-2.0-or-later
"""What single words of a command line mean. Each raises `argparse.ArgumentTypeError` for one that is wrong."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime


def link(text: str) -> tuple[int, str]:
    """``147=lpdu`` as an argument."""
    number, equals, decoder = text.partition("=")
    if not equals or not (number.isascii() and number.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not NUMBER=DECODER, such as 147=lpdu")
    return int(number), decoder


def decode_as(text: str) -> tuple[str, range, str]:
    """``udp.port==24010,apdu``, or ``udp.port==24010-24019,apdu``, as an argument: table, numbers, decoder."""
    table, equals, rest = text.partition("==")
    selector, comma, decoder = rest.partition(",")
    first, dash, last = selector.partition("-")
    numbers = (first, last) if dash else (first, first)
    if not (table and equals and comma and decoder) or not all(n.isascii() and n.isdigit() for n in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is not TABLE==NUMBER,DECODER, such as udp.port==24010,apdu")
    low, high = int(numbers[0]), int(numbers[1])
    if not low <= high < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r}: {selector} is no port or range of ports")
    return table, range(low, high + 1), decoder


def count(text: str) -> int:
    """A number of frames as an argument."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of frames")
    return int(text)


def rate(text: str) -> int:
    """Bits a second as an argument."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate in bits a second, such as 3600")
    return int(text)


def interval(text: str) -> int:
    """Seconds with decimals as an argument; in ns."""
    whole, _, part = text.partition(".")
    digits = whole + part
    if digits.isascii() and digits.isdigit() and len(whole) <= 9 and len(part) <= 6:
        ns = int(whole or "0") * 10**9 + int(part.ljust(9, "0"))
        if ns:
            return ns
    raise argparse.ArgumentTypeError(f"{text!r} is not a length of time in seconds, such as 0.5")


def moment(text: str) -> int:
    """A date and time of ISO 8601 as an argument, in UTC unless it says otherwise; in ns since 1970."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date and time, such as 2026-03-01T10:00") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not 2020 <= at.year <= 2099:
        raise argparse.ArgumentTypeError(f"{text!r}: meters know the years 2020 to 2099")
    return int(at.timestamp()) * 10**9


def file(text: str) -> str:
    """A file name as an argument."""
    if not text:
        raise argparse.ArgumentTypeError("the file has no name")
    return text


def offset(text: str) -> int:
    """A place in a table as an argument, decimal or in hex."""
    number = int(text, 0) if re.fullmatch(r"0|[1-9][0-9]{0,8}|0[xX][0-9a-fA-F]{1,8}", text) else -1
    if not 0 <= number < 1 << 24:
        raise argparse.ArgumentTypeError(f"{text!r} is no offset in a table, such as 11 or 0x0b")
    return number
