# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether one message is another one on its way: what stays the same, and what is left of the address list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from osgp_analyzer.analysis.chains.messages import OF_AGENT, alike
from osgp_analyzer.analysis.runs import Rows, same_bytes
from osgp_analyzer.engines.columns.values import Bools, Ints


def fits_on(rows: Rows, row: Ints, previous: Ints, data: NDArray[np.uint8] | None) -> Bools:
    """Whether two messages can be the same one, of which one is nearer to the target. `data`: the buffer; None:
    whatever they say, if only they are for the same node on the same way."""
    turned = rows["left"][row] > rows["left"][previous]
    lower, upper = np.where(turned, previous, row), np.where(turned, row, previous)
    fits = np.asarray(rows["left"][upper] > OF_AGENT)
    fits &= rows["form"][lower] == rows["form"][upper]
    agents = rows["left"][lower] == OF_AGENT
    fits &= np.where(agents, rows["service"][lower], rows["asks"][lower]) == rows["asks"][upper]
    fits &= agents | (rows["flags"][lower] == rows["flags"][upper])
    fits &= agents | (rows["service"][lower] == rows["service"][upper])
    fits &= alike_targets(rows, lower, upper)
    # Both ends of the nearer message, as the list of the other one has them.
    ahead = rows["left"][upper].astype(np.int64) - rows["left"][lower]
    fits &= alike(rows["source"][lower], _listed(rows, upper, ahead - 1))
    fits &= agents | alike(rows["receiver"][lower], _listed(rows, upper, ahead))
    found = np.flatnonzero(fits)
    lower, upper, agents, ahead = lower[found], upper[found], agents[found], ahead[found]
    same = _same_lists(rows, lower, upper, ahead, agents)
    if data is not None:
        start = np.where(agents, rows["start"][lower], rows["rule"][lower])
        other = np.where(agents, rows["start"][upper], rows["rule"][upper])
        length = rows["end"][lower] - start
        same &= (rows["end"][upper] - other == length) & same_bytes(data, start, other, length)
    fits[found] = same
    return fits


def alike_targets(rows: Rows, lower: Ints, upper: Ints) -> Bools:
    """Whether two messages may be for the same target; its subnet may be unknown."""
    one, other = rows["target"][lower], rows["target"][upper]
    small = (one < 1 << 17) & (other < 1 << 17)
    return np.asarray((one == other) | (small & alike(one, other)))


def _listed(rows: Rows, row: Ints, ahead: Ints) -> NDArray[np.int32]:
    """The address so many places after the receiver; 0: the receiver itself."""
    listed = rows["hops"][row, np.clip(ahead - 1, 0, None)]
    return np.asarray(np.where(ahead > 0, listed, rows["receiver"][row]))


def _same_lists(rows: Rows, lower: Ints, upper: Ints, ahead: Ints, agents: Bools) -> Bools:
    """Whether the nearer message has what is left of the list of the other one."""
    same = np.ones(len(lower), bool)
    left = np.where(agents, 0, rows["left"][lower])
    for place in range(int(left.max(initial=0))):
        some = np.flatnonzero(place < left)
        other = rows["hops"][upper[some], place + ahead[some]]
        same[some] &= rows["hops"][lower[some], place] == other
    return same
