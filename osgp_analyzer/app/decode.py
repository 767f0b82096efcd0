# SPDX-License-Identifier: GPL-2.0-or-later
"""One frame, decoded: what a line of a list, a tree, or a JSON object is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dissectors.carriers import LINK_TYPES
from dissectors.layers import layer_class
from osgp_analyzer.analysis.security.judged import Judged
from osgp_analyzer.capture import Frame
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.packet import DefinedPacket
from osgp_analyzer.engines.scapy.tree import layers, undecoded, values
from osgp_analyzer.engines.text import printable
from osgp_analyzer.engines.tree import LayerNode
from osgp_analyzer.schema import Finding, Group, Severity


@dataclass
class Decoded:
    """A frame with its layers. `findings` has those of all layers, by offset."""

    frame: Frame
    packet: Any
    """The Scapy packet, None where the link type has no decoder."""
    findings: list[Finding]
    source: str
    destination: str
    protocol: str
    info: str
    values: Mapping[str, Any]
    """Innermost value of each field, by full name."""
    request: int | None = None
    """Number of the frame that this one answers."""
    tables: Mapping[str, int] = field(default_factory=dict)
    """Fields of other tables of the same meter that were needed, and the number of the frame that each was seen in."""

    security: Judged | None = None
    """How its message is protected, where keys are known."""

    pending: bool = False
    """Made before all was known that it depends on (`Session.patient`)."""

    @property
    def told_by(self) -> str:
        """The tables that this one was read with: ``Read with BT21 of frame 3``."""
        named = ((re.match(r"[be]t\d+", name), frame) for name, frame in self.tables.items())
        latest: dict[str, int] = {}
        for match, frame in named:
            if match:
                latest[match[0].upper()] = max(latest.get(match[0].upper(), 0), frame)
        return "Read with " + ", ".join(f"{table} of frame {frame}" for table, frame in latest.items())

    @cached_property
    def layers(self) -> list[LayerNode]:
        """The tree, made when it is asked for."""
        if self.packet is None:
            return [undecoded("data", "Data", self.frame.data, 0)]
        return list(layers(self.packet, self.frame.data))

    @property
    def worst(self) -> Severity | None:
        """The highest severity among the findings."""
        order = list(Severity)
        return max((f.severity for f in self.findings), key=order.index, default=None)


class Decoder:
    """Decodes frames by their link type. `links` maps link types to layer class names."""

    def __init__(self, links: Mapping[int, str] = LINK_TYPES) -> None:
        self.links = links

    def decode(self, frame: Frame, knowledge: Knowledge) -> Decoded:
        """Decode a frame of any content; never raises."""
        name = self.links.get(frame.link_type)
        if name is None:
            return self._unknown(frame)
        packet = layer_class(name)(_internal=1, knowledge=knowledge)
        packet.original = frame.data
        packet.dissect(frame.data)
        findings = packet.frame_findings()
        if not frame.data:
            findings.append(Finding(Severity.ERROR, Group.MALFORMED, "frame.empty", 0, "the frame has no bytes"))
        elif len(frame.data) < frame.length:
            findings.append(
                Finding(
                    Severity.WARN,
                    Group.MALFORMED,
                    "frame.cut",
                    len(frame.data),
                    f"only {len(frame.data)} of {frame.length} bytes were captured",
                )
            )
        elif len(frame.data) > frame.length:
            text = f"{len(frame.data)} bytes were captured of a frame that is said to have {frame.length}"
            findings.append(Finding(Severity.NOTE, Group.PROTOCOL, "frame.length", 0, text))
        source, destination, protocol, info = _summary(packet)
        return Decoded(
            frame, packet, findings, source, destination, protocol, _with_fault(info, findings), values(packet)
        )

    def _unknown(self, frame: Frame) -> Decoded:
        text = f"no decoder for link type {frame.link_type}: name one with --link {frame.link_type}=DECODER"
        finding = Finding(Severity.NOTE, Group.UNDECODED, "frame.link_type", 0, text)
        return Decoded(frame, None, [finding], "", "", f"link {frame.link_type}", text, {})


def _summary(packet: Any) -> tuple[str, str, str, str]:
    source, destination, protocol, info = "", "", "", []
    layer = packet
    while isinstance(layer, DefinedPacket):
        definition = layer.definition
        source = layer.summary_of(definition.source_address) or source
        destination = layer.summary_of(definition.destination_address) or destination
        protocol = definition.protocol or protocol
        text = layer.summary_of(definition.info)
        if text:
            info.append(text)
        layer = layer.onward
    return source, destination, protocol, printable(", ".join(info))


def _with_fault(info: str, findings: list[Finding]) -> str:
    fault = next((f for f in findings if f.severity is Severity.ERROR), None)
    return f"{info} [{fault.text}]".lstrip() if fault is not None else info
