# SPDX-License-Identifier: GPL-2.0-or-later
"""An open capture: frames decoded on demand, each with what is known of it from the rest of the capture."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np

from dissectors.answering import may_answer
from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.contexts import Seen
from osgp_analyzer.analysis.packets import Places, together
from osgp_analyzer.analysis.pairing import Pairing
from osgp_analyzer.analysis.security.judged import FORGED
from osgp_analyzer.analysis.security.statuses import BAD_DIGEST
from osgp_analyzer.analysis.tracking import take_in
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE
from osgp_analyzer.app.history import History
from osgp_analyzer.capture import Capture, CaptureError, Frame
from osgp_analyzer.engines.columns.values import Ints
from osgp_analyzer.engines.knowledge import Chosen, Knowledge
from osgp_analyzer.security.keyring import EMPTY, KeyRing
from osgp_analyzer.store import FrameStore

if TYPE_CHECKING:
    from osgp_analyzer.analysis.security.guard import Guard
    from osgp_analyzer.app.decode import Decoded, Decoder

T = TypeVar("T")

BLOCK = 4096
"""Frames whose requests are looked up together."""


@dataclass(frozen=True)
class Settings:
    """What the user chose. `links`: link type to layer class name. `crc`: whether LPDUs end in a CRC; None: found
    out for each interface. `chosen`: layers by table and value: ``{"udp.port": {24010: "APDU"}}``.
    `keys`: with what messages are opened and judged. `uniform`: see `Chains`."""

    links: Mapping[int, str] | None = None
    crc: bool | None = None
    chosen: Chosen = field(default_factory=dict)
    keys: KeyRing = EMPTY
    uniform: str | None = None


class Session:
    """Frames of one capture by index (from 0). Decoding is the same in whatever order frames are asked for.

    On a slow pipe the first frames are decoded before enough of them have come to tell whether LPDUs end in a CRC.

    `patient`: decoding a frame tracks the capture as far as it must, which takes a second or two for a million frames.
    Where it is not, another thread does (`history`), and frames that need what is not known yet are
    `Decoded.pending`, which they are no more when they are asked for later.
    """

    patient = True

    def __init__(self, capture: Capture, settings: Settings = Settings()) -> None:
        self.capture, self.settings = capture, settings
        self.links = {**LINK_TYPES, **(settings.links or {})}
        self.store = FrameStore(capture, self.links, settings.crc, settings.chosen)
        self._first_time: int | None = None
        self._without_time = 0
        self._paired: _Recent[_Paired] = _Recent(64)
        self._alone: _Recent[Decoded] = _Recent(4096, self._stale)
        self._whole: _Recent[Decoded] = _Recent(1024, self._stale)

    @classmethod
    def open(cls, path: str, settings: Settings = Settings()) -> Session:
        """Open a capture file (``-``: standard input). Raises `CaptureError` when it is none, has no frames, or none
        with a link type that can be decoded."""
        capture = Capture.open(path)
        session = cls(capture, settings)
        if not capture.index_more(BLOCK) and len(capture) == 0:
            raise CaptureError(
                f"{capture.name}: the capture has no frames" + "".join(f"; {note.text}" for note in capture.notes)
            )
        while not any(i.link_type in session.links for i in capture.interfaces):
            if capture.complete:
                numbers = ", ".join(str(n) for n in sorted({i.link_type for i in capture.interfaces}))
                raise CaptureError(
                    f"{capture.name}: no frame has a link type that can be decoded (link type {numbers}); "
                    "if you know what it carries, name the decoder with --link N=DECODER"
                )
            capture.index_more(BLOCK)
        return session

    @cached_property
    def history(self) -> History:
        """What is known of each frame from those before it."""
        return History(self.store, self.guard(remember=True) if self.settings.keys.keys else None)

    @property
    def _guard(self) -> Guard | None:
        return self.history.guard if self.settings.keys.keys else None

    def guard(self, remember: bool = False, conduct: bool = True) -> Guard:
        """Judges messages with the user's keys, from the first frame on; see `Guard`."""
        from osgp_analyzer.analysis.security.guard import Guard

        return Guard(self.store, self.settings.keys, remember, conduct)

    @cached_property
    def decoder(self) -> Decoder:
        """Decodes single frames; loading Scapy takes a while, which work on columns does not need."""
        from osgp_analyzer.app.decode import Decoder

        return Decoder(self.links)

    def __len__(self) -> int:
        return len(self.capture)

    def __iter__(self) -> Iterator[Decoded]:
        index = 0
        while self.reaches(index):
            yield self[index]
            index += 1

    def reaches(self, index: int) -> bool:
        """Whether there is a frame of this index; indexes as far as it takes to know."""
        while index >= len(self.capture):
            if not self.capture.index_more(BLOCK):
                return index < len(self.capture)
        return True

    def frame(self, index: int) -> Frame:
        """The frame as captured."""
        return self.capture[index]

    def first_time(self, index: int) -> int | None:
        """Time in ns of the first frame that has one, as far as frame `index`."""
        while self._first_time is None and self._without_time <= index and self.reaches(self._without_time):
            self._first_time = self.frame(self._without_time).time
            self._without_time += 1
        return self._first_time

    def time_before(self, index: int) -> int | None:
        """Time in ns of the nearest frame before `index` that has one."""
        times = (self.frame(i).time for i in range(index - 1, -1, -1))
        return next((time for time in times if time is not None), None)

    def __getitem__(self, index: int) -> Decoded:
        """The frame decoded with all that is known of it."""
        return self._whole.get(index, self._decode)

    def _decode(self, index: int) -> Decoded:
        alone = self._alone.get(index, self._decode_alone)
        request = self._request_of(index) if may_answer(alone.values) and not self._unpaired(alone) else NONE
        return self.with_request(index, request)

    def with_request(self, index: int, request: int) -> Decoded:
        """The frame decoded, where its request (-1: none) is known already."""
        alone = self._alone.get(index, self._decode_alone)
        if request == NONE:
            return alone
        asking = self._alone.get(request, self._decode_alone)
        decoded = self._decode_with(alone.frame, index, asking.values, self._earlier(index, alone))
        decoded.request = request + 1
        decoded.pending |= asking.pending
        return decoded

    def _decode_alone(self, index: int) -> Decoded:
        decoded = self._decode_with(self.capture[index], index)
        earlier = self._earlier(index, decoded)
        return decoded if earlier is None else self._decode_with(decoded.frame, index, earlier=earlier)

    def _earlier(self, index: int, decoded: Decoded) -> bytes | None:
        """What the packets before have of a message that ends in this frame; None where there are none."""
        if "c1218.fragment.data" not in decoded.values or self._unpaired(decoded):
            return None
        parts = self._pairs_at(index).parts.get(index)
        return together(np.frombuffer(self.capture.buffer, np.uint8), parts) if parts is not None else None

    def _decode_with(
        self, frame: Frame, index: int, request: Mapping[str, Any] | None = None, earlier: bytes | None = None
    ) -> Decoded:
        late = not self.patient and self.history.stop <= index
        guard = self._guard
        tables = Tables(lambda: None if late else self._seen_before(index))
        judged = guard.of(index) if guard is not None and not late and self._follow(index) else None
        known = Knowledge(
            request=request,
            tables=tables,
            crc=self.store.keeps_crc(frame.interface),
            chosen=self.settings.chosen,
            earlier=earlier,
            opened=judged.opened if judged is not None else None,
        )
        decoded = self.decoder.decode(frame, known)
        if judged is not None:
            decoded.security = judged
            decoded.findings += judged.findings
            if judged.status == BAD_DIGEST:
                decoded.info += f" {FORGED}"
        decoded.tables = {name: frame + 1 for name, frame in tables.used.items()}
        decoded.pending = late and (guard is not None or tables.asked)
        if decoded.pending:
            self.history.ask(index + 1)
        return decoded

    def _seen_before(self, index: int) -> Seen | None:
        """What the tables of the meter of a frame were known to say before it."""
        return self.history.seen_before(index) if self._follow(index) else None

    def _follow(self, index: int) -> bool:
        """Whether all is known of a frame; finds it out where nobody else does."""
        if self.patient:
            for _ in self.history.follow(index + 1):
                pass
        return self.history.stop > index

    def _stale(self, index: int, decoded: Decoded) -> bool:
        """Whether more is known of a frame than when it was decoded."""
        return decoded.pending and self.history.stop > index

    def _unpaired(self, decoded: Decoded) -> bool:
        """Whether what belongs to a frame cannot be told yet: of what is encrypted nothing says which way it goes."""
        return decoded.pending and self._guard is not None

    def _request_of(self, index: int) -> int:
        """Index of the request that a response answers, `NONE` where it has none in reach."""
        return int(self._pairs_at(index).requests[index % BLOCK])

    def _pairs_at(self, index: int) -> _Paired:
        """The block that a frame is in."""
        start = index - index % BLOCK
        found = self._paired.get(start, self._pair)
        if index >= found.stop:  # the capture has grown since, or more of it is known
            found = self._paired.put(start, self._pair(start))
        return found

    def _pair(self, start: int) -> _Paired:
        """A block, paired with what is before it in reach."""
        stop, before = min(start + BLOCK, len(self.capture)), max(0, start - FAR_BACK)
        guard = self._guard
        if guard is not None and not self._follow(stop - 1):
            stop = min(stop, self.history.stop)
        pairing, chunk = Pairing(), self.store.chunk(before, stop)
        if guard is not None:
            take_in(self.store, chunk, guard.recall(chunk)[0])
        requests = pairing.pair(chunk)[start - before :]
        return _Paired(stop, requests, pairing.parts)


