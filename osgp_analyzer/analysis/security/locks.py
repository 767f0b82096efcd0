# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys of one kind as columns, and which of them each meter may have.

A meter's keys are those that the ring has for it, then those that were found to be its own, the latest first. A key
holds from a frame on, where it was changed on the wire, and for a time, where the ring says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dissectors.security_columns import Bytes, mep_base_keys, plc_base_keys
from osgp_analyzer.analysis.meters import address_number, group_numbers, is_address, neuron_number, packed_bytes
from osgp_analyzer.engines.columns.values import Ints
from osgp_analyzer.security.hidden import hidden
from osgp_analyzer.security.keyring import Key, KeyRing, Kind, Place
from osgp_analyzer.store import NO_TIME

FOREVER = np.iinfo(np.int64).max
MOST = 8
"""Keys of one meter that a message is tried with."""
MOST_HOLDERS = 1 << 18
"""Meters that are remembered, of those without a key."""
FREE_TRIALS = 64
"""So many messages of a meter are tried with all keys; after that only each that doubles their number."""


Ports = Mapping[str, Sequence[int]]
"""The meters on interfaces, by the name of these: several may have one name."""


@dataclass
class Holding:
    """A key of a meter. Frames by index, times in ns; `until` is not included."""

    key: int
    since: int = 0
    until: int = FOREVER
    since_time: int = -FOREVER
    until_time: int = FOREVER


@dataclass
class Holder:
    """A meter: its keys, the likeliest first. `own`: the ring, or a change on the wire, says that they are."""

    holdings: list[Holding] = field(default_factory=list)
    own: bool = False
    trials: int = 0
    proofs: list[tuple[int, int]] = field(default_factory=list)
    """Frames from which on messages fitted a key, and the key."""


