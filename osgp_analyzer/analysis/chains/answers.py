# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers inside chains whose own message was not heard: found by what the rest of the chain says is sent.

A proxied message names all nodes that follow, and they keep its transaction number (lon-stack-dx, txInherit), so it
tells who will be answered by whom. Who sent it to its own sender no message says: the answer to that one does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dissectors.en14908.npdu import GROUP, SUBNET_NODE
from dissectors.proxying import MOST_HOPS
from osgp_analyzer.analysis.chains.messages import OF_AGENT, filled
from osgp_analyzer.analysis.runs import Rows, Runs, joined, take
from osgp_analyzer.analysis.transactions import ADDRESS_BITS, NONE, RESPONSE, SLOT_BITS, elapsed
from osgp_analyzer.engines.columns.values import Bools, Ints

NODE, MEMBERS, ANYONE, ABOVE = np.arange(4) << ADDRESS_BITS
"""Slots of a key: who answers, and whether it is known whom."""


def expected(sent: Rows) -> Rows:
    """What answers proxied messages announce: rows with a `key`, and the frame, time, chain, wait and `left` of the
    message that would be answered. `sent`: sendings of proxied messages, with all that `messages` has."""
    every = np.arange(len(sent["left"]))
    found = _announced(sent, every, sent["source"], NODE + sent["receiver"], sent["left"])
    hops = filled(sent)
    for ahead in range(1, int(sent["left"].max(initial=0)) + 1):
        some = np.flatnonzero(sent["left"] >= ahead)
        asker, by = hops[some, ahead - 1], hops[some, ahead]
        found = joined(found, _announced(sent, some, asker, NODE + by, sent["left"][some] - ahead))
    agent = hops[every, sent["left"].astype(np.int64)]
    form, target = sent["form"], sent["target"]
    target = np.where((form == SUBNET_NODE) & (target < 256), target | (agent & ~0xFF), target)
    by = np.where(form == SUBNET_NODE, NODE + target, np.where(form == GROUP, MEMBERS + target, ANYONE))
    found = joined(found, _announced(sent, every, agent, by, np.full(len(every), OF_AGENT)))
    top = np.flatnonzero(_tops(sent) & (sent["left"] < MOST_HOPS))
    above = _announced(sent, top, np.zeros(len(top), np.int64), ABOVE + sent["source"][top], sent["left"][top] + 1)
    return joined(found, above)


def _tops(sent: Rows) -> Bools:
    """Messages that no other of their chain was heard above, up to there."""
    order = np.lexsort((sent["frame"], sent["chain"]))
    left = sent["left"][order].astype(np.int64)
    # Chains apart: each begins above all places of those before it.
    base = np.cumsum(np.diff(sent["chain"][order], prepend=NONE) != 0) * (MOST_HOPS + 2)
    top = np.zeros(len(order), bool)
    top[order] = base + left >= np.maximum.accumulate(base + left)
    return top


def _announced(sent: Rows, some: Ints, asker: Any, by: Any, left: Any) -> Rows:
    key = sent["asker"][some] + ((asker.astype(np.int64) - sent["source"][some]) << SLOT_BITS) + by
    return {name: sent[name][some] for name in ("frame", "time", "chain", "wait")} | {"key": key, "left": left}


def place(orphans: Rows, announced: Rows) -> tuple[Ints, Ints, Ints, Rows]:
    """The chain of each answer, the `left` of the message that it answers, and the frame that announced it; -1, 0, -1
    where there is none. Also what these answers announce by themselves.

    `orphans`: answers, with `frame`, `time`, `role`, `group`, `asker` (their key), and the addresses of the node that
    answers, `other`, and of the one that is answered, `to`.
    """
    size = len(orphans["frame"])
    chain, left, found = np.full(size, NONE), np.zeros(size, np.int64), np.full(size, NONE)
    wait = np.zeros(size, np.int64)
    results = chain, left, found, wait
    of_group = orphans["group"] >= 0
    by = np.where(of_group, MEMBERS + orphans["group"], NODE + orphans["other"])
    _look(orphans, orphans["asker"] + by, announced, np.ones(size, bool), results)
    _look(orphans, orphans["asker"] + ANYONE, announced, ~of_group, results)
    # Who got the answer of the highest node that is known will pass it on to a node that is not known yet.
    whoever = orphans["asker"] - (orphans["to"].astype(np.int64) << SLOT_BITS) + ABOVE
    more, new = {name: values[:0] for name, values in announced.items()}, announced
    for _ in range(MOST_HOPS):
        before = found.copy()
        _look(orphans, whoever + orphans["other"], new, orphans["role"] == RESPONSE, results)
        some = np.flatnonzero((before != found) & (left < MOST_HOPS))
        if not len(some):
            break
        new = {"frame": orphans["frame"][some], "time": orphans["time"][some], "chain": chain[some]}
        new |= {"wait": wait[some], "key": (whoever + orphans["to"])[some], "left": left[some] + 1}
        more = joined(more, new)
    return chain, left, found, more


def _look(orphans: Rows, key: Ints, announced: Rows, wanted: Any, results: tuple[Ints, Ints, Ints, Ints]) -> None:
    """Give wanted answers the chain of the latest message that announced them, if that is in time, and later than what
    was found before."""
    chain, left, found, wait = results
    some = np.flatnonzero(wanted)
    near = np.isin(announced["key"], key[some])
    messages = take(announced, near)
    order = np.argsort(messages["frame"], kind="stable")
    messages = take(messages, order)
    both = np.concatenate([messages["key"], key[some]])
    frames = np.concatenate([messages["frame"], orphans["frame"][some]])
    sequence = np.argsort(frames, kind="stable")
    runs = Runs(both[sequence])
    row = sequence[runs.order]
    count = len(messages["key"])
    before = runs.before(row < count)
    answering = np.flatnonzero((row >= count) & (before != NONE))
    answer, message = some[row[answering] - count], row[before[answering]]
    time, _ = elapsed(messages["time"][message], orphans["time"][answer])
    fits = (time <= messages["wait"][message]) & (messages["frame"][message] > found[answer])
    answer, message = answer[fits], message[fits]
    chain[answer], left[answer] = messages["chain"][message], messages["left"][message]
    found[answer], wait[answer] = messages["frame"][message], messages["wait"][message]
