# SPDX-License-Identifier: GPL-2.0-or-later
"""Values as they are written in a filter: the same word can be a number, bytes, or a name."""

from __future__ import annotations

import datetime
import difflib
import re
from dataclasses import dataclass

from osgp_analyzer.filters.errors import FilterError
from osgp_analyzer.filters.lexer import Token, unescape
from osgp_analyzer.filters.names import ADDRESS, BYTES, DATE, NUMBER, TEXT, TIME, Name

LARGEST = 1 << 63
SUBNET_NODE, GROUP_ADDRESS, SUBNET, BROADCAST, NEURON_ID = range(5)
"""What an address number begins with, above its 48 low bits."""
_NUMBER = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|(0[0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_BYTES = re.compile(r"[0-9a-fA-F]{2}(?:[:.-]?[0-9a-fA-F]{2})*:?", re.ASCII)
_DECIMAL = re.compile(r"([+-]?)([0-9]{1,12})(?:\.([0-9]{0,30}))?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_EPOCH = datetime.datetime.fromtimestamp(0, datetime.UTC)
_ADDRESS = re.compile(r"(\d{1,3})/(\d{1,3})|group (\d{1,3})|subnet (\d{1,3})|(broadcast)", re.ASCII | re.IGNORECASE)
_NEURON_ID = re.compile(r"[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}", re.ASCII)


@dataclass(frozen=True)
class Literal:
    """A value of a filter in each form that it can be compared in; `numbers` has several where a name stands for
    several values. Addresses and times are numbers."""

    text: str
    numbers: frozenset[int] | None = None
    data: bytes | None = None
    string: str | None = None
    regex: re.Pattern[str] | None = None

    @property
    def number(self) -> int:
        """The number of a literal that has just one."""
        (one,) = self.numbers or (0,)
        return one


def number(text: str) -> int | None:
    """Decimal, 0x hexadecimal, 0b binary or octal with a leading 0; None for anything else."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 80:
        return None
    sign, hexadecimal, binary, octal, decimal = match.groups()
    value = (
        int(hexadecimal, 16) if hexadecimal else int(binary, 2) if binary else int(octal, 8) if octal else int(decimal)
    )
    return -value if sign == "-" else value


def octets(text: str) -> bytes | None:
    """Pairs of hexadecimal digits, with or without separators, or a number written as 0x..."""
    if text[:2] in ("0x", "0X"):
        text = text[2:]
    if _BYTES.fullmatch(text) is None:
        return None
    return bytes.fromhex(re.sub("[:.-]", "", text))


def nanoseconds(text: str) -> int | None:
    """Seconds with decimals as ns, exactly; None where that is finer than a nanosecond."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction = match.groups()
    fraction = (fraction or "").rstrip("0")
    if len(fraction) > 9:
        return None
    value = int(whole) * 10**9 + int(fraction.ljust(9, "0") or "0")
    return -value if sign == "-" else value


def moment(text: str) -> int | None:
    """A date, or a date and time (RFC 3339, down to ns), in UTC where no zone is named, as ns since 1970."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day, clock, second, fraction, zone = match.groups()
    try:
        whole = datetime.datetime.fromisoformat(f"{day}T{clock or '00:00'}{second or ':00'}{zone or 'Z'}")
    except ValueError:
        return None
    return (whole - _EPOCH) // datetime.timedelta(seconds=1) * 10**9 + int((fraction or "").ljust(9, "0"))


def address(text: str) -> int | None:
    """An address as the number that stands for it."""
    if _NEURON_ID.fullmatch(text):
        return NEURON_ID << 48 | int(re.sub("[:-]", "", text), 16)
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    subnet, node, group, alone, _ = match.groups()
    if node is not None:
        within = int(subnet) < 256 and int(node) < 128
        return SUBNET_NODE << 48 | int(subnet) << 8 | int(node) if within else None
    for kind, one in ((GROUP_ADDRESS, group), (SUBNET, alone)):
        if one is not None:
            return kind << 48 | int(one) if int(one) < 256 else None
    return BROADCAST << 48


def address_text(value: int) -> str:
    """An address number as it is written."""
    kind, rest = value >> 48, value & ((1 << 48) - 1)
    if kind == SUBNET_NODE:
        return f"{rest >> 8}/{rest & 255}"
    if kind == NEURON_ID:
        return rest.to_bytes(6, "big").hex(":")
    return {GROUP_ADDRESS: f"group {rest}", SUBNET: f"subnet {rest}"}.get(kind, "broadcast")


_WANTED = {
    NUMBER: "a number",
    BYTES: "bytes such as 00:c4 or a string in quotation marks",
    TEXT: "a string in quotation marks",
    ADDRESS: 'an address such as 1/42, "group 9", "subnet 3", broadcast or 04:11:22:33:44:55',
    DATE: 'a time such as "2026-11-25 11:16:18.25", in UTC or with a zone (+01:00)',
    TIME: "seconds with up to 9 decimals",
}


def literal(text: str, token: Token, name: Name, kinds: set[str]) -> Literal:
    """The value that a token stands for beside a field. Raises `FilterError` where the field has no such values."""
    quoted = token.kind == "string"
    string = unescape(text, token) if quoted else token.value
    numbers: frozenset[int] | None = None
    data: bytes | None = None
    if NUMBER in kinds:
        numbers = name.numbers(string) or None
        plain = None if quoted else number(string)
        if numbers is None and plain is not None:
            numbers = frozenset({plain})
    if kinds & {ADDRESS, DATE, TIME}:
        one = address(string) if ADDRESS in kinds else moment(string) if DATE in kinds else None
        one = nanoseconds(string) if TIME in kinds and not quoted else one
        numbers = frozenset({one}) if one is not None else None
    if BYTES in kinds:
        data = encoded(string) if quoted else octets(string)
    if numbers is not None and not all(-LARGEST <= n < 2 * LARGEST for n in numbers):
        raise FilterError(f"expected a number of 64 bits for {name.name}", text, token.start, token.length)
    if numbers is None and data is None and TEXT not in kinds:
        raise FilterError(_refusal(name, kinds, string), text, token.start, token.length)
    return Literal(string, numbers, data, string if TEXT in kinds else None)


def encoded(string: str) -> bytes:
    """The bytes of a string: those of its characters where all have one, else as UTF-8."""
    try:
        return string.encode("latin-1")
    except UnicodeEncodeError:
        return string.encode("utf-8", "surrogatepass")


def _refusal(name: Name, kinds: set[str], string: str) -> str:
    wanted = " or ".join(_WANTED[k] for k in sorted(kinds & _WANTED.keys()))
    if name.values and NUMBER in kinds:
        known = sorted(name.values, key=lambda n: min(name.values[n]))
        near = nearest(string, known)
        wanted += f" or one of the names of {name.name} ({', '.join(known[:4])}{', ...' if len(known) > 4 else ''})"
        return f"expected {wanted}, found {_short(string)!r}{near}"
    return f"expected {wanted} for {name.name}, found {_short(string)!r}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def nearest(wrong: str, known: list[str]) -> str:
    """``; did you mean ...?``, or nothing when nothing is near."""
    near = difflib.get_close_matches(wrong[:80], known, 3, 0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
