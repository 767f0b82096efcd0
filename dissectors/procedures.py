# SPDX-License-Identifier: GPL-2.0-or-later
"""Named procedures: what an expression cannot say. One Python form for single frames; each engine has its own.

Every procedure gets the environment of the layer first (`whole`: the bytes of the layer; while building, those
before the trailer; `building`; `knowledge`).
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any

MIN_LPDU = 8
"""Shortest LPDU with CRC: a broadcast of one code byte (lon-stack-dx lcs_link.c)."""


def crc16(data: bytes) -> int:
    """CRC of LPDUs: polynomial 0x1021, start 0xFFFF, not reflected, inverted (CRC-16/GENIBUS).

    Source: lon-stack-ex Shared/LtCUtil.c LtCRC16. `binascii.crc_hqx` is the same register without the inversion.
    """
    return binascii.crc_hqx(data, 0xFFFF) ^ 0xFFFF


REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in the other order."""


def crc_x25(data: bytes) -> int:
    """CRC-16/X-25 of the optical port: that of LPDUs, with the bits of all bytes and of the result reversed."""
    return int(f"{crc16(data.translate(REVERSED)):016b}"[::-1], 2)


def _crc16(env: Any) -> int | None:
    return crc16(env.whole) if env.building and env.whole is not None else None


def _crc_matches(data: bytes) -> bool:
    return len(data) >= 3 and crc16(data[:-2]) == int.from_bytes(data[-2:], "big")


def _crc_present(env: Any, kept: int | None) -> bool | None:
    """Whether the last two bytes are a CRC: they match, or the carrier is known to keep it.

    `kept`: what the record of the network interface says (1 or 0), None if there is none.
    """
    if env.building:
        return None
    if env.knowledge.crc is False:
        return False
    keeps = env.knowledge.crc if kept is None else bool(kept)
    return _crc_matches(env.whole) or (keeps is True and len(env.whole) >= MIN_LPDU)


def _crc_status(env: Any, kept: int | None) -> int | None:
    """0 bad, 1 good, 2 absent; None while building."""
    if env.building or not env.whole:
        return None
    if not _crc_present(env, kept):
        return 2
    return 1 if _crc_matches(env.whole) else 0


def _byte(env: Any, value: bytes | None, index: int) -> int | None:
    """Byte `index` of `value`."""
    return value[index] if value is not None and index < len(value) else None


def _slice(env: Any, value: bytes | None, start: int, stop: int) -> bytes | None:
    """Bytes `start` to `stop` (not included) of `value`."""
    return value[start:stop] if value is not None and stop <= len(value) else None


def _join(env: Any, first: bytes | None, second: bytes | None) -> bytes | None:
    """Both, one after the other."""
    return first + second if first is not None and second is not None else None


def _joined(env: Any, last: bytes | None) -> bytes | None:
    """A message in several packets, of which this one has the last part; None where a part of it was not seen."""
    earlier = env.knowledge.earlier
    return earlier + last if earlier is not None and last is not None else None


def _opened_next(env: Any) -> int | None:
    """Which way the message at the cursor goes (0 request, 1 response), where it is encrypted and was opened."""
    opened, packet = env.knowledge.opened, env.packet
    if opened is None or packet.derived is not None or (env.building and not packet.pristine):
        return None
    at = packet.frame_offset + (packet.header_length if env.building else env.cursor.byte)
    return int(opened.response) if at == opened.at else None


def _opened(env: Any) -> bytes | None:
    """The layer's bytes in clear, where they are encrypted and were opened."""
    return env.knowledge.opened.plain if _is_opened(env) else None


def _opened_head(env: Any) -> int | None:
    """How many bytes at the layer's start are not encrypted, nor of the message itself."""
    return env.knowledge.opened.head if _is_opened(env) else None


def _opened_tail(env: Any) -> int | None:
    """How many bytes at the layer's end are not encrypted."""
    return env.knowledge.opened.tail if _is_opened(env) else None


def _is_opened(env: Any) -> bool:
    opened = env.knowledge.opened
    return opened is not None and env.packet.derived is None and env.packet.frame_offset == opened.at


def _eui64_unique_id(env: Any, address: bytes | None) -> bytes | None:
    """The unique ID in the interface identifier of an IPv6 address (lon-stack-dx lon_udp, one source)."""
    if address is None or len(address) != 16:
        return None
    return bytes([(address[8] << 2 | address[8] >> 6) & 0xFF]) + address[9:11] + address[13:16]


def _crc_x25(env: Any, size: int | None) -> int | None:
    """CRC-16/X-25 over the first `size` bytes of the layer."""
    return crc_x25(env.whole[:size]) if size is not None and env.whole is not None and size <= len(env.whole) else None


def _negated_sum(env: Any, value: bytes | None) -> int | None:
    """Two's complement of the sum of all bytes, in one byte."""
    return -sum(value) & 0xFF if value is not None else None


SIGNALS = b"\x06\x15\x55\x00"
"""Single bytes between the packets of the optical port (see `dissectors.osgp.optical`)."""


def count_signals(data: bytes) -> int:
    """How many of the first bytes are such."""
    return len(data) - len(data.lstrip(SIGNALS))


def packet_start(data: bytes) -> int:
    """Where a packet of the optical port begins: the first that is whole and has the right CRC, else the first byte
    that could begin one, else the end."""
    starts = [at for at, byte in enumerate(data) if byte == 0xEE]
    for at in starts:
        end = at + 6 + int.from_bytes(data[at + 4 : at + 6], "big")
        if end + 2 <= len(data) and crc_x25(data[at:end]) == int.from_bytes(data[end : end + 2], "little"):
            return at
    return starts[0] if starts else len(data)


def _ahead(function: Callable[[bytes], int]) -> Callable[..., int | None]:
    """A function of the bytes that are left, as a procedure. Its argument is `Remaining()`."""

    def run(env: Any, left: int | None) -> int | None:
        if env.building or left is None:
            return None
        return function(env.whole[env.cursor.byte : env.cursor.byte + left])

    return run


PROCEDURES: dict[str, Callable[..., Any]] = {
    "crc16": _crc16,
    "crc_present": _crc_present,
    "crc_status": _crc_status,
    "byte": _byte,
    "slice": _slice,
    "join": _join,
    "joined": _joined,
    "opened_next": _opened_next,
    "opened": _opened,
    "opened_head": _opened_head,
    "opened_tail": _opened_tail,
    "eui64_unique_id": _eui64_unique_id,
    "crc_x25": _crc_x25,
    "negated_sum": _negated_sum,
    "signals": _ahead(count_signals),
    "packet_start": _ahead(packet_start),
}
GIVE_BYTES = frozenset(("slice", "join", "joined", "opened", "eui64_unique_id"))
"""Those whose value is bytes."""
