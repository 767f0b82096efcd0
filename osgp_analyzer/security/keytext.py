# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys, addresses and times as they are written in a key file, read with a reason where that cannot be.

A reason (`WrongText`) never repeats what was written: it may be a key in the wrong place.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from osgp_analyzer.engines.text import count
from osgp_analyzer.security.keyring import LENGTHS, USED, Kind

TEXT = "text:"
"""Before a key that is written as ASCII characters."""
LONGEST_NAME = 80
DOMAIN_LENGTHS = (0, 1, 3, 6)
YEARS = 1980, 2199
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_ADDRESS = re.compile(r"(\d{1,3})/(\d{1,3})", re.ASCII)
_GROUP = re.compile(r"([^/]*)/(\d{1,3})", re.ASCII)
_1970 = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class WrongText(ValueError):
    """Why a text is none of what it should be, to be said after its name."""


def key(kind: Kind, written: Any) -> bytes:
    """The bytes of a key, as many as were written: hex, or characters after ``text:``. Raises `WrongText`."""
    text = _text(written)
    if text.startswith(TEXT):
        text = text.removeprefix(TEXT)
        if not (text.isascii() and text.isprintable()):
            raise WrongText(f"has characters after {TEXT} that are not printable ASCII: write it in hexadecimal")
        data = text.encode("ascii")
    else:
        data = _hexadecimal(text, f'; for characters write "{TEXT}..."')
    if len(data) not in LENGTHS[kind]:
        needed = " or ".join(map(str, LENGTHS[kind]))
        raise WrongText(f"has {count(len(data))}, and needs {needed}")
    return data


def used(kind: Kind, data: bytes) -> bytes:
    """The bytes of a key that are used."""
    return data[: USED.get(kind)]


def domain(written: Any) -> bytes:
    """A domain of 0, 1, 3 or 6 bytes. Raises `WrongText`."""
    data = _hexadecimal(_text(written))
    if len(data) not in DOMAIN_LENGTHS:
        raise WrongText(f"has {count(len(data))}: a domain has 0, 1, 3 or 6")
    return data


def neuron_id(written: Any) -> bytes:
    """The 6 bytes of a Neuron ID. Raises `WrongText`."""
    data = _hexadecimal(_text(written))
    if len(data) != 6:
        raise WrongText(f"has {count(len(data))}: a Neuron ID has 6")
    return data


def address(written: Any) -> tuple[int, int]:
    """Subnet and node. Raises `WrongText`."""
    match = _ADDRESS.fullmatch(_text(written))
    if not match:
        raise WrongText('is subnet/node, such as "1/20"')
    subnet, node = int(match[1]), int(match[2])
    if not (1 <= subnet <= 255 and 1 <= node <= 127):
        raise WrongText("is no address: subnets are 1 to 255, nodes 1 to 127")
    return subnet, node


def group(written: str) -> tuple[bytes, int]:
    """Domain and group. Raises `WrongText`."""
    match = _GROUP.fullmatch(written)
    if not match:
        raise WrongText('is domain/group, such as "4F5347/3"')
    if int(match[2]) > 255:
        raise WrongText("is no group: groups are 0 to 255")
    return domain(match[1]), int(match[2])


def name(written: Any) -> str:
    """A name of a meter or of an interface. Raises `WrongText`."""
    text = _text(written)
    if not text.strip() or len(text) > LONGEST_NAME:
        raise WrongText(f"is a name of 1 to {LONGEST_NAME} characters")
    if not text.isprintable():
        raise WrongText("has characters that cannot be shown: choose another")
    return text


def moment(written: Any) -> int:
    """ns since 1970 of a date, or of a date and time, in UTC where it says no other offset. Raises `WrongText`."""
    if isinstance(written, datetime.datetime):
        at = written
    elif isinstance(written, datetime.date):
        at = datetime.datetime.combine(written, datetime.time())
    else:
        raise WrongText("is a date, or date and time, without quotes: 2026-03-01T10:00:00Z")
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    if not YEARS[0] <= at.year <= YEARS[1]:
        raise WrongText(f"is not in the years {YEARS[0]} to {YEARS[1]}")
    return (at - _1970) // datetime.timedelta(microseconds=1) * 1000


def _text(written: Any) -> str:
    if not isinstance(written, str):
        raise WrongText("is no text: write it in quotes")
    return written


def _hexadecimal(text: str, hint: str = "") -> bytes:
    digits = re.sub(r"[\s:]", "", text)
    if not _HEX.fullmatch(digits):
        if re.fullmatch(r"[0-9A-Fa-f]+", digits):
            raise WrongText(f"has an odd number of hex digits, {len(digits)}")
        raise WrongText(f"is not hexadecimal: pairs of 0-9 and A-F, between them spaces or colons{hint}")
    return bytes.fromhex(digits)
