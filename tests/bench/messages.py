# SPDX-License-Identifier: GPL-2.0-or-later
"""APDUs and their answers, written from the fact sheets alone: nothing of the project's definitions is used here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.bench.rows import Array, Rows

LONGEST = 60
"""Bytes of the longest APDU."""

# share, request code, bytes of its body (least, most), response code, bytes of its body (least, most)
FAMILIES = (
    (16, 0x51, 0, 0, 0x31, 15, 15),  # query status
    (14, 0x6D, 4, 4, 0x2D, 1, 32),  # read memory
    (3, 0x6A, 1, 1, 0x2A, 15, 15),  # query domain
    (4, 0x68, 1, 1, 0x28, 3, 3),  # query NV configuration
    (3, 0x67, 1, 1, 0x27, 5, 5),  # query address
    (5, 0x54, 0, 0, 0x34, 7, 7),  # query transceiver status
    (5, 0x6E, 6, 37, 0x2E, 0, 0),  # write memory
    (15, 0xC0, 1, 1, 0x80, 2, 32),  # poll of a network variable
    (15, 0x01, 3, 59, 0x01, 1, 59),  # application message
    (20, 0x4D, 0, 0, 0x01, 1, 45),  # LTEP: an APDU that travels over repeaters
)
READ, WRITE, POLL, APPLICATION, LTEP = 1, 6, 7, 8, 9
FAILURE_SHARE = 0.02


@dataclass
class Apdus:
    """Rows of LONGEST bytes, and how many of them count."""

    data: Array
    length: Array

    @classmethod
    def random(cls, rng: np.random.Generator, least: Array, most: Array) -> Apdus:
        """Random bytes; the code byte is one of the `least` to `most` bytes."""
        return cls(rng.integers(0, 256, (len(least), LONGEST), np.uint8), rng.integers(least, most + 1))


def requests(rng: np.random.Generator, n: int) -> tuple[Apdus, Apdus]:
    """Requests of all families, and the responses to them."""
    table = np.array(FAMILIES)
    family = rng.choice(len(table), n, p=table[:, 0] / table[:, 0].sum())
    _, code, least, most, answer_code, answer_least, answer_most = table[family].T
    ask = Apdus.random(rng, least + 1, most + 1)
    answer = Apdus.random(rng, answer_least + 1, answer_most + 1)
    ask.data[:, 0], answer.data[:, 0] = code, answer_code

    indexed = (code >= 0x67) & (code <= 0x6A)
    ask.data[indexed, 1] %= 15
    read, write = family == READ, family == WRITE
    ask.data[read | write, 1] %= 4
    ask.data[read, 4] = answer.length[read] - 1
    ask.data[write, 4] = ask.length[write] - 6
    ask.data[write, 5] = 1
    poll = family == POLL
    ask.data[poll, 0] |= answer.data[poll, 2] & 0x3F
    answer.data[poll, 0] |= answer.data[poll, 2] & 0x3F
    answer.data[poll, 1] = ask.data[poll, 1]
    ask.data[family == APPLICATION, 0] += (ask.data[:, 1] % 16)[family == APPLICATION]

    over_repeaters = np.flatnonzero(family == LTEP)
    ltep = _ltep(rng, len(over_repeaters))
    ask.data[over_repeaters], ask.length[over_repeaters] = ltep.data, ltep.length
    failed = rng.random(n) < FAILURE_SHARE
    managed = failed & (code > 0x4D) & (code < 0x80)
    answer.data[managed, 0] &= 0x1F
    answer.length[managed] = 1
    lost_on_the_way = failed & (family == LTEP)
    answer.data[lost_on_the_way, 0], answer.length[lost_on_the_way] = 0x4C, 2
    answer.data[lost_on_the_way, 1] = 0
    return ask, answer


def _ltep(rng: np.random.Generator, n: int) -> Apdus:
    """0x4D, header, repeaters, transmit control, SICB, its transmit control, target address, target APDU."""
    rows = Rows(n, LONGEST + 8)
    repeaters = rng.integers(0, 4, n)
    rows.put(0x4D)
    rows.put(repeaters)
    for i in range(3):
        rows.put(rng.integers(1, 41, n), where=repeaters > i)
        rows.put(rng.integers(1, 121, n), where=repeaters > i)
    rows.put(0x38, where=repeaters > 0)
    short = rng.random(n) < 0.3
    rows.put(np.where(short, 5 << 5, 1 << 5) | 3 << 2)
    rows.put(0x38)
    rows.put(rng.integers(1, 41, n), where=~short)
    rows.put(rng.integers(1, 121, n))
    rows.put(rng.integers(1, 16, n))
    rows.put_bytes(rng.integers(0, 256, (n, 32), np.uint8), rng.integers(2, 33, n))
    return Apdus(rows.data[:, :LONGEST], rows.end)


def updates(rng: np.random.Generator, n: int) -> Apdus:
    """Updates of network variables: selector and a value of 1 to 31 bytes, mostly short."""
    length = np.minimum(2 + rng.geometric(0.25, n), 33)
    apdus = Apdus(rng.integers(0, 256, (n, LONGEST), np.uint8), length)
    apdus.data[:, 0] = 0x80 | apdus.data[:, 0] % 0x30
    return apdus


def application(rng: np.random.Generator, n: int) -> Apdus:
    """Messages of an application: a code of 1 to 15, then up to 59 bytes."""
    apdus = Apdus.random(rng, np.full(n, 1), np.full(n, LONGEST))
    apdus.data[:, 0] = 1 + apdus.data[:, 0] % 15
    return apdus
