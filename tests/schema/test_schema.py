# SPDX-License-Identifier: GPL-2.0-or-later
"""The definition language itself: expressions, types, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from osgp_analyzer import schema
from osgp_analyzer.engines.scapy.compile import scapy_layer
from osgp_analyzer.engines.text import members, printable
from osgp_analyzer.schema import (
    BCD,
    I16,
    U8,
    U16,
    Array,
    Bits,
    BitSet,
    Bytes,
    Call,
    Case,
    Cases,
    Check,
    F,
    Flags,
    If,
    Known,
    Layer,
    Map,
    Not,
    Payload,
    Remaining,
    SizeOf,
    Source,
    Struct,
    Switch,
    Text,
    Time,
)

HERE = Source("this test")


class Env:
    """Values for expressions."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def field(self, name: str) -> Any:
        return self.values.get(name)

    def call(self, name: str, *args: Any) -> Any:
        return (name, *args)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (F.a + 1, 6),
        (F.a - F.b, 3),
        (F.a * 3 // 4, 3),
        (F.a % 0, None),
        (F.a << 2, 20),
        (F.a & 4, 4),
        (F.missing + 1, None),
        ((F.a == 5) & (F.b == 2), True),
        ((F.a == 5) & (F.missing == 2), None),
        ((F.a == 6) & (F.missing == 2), False),
        ((F.a == 5) | (F.missing == 2), True),
        ((F.a == 6) | (F.missing == 2), None),
        (Not(F.missing == 2), True),
        (Known(F.missing), False),
        (Known(F.a), True),
        (If(F.a > 4, F.b, 9), 2),
        (If(F.missing > 4, F.b, 9), 9),
        (Map(F.b, {2: 7}), 7),
        (Map(F.a, {2: 7}), None),
        (F.a.among(4, 5), True),
        (Call("p", F.a, 1), ("p", 5, 1)),
    ],
)
def test_expressions(expression: schema.Expr, expected: Any) -> None:
    assert expression.compile()(Env(a=5, b=2)) == expected  # type: ignore[arg-type]


def test_an_expression_is_not_a_condition_of_python() -> None:
    with pytest.raises(TypeError, match="join conditions with &"):
        bool(F.a == 1)


def test_a_misspelt_field_is_refused_with_the_right_name() -> None:
    with pytest.raises(ValueError, match=r"Wrong.b refers to 'lenght'.*did you mean length\?"):

        class Wrong(Layer, source=HERE):
            length = U8()
            b = Bytes(F.lenght)


def test_a_field_cannot_depend_on_a_later_one() -> None:
    with pytest.raises(ValueError, match="not a field before it"):

        class Later(Layer, source=HERE):
            b = Bytes(F.length)
            length = U8()


def test_a_layer_needs_a_source() -> None:
    with pytest.raises(ValueError, match="needs a source"):

        class Unfounded(Layer):
            a = U8()


def test_bits_from_the_low_end_must_fill_bytes() -> None:
    with pytest.raises(ValueError, match="do not fill whole bytes"):

        class Ragged(Layer, source=HERE, bit_order="lsb"):
            a = Bits(3)
            b = U8()


def test_names_of_scapy_are_refused() -> None:
    class Taken(Layer, source=HERE):
        time = U8()

    with pytest.raises(ValueError, match="Scapy uses this name"):
        scapy_layer(Taken)


class Everything(Layer, name="everything", source=HERE, order="little", bit_order="lsb"):
    """One field of each type."""

    low = Bits(4, {5: "five"})
    high = Bits(4)
    number = U16()
    big = U16(order="big")
    signed = I16()
    flags = Flags(1, {0: "first", 7: "last"})
    text = Text(6, pad=" ")
    digits = BCD(2)
    numbers = BitSet(2)
    from_top = BitSet(1, msb_first=True)
    since = Time("seconds_since_1900", order="big")
    when_seen = Time("ltime_date")
    size = U8(auto=SizeOf("items"))
    items = Array(U8(), F.size)


EVERYTHING = bytes.fromhex(
    "a5 3412 3412 feff 81 4f5347502020 1234 0180 c0 e8d4a510 180102030405 03 010203".replace(" ", "")
)


def test_every_type_both_ways() -> None:
    packet = scapy_layer(Everything)(EVERYTHING)
    assert packet.frame_findings() == []
    assert (packet.low, packet.high, packet.number, packet.big, packet.signed) == (5, 10, 0x1234, 0x3412, -2)
    assert packet.flags == 0x81
    assert packet.fields["text"] == "OSGP"
    assert members(packet.numbers) == [0, 15]
    assert members(packet.from_top, msb_first=True) == [0, 1]
    assert packet.since == 0xE8D4A510
    assert packet.items == [1, 2, 3]
    texts = {name: packet.fieldtype[name].i2repr(packet, packet.fields[name]) for name in packet.fields}
    assert texts["low"] == "five (5)"
    assert texts["flags"] == "0x81 (first, last)"
    assert texts["digits"] == "1234"
    assert texts["when_seen"] == "2024-01-02 03:04:05"
    # 0xE8D4A510 s after 1900 is 1697261200 s after 1970 (RFC 868: the difference is 2208988800).
    assert texts["since"] == "2023-10-14 05:26:40 UTC"
    packet.clear_cache()
    assert bytes(packet) == EVERYTHING
    made = scapy_layer(Everything)(items=[7, 8])
    assert scapy_layer(Everything)(bytes(made)).size == 2


def test_choices_bounds_and_trailers() -> None:
    class Short(Layer, source=HERE):
        a = U8()

    class Long(Layer, source=HERE):
        a = U16()
        more = U8(when=Remaining() > 0)

    class Outside(Layer, name="outside", source=HERE):
        kind = U8()
        length = U8(auto=SizeOf("payload"))
        inner = Struct(Cases((Case(F.kind == 9, Short),), Switch(F.kind, {1: Short, 2: Long})), length=2)
        body = Payload(Switch(F.kind, {1: Short, 2: Long}), length=F.length)
        end = U8()
        checks = (Check("nine", F.kind == 9, schema.Severity.NOTE, schema.Group.PROTOCOL, "kind is {kind}", "kind"),)

    layer = scapy_layer(Outside)
    packet = layer(bytes.fromhex("02 03 abcd 010203 ff 99".replace(" ", "")))
    assert (packet.inner.a, packet.payload.a, packet.payload.more, packet.end) == (0xABCD, 0x0102, 3, 0xFF)
    assert packet.spans["end"].offset == 7
    assert packet.padding_bytes == b"\x99"
    short = layer(bytes.fromhex("02 05 abcd 0102".replace(" ", "")))
    assert [(f.code, f.offset) for f in short.findings] == [("outside.truncated", 4)]
    nine = layer(bytes.fromhex("09 01 abcd 77 ff".replace(" ", "")))
    assert [(f.code, f.text) for f in nine.findings] == [("outside.nine", "kind is 9")]
    assert nine.inner.a == 0xAB


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ümlaut", "plain ümlaut"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb", "a\\nb"),
        ("\u202eevil", "\\u202eevil"),
        ("\x9b", "\\x9b"),
    ],
)
def test_what_a_terminal_could_act_on_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