class Names:
    """The names of all keys; a key's number is its place here."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add(self, name: str) -> int:
        """A number for a name; the same name again gets another one."""
        self.names.append(name)
        return len(self.names) - 1


class Lock:
    """All keys that may fit one kind of message: of `kinds`, with `size` bytes."""

    def __init__(self, kinds: Sequence[Kind], size: int, ring: KeyRing, names: Names, ports: Ports) -> None:
        self.size, self.kinds, self._names = size, tuple(kinds), names
        self._ports = ports
        self.secrets: Bytes = hidden(np.zeros((size, 0), np.uint8))
        self.base: Bytes = hidden(np.zeros((16, 0), np.uint8))
        self.number: Ints = np.zeros(0, np.int64)
        """The number of each key in `Names`."""
        self.subnet: Ints = np.zeros(0, np.int64)
        self.node: Ints = np.zeros(0, np.int64)
        """Where the ring says that the holder of each key is, 0 where it does not."""
        self.placed: NDArray[np.bool_] = np.zeros(0, bool)
        """Keys that belong to somebody."""
        self.holders: dict[int, Holder] = {}
        self.replaced: dict[tuple[int, int], int] = {}
        """Meters and keys that they do not have any more, and the first frame after that."""
        self._of: dict[int, list[Holding]] = {}
        self._anywhere: dict[int, list[Holding]] = {}
        self._domains: dict[int, list[Holding]] = {}
        self._places: list[Place] = []
        self._beside: set[int] = set()
        """Keys that a meter takes in messages of some agents only."""
        bases = {key.place: key.secret for key in ring.keys if key.kind is Kind.BASE_KEY and Kind.OMAK in self.kinds}
        own = [key for key in ring.keys if key.kind in self.kinds and len(key.secret.reveal()) == size]
        self._add([key.secret.reveal() for key in own], [key.place for key in own],
                  [names.add(key.name) for key in own])  # fmt: skip
        for index, key in enumerate(own):
            if key.place in bases:
                self.base[:, index] = np.frombuffer(bases[key.place].reveal(), np.uint8)
            self._place(key, index)

    def _add(self, secrets: Sequence[bytes], places: Sequence[Place], numbers: Sequence[int]) -> None:
        """Further keys, with whose they are and the numbers of their names."""
        columns = hidden(np.frombuffer(b"".join(secrets), np.uint8)).reshape(-1, self.size).T
        self.secrets = hidden(np.concatenate([self.secrets, columns], axis=1))
        make = {12: plc_base_keys, 16: mep_base_keys}.get(self.size)
        base = make(columns.copy()) if make is not None else np.zeros((16, len(secrets)), np.uint8)
        self.base = hidden(np.concatenate([self.base, base], axis=1))
        self.number = np.append(self.number, np.array(numbers, np.int64))
        self.subnet = np.append(self.subnet, np.array([place.subnet or 0 for place in places], np.int64))
        self.node = np.append(self.node, np.array([place.node or 0 for place in places], np.int64))
        self.placed = np.append(self.placed, np.array([place != Place() for place in places], bool))
        self._places += places

    def add(self, secret: bytes, number: int, place: Place = Place()) -> int:
        """A further key, by the number of its name; returns its place among the keys."""
        self._add([secret], [place], [number])
        return len(self.number) - 1

    def __len__(self) -> int:
        return len(self.number)

    def __repr__(self) -> str:
        return f"Lock({len(self)} keys: {', '.join(self.kinds)})"

    def secret(self, key: int) -> bytes:
        """The bytes of a key."""
        return self.secrets[:, key].tobytes()

    def neuron_id(self, key: int) -> bytes | None:
        """The Neuron ID of the holder of a key, where the ring has it."""
        return self._places[key].neuron_id

    def _place(self, key: Key, index: int) -> None:
        place = key.place
        holding = Holding(
            index,
            since_time=key.since if key.since is not None else -FOREVER,
            until_time=key.until if key.until is not None else FOREVER,
        )
        if place.subnet is not None and place.node is not None:
            if place.domain is None:
                self._anywhere.setdefault(place.subnet << 7 | place.node, []).append(holding)
            else:
                number = address_number(place.domain, place.subnet, place.node)
                self._of.setdefault(number, []).append(holding)
        if place.neuron_id is not None:
            self._of.setdefault(neuron_number(place.neuron_id), []).append(holding)
        if place.group is not None and place.domain is not None:
            domain, group = (np.array([one], np.int64) for one in (packed_bytes(place.domain), place.group))
            self._of.setdefault(int(group_numbers(domain, group)[0]), []).append(holding)
        for number in self._ports.get(place.port or "", ()):
            self._of.setdefault(number, []).append(holding)
        if place.domain is not None and place.subnet is None and place.neuron_id is None and place.group is None:
            self._domains.setdefault(packed_bytes(place.domain), []).append(holding)

    def holder(self, meter: int, domain: int) -> Holder:
        """A meter in a domain (as the column `npdu.domain` has it), made when it is first asked for."""
        found = self.holders.get(meter)
        if found is None:
            own = list(self._of.get(meter, ()))
            if is_address(meter):
                own += self._anywhere.get(meter & 0x7FFF, ())
            own += self._domains.get(domain, ())
            if len(self.holders) >= MOST_HOLDERS:
                self.holders = {number: one for number, one in self.holders.items() if one.holdings}
            found = self.holders[meter] = Holder([*own][:MOST], bool(own))
        return found

    def trials(self) -> dict[int, int]:
        """How many messages of each meter were tried with all keys."""
        return {meter: holder.trials for meter, holder in self.holders.items()}

    def put_trials(self, counts: Mapping[int, int]) -> None:
        """Forget those that were tried since."""
        for meter, holder in self.holders.items():
            holder.trials = counts.get(meter, 0)

    def learn(self, holder: Holder, key: int, since: int = 0) -> None:
        """A key turned out to be a meter's: it comes first from now on, behind those that it was changed to, and before
        those that are beside its own."""
        holdings = [one for one in holder.holdings if one.key == key] or [Holding(key, since)]
        holdings += [one for one in holder.holdings if one.key != key]
        holder.holdings = sorted(holdings, key=lambda one: (one.key in self._beside, -one.since))[:MOST]

    def had(self, meter: int, domain: int, frame: int) -> list[int]:
        """The key that a meter was proved to have since it was changed last before a frame, by whatever number it is
        known, else those that it may have."""
        holdings = [one for one in self.holder(meter, domain).holdings if one.key not in self._beside]
        holdings = [one for one in holdings if one.since <= frame < one.until]
        latest = max((one.since for one in holdings), default=0)
        options = list(dict.fromkeys(one.key for one in holdings if one.since == latest))
        numbers = {meter}.union(*(self._numbers(self._places[key]) for key in options))
        proofs = [proof for number in numbers if number in self.holders for proof in self.holders[number].proofs]
        proved = max((proof for proof in proofs if latest <= proof[0] <= frame), default=None)
        return [proved[1]] if proved is not None else options

    def has(self, meter: int, domain: int, secret: bytes | None, but: int) -> bool:
        """Whether a meter has a key with these bytes, other than one."""
        return any(one.key != but and self.secret(one.key) == secret for one in self.holder(meter, domain).holdings)

    def change(
        self, meter: int, domain: int, secret: bytes, name: Callable[[], int], since: int, old: int | None, sure: bool
    ) -> int:
        """A meter has another key from a frame on, in place of an `old` one; `sure`: it had that one. Returns the
        number of its name, which `name` gives to a key that is new."""
        place = self._places[old] if old is not None else Place()
        same = np.flatnonzero((self.secrets == np.frombuffer(secret, np.uint8)[:, None]).all(axis=0)).tolist()
        same = [key for key in same if self._places[key] == place]
        new = same[0] if same else self.add(secret, name(), place)
        for one in {meter, *self._numbers(place)}:
            holder = self.holder(one, domain)
            if sure and old is not None and old != new:
                self.replaced[one, old] = since
            self.replaced.pop((one, new), None)
            holder.holdings = [Holding(new, since), *holder.holdings][:MOST]
            holder.own = True
        return int(self.number[new])

    def prove(self, meter: Ints, frame: Ints, key: Ints) -> None:
        """Messages of meters fitted keys, in rows: remember where a meter changes from one to another."""
        own = ~np.isin(key, list(self._beside))
        meter, frame, key = meter[own], frame[own], key[own]
        order = np.lexsort((frame, meter))
        meter, frame, key = meter[order], frame[order], key[order]
        change = np.flatnonzero((np.diff(meter, prepend=-1) != 0) | (np.diff(key, prepend=-1) != 0))
        for one, when, which in zip(meter[change].tolist(), frame[change].tolist(), key[change].tolist(), strict=True):
            holder = self.holders.get(one)
            if holder is not None and (not holder.proofs or holder.proofs[-1][1] != which):
                holder.proofs = [*holder.proofs[1 - MOST :], (when, which)]

    def also(self, meter: int, domain: int, secret: bytes, number: int, since: int) -> None:
        """A meter takes a further key from a frame on, beside those that it has."""
        holder = self.holder(meter, domain)
        key = self.add(secret, number)
        self._beside.add(key)
        holder.holdings = [*holder.holdings[: MOST - 1], Holding(key, since)]

    def likely(self, meter: int, domain: int) -> list[int]:
        """Keys of a meter, or where it has none those that may be anybody's."""
        own = [one.key for one in self.holder(meter, domain).holdings if one.key not in self._beside]
        return own or np.flatnonzero(~self.placed)[:MOST].tolist()

    def _numbers(self, place: Place) -> list[int]:
        """All that a meter at a place is known by."""
        found = []
        if place.domain is not None and place.subnet is not None and place.node is not None:
            found.append(address_number(place.domain, place.subnet, place.node))
        if place.neuron_id is not None:
            found.append(neuron_number(place.neuron_id))
        return found


