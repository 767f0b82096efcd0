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

KNOWN: Mapping[tuple[str, str], str] = {}


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
