# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading one layer: header, trailer, checks, payload. It never raises; what cannot be read stays bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scapy.config import conf
from scapy.packet import Packet, Raw

from osgp_analyzer import schema
from osgp_analyzer.engines.scapy.cursor import Span, Truncated, Unknown
from osgp_analyzer.engines.scapy.environment import DissectEnv, above
from osgp_analyzer.engines.scapy.steps import PartialArray, Step
from osgp_analyzer.engines.text import count
from osgp_analyzer.schema import Finding, Group, Severity
from osgp_analyzer.schema.layer import MAX_DEPTH, fixed_size

if TYPE_CHECKING:
    from osgp_analyzer.engines.scapy.packet import DefinedPacket


class Dissection:
    """One layer being read from `data`; the results go into `packet`."""

    def __init__(self, packet: DefinedPacket, data: bytes) -> None:
        self.packet, self.plan = packet, packet.plan
        packet.layer_depth = getattr(above(packet), "layer_depth", 0) + 1
        if packet.frame_offset < 0:
            packet.frame_offset = _bytes_below(packet)
        packet.fields.clear()  # of lists Scapy has put empty ones there
        self.spans: dict[str, Span] = {}
        packet.spans, packet.raw_packet_cache, packet.raw_packet_cache_fields = self.spans, b"", {}
        self.env = DissectEnv(packet, data)
        self.cursor = self.env.cursor

    def run(self) -> None:
        """Read the layer, then what it encloses."""
        packet, cursor = self.packet, self.cursor
        start, stop = self._read()
        cursor.bit, cursor.end = start * 8, stop  # Peek() and Remaining() see the payload
        self._check()
        self._enclose(self.env.whole[start:stop], start)
        packet.padding_bytes = self.env.whole[packet.wire_length :] if packet.parent is None else b""
        if packet.padding_bytes and conf.padding:
            if _has_trailer_around(packet):
                # Scapy builds padding behind everything, but these bytes come before the trailer of an outer layer.
                packet.trailer_cache += packet.padding_bytes
            else:
                packet.add_payload(conf.padding_layer(packet.padding_bytes))

    def _read(self) -> tuple[int, int]:
        """Header and trailer. Returns where the payload begins and ends in this layer."""
        packet, cursor, plan = self.packet, self.cursor, self.plan
        held = 0
        if plan.trailer and plan.payload_size is None:
            held = sum(fixed_size(step.field) for step in plan.trailer if step.when is None or step.when(self.env))
            held = held if held <= cursor.end else 0
            cursor.end -= held
        self._read_steps(plan.header)
        packet.raw_packet_cache = self.env.whole[: cursor.byte]
        packet.header_cut = packet.is_cut
        start, stop = cursor.byte, cursor.end
        if packet.definition.payload is None:
            packet.wire_length = start
            return start, stop
        if plan.payload_size is not None and not packet.is_cut:
            stop = self._payload_end(start, plan.payload_size(self.env))
        cursor.bit = stop * 8
        cursor.end += held
        if plan.payload_size is None or not packet.is_cut:
            self._read_steps(plan.trailer)
            packet.trailer_cache = self.env.whole[stop : cursor.byte]
        packet.wire_length = cursor.byte
        return start, stop

    def _payload_end(self, start: int, size: int) -> int:
        """Where a payload of a given size ends: at the end of the bytes if they are too few."""
        if size <= self.cursor.left:
            return start + size
        self._cut(start, f"{count(size)} should follow, {count(self.cursor.left)} are there")
        return self.cursor.end

    def _read_steps(self, steps: tuple[Step, ...]) -> None:
        """Read fields, until one cannot be read."""
        packet, cursor = self.packet, self.cursor
        for step in steps:
            name = step.field.name
            if step.when is not None and not step.when(self.env):
                packet.absent_fields = packet.absent_fields | {name}
                continue
            before = cursor.bit
            try:
                value = step.read(self.env)
            except Truncated as short:
                return self._cut(
                    cursor.byte, f"{step.field.title} needs {count(short.needed)}, {count(short.left)} are left"
                )
            except Unknown as unknown:
                packet.is_cut = True
                text = f"{step.field.title} and what follows cannot be read without {unknown.missing}"
                return self._find(Severity.WARN, Group.UNDECODED, "unknown_size", cursor.byte, text)
            except PartialArray as partial:
                packet.fields[name], self.spans[name] = partial.found, Span(before, cursor.bit - before)
                text = f"needs {count(partial.short.needed)}, {count(partial.short.left)} are left"
                return self._cut(cursor.byte, f"{step.field.title}: its next element {text}")
            if isinstance(step.field, schema.Computed):
                packet.computed_fields[name] = value
            elif value is not None:
                packet.fields[name], self.spans[name] = value, Span(before, cursor.bit - before)
                if isinstance(value, (list, Packet)):
                    packet.kept_wire[name] = self.env.whole[before // 8 : cursor.byte]
                    if getattr(value[-1] if isinstance(value, list) and value else value, "is_cut", False):
                        packet.is_cut = True  # the nested layer has said so
                        return None
        return None

    def _check(self) -> None:
        for check, holds in self.plan.checks:
            if holds(self.env):
                span = self.spans.get(check.field)
                text = self.packet.fill_in(check.text, self.env)
                self._find(check.severity, check.group, check.code, span.offset if span else 0, text)

    def _enclose(self, data: bytes, start: int) -> None:
        """Dissect the payload, or say what is wrong with it."""
        packet, plan, env = self.packet, self.plan, self.env
        if packet.definition.payload is None:
            if packet.parent is None:
                if data and not packet.is_cut:
                    self._surplus(start, f"{count(len(data))} more than the layer has fields for")
                self._keep(data)
                packet.wire_length = start + len(data)
            return
        target = None if packet.is_cut and not data else packet.guess_payload_class(data, env)
        if packet.header_cut:
            self._keep(data)
        elif data and plan.nothing(env):
            self._surplus(start, f"{count(len(data))} where the message should end")
            self._keep(data)
        elif not data and plan.required(env) and not packet.is_cut:
            self._cut(start, f"the bytes end before the {target.__name__ if target is not None else 'payload'}")
        elif packet.layer_depth >= MAX_DEPTH and data:
            text = f"more than {MAX_DEPTH} layers inside each other: not read further"
            self._find(Severity.WARN, Group.MALFORMED, "nesting", start, text)
            self._keep(data)
        elif target is None or plan.nothing(env):
            self._keep(data)
        else:
            layer = target.dissected(data, underlayer=packet, base=packet.frame_offset + start)
            if data or layer.spans or layer.findings:
                packet.add_payload(layer)

    def _keep(self, data: bytes) -> None:
        if data:
            self.packet.add_payload(Raw(data))

    def _surplus(self, at: int, text: str) -> None:
        self._find(Severity.WARN, Group.MALFORMED, "surplus", at, text)

    def _cut(self, at: int, text: str) -> None:
        self.packet.is_cut = True
        self._find(Severity.ERROR, Group.MALFORMED, "truncated", at, text)

    def _find(self, severity: Severity, group: Group, code: str, at: int, text: str) -> None:
        packet = self.packet
        code = f"{packet.definition.name}.{code}"
        packet.findings.append(Finding(severity, group, code, packet.frame_offset + at, text))


def _has_trailer_around(packet: Any) -> bool:
    """Whether a layer that encloses this one has fields behind its payload."""
    layer = above(packet)
    while layer is not None:
        if getattr(layer, "plan", None) is not None and layer.plan.trailer:
            return True
        layer = above(layer)
    return False


def _bytes_below(packet: Any) -> int:
    """Bytes of all layers below, when the layer below is one of Scapy's own."""
    total, layer = 0, above(packet)
    while layer is not None:
        total += len(layer.raw_packet_cache or b"")
        layer = above(layer)
    return total
