# SPDX-License-Identifier: GPL-2.0-or-later
"""Users' files of definitions: what they define is read like all else, and what is wrong in them is said."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dissectors.layers import layer_class
from dissectors.osgp import names
from dissectors.osgp.suites import NAMES, SUITES
from dissectors.osgp.tables import TABLES, numbers
from osgp_analyzer.analysis.contexts import context_fields
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.compile import TAKEN
from osgp_analyzer.engines.scapy.tree import values
from osgp_analyzer.filters.names import names as filter_names
from osgp_analyzer.schema import REGISTRY, Certainty
from osgp_analyzer.schema.errors import DefinitionError
from osgp_analyzer.schema.userfile import read
from tests.conftest import TESTS, load
from tests.engines.test_differential import Frame, compare

REAL: dict[str, dict[str, Any]] = {entry["id"]: entry for entry in load("real_payloads.json")}
DOCUMENT = (TESTS.parent / "docs" / "definitions.md").read_text()
EXAMPLE = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[0]

Define = Callable[[str], None]


def decoded(table: str, data: bytes, **known: int) -> Any:
    tables = {name.replace("__", "."): value for name, value in known.items()}
    return layer_class(table)(data, knowledge=Knowledge(tables=tables))


# -- what they define -----------------------------------------------------------------------------------------------


def channel(kind: int, tariff: int, *readings: int) -> bytes:
    return bytes([kind | tariff << 4]) + struct.pack(f"<{len(readings)}i", *readings)


def test_the_example_of_the_document(own_tables: Define) -> None:
    own_tables(EXAMPLE)
    data = struct.pack("<BH8sBB", 1, 1 << 0 | 1 << 10, b"S12345", 2, 3)
    data += channel(1, 4, 1234, -1, 0) + channel(2, 0, 5, 6, 7)
    data += struct.pack("<2I", 1, 2**32 - 1) + bytes([26, 11, 25, 13, 37, 0])
    packet = decoded("ET200", data, bt21__summations=2)
    assert packet.frame_findings() == []
    assert (packet.state, packet.alarms, packet.serial) == (1, 0x401, "S12345")
    assert [(c.kind, c.tariff, c.readings) for c in packet.channel] == [(1, 4, [1234, -1, 0]), (2, 0, [5, 6, 7])]
    assert (packet.totals, packet.changed) == ([1, 2**32 - 1], bytes([26, 11, 25, 13, 37, 0]))
    assert "totals" not in decoded("ET200", data[:1] + b"\0\2" + data[3:], bt21__summations=2).fields
    shown = packet.show(dump=True)
    assert all(text in shown for text in ("closed (1)", "export (2)", "1.234 kWh", "2026-11-25 13:37:00"))
    early = decoded("ET200", data[:-6], bt21__summations=2)
    assert early.frame_findings() == []
    assert "changed" not in early.fields


def test_it_is_known_everywhere(own_tables: Define) -> None:
    own_tables(EXAMPLE)
    definition = TABLES[2048 + 200].definition
    assert definition.source.certainty is Certainty.UNCONFIRMED
    assert {field.name: definition.source_of(field).certainty for field in definition.fields}["changed"] is (
        Certainty.INFERRED
    )
    assert names.TABLES[2048 + 200] == "ET200 Channel Readings"
    assert filter_names()["et200.state"].numbers("open") == {0}
    assert context_fields() >= {"bt21.summations", "et200.channels"}


def test_nothing_is_left_of_it() -> None:
    assert "ET200" not in REGISTRY
    assert 2048 + 200 not in TABLES
    assert "et200.state" not in filter_names()


REGISTERS = """
[[struct]]
name = "own_block"
source = "MEP guide p.207-211"
[[struct.field]]
name = "summation"
type = "i32"
unit = "Wh"
count = "bt21.summations"

