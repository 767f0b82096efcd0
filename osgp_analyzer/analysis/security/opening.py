# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether messages fit keys, for many messages at once, each with one key: in clear, or encrypted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dissectors.security_columns import Bytes, Pieces, message_keys, mix, rc4
from osgp_analyzer.analysis.security.locks import Lock
from osgp_analyzer.analysis.security.messages import Messages
from osgp_analyzer.analysis.security.protection import Piece, Protection
from osgp_analyzer.analysis.security.protection import Pieces as Covered
from osgp_analyzer.engines.columns.values import Bools, Ints


@dataclass
class Texts:
    """Byte strings in one array: `offset` and `length` of each."""

    data: Bytes
    offset: Ints
    length: Ints

    def take(self, rows: Ints | Bools) -> Texts:
        """Some of them."""
        return Texts(self.data, self.offset[rows], self.length[rows])


@dataclass
class Asked:
    """The requests of responses, a row for each: the message on the wire (`start`, `end` in the buffer), and whether it
    is encrypted."""

    start: Ints
    end: Ints
    encrypted: Bools

    def take(self, rows: Ints | Bools) -> Asked:
        """Some of them."""
        return Asked(self.start[rows], self.end[rows], self.encrypted[rows])


class Opening:
    """Tries keys of a lock on messages of the buffer `data`, as a port protects them."""

    def __init__(self, protection: Protection, lock: Lock, data: Bytes) -> None:
        self.protection, self.lock, self.data = protection, lock, data
        self._clear_behind = protection.clear_at_end - protection.tag
        """Bytes before the digest that are not encrypted."""
        self.plain: Texts | None = None
        """Of the messages that were tried last as encrypted ones: what they say if the key is right."""

    def wire(self, messages: Messages | Asked) -> Texts:
        """Messages as they are, without their digests."""
        return Texts(self.data, messages.start, messages.end - self.protection.tag - messages.start)

    def requests(
        self, messages: Messages, key: Ints, encrypted: bool, address: tuple[Ints, Ints] | None = None
    ) -> Bools:
        """Which requests fit a key each (by its place in the lock). `address`: subnet and node other than theirs."""
        texts = self.wire(messages)
        if encrypted:
            texts = self._decrypted(texts, self._stream(messages, key, texts.length), 0)
            self.plain = texts
        return self._agrees(messages, key, [texts], address)

    def responses(
        self,
        messages: Messages,
        asked: Asked,
        key: Ints,
        encrypted: bool,
        address: tuple[Ints, Ints] | None = None,
        counted: bool = True,
    ) -> Bools:
        """Which responses fit a key each. `encrypted`: they are; whether their requests are is in `asked`. `counted`:
        with the length in the digest, where the port has it."""
        hidden = asked.encrypted
        if hidden.any() and not hidden.all():
            good = np.zeros(len(key), bool)
            for rows in (np.flatnonzero(~hidden), np.flatnonzero(hidden)):
                where = (address[0][rows], address[1][rows]) if address is not None else None
                taken = messages.take(rows), asked.take(rows), key[rows]
                good[rows] = self.responses(*taken, encrypted, where, counted)
            return good
        requests, own = self.wire(asked), self.wire(messages)
        if hidden.any():
            used = self._used(requests)
            more = own.length if encrypted and self.protection.stream != "own_digest" else np.zeros_like(used)
            stream = self._stream(asked, key, np.maximum(requests.length, used + more))
            if encrypted:
                if self.protection.stream == "own_digest":
                    own = self._decrypted(own, self._stream(messages, key, own.length), 0)
                else:
                    own = self._decrypted(own, stream, used)
                self.plain = own
            requests = self._decrypted(requests, stream, 0)
        return self._agrees(messages, key, [requests, own], address, counted)

    def _used(self, requests: Texts) -> Ints:
        """Bytes of the streams of requests that are gone when their responses begin."""
        if self.protection.stream != "continues":
            return np.zeros_like(requests.length)
        return np.maximum(requests.length - self.protection.clear - self._clear_behind, 0)

    def _stream(self, messages: Messages | Asked, key: Ints, length: Ints) -> Bytes:
        """The key streams of messages with their digests."""
        base = self.lock.base[:, key]
        return rc4(message_keys(base, self._digest(messages.end)), int(length.max(initial=0)))

    def _digest(self, end: Ints) -> Bytes:
        size = self.protection.tag
        found: Bytes = self.data[(end - size)[None, :] + np.arange(size)[:, None]]
        return found

    def _decrypted(self, texts: Texts, stream: Bytes, used: Ints | int) -> Texts:
        """Texts in clear; of the stream the first `used` bytes are gone already."""
        count, longest, clear = len(texts.length), int(texts.length.max(initial=0)), self.protection.clear
        found = np.zeros((count, longest), np.uint8)
        rows, hidden = np.arange(count), texts.length - self._clear_behind
        for at in range(longest):
            here = rows[texts.length > at]
            byte = texts.data[texts.offset[here] + at]
            if at >= clear:
                place = at - clear + (used[here] if isinstance(used, np.ndarray) else used)
                byte = np.where(at < hidden[here], byte ^ stream[np.minimum(place, len(stream) - 1), here], byte)
            found[here, at] = byte
        return Texts(found.reshape(-1), rows * longest, texts.length)

    def _agrees(
        self,
        messages: Messages,
        key: Ints,
        texts: list[Texts],
        address: tuple[Ints, Ints] | None,
        counted: bool = True,
    ) -> Bools:
        """Whether the digests are those of the texts."""
        if not len(key):
            return np.zeros(0, bool)
        if address is None:
            address = self._address(messages, key)
        # Those that are alike next to each other can be copied together.
        order = np.lexsort([text.length for text in texts])
        key, end, texts = key[order], messages.end[order], [text.take(order) for text in texts]
        values = {Piece.SUBNET: address[0][order], Piece.NODE: address[1][order], Piece.SIZE: texts[-1].length & 0xFF}
        covers = self._covers(len(texts) > 1, counted)
        longest = sum(int(text.length.max()) for text in texts) * covers.count(Piece.MESSAGE)
        pieces = Pieces(len(key), longest + sum(len(one) if isinstance(one, bytes) else 1 for one in covers))
        for one in covers:
            if isinstance(one, bytes):
                size = np.full(len(key), len(one))
                pieces.add(np.frombuffer(one, np.uint8), np.zeros_like(size), size)
            elif one in (Piece.MESSAGE, Piece.REQUEST):
                text = texts[-1] if one is Piece.MESSAGE else texts[0]
                pieces.add(text.data, text.offset, text.length)
            else:
                pieces.add_byte(values[one])
        digest = mix(pieces.bytes, pieces.length, self.lock.secrets[:, key])
        good = np.zeros(len(key), bool)
        good[order] = (digest == self._digest(end)).all(axis=0)
        return good

    def _covers(self, response: bool, counted: bool) -> Covered:
        """What the digests are over."""
        covers = self.protection.response if response else self.protection.request
        assert covers is not None
        return covers if counted else tuple(one for one in covers if one is not Piece.SIZE)

    def _address(self, messages: Messages, key: Ints) -> tuple[Ints, Ints]:
        """Subnet and node of the meters: those of the messages, else where the ring says that the key is."""
        known = messages.node > 0
        return (
            np.where(known, messages.subnet, self.lock.subnet[key]),
            np.where(known, messages.node, self.lock.node[key]),
        )
