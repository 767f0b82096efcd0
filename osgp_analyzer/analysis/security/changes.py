# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys that change on the wire: from the frame on in which a node has accepted it, the new one holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dissectors.en14908.keys import KEY_COMMANDS, KEY_FIELDS, changed, in_clear, toward_target
from osgp_analyzer.analysis.runs import Rows
from osgp_analyzer.analysis.security.locks import Lock, Names
from osgp_analyzer.analysis.security.remarks import bit
from osgp_analyzer.analysis.values import Read, values_by_row
from osgp_analyzer.engines.columns.values import Ints
from osgp_analyzer.store import Chunk
from osgp_analyzer.store.header import layers_on_the_way

ALTERNATE = ("ltep.mode", "ltep.key_type", "ltep.key_delta")
ALTERNATE_KEY = 2
"""Mode of a proxied message that has a delta."""
SUCCESS = 0
MOST_OPEN, MOST_DELTAS = 1024, 4096
"""Commands that are not answered yet, and deltas, that are remembered."""


@dataclass
class _Command:
    frame: int
    meter: int
    domain: int
    values: dict[str, Any]


class Changes:
    """Follows the changes of a capture, chunk by chunk, and gives new keys to the `locks`."""

    def __init__(self, locks: Sequence[Lock], names: Names) -> None:
        self._locks, self._names = locks, names
        self._open: dict[int, _Command] = {}
        self._accepted: list[tuple[int, _Command]] = []
        """Changes whose old key is not known yet, and the frame that accepts each."""
        self._deltas: set[tuple[int, bytes]] = set()
        self.remarks: list[Rows] = []
        """What there is to say of frames, as rows of the book."""

    def follow(self, chunk: Chunk, meters: Callable[[], Ints], request: Ints, read: Read) -> None:
        """Take in the commands of the next chunk, and which of them were accepted. `meters`: of each frame; `request`:
        the frame that each response answers; `read` reads layers of the frames of a mask."""
        code = chunk.innermost["apdu.code"]
        asks = np.isin(code, KEY_COMMANDS) & (request < 0)
        if asks.any():
            meter = meters()
            for row, values in values_by_row(read(asks, layers_on_the_way(KEY_FIELDS)), KEY_FIELDS).items():
                frame = chunk.start + row
                if len(values) > 1 and frame not in self._open and len(self._open) < MOST_OPEN:
                    domain = int(chunk.columns["npdu.domain"][row])
                    self._open[frame] = _Command(frame, int(meter[row]), domain, values)
                    if in_clear(values):
                        self._say(frame, "key_in_clear")
        if self._open:
            answers = np.isin(request, list(self._open))
            if answers.any():
                outcomes = values_by_row(read(answers, layers_on_the_way(["apdu.outcome"])), ["apdu.outcome"])
                for row in np.flatnonzero(answers).tolist():
                    command = self._open.pop(int(request[row]), None)
                    if command is not None and outcomes.get(row, {}).get("apdu.outcome") == SUCCESS:
                        self._accepted.append((chunk.start + row, command))
        self._open = {frame: one for frame, one in self._open.items() if frame > chunk.stop - 32_768}
        self._alternate(chunk, meters, read)

    def apply(self) -> bool:
        """Make the new keys as far as the old ones are known; returns whether there are any."""
        waiting, self._accepted = self._accepted, []
        made = False
        for frame, command in waiting:
            done = False
            for lock in self._locks:
                old, secret = _after(lock, command)
                if secret is None:
                    continue
                new = lock.known(command.meter, command.domain, secret)
                if new is None:
                    before = self._names.names[int(lock.number[old])] if old is not None else "a key"
                    number = self._names.add(f"{before}, changed in frame {frame + 1}")
                    new = lock.add(secret, number, lock.place(old))
                lock.change(command.meter, command.domain, old, new, frame + 1)
                self._say(frame, "key_changed", int(lock.number[new]))
                done = made = True
            if not done and len(self._accepted) < MOST_OPEN:
                self._accepted.append((frame, command))
        return made

    def _say(self, frame: int, code: str, key: int = -1) -> None:
        self.remarks.append({"frame": np.array([frame]), "remarks": np.array([bit(code)]), "key": np.array([key])})

    def _alternate(self, chunk: Chunk, meters: Callable[[], Ints], read: Read) -> None:
        """Keys that an agent makes for one target."""
        rows = chunk.innermost["ltep.mode"] == ALTERNATE_KEY
        if not rows.any():
            return
        meter = meters()
        for row, values in values_by_row(read(rows, layers_on_the_way(ALTERNATE)), ALTERNATE).items():
            delta = values.get("ltep.key_delta")
            target = int(meter[row])
            if delta is None or (target, delta) in self._deltas or len(self._deltas) >= MOST_DELTAS:
                continue
            self._deltas.add((target, delta))
            domain = int(chunk.columns["npdu.domain"][row])
            for lock in self._locks:
                for key in lock.likely(target, domain):
                    new = toward_target(lock.secret(key), int(values.get("ltep.key_type", 0)), delta)
                    if new is not None:
                        name, frame = self._names.names[int(lock.number[key])], chunk.start + row
                        number = self._names.add(f"{name} with the delta of frame {frame + 1}")
                        lock.also(target, domain, new, number, frame)


def _after(lock: Lock, command: _Command) -> tuple[int | None, bytes | None]:
    """The key that a command changes, None where it is not known, and what the command makes of it, None where that
    cannot be told. Of several keys that the meter may have it is the one that becomes another of them, else the
    likeliest."""
    holdings = lock.holder(command.meter, command.domain).holdings
    keys = [one.key for one in holdings if one.since <= command.frame < one.until] or [None]
    made = [(key, changed(command.values, lock.size, lock.secret(key) if key is not None else None)) for key in keys]
    own = {lock.secret(one.key) for one in holdings}
    fitting = (one for one in made if one[1] in own and one[0] is not None and one[1] != lock.secret(one[0]))
    return next(fitting, made[0])
