# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames to bytes, from the fact sheets alone (en14908.md 1 to 4 and 9.1): an encoder that shares nothing with the
project's."""

from __future__ import annotations

import numpy as np

from tests.bench.rows import Array, Rows
from tests.bench.traffic import APDU, AUTHPDU, FRAME, GROUP, NETWORKS, NODE, UNIQUE_ID, VERSIONS

LPDU_WIDTH = 96
DOMAINS = np.array([list(domain.ljust(6, b"\0")) for _, domain, _ in NETWORKS], np.uint8)
DOMAIN_LENGTHS = np.array([len(domain) for _, domain, _ in NETWORKS])
DOMAIN_CODES = np.array([{0: 0, 1: 1, 3: 2, 6: 3}[length] for length in DOMAIN_LENGTHS.tolist()])


def lpdus(frames: Array) -> Rows:
    """LPDUs without CRC of an array of `FRAME`."""
    f = {name: frames[name].astype(np.int64) for name in FRAME.fields or () if name not in ("apdu", "neuron_id")}
    rows = Rows(len(frames), LPDU_WIDTH)
    pdu, form, network = f["pdu"], f["format"], f["network"]
    version = VERSIONS[network]
    rows.put(f["priority"] << 7 | f["alt_path"] << 6 | f["backlog"])
    rows.put(version << 6 | pdu << 4 | form << 2 | DOMAIN_CODES[network])
    in_group = frames["in_group"]
    rows.put(f["src_subnet"])
    rows.put(np.where(in_group, 0, 0x80) | f["src_node"])
    rows.put(np.where(form == GROUP, f["group"], f["dst_subnet"]))
    rows.put(0x80 | f["dst_node"], where=form == NODE)
    rows.put(f["group"] << 8 | f["member"], 2, where=in_group)
    rows.put(frames["neuron_id"].astype(np.int64), 6, where=form == UNIQUE_ID)
    rows.put_bytes(DOMAINS[network], DOMAIN_LENGTHS[network])
    enhanced = (version == 2) & (pdu != APDU)
    number = f["transaction"]
    # The format in an AuthPDU is that of the message that is authenticated: subnet and node here.
    start = np.where(pdu == AUTHPDU, NODE << 6 | f["type"] << 4, f["auth"] << 7 | f["type"] << 4)
    rows.put(start | number >> np.where(enhanced, 8, 0), where=pdu != APDU)
    rows.put(number & 0xFF, where=enhanced)
    rows.put(f["m_list_length"], where=f["m_list_length"] > 0)
    for i in range(3):
        rows.put(f["m_list"] >> 8 * i, where=f["m_list_length"] > i)
    rows.put(f["digest"], 8, where=pdu == AUTHPDU)
    rows.put_bytes(frames["apdu"], frames["length"])
    return rows


def _table() -> Array:
    table = np.arange(256, dtype=np.uint16) << 8
    for _ in range(8):
        table = np.where(table & 0x8000, table << 1 ^ 0x1021, table << 1).astype(np.uint16)
    return table


_CRC = _table()


def add_crc(rows: Rows) -> None:
    """Append the CRC-16 of each row."""
    order = np.argsort(-rows.end, kind="stable")
    longest_first = rows.end[order]
    columns = np.ascontiguousarray(rows.data[order].T)
    crc = np.full(len(order), 0xFFFF, np.uint16)
    for i in range(int(longest_first[0]) if len(order) else 0):
        n = int(np.searchsorted(-longest_first, -i, side="left"))
        crc[:n] = crc[:n] << 8 ^ _CRC[crc[:n] >> 8 ^ columns[i, :n]]
    value = np.empty(len(order), np.int64)
    value[order] = crc ^ 0xFFFF
    rows.put(value, 2)


def damage(rows: Rows, share: float, rng: np.random.Generator) -> None:
    """Change a byte in some of the rows."""
    hit = np.flatnonzero(rng.random(len(rows.data)) < share)
    at = rng.integers(0, rows.end[hit])
    rows.data[hit, at] ^= rng.integers(1, 256, len(hit), np.uint8)


def in_cnip(rows: Rows, frames: Array, sequence: Array) -> Rows:
    """Ethernet, IPv4, UDP port 1628, CN/IP data packet, LPDU."""
    n, inner = len(rows.data), rows.end
    network = frames["network"].astype(np.int64)
    router = 10 << 24 | network << 16 | frames["src_subnet"].astype(np.int64) << 8 | 1
    collector = 10 << 24 | network << 16 | 254
    out = Rows(n, 62 + LPDU_WIDTH)
    out.put(0x0200_0000_0000 + collector, 6)
    out.put(0x0200_0000_0000 + router, 6)
    out.put(0x0800, 2)
    words: list[Array | int] = [0x4500, inner + 48, sequence & 0xFFFF, 0x4000, 0x4011, router >> 16, router & 0xFFFF]
    words += [collector >> 16, collector & 0xFFFF]
    total = sum((np.broadcast_to(word, n) for word in words), np.zeros(n, np.int64))
    total = (total & 0xFFFF) + (total >> 16)
    words.insert(5, ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    for word in words:
        out.put(word, 2)
    for word in (1628, 1628, inner + 28, 0):
        out.put(word, 2)
    out.put(inner + 20, 2)
    out.put(0x0101_0000, 4)  # version 1, data, no extended header, no security
    out.put(0, 2)
    out.put(0x5000 + network, 4)
    out.put(sequence, 4)
    out.put(frames["time"] // 1_000_000 & 0xFFFF_FFFF, 4)
    out.put_bytes(rows.data, inner)
    return out