class Candidates:
    """For rows with meters the keys to be tried, one after another."""

    def __init__(self, lock: Lock, meter: Ints, domain: Ints, frame: Ints, time: Ints) -> None:
        meters, first, self.inverse = np.unique(meter, return_index=True, return_inverse=True)
        self.holders = [
            lock.holder(one, where) for one, where in zip(meters.tolist(), domain[first].tolist(), strict=True)
        ]
        self._frame, self._time, self._lock = frame, time, lock
        self._fill()

    def _fill(self) -> None:
        self.most = max((len(holder.holdings) for holder in self.holders), default=0)
        shape = (len(self.holders), max(1, self.most))
        self._key = np.full(shape, -1, np.int64)
        self._limits = np.empty((4, *shape), np.int64)
        self._limits[0::2], self._limits[1::2] = -FOREVER, FOREVER
        for row, holder in enumerate(self.holders):
            for place, one in enumerate(holder.holdings):
                self._key[row, place] = one.key
                self._limits[:, row, place] = one.since, one.until, one.since_time, one.until_time
        self._limited = bool((self._limits[0::2] > 0).any() or (self._limits[1::2] < FOREVER).any())

    def again(self) -> None:
        """Take in what the meters were found to have since."""
        self._fill()

    def keys(self, rows: Ints, place: int) -> Ints:
        """The key at a place of the list of each row's meter, -1 where there is none that holds then."""
        meter = self.inverse[rows]
        key: Ints = self._key[meter, place]
        if self._limited:
            since, until, first, last = self._limits[:, meter, place]
            frame, time = self._frame[rows], self._time[rows]
            fits = (since <= frame) & (frame < until) & ((time == NO_TIME) | ((first <= time) & (time < last)))
            key = np.where(fits, key, -1)
        return key

    def likeliest(self, rows: Ints) -> Ints:
        """The first key of each row's meter that holds then, -1 where there is none."""
        found = np.full(len(rows), -1, np.int64)
        for place in range(self.most):
            found = np.where(found < 0, self.keys(rows, place), found)
        return found

    def to_try(self, rows: Ints, most: int) -> Ints:
        """Those of some rows that are to be tried with all keys, `most` at once: the first few of a meter, later ever
        fewer."""
        order = np.argsort(self.inverse[rows], kind="stable")
        meter = self.inverse[rows[order]]
        starts = np.flatnonzero(np.diff(meter, prepend=-1))
        nth = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
        before = np.array([holder.trials for holder in self.holders], np.int64)
        number = before[meter] + nth + 1
        chosen = np.sort(order[(number <= FREE_TRIALS) | (number & (number - 1) == 0)])
        last = len(rows)
        if len(chosen) > most:  # the rest counts as not seen
            chosen, last = chosen[:most], int(chosen[most])
        for one, count in zip(*(part.tolist() for part in np.unique(self.inverse[rows[:last]], return_counts=True)),
                              strict=True):  # fmt: skip
            self.holders[one].trials += count
        found: Ints = rows[chosen]
        return found
