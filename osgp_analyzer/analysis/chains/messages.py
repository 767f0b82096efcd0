# SPDX-License-Identifier: GPL-2.0-or-later
"""The messages of a chunk that may be part of a chain: proxied ones, and those that an agent may have made of one.

A place in a chain is counted from its end: the agent is 0, the target -1, repeaters 1, 2, ... A message is known by the
place of the node that it is for, `left`: the count of a proxied one, -1 for what an agent sends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dissectors.answering import MAX_WAIT_NS
from dissectors.en14908.npdu import BROADCAST, GROUP, SUBNET_NODE, UNIQUE_ID
from dissectors.proxying import (
    ACKD,
    LAST_TRY_MS,
    MOST_HOPS,
    PROXIED,
    REQUEST,
    TARGET_FORMATS,
    TARGET_VALUES,
    TIMERS_MS,
    UNACKD,
    UNACKD_RPT,
    WHOLE_NODE,
)
from osgp_analyzer.analysis import transactions as frames
from osgp_analyzer.analysis.runs import MIX, Rows, hashed
from osgp_analyzer.analysis.transactions import NONE, address, between
from osgp_analyzer.engines.columns.group import Group
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, Slices
from osgp_analyzer.store import Chunk, FrameStore
from osgp_analyzer.store.header import layers_on_the_way, pack

LTEP, HOP = "ltep", "ltep.hop"
LONG, ALL_AGENTS = 4, 2
UNIFORM = {"source": 1, "destination": 8}
"""Bits of `flags`: what a list without subnets is uniform by."""
OF_AGENT = -1
"""`left` of what an agent sends."""
HEADER = ("uniform_by_dest", "long_timer", "all_agents", "uniform_by_src", "count", "retries", "timer", "target_type",
          "service", "agent_retries", "agent_timer", "target_subnet", "target_group", "target_node")  # fmt: skip
SERVICES = np.full(9, NONE, np.int8)
"""The service that each role of a frame stands for."""
SERVICES[[frames.NOTHING, frames.ACKNOWLEDGED, frames.REPEATED, frames.REQUEST]] = UNACKD, ACKD, UNACKD_RPT, REQUEST
_TIMERS = np.array(TIMERS_MS) * 1_000_000
MS = 1_000_000
LONG_TIMER_MS = TIMERS_MS[16]
"""The shortest of the long timers."""
LEAST_WAIT_MS = 3072
"""An answer may always come within the longest transmit timer: the timers of a source are in no message."""


def node_of(addresses: NDArray[Any]) -> NDArray[Any]:
    """The node of addresses, from 1; 0 for none."""
    return addresses & 0xFF


def alike(one: NDArray[Any], other: NDArray[Any]) -> Bools:
    """Whether two addresses may be the same: where a subnet is not known, by their nodes."""
    apart = one ^ other
    return np.asarray((apart == 0) | (((apart & 0xFF) == 0) & ((one < 256) | (other < 256))))


def messages(store: FrameStore, chunk: Chunk, own: Rows, root: Ints, duplicate: Ints, data: NDArray[np.uint8]) -> Rows:
    """First sendings of messages in a chunk, one a row. `own`: its `transactions`; `root`, `duplicate`: as `Sent` has
    them; `data`: the buffer.

    `source`, `receiver`: addresses, 0 for none. `hops`: addresses of the nodes that follow the receiver. `start` to
    `end`: the inner message in the buffer; `rule`: where what every hop has alike begins. `form`, `target`: address
    format and address of the target. `flags`: of the header. `way`: agent, target, domain and priority, without
    subnets; `key`: these and the inner message. `wait`: ns after its last sending in which an answer may come.
    `changed`: the inner message is another one than on the hop before; `mixed`: there is one in its chain. Both are
    found out later.
    """
    role, columns = own["role"], chunk.columns
    first = between(role, frames.ACKNOWLEDGED, frames.REPEATED) & (root == own["frame"])
    first |= (role == frames.NOTHING) & (duplicate == NONE)
    used = np.flatnonzero(first & (own["apdu"] >= 0) & (columns["npdu.src_node"] >= 0))
    rows = {name: own[name][used] for name in ("frame", "time", "source", "number", "asker")}
    rows["service"] = SERVICES[role[used]]
    format_ = columns["npdu.address_format"][used]
    rows["receiver"] = np.where(format_ == SUBNET_NODE, own["destination"][used], 0)
    offset = own["offset"][used]
    rows["start"], rows["end"] = offset + own["apdu"][used], offset + own["end"][used]
    rows |= {"rule": rows["start"], "form": format_, "flags": np.zeros(len(used), np.int8)}
    rows["left"] = np.full(len(used), OF_AGENT, np.int8)
    rows["hops"] = np.zeros((len(used), MOST_HOPS), np.int32)
    rows["target"] = _addressed(own, used, format_)
    rows["asks"] = rows["service"]
    rows["wait"] = np.full(len(used), LEAST_WAIT_MS * MS)
    rows["tries"] = np.full(len(used), NONE, np.int8)
    rows["timer"] = np.full(len(used), NONE, np.int64)
    rows["agent_tries"], rows["agent_timer"] = rows["tries"].copy(), rows["timer"].copy()
    rows["agent"] = rows["source"].copy()
    proxied = columns["apdu.code"][used] == PROXIED
    if proxied.any():
        whole = _read(store, chunk, used, proxied, rows)
        kept = np.flatnonzero(~proxied | whole)
        rows = {name: values[kept] for name, values in rows.items()}
    inner = hashed(data, rows["start"], rows["end"] - rows["start"])
    priority = columns["lpdu.priority"][rows["frame"] - chunk.start]
    domain = columns["npdu.domain"][rows["frame"] - chunk.start].astype(np.int64)
    target = np.where(rows["form"] == SUBNET_NODE, node_of(rows["target"]), rows["target"])
    rows["way"] = ((domain * MIX + target) * MIX + node_of(rows["agent"])) * 4 + priority
    rows["key"] = inner * MIX + rows["way"]
    rows["changed"], rows["mixed"] = np.zeros((2, len(inner)), bool)
    return rows


def _addressed(own: Rows, used: Ints, format_: NDArray[np.int8]) -> Ints:
    """The address that each message is for."""
    found = np.where(format_ == SUBNET_NODE, own["destination"][used], NONE).astype(np.int64)
    for kind, name in ((GROUP, "dst_group"), (BROADCAST, "dst_subnet"), (UNIQUE_ID, "neuron_id")):
        found = np.where(format_ == kind, own[name][used], found)
    return found


def _read(store: FrameStore, chunk: Chunk, used: Ints, proxied: Bools, rows: Rows) -> Bools:
    """Fill in what proxied messages say; gives those that were whole."""
    place = np.full(chunk.stop - chunk.start, NONE)
    place[used[proxied]] = np.flatnonzero(proxied)
    only = place != NONE
    whole, seen, inner = (np.zeros(len(used), bool) for _ in range(3))
    taken_from: dict[int, Bools] = {}
    within = layers_on_the_way((f"{LTEP}.count", f"{HOP}.node"))
    for taken, groups in store.groups(chunk, within=within, only=only, bare=True):
        for group in groups:
            into = place[taken[group.frames]]
            if group.name == LTEP:  # one inside another comes after it
                new = ~seen[into]
                seen[into] = True
                taken_from[id(group)] = new = new & ~group.cut & (_value(group, "target_type") != NONE)
                _header(group, into, new, whole, rows)
            elif group.parent is not None and id(group.parent) in taken_from and group.up is not None:
                mine = np.flatnonzero(taken_from[id(group.parent)][group.up])
                if group.name == HOP and group.number is not None:
                    found = address(_value(group, "subnet"), _value(group, "node"))
                    rows["hops"][into[mine], group.number[mine]] = found[mine]
                elif group.name == "apdu":
                    rows["start"][into[mine]] = group.start[mine]
                    inner[into[mine]] = True
    whole &= inner
    whole &= rows["start"] < rows["end"]
    last = np.maximum(rows["left"], 1).astype(np.int64) - 1
    end = rows["hops"][np.arange(len(used)), last]
    rows["agent"] = np.where(proxied, np.where(rows["left"] > 0, end, rows["receiver"]), rows["agent"])
    return whole


def _value(group: Group, name: str) -> Ints:
    column = group.columns.get(name)
    if column is None:
        return np.full(group.size, NONE, np.int64)
    if isinstance(column.value, Numbers):
        return np.where(column.present, column.value.values, NONE).astype(np.int64)
    assert isinstance(column.value, Slices)
    return np.where(column.present, pack(column.value), NONE)


def _header(group: Group, into: Ints, new: Bools, whole: Bools, rows: Rows) -> None:
    """Take over what a header says, in the rows of a mask."""
    kept = np.flatnonzero(new)
    into = into[kept]
    whole[into] = True
    value = {name: _value(group, name)[kept] for name in HEADER}
    form = np.array(TARGET_FORMATS)[value["target_type"]]
    count, long = value["count"], 16 * value["long_timer"]
    rows["left"][into], rows["form"][into], rows["asks"][into] = count, form, value["service"]
    flags = value["uniform_by_dest"] << 3 | value["long_timer"] << 2 | value["all_agents"] << 1
    rows["flags"][into] = flags | value["uniform_by_src"]
    rows["rule"][into] = group.columns["target_type"].where()[0][kept] >> 3
    subnet = np.where(value["target_type"] == WHOLE_NODE, value["target_subnet"], NONE)
    target = address(subnet, value["target_node"]).astype(np.int64)
    for kind, name in TARGET_VALUES.items():
        if kind != SUBNET_NODE:
            target = np.where(form == kind, _value(group, name)[kept], target)
    rows["target"][into] = target
    rows["tries"][into] = np.where(count > 0, value["retries"] + 1, NONE)
    rows["timer"][into] = np.where(count > 0, _TIMERS[np.maximum(value["timer"], 0) + long], NONE)
    rows["agent_tries"][into] = value["agent_retries"] + 1
    rows["agent_timer"][into] = _TIMERS[value["agent_timer"]]
    below = count * np.where(count > 0, rows["tries"][into] * rows["timer"][into], 0)
    below = below + rows["agent_tries"][into] * rows["agent_timer"][into] + LAST_TRY_MS * MS * (count + 1)
    rows["wait"][into] = np.clip(below, LEAST_WAIT_MS * MS, MAX_WAIT_NS)


def read_as(uniform: str, flags: NDArray[np.int8]) -> NDArray[np.int8]:
    """Flags of messages with all lists without subnets taken to be uniform by one of `UNIFORM`."""
    both = np.int8(UNIFORM["source"] | UNIFORM["destination"])
    return np.where((flags & both) != 0, (flags & ~both) | np.int8(UNIFORM[uniform]), flags)


def filled(rows: Rows) -> NDArray[np.int32]:
    """The receiver and the nodes after it, those without a subnet with the one that lon-stack-dx gives them."""
    by_source = (rows["flags"] & 1) == 1
    subnet = np.asarray(np.where(by_source, rows["source"], rows["receiver"])) & ~0xFF
    hops = np.concatenate([rows["receiver"][:, None], rows["hops"]], axis=1).astype(np.int32)
    return np.where((hops > 0) & (hops < 256), hops | subnet[:, None], hops)
