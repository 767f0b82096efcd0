# SPDX-License-Identifier: GPL-2.0-or-later
"""The layout of a definition without bytes: where dissecting has its fields, as far as they can be told."""

from __future__ import annotations

from typing import Any

from osgp_analyzer import schema
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.compile import scapy_layer
from osgp_analyzer.schema import (
    U8,
    U16,
    Array,
    Bits,
    Bytes,
    Computed,
    Context,
    F,
    Layer,
    Outer,
    Remaining,
    Source,
    Struct,
    Time,
)
from tests.guides.layout import layout

SOURCE = Source("made up for this test")


class Cell(Layer, name="cell", source=SOURCE, order="little", bit_order="lsb"):
    low = Bits(3)
    high = Bits(13)
    times = Array(Time("stime_date"), Outer("sheet.depth"))


class Sheet(Layer, name="sheet", source=SOURCE, order="little", bit_order="lsb"):
    kind = U8()
    depth = Computed(Context("dim.depth"))
    counter = U16(when=Context("dim.counter") == 1)
    cells = Array(Cell, Context("dim.cells"))
    last = Struct(Cell, length=20)
    extra = U8(when=F.kind == 7)
    tail = U8(when=Remaining() > 0)
    rest = Bytes()


DIMENSIONS = {"dim.depth": 2, "dim.cells": 3, "dim.counter": 1}


def test_places_are_those_of_dissecting() -> None:
    """Offsets of every field, nested ones and first elements included, are those that the Scapy layer records."""
    packet: Any = scapy_layer(Sheet)(bytes(range(7, 90)), knowledge=Knowledge(tables=DIMENSIONS))
    places = {(p.level, p.name): p for p in layout(Sheet.definition, DIMENSIONS, {"sheet.kind": 7}, size=83)}
    for name, span in packet.spans.items():
        place = places[0, f"sheet.{name}"]
        assert (place.bit, place.bits) == (span.bit, span.bits), name
    first = packet.cells[0]
    for name, span in first.spans.items():
        place = next(p for p in layout(Sheet.definition, DIMENSIONS, {"sheet.kind": 7}) if p.name == f"cell.{name}")
        assert (place.bit, place.bits) == (first.frame_offset * 8 + span.bit, span.bits), name


def test_arrays_have_their_stride() -> None:
    places = {p.name: p for p in layout(Sheet.definition, DIMENSIONS, {"sheet.kind": 0})}
    cells = places["sheet.cells"]
    assert (cells.offset, cells.size, cells.count, cells.stride) == (3, 36, 3, 12 * 8)
    assert (places["cell.high"].offset, places["cell.high"].bits) == (39, 13)  # the struct after the array
    assert "sheet.extra" not in places


def test_what_cannot_be_placed_is_said() -> None:
    places = layout(Sheet.definition, {"dim.depth": 2, "dim.counter": 0})
    by_name = {p.name: p for p in places}
    assert (by_name["sheet.cells"].offset, by_name["sheet.cells"].bits) == (1, None)
    assert "dim.cells" in by_name["sheet.cells"].missing
    assert by_name["sheet.last"].bit is None
    assert "dim.counter" in {p.name: p for p in layout(Sheet.definition, {"dim.depth": 2})}["sheet.counter"].missing
    unknown = {p.name: p for p in layout(Sheet.definition, DIMENSIONS)}
    assert "sheet.kind" in unknown["sheet.extra"].missing
    assert unknown["sheet.tail"].bit is None


def test_optional_parts_end_with_the_table() -> None:
    def there(size: int | None) -> bool:
        return any(p.name == "sheet.tail" for p in layout(Sheet.definition, DIMENSIONS, {"sheet.kind": 0}, size))

    assert there(None)
    assert there(60)
    assert not there(59)


def test_the_size_of_the_rest_needs_that_of_the_table() -> None:
    rest = [layout(Sheet.definition, DIMENSIONS, {"sheet.kind": 0}, size)[-1] for size in (None, 70)]
    assert [(p.offset, p.size) for p in rest] == [(60, None), (60, 10)]
    assert isinstance(rest[0].field, schema.Bytes)