[[table]]
number = "bt23"
title = "Registers"
source = "MEP guide p.207-211"
replace = true
[[table.field]]
name = "total"
type = "own_block"
[[table.field]]
name = "tiers"
type = "own_block"
count = "bt21.tiers"
"""


@pytest.mark.parametrize("name", ["mep-dab2-bt23-idx8", "mep-dab10-bt23"])
def test_registers_of_a_real_meter(own_tables: Define, name: str) -> None:
    """The energies that the owner of a meter read in it, with a definition in place of the built-in one."""
    own_tables(REGISTERS)
    entry = REAL[name]
    data = bytes.fromhex(entry["derived_here_not_published"]["table_data_hex"])
    packet = decoded("BT23", data, bt21__summations=11, bt21__tiers=4)
    assert packet.frame_findings() == []
    assert packet.total.summation[:2] == list(entry["expected"].values())
    read_in_it = [number for block in (packet.total, *packet.tiers) for number in block.summation]
    assert read_in_it == entry["derived_here_not_published"]["int32_le"]


CONFIGURATION = """
[[table]]
number = 0
title = "General Configuration"
source = "optical guide"
replace = true
field = [
  { name = "big_endian", type = "bits(1)" }, { name = "char_format", type = "bits(3)" },
  { name = "model", type = "bits(4)" },
  { name = "time_format", type = "bits(3)" }, { name = "data_access", type = "bits(2)" },
  { name = "id_bcd", type = "bits(1)" }, { name = "rest_2", type = "bits(2)" },
  { name = "int_format", type = "bits(2)" }, { name = "more_formats", type = "bits(6)" },
  { name = "manufacturer", type = "text", length = 4 }, { name = "nameplate", type = "u8" },
  { name = "default_set", type = "u8" }, { name = "parameters", type = "u8" }, { name = "response", type = "u8" },
  { name = "version", type = "u8" }, { name = "revision", type = "u8" },
  { name = "dims", type = "u8", count = 4 }, { name = "status", type = "u8" }, { name = "pending", type = "u8" },
  { name = "tables", type = "bitset", length = "dims_0" },
]
"""


def test_configuration_of_a_real_meter(own_tables: Define) -> None:
    """BT00, with the places of the sizes as fields of their own, since an array is not one number."""
    sizes = ", ".join(f'{{ name = "dims_{i}", type = "u8" }}' for i in range(4))
    own_tables(CONFIGURATION.replace('{ name = "dims", type = "u8", count = 4 }', sizes))
    entry = REAL["opt-ohb-bt00"]
    known = entry["derived_here_not_published"]
    packet = decoded("BT00", bytes.fromhex(entry["hex"])[: 19 + 10])
    assert packet.frame_findings() == []
    assert (packet.manufacturer, packet.nameplate, packet.version) == ("ELON", known["nameplate"], known["std_version"])
    assert (packet.char_format, packet.time_format, packet.data_access, packet.id_bcd) == (
        known["char_format"],
        known["time_format"],
        known["data_access"],
        known["id_bcd"],
    )
    assert [packet.dims_0, packet.dims_1, packet.dims_2, packet.dims_3] == known["dims"]
    members = [8 * i + bit for i, byte in enumerate(packet.tables) for bit in range(8) if byte >> bit & 1]
    assert members == known["BT_used"]


def test_files_that_need_each_other(tmp_path: Path) -> None:
    """A table of one file is sized by one of another; a later file can replace what an earlier one has."""
    before = dict(REGISTRY)
    sized, sizes, again = (tmp_path / name for name in ("a.toml", "b.toml", "c.toml"))
    sized.write_text(table("ET240", "ET240", 'name = "a"', 'type = "u16"', 'count = "et241.number"'))
    sizes.write_text(table("ET241", "ET241", 'name = "number"', 'type = "u8"'))
    again.write_text(
        table("ET241", "Again", 'name = "number"', 'type = "u16"').replace("[[table.", "replace=true\n[[table.")
    )
    try:
        assert [one.number for one in read([sized, sizes], numbers(), TAKEN, SUITES, NAMES).tables] == [2288, 2289]
    finally:
        REGISTRY.clear()
        REGISTRY.update(before)
    try:
        found = read([sized, sizes, again], numbers(), TAKEN, SUITES, NAMES).tables
        assert found[-1].layer.definition.title == "Again"
        assert REGISTRY["ET241"] is found[-1].layer
    finally:
        REGISTRY.clear()
        REGISTRY.update(before)
    assert "is the name of a layer" not in said(sizes.read_text())


# -- both engines ---------------------------------------------------------------------------------------------------

WIDE = """
[[struct]]
name = "own_inner"
source = "this test"
field = [
  { name = "low", type = "bits(3)" }, { name = "high", type = "bits(5)" },
  { name = "values", type = "i16", count = "own_outer.number % 4" },
  { name = "more", type = "u24", when = "low > 3 or own_outer.number == 0" },
]
[[struct]]
name = "own_outer"
source = "this test"
field = [
  { name = "number", type = "u8" },
  { name = "inner", type = "own_inner", count = "et99.channels & 3" },
  { name = "bounded", type = "own_inner", length = "3 + (number >> 6)" },
]
[[table]]
number = "ET99"
title = "All types"
source = "this test"
field = [
  { name = "channels", type = "u8" }, { name = "alarms", type = "flags", length = 3, values = { 20 = "x" } },
  { name = "outer", type = "own_outer", count = "bt21.tiers" },
  { name = "big", type = "u64", when = "bt21.date_time == 1 and channels > 2" },
  { name = "middle", type = "u48" }, { name = "small", type = "i8", scale = "0.1", unit = "V" },
  { name = "set", type = "bitset", length = "(bt21.summations + 7) // 8" },
  { name = "digits", type = "bcd", length = 2 }, { name = "called", type = "text", length = "channels % 5" },
  { name = "clock", type = "time" }, { name = "day", type = "stime_date", count = 2 },
  { name = "moment", type = "seconds_since_1900" },
  { name = "words", type = "bits(12)" }, { name = "rest", type = "bits(20)" },
  { name = "late", type = "u16", when = "remaining > 4" },
  { name = "tail", type = "u16", count = "*" },
]
"""
WHOLE = {"osgp.service": 0x30, "osgp.table": 2048 + 99}
CONTEXT = {"bt21.tiers": 2, "bt21.summations": 11, "bt21.date_time": 1, "et99.channels": 6}


def answer(data: bytes) -> bytes:
    """A response on the MEP port: length, code, count, data, digest."""
    body = b"\0" + len(data).to_bytes(2, "big") + data + bytes(8)
    return len(body).to_bytes(2, "big") + body


def frames(rng: random.Random, number: int) -> list[Frame]:
    found: list[Frame] = []
    for _ in range(number):
        data = bytes(rng.choice((0, 1, 6, rng.randrange(256), rng.randrange(256))) for _ in range(rng.randrange(90)))
        asked = {"osgp.service": 0x3F, "osgp.table": 2147, "osgp.offset": rng.randrange(40)}
        known = {name: value for name, value in CONTEXT.items() if rng.random() < 0.9}
        known |= {"bt21.tiers": rng.randrange(4)} if rng.random() < 0.5 else {}
        frame = answer(data)
        frame = frame[: rng.randrange(len(frame))] if rng.random() < 0.1 else frame
        found.append((frame, WHOLE if rng.random() < 0.6 else asked, -1, known))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_both_engines_read_it_alike(own_tables: Define, seed: int) -> None:
    own_tables(WIDE)
    compare("MEP", frames(random.Random(seed), 1200))


def test_it_is_reached_through_messages(own_tables: Define) -> None:
    own_tables(WIDE)
    knowledge = Knowledge(request=WHOLE, tables=CONTEXT | {"bt21.tiers": 0})
    found = values(
        layer_class("MEP")(answer(bytes([6, 0, 0, 16]) + (2**63).to_bytes(8, "little")), knowledge=knowledge)
    )
    assert (found["et99.channels"], found["et99.alarms"], found["et99.big"]) == (6, 1 << 20, 2**63)
    pending = {"osgp.service": 0x30, "osgp.table": 2147 + 4096}
    data = bytes.fromhex("02ffffffffff") + bytes([9])
    found = values(layer_class("MEP")(answer(data), knowledge=Knowledge(request=pending)))
    assert found["et99.channels"] == 9


# -- what is wrong in them ------------------------------------------------------------------------------------------


def table(number: str, title: str, *lines: str) -> str:
    return "\n".join(
        (f'[[table]]\nnumber = "{number}"\ntitle = "{title}"\nsource = "s"', "[[table.field]]", *lines, "")
    )


def said(text: str | bytes, path: Path | None = None) -> str:
    """What is wrong with a file, without its name; nothing stays defined."""
    import tempfile

    before = dict(REGISTRY)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            read([path], numbers(), TAKEN, SUITES, NAMES)
        except DefinitionError as error:
            assert dict(REGISTRY) == before
            return "\n".join(error.errors).replace(f"{path}", "own.toml")
        finally:
            REGISTRY.clear()
            REGISTRY.update(before)
    return ""


def one(*lines: str) -> str:
    """A table whose second field has these lines, the first of them in line 9."""
    return table("ET99", "T", 'name="n"', 'type="u8"', "[[table.field]]", *lines)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (one('name="a"', 'type="u9"'), "own.toml:10: ET99.a: type is 'u9', which is no type; did you mean u8?"),
        (one('name="a"', 'tipe="u8"'), "own.toml:10: ET99.a: tipe is no key"),
        (one('name="a"', 'type="u8"', 'lable="x"'), "own.toml:11: ET99.a: lable is no key of a field of type u8"),
        (one('name="a"', 'type="u8"', "length=2"), "own.toml:11: ET99.a: length is no key of a field of type u8"),
        (
            one('name="a"', 'type="u8"', 'when="m > 1"'),
            "own.toml:11: ET99.a: when refers to 'm', which is no field of ET99",
        ),
        (one('name="a"', 'type="u8"', 'count="a"'), "count refers to 'a', which does not come before it"),
        (one('name="a"', 'type="u8"', 'when="bt21.sumations > 1"'), "did you mean bt21.summations?"),
        (one('name="a"', 'type="u8"', "when=true"), 'ET99.a: when is an expression in text: write when = "..."'),
        (one('name="n"', 'type="u8"'), "ET99.n: name is that of an earlier field of ET99"),
        (one('name="A b"', 'type="u8"'), "name is lower-case letters"),
        (one('name="payload"', 'type="u8"'), "name is a word that the analyzer, Python or Scapy uses itself"),
        (one('name="showing"', 'type="u8"'), ""),
        (one('name="show"', 'type="u8"'), "name is a word that"),
        (one('name="remaining"', 'type="u8"'), "name is a word that"),
        (one('name="info"', 'type="u8"'), "name is a word that"),
        (one('name="class"', 'type="u8"'), "name is a word that"),
        (one('name="a"', 'type="bytes"', "length=-1"), "length is negative: it can be 0 to 16777216"),
        (one('name="a"', 'type="bytes"', 'length="0 - 2 * 3"'), "length is always negative"),
        (one('name="a"', 'type="bytes"', "length=99999999999999999999999999"), "length is too large"),
        (one('name="a"', 'type="bytes"', 'length="n * 99999999999999999999"'), "length can get too large"),
        (one('name="a"', 'type="bytes"', 'length="__import__(1)"'), "length has '__import__(1)'"),
        (one('name="a"', 'type="u8"', "count=1.5"), "count is an expression in text"),
        (one('name="a"', 'type="bytes"', "count=2"), "ET99.a: has no length: elements need one"),
        (one('name="a"', 'type="bcd"'), "ET99.a: has no length"),
        (one('name="a"', 'type="bits(0)"'), "type has 1 to 32 bits"),
        (one('name="a"', 'type="bits(5)"'), "ET99: ends inside a byte: 3 bits are missing"),
        (one('name="a"', 'type="bits(8)"', 'when="n"'), "when is not for bits"),
        (one('name="a"', 'type="flags"'), "length of flags is 1, 2, 3, 4, 6 (bytes)"),
        (
            one('name="a"', 'type="flags"', "length=1", 'values={8="x"}'),
            "has the key '8', which is no number from 0 to 7",
        ),
        (one('name="a"', 'type="u8"', "values={256='x'}"), "which is no number from 0 to 255"),
        (one('name="a"', 'type="u8"', "values={1=2}"), "values has no text to show for 1"),
        (one('name="a"', 'type="u8"', "values=[]"), "values gives numbers their names"),
        (one('name="a"', 'type="u8"', 'scale="0"'), "scale is a decimal number above 0"),
        (one('name="a"', 'type="u8"', "scale=1e999999999"), "scale is a decimal number above 0"),
        (one('name="a"', 'type="u8"', 'label="\\u001b[31m"'), "such that cannot be shown"),
        (one('name="a"', 'type="u8"', 'certainty="sure"', 'source="s"'), "certainty is 'confirmed', 'one source'"),
        (one('name="a"', 'type="u8"', 'certainty="inferred"'), "certainty needs a source"),
        (
            one('name="a"', 'type="u64"') + '[[table.field]]\nname="b"\ntype="bytes"\nlength="a"',
            "length can get too large",
        ),
        (
            one('name="a"', 'type="bytes"') + '[[table.field]]\nname="b"\ntype="u8"',
            "ET99.b: comes behind a, which takes all",
        ),
        (
            one('name="a"', 'type="text"', "length=1") + '[[table.field]]\nname="b"\ntype="u8"\ncount="a"',
            "is not one number",
        ),
        (one('type="u8"'), "ET99.field 2: has no name"),
        (table("ET99", "T", 'name="a"', 'type="u8"').replace('source = "s"', ""), "own.toml:1: ET99: has no source"),
        (table("ET99", "", 'name="a"', 'type="u8"'), "ET99: title is empty"),
        (
            table("BT23", "T", 'name="a"', 'type="u8"'),
            "BT23: number is the name of a layer: to have this one in its place",
        ),
        (table("XT23", "T", 'name="a"', 'type="u8"'), 'number is a table: "BT23", "ET99"'),
        (table("ET2048", "T", 'name="a"', 'type="u8"'), "number is a table"),
        (table("ET99", "T", 'name="a"', 'type="u8"') * 2, "ET99: number is defined in own.toml too"),
        ('[[table]]\nnumber="ET99"\ntitle="t"\nsource="s"', "ET99: has no fields: write [[table.field]]"),
        (
            '[[table]]\nnumber="ET99"\ntitle="t"\nsource="s"\nfields=[]',
            "fields is no key of a table; did you mean field?",
        ),
        ('[[tabel]]\nnumber="ET99"', "'tabel' is not known here; did you mean table?"),
        ("[table]\nnumber=1", "write [[table]]"),
        ("", "defines nothing"),
        ("a = ", "own.toml:1: is no TOML: Invalid value"),
        (b"\xff\xfe", "is not UTF-8 at byte 0"),
        ("a = " + "[" * 5000, "has too many brackets inside each other"),
        ("a = " + "9" * 5000, "is no TOML"),
        ("#" * (1 << 21), "is larger than 1 MiB"),
    ],
)
def test_what_is_wrong_is_said(text: str | bytes, wrong: str) -> None:
    found = said(text)
    assert wrong in found
    assert bool(wrong) == bool(found)
    assert "Traceback" not in found


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = one('name="a"', 'type="u9"', 'colour="red"') + '[[table.field]]\nname="n"\ntype="u8"\nwhen="x"'
    assert len(said(text).splitlines()) >= 3


def structs(*links: tuple[str, str]) -> str:
    """Structs that have others inside, and a table with the first."""
    made = [f'[[struct]]\nname="{name}"\nsource="s"\nfield=[{{name="x", type="{inner}"}}]' for name, inner in links]
    return "\n".join([*made, table("ET99", "T", 'name="a"', f'type="{links[0][0]}"')])


def test_structs_inside_each_other() -> None:
    assert said(structs(("s0", "s1"), ("s1", "u8"))) == ""
    assert "has itself inside" in said(structs(("s0", "s0")))
    assert "has itself inside" in said(structs(("s0", "s1"), ("s1", "s2"), ("s2", "s0")))
    many = [(f"s{i}", f"s{i + 1}") for i in range(1000)]
    assert "more than 8 structs inside each other" in said(structs(*many, ("s1000", "u8")))
    assert "used by no field" in said(structs(("s0", "u8"), ("s1", "u8")))
    assert "is the name of a layer" in said(structs(("npdu", "u8")))


def test_a_struct_refers_to_what_is_around_it() -> None:
    struct_ = '[[struct]]\nname="s"\nsource="s"\nfield=[{name="x", type="u8", count="%s"}]\n'
    around = table("ET98", "T", 'name="n"', 'type="u8"', "[[table.field]]", 'name="a"', 'type="s"')
    late = table("ET98", "T", 'name="a"', 'type="s"', "[[table.field]]", 'name="n"', 'type="u8"')
    assert said(struct_ % "et98.n" + around) == ""
    assert "which is no field of s; did you mean et98.n?" in said(struct_ % "n" + around)
    assert "does not come before it" in said(struct_ % "et98.n" + late)
    assert "ET99 has this struct inside as well" in said(
        struct_ % "et98.n" + around + table("ET99", "T", 'name="a"', 'type="s"')
    ).replace("et99", "ET99")


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_refused_with_a_sentence(seed: int) -> None:
    rng = random.Random(seed)
    words = re.findall(r"\w+|[^\w\s]", EXAMPLE + WIDE)
    for _ in range(60):
        lines = EXAMPLE.splitlines()
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(lines))
            match rng.randrange(3):
                case 0:
                    del lines[at]
                case 1:
                    lines.insert(at, rng.choice(lines))
                case 2:
                    pieces = re.split(r"(\w+|[^\w\s])", lines[at])
                    pieces[rng.randrange(len(pieces))] = rng.choice(words)
                    lines[at] = "".join(pieces)
        found = said("\n".join(lines))  # anything but a DefinitionError would end the test
        assert all(line.startswith("own.toml") for line in found.splitlines())
