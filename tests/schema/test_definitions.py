# SPDX-License-Identifier: GPL-2.0-or-later
"""What every definition must have: documentation, sources, names that hold everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dissectors.carriers import DECODERS, LINK_TYPES
from dissectors.en14908.apdu import COMMANDS
from dissectors.layers import layer_class
from osgp_analyzer import schema
from osgp_analyzer.schema import REGISTRY, Certainty, Definition
from tests.conftest import TESTS

DEFINITIONS = [layer.definition for layer in REGISTRY.values() if layer.__module__.startswith("dissectors")]

# design.md: these names are fixed.
PROMISED = [
    "lpdu.priority",
    "lpdu.alt_path",
    "lpdu.delta_backlog",
    "lpdu.crc",
    "npdu.version",
    "npdu.pdu_type",
    "npdu.address_format",
    "npdu.domain_length",
    "npdu.src_subnet",
    "npdu.src_node",
    "npdu.dst_subnet",
    "npdu.dst_node",
    "npdu.dst_group",
    "npdu.group",
    "npdu.member",
    "npdu.neuron_id",
    "npdu.domain",
    "tpdu.auth",
    "tpdu.type",
    "tpdu.transaction",
    "tpdu.m_list",
    "spdu.auth",
    "spdu.type",
    "spdu.transaction",
    "spdu.m_list",
    "authpdu.format",
    "authpdu.type",
    "authpdu.transaction",
    "authpdu.challenge",
    "authpdu.reply",
    "authpdu.group",
    "apdu.code",
    "nv.direction",
    "nv.selector",
    "nv.value",
]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: d.class_name)
def test_documented_and_sourced(definition: Definition) -> None:
    assert definition.doc
    assert definition.title
    assert definition.source.document
    for field in definition.fields:
        assert field.title
        assert definition.source_of(field).document
        assert re.fullmatch(r"[a-z][a-z0-9_]*", field.name)
        assert re.fullmatch(r"[a-z][a-z0-9_.]*", definition.full_name(field))


def test_promised_names_exist() -> None:
    names = {d.full_name(f) for d in DEFINITIONS for f in d.fields}
    assert set(PROMISED) <= names


def test_a_name_means_one_thing() -> None:
    """Two layers may share a field name only by inheritance or where it says that it is the other's."""
    owners: dict[str, set[str]] = {}
    for layer in REGISTRY.values():
        for field in layer.definition.fields:
            if not field.qualified and not isinstance(field, schema.Payload):
                root = next(c for c in reversed(layer.__mro__) if issubclass(c, schema.Layer) and field.name in vars(c))
                owners.setdefault(layer.definition.full_name(field), set()).add(root.__name__)
    assert {name: o for name, o in owners.items() if len(o) > 1} == {}


def test_every_layer_compiles() -> None:
    for definition in DEFINITIONS:
        assert layer_class(definition.class_name).definition is definition


def test_every_command_has_a_definition() -> None:
    assert set(range(0x51, 0x5A)) | set(range(0x60, 0x80)) == set(COMMANDS)
    assert {COMMANDS[code].success_code for code in (0x51, 0x71)} == {0x31}


def test_link_types_and_decoders_exist() -> None:
    for name in {*LINK_TYPES.values(), *DECODERS.values()}:
        assert name in REGISTRY
    # interfaces.md 7.1: those that carry LON.
    assert {147, 149, 113, 276, 1, 101, 0, 108, 228, 252} <= set(LINK_TYPES)


def test_inferred_facts_are_marked() -> None:
    marked = [f for d in DEFINITIONS for f in d.fields if d.source_of(f).certainty is not Certainty.CONFIRMED]
    assert any(d.source_of(f).certainty is Certainty.INFERRED for d in DEFINITIONS for f in d.fields)
    assert marked


def test_no_function_hides_in_a_definition() -> None:
    for file in (TESTS.parent / "dissectors").rglob("*.py"):
        if file.name not in ("layers.py", "procedures.py", "answering.py", "__init__.py"):
            text = Path(file).read_text()
            assert "lambda" not in text, file
            assert "NotImplemented" not in text
