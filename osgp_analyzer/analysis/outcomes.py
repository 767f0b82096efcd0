# SPDX-License-Identifier: GPL-2.0-or-later
"""How the messages of a capture were answered, as far as it has been read."""

from __future__ import annotations

import numpy as np

from dissectors.answering import MAX_WAIT_NS
from osgp_analyzer.analysis.runs import Rows, joined, take
from osgp_analyzer.analysis.transactions import FAR_BACK, NONE
from osgp_analyzer.engines.columns.values import Bools, Ints
from osgp_analyzer.store import NO_TIME, Chunk


class Outcomes:
    """Messages by `root`, their first sending: the `last` sending and its `time`, the first `answer` (-1: none), and
    whether the message `expired`: a later frame came when its timers had run out, or `FAR_BACK` frames came."""

    def __init__(self) -> None:
        none = np.zeros(0, np.int64)
        self._messages: Rows = {"root": none, "last": none, "time": none, "answer": none, "expired": none.astype(bool)}

    def add(self, chunk: Chunk, new: Ints, asking: Ints, root: Ints, answer: Ints, answered: Ints) -> None:
        """Go on by a chunk: first sendings in it, in order; rows and roots of its messages that ask for an answer;
        indices of its answers, and the messages (roots) that they answer."""
        none = np.full(len(new), NONE, np.int64)
        begun: Rows = {"root": new, "last": new, "time": none, "answer": none, "expired": np.zeros(len(new), bool)}
        rows = joined(self._messages, begun)  # in the order of their roots: later chunks have later ones
        found, place = _find(rows["root"], root)
        rows["last"][place], rows["time"][place] = asking[found] + chunk.start, chunk.time[asking[found]]
        rows["expired"][place] = False
        found, place = _find(rows["root"], answered)
        first = rows["answer"][place] == NONE
        rows["answer"][place[first][::-1]] = answer[found[first]][::-1]
        self._messages = rows
        self._expire(chunk)

    def _expire(self, chunk: Chunk) -> None:
        last, time = self._messages["last"], self._messages["time"]
        latest = np.maximum.accumulate(chunk.time[::-1])[::-1]
        after = last - chunk.start + 1
        later = np.append(latest, NO_TIME)[np.clip(after, 0, len(latest))]
        late = (time != NO_TIME) & (np.maximum(later, NO_TIME + MAX_WAIT_NS) - MAX_WAIT_NS > time)
        self._messages["expired"] |= late | (chunk.stop - last > FAR_BACK)

    def settled(self, root: Ints) -> bool:
        """Whether later frames cannot change how any of these messages was answered."""
        _, place = _find(self._messages["root"], root)
        return bool(((self._messages["answer"][place] != NONE) | self._messages["expired"][place]).all())

    def of(self, root: Ints) -> tuple[Ints, Bools]:
        """The first answer to each of these messages, -1 for none, and whether it is missing."""
        found, place = _find(self._messages["root"], root)
        answer, missing = np.full(len(root), NONE, np.int64), np.zeros(len(root), bool)
        answer[found] = self._messages["answer"][place]
        missing[found] = (answer[found] == NONE) & self._messages["expired"][place]
        return answer, missing

    def forget(self, before: int) -> None:
        """Messages that were last sent before this frame are not asked for again."""
        self._messages = take(self._messages, np.flatnonzero(self._messages["last"] >= before))


def _find(ordered: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Which of the wanted numbers there are, and their places."""
    place = np.searchsorted(ordered, wanted)
    found = np.flatnonzero(np.append(ordered, NONE)[place] == wanted)
    found = found[wanted[found] != NONE]
    return found, place[found]
