# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers inside chains whose own message was not heard: found by what the rest of the chain says is sent.

A proxied message names all nodes that follow, and they keep its transaction number (lon-stack-dx, txInherit), so it
tells who will be answered by whom. Who sent it to its own sender no message says: the answer to that one does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dissectors.en14908.npdu import GROUP, SUBNET_NODE
from osgp_analyzer.analysis.chains.messages import OF_AGENT, filled
from osgp_analyzer.analysis.runs import Rows, Runs, joined, take
from osgp_analyzer.analysis.transactions import ADDRESS_BITS, NONE, RESPONSE, SLOT_BITS, elapsed
from osgp_analyzer.engines.columns.values import Ints

NODE, MEMBERS, ANYONE, ABOVE = np.arange(4) << ADDRESS_BITS
"""Slots of a key: who answers, and whether it is known whom."""


def expected(sent: Rows) -> Rows:
    """What answers proxied messages announce: rows with a `key`, and the frame, time, chain, wait and `left` of the
    message that would be answered. `sent`: sendings of proxied messages, with all that `messages` has."""
    found: Rows | None = None
    hops = filled(sent)
    for ahead in range(1, int(sent["left"].max(initial=0)) + 1):
        some = np.flatnonzero(sent["left"] >= ahead)
        asker, by = hops[some, ahead - 1], hops[some, ahead]
        found = joined(found, _announced(sent, some, asker, NODE + by, sent["left"][some] - ahead))
    every = np.arange(len(sent["left"]))
    agent = hops[every, sent["left"].astype(np.int64)]
    form, target = sent["form"], sent["target"]
    target = np.where((form == SUBNET_NODE) & (target < 256), target | (agent & ~0xFF), target)
    by = np.where(form == SUBNET_NODE, NODE + target, np.where(form == GROUP, MEMBERS + target, ANYONE))
    found = joined(found, _announced(sent, every, agent, by, np.full(len(every), OF_AGENT)))
    top = np.flatnonzero(sent["frame"] == sent["chain"])
    above = _announced(sent, top, np.zeros(len(top), np.int64), ABOVE + sent["source"][top], sent["left"][top] + 1)
    return joined(found, above)


def _announced(sent: Rows, some: Ints, asker: Any, by: Any, left: Any) -> Rows:
    key = sent["asker"][some] + ((asker.astype(np.int64) - sent["source"][some]) << SLOT_BITS) + by
    return {name: sent[name][some] for name in ("frame", "time", "chain", "wait")} | {"key": key, "left": left}


def place(orphans: Rows, announced: Rows) -> tuple[Ints, Ints]:
    """The chain of each answer, and the `left` of the message that it answers; -1 and 0 where there is none.

    `orphans`: answers, with `frame`, `time`, `role`, `group`, `asker` (their key), and the addresses of the
    node that answers, `other`, and of the one that is answered, `to`.
    """
    size = len(orphans["frame"])
    chain, left, found = np.full(size, NONE), np.zeros(size, np.int64), np.full(size, NONE)
    of_group = orphans["group"] >= 0
    by = np.where(of_group, MEMBERS + orphans["group"], NODE + orphans["other"])
    _look(orphans, orphans["asker"] + by, announced, np.ones(size, bool), chain, left, found)
    _look(orphans, orphans["asker"] + ANYONE, announced, ~of_group & (found == NONE), chain, left, found)
    key = orphans["asker"] - (orphans["to"] << SLOT_BITS) + ABOVE + orphans["other"]
    _look(orphans, key, announced, (orphans["role"] == RESPONSE) & (found == NONE), chain, left, found)
    return chain, left


def _look(orphans: Rows, key: Ints, announced: Rows, wanted: Any, chain: Ints, left: Ints, found: Ints) -> None:
    """Give wanted answers the chain of the latest message that announced them, if that is in time."""
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
    fits = time <= messages["wait"][message]
    answer, message = answer[fits], message[fits]
    chain[answer], left[answer] = messages["chain"][message], messages["left"][message]
    found[answer] = messages["frame"][message]
