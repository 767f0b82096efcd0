# SPDX-License-Identifier: GPL-2.0-or-later
"""From a pre-shared key to the ciphers of a TLS 1.2 session, for every key that may be the right one.

* Master secret (RFC 5246 8.1): PRF(premaster, "master secret", both randoms). Where both hellos have the extension
  extended master secret, the randoms give way to the hash of all handshake messages up to the client key exchange
  (RFC 7627 4): then every one of them must be in the capture. A session that is resumed keeps its master secret
  (RFC 7627 5.3).
* Keys (RFC 5246 6.3): PRF(master secret, "key expansion", the server's random and the client's).
* Each record (RFC 5288 3): AES-GCM, whose nonce is four bytes from the key expansion and eight that the record brings
  along. The tag also covers the record's sequence number, which is in no byte of it: 0 for the first record behind a
  change of cipher, one more for each that follows, for each direction by itself (RFC 5246 6.1).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dissectors.osgp.tls_messages import (
    Record,
    Suite,
    additional_data,
    key_block_size,
    nonce_of,
    premaster_secret,
    split_key_block,
    split_sealed,
)

_HASHES: dict[str, type[hashes.SHA256] | type[hashes.SHA384]] = {"SHA256": hashes.SHA256, "SHA384": hashes.SHA384}
_MASTER_SECRET = 48
TRIES = 8
"""Records in which the right one of several keys is looked for; if none of them opens, none of the rest will."""
REMEMBERED = 64
"""Sessions that may be resumed, and names of one session, that are kept at most."""


def prf(suite: Suite, secret: bytes, label: bytes, seed: bytes, size: int) -> bytes:
    """`size` bytes of the pseudorandom function of RFC 5246 5, with the hash of the suite."""

    def keyed(data: bytes) -> bytes:
        mac = hmac.HMAC(secret, _HASHES[suite.hash]())
        mac.update(data)
        return mac.finalize()

    out, turn = b"", label + seed
    while len(out) < size:
        turn = keyed(turn)
        out += keyed(turn + label + seed)
    return out[:size]


def digest(suite: Suite, data: bytes) -> bytes:
    """The hash of the suite."""
    hasher = hashes.Hash(_HASHES[suite.hash]())
    hasher.update(data)
    return hasher.finalize()


def master_secret(suite: Suite, key: bytes, randoms: bytes, session_hash: bytes | None) -> bytes:
    """48 bytes. `session_hash`: only where the extended master secret is used."""
    label, seed = (b"master secret", randoms) if session_hash is None else (b"extended master secret", session_hash)
    return prf(suite, premaster_secret(key), label, seed, _MASTER_SECRET)


class Candidate:
    """A key that may be that of a session."""

    def __init__(self, name: str, master: bytes, suite: Suite, randoms: bytes) -> None:
        self.name = name
        self.master = master
        self._suite = suite
        self._seed = randoms[32:] + randoms[:32]

    @cached_property
    def _ciphers(self) -> tuple[tuple[AESGCM, bytes], tuple[AESGCM, bytes]]:
        block = prf(self._suite, self.master, b"key expansion", self._seed, key_block_size(self._suite))
        client, server = split_key_block(block, self._suite)
        return (AESGCM(client[0]), client[1]), (AESGCM(server[0]), server[1])

    def open(self, from_client: bool, record: Record, sequence: int) -> bytes | None:
        """The text of a record; None unless its tag is right under this key and sequence number."""
        sealed = split_sealed(record.body)
        if sealed is None:
            return None
        cipher, salt = self._ciphers[0 if from_client else 1]
        try:
            return cipher.decrypt(nonce_of(salt, sealed[0]), sealed[1], additional_data(sequence, record))
        except InvalidTag:
            return None


class Epoch:
    """What one handshake led to: the candidates until one of them has opened a record, then that one alone."""

    def __init__(
        self, candidates: Sequence[Candidate], names: deque[bytes], identity: bytes | None, reason: str = ""
    ) -> None:
        self.candidates = list(candidates)
        self.tried = tuple(candidate.name for candidate in candidates)
        self.names = names
        """Hashes of the session ID and of the tickets under which it may be resumed."""
        self.identity = identity
        self.reason = reason
        """Why there are no candidates."""
        self.found: Candidate | None = None
        self._tries = TRIES

    def open(self, from_client: bool, record: Record, sequences: Iterable[int]) -> tuple[int, bytes] | None:
        """The sequence number and the text of a record, if one of the keys opens it under one of the numbers."""
        for sequence in sequences:
            for candidate in self.candidates:
                text = candidate.open(from_client, record, sequence)
                if text is not None:
                    self.found, self.candidates, self.tried = candidate, [candidate], (candidate.name,)
                    return sequence, text
        if self.found is None:
            self._tries -= 1
            if self._tries == 0:
                self.candidates = []
        return None


class Memory:
    """Master secrets of the sessions that may be resumed. The oldest are forgotten first."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[bytes, tuple[Candidate, bytes | None]] = OrderedDict()

    @staticmethod
    def name(identifier: bytes) -> bytes:
        """A session ID or a ticket, which may be long, as what it is remembered by."""
        hasher = hashes.Hash(hashes.SHA256())
        hasher.update(identifier)
        return hasher.finalize()

    def keep(self, epoch: Epoch) -> None:
        """Remember a session whose key is found, under all names that are new."""
        while epoch.found is not None and epoch.names:
            name = epoch.names.popleft()
            self._sessions[name] = epoch.found, epoch.identity
            self._sessions.move_to_end(name)
            if len(self._sessions) > REMEMBERED:
                self._sessions.popitem(last=False)

    def find(self, identifiers: Iterable[bytes]) -> tuple[Candidate, bytes | None] | None:
        """Key and identity of the session that one of the identifiers names, the first that is known."""
        found = (self._sessions.get(self.name(identifier)) for identifier in identifiers if identifier)
        return next((session for session in found if session), None)
