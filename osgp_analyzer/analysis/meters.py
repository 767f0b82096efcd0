# SPDX-License-Identifier: GPL-2.0-or-later
"""Which meter a message is for, or from: the target of a proxied message, else the node at the other end.

A meter is a number: subnet and node in a domain, a Neuron ID, or the port that it is heard on. Of the same meter they
are several numbers, as the frame does not tell that they belong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dissectors.answering import NEURON_ID
from dissectors.en14908.ltep import TARGET_FIELDS, TARGET_NEURON_ID, TARGET_NODE
from dissectors.en14908.npdu import SUBNET_NODE, UNIQUE_ID
from osgp_analyzer.analysis.ports import ends
from osgp_analyzer.analysis.runs import MIX
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers
from osgp_analyzer.store import Chunk
from osgp_analyzer.store.header import PACKED

NOBODY = -1
BY_ADDRESS, BY_NEURON_ID, BY_INTERFACE, BY_END = 1 << 59, 1 << 60, 1 << 61, 1 << 62
BY_GROUP = BY_ADDRESS | BY_NEURON_ID
"""The members of a group, of which no one by itself."""


def meters(chunk: Chunk, answers: Bools, asked: Mapping[str, Numbers]) -> Ints:
    """The meter of each frame of a chunk, -1 where it is not known. `answers`: frames that answer a request, whose
    values are `asked`."""
    own = chunk.innermost
    kind, subnet, node, neuron = (
        np.where(answers, np.where(asked[n].known, asked[n].values, -1), own[n]) for n in TARGET_FIELDS
    )
    columns = chunk.columns
    domain = columns["npdu.domain"].astype(np.int64)
    source = addresses(domain, columns["npdu.src_subnet"], columns["npdu.src_node"])
    destination = addresses(domain, columns["npdu.dst_subnet"], columns["npdu.dst_node"])
    format_ = columns["npdu.address_format"]
    to = np.where(format_ == SUBNET_NODE, destination, NOBODY)
    to = np.where(format_ == UNIQUE_ID, neuron_numbers(columns["npdu.neuron_id"].astype(np.int64)), to)
    asked_id = asked[NEURON_ID]  # the answer of a meter that has no address yet
    source = np.where((source == NOBODY) & asked_id.known, neuron_numbers(asked_id.values), source)
    direct = np.where(answers, source, to)
    proxied = np.where(np.isin(kind, TARGET_NODE), addresses(domain, subnet, node), NOBODY)
    proxied = np.where(np.isin(kind, TARGET_NEURON_ID), neuron_numbers(neuron), proxied)
    return np.where(kind >= 0, proxied, np.where(domain >= 0, direct, _of_port(chunk, answers)))


def packed_bytes(value: bytes) -> int:
    """A short byte string as the columns have it."""
    return int.from_bytes(value, "big") | len(value) << (8 * PACKED)


def address_number(domain: bytes, subnet: int, node: int) -> int:
    """The meter with an address in a domain."""
    columns = (np.array([value], np.int64) for value in (packed_bytes(domain), subnet, node))
    return int(addresses(*columns)[0])


def neuron_number(neuron_id: bytes) -> int:
    """The meter with a Neuron ID."""
    return packed_bytes(neuron_id) | BY_NEURON_ID


def group_numbers(domain: Ints, group: Ints) -> Ints:
    """The groups of domains."""
    known = (domain + 1) * MIX & (BY_ADDRESS - 1) & ~0xFF
    return np.where((domain >= 0) & (group >= 0), known | group.astype(np.int64) | BY_GROUP, NOBODY)


def port_number(interface: int) -> int:
    """The meter on an interface."""
    return interface | BY_INTERFACE


def are_addresses(meters: Ints) -> Bools:
    """Which meters are known by their address: see `is_address`."""
    return np.asarray((meters > 0) & (meters >> 59 == 1))


def is_address(meter: int) -> bool:
    """Whether a meter is known by its address: then its last 15 bits are subnet and node."""
    return meter > 0 and meter >> 59 == 1


def _of_port(chunk: Chunk, answers: Bools) -> Ints:
    """On a meter's other ports the interface is the meter's; datagrams have its address and port."""
    used = (chunk.columns["osgp.direction"] >= 0) | (chunk.columns["c1218.multi_packet"] == 1)
    every = np.arange(len(used))
    end = np.where(answers, ends(chunk, every, "src"), ends(chunk, every, "dst"))
    key = np.where(end > 0, end | BY_END, chunk.interface.astype(np.int64) | BY_INTERFACE)
    return np.where(used, key, NOBODY)


def addresses(domain: Ints, subnet: Any, node: Any) -> Ints:
    """The meters with addresses in domains (as the column `npdu.domain` has them)."""
    known = (domain >= 0) & (subnet > 0) & (node > 0)
    key = ((domain + 1) * MIX & (BY_ADDRESS - 1) & ~0x7FFF) | subnet.astype(np.int64) << 7 | node.astype(np.int64)
    return np.where(known, key | BY_ADDRESS, NOBODY)


def neuron_numbers(packed: Ints) -> Ints:
    """The meters with Neuron IDs, as the columns have them."""
    return np.where(packed >= 0, packed | BY_NEURON_ID, NOBODY)
