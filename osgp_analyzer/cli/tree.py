# SPDX-License-Identifier: GPL-2.0-or-later
"""Decoded layers as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TextIO

from osgp_analyzer.app.lines import PLAIN
from osgp_analyzer.engines.text import dotted, place, printable
from osgp_analyzer.engines.tree import FieldNode, LayerNode
from osgp_analyzer.schema import Finding, Severity

STYLES = {Severity.ERROR: "\x1b[31m", Severity.WARN: "\x1b[33m"}


def as_json(layers: Iterable[LayerNode], findings: Iterable[Finding]) -> dict[str, Any]:
    """Layers and findings as the README describes them; bytes as lower-case hex."""
    return {
        "layers": [{"name": layer.name, "fields": _fields(layer)} for layer in layers],
        "findings": [
            {"severity": f.severity.value, "group": f.group.value, "code": f.code, "offset": f.offset, "text": f.text}
            for f in findings
        ],
    }


def _fields(layer: LayerNode) -> dict[str, Any]:
    """By name; of a name that occurs again in the layer the second one is ``name[1]``, and so on."""
    made: dict[str, Any] = {}
    seen: dict[str, int] = {}
    for field in layer.values():
        again = seen.get(field.name, 0)
        seen[field.name] = again + 1
        entry = {
            "value": field.value,
            "raw": field.raw.hex(),
            "offset": field.offset,
            "length": field.length,
            "text": field.text,
        }
        if field.mark:
            entry["certainty"] = field.certainty.value
        made[f"{field.name}[{again}]" if again else field.name] = entry
    return made


class Tree:
    """Layers as ``tshark -V`` prints them. `names`: write the names of numbers."""

    def __init__(self, colour: bool, names: bool) -> None:
        self.colour, self.names = colour, names

    def write(self, layers: Iterable[LayerNode], findings: Iterable[Finding], out: TextIO) -> None:
        """Print layers, each with its findings, then `findings`, and an empty line."""
        for layer in layers:
            head = f"{layer.title}: {printable(layer.summary)}" if layer.summary else layer.title
            if self.colour:
                head = f"\x1b[1m{head}{PLAIN}"
            out.write(f"{place(layer.offset, layer.length)} {head}\n")
            for field in layer.fields:
                self._field(field, 1, out)
            for finding in layer.findings:
                self._finding(finding, out)
        for finding in findings:
            self._finding(finding, out)
        out.write("\n")

    def _field(self, field: FieldNode, depth: int, out: TextIO) -> None:
        text = printable(field.text) if self.names or field.value is None else str(field.value)
        mark = f" {field.mark}" if field.mark else ""
        where = place(field.offset, field.length) if field.offset is not None else "           "
        bits = f"{dotted(field.raw[::-1] if field.little else field.raw, field.bits)} = " if field.bits else ""
        line = f"{field.label}: {text}" if text or not field.children else field.label
        line = f"{line}{mark}" if field.offset is not None else f"[{line}]{mark}"
        out.write(f"{where} {'    ' * depth}{bits}{line}\n")
        for child in field.children:
            self._field(child, depth + 1, out)
        for finding in field.findings:
            self._finding(finding, out)

    def _finding(self, finding: Finding, out: TextIO) -> None:
        text = f"[{finding.severity.value}, {finding.group.value}: {finding.text}]"
        if self.colour and finding.severity in STYLES:
            text = f"{STYLES[finding.severity]}{text}{PLAIN}"
        out.write(f"{place(finding.offset, 0)}     {text}\n")
