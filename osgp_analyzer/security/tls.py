# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens TLS 1.2 sessions with a pre-shared key: those of a meter's MEP port.

How keys come from the handshake, and what the extended master secret asks for: see `tls_keys`. Sequence numbers are in
no record, but the tag covers them (RFC 5246 6.1, 6.2.3.3; RFC 5288 3), so that records missing from a capture must be
counted in. Most senders count the explicit half of the nonce up with every record, from 0 (mbed TLS, as in meters) or
from anything (OpenSSL): by how much it is ahead of the sequence number is known from the first record that opens, and
any gap can be crossed. For senders that do not, and where the first records are missing, the next numbers are tried,
`WINDOW` of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from dissectors.osgp.tls import ALERT, CHANGE, DATA, HANDSHAKE, LEVELS
from dissectors.osgp.tls_messages import (
    CHANGED,
    CLIENT_HELLO,
    HEAD,
    HELLO_REQUEST,
    Record,
    are_messages,
    are_records,
    begins_client_hello,
    could_be_message,
    could_begin,
    is_change,
    read_message,
    read_record,
    split_sealed,
)
from osgp_analyzer.security.tls_handshake import Handshake
from osgp_analyzer.security.tls_keys import Epoch, Memory

WINDOW = 16
"""Sequence numbers behind the next that are tried."""
_NUMBERS = 1 << 64


class Status(IntEnum):
    """How the opening of a record went."""

    BAD = 0
    """No key that was tried opens it: a wrong key, or a damaged record. Also what is no record of TLS."""
    GOOD = 1
    """Opened: its tag is right under the key."""
    NO_KEY = 2
    """Encrypted, and nothing could be tried."""
    CLEAR = 3
    """Not encrypted."""


@dataclass(frozen=True)
class Result:
    """What became of a record.

    plain: its content, if it is clear or opened. key: name of the key that opened it. tried: names of those that did
    not, if it is BAD. identity: of the pre-shared key, as the client named it. sequence: the number that it opened
    under, for each direction and change of cipher from 0. reason: why it is BAD or NO_KEY, or cannot be followed, for
    people.
    """

    content_type: int
    plain: bytes | None
    status: Status
    key: str | None = None
    tried: tuple[str, ...] = ()
    identity: bytes | None = None
    sequence: int | None = None
    reason: str = ""


class _Side:
    """One direction of the session."""

    def __init__(self) -> None:
        self.part = bytearray()
        """Of a record whose rest has not come yet."""
        self.fresh(clear=False)

    def fresh(self, clear: bool, epoch: Epoch | None = None) -> None:
        """Begin anew behind a change of cipher, or with a new handshake."""
        self.clear = clear
        self.epoch = epoch
        self.messages = bytearray()
        """Of the handshake, as far as they are not read."""
        self.next = 0
        self.ahead: int | None = None
        """Of the sequence number is the explicit half of the nonce."""

    def numbers(self, explicit: int) -> Iterator[int]:
        """Sequence numbers that a record may have, the likeliest first."""
        likely = [self.next, explicit, *range(self.next + 1, self.next + 1 + WINDOW)]
        if self.ahead is not None:
            likely.insert(0, explicit - self.ahead)
        yield from dict.fromkeys(number % _NUMBERS for number in likely)


