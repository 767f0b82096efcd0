# SPDX-License-Identifier: GPL-2.0-or-later
"""Extracts the tables of a guide and holds the definitions against them.

    python -m tests.guides GUIDE.txt [--save NAME]

GUIDE.txt is what ``pdftotext -layout`` makes of a guide. ``--save mep`` or ``--save optical`` writes the extracted
facts to tests/data/guide_offsets.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tests.guides.compare import compare
from tests.guides.extract import extract
from tests.guides.facts import FILE, known_reason, to_json


def main() -> None:
    parser = argparse.ArgumentParser(description="Hold the table definitions against a guide.")
    parser.add_argument("guide", type=Path, help="text of the guide, from pdftotext -layout")
    parser.add_argument("--save", choices=("mep", "optical"), help="write the facts to tests/data under this name")
    arguments = parser.parse_args()
    tables = extract(arguments.guide.read_text())
    if arguments.save:
        facts = json.loads(FILE.read_text()) if FILE.exists() else {}
        facts[arguments.save] = to_json(tables)
        FILE.write_text(json.dumps(facts, ensure_ascii=False, separators=(",", ":")).replace("],[", "],\n[") + "\n")
    rows = sum(len(table.rows) for table in tables.values())
    print(f"{len(tables)} tables and procedures, {rows} rows")
    for name, table in tables.items():
        report = compare(name, table)
        if report is None:
            print(f"{name}: not defined yet, {len(table.rows)} rows")
            continue
        print(f"{name}: {report.agree} of {len(table.rows) - report.headings} rows agree")
        for kind, found in (("differs", report.differences), ("not read", report.unread)):
            for row, reason in found.items():
                known = known_reason(name, row)
                print(f"  {kind}: {row}: {reason}" + (f" [known: {known}]" if known else ""))
        if report.ours:
            print(f"  not in the guide: {', '.join(report.ours)}")


if __name__ == "__main__":
    main()
