# SPDX-License-Identifier: GPL-2.0-or-later
"""One chain as an object: its nodes, its hops, and what was heard of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dissectors.en14908.npdu import SUBNET_NODE
from osgp_analyzer.analysis.chains.chains import ANSWER, CHALLENGE, MESSAGE, REPLY, Chained
from osgp_analyzer.analysis.chains.messages import OF_AGENT
from osgp_analyzer.analysis.chains.outcome import OUTCOMES
from osgp_analyzer.analysis.statistics.directory import Endpoint
from osgp_analyzer.analysis.transactions import NONE
from osgp_analyzer.store import NO_TIME
from osgp_analyzer.store.header import PACKED, unpack

UNKNOWN = "?"
KINDS = {MESSAGE: "message", ANSWER: "answer", CHALLENGE: "challenge", REPLY: "reply"}
_LOW = (1 << 8 * PACKED) - 1


def address(number: int) -> str:
    """An address as it is written; ``?`` for what is not known of it."""
    subnet, node = number >> 8, number & 0xFF
    if not node:
        return UNKNOWN
    return f"{subnet - 1 if subnet else UNKNOWN}/{node - 1}"


def target(form: int, number: int) -> str:
    """The target of a proxied message, as filters write addresses."""
    return address(number) if form == SUBNET_NODE else Endpoint(None, form, number & _LOW).address


@dataclass(frozen=True)
class Heard:
    """A frame of a chain. `index` in the capture; `time` in ns, None without a stamp; `attempt`: sendings before it, as
    far as they are known; `by`, `to`: addresses; `apdu`: first byte and end of its APDU in the buffer, or None."""

    index: int
    time: int | None
    kind: int
    attempt: int
    copy: bool
    alt_path: bool
    code: int
    by: str
    to: str
    apdu: tuple[int, int] | None
    hops_left: int | None


@dataclass
class Hop:
    """From one node to the next. `tries`, `timer` (ns): what the message set for it, None where it does not say.
    `alt_path`: the list wants the alternate path."""

    number: int
    sender: str
    receiver: str
    tries: int | None = None
    timer: int | None = None
    heard: list[Heard] = field(default_factory=list)

    def of(self, kind: int) -> list[Heard]:
        """Frames of one kind, without copies."""
        return [one for one in self.heard if one.kind == kind and not one.copy]

    @property
    def sent(self) -> list[Heard]:
        """The sendings of the message."""
        return self.of(MESSAGE)

    @property
    def answers(self) -> list[Heard]:
        """What came back."""
        return self.of(ANSWER)

    @property
    def time(self) -> int | None:
        """ns from the first sending to the last answer."""
        times = [self.sent[0].time, self.answers[-1].time] if self.sent and self.answers else [None]
        return None if None in times else times[-1] - times[0]  # type: ignore[operator]


@dataclass
class Chain:
    """A proxied exchange. `number`: of its first frame, from 1; `nodes`: source, repeaters, agent, target; `time` in
    ns; `failed_at`: the hop, from 1."""

    number: int
    domain: bytes
    nodes: list[str]
    outcome: str
    failed_at: int | None
    time: int | None
    retries: int
    priority: bool
    hops: list[Hop]
    top: Heard | None = None
    """The first sending that is nearest to the source."""

    @property
    def frames(self) -> list[Heard]:
        """All frames, in the order of the capture."""
        return sorted((one for hop in self.hops for one in hop.heard), key=lambda one: one.index)

    @property
    def response(self) -> Heard | None:
        """What the source got in the end."""
        return self.hops[0].answers[-1] if self.hops[0].answers else None

    @property
    def missing(self) -> list[str]:
        """What was not heard, though what was heard shows that it was sent."""
        found = []
        sent = [hop.number for hop in self.hops if hop.sent or hop.answers]
        back = [hop.number for hop in self.hops if hop.answers]
        for hop in self.hops:
            if not hop.sent and hop.number <= max(sent, default=0):
                found.append(f"message {hop.sender} to {hop.receiver}")
        for hop in self.hops:
            if not hop.answers and back and min(back) < hop.number < max(back):
                found.append(f"answer {hop.receiver} to {hop.sender}")
        return found


def ended(chained: Chained) -> Iterator[Chain]:
    """The chains that end in a chunk, in the order of their first frames."""
    for row in chained.ended.tolist():
        yield chain(chained, row)


def chain(chained: Chained, row: int) -> Chain:
    """The chain in a row of the summary."""
    known, members = chained.chains, chained.members
    number, hops = int(known.chain[row]), int(known.hops[row])
    first, last = np.searchsorted(members["chain"], [number, number + 1])
    rows = np.flatnonzero(chained.rows["chain"] == number)
    top = hops - 2
    nodes = _nodes(chained, rows, top, int(known.source[row]))
    form, to = int(known.form[row]), int(known.target[row])
    if form == SUBNET_NODE and to < 256:  # of an address in short the subnet is that of the agent or its neighbour
        to |= nodes.get(0, 0) & ~0xFF
    names = [address(nodes.get(place, 0)) for place in range(top + 1, OF_AGENT, -1)] + [target(form, to)]
    limits = _limits(chained, rows)
    found = []
    for place in range(hops):
        tries, timer = limits[1] if place == hops - 1 else limits[0] if place else (None, None)
        found.append(Hop(place + 1, names[place], names[place + 1], tries, timer))
    for one in range(int(first), int(last)):
        found[top - int(members["left"][one])].heard.append(_heard(members, one))
    sent = [hop.sent[0] for hop in found[:-1] if hop.sent]
    failed, time = int(known.failed_at[row]), int(known.time[row])
    return Chain(
        number + 1,
        unpack(int(known.domain[row])) if known.domain[row] >= 0 else b"",
        names,
        OUTCOMES[int(known.outcome[row])],
        failed if failed > 0 else None,
        time if time >= 0 else None,
        int(known.retries[row]),
        bool(members["priority"][first] == 1),
        found,
        sent[0] if sent else None,
    )


def _nodes(chained: Chained, rows: Any, top: int, source: int) -> dict[int, int]:
    """The address at each place, as far as messages tell; one with its subnet is better than one without."""
    found: dict[int, int] = {}

    def put(place: int, value: int) -> None:
        if value & 0xFF and found.get(place, 0) < 256:
            found[place] = value

    every = chained.rows
    for row in rows.tolist():
        left = int(every["left"][row])
        put(left + 1, int(every["source"][row]))
        if left > OF_AGENT:
            put(left, int(every["receiver"][row]))
    for row in rows.tolist():
        left = int(every["left"][row])
        for ahead in range(1, left + 1):
            put(left - ahead, int(every["hops"][row, ahead - 1]))
    put(top + 1, source)
    upper = int(rows[np.argmax(every["left"][rows])])
    by_source = int(every["flags"][upper]) & 1
    subnet = int(every["source" if by_source else "receiver"][upper]) & ~0xFF
    return {place: value | subnet if value < 256 else value for place, value in found.items()}


def _limits(chained: Chained, rows: Any) -> tuple[tuple[int | None, int | None], tuple[int | None, int | None]]:
    """Tries and timer of repeaters, and of the agent."""
    every = chained.rows
    best = int(rows[np.argmax(every["left"][rows])])

    def value(name: str) -> int | None:
        found = int(every[name][best])
        return None if found == NONE else found

    return (value("tries"), value("timer")), (value("agent_tries"), value("agent_timer"))


def _heard(members: dict[str, Any], row: int) -> Heard:
    time, left = int(members["time"][row]), int(members["hops_left"][row])
    start = int(members["start"][row])
    return Heard(
        int(members["frame"][row]),
        None if time == NO_TIME else time,
        int(members["kind"][row]),
        max(0, int(members["attempt"][row])),
        bool(members["copy"][row]),
        bool(members["alt_path"][row] == 1),
        int(members["code"][row]),
        address(int(members["source"][row])),
        address(int(members["destination"][row])),
        (start, int(members["end"][row])) if start != NONE else None,
        left if left >= 0 else None,
    )
