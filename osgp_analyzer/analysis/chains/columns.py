# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of the chain of each frame, as columns: -1 where a frame is in none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dissectors.en14908.npdu import SUBNET_NODE
from osgp_analyzer.analysis.chains.chain import address, target_name
from osgp_analyzer.analysis.chains.chains import Chained
from osgp_analyzer.analysis.chains.outcome import OUTCOMES
from osgp_analyzer.analysis.transactions import NONE
from osgp_analyzer.engines.columns.values import Ints

DIRECTIONS = ("out", "back")


def number(chained: Chained) -> Ints:
    """The number of the first frame, from 1."""
    return np.where(chained.chain >= 0, chained.chain + 1, NONE)


def previous(chained: Chained) -> Ints:
    """The frame before, by its number."""
    return np.where(chained.before >= 0, chained.before + 1, NONE)


def following(chained: Chained) -> Ints:
    """The frame after, by its number."""
    return np.where(chained.after >= 0, chained.after + 1, NONE)


def changed(chained: Chained) -> Ints:
    """The first frame of the chain that was changed, by its number."""
    found = _of(chained, chained.chains.changed)
    return np.where(found >= 0, found + 1, NONE)


def hop(chained: Chained) -> Ints:
    """The hop, from 1."""
    return np.where(chained.which >= 0, _of(chained, chained.chains.hops) - 1 - chained.left, NONE)


def direction(chained: Chained) -> Ints:
    """A place in `DIRECTIONS`."""
    return np.where(chained.which >= 0, chained.back.astype(np.int64), NONE)


def directions(chained: Chained) -> Sequence[str]:
    """The words of `direction`."""
    return DIRECTIONS


def outcomes(chained: Chained) -> Sequence[str]:
    """The words of the outcome."""
    return OUTCOMES


def of(name: str) -> Callable[[Chained], Ints]:
    """A value of the summary."""

    def values(chained: Chained) -> Ints:
        return _of(chained, getattr(chained.chains, name))

    return values


def addresses(name: str) -> tuple[Callable[[Chained], Ints], Callable[[Chained], Sequence[str]]]:
    """An address of the summary: places in words, and the words."""

    def values(chained: Chained) -> Ints:
        return _of(chained, np.unique(getattr(chained.chains, name), return_inverse=True)[1])

    def words(chained: Chained) -> Sequence[str]:
        return [address(one) for one in np.unique(getattr(chained.chains, name)).tolist()]

    return values, words


def target(chained: Chained) -> Ints:
    """The target: a place in `targets`."""
    return _of(chained, np.unique(_targets(chained), axis=0, return_inverse=True)[1].reshape(-1))


def targets(chained: Chained) -> Sequence[str]:
    """The words of `target`."""
    return [target_name(form, number) for form, number in np.unique(_targets(chained), axis=0).tolist()]


def _targets(chained: Chained) -> Ints:
    known = chained.chains
    whole = (known.form != SUBNET_NODE) | (known.target >= 256)
    number = np.where(whole, known.target, known.target | known.agent & ~0xFF)
    return np.stack([known.form, number], axis=1)


def _of(chained: Chained, values: Ints) -> Ints:
    if not len(values):
        return np.full(len(chained.which), NONE)
    return np.where(chained.which >= 0, values[chained.which], NONE).astype(np.int64)
