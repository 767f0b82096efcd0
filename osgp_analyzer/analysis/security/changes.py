# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys that change on the wire: from the frame on in which a node has accepted it, the new one holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
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
CHANGED = ", changed in frame "
"""What the name of a key has behind it that is not from the ring."""
MOST_OPEN, MOST_DELTAS = 1024, 4096
"""Commands that are not answered yet, and deltas, that are remembered."""


@dataclass
class _Command:
    frame: int
    meter: int
    domain: int
    values: dict[str, Any] = dataclasses.field(repr=False)
    done: set[int] = dataclasses.field(default_factory=set)
    """Locks that have the new key."""


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

    @property
    def waiting(self) -> bool:
        """Whether changes were accepted of keys that are not known yet."""
        return bool(self._accepted)

    def apply(self, final: bool) -> bool:
        """Make the new keys where it is known which key a node had; returns whether there are any. `final`: where that
        is not known, of each that it may have had."""
        waiting, self._accepted = self._accepted, []
        made = False
        for frame, command in waiting:
            for number, lock in enumerate(self._locks):
                if number not in command.done and self._change(lock, frame, command, final):
                    command.done.add(number)
                    made = True
            left = set(range(len(self._locks))) - command.done
            if left and (not final or not command.done) and len(self._accepted) < MOST_OPEN:
                self._accepted.append((frame, command))
        return made

    def _change(self, lock: Lock, frame: int, command: _Command, final: bool) -> bool:
        """Give a node its new key of one kind; returns whether there is one."""
        meter, domain = command.meter, command.domain
        had = lock.had(meter, domain, frame)
        if len(had) > 1:  # the one that becomes another of the meter's keys
            after = {key: changed(command.values, lock.size, lock.secret(key)) for key in had}
            had = [key for key in had if lock.has(meter, domain, after[key], key)] or had
        if len(had) > 1 and not final:
            return False
        made = False
        for key in had or (None,):
            new = changed(command.values, lock.size, lock.secret(key) if key is not None else None)
            if new is None:
                continue
            before = self._names.names[int(lock.number[key])] if key is not None else "a key"
            name = f"{before.partition(CHANGED)[0]}{CHANGED}{frame + 1}"
            number = lock.change(meter, domain, new, partial(self._names.add, name), frame + 1,
                                 key, len(had) == 1)  # fmt: skip
            if len(had) <= 1:
                self._say(frame, "key_changed", number)
            made = True
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
