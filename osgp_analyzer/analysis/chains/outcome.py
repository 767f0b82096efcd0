# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of each chain, from all its frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dissectors.en14908.npdu import BROADCAST, GROUP
from dissectors.proxying import ANSWERED as WITH_ANSWER
from dissectors.proxying import FAILURE, PROXIED
from osgp_analyzer.analysis.chains.messages import OF_AGENT
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.transactions import NONE, elapsed
from osgp_analyzer.engines.columns.values import Bools, Ints

OUTCOMES = ("answered", "delivered", "failed", "answer lost", "open", "in part")
ANSWERED, DELIVERED, FAILED, LOST, OPEN, IN_PART = range(len(OUTCOMES))
"""What became of a message: the source got the target's answer; or that the agent has sent it; a node could not pass it
on; an answer did not get on; its timers had not run out at the end of the capture; the tap heard too little to tell."""
MESSAGE, ANSWER = 0, 1
PLACES = 32
FEW = 2
"""A source that sends so often has not heard an answer: how often it tries is in no message."""


def _none() -> Ints:
    return np.zeros(0, np.int64)


@dataclass
class Summary:
    """For each chain. `domain`: as the columns have it. `hops`: from the source to the target. `source`, `agent`:
    addresses. `form`, `target`: address format and address of the target. `time`: ns from the first frame to the
    answer of the source, or the last frame.
    `retries`: messages sent again. `failed_at`: the hop that failed, from 1, or where the answer was lost. `missing`:
    hops whose message was not heard. `changed`: the first frame that is not what was sent on the hop before. Each -1
    where it is not known."""

    chain: Ints = field(default_factory=_none)
    domain: Ints = field(default_factory=_none)
    hops: Ints = field(default_factory=_none)
    outcome: Ints = field(default_factory=_none)
    source: Ints = field(default_factory=_none)
    agent: Ints = field(default_factory=_none)
    form: Ints = field(default_factory=_none)
    target: Ints = field(default_factory=_none)
    time: Ints = field(default_factory=_none)
    retries: Ints = field(default_factory=_none)
    failed_at: Ints = field(default_factory=_none)
    missing: Ints = field(default_factory=_none)
    changed: Ints = field(default_factory=_none)


@dataclass
class Places:
    """For each place of each chain that a frame was heard of, in their order: `owner`: row of the chain. Frames are
    counted by their place among the members, -1 for none."""

    owner: Ints
    left: Ints
    sent: Ints
    """How often the message was sent."""
    first_sent: Ints
    last_sent: Ints
    last_answer: Ints


