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


def _eui64_unique_id(env: Any, address: bytes | None) -> bytes | None:
    """The unique ID in the interface identifier of an IPv6 address (lon-stack-dx lon_udp, one source)."""
    if address is None or len(address) != 16:
        return None
    return bytes([(address[8] << 2 | address[8] >> 6) & 0xFF]) + address[9:11] + address[13:16]


PROCEDURES: dict[str, Callable[..., Any]] = {
    "crc16": _crc16,
    "crc_present": _crc_present,
    "crc_status": _crc_status,
    "byte": _byte,
    "slice": _slice,
    "join": _join,
    "eui64_unique_id": _eui64_unique_id,
}
