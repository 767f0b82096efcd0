# SPDX-License-Identifier: GPL-2.0-or-later
"""What kind of messages there are: services, commands, and how the commands went."""

from __future__ import annotations

from typing import Any

import numpy as np

from dissectors.answering import RESPONSE
from osgp_analyzer.analysis.statistics import names
from osgp_analyzer.analysis.statistics.frames import Frames, Settings
from osgp_analyzer.analysis.statistics.tally import Interner, Sums
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store.chunk import ABSENT

SERVICES = ("tpdu.type", "spdu.type", "authpdu.type", "npdu.pdu_type", "osgp.direction")
"""What tells the service: the first of these that a frame has. An APDU right in the NPDU is the unacknowledged one;
a meter's other ports have requests and responses only."""
COMMANDS = ("apdu.code", "nv.direction")
VALUES = 1 << 16
"""More than the values of any of these fields."""


def services(frames: Frames) -> Ints:
    """The service of each frame as a number (see `service`), -1 where it has none."""
    found = _first(frames, SERVICES)
    version = frames.column("npdu.version")
    addressed = frames.column("npdu.src_subnet") != ABSENT
    return np.where(addressed | (version == ABSENT), found, ABSENT)


def service(number: int) -> tuple[str, int, str | None]:
    """Field, value and name of a service number."""
    return _named(SERVICES, number)


def _first(frames: Frames, fields: tuple[str, ...]) -> Ints:
    """Place of the first of the fields that a frame has, times `VALUES`, and its value; -1 where it has none."""
    found = np.full(len(frames), ABSENT, np.int64)
    for place, name in reversed(list(enumerate(fields))):
        values = frames.column(name).astype(np.int64)
        found = np.where(values != ABSENT, place * VALUES + values, found)
    return found


def _named(fields: tuple[str, ...], number: int) -> tuple[str, int, str | None]:
    field, value = fields[number // VALUES], number % VALUES
    return field, value, names.values(field).get(value)


class _Counter:
    """Frames and bytes, and what else is asked, by a number."""

    def __init__(self, *more: str) -> None:
        self._keys = Interner()
        self._sums = Sums("frames", "bytes", *more)

    def add(self, frames: Frames, keys: Ints, where: Bools, **masks: Bools) -> None:
        """Count the frames of a mask by their keys."""
        ids = self._keys.ids(keys[where])
        self._sums.add(ids, frames=None, bytes=frames.bytes[where], **{n: m[where] for n, m in masks.items()})

    def rows(self) -> list[tuple[int, dict[str, int]]]:
        """Keys with their sums, the most frequent first."""
        found = [(key, self._sums.row(number)) for number, key in enumerate(self._keys.values)]
        return sorted(found, key=lambda row: (-row[1]["frames"], row[0]))


class Services:
    """Frames by service: ACKD, REQUEST, ..."""

    name = "services"

    def __init__(self, settings: Settings) -> None:
        self._counter = _Counter("priority", "alt_path")
        self._without = 0

    def add(self, frames: Frames) -> None:
        """Count the frames of a chunk."""
        found = services(frames)
        there = found != ABSENT
        self._without += int(np.count_nonzero(~there))
        self._counter.add(
            frames,
            found,
            there,
            priority=frames.column("lpdu.priority") == 1,
            alt_path=frames.column("lpdu.alt_path") == 1,
        )

    def result(self) -> dict[str, Any]:
        """``rows``: the most frequent first; `name` is None for a value that has none."""
        rows = []
        for key, sums in self._counter.rows():
            field, value, name = service(key)
            rows.append({"name": name, "field": field, "value": value, **sums})
        return {"rows": rows, "frames_without_service": self._without}


class Commands:
    """Messages by what they command or carry, and responses by the request that they answer and how it went.

    Of a message inside another (a proxied one) the outer code counts; a response belongs to the innermost request.
    """

    name = "commands"

    def __init__(self, settings: Settings) -> None:
        self._messages = _Counter()
        self._responses = _Counter()
        self._unpaired = 0

    def add(self, frames: Frames) -> None:
        """Count the frames of a chunk."""
        found = _first(frames, COMMANDS)
        response = frames.column("spdu.type") == RESPONSE
        self._messages.add(frames, found, (found != ABSENT) & ~response)
        request = frames.of(frames.tracked.request)
        self._unpaired += int(np.count_nonzero(response & (request < 0)))
        asked = frames.tracked.asked["apdu.code"]
        code = frames.of(np.where(asked.known, asked.values, ABSENT))
        self._responses.add(frames, (code + 1) * VALUES + frames.outcome + 1, response & (request >= 0))

    def result(self) -> dict[str, Any]:
        """``messages`` and ``responses``: rows, the most frequent first. ``responses_without_request``: those whose
        request is not in the capture, so that nothing says what they mean."""
        messages = []
        for key, sums in self._messages.rows():
            field, value, name = _named(COMMANDS, key)
            messages.append({"name": name, "field": field, "value": value, **sums})
        responses = []
        for key, sums in self._responses.rows():
            code, outcome = key // VALUES - 1, key % VALUES - 1
            responses.append(
                {
                    "request": names.values("apdu.code").get(code),
                    "request_code": code if code != ABSENT else None,
                    "outcome": names.values("apdu.outcome").get(outcome),
                    **sums,
                }
            )
        return {"messages": messages, "responses": responses, "responses_without_request": self._unpaired}
