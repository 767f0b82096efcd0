# SPDX-License-Identifier: GPL-2.0-or-later
"""The bytes of TLS 1.2 that its keys depend on, read and made by plain functions: `dissectors.osgp.tls` shows records,
this is for what follows a session. All numbers are big-endian. Readers return None for what is not as it should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dissectors.osgp.tls import CHANGE, CONTENTS, HANDSHAKES

TLS_1_2 = 0x0303
HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, NEW_TICKET, SERVER_DONE = 0x00, 0x01, 0x02, 0x04, 0x0E
SESSION_TICKET, EXTENDED_MASTER_SECRET = 0x23, 0x17
"""Extensions (RFC 5077 3.2, RFC 7627 5.1)."""


class Suite(NamedTuple):
    """A cipher suite: what it is called, bytes of its AES keys, and the hash of its PRF."""

    name: str
    key_size: int
    hash: str


SUITES = {
    0x00A8: Suite("TLS_PSK_WITH_AES_128_GCM_SHA256", 16, "SHA256"),
    0x00A9: Suite("TLS_PSK_WITH_AES_256_GCM_SHA384", 32, "SHA384"),
}
"""RFC 5487 2. A meter has the second (MEP p.18)."""
SALT = 4
"""Bytes of the nonce that come from the handshake (RFC 5288 3)."""

# -- records (RFC 5246 6.2, RFC 5288 3) -------------------------------------------------------------------------------

HEAD = 5
LONGEST = 2**14 + 2048
"""Bytes of the longest record, encrypted, without its head (RFC 5246 6.2.3)."""
NONCE, TAG = 8, 16
CHANGED = b"\1"
"""What a change of cipher says."""


class Record(NamedTuple):
    """A record as it is in the capture; `body` may be encrypted."""

    content_type: int
    version: int
    body: bytes


def could_begin(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether a record may begin at `at`, by as many bytes as are there: its type, its version, its length."""
    head = data[at : at + HEAD]
    return (
        (len(head) < 1 or head[0] in CONTENTS)
        and (len(head) < 2 or head[1] == 3)
        and (len(head) < 3 or head[2] <= 4)
        and (len(head) < HEAD or int.from_bytes(head[3:], "big") <= LONGEST)
    )


def read_record(data: bytes | bytearray, at: int = 0) -> Record | None:
    """The record at `at`; None while bytes of it are missing."""
    end = at + HEAD + int.from_bytes(data[at + 3 : at + HEAD], "big")
    if len(data) < at + HEAD or len(data) < end:
        return None
    return Record(data[at], int.from_bytes(data[at + 1 : at + 3], "big"), bytes(data[at + HEAD : end]))


def are_records(data: bytes) -> bool:
    """Whether the bytes are records from the first to the last."""
    at = 0
    while at < len(data) and could_begin(data, at):
        record = read_record(data, at)
        if record is None:
            return False
        at += HEAD + len(record.body)
    return 0 < at == len(data)


def split_sealed(body: bytes) -> tuple[int, bytes] | None:
    """The explicit half of the nonce, and the ciphertext with its tag."""
    if len(body) < NONCE + TAG:
        return None
    return int.from_bytes(body[:NONCE], "big"), body[NONCE:]


def nonce_of(salt: bytes, explicit: int) -> bytes:
    """The nonce of AES-GCM: the half from the handshake, and the half in the record."""
    return salt + explicit.to_bytes(NONCE, "big")


def additional_data(sequence: int, record: Record) -> bytes:
    """What the tag covers beside the text: sequence number, type, version, length of the text (RFC 5246 6.2.3.3)."""
    size = len(record.body) - NONCE - TAG
    head = sequence.to_bytes(8, "big") + bytes([record.content_type])
    return head + record.version.to_bytes(2, "big") + size.to_bytes(2, "big")


def is_change(record: Record) -> bool:
    """Whether it is a change of cipher in clear."""
    return record.content_type == CHANGE and record.body == CHANGED


# -- messages of the handshake (RFC 5246 7.4) -------------------------------------------------------------------------

LONGEST_MESSAGE = 2**16 + 5
"""Longer messages are not followed: this is the longest ticket, and with a pre-shared key there is nothing longer."""


