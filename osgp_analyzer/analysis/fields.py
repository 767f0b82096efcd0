# SPDX-License-Identifier: GPL-2.0-or-later
"""What tracking knows of each frame as fields, for filters, ``-T fields`` and export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from osgp_analyzer.analysis.chains import columns as chained
from osgp_analyzer.analysis.chains.chains import Chained
from osgp_analyzer.analysis.security.statuses import STATUSES
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.engines.columns.values import Ints


class Kind(Enum):
    """What the numbers of a field mean."""

    FRAME = "frame"
    """Number of a frame, from 1."""
    TIME = "time"
    """Nanoseconds."""
    NUMBER = "number"
    BOOL = "bool"
    """1 for yes, else absent."""
    WORD = "word"
    """A place in `TrackedField.words`."""


@dataclass(frozen=True)
class TrackedField:
    """A field of the exchange of a frame, or of its protection. `values`: for each frame of the chunk, -1 where it is
    absent. `ahead`: needs ``track(store, ahead=True)``, `chains`: ``chains=True``. `words`: what the numbers stand
    for."""

    name: str
    label: str
    doc: str
    kind: Kind
    values: Callable[[Tracked], Ints]
    ahead: bool = False
    words: Callable[[Tracked], Sequence[str]] | None = None
    chains: bool = False


def _frame(name: str) -> Callable[[Tracked], Ints]:
    """A frame by its number, from 1; absent is -1."""

    def values(tracked: Tracked) -> Ints:
        index: Ints = getattr(tracked.exchanges, name)
        return np.where(index >= 0, index + 1, -1)

    return values


def _number(name: str) -> Callable[[Tracked], Ints]:
    def values(tracked: Tracked) -> Ints:
        found: Ints = getattr(tracked.exchanges, name)
        return found

    return values


def _flag(name: str) -> Callable[[Tracked], Ints]:
    """1 where it holds, else absent: so ``transaction.missing`` alone is a filter."""

    def values(tracked: Tracked) -> Ints:
        return np.where(getattr(tracked.exchanges, name), 1, -1)

    return values


def _secured(name: str) -> Callable[[Tracked], Ints]:
    def values(tracked: Tracked) -> Ints:
        if tracked.secured is None:
            return np.full(tracked.chunk.stop - tracked.chunk.start, -1, np.int64)
        found = getattr(tracked.secured, name)
        return np.where(found, 1, -1) if found.dtype == np.bool_ else found.astype(np.int64)

    return values


def _key_names(tracked: Tracked) -> Sequence[str]:
    return tracked.secured.names if tracked.secured is not None else ()


def _chain(
    name: str,
    label: str,
    doc: str,
    kind: Kind,
    values: Callable[[Chained], Ints],
    words: Callable[[Chained], Sequence[str]] | None = None,
) -> TrackedField:
    """A field of the chain of a frame."""

    def found(tracked: Tracked) -> Ints:
        if tracked.chained is None:
            return np.full(tracked.chunk.stop - tracked.chunk.start, -1, np.int64)
        return values(tracked.chained)

    def named(tracked: Tracked) -> Sequence[str]:
        return words(tracked.chained) if tracked.chained is not None and words is not None else ()

    return TrackedField(f"chain.{name}", label, doc, kind, found, True, named if words is not None else None, True)


def _request(tracked: Tracked) -> Ints:
    return np.where(tracked.request >= 0, tracked.request + 1, -1)


FIELDS: dict[str, TrackedField] = {
    field.name: field
    for field in (
        TrackedField(
            "frame.request",
            "Request",
            "The REQUEST that this RESPONSE answers; on a meter's other ports the request of this response.",
            Kind.FRAME,
            _request,
        ),
        TrackedField(
            "transaction.answers",
            "Answers",
            "The message that this ACK, RESPONSE or CHALLENGE answers, or the challenge that this REPLY answers.",
            Kind.FRAME,
            _frame("answers"),
        ),
        TrackedField(
            "transaction.response_time",
            "Response time",
            "Time since the frame that this one answers, in seconds.",
            Kind.TIME,
            _number("response_time"),
        ),
        TrackedField(
            "transaction.first",
            "First sending",
            "The first sending of the message that is sent again here.",
            Kind.FRAME,
            _frame("first"),
        ),
        TrackedField(
            "transaction.attempt",
            "Attempt",
            "How many sendings of the message came before this one: 0 for the first.",
            Kind.NUMBER,
            _number("attempt"),
        ),
        TrackedField(
            "transaction.duplicate",
            "Duplicate of",
            "The frame with the same bytes that this one repeats: heard twice, or an answer sent again.",
            Kind.FRAME,
            _frame("duplicate"),
        ),
        TrackedField(
            "transaction.late",
            "Late",
            "The answer came later than the longest transmit timer, 3.072 s.",
            Kind.BOOL,
            _flag("late"),
        ),
        TrackedField(
            "transaction.answered_in",
            "Answered in",
            "The first ACK or RESPONSE to this message, to whichever of its sendings.",
            Kind.FRAME,
            _frame("answered_in"),
            ahead=True,
        ),
        TrackedField(
            "transaction.missing",
            "Answer missing",
            "The message asks for an ACK or RESPONSE, and none came before its timers ran out.",
            Kind.BOOL,
            _flag("missing"),
            ahead=True,
        ),
        TrackedField(
            "security.status",
            "Security",
            "Whether the message is genuine: verified, bad digest, no key, not authenticated, or challenged, where the "
            "reply to a challenge tells.",
            Kind.WORD,
            _secured("status"),
            words=lambda tracked: STATUSES,
        ),
        TrackedField(
            "security.key",
            "Key",
            "The name of the key that the digest was made with, or of the one that it should have been made with.",
            Kind.WORD,
            _secured("key"),
            words=_key_names,
        ),
        TrackedField(
            "security.encrypted",
            "Encrypted",
            "The message is encrypted, and a key of the ring opened it.",
            Kind.BOOL,
            _secured("encrypted"),
        ),
        _chain(
            "id",
            "Chain",
            "The first frame of the proxied exchange that this one belongs to.",
            Kind.FRAME,
            chained.number,
        ),
        _chain("hop", "Hop", "Which hop the frame is on, from 1 at the source.", Kind.NUMBER, chained.hop),
        _chain("direction", "Direction", "To the target, or back.", Kind.WORD, chained.direction, chained.directions),
        _chain("previous", "Previous frame", "The frame of the chain before this one.", Kind.FRAME, chained.previous),
        _chain("next", "Next frame", "The frame of the chain after this one.", Kind.FRAME, chained.following),
        _chain("hops", "Hops", "Hops of the chain, from the source to the target.", Kind.NUMBER, chained.of("hops")),
        _chain(
            "outcome",
            "Outcome",
            "What became of the chain: answered, delivered, failed, answer lost, open at the end of the capture, or "
            "heard in part.",
            Kind.WORD,
            chained.of("outcome"),
            chained.outcomes,
        ),
        _chain("source", "Source", "Who sent the message first.", Kind.WORD, *chained.addresses("source")),
        _chain("agent", "Agent", "The node that sends it to the target.", Kind.WORD, *chained.addresses("agent")),
        _chain("target", "Target", "Whom the message is for.", Kind.WORD, chained.target, chained.targets),
        _chain(
            "time",
            "Time",
            "From the first frame of the chain to the answer that its source got, else to its last frame, in seconds.",
            Kind.TIME,
            chained.of("time"),
        ),
        _chain("retries", "Retries", "Messages of the chain that were sent again.", Kind.NUMBER, chained.of("retries")),
        _chain(
            "failed_at",
            "Failed at",
            "The hop that failed, or whose answer was lost.",
            Kind.NUMBER,
            chained.of("failed_at"),
        ),
        _chain("missing", "Missing hops", "Hops whose message was not heard.", Kind.NUMBER, chained.of("missing")),
        _chain(
            "changed_in",
            "Changed in",
            "The first frame of the chain that passes on something else than what was sent on the hop before.",
            Kind.FRAME,
            chained.changed,
        ),
    )
}
"""The fields by name."""
