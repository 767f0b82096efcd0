# SPDX-License-Identifier: GPL-2.0-or-later
"""Every defined table has its fields where the guides have them. (The facts come from the guides by tests.guides.)"""

from __future__ import annotations

import re

import pytest

from tests.guides.compare import compare
from tests.guides.extract import extract
from tests.guides.facts import GUIDES, KNOWN, NOT_PRINTED, known_reason, load_facts
from tests.guides.printed import Unreadable, evaluate, kind

REPORTS = {
    (guide, name): report
    for guide in GUIDES
    for name, table in load_facts(guide).items()
    if (report := compare(name, table)) is not None
}


@pytest.mark.parametrize(("guide", "name"), REPORTS)
def test_fields_are_where_the_guide_has_them(guide: str, name: str) -> None:
    report = REPORTS[guide, name]
    assert report.agree
    assert {row: why for row, why in report.differences.items() if not known_reason(name, row)} == {}
    assert {row: why for row, why in report.unread.items() if not known_reason(name, row)} == {}


@pytest.mark.parametrize(("guide", "name"), REPORTS)
def test_fields_are_in_the_guide(guide: str, name: str) -> None:
    assert [f for f in REPORTS[guide, name].ours if not any(re.fullmatch(p, f) for p in NOT_PRINTED)] == []


def test_what_is_known_to_differ_does() -> None:
    found = [(name, row) for (_, name), report in REPORTS.items() for row in (*report.differences, *report.unread)]
    for table, start in KNOWN:
        assert any(name == table and row.startswith(start) for name, row in found), (table, start)


def test_the_guides_are_covered() -> None:
    tables = {guide: load_facts(guide) for guide in GUIDES}
    assert len(tables["mep"]) >= 65
    assert {"ET55", "ET42", "BT54", "ET97", "EP61", "ET09"} <= set(tables["mep"])
    assert sum(len(t.rows) for t in tables["mep"].values()) > 1250
    assert sum(len(t.rows) for t in tables["optical"].values()) > 450


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("A + 4*BT21.3", 45), ("5+4*BT61.11N+SET((BT61.9N +7)/8)", 29), ("IF BT21.0.2 THEN 1 ELSE 0", 1)],
)
def test_offsets_as_they_are_printed(text: str, value: int) -> None:
    known = {"A": 1, "BT21.3": 11, "BT61.11N": 3, "BT61.9N": 96, "BT21.0.2": 1}
    assert evaluate(text, known.__getitem__) == value


def test_types_as_they_are_printed() -> None:
    read = {text: kind(text, {"BT21.3": 11}.__getitem__) for text in ("ARRAY[BT21.3]ofUINT8", "BOOL(12)", "UINT(4…7)")}
    assert (read["ARRAY[BT21.3]ofUINT8"].bits, read["ARRAY[BT21.3]ofUINT8"].count) == (8, 11)
    assert (read["BOOL(12)"].first, read["UINT(4…7)"].first, read["UINT(4…7)"].bits) == (12, 4, 4)
    with pytest.raises(Unreadable):
        kind("Arrayofthe", dict[str, int]().__getitem__)


PAGE = """
   ET99 (2147, 0x0863): Made Up
                   ET99, Made Up: Table Structure
     Field Name      Type      Offset   Value   VCI       Description
    First Thing    ARRAY[BT21.  0               M     Words that do not
                   3] of UINT8                        count, 12 of them.
    Second         BOOL(3)     BT21.3 + 1        M     1 = more words
    Thing
    Long Name Here UINT16      BT21.3 +         H     The rest.
                               2


12                                       OSGP MEP Client Developer’s Guide
"""


def test_wrapped_rows_are_put_together() -> None:
    rows = extract(PAGE)["ET99"].rows
    assert [(r.page, r.offset, r.type, r.name) for r in rows] == [
        (12, "0", "ARRAY[BT21.3]ofUINT8", "First Thing"),
        (12, "BT21.3+1", "BOOL(3)", "Second Thing"),
        (12, "BT21.3+2", "UINT16", "Long Name Here"),
    ]


def test_a_field_in_the_wrong_place_is_found() -> None:
    table = load_facts("mep")["BT21"]
    table.rows[-1].offset = "8"
    table.rows[-3].name = "Something Else"
    table.rows[-4].type = "UINT16"
    report = compare("BT21", table)
    assert report is not None
    found = [(row.split(" ", 3)[3], why.split(":")[0]) for row, why in report.differences.items()]
    assert found == [
        ("Number of Occurrences", "16 bits at 6.0"),
        ("Something Else", "another name"),
        ("Number of Present Values", "bt21.present_demands is in another row"),
    ]
