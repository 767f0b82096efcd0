# SPDX-License-Identifier: GPL-2.0-or-later
"""The frame store: chunks of columns, appended as the capture is indexed. A live capture is the same with small
chunks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from dissectors.answering import ADDRESSEE, FOR_SECURITY
from dissectors.procedures_columns import PROCEDURES
from osgp_analyzer.capture import Capture, Interface
from osgp_analyzer.engines.columns import evaluate
from osgp_analyzer.engines.columns.decode import again, decode
from osgp_analyzer.engines.columns.group import Known, OpenedRows
from osgp_analyzer.engines.columns.values import Bools, Ints, Numbers, OnDemand, Slices
from osgp_analyzer.engines.knowledge import Chosen
from osgp_analyzer.store.chunk import ABSENT, Chunk, Layers
from osgp_analyzer.store.header import (
    Headers,
    asked_columns,
    kept_columns,
    layers_on_the_way,
    request_fields,
)

evaluate.PROCEDURES.update(PROCEDURES)

CHUNK = 65_536
"""Frames that are decoded together: so many that the steps of Python do not count, and so few that their columns stay
in the caches of a processor."""
EVIDENCE, BLOCK = 64, 4096
"""Frames of an interface that tell whether it keeps the CRC of LPDUs, looked for in so many frames at a time."""
OF_REQUEST = frozenset(("apdu.request_code", "apdu.outcome"))
"""Kept fields that depend on the request of the frame."""


def crc_is_kept(statuses: Iterable[int]) -> bool | None:
    """Whether LPDUs end in a CRC, from `lpdu.crc_status` of some frames: True when three in four are right."""
    good = seen = 0
    for status in statuses:
        seen += 1
        good += status == 1
    return True if good * 4 >= seen * 3 > 0 else None


class FrameStore:
    """Columns of a capture. `links`: link type to layer class name; `crc`: whether LPDUs end in a CRC, None: found
    out for each interface; `chosen`: layers that the user wants (see `Knowledge`)."""

    def __init__(
        self, capture: Capture, links: Mapping[int, str], crc: bool | None = None, chosen: Chosen | None = None
    ) -> None:
        self.capture, self.links, self.crc, self.chosen = capture, links, crc, chosen or {}
        self.chunks: list[Chunk] = []
        self.kept = kept_columns(bool(self.chosen))
        self.asked = asked_columns([*request_fields(), *ADDRESSEE, *FOR_SECURITY])
        self.within = layers_on_the_way([*self.kept, *self.asked])
        self._evidence: dict[int, bool | None] = {}
        self._samples: dict[int, list[int]] = {}
        self._learnt = 0
        self._lock, self._learning = threading.Lock(), threading.Lock()

    def __len__(self) -> int:
        return self.chunks[-1].stop if self.chunks else 0

    def advance(self, limit: int = CHUNK) -> bool:
        """Index and decode up to `limit` more frames; returns whether more may be left."""
        with self._lock:
            more = True
            if len(self.capture) <= len(self):
                more = self.capture.index_more(limit)
            start, stop = len(self), min(len(self.capture), len(self) + limit)
            if stop > start:
                chunk = self.chunk(start, stop)
                chunk.slim()
                self.chunks.append(chunk)
            return more or len(self.capture) > len(self)

    def column(self, name: str) -> Any:
        """A header column over all frames so far."""
        return np.concatenate([c.columns[name] for c in self.chunks]) if self.chunks else np.zeros(0, np.int8)

    def groups(
        self,
        chunk: Chunk,
        request: Mapping[str, Numbers] | None = None,
        within: frozenset[str] | None = None,
        only: Bools | None = None,
        bare: bool = False,
        tables: Mapping[str, Numbers] | None = None,
        earlier: Slices | None = None,
        opened: OpenedRows | None = None,
    ) -> Layers:
        """Decode a chunk: for each link type its rows and the layers found in them.

        `request` has values of the request of each frame, by full name, `tables` those of its meter's tables,
        `earlier` what the packets before each had of its message, `opened` its message in clear. `within`: only
        these layers (class names).
        `only`: a mask of the frames to decode. `bare`: without findings and bytes that no layer reads.
        """
        data = np.frombuffer(self.capture.buffer, np.uint8)
        links = {i.index: i.link_type for i in self.capture.interfaces}
        found, crc = [], self._crc_of(chunk)
        link_of = np.array([links.get(i, -1) for i in range(max(links, default=0) + 1)])[chunk.interface]
        for link in sorted(set(link_of[np.flatnonzero(np.diff(link_of, prepend=-2))].tolist())):
            layer = self.links.get(link)
            if layer is None:
                continue
            rows = np.flatnonzero(link_of == link if only is None else (link_of == link) & only)
            asked, seen = _of(request or {}, rows), _of(tables or {}, rows)
            known = Known(asked, crc[rows], within, bare, seen, self.chosen)
            known.earlier = earlier.take(rows) if earlier is not None else None
            known.opened = opened.take(rows) if opened is not None else None
            found.append((rows, decode(layer, data, chunk.offset[rows], chunk.captured[rows], known)))
        return found

    def answered(self, chunk: Chunk, layers: Layers, request: Mapping[str, Numbers], rows: Bools) -> Layers:
        """All layers of a chunk, which were read without requests, as they are with them in the frames of a mask."""
        crc = self._crc_of(chunk)
        found = []
        for places, groups in layers:
            found.append(
                (places, again(groups, Known(_of(request, places), crc[places], chosen=self.chosen), rows[places]))
            )
        return found

    def chunk(self, start: int, stop: int) -> Chunk:
        """Columns of frames that are indexed already; they are not kept."""
        return self.read(start, stop, self.within)[0]

    def read(
        self, start: int, stop: int, within: frozenset[str] | None = None, bodies: bool = False
    ) -> tuple[Chunk, Layers]:
        """As `chunk`, with the layers that were read for it: all, or those of `within`, then without findings.

        `bodies`: `Chunk.places` also has those of messages that may be encrypted."""
        chunk = Chunk(self.capture, start, stop)
        headers = Headers(self.kept, self.asked, stop - start, bodies)
        layers = self.groups(chunk, within=within, bare=within is not None)
        for rows, groups in layers:
            for group in groups:
                headers.add(group, rows)
        chunk.columns, chunk.innermost = headers.columns, headers.innermost
        chunk.more = headers.more
        for name, place in headers.places.items():
            chunk.places[name] = np.maximum(place - chunk.offset, ABSENT).astype(np.int32)
        return chunk, layers

    def keeps_crc(self, interface: Interface) -> bool | None:
        """Whether LPDUs from this interface end in a CRC: what the user says, what the file says, or what the first
        frames of the capture show."""
        if self.crc is not None:
            return self.crc
        if interface.fcs_length is not None:
            return interface.fcs_length > 0
        with self._learning:
            self._learn()
            return self._evidence.get(interface.index)

    def beyond(self, chunk: Chunk, names: Iterable[str], asked: Mapping[str, Numbers] | None) -> Bools:
        """The frames of which the kept columns of a chunk, and `Chunk.more`, do not have all values of these fields.

        They have none that depends on the request of the frame. `asked` has values of the requests (`Tracked.asked`);
        None: what depends on a request is not wanted.
        """
        if asked is not None and OF_REQUEST & set(names):
            return asked["spdu.type"].known
        return np.zeros(chunk.stop - chunk.start, bool)

    def once(self, chunk: Chunk, names: Iterable[str], asked: Mapping[str, Numbers] | None) -> bool:
        """Whether the kept columns of a chunk alone have all values of these fields; see `beyond`."""
        names = set(names)
        return not names & chunk.more.keys() and not self.beyond(chunk, names, asked).any()

    def _learn(self) -> None:
        """Look at the first frames of each interface, until there are enough of them to judge by."""
        while self._learnt < len(self.capture) and not all(
            len(self._samples.get(interface.index, ())) >= EVIDENCE for interface in self.capture.interfaces
        ):
            start, self._learnt = self._learnt, min(self._learnt + BLOCK, len(self.capture))
            self._look(start, self._learnt)

    def _look(self, start: int, stop: int) -> None:
        """Look at some frames for what they tell of the CRC."""
        index, data = self.capture.columns(start, stop), np.frombuffer(self.capture.buffer, np.uint8)
        offset = np.frombuffer(index.offsets, np.uint64).astype(np.int64)
        captured = np.frombuffer(index.captured, np.uint32).astype(np.int64)
        interfaces, status = np.frombuffer(index.interfaces, np.uint32), "lpdu.crc_status"
        for interface in self.capture.interfaces:
            samples = self._samples.setdefault(interface.index, [])
            rows = np.flatnonzero(interfaces == interface.index)[: EVIDENCE - len(samples)]
            layer = self.links.get(interface.link_type)
            if not len(rows) or layer is None:
                continue
            known = Known({}, np.full(len(rows), -1, np.int64), layers_on_the_way([status]), True, chosen=self.chosen)
            headers = Headers({status: self.kept[status]}, {}, len(rows))
            for group in decode(layer, data, offset[rows], captured[rows], known):
                headers.add(group, np.arange(len(rows)))
            samples += headers.columns[status].tolist()
            self._evidence[interface.index] = crc_is_kept(s for s in samples if s != ABSENT)

    def _crc_of(self, chunk: Chunk) -> Ints:
        answer = {True: 1, False: 0, None: -1}
        by_interface = np.array([answer[self.keeps_crc(i)] for i in self.capture.interfaces], np.int64)
        return by_interface[chunk.interface] if len(by_interface) else np.zeros(0, np.int64)


def _of(request: Mapping[str, Numbers], rows: Ints) -> Mapping[str, Numbers]:
    """What is known of the requests of some frames."""
    return OnDemand(request, lambda name: request[name].take(rows))
