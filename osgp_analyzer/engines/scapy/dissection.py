# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading one layer: header, trailer, checks, payload. It never raises; what cannot be read stays bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scapy.config import conf
from scapy.packet import Packet, Raw

from osgp_analyzer import schema
from osgp_analyzer.engines.impossible import impossible
from osgp_analyzer.engines.scapy.cursor import Before, Sink, Span, Truncated, Unknown
from osgp_analyzer.engines.scapy.environment import BuildEnv, DissectEnv, above
from osgp_analyzer.engines.scapy.steps import Nesting, PartialArray, Step
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
        if packet.derived is None:
            packet.derived = getattr(above(packet), "derived", None)
        self.spans: dict[str, Span] = {}
        packet.spans, packet.raw_packet_cache, packet.raw_packet_cache_fields = self.spans, b"", {}
        self.env = DissectEnv(packet, data, packet.part[0] if packet.part is not None else 0)
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
        packet.raw_packet_cache = self.env.whole[: max(0, cursor.byte)]
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
            if step.when is not None:
                if (step.asks or self.env.skipped) and (missing := self.env.missing(step.field.when)):
                    if isinstance(step.field, schema.Computed):
                        continue
                    return self._unknown(step, missing)
                if not step.when(self.env):
                    packet.absent_fields = packet.absent_fields | {name}
                    continue
            before = max(0, cursor.bit)
            try:
                value = step.read(self.env)
            except Before as early:
                self.env.skipped.add(name)
                self._begins_before(step, early.within)
                continue
            except Truncated as short:
                if self._ended(step, short):
                    return None
                text = f"{step.field.title} needs {count(short.needed)}, {count(short.left)} are left"
                return self._cut(max(0, cursor.byte), text)
            except Unknown as unknown:
                if isinstance(step.field, schema.View):
                    self._not_seen(step, [unknown.missing], max(0, cursor.byte))
                    continue
                return self._unknown(step, [unknown.missing])
            except Nesting:
                text = f"more than {MAX_DEPTH} layers inside each other: not read further"
                self._find(Severity.WARN, Group.MALFORMED, "nesting", max(0, cursor.byte), text)
                continue
            except PartialArray as partial:
                before = max(before, self.env.within)
                if partial.found and partial.found[-1] is not None:
                    self._impossible(step.field, partial.found, before // 8)
                    packet.fields[name], self.spans[name] = partial.found, Span(before, max(0, cursor.bit) - before)
                self._begins_before(step)
                if self._ended(step, partial.short):
                    return None
                text = f"needs {count(partial.short.needed)}, {count(partial.short.left)} are left"
                return self._cut(max(0, cursor.byte), f"{step.field.title}: its next element {text}")
            before = max(before, self.env.within)
            self._begins_before(step)
            if isinstance(step.field, schema.Computed):
                asks = step.asks or self.env.skipped
                packet.computed_fields[name] = None if asks and self.env.missing(step.field.expression) else value
            elif isinstance(step.field, schema.View):
                if value is not None:
                    packet.fields[name] = value
            elif value is not None:
                packet.fields[name], self.spans[name] = value, Span(before, cursor.bit - before)
                self._impossible(step.field, value, before // 8)
                if isinstance(value, (list, Packet)):
                    if packet.part is None or not packet.part[0]:
                        packet.kept_wire[name] = self.env.whole[before // 8 : cursor.byte]
                    if getattr(value[-1] if isinstance(value, list) and value else value, "is_cut", False):
                        packet.is_cut = True  # the nested layer has said so
                        if name in packet.kept_wire:  # what it did not read is not among what it writes
                            sink = Sink()
                            step.write(BuildEnv(packet), sink, value)
                            packet.kept_wire[name] = bytes(sink.done)
                        return None
        return None

    def _impossible(self, field: schema.Field, value: Any, at: int) -> None:
        kind = field.element if isinstance(field, schema.Array) else field
        for one in value if isinstance(value, list) else (value,):
            if not isinstance(one, bytes):
                continue
            if isinstance(kind, (schema.BCD, schema.Time)) and impossible(kind, one):
                text = f"{field.title} has no possible value"
                self._find(Severity.WARN, Group.MALFORMED, "impossible", at, text)
            at += len(one)

    def _unknown(self, step: Step, missing: list[str]) -> None:
        self.packet.is_cut = True
        self._not_seen(step, missing, max(0, self.cursor.byte))

    def _not_seen(self, step: Step, missing: list[str], at: int) -> None:
        text = f"{step.field.title} and what follows cannot be read without {', '.join(missing)}"
        if step.asks or self.env.skipped:
            text += ": the meter's table with it was not seen before"
        self._find(Severity.WARN, Group.UNDECODED, "unknown_size", at, text)

    def _ended(self, step: Step, short: Truncated) -> bool:
        """In a view: whether the bytes may end here. Says so where that is worth it."""
        part = self.packet.part
        if part is None:
            return False
        at, title = max(0, self.cursor.byte), step.field.title
        if at < self.cursor.end or self.cursor.bit % 8 or self.cursor.bit < 0:
            if part[1]:
                return False
            self._partial(at, f"the last bytes belong to {title}, which ends behind the part")
        elif part[1]:
            self._find(Severity.NOTE, Group.PROTOCOL, "ends_early", at, f"{title} and what may follow are not there")
        self.packet.is_cut = True
        return True

    def _begins_before(self, step: Step, within: bool = False) -> None:
        if within or self.env.within:
            self.env.within = 0
            self._partial(0, f"the first bytes belong to {step.field.title}, which begins before the part")

    def _partial(self, at: int, text: str) -> None:
        self._find(Severity.NOTE, Group.UNDECODED, "partial_field", at, text)

    def _check(self) -> None:
        for check, holds in self.plan.checks:
            if self.packet.part is not None and check.field and check.field not in self.spans:
                continue
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
        severity = Severity.ERROR if self.packet.part is None else Severity.WARN  # the message itself is whole
        self._find(severity, Group.MALFORMED, "truncated", at, text)

    def _find(self, severity: Severity, group: Group, code: str, at: int, text: str) -> None:
        packet = self.packet
        code = f"{packet.definition.name}.{code}"
        place = packet.frame_offset + at if packet.derived is None else packet.derived.offset
        packet.findings.append(Finding(severity, group, code, place, text))


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
