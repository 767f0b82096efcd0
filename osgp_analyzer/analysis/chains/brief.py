# SPDX-License-Identifier: GPL-2.0-or-later
"""What a line about a chain needs, made from columns where everything was heard; from the chain itself where not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dissectors.en14908.npdu import SUBNET_NODE
from osgp_analyzer.analysis.chains.chain import Chain, address, ended, target_name
from osgp_analyzer.analysis.chains.chains import Chained
from osgp_analyzer.analysis.chains.outcome import OUTCOMES, places
from osgp_analyzer.analysis.runs import Rows, take
from osgp_analyzer.analysis.transactions import NONE
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import NO_TIME


@dataclass(slots=True)
class Brief:
    """As in `Chain`; `begin`: time of its first frame in ns, None without a stamp. `chain`: where there is more to be
    said."""

    number: int
    begin: int | None
    outcome: str
    failed_at: int | None
    time: int | None
    retries: int
    nodes: list[str]
    chain: Chain | None = None


def of(chain: Chain) -> Brief:
    """A chain in brief."""
    begin = chain.frames[0].time
    return Brief(chain.number, begin, chain.outcome, chain.failed_at, chain.time, chain.retries, chain.nodes, chain)


def briefs(chained: Chained) -> Iterator[Brief]:
    """The chains that end in a chunk, in the order of their first frames."""
    if not len(chained.ended):
        return
    known, which = chained.chains, chained.ended
    number, hops = known.chain[which], known.hops[which]
    rows = take(chained.rows, np.isin(chained.rows["chain"], number))
    members = take(chained.members, np.isin(chained.members["chain"], number))
    owner: Any = np.searchsorted(number, rows["chain"])
    order = np.lexsort((-rows["left"].astype(np.int64), owner))
    left, source, owner = rows["left"][order].astype(np.int64), rows["source"][order].astype(np.int64), owner[order]
    first = np.searchsorted(owner, np.arange(len(number)))
    # Each message was heard once, of the first hop to the last, and nothing was changed.
    whole = (np.bincount(owner, minlength=len(number)) == hops) & (known.missing[which] == 0)
    whole &= known.changed[which] == NONE
    whole[owner[left != hops[owner] - 2 - (np.arange(len(owner)) - first[owner])]] = False
    whole &= _answers_without_gaps(members, number)
    others = {chain.number - 1: chain for chain in ended(chained, which[~whole])}
    begin = members["time"][np.searchsorted(members["chain"], number)]
    target = _targets(chained, source, first)
    names = ("outcome", "failed_at", "time", "retries", "form")
    values = [getattr(known, name)[which].tolist() for name in names]
    ends = zip(first.tolist(), (first + hops).tolist(), strict=True)
    sources = source.tolist()
    for one, when, to, (at, end), (what, failed_at, time, retries, form) in zip(
        number.tolist(), begin.tolist(), target.tolist(), ends, zip(*values, strict=True), strict=True
    ):
        if one in others:
            yield of(others[one])
            continue
        nodes = [*(address(node) for node in sources[at:end]), target_name(form, to)]
        yield Brief(
            one + 1,
            None if when == NO_TIME else when,
            OUTCOMES[what],
            failed_at if failed_at > 0 else None,
            time if time >= 0 else None,
            retries,
            nodes,
        )


def _targets(chained: Chained, source: Ints, first: Ints) -> Ints:
    """The targets; of an address in short the subnet is the agent's. `source`: senders from the first hop on, those
    of each chain from its place in `first` on."""
    known, which = chained.chains, chained.ended
    target = known.target[which].astype(np.int64)
    agent = source[np.minimum(first + known.hops[which], len(source)) - 1]
    short = (known.form[which] == SUBNET_NODE) & (target < 256)
    return np.where(short, target | agent & ~0xFF, target)


def _answers_without_gaps(members: Rows, number: Ints) -> Bools:
    """Whether answers were heard on all hops between those on which any was."""
    at = places(members, number)
    some = at.last_answer != NONE
    owner, left = at.owner[some], at.left[some]
    high, low = np.full(len(number), -2), np.full(len(number), 1 << 8)
    np.maximum.at(high, owner, left)
    np.minimum.at(low, owner, left)
    count = np.bincount(owner, minlength=len(number))
    found: Bools = (count == 0) | (high - low + 1 == count)
    return found
