# SPDX-License-Identifier: GPL-2.0-or-later
"""The chains of a capture, chunk by chunk: which frame belongs to which, and when nothing more can come."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import MAX_WAIT_NS
from dissectors.proxying import FAILURE, PROXIED
from osgp_analyzer.analysis import transactions as frames
from osgp_analyzer.analysis.chains.answers import expected, place
from osgp_analyzer.analysis.chains.changed import other_answers
from osgp_analyzer.analysis.chains.everywhere import local
from osgp_analyzer.analysis.chains.linking import Links
from osgp_analyzer.analysis.chains.messages import LEAST_WAIT_MS, MS, OF_AGENT, messages, read_as
from osgp_analyzer.analysis.chains.outcome import ANSWER, Summary, summary
from osgp_analyzer.analysis.exchanges import Exchanges
from osgp_analyzer.analysis.runs import Rows, Runs, joined, same_bytes, take
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE, between
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers
from osgp_analyzer.store import NO_TIME, Chunk, FrameStore
from osgp_analyzer.store.header import layers_on_the_way

HOPS_LEFT = "ltep.failure.hops_left"

CHALLENGE, REPLY = ANSWER + 1, ANSWER + 2
"""What a frame is in its chain, if neither `MESSAGE` nor `ANSWER`."""
_KINDS = np.zeros(9, np.int8)
_KINDS[[frames.ACK, frames.RESPONSE, frames.CHALLENGE, frames.REPLY]] = ANSWER, ANSWER, CHALLENGE, REPLY
NOWHERE = np.iinfo(np.int8).min


@dataclass
class Chained:
    """The chains of a chunk. `chain`: of each frame the first frame of its chain, -1 for none. `left`: the place of the
    node that its message is for (see `messages`). `back`: on its way back to the source.

    `changed`: what it passes on is not what was sent on the hop before.
    `before`, `after`: the frames of the chain next to it, -1 for none. `which`: the row of its chain in `chains`.
    `ended`: rows of `chains` that have their last frame in this chunk; `members` and `rows` are all frames and messages
    of chains that have frames in this chunk, in the order of chain and frame.
    """

    chain: Ints
    left: NDArray[np.int8]
    back: Bools
    before: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    after: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    which: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    changed: Bools = field(default_factory=lambda: np.zeros(0, bool))
    chains: Summary = field(default_factory=Summary)
    ended: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    members: Rows = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)


class Chains:
    """Finds chains, chunk by chunk in the order of the capture. `uniform`: whose subnet lists without one mean, one of
    `UNIFORM`, where nodes that were heard do not tell; None: as their flags say."""

    def __init__(self, store: FrameStore, uniform: str | None = None) -> None:
        self._store, self._links, self._uniform = store, Links(), uniform
        self._known: Rows = {}
        """Of the latest frames: the chain that each is a message of, its `left` and `wait`."""
        self._rows: Rows = {}
        self._sent: Rows = {}
        self._above: Rows = {}
        """What answers announce to nodes that no message tells of."""
        self._members: Rows = {}
        self._last: Rows = {}
        """By chain its last frame and its time, and whether all timers ran out since."""

    def follow(self, chunk: Chunk, own: Rows, root: Ints, exchanges: Exchanges, data: NDArray[np.uint8]) -> Chained:
        """The chains of the next chunk. `own`: its `transactions`; `root`: the first sending of the message that each
        frame is or answers; `data`: the buffer."""
        size = chunk.stop - chunk.start
        rows = messages(self._store, chunk, own, root, exchanges.duplicate, data)
        if self._uniform is not None:
            rows["flags"] = read_as(self._uniform, rows["flags"])
        again = between(own["role"], frames.ACKNOWLEDGED, frames.REMINDER) & (exchanges.attempt > 0)
        resent = {"root": root[again], "frame": own["frame"][again], "time": own["time"][again]}
        rows["chain"], rows["changed"] = self._links.follow(rows, resent, chunk.stop, data)
        self._rows = joined(self._rows or None, rows)
        known: Rows = {"chain": np.full(size, NONE), "left": np.zeros(size, np.int8), "wait": np.zeros(size, np.int64)}
        at = rows["frame"] - chunk.start
        for name in known:
            known[name][at] = rows[name]
        known |= {"answered": np.full(size, NONE), "response": np.full(size, NONE), "length": np.zeros(size, np.int64)}
        before = take(self._known, slice(-FAR_BACK, None))
        window = self._known = joined(before or None, known)
        base = chunk.stop - len(window["chain"])

        role = own["role"]
        message = between(role, frames.ACKNOWLEDGED, frames.REMINDER) | (role == frames.NOTHING)
        origin = np.where(role == frames.NOTHING, np.where(exchanges.duplicate != NONE, exchanges.duplicate,
                                                           own["frame"]), root)  # fmt: skip
        reached = origin >= base
        of = np.where(reached, origin - base, 0)
        answer = ~message
        timely = (exchanges.response_time <= window["wait"][of]) | (exchanges.response_time < 0)
        timely &= ~self._answered_before(own, answer & reached, of, window, exchanges)
        taken = reached & (message | timely)
        chain = np.where(taken, window["chain"][of], NONE)
        left = window["left"][of]
        self._remember(own, chain, message, origin)
        made = local(rows, self._sent, data)
        by_repeater = np.flatnonzero(made != NONE)
        at = rows["frame"][by_repeater]
        chain[at - chunk.start] = made[by_repeater]
        self._rows["chain"][np.searchsorted(self._rows["frame"], at)] = made[by_repeater]
        doubted = answer & (~taken | (exchanges.response_time > LEAST_WAIT_MS * MS)) & (own["source"] > 0)
        orphans = np.flatnonzero(doubted)
        if len(orphans):
            other = self._place(own, orphans)
            later = other[2] > np.where(taken, exchanges.answers, NONE)[orphans]
            chain[orphans[later]], left[orphans[later]] = other[0][later], other[1][later]
        chain = _right_answers(own, chain, doubted, window, base, data)
        chain[own["frame"] - chain > FAR_BACK] = NONE
        back = between(role, frames.ACK, frames.CHALLENGE)
        window["chain"][-size:], window["left"][-size:] = chain, left
        copied = exchanges.duplicate >= base
        at = np.where(copied, exchanges.duplicate - base, 0)
        copied &= (window["chain"][at] == chain) & (window["left"][at] == left)
        self._add(chunk, own, chain, left, exchanges.attempt, copied)
        return Chained(chain, left, back)

    def _answered_before(self, own: Rows, answers: Bools, of: Ints, window: Rows, exchanges: Exchanges) -> Bools:
        """Answers to a sending that was answered before, and that come so late that another message under the same
        number may be meant. `of`: the place of the message of each in the window."""
        found = np.zeros(len(answers), bool)
        some = np.flatnonzero(answers)
        runs = Runs(of[some])
        place = some[runs.order]
        before = np.where(runs.same, np.append(NONE, own["frame"][place][:-1]), window["answered"][of[place]])
        late = exchanges.response_time[place] > LEAST_WAIT_MS * MS
        found[place] = late & (before > exchanges.answers[place])
        window["answered"][of[place[runs.last]]] = own["frame"][place[runs.last]]
        return found

    def _remember(self, own: Rows, chain: Ints, message: Bools, origin: Ints) -> None:
        """Keep the sendings of proxied messages."""
        every = self._rows
        some = np.flatnonzero(message & (chain != NONE))
        at = np.searchsorted(every["frame"], origin[some])
        at = np.minimum(at, len(every["frame"]) - 1)
        there = (every["frame"][at] == origin[some]) & (every["left"][at] > OF_AGENT) if len(some) else some == 0
        sent = take(every, at[there]) | {name: own[name][some[there]] for name in ("frame", "time")}
        self._sent = joined(self._sent or None, sent)

    def _place(self, own: Rows, orphans: Ints) -> tuple[Ints, Ints, Ints]:
        """Answers to messages that were not heard."""
        rows = take({name: own[name] for name in ("frame", "time", "role", "group", "asker")}, orphans)
        reply = rows["role"] == frames.REPLY
        source, destination = own["source"][orphans], own["destination"][orphans]
        rows["other"] = np.where(reply, destination, source)
        rows["to"] = np.where(reply, source, destination)
        *found, more = place(rows, joined(self._above or None, expected(self._sent)))
        self._above = joined(self._above or None, more)
        return found[0], found[1], found[2]

    def _add(self, chunk: Chunk, own: Rows, chain: Ints, left: NDArray[np.int8], attempt: Ints, copied: Bools) -> None:
        """Keep what the frames of chains are."""
        some = np.flatnonzero(chain != NONE)
        rows = take({name: own[name] for name in ("frame", "time", "source", "destination", "code")}, some)
        rows |= {"chain": chain[some], "left": left[some], "kind": _KINDS[own["role"][some]]}
        rows["attempt"], rows["copy"] = attempt[some], copied[some]
        for name in ("lpdu.alt_path", "lpdu.priority", "npdu.domain"):
            rows[name.rpartition(".")[2]] = chunk.columns[name][some]
        whole = own["apdu"][some] >= 0
        for name, inside in (("start", own["apdu"]), ("end", own["end"])):
            rows[name] = np.where(whole, own["offset"][some] + inside[some], NONE)
        rows["hops_left"] = self._hops_left(chunk, (chain != NONE) & (own["role"] == frames.RESPONSE))[some]
        self._members = joined(self._members or None, rows)
        order = np.lexsort((rows["frame"], rows["chain"]))
        ends = np.flatnonzero(np.diff(rows["chain"][order], append=NONE) != 0)
        latest = take(rows, order[ends])
        new = {name: latest[name] for name in ("chain", "frame", "time")}
        new["expired"] = np.zeros(len(ends), bool)
        both = joined(self._last or None, new)
        order = np.lexsort((both["frame"], both["chain"]))
        ends = np.flatnonzero(np.diff(both["chain"][order], append=NONE) != 0)
        self._last = take(both, order[ends])
        self._expire(chunk)

    def _hops_left(self, chunk: Chunk, responses: Bools) -> NDArray[np.int16]:
        """What responses of failure say: how many nodes were to come after the one that failed."""
        found = np.full(len(responses), NONE, np.int16)
        only = responses & (chunk.columns["apdu.code"] == FAILURE)
        if only.any():
            within = layers_on_the_way((HOPS_LEFT,))
            for taken, groups in self._store.groups(chunk, within=within, only=only, bare=True):
                for group in groups:
                    column = group.columns.get(HOPS_LEFT.rpartition(".")[2])
                    if group.name == HOPS_LEFT.rpartition(".")[0] and column is not None:
                        assert isinstance(column.value, Numbers)
                        there = np.flatnonzero(column.present)
                        found[taken[group.frames[there]]] = column.value.values[there]
        return found

    def _expire(self, chunk: Chunk) -> None:
        """Note which chains nothing more can come to."""
        last, time = self._last["frame"], self._last["time"]
        latest = np.maximum.accumulate(chunk.time[::-1])[::-1]
        after = np.clip(last - chunk.start + 1, 0, len(latest))
        later = np.append(latest, NO_TIME)[after]
        late = (time != NO_TIME) & (np.maximum(later, NO_TIME + MAX_WAIT_NS) - MAX_WAIT_NS > time)
        self._last["expired"] |= late | (chunk.stop - self._last["chain"] > FAR_BACK)

    def settled(self, chained: Chained) -> bool:
        """Whether later frames cannot change the chains of a chunk."""
        wanted = np.unique(chained.chain[chained.chain != NONE])
        at = np.searchsorted(self._last["chain"], wanted)
        return bool(self._last["expired"][at].all())

    def settle(self, chunk: Chunk, chained: Chained) -> None:
        """Complete the chains of a chunk with what came later, and forget those that end in it."""
        own = take(self._members, np.isin(self._members["chain"], chained.chain[chained.chain != NONE]))
        rows = take(self._rows, np.isin(self._rows["chain"], own["chain"]))
        real = np.unique(rows["chain"][rows["left"] > OF_AGENT])
        own = take(own, np.isin(own["chain"], real))
        rows = take(rows, np.isin(rows["chain"], real))
        rows = take(rows, np.lexsort((rows["frame"], rows["chain"])))
        order = np.lexsort((own["frame"], own["chain"]))
        own = take(own, order)
        last = take(self._last, np.searchsorted(self._last["chain"], real))
        data = np.frombuffer(self._store.capture.buffer, np.uint8)
        own["changed"] = np.isin(own["frame"], rows["frame"][rows["changed"]]) | other_answers(own, rows, data)
        chained.chains = summary(own, rows, last)
        chained.members, chained.rows = own, rows
        size = chunk.stop - chunk.start
        chained.chain = np.where(np.isin(chained.chain, real), chained.chain, NONE)
        chained.which = np.where(chained.chain != NONE, np.searchsorted(real, chained.chain), NONE)
        chained.before, chained.after = np.full(size, NONE), np.full(size, NONE)
        same = np.flatnonzero(own["chain"][1:] == own["chain"][:-1])
        for into, one, other in ((chained.before, same + 1, same), (chained.after, same, same + 1)):
            at = own["frame"][one] - chunk.start
            here = np.flatnonzero((at >= 0) & (at < size))
            into[at[here]] = own["frame"][other[here]]
        chained.changed = np.zeros(size, bool)
        at = own["frame"][own["changed"]] - chunk.start
        chained.changed[at[(at >= 0) & (at < size)]] = True
        chained.ended = np.flatnonzero((last["frame"] >= chunk.start) & (last["frame"] < chunk.stop))
        self._forget(chunk.stop)

    def _forget(self, stop: int) -> None:
        """Let go of chains that have no frame from `stop` on."""
        over = self._last["chain"][(self._last["frame"] < stop) & self._last["expired"]]
        self._last = take(self._last, ~np.isin(self._last["chain"], over))
        self._members = take(self._members, ~np.isin(self._members["chain"], over))
        self._rows = take(self._rows, ~np.isin(self._rows["chain"], over))
        self._sent = take(self._sent, ~np.isin(self._sent["chain"], over))
        if self._above:
            self._above = take(self._above, ~np.isin(self._above["chain"], over))


def _right_answers(own: Rows, chain: Ints, doubted: Bools, window: Rows, base: int, data: NDArray[np.uint8]) -> Ints:
    """Take those answers out that are another one than what the chain has passed back before: it is passed on
    unchanged. `doubted`: those to be looked at; the others are taken to be right."""
    wanted = (own["role"] == frames.RESPONSE) & (chain != NONE) & (own["apdu"] >= 0)
    wanted &= ~np.isin(own["code"], (PROXIED, FAILURE))
    some = np.flatnonzero(wanted & (chain >= base))
    start, length = own["offset"][some] + own["apdu"][some], own["end"][some] - own["apdu"][some]
    runs = Runs(chain[some])
    place = runs.order
    sure = ~doubted[some][place]
    before = runs.before(sure)
    of = chain[some][place] - base
    at = np.where(before == NONE, 0, place[before])
    first = np.where(before == NONE, window["response"][of], start[at])
    size = np.where(before == NONE, window["length"][of], length[at])
    looked = np.flatnonzero(~sure & (first != NONE))
    same = size[looked] == length[place[looked]]
    same[same] = same_bytes(data, start[place[looked[same]]], first[looked[same]], size[looked[same]])
    kept = chain.copy()
    kept[some[place[looked[~same]]]] = NONE
    sure_ones = np.flatnonzero(sure)
    of, place = of[sure_ones], place[sure_ones]
    window["response"][of], window["length"][of] = start[place], length[place]
    return kept
