# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer fields``: the dictionary of all fields, made of the definitions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from osgp_analyzer import schema
from osgp_analyzer.analysis.fields import FIELDS
from osgp_analyzer.cli.arguments import OK, USAGE, nearest
from osgp_analyzer.filters.names import names
from osgp_analyzer.schema import REGISTRY, Definition

Described = dict[str, str]
"""Fields by name, with what they mean."""

FRAME: Described = {
    "frame.number": "Number of the frame, from 1",
    "frame.time": 'Date and time in UTC; in filters also with a zone: frame.time >= "2026-11-25 12:00+01:00"',
    "frame.time_epoch": "Time in seconds since 1970, UTC, with nine decimals",
    "frame.len": "Bytes on the wire",
    "frame.cap_len": "Bytes in the capture",
    "frame.interface": "Number of the interface, from 0",
    "frame.link_type": "Link type of the interface",
}
ADDRESSES: Described = {
    "npdu.src": "Source as it is written: 1/20",
    "npdu.dst": "Destination as it is written: 1/20, group 9, subnet 2, broadcast, or a Neuron ID",
    "npdu.addr": "Source or destination",
}
FINDING: Described = {
    "finding.code": "What there is to remark on the frame: lpdu.crc_bad",
    "finding.severity": "chat, note, warn or error",
    "finding.group": "malformed, checksum, protocol, undecoded, assumption or security",
}
OTHERS: dict[str, tuple[str, Described]] = {
    "frame": ("Frame", FRAME | {n: f"{f.label}: {f.doc}" for n, f in FIELDS.items() if n.startswith("frame.")}),
    "npdu": ("Addresses", ADDRESSES),
    "transaction": (
        "Exchanges, found over all frames",
        {n: f"{f.label}: {f.doc}" for n, f in FIELDS.items() if n.startswith("tr")},
    ),
    "security": (
        "Protection of messages, with --keys",
        {n: f"{f.label}: {f.doc}" for n, f in FIELDS.items() if n.startswith("security.")},
    ),
    "chain": (
        "Chains: proxied exchanges, found over all frames",
        {n: f"{f.label}: {f.doc}" for n, f in FIELDS.items() if n.startswith("chain.")},
    ),
    "finding": ("Findings", FINDING),
    "data": ("Data", {"data.data": "Bytes that no layer reads"}),
    "padding": ("Padding", {"padding.padding": "Bytes behind the end that a layer gives for itself"}),
}
"""Fields that no layer defines, by their prefix."""


def run(options: argparse.Namespace) -> int:
    """Print layers and fields; an unknown name gives the nearest ones and exit code 2."""
    definitions = [layer.definition for layer in REGISTRY.values()]
    known = names().keys() | OTHERS.keys()
    for wanted in options.name:
        if wanted not in known:
            print(f"osgp-analyzer: no field or layer named {wanted!r}{nearest(wanted, sorted(known))}", file=sys.stderr)
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
    for prefix, (title, described) in OTHERS.items():
        chosen = {n: doc for n, doc in described.items() if not options.name or {prefix, n} & set(options.name)}
        if chosen:
            print(f"{prefix}  {title}")
            for name, doc in chosen.items():
                print(f"  {name:<32} {doc}")
            print()
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
