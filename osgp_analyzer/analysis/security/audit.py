# SPDX-License-Identifier: GPL-2.0-or-later
"""What there is to say of the protection of a capture, by meter: gathered chunk by chunk, in memory that grows with the
meters and not with the frames."""

from __future__ import annotations

from collections import Counter

import numpy as np

from osgp_analyzer.analysis.meter_names import MeterNames, whose
from osgp_analyzer.analysis.runs import Runs
from osgp_analyzer.analysis.security.guard import Secured
from osgp_analyzer.analysis.security.remarks import CHANGED, REMARKS, bit
from osgp_analyzer.analysis.security.report import Finding, Keys, Meter, Report, Unjudged, said, worst_first
from osgp_analyzer.analysis.security.statuses import NO_KEY, NOTHING, STATUSES, VERIFIED
from osgp_analyzer.analysis.statistics.tally import Extremes, Interner, Sums
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.security.keyring import EMPTY, KeyRing
from osgp_analyzer.store import NO_TIME

MOST_FRAMES = 20
"""Frames that are named of a finding at a meter: the first ones."""
ENCRYPTED = "encrypted"
BELOW = 32
"""Bits below the number of a meter: for the place of a remark, or the number of a key."""


class Audit:
    """Takes in the chunks of a capture in its order, judged by a guard with a ring."""

    def __init__(self, ring: KeyRing = EMPTY) -> None:
        self._ring = ring
        self._names: list[str] = []
        self._meters = MeterNames(ring)
        self._messages = Sums(*STATUSES, ENCRYPTED)
        self._verified, self._verifying = Interner(), Sums("messages")
        """Meter and key of verified messages, and how many there are of each."""
        self._evidence = Evidence()
        self._frames = self._seen = self._cut = self._tls = 0
        self._time = Extremes()

    def take(self, tracked: Tracked, mask: Bools) -> None:
        """Take in the frames of a mask. Raises ValueError for a chunk that no guard has judged."""
        secured, chunk = tracked.secured, tracked.chunk
        if secured is None:
            raise ValueError("the messages were not judged: track(..., guard=...) does")
        self._names = secured.names
        self._seen += len(mask)
        self._frames += int(np.count_nonzero(mask))
        timed = chunk.time[mask & (chunk.time != NO_TIME)]
        self._time.add(np.zeros(len(timed), np.int64), timed)
        self._cut += int(np.count_nonzero(mask & (chunk.captured < chunk.length)))
        self._tls += int(np.count_nonzero(mask & (chunk.places["tls"] >= 0) & (secured.status == NOTHING)))
        remarks = secured.remarks
        if tracked.chained is not None:
            remarks = remarks | np.where(tracked.chained.changed, bit(CHANGED.code), 0)
        rows = np.flatnonzero(mask & ((secured.status != NOTHING) | (remarks != 0)))
        if not len(rows):
            return
        domain = chunk.columns["npdu.domain"][rows].astype(np.int64)
        meter = self._meters.ids(whose(tracked)[rows], domain, chunk.capture.interfaces)
        self._count(secured, rows, meter)
        for place, remark in enumerate(REMARKS):
            there = np.flatnonzero(remarks[rows] & bit(remark.code))
            if len(there):
                here = rows[there]
                found = meter[there] << BELOW | place
                self._evidence.add(found, here + chunk.start + 1, chunk.time[here], secured.key[here].astype(np.int64))

    def _count(self, secured: Secured, rows: Ints, meter: Ints) -> None:
        status = secured.status[rows]
        statuses = {name: status == number for number, name in enumerate(STATUSES)}
        self._messages.add(meter, **statuses, **{ENCRYPTED: secured.encrypted[rows]})
        verified = np.flatnonzero((status == VERIFIED) & (secured.key[rows] >= 0))
        if len(verified):
            pairs = meter[verified] << BELOW | secured.key[rows[verified]]
            self._verifying.add(self._verified.ids(pairs), messages=None)

    def report(self) -> Report:
        """All that has been found so far."""
        keys: list[Counter[str]] = [Counter() for _ in self._meters.labels]
        for number, pair in enumerate(self._verified.values):
            name = self._names[pair & ((1 << BELOW) - 1)]
            keys[pair >> BELOW][name] += self._verifying.get("messages", number)
        findings: list[list[Finding]] = [[] for _ in self._meters.labels]
        for pair, finding in self._evidence.findings(self._names):
            findings[pair >> BELOW].append(finding)
        meters = []
        for number, label in enumerate(self._meters.labels):
            sums = self._messages.row(number)
            encrypted = sums.pop(ENCRYPTED)
            meters.append(Meter(label, sums, encrypted, dict(keys[number].most_common()), findings[number]))
        messages = {name: sum(meter.messages[name] for meter in meters) for name in STATUSES}
        first, last = self._time.get(0) or (None, None)
        return Report(
            self._seen,
            self._frames,
            first,
            last,
            messages,
            sum(meter.encrypted for meter in meters),
            self._keys(sum(keys, Counter())),
            worst_first(meters),
            list(self._unjudged(messages[STATUSES[NO_KEY]])),
        )

    def _keys(self, used: Counter[str]) -> Keys:
        tried = set(self._names)
        unused = [key.name for key in self._ring.keys if key.name in tried and not used[key.name]]
        untried = Counter(key.kind.value for key in self._ring.keys if key.name not in tried)
        return Keys(len(self._ring.keys), dict(used.most_common()), unused, dict(untried))

    def _unjudged(self, without_key: int) -> list[Unjudged]:
        found = []
        if not self._ring.keys:
            unknown = "whether they are genuine cannot be told, nor which other messages are encrypted."
            text = f"messages with something to verify: no keys were given, so {unknown}"
            if not without_key:
                text = "No keys were given: whether messages are encrypted cannot be told."
            advice = "Name a file with keys: --keys FILE; docs/keys.md says how one is made."
            found.append(Unjudged("no_keys", without_key, text, advice))
        elif without_key:
            text = "messages that no key of the ring fits, of meters that it has no keys for."
            advice = "Add the keys of these meters to a key file: osgp-analyzer keys add."
            found.append(Unjudged("no_key", without_key, text, advice))
        if self._tls:
            found.append(
                Unjudged("tls", self._tls, "frames of TLS sessions that were not opened.", "Add the pre-shared key.")
            )
        if self._cut:
            text = "frames that the capture has cut short: their digests cannot be made."
            found.append(Unjudged("cut", self._cut, text, "Capture whole frames."))
        return found