def places(members: Rows, chains: Ints) -> Places:
    """The places of chains, from their frames in the order of chain and frame."""
    owner = np.searchsorted(chains, members["chain"])
    key = owner * PLACES + (members["left"].astype(np.int64) - OF_AGENT)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    start = np.flatnonzero(np.diff(ordered, prepend=NONE))
    kind = members["kind"][order]
    message, answer = kind == MESSAGE, kind == ANSWER
    if not len(start):
        return Places(*(_none() for _ in range(6)))
    sent = np.maximum.reduceat(np.where(message, np.maximum(members["attempt"][order], 0) + 1, 0), start)
    far = len(key)
    first = np.minimum.reduceat(np.where(message, order, far), start)
    last = np.maximum.reduceat(np.where(message & ~members["copy"][order], order, NONE), start)
    answered = np.maximum.reduceat(np.where(answer, order, NONE), start)
    found = ordered[start]
    return Places(found // PLACES, found % PLACES + OF_AGENT, sent, np.where(first == far, NONE, first), last, answered)


def summary(members: Rows, rows: Rows, last: Rows) -> Summary:
    """The chains of `last`, in their order. `members`: their frames, in the order of chain and frame; `rows`: their
    messages; `last`: of each chain its number, and whether it is `expired`."""
    chains, expired = last["chain"], last["expired"]
    size = len(chains)
    at = places(members, chains)
    top = np.full(size, OF_AGENT)
    np.maximum.at(top, at.owner, at.left)
    owner = np.searchsorted(chains, rows["chain"])
    upper = _best(owner, rows["left"].astype(np.int64), size)
    tries = _tries(rows, upper, at, top)
    waits = np.isin(rows["asks"][upper], WITH_ANSWER)

    outcome, failed_at = np.where(expired, IN_PART, OPEN), np.full(size, NONE)
    answered = at.last_answer != NONE
    nearest = np.full(size, -2)
    np.maximum.at(nearest, at.owner[answered], at.left[answered])
    deepest = np.full(size, PLACES)
    np.minimum.at(deepest, at.owner[at.sent > 0], at.left[at.sent > 0])
    hop = top[at.owner] - at.left + 1

    # Nothing came back, however often it was sent; or what came back was asked for again.
    silent = (nearest[at.owner] == -2) & (at.left == deepest[at.owner]) & (at.sent >= tries) & expired[at.owner]
    silent &= (at.left > OF_AGENT) | waits[at.owner]
    _put(outcome, failed_at, at, silent, FAILED, hop)
    wide = (at.left == OF_AGENT) & np.isin(rows["form"][upper][at.owner], (GROUP, BROADCAST))
    again = answered & (at.left == nearest[at.owner]) & (at.last_sent > at.last_answer) & ~wide
    _put(outcome, failed_at, at, again & expired[at.owner], LOST, hop)
    # Somebody said that it failed, or the source was answered.
    said = np.flatnonzero((members["kind"] == ANSWER) & (members["code"] == FAILURE) & (members["hops_left"] >= 0))
    told = np.searchsorted(chains, members["chain"][said])
    outcome[told] = FAILED
    failed_at[told] = top[told] + 2 - members["hops_left"][said]
    again &= members["code"][at.last_answer] != FAILURE
    final = np.flatnonzero(answered & (at.left == top[at.owner]) & ~again)
    whose, code = at.owner[final], members["code"][at.last_answer[final]]
    outcome[whose] = np.where(code == FAILURE, FAILED, np.where((code == PROXIED) | (code < 0), DELIVERED, ANSWERED))
    failed_at[whose[code != FAILURE]] = NONE
    unheard = ~np.isin(rows["service"][upper], WITH_ANSWER) & (deepest == OF_AGENT) & (nearest == -2)
    outcome[unheard], failed_at[unheard] = DELIVERED, NONE

    first = np.searchsorted(members["chain"], chains)
    end: Any = np.searchsorted(members["chain"], chains, "right") - 1
    end[whose] = at.last_answer[final]
    time, timed = elapsed(members["time"][first], members["time"][end])
    retries = (members["kind"] == MESSAGE) & (members["attempt"] > 0) & ~members["copy"]
    source = rows["source"][upper].astype(np.int64)
    above = np.flatnonzero((at.sent == 0) & (at.left == top[at.owner]) & (at.left > rows["left"][upper][at.owner]))
    source[at.owner[above]] = members["destination"][at.last_answer[above]]
    heard = np.bincount(at.owner[at.sent > 0], minlength=size)
    agent = rows["agent"][upper].astype(np.int64)
    lowest = _best(owner, -rows["left"].astype(np.int64), size)
    agent = np.where(agent < 256, rows["agent"][lowest], agent)
    by_source = (rows["flags"][upper] & 1) == 1
    subnet = np.where(by_source, rows["source"][upper], rows["receiver"][upper]) & ~0xFF
    target = np.where(rows["left"][lowest] == OF_AGENT, rows["target"][lowest], rows["target"][upper])
    return Summary(
        chains,
        members["domain"][first].astype(np.int64),
        top + 2,
        outcome,
        source,
        np.where(agent < 256, agent | subnet, agent),
        rows["form"][upper].astype(np.int64),
        target,
        np.where(timed & (time >= 0), time, NONE),
        np.bincount(np.searchsorted(chains, members["chain"][retries]), minlength=size),
        np.where(failed_at > 0, failed_at, NONE),
        top + 2 - heard,
        _first_changed(members, chains),
    )


def _first_changed(members: Rows, chains: Ints) -> Ints:
    found = np.full(len(chains), NONE)
    some = np.flatnonzero(members["changed"])[::-1]
    found[np.searchsorted(chains, members["chain"][some])] = members["frame"][some]
    return found


def _best(owner: Any, value: Ints, size: int) -> Ints:
    """For each chain the row with the greatest value, the first of several."""
    order = np.lexsort((-np.arange(len(owner)), value, owner))
    found = np.zeros(size, np.int64)
    found[owner[order]] = order
    return found


def _tries(rows: Rows, upper: Ints, at: Places, top: Ints) -> Ints:
    """How often the message to each place is sent at most."""
    lists = np.where(rows["tries"][upper] > 0, rows["tries"][upper], FEW)[at.owner]
    found = np.where(at.left == OF_AGENT, rows["agent_tries"][upper][at.owner], lists)
    return np.asarray(np.where(at.left == top[at.owner], FEW, found))


def _put(outcome: Ints, failed_at: Ints, at: Places, which: Bools, what: int, hop: Ints) -> None:
    """Note what became of chains, at one of their places each."""
    outcome[at.owner[which]], failed_at[at.owner[which]] = what, hop[which]
