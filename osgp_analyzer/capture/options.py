# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of pcapng blocks: code and length (16 bits each), value, padding to 32 bits; code 0 ends the list.

Source: draft-ietf-opsawg-pcapng 3.5 (options), 4.1 (section), 4.2 (interface), 4.3 (packet).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from .model import Options

END = 0
COMMENT = 1

SHB_HARDWARE = 2
SHB_OS = 3
SHB_APPLICATION = 4

IF_NAME = 2
IF_DESCRIPTION = 3
IF_SPEED = 8
IF_TSRESOL = 9
IF_FILTER = 11
IF_OS = 12
IF_FCSLEN = 13
IF_TSOFFSET = 14
IF_HARDWARE = 15

EPB_FLAGS = 2
EPB_DROPCOUNT = 4

_ENTERPRISE = {2988: 4, 2989: 4, 19372: 4, 19373: 4}
SHB_INTEGERS: Mapping[int, int] = _ENTERPRISE
"""Code -> width in octets of the integer that a value starts with; in the byte order of its section."""
IDB_INTEGERS: Mapping[int, int] = _ENTERPRISE | {IF_SPEED: 8, 10: 4, IF_TSOFFSET: 8, 16: 8, 17: 8}
EPB_INTEGERS: Mapping[int, int] = _ENTERPRISE | {EPB_FLAGS: 4, EPB_DROPCOUNT: 8, 5: 8, 6: 4, 8: 8}

_FILTER_IS_TEXT = b"\0"


def text(value: bytes) -> str:
    """Text of a value: UTF-8, what is not UTF-8 becomes U+FFFD; padding zeros at the end are not text."""
    return value.decode("utf-8", "replace").rstrip("\0")


class OptionList:
    """Options of one block, to be taken out one by one; `rest()` is what nobody took.

    raw: the octets after the fixed part of the block. order: "<" or ">". `whole` is False if an option runs
    past the end of the block; the options before it are kept.
    """

    def __init__(self, raw: bytes, order: str, integers: Mapping[int, int]) -> None:
        self.whole = True
        self._items: list[tuple[int, bytes]] = []
        head = struct.Struct(order + "HH")
        at = 0
        while at + 4 <= len(raw):
            code, length = head.unpack_from(raw, at)
            if code == END:
                break
            value = raw[at + 4 : at + 4 + length]
            if len(value) < length:
                self.whole = False
                break
            width = integers.get(code, 0)
            if order == ">" and width <= length:
                value = value[:width][::-1] + value[width:]
            self._items.append((code, value))
            at += 4 + length + (-length & 3)

    def _take(self, code: int, length: int | None = None) -> bytes | None:
        for place, (found, value) in enumerate(self._items):
            if found == code and length in (None, len(value)):
                del self._items[place]
                return value
        return None

    def text(self, code: int) -> str:
        """Take the first option `code` as text, "" if there is none."""
        return text(self._take(code) or b"")

    def texts(self, code: int) -> tuple[str, ...]:
        """Take all options `code` as texts."""
        taken = tuple(text(value) for found, value in self._items if found == code)
        if taken:
            self._items = [item for item in self._items if item[0] != code]
        return taken

    def integer(self, code: int, width: int, *, signed: bool = False) -> int | None:
        """Take the first option `code` that is `width` octets long as an integer, None if there is none."""
        value = self._take(code, width)
        return None if value is None else int.from_bytes(value, "little", signed=signed)

    def filter_text(self) -> str:
        """Take if_filter if it is text; a compiled filter stays where it is."""
        for found, value in self._items:
            if found == IF_FILTER and value[:1] == _FILTER_IS_TEXT:
                self._items.remove((found, value))
                return text(value[1:])
        return ""

    def rest(self) -> Options:
        """The options not taken, in the order of the file."""
        return tuple(self._items)


def pack_options(options: Iterable[tuple[int, bytes]]) -> bytes:
    """Little-endian option list with its end mark; nothing at all for no options.

    Raises ValueError if a value is longer than 65535 octets or a code is not 1..65535.
    """
    parts: list[bytes] = []
    for code, value in options:
        if not 0 < code <= 0xFFFF or len(value) > 0xFFFF:
            raise ValueError(f"option {code} of {len(value)} bytes: codes are 1..65535, values at most 65535 bytes")
        parts.append(struct.pack("<HH", code, len(value)) + value + bytes(-len(value) & 3))
    return b"".join(parts) + bytes(4) if parts else b""


def text_options(*pairs: tuple[int, str]) -> list[tuple[int, bytes]]:
    """Options for those texts that are not empty."""
    return [(code, value.encode("utf-8", "replace")) for code, value in pairs if value]


def tsresol_ticks(tsresol: int) -> int:
    """Ticks per second of an if_tsresol octet: 10 to the n, or 2 to the n if the top bit is set."""
    base = 2 if tsresol & 0x80 else 10
    ticks: int = base ** (tsresol & 0x7F)
    return ticks


def ticks_tsresol(ticks_per_second: int) -> int:
    """if_tsresol octet of a resolution. Raises ValueError if it is no power of 10 or 2 up to the 127th."""
    for tsresol in range(256):
        if tsresol_ticks(tsresol) == ticks_per_second:
            return tsresol
    raise ValueError(f"{ticks_per_second} ticks a second are no power of 10 or 2")
