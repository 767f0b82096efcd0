# SPDX-License-Identifier: GPL-2.0-or-later
"""How long answers take, by kind of answer and by who answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from osgp_analyzer.analysis.statistics.directory import NOBODY
from osgp_analyzer.analysis.statistics.distribution import ERROR, Distribution
from osgp_analyzer.analysis.statistics.frames import Frames, Settings
from osgp_analyzer.analysis.statistics.messages import service, services
from osgp_analyzer.analysis.statistics.tally import Interner


class Responses:
    """Times from the message that is answered (its latest sending) to its answer: ACK, RESPONSE, CHALLENGE, REPLY."""

    name = "responses"

    def __init__(self, settings: Settings) -> None:
        self._directory = settings.directory
        self._all, self._by_service, self._by_responder = Distribution(), Distribution(), Distribution()
        self._services = Interner()
        self._answers = self._timed = 0

    def add(self, frames: Frames) -> None:
        """Take in the answers of a chunk."""
        exchanges = frames.tracked.exchanges
        time = frames.of(exchanges.response_time)
        timed = np.flatnonzero(time >= 0)
        self._answers += int(np.count_nonzero(frames.of(exchanges.answers) >= 0))
        self._timed += len(timed)
        time = time[timed]
        self._all.add(np.zeros(len(timed), np.int64), time)
        self._by_service.add(self._services.ids(services(frames)[timed]), time)
        source = frames.source[timed]
        known = source != NOBODY
        self._by_responder.add(source[known], time[known])

    def result(self) -> dict[str, Any]:
        """``all`` (None without any times), ``histogram``, ``by_service``, ``by_responder``: the most frequent first;
        all times in ns. ``untimed``: answers that have no time."""
        found = self._all.rows()
        by_service = []
        for number, row in self._by_service.rows().items():
            field, value, name = service(self._services.values[number])
            by_service.append({"name": name, "field": field, "value": value, **row})
        by_responder = [(self._directory[number], row) for number, row in self._by_responder.rows().items()]
        by_responder.sort(key=lambda one: (-one[1]["count"], one[0].order))
        return {
            "answers": self._answers,
            "untimed": self._answers - self._timed,
            "percentile_error": ERROR,
            "all": found.get(0),
            "histogram": self._all.histogram(0),
            "by_service": sorted(by_service, key=lambda row: (-row["count"], row["field"], row["value"])),
            "by_responder": [{"address": e.address, "domain": e.domain, **row} for e, row in by_responder],
        }