class _Paired(NamedTuple):
    """A block of frames that ends before frame `stop`: the request of each, -1 where it has none, and where the parts
    are that came before of each message that ends there."""

    stop: int
    requests: Ints
    parts: dict[int, Places]


class Tables(Mapping[str, int]):
    """Values of the tables of a meter, found out when the first is asked for. `used`: index of the frame that each
    value that was asked for was seen in. `asked`: whether any was."""

    def __init__(self, find: Callable[[], Seen | None]) -> None:
        self._find = find
        self.used: dict[str, int] = {}
        self.asked = False

    @cached_property
    def _seen(self) -> Seen | None:
        self.asked = True
        return self._find()

    def __getitem__(self, name: str) -> int:
        if self._seen is None:
            raise KeyError(name)
        value = self._seen.values[name]
        self.used[name] = self._seen.frames[name]
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen.values if self._seen is not None else ())

    def __len__(self) -> int:
        return len(self._seen.values) if self._seen is not None else 0


class _Recent(Generic[T]):
    """The last results of a function of an index. `stale`: whether one must be made again."""

    def __init__(self, size: int, stale: Callable[[int, T], bool] = lambda index, result: False) -> None:
        self.size, self.stale, self.kept = size, stale, OrderedDict[int, T]()

    def get(self, index: int, make: Callable[[int], T]) -> T:
        found = self.kept.get(index)
        if found is None or self.stale(index, found):
            found = self.put(index, make(index))
        return found

    def put(self, index: int, result: T) -> T:
        """Keep a result, and let the oldest go."""
        self.kept[index] = result
        if len(self.kept) > self.size:
            self.kept.popitem(last=False)
        return result
