# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of tables whose sizes are in other tables: what can be placed is read, at its place, by both engines."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from dissectors.layers import layer_class
from osgp_analyzer.engines.impossible import impossible
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy import compile as scapy_compile
from osgp_analyzer.schema import (
    BCD,
    I32,
    REGISTRY,
    U8,
    U16,
    Array,
    Bits,
    BitSet,
    Bytes,
    Context,
    F,
    If,
    Layer,
    Remaining,
    Source,
    Struct,
    Switch,
    Time,
    View,
)
from tests.engines.test_differential import Frame, compare

HERE = Source("tests/engines/test_views.py")
TABLE = {"source": HERE, "order": "little", "bit_order": "lsb"}


class Block(Layer, name="views.block", **TABLE):  # type: ignore[arg-type]
    """An element whose size is in another table."""

    end = Time("stime_date", when=Context("views.dim.times") == 1)
    status = BitSet((Context("views.dim.channels") + 7) // 8)
    channel = Array(U16(), Context("views.dim.channels"))


class Register(Layer, name="views.register", **TABLE):  # type: ignore[arg-type]
    """Flags, a count of its own, arrays sized by itself and by another table."""

    low = Bits(3)
    high = Bits(5)
    word_low = Bits(10)
    word_high = Bits(6)
    number = U8()
    own = Array(U8(), F.number)
    registers = Array(I32(), Context("views.dim.registers"))
    optional = U16(when=If(Context("views.dim.times") == 1, F.low > 3, 0))
    block = Array(Block, Context("views.dim.blocks"))
    last = Struct(Block)
    dates = Array(Time("ltime_date"), 1)
    digits = BCD(2)
    clock = Time("time", when=Remaining() > 3)
    tail = U8(when=Remaining() > 0)


class Message(Layer, name="views.message", source=HERE):
    """A message that carries a part of a table."""

    whole = U8()
    skip = U16()
    count = U8()
    data = Bytes(F.count)
    after = U8()
    content = View(
        Switch(F.whole & 0x7F, {0: Register, 1: Register, 2: Block}), F.data, skip=F.skip, whole=F.whole == 0
    )


LAYERS = (Block, Register, Message)
for _layer in LAYERS:
    del REGISTRY[_layer.__name__]  # other tests try all layers that there are


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    REGISTRY.update((layer.__name__, layer) for layer in LAYERS)
    yield
    for layer in LAYERS:
        del REGISTRY[layer.__name__]
        scapy_compile.LAYERS.pop(layer.__name__, None)


DIMENSIONS = {"views.dim.times": 1, "views.dim.channels": 3, "views.dim.registers": 4, "views.dim.blocks": 6}
BLOCK = bytes([26, 11, 25, 12, 0]) + b"\x07" + bytes([1, 0, 2, 0, 3, 0])
BODY = bytes([0xAD, 0x34, 0x12, 2, 9, 8]) + b"".join(n.to_bytes(4, "little") for n in (1, 2, 3, 4)) + b"\x77\x66"
WHOLE = BODY + BLOCK * 7 + bytes([24, 2, 29, 23, 59, 59]) + b"\x98\x76" + bytes([1, 2, 3]) + b"\xee"


def message(data: bytes, skip: int = 0, whole: int = 0) -> bytes:
    return bytes([whole]) + skip.to_bytes(2, "big") + bytes([len(data)]) + data + b"\x55"


def read(frame: bytes, tables: dict[str, int]) -> object:
    return layer_class("Message")(frame, knowledge=Knowledge(tables=tables))


def test_the_whole_table() -> None:
    packet = read(message(WHOLE), DIMENSIONS)
    content = packet.content  # type: ignore[attr-defined]
    assert (content.low, content.high, content.word_low, content.word_high) == (5, 21, 0x234, 4)
    assert (content.own, content.registers, content.optional) == ([9, 8], [1, 2, 3, 4], 0x6677)
    assert [b.channel for b in content.block] == [[1, 2, 3]] * 6
    assert content.tail == 0xEE
    assert packet.after == 0x55  # type: ignore[attr-defined]
    assert packet.frame_findings() == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("skip", range(len(WHOLE)))
def test_every_part_has_the_values_of_the_whole(skip: int) -> None:
    """What a part shows is what the whole shows there, whatever its size."""
    known = DIMENSIONS | {"views.register.low": 5, "views.register.number": 2}
    whole = _places(read(message(WHOLE), known))
    for size in (1, 2, 5, 12, 40):
        part = read(message(WHOLE[skip : skip + size], skip, 1), known)
        found = _places(part)
        assert found.items() <= whole.items()
        covered = {key for key in whole if skip <= key[1] and key[1] + key[2] <= skip + len(WHOLE[skip : skip + size])}
        assert covered - found.keys() == set()


def _places(packet: object, at: int | None = None) -> dict[tuple[str, int, int], object]:
    """Values by name, offset in the table, and size."""
    content = packet.content if at is None else packet  # type: ignore[attr-defined]
    if content is None:
        return {}
    origin = (4 - packet.skip) if at is None else at  # type: ignore[attr-defined]
    found: dict[tuple[str, int, int], object] = {}
    for name, span in content.spans.items():
        value = content.fields[name]
        ones = value if isinstance(value, list) else [value]
        if any(hasattr(one, "spans") for one in ones):
            for one in ones:
                if one is not None:
                    found |= _places(one, origin)
            continue
        first = content.frame_offset - origin + span.offset
        if isinstance(value, list):
            kept = [(i, v) for i, v in enumerate(value) if v is not None]
            size = span.length // len(kept) if kept else 0
            start = first + span.length - size * len(kept)
            found |= {(f"{content.name}.{name}[{i}]", start + n * size, size): v for n, (i, v) in enumerate(kept)}
        else:
            found[f"{content.name}.{name}", first, span.length] = value
    return found


def test_without_the_other_table_nothing_is_guessed() -> None:
    packet = read(message(WHOLE), {})
    content = packet.content  # type: ignore[attr-defined]
    assert content.own == [9, 8]
    assert "registers" not in content.spans
    assert [(f.code, f.offset) for f in packet.frame_findings()] == [  # type: ignore[attr-defined]
        ("views.register.unknown_size", 4 + 6)
    ]
    assert "views.dim.registers" in packet.frame_findings()[0].text  # type: ignore[attr-defined]
    assert packet.after == 0x55  # type: ignore[attr-defined]


def test_a_condition_on_an_unseen_table_is_not_taken_for_false() -> None:
    tables = {name: value for name, value in DIMENSIONS.items() if name != "views.dim.times"}
    packet = read(message(WHOLE), tables)
    content = packet.content  # type: ignore[attr-defined]
    assert content.registers == [1, 2, 3, 4]
    assert "block" not in content.spans
    assert "views.dim.times" in packet.frame_findings()[0].text  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ("180b19173b3b", False),
        ("18021d000000", False),  # 2024 is a leap year
        ("19021d000000", True),
        ("64021d000000", True),  # 2100 is none
        ("000000000000", False),  # not set
        ("ffffffffffff", False),
        ("180d01000000", True),
        ("180b00000000", True),
        ("180b1f000000", True),
        ("180b19180000", True),
        ("180b19173c00", True),
        ("180b1917003c", True),
    ],
)
def test_impossible_dates(data: str, wrong: bool) -> None:
    assert impossible(Time("ltime_date"), bytes.fromhex(data)) == wrong


def frames(rng: random.Random, number: int) -> list[Frame]:
    found: list[Frame] = []
    own = {"views.register.low": 5, "views.register.number": 2}
    for _ in range(number):
        skip = rng.randrange(len(WHOLE) + 20)
        data = (
            bytes(b if rng.random() < 0.97 else rng.randrange(256) for b in WHOLE)[skip : skip + rng.randrange(60)]
            if rng.random() < 0.7
            else rng.randbytes(rng.randrange(40))
        )
        tables = {
            name: value if rng.random() < 0.8 else rng.randrange(9)
            for name, value in (DIMENSIONS | own).items()
            if rng.random() < 0.9
        }
        kind = rng.choice((0, 1, 1, 1, 2, 3))
        frame = message(data, skip if rng.random() < 0.8 else rng.choice((0, 0, 65535)), kind)
        found.append((frame[: rng.randrange(len(frame) + 1)] if rng.random() < 0.2 else frame, {}, -1, tables))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_both_engines_read_parts_alike(seed: int) -> None:
    compare("Message", frames(random.Random(seed), 2000))
