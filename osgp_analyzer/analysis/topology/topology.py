# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes and links, counted over many chunks: memory grows with the network, not with the frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from dissectors.en14908.npdu import SUBNET_NODE, UNIQUE_ID
from osgp_analyzer.analysis.chains.chains import Chained
from osgp_analyzer.analysis.chains.messages import OF_AGENT, filled
from osgp_analyzer.analysis.chains.outcome import ANSWERED, DELIVERED, places
from osgp_analyzer.analysis.runs import take
from osgp_analyzer.analysis.statistics import names
from osgp_analyzer.analysis.statistics.directory import ABOVE, FIELDS, NOBODY, Directory, destinations, sources
from osgp_analyzer.analysis.statistics.tally import Extremes, Interner, Sums
from osgp_analyzer.analysis.topology.routes import Routes
from osgp_analyzer.analysis.topology.timeline import Timeline
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import NO_TIME
from osgp_analyzer.store.header import PACKED

SOURCE, REPEATER, AGENT, TARGET = ROLES = ("source", "repeater", "agent", "target")
NEURON_ID = "npdu.neuron_id"
_LOW = (1 << 8 * PACKED) - 1


class Topology:
    """Learns the network. Chunks must be tracked with ``chains=True``."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.heard, self.addressed = Extremes(), Extremes()
        self.counts = Sums("frames_sent", "frames_received", "asked", "answered")
        self.roles = Sums(*ROLES)
        self.pairs = Interner()
        self.links = Sums("sent", "retries", "alt_path", "asked", "answered", "missing", "time", "timed")
        self.routes, self.timeline = Routes(), Timeline()
        self.neuron_ids: dict[int, int] = {}
        """Of nodes (numbers of the directory) the endpoint that is their Neuron ID."""

    def add(self, tracked: Tracked) -> None:
        """Take in the next chunk."""
        chunk, exchanges = tracked.chunk, tracked.exchanges
        columns = {name: chunk.columns[name] for name in FIELDS}
        good = chunk.columns["lpdu.crc_status"] != names.value("lpdu.crc_status", "bad")
        domain = columns["npdu.domain"].astype(np.int64)
        source = np.where(good, self.directory.ids(np.where(good, sources(columns), NOBODY), domain), NOBODY)
        to = np.where(good, self.directory.ids(np.where(good, destinations(columns), NOBODY), domain), NOBODY)
        self.timeline.reach(chunk.time)
        self._nodes(source, to, chunk.time)
        message = (exchanges.attempt >= 0) & (exchanges.duplicate < 0)
        node = np.isin(columns["npdu.address_format"], (SUBNET_NODE, UNIQUE_ID))
        self._links(tracked, np.flatnonzero(message & node & (source >= 0) & (to >= 0)), source, to)
        self._neuron_ids(tracked, source)
        if tracked.chained is not None:
            self._chains(tracked.chained)
            self._direct(tracked, tracked.chained, source, to)

    def _nodes(self, source: Ints, to: Ints, time: Ints) -> None:
        for ids, times, name in ((source, self.heard, "frames_sent"), (to, self.addressed, "frames_received")):
            known = np.flatnonzero(ids >= 0)
            self.counts.add(ids[known], **{name: None})
            known = known[time[known] != NO_TIME]
            times.add(ids[known], time[known])

    def _links(self, tracked: Tracked, rows: Ints, source: Ints, to: Ints) -> None:
        """Messages from node to node, by their sendings."""
        exchanges = tracked.exchanges
        first, asking = exchanges.attempt[rows] == 0, np.zeros(len(source), bool)
        asking[exchanges.asking] = True
        asks = first & asking[rows]
        answered, missing = exchanges.answered_in[rows] >= 0, exchanges.missing[rows]
        link = self.pairs.ids(source[rows] << 32 | to[rows])
        alt = tracked.chunk.columns["lpdu.alt_path"][rows] == 1
        self.links.add(link, sent=None, retries=~first, alt_path=alt, asked=asks & (answered | missing),
                       answered=asks & answered, missing=asks & missing)  # fmt: skip

    def _neuron_ids(self, tracked: Tracked, source: Ints) -> None:
        """Who answers a message to a Neuron ID has it."""
        asked = tracked.asked[NEURON_ID]
        rows = np.flatnonzero(asked.known & (tracked.request >= 0) & (source >= 0))
        rows = rows[asked.values[rows] >> 8 * PACKED == PACKED]
        addresses = UNIQUE_ID << ABOVE | asked.values[rows] & _LOW
        ids = self.directory.ids(addresses, tracked.chunk.columns["npdu.domain"][rows].astype(np.int64))
        self.neuron_ids.update(zip(source[rows].tolist(), ids.tolist(), strict=True))

    def _chains(self, chained: Chained) -> None:
        """Roles, routes and the time of each hop, from the chains that end here."""
        known, ended = chained.chains, chained.ended
        if not len(ended):
            return
        own = np.isin(chained.rows["chain"], known.chain[ended])
        rows = take(chained.rows, own)
        owner: Any = np.searchsorted(known.chain, rows["chain"])
        order = np.lexsort((-rows["left"], owner))
        order = order[np.diff(owner[order], prepend=-1) != 0]
        top, which = take(rows, order), owner[order]
        hops = np.concatenate([top["source"][:, None], filled(top)], axis=1).astype(np.int64)
        hops[np.arange(hops.shape[1])[None, :] > top["left"][:, None] + 1] = 0
        heard = np.flatnonzero(rows["left"] > OF_AGENT)  # what was heard tells more than a list without subnets
        chain = np.searchsorted(which, owner[heard])
        for name, above in (("receiver", 0), ("source", 1)):
            at = top["left"][chain].astype(np.int64) + 1 - rows["left"][heard] - above
            hops[chain, at] = rows[name][heard]
        domain = known.domain[which]
        route = self._ids(hops, domain)
        self.roles.add(route[:, 0], source=None)
        agent = route[np.arange(len(route)), top["left"].astype(np.int64) + 1]
        self.roles.add(agent[agent >= 0], agent=None)
        for place in range(1, hops.shape[1]):
            some = top["left"] + 1 > place
            self.roles.add(route[some, place], repeater=None)
        target, form = known.target[which], known.form[which]
        near = (form == SUBNET_NODE) & (target < 256)
        target = np.where(near, target | hops[np.arange(len(hops)), top["left"].astype(np.int64) + 1] & ~0xFF, target)
        numbers = np.where(form == SUBNET_NODE, _address(target), form << ABOVE | target & _LOW)
        ids = self.directory.ids(numbers, domain)
        self.roles.add(ids, target=None)
        through = np.isin(known.outcome[which], (ANSWERED, DELIVERED))
        first = np.searchsorted(chained.members["chain"], known.chain[which])
        self._reached(ids, route, chained.members["time"][first], through)
        self._times(chained)

    def _ids(self, hops: Ints, domain: Ints) -> Ints:
        """Numbers of addresses as `transactions` has them, -1 for none."""
        flat = np.where(hops.reshape(-1) > 255, _address(hops.reshape(-1)), NOBODY)
        return self.directory.ids(flat, np.repeat(domain, hops.shape[1])).reshape(hops.shape)

    def _times(self, chained: Chained) -> None:
        """What each hop takes by itself: the time to its answer without that of the hops after it."""
        ended = chained.chains.chain[chained.ended]
        members = take(chained.members, np.isin(chained.members["chain"], ended))
        at = places(members, ended)
        both = (at.first_sent >= 0) & (at.last_answer >= 0)
        time = np.where(both, members["time"][at.last_answer] - members["time"][at.first_sent], -1)
        nearer = np.zeros(len(time), bool)
        nearer[1:] = (at.owner[1:] == at.owner[:-1]) & (at.left[1:] == at.left[:-1] + 1) & both[:-1]
        own = time.copy()
        own[1:][nearer[1:]] -= time[:-1][nearer[1:]]
        rows = np.flatnonzero(both & (nearer | (at.left == OF_AGENT)) & (own >= 0))
        sent = at.first_sent[rows]
        ends = np.stack([members["source"][sent], members["destination"][sent]], axis=1).astype(np.int64)
        ids = self._ids(ends, members["domain"][sent].astype(np.int64))
        there = (ids >= 0).all(axis=1)
        link = self.pairs.ids(ids[there, 0] << 32 | ids[there, 1])
        self.links.add(link, time=own[rows[there]] // 1000, timed=None)

    def _direct(self, tracked: Tracked, chained: Chained, source: Ints, to: Ints) -> None:
        """Requests that go through no repeater are routes of one hop."""
        exchanges = tracked.exchanges
        rows = exchanges.asking[exchanges.attempt[exchanges.asking] == 0]
        node = np.isin(tracked.chunk.columns["npdu.address_format"][rows], (SUBNET_NODE, UNIQUE_ID))
        rows = rows[node & (chained.chain[rows] < 0) & (source[rows] >= 0) & (to[rows] >= 0)]
        through = exchanges.answered_in[rows] >= 0
        self.roles.add(source[rows], source=None)
        self.roles.add(to[rows], target=None)
        self._reached(to[rows], source[rows][:, None], tracked.chunk.time[rows], through)

    def _reached(self, ids: Ints, route: Ints, time: Ints, through: Bools) -> None:
        """Count messages: whom they were for, their routes, when they were sent, and which got through."""
        self.counts.add(ids, asked=None, answered=through)
        self.routes.add(ids, route, time, through)
        self.timeline.add(ids, time, through)


def _address(packed: Ints) -> Ints:
    """Addresses of `transactions` as the directory has them."""
    subnet, node = (packed >> 8) - 1, (packed & 0xFF) - 1
    return SUBNET_NODE << ABOVE | subnet << 8 | node
