# SPDX-License-Identifier: GPL-2.0-or-later
"""What a filter can name: fields of the definitions, layers, and fields of the frame itself and of addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import dissectors.definitions  # noqa: F401  defines the layers
from osgp_analyzer import schema
from osgp_analyzer.analysis.fields import FIELDS, Kind
from osgp_analyzer.schema import REGISTRY, Group, Severity
from osgp_analyzer.store.header import kept_columns

NUMBER, BYTES, TEXT, ADDRESS, TIME, DATE, GROUP = "number", "bytes", "text", "address", "time", "date", "group"
"""Kinds of fields. `TIME`: seconds since 1970 or of a duration. `DATE`: a point in time, written as date and time. Both
are ns. `GROUP`: a layer or structure, which is there or not."""

FRAME = {
    "frame.number": NUMBER,
    "frame.time": DATE,
    "frame.time_epoch": TIME,
    "frame.len": NUMBER,
    "frame.cap_len": NUMBER,
    "frame.link_type": NUMBER,
    "frame.interface": NUMBER,
}
TRACKED = {name: {Kind.TIME: TIME, Kind.WORD: TEXT}.get(field.kind, NUMBER) for name, field in FIELDS.items()}
"""Fields that follow from other frames."""
FINDING = {"finding.code": TEXT, "finding.severity": NUMBER, "finding.group": NUMBER}
"""What decoding had to remark on a frame; ``finding`` alone: whether it had."""
SEVERITIES, GROUPS = list(Severity), list(Group)
"""The numbers of `finding.severity` and `finding.group` are places in these."""
WORDS = ("finding.severity", "finding.group")
"""Fields whose numbers are made here, to have an order: nobody is shown them but as their names."""
ADDRESSES = {
    "npdu.src": ("npdu.src_subnet", "npdu.src_node"),
    "npdu.dst": (
        "npdu.dst_subnet",
        "npdu.dst_node",
        "npdu.dst_group",
        "npdu.neuron_id",
        "npdu.address_format",
    ),
}
ADDRESSES["npdu.addr"] = ADDRESSES["npdu.src"] + ADDRESSES["npdu.dst"]
"""Fields that are made of others, by the fields they are made of."""


@dataclass
class Name:
    """A name: the kinds that its values can have, and the numbers that the names of an enumeration stand for."""

    name: str
    kinds: set[str] = field(default_factory=set)
    values: dict[str, set[int]] = field(default_factory=dict)
    layer: bool = False
    generated: set[str] = field(default_factory=set)
    """Kinds of `computed` definitions, which do not say what they give."""

    def numbers(self, text: str) -> frozenset[int]:
        """The values with that name; without regard to case where none is written like that."""
        if text in self.values:
            return frozenset(self.values[text])
        folded = text.casefold()
        return frozenset(n for name, numbers in self.values.items() if name.casefold() == folded for n in numbers)


def names() -> Mapping[str, Name]:
    """All names. Layers that are defined later are found too."""
    return _names(len(REGISTRY))


@lru_cache(maxsize=2)
def _names(_: int) -> dict[str, Name]:
    found: dict[str, Name] = {}

    def get(name: str) -> Name:
        return found.setdefault(name, Name(name))

    for layer in REGISTRY.values():
        definition = layer.definition
        own = get(definition.name)
        own.layer = True
        own.kinds.add(GROUP)
        for one in definition.fields:
            if not isinstance(one, schema.Payload):
                _add(get(definition.full_name(one)), one)
    for layer_name in ("data", "padding"):
        get(layer_name).layer = True
        get(layer_name).kinds.add(GROUP)
        get(f"{layer_name}.{layer_name}").kinds.add(BYTES)
    for name, kind in (*FRAME.items(), *TRACKED.items()):
        get(name).kinds.add(kind)
    get("finding").kinds.add(GROUP)
    get("finding").layer = True
    for name, kind in FINDING.items():
        get(name).kinds.add(kind)
    get("finding.severity").values = {one.value: {place} for place, one in enumerate(SEVERITIES)}
    get("finding.group").values = {one.value: {place} for place, one in enumerate(GROUPS)}
    for name in ADDRESSES:
        get(name).kinds.add(ADDRESS)
    for one_name in found.values():
        one_name.kinds = one_name.kinds or one_name.generated
    return found


def _add(name: Name, one: schema.Field) -> None:
    match one:
        case schema.Struct() | schema.View():
            name.kinds.add(GROUP)
        case schema.Array():
            if isinstance(one.element, schema.Field):
                _add(name, one.element)
            else:
                name.kinds.add(GROUP)
        case schema.Bits() | schema.Integer() | schema.Flags() | schema.Time(kind="seconds_since_1900"):
            name.kinds.add(NUMBER)
        case schema.Text():
            name.kinds.add(TEXT)
        case schema.Bytes(show="secret"):
            name.kinds.add(TEXT)  # what is shown of it
        case schema.Computed():
            name.generated |= {NUMBER} if one.values else {NUMBER, BYTES}
        case _:
            name.kinds.add(BYTES)
    for number, text in (getattr(one, "values", None) or {}).items():
        name.values.setdefault(text, set()).add(number)


@lru_cache(maxsize=1)
def kept() -> frozenset[str]:
    """Names that can be had from the kept columns of a chunk."""
    columns = frozenset(kept_columns())
    return columns | FRAME.keys() | TRACKED.keys() | {n for n, parts in ADDRESSES.items() if columns.issuperset(parts)}


def fields_of(name: str) -> tuple[str, ...]:
    """The fields that must be read to have `name`."""
    return ADDRESSES.get(name, (name,))
