# SPDX-License-Identifier: GPL-2.0-or-later
"""Which key each message fits, and how: tried as a meter does it, first in clear, then encrypted.

A message is tried with the keys of its meter. Where none fits, all keys are tried on the first messages of the meter
and then ever more rarely, so that the work stays in proportion to the messages whatever they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.analysis.runs import Runs
from osgp_analyzer.analysis.security.locks import Candidates, Lock
from osgp_analyzer.analysis.security.messages import Messages
from osgp_analyzer.analysis.security.opening import Asked, Opening, Texts
from osgp_analyzer.analysis.security.remarks import bit
from osgp_analyzer.analysis.security.statuses import BAD_DIGEST, NO_KEY, NOTHING, VERIFIED
from osgp_analyzer.engines.columns.values import Bools, Ints

Ways = tuple[bool, ...]
CLEAR, HIDDEN, EITHER = (False,), (True,), (False, True)
"""Whether messages are encrypted: what is to be tried, in order."""
PAIRS = 32_768
"""Messages times keys that are tried together."""
BUDGET = 1 << 17
"""So many are tried in a chunk in all."""
MOST_ADDRESSES = 64
"""Other addresses that a message is tried for."""


@dataclass
class Verdicts:
    """For each message: `status` (-1: none), `key` by its place in the lock (-1: none), `encrypted`. `other_key`: a key
    of the ring that fits though it is not the meter's; `other_address`, `uncounted`: it fits for another address, and
    without the length that the digest should cover. `opened`: rows, and what these say."""

    status: NDArray[np.int8]
    key: Ints
    encrypted: Bools
    other_key: Ints
    other_address: Bools
    uncounted: Bools
    opened: list[tuple[Ints, Texts]] = field(default_factory=list)

    @classmethod
    def of(cls, size: int) -> Verdicts:
        """Nothing known yet of so many messages."""
        return cls(
            np.full(size, NOTHING, np.int8),
            np.full(size, -1, np.int64),
            np.zeros(size, bool),
            np.full(size, -1, np.int64),
            np.zeros(size, bool),
            np.zeros(size, bool),
        )

    def take(self, rows: Ints) -> Verdicts:
        """Those of some messages, without what these say."""
        return Verdicts(
            self.status[rows],
            self.key[rows],
            self.encrypted[rows],
            self.other_key[rows],
            self.other_address[rows],
            self.uncounted[rows],
        )


class Fitting(Protocol):
    """What tells whether messages fit keys."""

    lock: Lock
    plain: Texts | None

    def requests(self, messages: Messages, key: Ints, encrypted: bool) -> Bools:
        """Which messages fit a key each."""


class Judge:
    """Judges messages of one kind; what meters turn out to use is kept in the lock."""

    def __init__(self, opening: Fitting, messages: Messages) -> None:
        self.opening, self.messages = opening, messages
        self.lock = opening.lock
        self.verdicts = Verdicts.of(len(messages))
        m = messages
        self.candidates = Candidates(self.lock, m.meter, m.domain, m.frame, m.time)

    def requests(self, rows: Ints, ways: Ways = EITHER) -> Ints:
        """Judge messages as requests; returns those that fit no key. `ways`: whether they may be encrypted."""
        if not len(self.lock):
            return rows
        left = self._own_keys(rows, ways)
        for _ in range(3):
            tried = self.candidates.to_try(left, max(1, BUDGET // len(self.lock)))
            if not len(tried) or not self._all_keys(tried, ways):
                break
            left = self._own_keys(left[self.verdicts.status[left] == NOTHING], ways)
        good = rows[self.verdicts.status[rows] == VERIFIED]
        self.lock.prove(self.messages.meter[good], self.messages.frame[good], self.verdicts.key[good])
        return self._left(left)

    def _left(self, rows: Ints) -> Ints:
        """Those of some rows that have no verdict yet."""
        left: Ints = rows[self.verdicts.status[rows] == NOTHING]
        return left

    def _own_keys(self, rows: Ints, ways: Ways) -> Ints:
        self.candidates.again()
        for place in range(self.candidates.most):
            if not len(rows):
                break
            key = self.candidates.keys(rows, place)
            good = self._fit(rows[key >= 0], key[key >= 0], ways)
            if place and len(good):
                self._prefer(good)
            rows = rows[self.verdicts.status[rows] == NOTHING]
        return rows

    def _prefer(self, rows: Ints) -> None:
        """A key that fitted is likely to fit the next messages of the meter too."""
        meters, first = np.unique(self.candidates.inverse[rows][::-1], return_index=True)
        for meter, row in zip(meters.tolist(), rows[::-1][first].tolist(), strict=True):
            self.lock.learn(self.candidates.holders[meter], int(self.verdicts.key[row]))

    def _fit(self, rows: Ints, key: Ints, ways: Ways) -> Ints:
        """Note the requests that fit a key each, and return them."""
        found = []
        for encrypted in ways:
            if not len(rows):
                break
            good = self.opening.requests(self.messages.take(rows), key, encrypted)
            found.append(rows[good])
            self._note(rows, key, good, encrypted)
            rows, key = rows[~good], key[~good]
        return np.concatenate(found) if found else rows

    def _note(self, rows: Ints, key: Ints, good: Bools, encrypted: bool) -> None:
        here = rows[good]
        self.verdicts.status[here], self.verdicts.key[here] = VERIFIED, key[good]
        self.verdicts.encrypted[here] = encrypted
        if encrypted and len(here) and self.opening.plain is not None:
            self.verdicts.opened.append((here, self.opening.plain.take(good)))

    def _all_keys(self, rows: Ints, ways: Ways) -> bool:
        """Try all keys on some requests; returns whether a meter turned out to have one."""
        count, learned = len(self.lock), False
        step = max(1, PAIRS // count)
        for first in range(0, len(rows), step):
            some = rows[first : first + step]
            keys = np.tile(np.arange(count), len(some))
            for encrypted in ways:
                if not len(some):
                    break
                repeated = np.repeat(some, count)
                good = self.opening.requests(self.messages.take(repeated), keys[: len(repeated)], encrypted)
                table = good.reshape(len(some), count)
                fits = table.any(axis=1)
                for row, key in zip(some[fits].tolist(), table[fits].argmax(axis=1).tolist(), strict=True):
                    learned |= self._found(row, key)
                some = some[~fits]
        return learned

    def _found(self, row: int, key: int) -> bool:
        """A key fits a message; it is its meter's where the ring does not say otherwise."""
        holder = self.candidates.holders[int(self.candidates.inverse[row])]
        if any(one.key == key for one in holder.holdings):
            return False  # found with another message of these: it will be tried with that key
        if holder.own or holder.holdings:
            self.verdicts.other_key[row] = key
            return False
        self.lock.learn(holder, key)
        holder.trials = 0
        if self.lock.placed[key]:
            self.verdicts.other_key[row] = key
        return True

    def fail(self, rows: Ints, checkable: Bools) -> None:
        """Give a status to messages that fit no key: those that look like one, or whose meter has keys. `checkable`:
        there is all that the digest covers."""
        first = self.candidates.likeliest(rows)
        has_key = first >= 0
        bad = has_key & checkable
        self.verdicts.status[rows[bad]] = BAD_DIGEST
        self.verdicts.key[rows[bad]] = first[bad]
        unknown = ~bad & self.messages.shaped[rows]
        self.verdicts.status[rows[unknown]] = NO_KEY

    def remarks(self, rows: Ints) -> Ints:
        """What is to be said of messages, a bit for each remark."""
        v = self.verdicts
        found = np.zeros(len(rows), np.int64)
        explained = (v.other_key[rows] >= 0) | v.other_address[rows] | v.uncounted[rows]
        for name, holds in (
            ("bad_digest", (v.status[rows] == BAD_DIGEST) & ~explained),
            ("good_under_other_key", v.other_key[rows] >= 0),
            ("good_for_other_address", v.other_address[rows]),
            ("good_without_length", v.uncounted[rows]),
        ):
            found |= np.where(holds, bit(name), 0)
        return found


