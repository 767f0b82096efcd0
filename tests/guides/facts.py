# SPDX-License-Identifier: GPL-2.0-or-later
"""The facts extracted from the guides, as they are kept in tests/data, and what is known to be wrong in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.conftest import TESTS
from tests.guides.extract import Row, Table

FILE = TESTS / "data" / "guide_offsets.json"
GUIDES = ("mep", "optical")

_VERSION = "the two bytes are one number with three parts"
_HEADING = "says what follows, whose fields have rows of their own"
_TELEGRAM = "inside the telegram of an M-Bus device, which is kept as bytes"
_LATER_RECORD = "a record that is not the first has no fixed place"
KNOWN: Mapping[tuple[str, str], str] = {
    ("ET03", "p.56 138..142"): "misprint: the CRC takes 137 and 138, so the rest begins at 139",
    ("BT01", "p.199 5…15"): "misprint: the rows around it and the optical guide give 12 to 13",
    ("BT01", "p.199 5…16"): "misprint: it follows 15, and the optical guide has the serial number there",
    ("BT01", "p.199 14 UINT8"): _VERSION,
    ("BT01", "p.199 15 UINT8"): _VERSION,
    ("BT01", "p.19 14 UINT8"): _VERSION,
    ("BT01", "p.19 15 UINT8"): _VERSION,
    ("BT01", "p.19 16 ARRAY[16]OFBCD"): "misprint: 16 digits; its text says that it is 8 bytes",
    ("EP19", "p.246 9 ARRAY[ET11.20-1]"): "the most that fits; how much there is is in the byte before",
    ("ET52", "p.131 GL+5+L0+2"): _LATER_RECORD,
    ("ET52", "p.132 GL+7+L0+2"): _LATER_RECORD,
    ("ET52", "p.132 GL+5+L0+L1"): _LATER_RECORD,
    ("ET52", "p.132 GL+7+L0+L1"): _LATER_RECORD,
    ("ET13", "p.80 - ARRAY[3]ofUINT8"): _HEADING,
    ("ET13", "p.82 8 UINT8:"): _HEADING,
    ("ET14", "p.89 23 LTIME_DATE"): "kept for other uses: no time that means anything",
    ("ET15", "p.90 - UINT8 Pointers"): _HEADING,
    ("ET15", "p.92 -"): "another reading of the multicast data, for MEP downloads",
    ("ET16", "p.92 6 UINT8"): _HEADING,
    ("ET16", "p.93 8"): _TELEGRAM,
    ("ET16", "p.93 12"): _TELEGRAM,
    ("ET16", "p.93 14"): _TELEGRAM,
    ("ET16", "p.94"): _TELEGRAM,
    ("ET16", "p.95 -"): _TELEGRAM,
    ("ET16", "p.95 14"): _TELEGRAM,
    ("ET16", "p.95 16"): _TELEGRAM,
    ("ET16", "p.95 20"): _TELEGRAM,
    ("ET16", "p.43 6 UINT8"): _HEADING,
    ("ET16", "p.43 8"): _TELEGRAM,
    ("ET16", "p.43 12"): _TELEGRAM,
    ("ET16", "p.43 14"): _TELEGRAM,
    ("ET16", "p.44"): _TELEGRAM,
    ("ET16", "p.45 -"): _TELEGRAM,
    ("ET16", "p.45 14"): _TELEGRAM,
    ("ET16", "p.45 16"): _TELEGRAM,
    ("ET16", "p.45 20"): _TELEGRAM,
    ("ET16", "p.95 11 ARRAY[L]"): "its length is in the field before it",
    ("ET16", "p.45 11 ARRAY[L]"): "its length is in the field before it",
    ("BT62", "p.236 BT61.11*31234"): "the numbers of the data sets, in the next column, are read with it",
    ("BT64", "p.36 (((BT61.11N/2)+1)+4*"): "no offset: the size of an interval, which the columns cut in two",
}
"""Rows of defined tables that do not agree, by table and begin of the row, and why."""

NOT_PRINTED: Mapping[str, str] = {
    r"bt00\.(basic|extended)_(tables|procedures)_(used|write)": "kept for internal use; CTC and a real meter have them",
    r"bt01\.(firmware_(major|minor|build)|serial_number)": "see the rows that are known to differ",
    r"bt03\.more_alarms": "as many as BT00 says; no source names them",
    r"bt6[01]\.set[234]_.*": "printed once, for data set N",
    r"bt07\.(procedure|response_handling|sequence_number)": "printed once for all procedures",
    r"bt08\.(procedure|filler|sequence_number|result_code)": "printed once for all procedures",
    r"bt0[78]\.(parameters|result)\.data": "printed with each procedure",
    r"ep19\.write_data": "see the rows that are known to differ",
    r"bp10\..*": "in no guide",
    r"et04\.reserved_71": "what is left of the byte",
    r"et52\.unused": "what is left of the table",
    r"et1[3-6]\.\w+\.rest": "what is left of a part whose size ET11 tells",
    r"et14\.device\.reserved": "see the rows that are known to differ",
    r"(bt62\.channel|bt63\.set|et16\.device)\.filler": "what is left of the byte",
    r"bt62\.set\.format": "see the rows that are known to differ",
    r"et16\.(mbus\.telegram|client\.data)": "see the rows that are known to differ",
    r"load_profile\.interval\..*": "printed as one field of bytes",
}
"""Fields that are in no row of a guide, by pattern of their full names."""


def known_reason(table: str, row: str) -> str:
    """Why a row is known not to agree, empty if it is not."""
    return next((reason for (name, start), reason in KNOWN.items() if name == table and row.startswith(start)), "")


def to_json(tables: Mapping[str, Table]) -> dict[str, Any]:
    """Tables as JSON: rows are page, offset, type and name."""
    return {
        name: {"symbols": table.symbols, "rows": [[r.page, r.offset, r.type, r.name] for r in table.rows]}
        for name, table in tables.items()
    }


def load_facts(guide: str) -> dict[str, Table]:
    """The tables of a guide out of tests/data."""
    facts = json.loads(FILE.read_text())[guide]
    return {name: Table([Row(*row) for row in table["rows"]], table["symbols"]) for name, table in facts.items()}
