# SPDX-License-Identifier: GPL-2.0-or-later
"""What meters are called: by their address and domain, Neuron ID, group, port, or the end of their datagrams.

Where the key ring has a meter by several of these, it is one meter, called by its address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import numpy as np

from dissectors.answering import ACK, CHALLENGE_TYPES, RESPONSE, TO_CLIENT
from dissectors.en14908.npdu import GROUP
from osgp_analyzer.analysis.meters import (
    BY_ADDRESS,
    BY_END,
    BY_GROUP,
    BY_INTERFACE,
    BY_NEURON_ID,
    NOBODY,
    address_number,
    group_numbers,
    meters,
    neuron_number,
    packed_bytes,
    port_number,
)
from osgp_analyzer.analysis.ports import IPV4_BITS, PORT_BITS
from osgp_analyzer.analysis.tracking import Tracked
from osgp_analyzer.capture import Interface
from osgp_analyzer.engines.columns.values import Ints
from osgp_analyzer.security.keyring import KeyRing, Place
from osgp_analyzer.store.header import unpack

NO_METER = "no single meter"
"""Messages that are for nobody in particular, or whose address was not read."""
NO_DOMAIN = "-"
"""The domain without an ID."""


def whose(tracked: Tracked) -> Ints:
    """The meter of each frame, as `meters` has it: the sender of what answers, otherwise whom it is for, groups too.
    Where nothing else tells, the port that it is heard on."""
    chunk, columns = tracked.chunk, tracked.chunk.columns
    answers = (tracked.request >= 0) | (columns["spdu.type"] == RESPONSE) | (columns["osgp.direction"] == TO_CLIENT)
    answers |= (columns["tpdu.type"] == ACK) | np.isin(columns["authpdu.type"], CHALLENGE_TYPES)
    found = meters(chunk, answers, tracked.asked)
    domain = columns["npdu.domain"].astype(np.int64)
    to_group = (found == NOBODY) & (columns["npdu.address_format"] == GROUP) & ~answers
    found = np.where(to_group, group_numbers(domain, columns["npdu.dst_group"]), found)
    port = chunk.interface.astype(np.int64) | port_number(0)
    return np.where((found == NOBODY) & (domain < 0), port, found)


def label(meter: int, domain: int, interfaces: Sequence[Interface]) -> str:
    """What a meter is called: ``4f5347/1/20``, ``05:00:e5:00:00:00``, a port by its name. `domain` as in `npdu.domain`
    of a frame of this meter."""
    if meter == NOBODY:
        return NO_METER
    if meter & BY_END:
        end = meter ^ BY_END
        address = ipaddress.IPv4Address(end >> PORT_BITS & ((1 << IPV4_BITS) - 1))
        return f"{address}:{end & ((1 << PORT_BITS) - 1)}"
    if meter & BY_INTERFACE:
        number = meter ^ BY_INTERFACE
        name = interfaces[number].name if number < len(interfaces) else ""
        return name or f"interface {number}"
    where = unpack(domain).hex() or NO_DOMAIN if domain >= 0 else "?"
    if meter & BY_GROUP == BY_GROUP:
        return f"{where}/group {meter & 0xFF}"
    if meter & BY_NEURON_ID:
        return unpack(meter ^ BY_NEURON_ID).hex(":")
    assert meter & BY_ADDRESS
    return f"{where}/{meter >> 7 & 0xFF}/{meter & 0x7F}"


class MeterNames:
    """Small numbers for the meters of a capture, and their names, taken in as they occur. `labels` by number."""

    def __init__(self, ring: KeyRing) -> None:
        self.labels: list[str] = []
        self._numbers: dict[int, int] = {}
        self._places: dict[int | str, Place | None] = {}
        """Meters of the ring by all that they are known by, ports by name; None where several are known by it."""
        for place in dict.fromkeys(key.place for key in ring.keys):
            for known in _known_by(place):
                self._places[known] = place if self._places.get(known, place) == place else None

    def __len__(self) -> int:
        return len(self.labels)

    def ids(self, meter: Ints, domain: Ints, interfaces: Sequence[Interface]) -> Ints:
        """The number of each of some meters; `domain` as in `npdu.domain`, of each one's frame."""
        distinct, first, inverse = np.unique(meter, return_index=True, return_inverse=True)
        made = [
            self._number(one, where, interfaces)
            for one, where in zip(distinct.tolist(), domain[first].tolist(), strict=True)
        ]
        return np.array(made, np.int64)[inverse]

    def _number(self, meter: int, domain: int, interfaces: Sequence[Interface]) -> int:
        number = self._numbers.get(meter)
        if number is not None:
            return number
        text = label(meter, domain, interfaces)
        place = self._places.get(text if meter & BY_INTERFACE and not meter & BY_END else meter)
        usual, where = _usual(place) if place is not None else None, domain
        if usual is not None and usual != meter:
            where = packed_bytes(place.domain) if place is not None and place.domain is not None else domain
            number = self._number(usual, where, interfaces)
        else:
            number = len(self.labels)
            self.labels.append(text)
        self._numbers[meter] = number
        return number


def _known_by(place: Place) -> list[int | str]:
    """All that a meter of a ring is known by, what it is called by first."""
    found: list[int | str] = []
    if place.domain is not None and place.subnet is not None and place.node is not None:
        found.append(address_number(place.domain, place.subnet, place.node))
    if place.neuron_id is not None:
        found.append(neuron_number(place.neuron_id))
    if place.port is not None:
        found.append(place.port)
    return found


def _usual(place: Place) -> int | None:
    """The number that a meter of a ring goes by, None where it is known by its port only."""
    return next((known for known in _known_by(place) if isinstance(known, int)), None)
