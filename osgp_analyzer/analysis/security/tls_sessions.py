# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS sessions on MEP ports: what is in their records, where the ring has the pre-shared key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dissectors.osgp.tls import DATA
from dissectors.security_columns import Bytes
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.security.locks import Names
from osgp_analyzer.analysis.security.statuses import BAD_DIGEST, NO_KEY, NOT_AUTHENTICATED, VERIFIED
from osgp_analyzer.engines.columns.group import OpenedRows
from osgp_analyzer.engines.columns.values import Ints, Slices
from osgp_analyzer.security.keyring import KeyRing, Kind
from osgp_analyzer.security.tls import Session, Status
from osgp_analyzer.store import Chunk, FrameStore
from osgp_analyzer.store.header import layers_on_the_way

RECORDS = "mep.tls.records"
LONGEST_KEYS = 16
"""Bytes of MAK and MBK that are the pre-shared key (MEP p.18)."""
STATUS = {Status.GOOD: VERIFIED, Status.BAD: BAD_DIGEST, Status.NO_KEY: NO_KEY, Status.CLEAR: NOT_AUTHENTICATED}
MOST_PORTS = 1024
"""Sessions that are followed at once."""


class Plain(NamedTuple):
    """What was in a frame: `at` is where the message begins in the buffer."""

    at: int
    response: bool
    text: bytes


class TlsSessions:
    """Follows the sessions of a capture, chunk by chunk. `keep`: frames at the end whose contents are kept, all if
    None."""

    def __init__(self, ring: KeyRing, names: Names, keep: int | None) -> None:
        self._numbers: dict[str, int] = {}
        self._keys = []
        for key in ring.keys:
            if key.kind in (Kind.PSK, Kind.MAK, Kind.MBK):
                secret = key.secret.reveal()
                self._keys.append((key, secret if key.kind is Kind.PSK else secret[:LONGEST_KEYS]))
                self._numbers[key.name] = names.add(key.name)
        self._sessions: OrderedDict[int, Session] = OrderedDict()
        self._keep = keep
        self.plain: dict[int, Plain] = {}
        """By frame."""

    def follow(self, store: FrameStore, chunk: Chunk, data: Bytes, others: Ints) -> Rows | None:
        """What is found out about the messages of the next chunk, as rows of the book. `others`: frames that are none
        of TLS."""
        involved = chunk.places["tls"] >= 0
        involved[others - chunk.start] = False
        if not involved.any():
            return None
        first, kind, status, key = {}, [], [], []
        for rows, groups in store.groups(chunk, within=layers_on_the_way([RECORDS]), only=involved, bare=True):
            for group in groups:
                column = group.columns.get("records") if group.name == "mep.tls" else None
                if column is not None:
                    starts = column.where()[0] >> 3
                    for at in np.flatnonzero(column.present).tolist():
                        first[int(rows[group.frames[at]])] = int(starts[at])
        for row in sorted(first):
            frame, interface = chunk.start + row, int(chunk.interface[row])
            asks = bool(chunk.innermost["mep.tls.code"][row] >= 0)
            end = int(chunk.offset[row] + chunk.places["tls_end"][row])
            results = self._session(interface, store).feed(asks, data[first[row] : end].tobytes())
            results = [one for one in results if one.status is not Status.BAD or one.tried]  # else none of TLS
            encrypted = [one for one in results if one.status is not Status.CLEAR]
            if not results:
                continue
            worst = min((one.status for one in encrypted), default=Status.CLEAR)
            kind.append(frame)
            status.append(STATUS[worst])
            names = [name for one in encrypted for name in (one.key, *one.tried) if name is not None]
            key.append(self._numbers.get(names[0], -1) if names else -1)
            text = b"".join(one.plain or b"" for one in encrypted
                            if one.status is Status.GOOD and one.content_type == DATA)  # fmt: skip
            if text:
                self.plain[frame] = Plain(int(chunk.offset[row] + chunk.places["tls"][row]), not asks, text)
        self._forget(chunk.stop)
        if not kind:
            return None
        frames = np.array(kind)
        return {
            "frame": frames,
            "status": np.array(status),
            "key": np.array(key),
            "encrypted": np.array([frame in self.plain for frame in kind]),
        }

    def opened(self, chunk: Chunk) -> OpenedRows | None:
        """What is in the messages of a chunk, for all its frames; None where nothing is."""
        wanted = range(chunk.start, chunk.stop)
        # A copy of the frames: while this thread looks, another one may follow the sessions.
        frames = [frame for frame in list(self.plain) if frame in wanted] if len(self.plain) < len(wanted) else wanted
        here = {frame: self.plain[frame] for frame in frames if frame in self.plain}
        return opened_rows(here.items(), chunk) if here else None

    def _session(self, interface: int, store: FrameStore) -> Session:
        session = self._sessions.pop(interface, None)
        if session is None:
            name = next((i.name for i in store.capture.interfaces if i.index == interface), None)
            order = sorted(self._keys, key=lambda one: one[0].place.port != name)
            session = Session([(key.name, secret) for key, secret in order])
        self._sessions[interface] = session
        if len(self._sessions) > MOST_PORTS:
            self._sessions.popitem(last=False)
        return session

    def _forget(self, stop: int) -> None:
        if self._keep is not None:
            self.plain = {frame: one for frame, one in self.plain.items() if frame >= stop - self._keep}


def opened_rows(plain: Iterable[tuple[int, Plain]], chunk: Chunk) -> OpenedRows:
    """Contents by frame as columns over a chunk."""
    size = chunk.stop - chunk.start
    at, length, offset = np.full(size, -1, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64)
    response, texts, place = np.zeros(size, bool), [], 0
    for frame, one in plain:
        row = frame - chunk.start
        at[row], length[row], offset[row], response[row] = one.at, len(one.text), place, one.response
        texts.append(one.text)
        place += len(one.text)
    data = np.frombuffer(b"".join(texts) or b"\0", np.uint8)
    zero = np.zeros(size, np.int64)
    return OpenedRows(Slices(data, offset, length, at >= 0), at, zero, zero, response)
