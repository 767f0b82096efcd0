# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture from its first frame to its last, in chunks, each frame with what it has to do with others."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dissectors.answering import RESPONSE
from osgp_analyzer.analysis.contexts import Contexts
from osgp_analyzer.analysis.exchanges import Exchanges, Following
from osgp_analyzer.analysis.outcomes import Outcomes
from osgp_analyzer.analysis.packets import Places, earlier
from osgp_analyzer.analysis.pairing import Pairing
from osgp_analyzer.analysis.ports import may_answer
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, OnDemand, Slices
from osgp_analyzer.store import CHUNK, Chunk, FrameStore, Layers
from osgp_analyzer.store.chunk import ABSENT
from osgp_analyzer.store.header import OPENABLE, Headers

if TYPE_CHECKING:  # who judges nothing and follows no chains does not wait for what that needs
    from osgp_analyzer.analysis.chains.chains import Chained, Chains
    from osgp_analyzer.analysis.security.guard import Guard, Secured


@dataclass
class Tracked:
    """A chunk with its exchanges. `before`: the chunks that its requests may be in. `plain`: all layers, responses read
    without their requests; None where they have not been read."""

    store: FrameStore
    chunk: Chunk
    answers: Ints
    """The frame that each one answers, -1 for none; see `Exchanges`."""
    followed: Exchanges | None
    before: list[Chunk]
    plain: Layers | None = None
    tables: Mapping[str, Numbers] = field(default_factory=dict)
    """What other tables of each frame's meter say, where that was followed."""
    earlier: Slices | None = None
    """Of each frame that ends a message in several packets what came before; None where there is none."""
    opened: OpenedRows | None = None
    """What encrypted messages say; None where none was opened."""
    secured: Secured | None = None
    """How messages are protected, where that was followed."""
    chained: Chained | None = None
    """The chains that frames belong to, where these were followed."""

    @property
    def exchanges(self) -> Exchanges:
        """All that is known of the exchanges. Raises ValueError where only answers were looked for."""
        if self.followed is None:
            raise ValueError("the exchanges were not followed: track(..., whole=True) does")
        return self.followed

    @cached_property
    def request(self) -> Ints:
        """Of each response the index of its request in the capture, -1 for none."""
        answering = (self.chunk.columns["spdu.type"] == RESPONSE) | may_answer(self.chunk)
        return np.where(answering, self.answers, NONE)

    @cached_property
    def asked(self) -> Mapping[str, Numbers]:
        """Values of the request of each frame, by full name, where a definition asks for them."""
        rows = np.flatnonzero(self.request != NONE)
        request, size = self.request[rows], len(self.request)
        found = []
        for chunk in (*self.before, self.chunk):
            here = np.flatnonzero((request >= chunk.start) & (request < chunk.stop))
            found.append((chunk.innermost, rows[here], request[here] - chunk.start))

        def values(name: str) -> Numbers:
            made = np.full(size, ABSENT, np.int64)
            for innermost, here, places in found:
                made[here] = innermost[name][places]
            return Numbers(made, made >= 0)

        return OnDemand(self.store.asked, values)

    @cached_property
    def groups(self) -> Layers:
        """Everything in the frames, responses read with their requests."""
        if self.plain is None:
            return self.read()
        return self.store.answered(self.chunk, self.plain, self.asked, self.request != NONE)

    def layers(self, only: Bools | None = None) -> Layers:
        """As `groups`, but of the frames of a mask it is enough; None: of all."""
        if only is None or self.plain is not None or "groups" in vars(self):
            return self.groups
        return self.read(only)

    def read(self, only: Bools | None = None, within: frozenset[str] | None = None, *, bare: bool = False) -> Layers:
        """The frames of a mask (None: all) read with all that is known of them; the rest as `FrameStore.groups`."""
        return self.store.groups(self.chunk, self.asked, within, only, bare, self.tables, self.earlier, self.opened)


def track(
    store: FrameStore,
    size: int = CHUNK,
    ahead: bool = False,
    *,
    whole: bool = True,
    deep: bool = False,
    start: int = 0,
    stop: int | None = None,
    contexts: Contexts | None = None,
    guard: Guard | None = None,
    chains: bool = False,
    limit: int | None = None,
    uniform: str | None = None,
) -> Iterator[Tracked]:
    """The chunks of a capture, indexed as they are needed; of the frames `start` to `stop`, if given.

    `ahead`: a chunk comes when its messages were answered or their timers have run out, at most `FAR_BACK` frames
    after its end, with `Exchanges.answered_in` and `missing`. `whole`: follow the exchanges, not only which frame
    answers which. `deep`: all layers of all frames will be asked for. `contexts` learns what tables of meters say, for
    which all frames from the first on must be seen, and tables are read with it. `guard` judges and opens messages, for
    which the same holds. `chains`: put the frames of proxied exchanges together; it implies `ahead`, and a chunk comes
    when nothing more can come to its chains; `uniform` as in `Chains`. `limit`: of frames from there on nothing is
    read, also where what comes before could be told better with them.
    """
    if contexts is not None:
        for tracked in track(
            store,
            size,
            ahead,
            whole=whole,
            start=start,
            stop=stop,
            guard=guard,
            chains=chains,
            limit=limit,
            uniform=uniform,
        ):
            tracked.tables = contexts.learn(tracked)
            yield tracked
        return
    following = Following(ahead or chains) if whole or ahead or chains else None
    linking = _linking(store, uniform) if chains else None
    held: deque[Tracked] = deque()
    for tracked in _chunks(store, size, following, deep, start, stop, limit, guard, linking):
        if following is None or following.outcomes is None:
            yield tracked
            continue
        held.append(tracked)
        while held and _settled(held[0], following.outcomes, linking):
            yield from _settle(held.popleft(), following.outcomes, linking, stop)
        last = tracked.chunk.stop
        following.outcomes.forget(min(held[0].chunk.start if held else last, last - FAR_BACK))
    while held and following is not None and following.outcomes is not None:
        yield from _settle(held.popleft(), following.outcomes, linking, stop)


