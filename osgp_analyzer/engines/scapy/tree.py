# SPDX-License-Identifier: GPL-2.0-or-later
"""From a dissected Scapy packet to the tree that front ends show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scapy.packet import NoPayload, Padding, Raw

from osgp_analyzer import schema
from osgp_analyzer.engines.scapy.cursor import Span
from osgp_analyzer.engines.scapy.environment import BuildEnv
from osgp_analyzer.engines.scapy.packet import DefinedPacket
from osgp_analyzer.engines.text import SECRET, describe
from osgp_analyzer.engines.tree import Derived, FieldNode, LayerNode, Value


def layers(packet: Any, frame: bytes) -> Iterator[LayerNode]:
    """The layers of a dissected packet, outermost first; packets that follow in the same datagram come after."""
    beside: list[DefinedPacket] = []
    rests: list[LayerNode] = []
    layer, below = packet, None
    while layer is not None and not isinstance(layer, NoPayload):
        if isinstance(layer, DefinedPacket):
            yield _layer(layer, frame if layer.derived is None else layer.derived.data, beside)
            if layer.padding_bytes:
                at = layer.frame_offset + layer.wire_length
                rests.append(undecoded("padding", "Padding", layer.padding_bytes, at, layer.derived))
            below = layer
        elif isinstance(layer, Raw) and not isinstance(layer, Padding):
            yield _rest(bytes(layer.load), below)
        layer = layer.onward if isinstance(layer, DefinedPacket) else layer.payload
    for one in beside:
        yield from layers(one, frame)
    yield from reversed(rests)


def _rest(data: bytes, below: DefinedPacket | None) -> LayerNode:
    """Bytes behind a layer that no layer reads."""
    if below is None:
        return undecoded("data", "Data", data, 0)
    return undecoded("data", "Data", data, below.frame_offset + below.header_length, below.derived)


def values(packet: Any) -> dict[str, Any]:
    """Every value of a packet, dissected or crafted, by full name; of a name that occurs again, the innermost."""
    found: dict[str, Any] = {}
    layer = packet
    while layer is not None and not isinstance(layer, NoPayload):
        if isinstance(layer, DefinedPacket):
            found.update(_own_values(layer))
        layer = layer.onward if isinstance(layer, DefinedPacket) else layer.payload
    return found


def _own_values(layer: DefinedPacket) -> Iterator[tuple[str, Any]]:
    """Of one layer and its nested structures; arrays have no single value."""
    for full, name in layer.full_names.items():
        value = layer.field_value(name)
        if isinstance(value, DefinedPacket):
            yield from _own_values(value)
        elif value is not None and not isinstance(value, list):
            yield full, value


def undecoded(name: str, title: str, data: bytes, offset: int, derived: Derived | None = None) -> LayerNode:
    """A layer of bytes that no definition reads, at a place in the frame, or in `derived` bytes."""
    size = f"{len(data)} byte" if len(data) == 1 else f"{len(data)} bytes"
    field = FieldNode(f"{name}.{name}", title, data.hex(), data.hex(), data, doc="Bytes that no layer reads.")
    node = LayerNode(name, title, size, 0, 0, fields=[field])
    _put(field, derived, offset, len(data))
    _put(node, derived, offset, len(data))
    return node


def _put(node: LayerNode | FieldNode, derived: Derived | None, offset: int, length: int) -> None:
    """Give a node its place in the frame, or in the bytes that are derived."""
    if derived is None:
        node.offset, node.length = offset, length
        return
    node.within = range(offset, offset + length)
    if isinstance(node, LayerNode):
        node.offset, node.derived = derived.offset, derived


def _layer(packet: DefinedPacket, frame: bytes, beside: list[DefinedPacket]) -> LayerNode:
    definition = packet.definition
    summary = packet.summary_of(definition.info)
    if not summary and definition.destination_address:
        ends = (packet.summary_of(definition.source_address), packet.summary_of(definition.destination_address))
        summary = " → ".join(ends) if any(ends) else ""
    node = LayerNode(definition.name, definition.title, summary, 0, 0, definition.doc)
    _put(node, packet.derived, packet.frame_offset, packet.header_length)
    node.fields = _fields(packet, frame, beside)
    node.findings = list(packet.findings)
    return node


def _fields(packet: DefinedPacket, frame: bytes, beside: list[DefinedPacket]) -> list[FieldNode]:
    found: list[FieldNode] = []
    env = BuildEnv(packet)
    for field in packet.definition.fields:
        if isinstance(field, schema.Payload) or field.name in packet.plan.derived:
            continue
        value = packet.field_value(field.name)
        if value is None or (
            value == [] and isinstance(field, schema.Array) and not isinstance(field.element, schema.Field)
        ):
            continue
        node = _node(packet, field, frame)
        packets = [p for p in (value if isinstance(value, list) else [value]) if isinstance(p, DefinedPacket)]
        if packets and packets[0].definition.payload is not None:
            beside += packets
            continue
        if packets:
            for number, one in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(one, DefinedPacket):
                    continue  # before the part of a table that was read
                inner = FieldNode(
                    f"{node.name}[{number}]", one.definition.title, None, one.summary_of(one.definition.info)
                )
                inner.raw = frame[one.frame_offset : one.frame_offset + one.wire_length]
                _put(inner, one.derived, one.frame_offset, one.wire_length)
                inner.doc = one.definition.doc
                inner.children, inner.findings = _fields(one, frame, beside), one.findings
                node.children.append(inner)
            if not any(child.children or child.findings for child in node.children):
                continue  # nothing of them could be read
            if not isinstance(value, list):
                if isinstance(field, schema.View):
                    node.label, node.main = packets[0].definition.title, True
                node.children, node.findings = node.children[0].children, packets[0].findings
                text = packets[0].summary_of(packets[0].definition.info)
                node.text = text if packets[0].part in (None, (0, True)) or "?" not in text else ""
        else:
            node.value, node.text = plain(value), describe(field, value, env)
            if field.show == SECRET:
                node.value, node.raw = node.text, b""
        found.append(node)
    return found


def _node(packet: DefinedPacket, field: schema.Field, frame: bytes) -> FieldNode:
    source = packet.definition.source_of(field)
    node = FieldNode(
        packet.definition.full_name(field),
        field.title,
        None,
        "",
        certainty=source.certainty,
        doc=field.doc,
        source=str(source),
    )
    span: Span | None = (packet.spans or {}).get(field.name)
    if span is not None:
        at = packet.frame_offset + span.offset
        node.raw = frame[at : at + span.length]
        _put(node, packet.derived, at, span.length)
        if packet.derived is None and (span.bit % 8 or span.bits % 8):
            node.bits = (span.bit % 8, span.bits)
            if packet.definition.bit_order == "lsb":  # as bits of the little-endian number
                node.bits = (8 * span.length - span.bit % 8 - span.bits, span.bits)
                node.little = True
    return node


def plain(value: Any) -> Value:
    """A value as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, bool):
        return int(value)
    return value if value is None or isinstance(value, (int, str)) else str(value)