class Message(NamedTuple):
    """A message of the handshake. `whole` is all of it, as it goes into hashes."""

    type: int
    body: bytes
    whole: bytes


def read_message(data: bytes | bytearray, at: int = 0) -> Message | None:
    """The message at `at`; None while bytes of it are missing."""
    end = at + 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    if len(data) < at + 4 or len(data) < end:
        return None
    return Message(data[at], bytes(data[at + 4 : end]), bytes(data[at:end]))


def could_be_message(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether a message may begin at `at`, by as many bytes as are there."""
    return at >= len(data) or (
        data[at] in HANDSHAKES and int.from_bytes(data[at + 1 : at + 4].ljust(3, b"\0"), "big") <= LONGEST_MESSAGE
    )


def are_messages(data: bytes) -> bool:
    """Whether the bytes are messages from the first to the last. Encrypted ones are so once in millions of times."""
    at = 0
    while at < len(data) and could_be_message(data, at):
        message = read_message(data, at)
        if message is None:
            return False
        at += len(message.whole)
    return 0 < at == len(data)


def begins_client_hello(data: bytes) -> bool:
    """Whether the bytes begin with the message that opens a session, by its type, length and version."""
    return (
        data[:1] == bytes([CLIENT_HELLO])
        and could_be_message(data)
        and (len(data) < 5 or data[4] == 3)
        and (len(data) < 6 or data[5] <= 4)
    )


class Hello(NamedTuple):
    """Either hello. The server's names the one suite and compression that it chose, the client's all that it can."""

    version: int
    random: bytes
    session_id: bytes
    suites: tuple[int, ...]
    compressions: bytes
    extensions: Mapping[int, bytes]


class _Reader:
    """Takes numbers and bytes off the front. Raises ValueError where there are too few."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise ValueError("cut short")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def sized(self, size: int) -> bytes:
        """Bytes behind their length, which has `size` bytes."""
        return self.take(self.number(size))

    def left(self) -> bool:
        return self.at < len(self.data)


def read_hello(message: Message) -> Hello | None:
    """A client hello or server hello (RFC 5246 7.4.1.2, 7.4.1.3)."""
    reader = _Reader(message.body)
    try:
        version, random, session_id = reader.number(2), reader.take(32), reader.sized(1)
        of_client = message.type == CLIENT_HELLO
        suites = reader.sized(2) if of_client else reader.take(2)
        compressions = reader.sized(1) if of_client else reader.take(1)
        extensions: dict[int, bytes] = {}
        rest = _Reader(reader.sized(2) if reader.left() else b"")
        while rest.left():
            number = rest.number(2)
            extensions[number] = rest.sized(2)
    except ValueError:
        return None
    numbers = tuple(int.from_bytes(suites[i : i + 2], "big") for i in range(0, len(suites), 2))
    return Hello(version, random, session_id, numbers, compressions, extensions)


def read_identity(message: Message) -> bytes | None:
    """The identity of the pre-shared key in a client key exchange (RFC 4279 2): with a meter client ID and key ID."""
    try:
        return _Reader(message.body).sized(2)
    except ValueError:
        return None


def read_ticket(message: Message) -> bytes | None:
    """The ticket in a new session ticket (RFC 5077 3.3), behind its lifetime."""
    reader = _Reader(message.body)
    try:
        reader.number(4)
        return reader.sized(2)
    except ValueError:
        return None


def premaster_secret(key: bytes) -> bytes:
    """The secret that a pre-shared key alone gives: as many zeros as it has bytes, and the key (RFC 4279 2)."""
    size = len(key).to_bytes(2, "big")
    return size + bytes(len(key)) + size + key


def split_key_block(block: bytes, suite: Suite) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """Key and salt of the client's records, and of the server's (RFC 5246 6.3; AEAD has no MAC keys)."""
    reader = _Reader(block)
    keys = reader.take(suite.key_size), reader.take(suite.key_size)
    salts = reader.take(SALT), reader.take(SALT)
    return (keys[0], salts[0]), (keys[1], salts[1])


def key_block_size(suite: Suite) -> int:
    """Bytes of both keys and both salts."""
    return 2 * (suite.key_size + SALT)
