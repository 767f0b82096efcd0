# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding the request that a response answers, by looking back from it: the same for any order of looking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dissectors.answering import MAX_WAIT_NS, answers, is_response

Values = Mapping[str, Any]
FAR_BACK = 2000
"""Frames to look back at most, for captures without times."""


def find_request(number: int, values: Callable[[int], Values], time: Callable[[int], int | None]) -> int | None:
    """Index of the frame whose request frame `number` (an index too) answers; None when there is none in reach.

    `values` gives a frame's values by full name, `time` its time in ns. The latest fitting request wins: a retry
    carries the same message. Nothing is looked for behind the longest time that the protocol waits.
    """
    answer = values(number)
    if not is_response(answer):
        return None
    now = time(number)
    for earlier in range(number - 1, max(-1, number - 1 - FAR_BACK), -1):
        then = time(earlier)
        if now is not None and then is not None and now - then > MAX_WAIT_NS:
            return None
        if answers(answer, values(earlier)):
            return earlier
    return None