class Session:
    """The TLS sessions between a client and a meter, one after the other, fed with the records of both directions in
    the order of the capture.

    A clear client hello begins a new session. Sessions that are resumed and handshakes within a session are followed.
    Records that are sent again are opened again. Each record is tried under a constant number of sequence numbers,
    for as long as its key is not found under each of the keys.
    """

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        """`keys`: the candidates, name and pre-shared key; a meter uses the first 16 bytes of its keys (MEP p.18).

        Raises ValueError for a key of more than 65535 bytes."""
        for name, key in keys:
            if len(key) > 0xFFFF:
                raise ValueError(f"key {name} has {len(key)} bytes, a pre-shared key of TLS has at most 65535")
        self._keys = tuple(keys)
        self._memory = Memory()
        self._handshake: Handshake | None = None
        self._sides = {True: _Side(), False: _Side()}

    def feed(self, from_client: bool, records: bytes) -> list[Result]:
        """A result for each record that ends in these bytes, and for what is no record. Never raises.

        A record may come in parts. A part is given up when the next bytes are whole records by themselves: then the
        rest of it is missing.
        """
        side = self._sides[from_client]
        results = []
        if side.part and are_records(records):
            results.append(self._dropped(side, "the rest of the record is missing"))
        side.part += records
        at = 0
        while at < len(side.part):
            if not could_begin(side.part, at):
                results.append(self._dropped(side, "this is no record of TLS", at))
                return results
            record = read_record(side.part, at)
            if record is None:
                break
            at += HEAD + len(record.body)
            results.append(self._read(side, from_client, record))
        del side.part[:at]
        return results

    @staticmethod
    def _dropped(side: _Side, reason: str, at: int = 0) -> Result:
        content_type = side.part[at]
        side.part.clear()
        return Result(content_type, None, Status.BAD, reason=reason)

    def _read(self, side: _Side, from_client: bool, record: Record) -> Result:
        if side.clear:
            opened = self._behind_missed_change(side, from_client, record)
            return opened or self._read_clear(side, from_client, record)
        opened = self._open(side, from_client, record)
        if opened is not None:
            return opened
        if _is_clear(record, from_client):
            return self._read_clear(side, from_client, record)
        return _unopened(record, side.epoch)

    def _open(self, side: _Side, from_client: bool, record: Record) -> Result | None:
        """Try the keys of this direction on a record, and follow what it says."""
        epoch, sealed = side.epoch, split_sealed(record.body)
        if epoch is None or sealed is None:
            return None
        opened = epoch.open(from_client, record, side.numbers(sealed[0]))
        if opened is None or epoch.found is None:
            return None
        sequence, plain = opened
        reason = ""
        if sequence >= side.next:  # one that is sent again has been followed
            side.next, side.ahead = sequence + 1, sealed[0] - sequence
            if record.content_type == HANDSHAKE:
                reason = self._follow(side, from_client, plain)
            elif record.content_type == CHANGE and plain == CHANGED:
                self._change(side)
        self._memory.keep(epoch)
        name = epoch.found.name
        return Result(record.content_type, plain, Status.GOOD, name, (), epoch.identity, sequence, reason)

    def _behind_missed_change(self, side: _Side, from_client: bool, record: Record) -> Result | None:
        """An encrypted record in a direction whose change of cipher is not in the capture."""
        sealed = split_sealed(record.body)
        in_handshake = self._handshake is not None and self._handshake.exchanged and not are_messages(record.body)
        if record.content_type != DATA and (sealed is None or not in_handshake):
            return None
        epoch = self._handshake.epoch() if self._handshake is not None else None
        if epoch and sealed and epoch.open(from_client, record, side.numbers(sealed[0])):
            side.fresh(clear=False, epoch=epoch)
            return self._open(side, from_client, record)
        return _unopened(record, epoch) if record.content_type == DATA else None

    def _read_clear(self, side: _Side, from_client: bool, record: Record) -> Result:
        """A record that is not encrypted. In a direction that is, only a client hello says something new: other
        records are sent again."""
        if _begins_session(record, from_client) and not (side.clear and side.messages):
            self._handshake = None
            for each in self._sides.values():
                each.fresh(clear=True)
        reason = ""
        if is_change(record) and (side.clear or side.epoch is None):
            self._change(side)
        elif record.content_type == HANDSHAKE and side.clear:
            reason = self._follow(side, from_client, record.body)
        return Result(record.content_type, record.body, Status.BAD if reason else Status.CLEAR, reason=reason)

    def _change(self, side: _Side) -> None:
        epoch = self._handshake.epoch() if self._handshake is not None else None
        if epoch is None or epoch is not side.epoch:
            side.fresh(clear=False, epoch=epoch)

    def _follow(self, side: _Side, from_client: bool, text: bytes) -> str:
        """Read the messages of the handshake that end in `text`. Returns why they cannot be read, or nothing."""
        side.messages += text
        at, reason = 0, ""
        while at < len(side.messages):
            if not could_be_message(side.messages, at):
                side.messages.clear()
                return "this is no message of the handshake"
            message = read_message(side.messages, at)
            if message is None:
                break
            at += len(message.whole)
            if from_client and message.type == CLIENT_HELLO:
                self._handshake = Handshake(self._keys, self._memory)
            if self._handshake is not None:
                self._handshake.add(message)
                reason = self._handshake.given_up
        del side.messages[:at]
        return reason


def _begins_session(record: Record, from_client: bool) -> bool:
    return from_client and record.content_type == HANDSHAKE and begins_client_hello(record.body)


def _is_clear(record: Record, from_client: bool) -> bool:
    """Whether a record that no key opens is not encrypted, though others of its direction are."""
    if record.content_type == ALERT:
        return len(record.body) == 2 and record.body[0] in LEVELS
    if record.content_type == HANDSHAKE:
        zeros = record.body[:1] == bytes([HELLO_REQUEST])  # what a nonce begins with that counts from zero
        return (are_messages(record.body) and not zeros) or _begins_session(record, from_client)
    return is_change(record)


def _unopened(record: Record, epoch: Epoch | None) -> Result:
    if split_sealed(record.body) is None:
        return Result(record.content_type, None, Status.BAD, reason="the record is too short to be encrypted")
    if epoch is None:
        return Result(record.content_type, None, Status.NO_KEY, reason="the handshake is not in the capture")
    if not epoch.tried:
        return Result(record.content_type, None, Status.NO_KEY, identity=epoch.identity, reason=epoch.reason)
    reason = "no key opens it" if epoch.found is None else "damaged, or too many records before it are missing"
    return Result(record.content_type, None, Status.BAD, None, epoch.tried, epoch.identity, reason=reason)
