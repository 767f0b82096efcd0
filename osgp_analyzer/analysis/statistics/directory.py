# SPDX-License-Identifier: GPL-2.0-or-later
"""Who sends and who is addressed: nodes, groups, broadcasts and unique IDs, each in its domain, as small numbers.

Frames that name no LON node go by their IP addresses.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

import numpy as np

from dissectors.en14908.npdu import BROADCAST, GROUP, SUBNET_NODE, UNIQUE_ID
from osgp_analyzer.analysis.statistics.tally import Interner
from osgp_analyzer.engines.columns.values import Ints
from osgp_analyzer.store.chunk import ABSENT
from osgp_analyzer.store.header import PACKED, unpack

IPV4, IPV6 = 4, 5
"""Formats besides those of `npdu.address_format`."""
NOBODY = -1
ABOVE = 48
"""Bits of an address below its format."""
FIELDS = tuple(
    f"npdu.{name}"
    for name in (
        "src_subnet",
        "src_node",
        "address_format",
        "dst_subnet",
        "dst_node",
        "dst_group",
        "neuron_id",
        "domain",
    )
)
"""What addresses are made of."""


@dataclass(frozen=True)
class Endpoint:
    """An address in a domain. `format` as in `npdu.address_format`, or `IPV4`, `IPV6`; `domain` in hex, empty for the
    domain without ID, None for an IP address."""

    domain: str | None
    format: int
    number: int

    @property
    def order(self) -> tuple[str, bool, int, int]:
        """Sorts by domain, in it nodes before groups and the like."""
        return self.domain or "", self.format != SUBNET_NODE, self.format, self.number

    @property
    def address(self) -> str:
        """The address as filters write it."""
        match self.format:
            case value if value == SUBNET_NODE:
                return f"{self.number >> 8}/{self.number & 255}"
            case value if value == GROUP:
                return f"group {self.number}"
            case value if value == UNIQUE_ID:
                return self.number.to_bytes(PACKED, "big").hex(":")
            case value if value == IPV4:
                return str(ipaddress.IPv4Address(self.number))
            case value if value == IPV6:
                return str(ipaddress.IPv6Address(self.number))
        return f"subnet {self.number}" if self.number else "broadcast"


class Directory:
    """Numbers (from 0) of the endpoints that occur."""

    def __init__(self) -> None:
        self._addresses, self._domains, self._pairs = Interner(), Interner(), Interner()
        self.long = Interner()
        """IPv6 addresses; as an address number one is its place here."""

    def __len__(self) -> int:
        return len(self._pairs)

    def ids(self, addresses: Ints, domains: Ints) -> Ints:
        """The number of each address in its domain (packed, -1 for IP), `NOBODY` where there is no address."""
        made = np.full(len(addresses), NOBODY, np.int64)
        there = np.flatnonzero(addresses != NOBODY)
        pairs = self._addresses.ids(addresses[there]) << 32 | self._domains.ids(domains[there])
        made[there] = self._pairs.ids(pairs)
        return made

    def __getitem__(self, number: int) -> Endpoint:
        pair = self._pairs.values[number]
        address = self._addresses.values[pair >> 32]
        domain = self._domains.values[pair & 0xFFFFFFFF]
        form, low = address >> ABOVE, address & ((1 << ABOVE) - 1)
        number = self.long.values[low] if form == IPV6 else low
        return Endpoint(unpack(domain).hex() if domain != ABSENT else None, form, number)


def sources(columns: dict[str, Any]) -> Ints:
    """The address of each sender as a number, `NOBODY` where there is none."""
    subnet, node = columns["npdu.src_subnet"].astype(np.int64), columns["npdu.src_node"]
    there = (subnet != ABSENT) & (node != ABSENT) & (columns["npdu.domain"] != ABSENT)
    return np.where(there, SUBNET_NODE << ABOVE | subnet << 8 | node, NOBODY)


def destinations(columns: dict[str, Any]) -> Ints:
    """What each frame is addressed to as a number, `NOBODY` where it is not known."""
    form, subnet = columns["npdu.address_format"], columns["npdu.dst_subnet"].astype(np.int64)
    node, group = columns["npdu.dst_node"], columns["npdu.dst_group"]
    neuron_id = columns["npdu.neuron_id"].astype(np.int64)
    found = np.select(
        [
            (form == BROADCAST) & (subnet != ABSENT),
            (form == GROUP) & (group != ABSENT),
            (form == SUBNET_NODE) & (subnet != ABSENT) & (node != ABSENT),
            (form == UNIQUE_ID) & (neuron_id >> ABOVE == PACKED),
        ],
        [
            BROADCAST << ABOVE | subnet,
            GROUP << ABOVE | group.astype(np.int64),
            SUBNET_NODE << ABOVE | subnet << 8 | node,
            UNIQUE_ID << ABOVE | neuron_id & ((1 << ABOVE) - 1),
        ],
        NOBODY,
    )
    return np.where(columns["npdu.domain"] != ABSENT, found, NOBODY)
