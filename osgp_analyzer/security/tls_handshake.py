# SPDX-License-Identifier: GPL-2.0-or-later
"""One handshake of TLS 1.2: what its messages say about the keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from dissectors.osgp.tls import CLIENT_KEY_EXCHANGE
from dissectors.osgp.tls_messages import (
    CLIENT_HELLO,
    EXTENDED_MASTER_SECRET,
    HELLO_REQUEST,
    NEW_TICKET,
    SERVER_DONE,
    SERVER_HELLO,
    SESSION_TICKET,
    SUITES,
    TLS_1_2,
    Hello,
    Message,
    read_hello,
    read_identity,
    read_ticket,
)
from osgp_analyzer.security.tls_keys import REMEMBERED, Candidate, Epoch, Memory, digest, master_secret

LONGEST = 1 << 17
"""Bytes of all messages up to the client key exchange; a handshake that is longer is given up."""


class Handshake:
    """Takes the messages of both sides in their order, and has the keys to try when the cipher changes.

    A handshake without server hello done and client key exchange is an abbreviated one: it takes up a session by its ID
    (RFC 5246 7.3) or by a ticket (RFC 5077 3.1).
    """

    def __init__(self, keys: Sequence[tuple[str, bytes]], memory: Memory) -> None:
        self._keys = keys
        self._memory = memory
        self._client: Hello | None = None
        self._server: Hello | None = None
        self._transcript = bytearray()
        self._done = self._exchanged = False
        self._identity: bytes | None = None
        self._names: deque[bytes] = deque(maxlen=REMEMBERED)
        self._epoch: Epoch | None = None
        self.given_up = ""
        """Why nothing more is read."""

    def add(self, message: Message) -> None:
        """Read a message of either side."""
        if message.type == HELLO_REQUEST or self.given_up:
            return
        if not self._exchanged:
            self._transcript += message.whole
            if len(self._transcript) > LONGEST:
                self._transcript.clear()
                self.given_up = f"the handshake has more than {LONGEST} bytes"
                return
        if message.type == CLIENT_HELLO:
            self._client = read_hello(message)
        elif message.type == SERVER_HELLO:
            self._server = read_hello(message)
            if self._server is not None and self._server.session_id:
                self._names.append(Memory.name(self._server.session_id))
        elif message.type == SERVER_DONE:
            self._done = True
        elif message.type == CLIENT_KEY_EXCHANGE:
            self._exchanged = True
            self._identity = read_identity(message)
        elif message.type == NEW_TICKET and (ticket := read_ticket(message)):
            self._names.append(Memory.name(ticket))

    @property
    def exchanged(self) -> bool:
        """Whether keys have been agreed on: what comes next is encrypted, even if its change of cipher is missing."""
        return self._exchanged and self._server is not None

    def epoch(self) -> Epoch:
        """The keys to try on what is encrypted from now on; the same at every call, as soon as there are some."""
        if self._epoch is None:
            epoch = self._make_epoch()
            if not epoch.tried:
                return epoch
            self._epoch = epoch
        return self._epoch

    def _make_epoch(self) -> Epoch:
        client, server = self._client, self._server
        if self.given_up or client is None or server is None:
            return self._without(self.given_up or "a hello of the handshake is not in the capture")
        suite = SUITES.get(server.suites[0])
        if suite is None or server.version != TLS_1_2:
            return self._without(
                f"version {server.version:04x} with cipher suite {server.suites[0]:04x} is not supported"
            )
        if server.compressions != b"\0":
            return self._without("the session is compressed")
        randoms = client.random + server.random
        if not self._done and not self._exchanged:
            known = self._memory.find([client.extensions.get(SESSION_TICKET, b""), server.session_id])
            if known is None:
                return self._without("the session that is resumed is not known")
            self._identity = known[1]
            return self._with([Candidate(known[0].name, known[0].master, suite, randoms)])
        session_hash = None
        if EXTENDED_MASTER_SECRET in client.extensions and EXTENDED_MASTER_SECRET in server.extensions:
            if not self._done or not self._exchanged:
                return self._without("messages of the handshake are not in the capture")
            session_hash = digest(suite, bytes(self._transcript))
        secrets = ((name, master_secret(suite, key, randoms, session_hash)) for name, key in self._keys)
        return self._with([Candidate(name, master, suite, randoms) for name, master in secrets])

    def _with(self, candidates: Sequence[Candidate]) -> Epoch:
        return Epoch(candidates, self._names, self._identity, "" if candidates else "there is no key to try")

    def _without(self, reason: str) -> Epoch:
        return Epoch((), self._names, self._identity, reason)