def _linking(store: FrameStore, uniform: str | None) -> Chains:
    from osgp_analyzer.analysis.chains.chains import Chains

    return Chains(store, uniform)


def _chunks(
    store: FrameStore,
    size: int,
    following: Following | None,
    deep: bool,
    first: int,
    last: int | None,
    limit: int | None,
    guard: Guard | None,
    chains: Chains | None,
) -> Iterator[Tracked]:
    """Chunks from `first` to `last`, and where messages are followed ahead, some more."""
    end = last + FAR_BACK if last is not None and following is not None and following.outcomes is not None else last
    if limit is not None:
        end = limit if end is None else min(end, limit)
    before: list[Chunk] = []
    pairing = Pairing()
    start = max(0, first - FAR_BACK)
    while end is None or start < end:
        more = len(store.capture) > start or store.capture.index_more(size)
        stop = min(len(store.capture), start + size)
        for border in (first, last, end, guard.stop if guard is not None else None):
            if border is not None and start < border < stop:
                stop = border
        if stop == start:
            if not more:
                return
            continue
        within = None if deep and start >= first else store.within
        if guard is not None:
            within = within and within | OPENABLE
        chunk, plain = store.read(start, stop, within, bodies=guard is not None)
        judged = guard is not None and stop <= guard.stop
        opened, secured = None, None
        if guard is not None:
            opened, secured = guard.recall(chunk) if judged else (guard.ports(chunk), None)
        take_in(store, chunk, opened)
        exchanges = None
        if following is not None:
            exchanges = following.follow(chunk, np.frombuffer(store.capture.buffer, np.uint8))
        answers = exchanges.answers if exchanges is not None else pairing.pair(chunk)
        parts = following.parts if following is not None else pairing.parts
        joined = _complete(store, chunk, parts) if parts else None
        tracked = Tracked(store, chunk, answers, exchanges, before, earlier=joined, opened=opened)
        tracked.secured = secured
        if chains is not None and following is not None and exchanges is not None:
            data = np.frombuffer(store.capture.buffer, np.uint8)
            tracked.chained = chains.follow(chunk, following.rows, following.root, exchanges, data)
        if guard is not None and not judged:
            _judge(guard, tracked)
        if start >= first:
            if deep and joined is None and tracked.opened is None:
                tracked.plain = plain
            yield tracked
        before = [*(c for c in before if c.stop > stop - FAR_BACK), chunk]
        start = stop


def _complete(store: FrameStore, chunk: Chunk, parts: dict[int, Places]) -> Slices:
    """Give frames that end a message in several packets the values of the whole message, for those that answer it.
    Returns what came before, for each frame."""
    before, ends = earlier(chunk, parts)
    _read_again(store, chunk, ends, before)
    return before


def _read_again(
    store: FrameStore, chunk: Chunk, only: Bools, before: Slices | None = None, opened: OpenedRows | None = None
) -> None:
    """Give the frames of a mask the values that they have with what is known now, and take from them what an encrypted
    message seemed to say."""
    direction = "osgp.direction"
    headers = Headers({direction: store.kept[direction]}, store.asked, chunk.stop - chunk.start)
    for rows, groups in store.groups(chunk, within=store.within | OPENABLE, only=only, bare=True, earlier=before,
                                     opened=opened):  # fmt: skip
        for group in groups:
            headers.add(group, rows)
    for columns, found in ((chunk.innermost, headers.innermost), (chunk.columns, headers.columns)):
        for name, values in found.items():
            columns[name] = np.where(only, values, columns[name])


def take_in(store: FrameStore, chunk: Chunk, opened: OpenedRows | None) -> None:
    """Give the frames with opened messages the values that these have."""
    if opened is not None:
        _read_again(store, chunk, opened.plain.known, opened=opened)


def _judge(guard: Guard, tracked: Tracked) -> None:
    """Judge what came over the power line, and take in what that says."""
    chunk = tracked.chunk
    opened = guard.judge(tracked)
    if opened is not None:
        take_in(tracked.store, chunk, opened)
        tracked.opened = opened if tracked.opened is None else tracked.opened.and_also(opened)
        del tracked.asked
    tracked.secured = guard.finish(tracked)


def _settled(tracked: Tracked, outcomes: Outcomes, chains: Chains | None) -> bool:
    if chains is not None and tracked.chained is not None and not chains.settled(tracked.chained):
        return False
    return outcomes.settled(tracked.exchanges.root)


def _settle(tracked: Tracked, outcomes: Outcomes, chains: Chains | None, stop: int | None) -> Iterator[Tracked]:
    if chains is not None and tracked.chained is not None:
        chains.settle(tracked.chunk, tracked.chained)
    if stop is not None and tracked.chunk.start >= stop:
        return  # it was needed for the frames before it only
    exchanges = tracked.exchanges
    exchanges.answered_in[exchanges.asking], exchanges.missing[exchanges.asking] = outcomes.of(exchanges.root)
    yield tracked