class Evidence:
    """For each meter and remark how many frames there are, the first ones, from when to when, and under which keys."""

    def __init__(self) -> None:
        self._pairs, self._sums = Interner(), Sums("frames")
        self._times, self._keys = Extremes(), Extremes()
        self._first = np.zeros((0, MOST_FRAMES), np.int64)

    def add(self, found: Ints, frame: Ints, time: Ints, key: Ints) -> None:
        """Frames of a chunk by number, each with what was `found`: meter and place of a remark."""
        pair = self._pairs.ids(found)
        missing = len(self._pairs) - len(self._first)
        if missing > 0:  # room for twice as many, so that few meters at a time do not move them all each time
            self._first = np.pad(self._first, ((0, missing + len(self._first)), (0, 0)))
        runs = Runs(pair)
        order = runs.order
        had = np.array([self._sums.get("frames", one) for one in np.unique(pair).tolist()], np.int64)
        nth = np.arange(len(order)) - runs.start + had[np.unique(pair[order], return_inverse=True)[1]]
        few = nth < MOST_FRAMES
        self._first[pair[order[few]], nth[few]] = frame[order[few]]
        self._sums.add(pair, frames=None)
        timed = time != NO_TIME
        self._times.add(pair[timed], time[timed])
        self._keys.add(pair, key)

    def findings(self, names: list[str]) -> list[tuple[int, Finding]]:
        """All findings, each with its meter and remark. `names` of keys, by number."""
        made = []
        for number, pair in enumerate(self._pairs.values):
            remark = REMARKS[pair & ((1 << BELOW) - 1)]
            count = self._sums.get("frames", number)
            first, last = self._times.get(number) or (None, None)
            frames = [frame for frame in self._first[number].tolist() if frame]
            least, greatest = self._keys.get(number) or (-1, -1)
            text = said(remark, names[least] if least == greatest >= 0 else None)
            made.append((pair, Finding(remark, count, first, last, frames, text)))
        return made