class TableJudge(Judge):
    """Judges messages of table services, responses too."""

    def __init__(self, opening: Opening, messages: Messages) -> None:
        super().__init__(opening, messages)
        self.tables = opening

    def responses(self, rows: Ints, asked: Asked, key: Ints) -> Ints:
        """Judge messages as responses to requests in `asked`, whose key is known where it is not -1; returns those that
        do not fit."""
        known = np.flatnonzero(key >= 0)
        self._answer(rows[known], asked.take(known), key[known])
        left = np.flatnonzero((self.verdicts.status[rows] == NOTHING) & (key < 0))
        for place in range(self.candidates.most):
            if not len(left):
                break
            own = self.candidates.keys(rows[left], place)
            some = left[own >= 0]
            self._answer(rows[some], asked.take(some), own[own >= 0])
            left = left[self.verdicts.status[rows[left]] == NOTHING]
        return self._left(rows)

    def _answer(self, rows: Ints, asked: Asked, key: Ints) -> None:
        """Note the responses that fit a key each."""
        for encrypted in (True, False):
            here = np.flatnonzero((self.verdicts.status[rows] == NOTHING) & (asked.encrypted | (not encrypted)))
            if len(here):
                taken = self.messages.take(rows[here])
                good = self.tables.responses(taken, asked.take(here), key[here], encrypted)
                self._note(rows[here], key[here], good, encrypted)

    def checkable(self, requests: Ints) -> Bools:
        """Which of some requests are what a digest of their response must cover: those that are genuine themselves."""
        return np.asarray((requests >= 0) & (self.verdicts.status[requests] == VERIFIED))

    def look_closer(self, asked: Asked) -> None:
        """Find out why digests are wrong, of a few messages of each meter: made for another address, or without the
        length. `asked` has the requests of all messages."""
        v, protection = self.verdicts, self.tables.protection
        places = self._addresses()
        bad = np.flatnonzero((v.status == BAD_DIGEST) & (v.other_key < 0))
        rows = self.candidates.to_try(bad, PAIRS // len(places))
        if not len(rows) or not protection.addressed:
            return
        for response in (False, True):
            some = rows[self.messages.response[rows] == response]
            repeated = np.repeat(some, len(places))
            where = np.tile(places, (len(some), 1)).T
            taken, key, address = self.messages.take(repeated), v.key[repeated], (where[0], where[1])
            for encrypted in EITHER if len(some) else ():
                if response:
                    own, of = self.messages.take(some), asked.take(some)
                    if protection.counted:
                        v.uncounted[some] |= self.tables.responses(own, of, v.key[some], encrypted, counted=False)
                    good = self.tables.responses(taken, asked.take(repeated), key, encrypted, address)
                else:
                    good = self.tables.requests(taken, key, encrypted, address)
                v.other_address[some] |= good.reshape(len(some), len(places)).any(axis=1)

    def _addresses(self) -> Ints:
        """Addresses that a message may have been made for: of the meters in the ring and in this chunk, and none."""
        m = self.messages
        own = np.unique(m.subnet[m.node > 0] << 8 | m.node[m.node > 0])
        ring = np.unique(self.lock.subnet << 8 | self.lock.node)
        both = np.unique(np.concatenate([[0], ring[:MOST_ADDRESSES], own[:MOST_ADDRESSES]]))
        return np.stack([both >> 8, both & 0xFF], axis=1).astype(np.int64)


def latest_before(marked: Bools, meter: Ints) -> Ints:
    """For each row the latest marked row before it of the same meter, -1 for none."""
    runs = Runs(meter)
    found = np.full(len(meter), -1, np.int64)
    before = runs.before(marked[runs.order])
    found[runs.order] = np.where(before >= 0, runs.order[before], -1)
    return found
