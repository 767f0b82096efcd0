# SPDX-License-Identifier: GPL-2.0-or-later
"""One real definition (NPDU) read by Scapy and by Lua: same values and offsets, damaged frames included. (Columns are
held against Scapy for every layer in tests/engines.)"""

from __future__ import annotations

import random

import pytest
from lupa import lua54  # type: ignore[import-untyped]

from dissectors.en14908.npdu import NPDU as DEFINITION
from dissectors.layers import NPDU
from osgp_analyzer import schema
from osgp_analyzer.schema import U8, Array, Bits, Context, F, Layer, Source, Struct
from tests.conftest import load
from tests.schema.seeds import LUA_RUNTIME, lua


def frames() -> list[bytes]:
    rng = random.Random(14908)
    whole = [bytes.fromhex(f["hex"])[1:] for f in load("frames.json") if f["link"].startswith("lon")]
    whole += [bytes.fromhex(f["hex"])[1:] for f in load("sidecars/native_lpdu.json")["frames"]]
    cut = [f[: rng.randrange(len(f) + 1)] for f in whole]
    noise = [rng.randbytes(rng.randrange(24)) for _ in range(500)]
    # Version 1 and 3 have no addresses; they are part of the noise.
    return [f for f in whole + cut + noise if f]


FRAMES = frames()
FIELDS = [f for f in DEFINITION.definition.header if not isinstance(f, schema.Bytes)]


@pytest.fixture(scope="module")
def dissected() -> list[NPDU]:
    return [NPDU(f) for f in FRAMES]


def test_lua(dissected: list[NPDU]) -> None:
    runtime = lua54.LuaRuntime(encoding=None)
    runtime.execute(LUA_RUNTIME.encode())
    read = runtime.execute(lua(DEFINITION.definition).encode())
    for data, packet in zip(FRAMES, dissected, strict=True):
        values, offsets = read(data)
        for field in FIELDS:
            assert values[field.name.encode()] == packet.field_value(field.name), (data.hex(), field.name)
        assert {k.decode(): v for k, v in offsets.items()} == {n: s.offset for n, s in packet.spans.items()}


def test_a_table_whose_array_length_is_in_another_table() -> None:
    """Meter tables: little-endian, bits from the low end, lengths in a dimension table."""
    from osgp_analyzer.engines.knowledge import Knowledge
    from osgp_analyzer.engines.scapy.compile import scapy_layer

    source = Source("made up for this test")

    class Reading(Layer, name="reading", source=source, order="little", bit_order="lsb"):
        tier = Bits(3)
        valid = Bits(1)
        amount = Bits(12)

    class Readings(Layer, name="readings", source=source, order="little", bit_order="lsb"):
        number = schema.U16()
        reading = Array(Reading, Context("dim.count"))
        last = Struct(Reading)
        flag = U8(when=F.number == 0x0102)

    data = bytes.fromhex("02010d10fa0f0b0007")
    known = scapy_layer(Readings)(data, knowledge=Knowledge(tables={"dim.count": 2}))
    assert known.number == 0x0102
    assert [(r.tier, r.valid, r.amount) for r in known.reading] == [(5, 1, 0x100), (2, 1, 0xFF)]
    assert (known.last.tier, known.flag) == (3, 7)
    assert bytes(known) == data
    known.clear_cache()
    assert bytes(known) == data

    unknown = scapy_layer(Readings)(data)
    assert [f.code for f in unknown.frame_findings()] == ["readings.unknown_size"]
    assert "dim.count" in unknown.frame_findings()[0].text
    assert bytes(unknown.payload) == data[2:]  # no guess: the rest stays bytes
