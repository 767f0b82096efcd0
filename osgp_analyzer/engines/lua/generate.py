# SPDX-License-Identifier: GPL-2.0-or-later
"""All definitions as one Lua script for Wireshark. What it says depends on the definitions only: it has no time and no
path in it, so that the same definitions give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from osgp_analyzer.engines.knowledge import PART_REMAINING
from osgp_analyzer.engines.lua import fields
from osgp_analyzer.engines.lua.choices import Choices
from osgp_analyzer.engines.lua.expressions import Constants, identifier, quoted
from osgp_analyzer.engines.lua.layers import LayerWriter
from osgp_analyzer.schema import REGISTRY, Definition, Group, Severity
from osgp_analyzer.schema.expr import Outer
from osgp_analyzer.schema.layer import walk

SEVERITIES = {
    Severity.CHAT: "CHAT", Severity.NOTE: "NOTE", Severity.WARN: "WARN", Severity.ERROR: "ERROR",
}  # fmt: skip
GROUPS = {
    Group.MALFORMED: "MALFORMED", Group.CHECKSUM: "CHECKSUM", Group.PROTOCOL: "PROTOCOL",
    Group.UNDECODED: "UNDECODED", Group.ASSUMPTION: "ASSUMPTION", Group.SECURITY: "SECURITY",
}  # fmt: skip
USER0 = 147
"""The first link type for private use."""
GENERAL = (
    ("truncated", "bytes are missing", Severity.ERROR, Group.MALFORMED),
    ("truncated_part", "bytes are missing in a part of a message that is whole", Severity.WARN, Group.MALFORMED),
    ("surplus", "there are more bytes than the layer has fields for", Severity.WARN, Group.MALFORMED),
    ("nesting", "too many layers inside each other", Severity.WARN, Group.MALFORMED),
    ("unknown_size", "it cannot be known how many bytes there are", Severity.WARN, Group.UNDECODED),
    ("impossible", "no possible value", Severity.WARN, Group.MALFORMED),
    ("ends_early", "the bytes end before the table", Severity.NOTE, Group.PROTOCOL),
    ("partial_field", "a field of which only a part is there", Severity.NOTE, Group.UNDECODED),
    ("part", "a part of a table that is not taken apart here", Severity.NOTE, Group.UNDECODED),
)
"""Findings that every layer may have: code, text, severity, group."""


@dataclass(frozen=True)
class Entries:
    """Where Wireshark begins to read. Layers are named by their class."""

    links: Mapping[int, str]
    """The layer of each link type for private use."""
    ports: Mapping[int, str]
    """The layer of each UDP port."""
    below: Mapping[str, str]
    """Fields of the layers below UDP: our name, Wireshark's."""


def generate(version: str, procedures: str, entries: Entries) -> str:
    """The script. `procedures`: the named procedures in Lua."""
    definitions = [layer.definition for layer in REGISTRY.values()]
    outer = {
        node.name
        for definition in definitions
        for expression in definition.expressions()
        for node in walk(expression)
        if isinstance(node, Outer)
    }
    names, maps, choices = Constants("V"), Constants("M"), Choices()
    declared = fields.Declared(names, fields.types(definitions))
    data = [declared.plain("data.data", "Data", "bytes"), declared.plain("padding.padding", "Padding", "bytes")]
    assert data == ["P.data_data", "P.padding_padding"]
    layers: list[str] = []
    for definition in definitions:
        layers += LayerWriter(definition, declared, maps, choices, outer).function()
    runtime = files("osgp_analyzer.engines.lua").joinpath("runtime.lua").read_text("utf-8")
    main = files("osgp_analyzer.engines.lua").joinpath("main.lua").read_text("utf-8")
    body = "\n".join(
        (
            runtime.replace("@PART_REMAINING@", str(PART_REMAINING)),
            "local KEEPS_CRC = nil",
            procedures,
            *names.lines(),
            *maps.lines(),
            *(f"{lua} = {text}" for text, lua in declared.lines.items()),
            *_experts(definitions),
            *layers,
            *choices.tables(),
            "for name, f in pairs(L) do NAMES[f] = name end",
            _table("LINKS", {number - USER0: f"L.{layer}" for number, layer in entries.links.items()}),
            _table("PORTS", {port: quoted(layer) for port, layer in entries.ports.items()}),
            _table("CARRIED", {layer: f"L.{layer}" for layer in entries.ports.values()}),
            _table("BELOW", {identifier(name): quoted(theirs) for name, theirs in entries.below.items()}),
            main,
        )
    )
    digest = hashlib.sha256(body.encode()).hexdigest()
    head = (
        "-- SPDX-License-Identifier: GPL-2.0-or-later",
        f"-- Made by osgp-analyzer {version} of its definitions; do not edit: osgp-analyzer lua generate",
        f"-- sha256 of what follows: {digest}",
        "",
    )
    return "\n".join((*head, body))


def _table(name: str, items: Mapping[int, str] | Mapping[str, str]) -> str:
    written = (f"[{key}]={value}" if isinstance(key, int) else f"{key}={value}" for key, value in sorted(items.items()))
    return f"local {name} = {{{', '.join(written)}}}"


def _experts(definitions: Iterable[Definition]) -> list[str]:
    """What a finding of each layer is called in Wireshark."""
    found: dict[str, dict[str, str]] = {}
    for definition in definitions:
        codes = found.setdefault(definition.name, {})
        for code, text, severity, group in GENERAL:
            codes.setdefault(code, _expert(definition, code.replace("_part", ".part"), text, severity, group))
        for check in definition.checks:
            codes[check.code] = _expert(definition, check.code, check.text, check.severity, check.group)
    lines = []
    for name, codes in found.items():
        lines.append(f"X.{identifier(name)} = {{")
        lines += [f"  {identifier(code)} = {text}," for code, text in codes.items()]
        lines.append("}")
    return lines


def _expert(definition: Definition, code: str, text: str, severity: Severity, group: Group) -> str:
    name = f"{fields.PREFIX}finding.{definition.name}.{code}"
    return (
        f"ProtoExpert.new({quoted(name)}, {quoted(text)}, expert.group.{GROUPS[group]}, "
        f"expert.severity.{SEVERITIES[severity]})"
    )
