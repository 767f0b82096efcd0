# SPDX-License-Identifier: GPL-2.0-or-later
"""Who says what to whom and when: dialogues of a few power-line networks, interleaved, in the order of time.

Concentrators ask meters, alone or in groups; meters answer some frames later; some answers are lost, so that the
message is sent again, the last two times on the alternate path. Meters send values on their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.bench.messages import LONGEST, Apdus, application, requests, updates
from tests.bench.rows import Array

FRAME = np.dtype(
    [
        ("time", "i8"),
        ("network", "u1"),
        ("priority", "u1"),
        ("alt_path", "u1"),
        ("backlog", "u1"),
        ("pdu", "u1"),
        ("format", "u1"),
        ("src_subnet", "u1"),
        ("src_node", "u1"),
        ("dst_subnet", "u1"),
        ("dst_node", "u1"),
        ("in_group", "?"),
        ("group", "u1"),
        ("member", "u1"),
        ("neuron_id", "u8"),
        ("auth", "u1"),
        ("type", "u1"),
        ("transaction", "u2"),
        ("m_list", "u4"),
        ("m_list_length", "u1"),
        ("digest", "u8"),
        ("length", "u1"),
        ("apdu", "u1", (LONGEST,)),
    ]
)
"""A frame before it is encoded. `in_group`: format 2 with group and member; `length`: of the APDU."""

# share of the traffic, domain, NPDU version
NETWORKS: tuple[tuple[float, bytes, int], ...] = (
    (0.05, b"", 0),
    (0.25, b"\x4f", 0),
    (0.15, b"\x01", 0),
    (0.08, b"\x17", 2),
    (0.15, b"OSG", 0),
    (0.10, b"\x00\x01\x02", 0),
    (0.15, b"OSGP01", 0),
    (0.07, b"\x05\x00\xaa\x01\x02\x03", 2),
)
VERSIONS = np.array([version for _, _, version in NETWORKS])
SUBNETS, METERS, CONCENTRATORS = 40, 120, 20
"""In each network; the concentrators are nodes 1 to 20 of subnet 1."""

BROADCAST, GROUP, NODE, UNIQUE_ID = range(4)
TPDU, SPDU, AUTHPDU, APDU = range(4)
ACKD, RPT, ACK, REMINDER, REM_MSG = 0, 1, 2, 4, 5
REQUEST, RESPONSE = 0, 2

START = 1_790_000_000_000_000_000
EXCHANGES = 24_576
"""Dialogues that are made at once."""
MS = 1_000_000
BETWEEN = 25 * MS
RETRY = 1024 * MS
TRIES = 4


class Traffic:
    """Frames of endless traffic; the same seed gives the same ones."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self._counts = np.zeros(len(NETWORKS) * 2 * 256 * 128, np.int64)
        """Transactions so far, by network, priority, subnet and node."""
        self._kinds = (
            (0.17, self._value),
            (0.06, self._message),
            (0.01, self._service_pin),
            (0.06, self._repeated),
            (0.20, self._acknowledged),
            (0.04, self._acknowledged_by_group),
            (0.38, self._request),
            (0.03, self._request_to_group),
            (0.05, self._authenticated),
        )

    def pieces(self) -> Iterator[Array]:
        """Arrays of `FRAME`, in the order of time, without end."""
        left = np.zeros(0, FRAME)
        start = START
        while True:
            frames = np.concatenate([left, *self._dialogues(start)])
            start += EXCHANGES * BETWEEN
            frames = frames[np.argsort(frames["time"], kind="stable")]
            split = int(np.searchsorted(frames["time"], start))
            yield frames[:split]
            left = frames[split:]

    def _dialogues(self, start: int) -> Iterator[Array]:
        rng, n = self.rng, EXCHANGES
        first = np.zeros(n, FRAME)
        first["time"] = start + np.sort(rng.integers(0, n * BETWEEN, n))
        first["network"] = rng.choice(len(NETWORKS), n, p=[share for share, _, _ in NETWORKS])
        first["priority"] = rng.random(n) < 0.03
        kinds = rng.choice(len(self._kinds), n, p=[share for share, _ in self._kinds])
        own = np.isin(kinds, (0, 4)) & (rng.random(n) < 0.6)  # sent by a meter
        meter_subnet, meter = 1 + rng.integers(1, SUBNETS, n), 1 + rng.integers(0, METERS, n)
        concentrator = 1 + rng.integers(0, CONCENTRATORS, n)
        first["src_subnet"], first["src_node"] = np.where(own, meter_subnet, 1), np.where(own, meter, concentrator)
        first["dst_subnet"], first["dst_node"] = np.where(own, 1, meter_subnet), np.where(own, concentrator, meter)
        first["format"], first["backlog"] = NODE, 1
        first["transaction"] = self._transactions(first)
        for kind, (_, dialogue) in enumerate(self._kinds):
            yield from dialogue(first[kinds == kind])

    def _transactions(self, frames: Array) -> Array:
        """0 once, then 1 to 15, or to 4095 in version 2; each sender counts on its own, by priority."""
        sender = frames["network"].astype(np.int64) * 2 + frames["priority"]
        sender = (sender * 256 + frames["src_subnet"]) * 128 + frames["src_node"]
        count = counted(sender, self._counts)
        highest = np.where(VERSIONS[frames["network"]] == 2, 4095, 15)
        return np.where(count == 0, 0, 1 + (count - 1) % highest)

    # --- services without an answer

    def _value(self, first: Array) -> Iterator[Array]:
        self._address(first, (0.2, 0.3, 0.5, 0.0))
        first["pdu"] = APDU
        yield carrying(first, updates(self.rng, len(first)))

    def _message(self, first: Array) -> Iterator[Array]:
        self._address(first, (0.7, 0.1, 0.0, 0.2))
        first["pdu"] = APDU
        yield carrying(first, application(self.rng, len(first)))

    def _service_pin(self, first: Array) -> Iterator[Array]:
        n = len(first)
        apdus = Apdus(self.rng.integers(0, 256, (n, LONGEST), np.uint8), np.full(n, 15))
        apdus.data[:, :4] = (0x7F, 0x05, 0x00, 0xAA)
        for name in ("network", "priority", "backlog", "src_subnet", "src_node", "dst_subnet", "format"):
            first[name] = 0
        first["pdu"] = APDU
        yield carrying(first, apdus)

    def _repeated(self, first: Array) -> Iterator[Array]:
        self._address(first, (0.35, 0.35, 0.2, 0.1))
        first["type"], first["backlog"] = RPT, 3
        carrying(first, application(self.rng, len(first)))
        copies = 2 + self.rng.integers(0, 3, len(first))
        for i in range(4):
            again = later(first[copies > i], 96 * MS * i)
            again["backlog"] = 3 if i == 0 else 0
            yield again

    # --- services with one

    def _acknowledged(self, first: Array) -> Iterator[Array]:
        """ACKD and ACK."""
        self._address(first, (0.0, 0.0, 0.9, 0.1))
        apdus, others = updates(self.rng, len(first)), application(self.rng, len(first))
        half = self.rng.random(len(first)) < 0.5
        apdus.data[half], apdus.length[half] = others.data[half], others.length[half]
        carrying(first, apdus)
        ack = back(first)
        ack["type"], ack["length"] = ACK, 0
        yield from self._tries(first, ack)

    def _request(self, first: Array) -> Iterator[Array]:
        """REQUEST and RESPONSE."""
        self._address(first, (0.04, 0.0, 0.88, 0.08))
        first["pdu"] = SPDU
        ask, answer = requests(self.rng, len(first))
        carrying(first, ask)
        response = carrying(back(first), answer)
        response["type"] = RESPONSE
        yield from self._tries(first, response)

    def _acknowledged_by_group(self, first: Array) -> Iterator[Array]:
        carrying(first, updates(self.rng, len(first)))
        ack = back(first)
        ack["type"], ack["length"] = ACK, 0
        yield from self._group(first, ack)

    def _request_to_group(self, first: Array) -> Iterator[Array]:
        first["pdu"] = SPDU
        ask, answer = requests(self.rng, len(first))
        carrying(first, ask)
        response = carrying(back(first), answer)
        response["type"] = RESPONSE
        yield from self._group(first, response)

    def _group(self, first: Array, answer: Array) -> Iterator[Array]:
        """Two to four members answer. Where one does not, a reminder names those who did, and it answers then."""
        rng, n = self.rng, len(first)
        group, members = 1 + rng.integers(0, 200, n), 2 + rng.integers(0, 3, n)
        first["format"], first["group"], first["backlog"] = GROUP, group, members
        answer["in_group"], answer["group"] = True, group
        yield first
        silent = np.where(rng.random(n) < 0.1, rng.integers(0, 2, n), -1)
        for member in range(4):
            one = self._member(answer, member)
            yield self._soon(one[(members > member) & (silent != member)])
        asked = silent >= 0
        again = later(first[asked], RETRY)
        again["m_list"] = (1 << members[asked]) - 1 & ~(1 << silent[asked])
        # A short list goes with the message; after a long one the message follows.
        long = rng.random(len(again)) < 0.3
        again["type"] = np.where(long, REMINDER, REM_MSG)
        again["m_list_length"] = np.where(long, 3, 1)
        follow = later(first[asked][long], RETRY + 20 * MS)
        again["length"][long] = 0
        yield again
        yield follow
        yield self._soon(later(self._member(answer[asked], silent[asked]), RETRY))

    def _authenticated(self, first: Array) -> Iterator[Array]:
        """A message that asks for it, CHALLENGE, REPLY, then the answer."""
        rng, n = self.rng, len(first)
        first["auth"] = 1
        first["pdu"] = np.where(rng.random(n) < 0.5, TPDU, SPDU)
        ask, answer = requests(rng, n)
        yield carrying(first, ask)
        challenge = back(first)
        challenge["pdu"], challenge["length"] = AUTHPDU, 0
        challenge["digest"] = rng.integers(0, 2**63, n)
        yield later(challenge, 40 * MS)
        reply = back(challenge)
        reply["type"], reply["digest"] = 2, rng.integers(0, 2**63, n)
        yield later(reply, 80 * MS)
        last = carrying(back(first), answer)
        last["auth"], last["type"] = 0, RESPONSE
        last["length"][last["pdu"] == TPDU] = 0
        yield later(last, 120 * MS + rng.integers(0, 60 * MS, n))

    # --- parts of dialogues

    def _address(self, first: Array, shares: tuple[float, ...]) -> None:
        """Address formats, in these shares."""
        rng, n = self.rng, len(first)
        form = rng.choice(4, n, p=shares)
        first["format"] = form
        first["group"] = 1 + rng.integers(0, 200, n)
        anywhere = (form == BROADCAST) & (rng.random(n) < 0.6)
        first["dst_subnet"][anywhere] = 0
        who = (first["network"].astype(np.uint64) << 16) + (first["dst_subnet"].astype(np.uint64) << 8)
        first["neuron_id"] = 0x0500AA000000 + who + first["dst_node"]
        first["backlog"][form == BROADCAST] = 15

    def _tries(self, first: Array, answer: Array) -> Iterator[Array]:
        """The message once or, where the answer does not arrive, again; what is lost may still be in the capture."""
        rng, n = self.rng, len(first)
        tries = rng.choice([1, 2, 3, TRIES], n, p=[0.90, 0.06, 0.02, 0.02])
        last_is_lost = (tries == TRIES) & (rng.random(n) < 0.8)
        for i in range(TRIES):
            sent = tries > i
            again = later(first[sent], RETRY * i)
            again["alt_path"] = i >= TRIES - 2
            yield again
            heard = np.where(tries == i + 1, ~last_is_lost, rng.random(n) < 0.4)
            replies = later(answer[sent & heard], RETRY * i)
            replies["alt_path"] = i >= TRIES - 2
            yield self._soon(replies)

    def _member(self, answer: Array, member: Any) -> Array:
        one = answer.copy()
        one["member"] = member
        one["src_node"] = 1 + (one["src_node"].astype(np.int64) + member) % METERS
        return one

    def _soon(self, answer: Array) -> Array:
        answer = answer.copy()
        answer["time"] += self.rng.integers(30 * MS, 400 * MS, len(answer))
        return answer


def counted(key: Array, counts: Array) -> Array:
    """For each key how often it came before; `counts` goes on from piece to piece."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    place = np.arange(len(key))
    new = np.ones(len(key), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    before = np.empty(len(key), np.int64)
    before[order] = place - np.maximum.accumulate(np.where(new, place, 0)) + counts[ordered]
    np.add.at(counts, key, 1)
    return before


def carrying(frames: Array, apdus: Apdus) -> Array:
    """The frames, which now have these APDUs."""
    frames["apdu"], frames["length"] = apdus.data, apdus.length
    return frames


def later(frames: Array, by: Any) -> Array:
    """A copy of the frames, sent later."""
    frames = frames.copy()
    frames["time"] += by
    return frames


def back(frames: Array) -> Array:
    """Frames from those addressed to the senders; who was addressed by a group or to all answers from a node too."""
    answers = frames.copy()
    answers["src_subnet"] = np.maximum(frames["dst_subnet"], 2 * (frames["src_subnet"] == 1))
    answers["src_node"] = frames["dst_node"]
    answers["dst_subnet"], answers["dst_node"] = frames["src_subnet"], frames["src_node"]
    answers["format"], answers["backlog"] = NODE, 0
    return answers
