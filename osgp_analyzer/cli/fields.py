# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer fields``: the dictionary of all fields, made of the definitions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

import dissectors.carriers
import dissectors.cnip
import dissectors.en14908  # noqa: F401  defines the layers
from osgp_analyzer import schema
from osgp_analyzer.cli.main import OK, USAGE, nearest
from osgp_analyzer.schema import REGISTRY, Definition


def run(options: argparse.Namespace) -> int:
    """Print layers and fields; an unknown name gives the nearest ones and exit code 2."""
    definitions = [layer.definition for layer in REGISTRY.values()]
    names = {d.name for d in definitions} | {d.full_name(f) for d in definitions for f in d.fields}
    for wanted in options.name:
        if wanted not in names:
            print(f"osgp-analyzer: no field or layer named {wanted!r}{nearest(wanted, sorted(names))}", file=sys.stderr)
            return USAGE
    for definition in definitions:
        fields = [
            f
            for f in definition.fields
            if not isinstance(f, schema.Payload)
            and (not options.name or {definition.name, definition.full_name(f)} & set(options.name))
        ]
        if fields or definition.name in options.name:
            _print(definition, fields)
    return OK


def _print(definition: Definition, fields: Iterable[schema.Field]) -> None:
    print(f"{definition.name}  {definition.title}  [{definition.source}]")
    if definition.doc:
        print(f"    {' '.join(definition.doc.split())}")
    for field in fields:
        unit = f" ({field.unit})" if field.unit else ""
        print(f"  {definition.full_name(field):<32} {field.title}{unit}{': ' + field.doc if field.doc else ''}")
        if field.source is not None:
            print(f"  {'':<32} [{field.source}]")
        values = getattr(field, "values", None)
        if values and len(values) <= 16:
            print(f"  {'':<32} {', '.join(f'{value}: {name}' for value, name in values.items())}")
    print()
