# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests and RC4 over many messages at once: a row for each, its own key in each.

The OMA digest (MEP guide p.250-253) and the answer to a challenge of EN 14908-1 (lon-stack-dx lcs_tsa.c) have one round
function, see `mix`. Byte matrices have a column for each message, so that a step is one operation on all of them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dissectors.en14908.npdu import GROUP, SUBNET_NODE, UNIQUE_ID
from osgp_analyzer.engines.columns.values import Ints

Bytes = NDArray[np.uint8]

STATE = 8
"""Bytes of a digest."""
TOGETHER = 16_384
"""Messages in one step: their states stay in the cache of a processor."""
ALIKE = 8
"""So many messages of one length after another are worth to be copied at once."""
STREAMS = 2_048
"""RC4 streams in one step."""


def rounds(key: int) -> int:
    """How many bytes of the key a block takes: 6 of a key of 6 bytes, else one and a half times its size."""
    return 6 if key == 6 else key * 3 // 2


def mix(message: Bytes, length: Ints, keys: Bytes, start: Bytes | None = None) -> Bytes:
    """The states (8, n) after messages (longest, n) of `length` bytes each, under keys (bytes of a key, n).

    `start`: the states before (8, n), zeros if not given. An empty message is one block of zeros.
    """
    size, count = keys.shape
    block = STATE * rounds(size)
    found = np.zeros((STATE, count), np.uint8) if start is None else start.copy()
    longest = int(length.max(initial=0))
    if len(message) < longest:
        raise ValueError(f"{longest} bytes of a message, but only {len(message)} are given")
    for first in range(0, count, TOGETHER):
        some = slice(first, first + TOGETHER)
        state, own, bytes_of = found[:, some], keys[:, some].copy(), length[some]
        blocks = np.maximum(1, (bytes_of + block - 1) // block)
        for number in range(int(blocks.max(initial=0))):
            rows = np.flatnonzero(blocks > number)
            part = message[number * block : (number + 1) * block, some]
            if len(rows) < len(blocks):
                state[:, rows] = _block(np.ascontiguousarray(state[:, rows]), part[:, rows], own[:, rows])
            else:
                state[:] = _block(np.ascontiguousarray(state), part, own)
    return found


def _block(state: Bytes, message: Bytes, keys: Bytes) -> Bytes:
    """One block of bytes, those behind the message 0."""
    size, count = keys.shape
    spare = [np.empty(count, np.uint8) for _ in range(3)]
    at, there = 0, len(message)
    for i in range(rounds(size)):
        key = keys[i % size]
        for j in range(STATE - 1, -1, -1):
            _step(state, j, message[at] if at < there else None, key, spare)
            at += 1
    return state


def _step(state: Bytes, j: int, byte: Bytes | None, key: Bytes, spare: list[Bytes]) -> None:
    """Place `j` of the state: the place after it, and the message, and its own inverted sum with `j` turned by one bit
    - to the left and added where the key's bit is set, else to the right and taken away."""
    n, left, right = spare
    np.add(state[j], np.uint8(j), out=n)
    np.invert(n, out=n)
    np.right_shift(n, 7, out=right)
    np.left_shift(n, 1, out=left)
    np.bitwise_or(left, right, out=left)
    np.right_shift(n, 1, out=right)
    np.left_shift(n, 7, out=n)
    np.bitwise_or(right, n, out=right)
    np.negative(right, out=right)
    # Where the bit is set all ones, else 0.
    np.right_shift(key, STATE - 1 - j, out=n)
    np.bitwise_and(n, 1, out=n)
    np.negative(n, out=n)
    np.bitwise_xor(left, right, out=left)
    np.bitwise_and(left, n, out=left)
    np.bitwise_xor(left, right, out=left)
    if byte is not None:
        np.add(left, byte, out=left)
    np.add(left, state[(j + 1) % STATE], out=state[j])


class Pieces:
    """Messages put together of pieces of other arrays, as a matrix (longest, n) with zeros behind the last byte."""

    def __init__(self, count: int, longest: int) -> None:
        self.bytes = np.zeros((max(1, longest), count), np.uint8)
        self.length: Ints = np.zeros(count, np.int64)
        self._rows = np.arange(count)

    def add(self, data: Bytes, offset: Ints, length: Ints) -> None:
        """Go on with `length` bytes from `offset` of an array, each row its own; quick where neighbours are alike."""
        change = np.flatnonzero((np.diff(length) != 0) | (np.diff(self.length) != 0)) + 1
        if len(change) <= len(length) // ALIKE + 1:
            borders = [0, *change.tolist(), len(length)]
            for first, last in pairwise(borders):
                start, size = int(self.length[first]), int(length[first])
                if size:
                    windows = np.lib.stride_tricks.sliding_window_view(data, size)
                    self.bytes[start : start + size, first:last] = windows[offset[first:last]].T
        else:
            for at in range(int(length.max())):
                there = np.flatnonzero(length > at)
                self.bytes[self.length[there] + at, self._rows[there]] = data.take(offset[there] + at)
        self.length = self.length + length

    def add_byte(self, values: Ints) -> None:
        """Go on with one byte, a number in each row."""
        self.bytes[self.length, self._rows] = values.astype(np.uint8)
        self.length = self.length + 1

    def reversed(self) -> Bytes:
        """The messages from their last byte to their first."""
        longest = len(self.bytes)
        at = self.length[None, :] - 1 - np.arange(longest)[:, None]
        found: Bytes = self.bytes[np.maximum(at, 0), self._rows[None, :]]
        found[at < 0] = 0
        return found


def rc4(keys: Bytes, size: int) -> Bytes:
    """The first `size` bytes of the RC4 streams (size, n) of keys (16, n)."""
    count = keys.shape[1]
    found = np.empty((size, count), np.uint8)
    for first in range(0, count, STREAMS):
        some = slice(first, first + STREAMS)
        found[:, some] = _streams(keys[:, some].copy(), size)
    return found


def _streams(keys: Bytes, size: int) -> Bytes:
    length, count = keys.shape
    rows = np.arange(count)
    box = np.repeat(np.arange(256, dtype=np.uint8), count)
    table = box.reshape(256, count)
    j = np.zeros(count, np.uint8)
    for i in range(256):
        own = table[i].copy()
        j += own
        j += keys[i % length]
        place = j.astype(np.int64) * count + rows
        table[i] = box.take(place)
        box[place] = own
    j[:] = 0
    found = np.empty((size, count), np.uint8)
    for at in range(size):
        i = (at + 1) & 255
        own = table[i].copy()
        j += own
        place = j.astype(np.int64) * count + rows
        other = box.take(place)
        table[i] = other
        box[place] = own
        found[at] = box.take((own + other).astype(np.int64) * count + rows)
    return found


PLC_SEEDS = np.frombuffer(bytes.fromhex("813F529A7BE389BA72B0918D4405AA57"), np.uint8).reshape(2, STATE)
"""First states of the two halves of the base key on the power line (a public exercise in Python; osgp.md 2.6)."""
MEP_CONSTANT = np.frombuffer(bytes.fromhex("388B8FBC36A8558587AFC90FB23A3B99"), np.uint8)
"""What a key of the MEP port encrypts to make its base key (MEP guide p.256)."""
BASE = 16
"""Bytes of a base key."""


def plc_base_keys(keys: Bytes) -> Bytes:
    """The base keys (16, n) of OMAKs (12, n): of half of each, answers to two constant challenges with no message."""
    half, count = keys[:6].copy(), keys.shape[1]
    nothing, none = np.zeros((1, count), np.uint8), np.zeros(count, np.int64)
    return np.concatenate([mix(nothing, none, half, np.repeat(seed[:, None], count, axis=1)) for seed in PLC_SEEDS])


def mep_base_keys(keys: Bytes) -> Bytes:
    """The base keys (16, n) of MAKs or MBKs (16, n)."""
    found: Bytes = rc4(keys, BASE)
    found ^= MEP_CONSTANT[:, None]
    return found


def message_keys(base: Bytes, digest: Bytes) -> Bytes:
    """The RC4 keys (16, n) of requests with a digest (8, n), and of their responses."""
    found = base.copy()
    found[:STATE] ^= digest
    return found


DESTINATION = 9
"""Bytes that a reply with a key of 12 bytes covers before the APDU (lon-stack-dx, LT_OMA_DEST_DATA_LEN)."""


def destinations(kind: Ints, domain: Ints, subnet: Ints, node: Ints, group: Ints, neuron_id: Ints) -> Bytes:
    """These bytes (9, n) for address formats of messages; domain and Neuron ID as the columns have them.

    A broadcast has the domain and nothing else, as lon-stack-dx has it; lon-stack-ex leaves the domain out too.
    """
    found = np.full((DESTINATION, len(kind)), 0xFF, np.uint8)
    length = np.maximum(domain >> 48, 0)
    known = domain & ((1 << 48) - 1)
    for at in range(6):
        of_domain = np.where(at < length, known >> 8 * np.maximum(length - 1 - at, 0) & 0xFF, 0)
        found[at] = np.where(kind == UNIQUE_ID, neuron_id >> 8 * (5 - at) & 0xFF, of_domain)
    found[6] = np.where(kind == UNIQUE_ID, 0xFF, length)
    found[7] = np.where(kind == SUBNET_NODE, subnet, np.where(kind == GROUP, group, 0xFF))
    found[8] = np.where(kind == SUBNET_NODE, node, 0xFF)
    return found
