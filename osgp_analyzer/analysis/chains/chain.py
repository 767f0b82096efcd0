# SPDX-License-Identifier: GPL-2.0-or-later
"""One chain as an object: its nodes, its hops, and what was heard of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from dissectors.en14908.npdu import SUBNET_NODE
from osgp_analyzer.analysis.chains.chains import ANSWER, CHALLENGE, MESSAGE, REPLY, Chained
from osgp_analyzer.analysis.chains.messages import OF_AGENT
from osgp_analyzer.analysis.chains.outcome import OUTCOMES
from osgp_analyzer.analysis.runs import Rows, take
from osgp_analyzer.analysis.statistics.directory import Endpoint
from osgp_analyzer.analysis.transactions import NONE
from osgp_analyzer.store import NO_TIME
from osgp_analyzer.store.header import PACKED, unpack

UNKNOWN = "?"
KINDS = {MESSAGE: "message", ANSWER: "answer", CHALLENGE: "challenge", REPLY: "reply"}
_LOW = (1 << 8 * PACKED) - 1


@lru_cache(maxsize=65_536)
def address(number: int) -> str:
    """An address as it is written; ``?`` for what is not known of it."""
    subnet, node = number >> 8, number & 0xFF
    if not node:
        return UNKNOWN
    return f"{subnet - 1 if subnet else UNKNOWN}/{node - 1}"


def target_name(form: int, number: int) -> str:
    """The target of a proxied message, as filters write addresses."""
    return address(number) if form == SUBNET_NODE else Endpoint(None, form, number & _LOW).address


@dataclass(slots=True)
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


@dataclass(slots=True)
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
    def twice(self) -> list[str]:
        """Nodes that the route passes twice: it goes in a circle."""
        way = self.nodes[:-1]
        return sorted({node for node in way if way.count(node) > 1 and UNKNOWN not in node})

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
    if len(chained.ended):
        yield from _made(chained, chained.ended.tolist())


def of_frame(chained: Chained, place: int) -> Chain | None:
    """The chain of the frame at this place of a chunk; None where it is in none."""
    row = int(chained.which[place])
    return next(_made(chained, [row])) if row != NONE else None


def _made(chained: Chained, which: list[int]) -> Iterator[Chain]:
    known, members, rows = vars(chained.chains), _lists(chained.members), _lists(chained.rows)
    frames, messages = chained.members["chain"], chained.rows["chain"]
    for row in which:
        summary = {name: int(values[row]) for name, values in known.items()}
        both = [summary["chain"], summary["chain"] + 1]
        first, last = np.searchsorted(frames, both).tolist()
        begin, end = np.searchsorted(messages, both).tolist()
        yield _chain(summary, [_heard(members, one) for one in range(first, last)], members["left"][first:last],
                     members["priority"][first] == 1, take(rows, slice(begin, end)))  # fmt: skip


def _lists(rows: Rows) -> Rows:
    return {name: values.tolist() for name, values in rows.items()}


def _chain(summary: dict[str, int], heard: list[Heard], left: list[int], priority: bool, rows: Rows) -> Chain:
    """A chain from its summary, its frames with their places, and its messages."""
    hops = summary["hops"]
    top = hops - 2
    upper = rows["left"].index(max(rows["left"]))
    nodes = _nodes(rows, upper, top, summary["source"])
    form, to = summary["form"], summary["target"]
    if form == SUBNET_NODE and to < 256:  # of an address in short the subnet is that of the agent or its neighbour
        to |= nodes.get(0, 0) & ~0xFF
    names = [address(nodes.get(place, 0)) for place in range(top + 1, OF_AGENT, -1)] + [target_name(form, to)]
    for one, place in zip(heard, left, strict=True):  # who passed an answer on
        if one.kind == ANSWER and place > OF_AGENT:
            for name, at in ((one.to, top - place), (one.by, top + 1 - place)):
                names[at] = name if UNKNOWN in names[at] else names[at]

    def limit(name: str) -> int | None:
        return None if rows[name][upper] == NONE else int(rows[name][upper])

    found = []
    for place in range(hops):
        tries, timer = ("agent_tries", "agent_timer") if place == hops - 1 else ("tries", "timer")
        limits = (limit(tries), limit(timer)) if place else (None, None)
        found.append(Hop(place + 1, names[place], names[place + 1], *limits))
    for one, where in zip(heard, left, strict=True):
        found[top - where].heard.append(one)
    sent = [hop.sent[0] for hop in found[:-1] if hop.sent]
    return Chain(
        summary["chain"] + 1,
        unpack(summary["domain"]) if summary["domain"] >= 0 else b"",
        names,
        OUTCOMES[summary["outcome"]],
        summary["failed_at"] if summary["failed_at"] > 0 else None,
        summary["time"] if summary["time"] >= 0 else None,
        summary["retries"],
        priority,
        found,
        sent[0] if sent else None,
    )


def _nodes(rows: Rows, upper: int, top: int, source: int) -> dict[int, int]:
    """The address at each place, as far as messages tell; one with its subnet is better than one without."""
    found: dict[int, int] = {}

    def put(place: int, value: int) -> None:
        if value & 0xFF and found.get(place, 0) < 256:
            found[place] = value

    ends = list(zip(rows["left"], rows["source"], rows["receiver"], strict=True))
    for left, sender, receiver in ends:
        if left > OF_AGENT:
            put(left + 1, sender)
            put(left, receiver)
    for left, listed in zip(rows["left"], rows["hops"], strict=True):
        for ahead in range(1, left + 1):
            put(left - ahead, listed[ahead - 1])
    for left, sender, _ in ends:
        put(left + 1, sender)  # where all repeaters are agents, several have sent to the target
    put(top + 1, source)
    subnet = _subnet(rows, upper, found)
    return {place: value | subnet if value < 256 else value for place, value in found.items()}


def _subnet(rows: Rows, upper: int, found: dict[int, int]) -> int:
    """The subnet of addresses without one. Two implementations read the flags the other way round: where nodes that
    were heard are in the subnet of the other reading, it is that one (lon-stack-dx, lon-stack-ex)."""
    ends = [rows[name][upper] & ~0xFF for name in ("source", "receiver")]
    if not rows["flags"][upper] & 1:
        ends.reverse()
    heard = {value & ~0xFF for place, value in found.items() if place < rows["left"][upper] and value > 255}
    return int(ends[1] if ends[1] in heard and ends[0] not in heard else ends[0])


def _heard(members: Rows, row: int) -> Heard:
    time, left, start = members["time"][row], members["hops_left"][row], members["start"][row]
    return Heard(
        members["frame"][row],
        None if time == NO_TIME else time,
        members["kind"][row],
        max(0, members["attempt"][row]),
        members["copy"][row],
        members["alt_path"][row] == 1,
        members["code"][row],
        address(members["source"][row]),
        address(members["destination"][row]),
        (start, members["end"][row]) if start != NONE else None,
        left if left >= 0 else None,
    )
