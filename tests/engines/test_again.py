# SPDX-License-Identifier: GPL-2.0-or-later
"""What occurs again in an array, in both engines."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from dissectors.layers import layer_class
from osgp_analyzer.engines.scapy import compile as scapy_compile
from osgp_analyzer.schema import (
    REGISTRY,
    U8,
    Again,
    Array,
    Bits,
    Bytes,
    Check,
    Computed,
    F,
    Group,
    Layer,
    Outer,
    Severity,
    Source,
    Struct,
)
from tests.engines.test_differential import Frame, compare

HERE = Source("tests/engines/test_again.py")


class Entry(Layer, name="again.entry", source=HERE):
    """An element of which a part may be missing, and one is of no account."""

    net = U8(when=Outer("again.list.short") == 0)
    mark = Bits(1)
    place = Bits(7)
    known = Computed(Again(F.net, F.place))
    checks = (Check("twice", Again(F.net, F.place), Severity.WARN, Group.PROTOCOL, "again", "place"),)


class Listed(Layer, name="again.list", source=HERE):
    """A counted list."""

    short = Bits(4)
    count = Bits(4)
    entries = Array(Entry, F.count)


class Lists(Layer, name="again.lists", source=HERE):
    """Two lists, which have nothing to do with each other."""

    one = Struct(Listed)
    other = Struct(Listed)


LAYERS = (Entry, Listed, Lists)
for _layer in LAYERS:
    del REGISTRY[_layer.__name__]  # other tests try all layers that there are


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    REGISTRY.update((layer.__name__, layer) for layer in LAYERS)
    yield
    for layer in LAYERS:
        del REGISTRY[layer.__name__]
        scapy_compile.LAYERS.pop(layer.__name__, None)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("03 0101 0102 0103 00", []),
        ("03 0101 0102 0101 00", [2]),
        ("03 0101 0181 0101 00", [1, 2]),  # the mark does not count
        ("03 0101 0201 0301 00", []),
        ("13 01 02 81 00", [2]),
        ("02 0101 0102 02 0101 0102", []),
        ("03 0101 0102 01", []),  # the third ends in the middle
        ("13 00 00", [1]),
    ],
)
def test_truth(data: str, wanted: list[int]) -> None:
    packet = layer_class("Lists")(bytes.fromhex(data.replace(" ", "")))
    entries = packet.one.entries
    assert [n for n, one in enumerate(entries) if any(f.code == "again.entry.twice" for f in one.findings)] == wanted
    assert [n for n, one in enumerate(entries) if one.known] == wanted


def test_engines_agree() -> None:
    """On lists of few different entries, whole and cut."""
    rng = random.Random(4)
    frames: list[Frame] = []
    for _ in range(2000):
        data = bytes(rng.choice((0, 1, 2, 3, 0x81, 0x13, 0x14, 5)) for _ in range(rng.randrange(14)))
        frames.append((data, {}, -1))
    compare("Lists", frames)


def test_names_are_checked() -> None:
    with pytest.raises(ValueError, match="did you mean place"):

        class Wrong(Layer, source=HERE):
            """A list's entry."""

            place = Bytes(1)
            checks = (Check("twice", Again(F.plaice), Severity.WARN, Group.PROTOCOL, "again"),)
