# SPDX-License-Identifier: GPL-2.0-or-later
"""The checksums of LON frames, optical frames and optical table data."""

from __future__ import annotations

from binascii import crc_hqx


def lpdu_crc(data: bytes) -> bytes:
    """CRC-16 of an LPDU: polynomial 0x1021, start 0xFFFF, inverted, high byte first (lon-stack-ex, LtCUtil.c)."""
    return (crc_hqx(data, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")


def _x25_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0x8408 if byte & 1 else byte >> 1
        table.append(byte)
    return table


_X25 = _x25_table()


def optical_crc(data: bytes) -> bytes:
    """CRC of a C12.18 frame: CRC-16/X-25, low byte first (checked on published frames of real meters)."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _X25[(crc ^ byte) & 0xFF]
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def table_checksum(data: bytes) -> bytes:
    """Checksum behind table data on the optical port: two's complement of their sum (as real meters send it)."""
    return bytes([-sum(data) & 0xFF])


def internet_checksum(data: bytes) -> bytes:
    """Checksum of an IPv4 header of even length (RFC 791)."""
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")
