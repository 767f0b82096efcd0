# SPDX-License-Identifier: GPL-2.0-or-later
"""The Scapy layer that reads and builds itself from a definition, and knows the span of every field.

Dissecting never raises: what cannot be read is left as bytes, with a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from scapy.config import conf
from scapy.packet import NoPayload, Packet, Raw

from osgp_analyzer import schema
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.cursor import Sink, Span, Truncated, Unknown
from osgp_analyzer.engines.scapy.environment import BuildEnv, DissectEnv, above
from osgp_analyzer.engines.scapy.plan import PartialArray, Step, size_of, write_steps
from osgp_analyzer.engines.text import describe
from osgp_analyzer.schema import Finding, Group, Severity
from osgp_analyzer.schema.expr import Compiled

MAX_DEPTH = 32
"""Layers inside layers; more is an attack or noise."""


class Plan:
    """All steps of a layer class, compiled once."""

    def __init__(self, definition: schema.Definition, compile_step: Callable[[schema.Field], Step]) -> None:
        self.definition = definition
        self.header = tuple(compile_step(field) for field in definition.header)
        self.trailer = tuple(compile_step(field) for field in definition.trailer)
        self.steps = {step.field.name: step for step in (*self.header, *self.trailer)}
        self.checks = tuple((check, check.when.compiled()) for check in definition.checks)
        payload = definition.payload
        self.payload_size = size_of(payload.length) if payload is not None and payload.length is not None else None
        self.required = _condition(payload.required if payload is not None else False)
        self.nothing = _condition(payload.nothing if payload is not None and payload.nothing is not None else False)
        self.choose: Callable[[Any], type[DefinedPacket] | None] = lambda env: None


def _condition(value: schema.Expr | bool) -> Compiled:
    return value.compiled() if isinstance(value, schema.Expr) else lambda env: value


class DefinedPacket(Packet):
    """Base of all layers made from definitions.

    Beside Scapy's own attributes a dissected layer has `frame_offset` (its offset in the frame), `spans` (field name
    to `Span`), `findings` (its own; `frame_findings()` has those of all layers) and `wire_length` (its bytes, with
    those of its payload).
    """

    __slots__ = (
        "absent_fields",
        "computed_fields",
        "findings",
        "frame_offset",
        "header_cut",
        "is_cut",
        "kept_wire",
        "knowledge",
        "layer_depth",
        "padding_bytes",
        "spans",
        "trailer_cache",
        "wire_length",
    )

    name = None
    fields_desc: ClassVar[list[Any]] = []
    definition: ClassVar[schema.Definition]
    plan: ClassVar[Plan]
    full_names: ClassVar[dict[str, str]]

    frame_offset: int
    wire_length: int
    computed_fields: dict[str, Any]
    is_cut: bool
    """Bytes are missing, in the header (`header_cut`) or after it."""
    header_cut: bool
    layer_depth: int
    findings: list[Finding]
    knowledge: Knowledge | None
    padding_bytes: bytes
    """What the carrier had behind this layer: padding."""
    spans: dict[str, Span] | None
    kept_wire: dict[str, bytes]
    """Bytes of arrays and nested layers, to notice when one was changed."""
    absent_fields: frozenset[str]
    trailer_cache: bytes

    def __init__(self, _pkt: bytes = b"", *args: Any, knowledge: Knowledge | None = None, **fields: Any) -> None:
        put = object.__setattr__
        put(self, "knowledge", knowledge)
        put(self, "frame_offset", -1)
        put(self, "wire_length", 0)
        put(self, "computed_fields", {})
        put(self, "is_cut", False)
        put(self, "layer_depth", 0)
        put(self, "findings", [])
        put(self, "header_cut", False)
        put(self, "kept_wire", {})
        put(self, "padding_bytes", b"")
        put(self, "spans", None)
        put(self, "absent_fields", frozenset())
        put(self, "trailer_cache", b"")
        super().__init__(_pkt, *args, **fields)

    # -- dissecting ---------------------------------------------------------------------------------------------

    @classmethod
    def dissected(cls, data: bytes, *, underlayer: Any = None, parent: Any = None, base: int = -1) -> DefinedPacket:
        """Dissect `data` (which may be empty) as this layer, `frame_offset` bytes into the frame."""
        packet = cls(_internal=1, _underlayer=underlayer, _parent=parent)
        packet.frame_offset = base
        packet.original = data
        packet.dissect(data)
        return packet

    def dissect(self, s: bytes) -> None:
        """Scapy's entry: read header and trailer, then let the payload read itself."""
        enclosing = above(self)
        self.layer_depth = getattr(enclosing, "layer_depth", 0) + 1
        if self.frame_offset < 0:
            self.frame_offset = _bytes_below(self)
        self.spans, self.raw_packet_cache, self.raw_packet_cache_fields = {}, b"", {}
        env = DissectEnv(self, bytes(s))
        payload, start = self._read(env)
        env.cursor.bit, env.cursor.end = start * 8, start + len(payload)  # Peek() and Remaining() see the payload
        self._check(env)
        self._enclose(env, payload, start)
        self.padding_bytes = env.whole[self.wire_length :] if self.parent is None else b""
        if self.padding_bytes and conf.padding:
            self.add_payload(conf.padding_layer(self.padding_bytes))

    def _read(self, env: DissectEnv) -> tuple[bytes, int]:
        """Header, extent of the payload, trailer. Returns the payload and its offset in this layer."""
        cursor, plan = env.cursor, self.plan
        held = 0
        if plan.trailer and plan.payload_size is None:
            held = sum(_fixed_size(step.field) for step in plan.trailer if step.when is None or step.when(env))
            held = held if held <= cursor.end else 0
            cursor.end -= held
        self._read_steps(env, plan.header)
        self.raw_packet_cache = env.whole[: cursor.byte]
        self.header_cut = self.is_cut
        start = cursor.byte
        if self.definition.payload is None:
            stop = start if plan.payload_size else cursor.end
            self.wire_length = start
            return env.whole[start:stop], start
        stop = cursor.end
        if plan.payload_size is not None and not self.is_cut:
            wanted = plan.payload_size(env)
            if wanted > cursor.left:
                self.is_cut = True
                self._find(
                    Severity.ERROR,
                    Group.MALFORMED,
                    "truncated",
                    start,
                    f"{_count(wanted)} should follow, {_count(cursor.left)} are there",
                )
            else:
                stop = start + wanted
        cursor.bit = stop * 8
        cursor.end += held
        if plan.payload_size is None or not self.is_cut:
            self._read_steps(env, plan.trailer)
            self.trailer_cache = env.whole[stop : cursor.byte]
        self.wire_length = cursor.byte
        return env.whole[start:stop], start

    def _read_steps(self, env: DissectEnv, steps: tuple[Step, ...]) -> None:
        """Read fields, until one cannot be read."""
        cursor, spans, values = env.cursor, self.spans, self.fields
        assert spans is not None
        for step in steps:
            name = step.field.name
            if step.when is not None and not step.when(env):
                self.absent_fields = self.absent_fields | {name}
                continue
            before = cursor.bit
            try:
                value = step.read(env)
            except Truncated as short:
                self._cut(step, cursor.byte, f"needs {_count(short.needed)}, {_count(short.left)} are left")
                return
            except Unknown as unknown:
                self._find(Severity.WARN, Group.UNDECODED, "unknown_size", cursor.byte,
                           f"{step.field.title} and what follows cannot be read without {unknown.missing}")  # fmt: skip
                self.is_cut = True
                return
            except PartialArray as partial:
                values[name] = partial.found
                spans[name] = Span(before, cursor.bit - before)
                self._cut(
                    step,
                    cursor.byte,
                    f"its next element needs {_count(partial.short.needed)}, {_count(partial.short.left)} are left",
                )
                return
            if isinstance(step.field, schema.Computed):
                self.computed_fields[name] = value
                continue
            if value is None:
                continue
            values[name] = value
            spans[name] = Span(before, cursor.bit - before)
            last = value[-1] if isinstance(value, list) and value else value
            if isinstance(value, (list, Packet)):
                self.kept_wire[name] = env.whole[before // 8 : cursor.byte]
            if isinstance(last, DefinedPacket) and last.is_cut:
                self.is_cut = True
                return

    def _cut(self, step: Step, at: int, text: str) -> None:
        self.is_cut = True
        self._find(Severity.ERROR, Group.MALFORMED, "truncated", at, f"{step.field.title} {text}")

    def _check(self, env: DissectEnv) -> None:
        for check, holds in self.plan.checks:
            if holds(env):
                at = self.spans.get(check.field) if self.spans else None
                self._find(
                    check.severity, check.group, check.code, at.offset if at else 0, self.fill_in(check.text, env)
                )

    def _enclose(self, env: DissectEnv, data: bytes, start: int) -> None:
        """Dissect the payload, or say what is wrong with it."""
        if self.definition.payload is None:
            if data and self.parent is None and not self.is_cut:
                self._find(
                    Severity.WARN,
                    Group.MALFORMED,
                    "surplus",
                    start,
                    f"{_count(len(data))} more than the layer has fields for",
                )
            if self.parent is None:
                self._keep(data)
                self.wire_length = start + len(data)
            return
        target = None if self.is_cut and not data else self.guess_payload_class(data, env)
        if self.header_cut:
            self._keep(data)
        elif data and self.plan.nothing(env):
            self._find(
                Severity.WARN, Group.MALFORMED, "surplus", start, f"{_count(len(data))} where the message should end"
            )
            self._keep(data)
        elif not data and self.plan.required(env) and not self.is_cut:
            what = target.__name__ if target is not None else "payload"
            self._find(Severity.ERROR, Group.MALFORMED, "truncated", start, f"the bytes end before the {what}")
        elif self.layer_depth >= MAX_DEPTH and data:
            self._find(
                Severity.WARN,
                Group.MALFORMED,
                "nesting",
                start,
                f"more than {MAX_DEPTH} layers inside each other: not read further",
            )
            self._keep(data)
        elif target is None or self.plan.nothing(env):
            self._keep(data)
        else:
            layer = target.dissected(data, underlayer=self, base=self.frame_offset + start)
            if data or layer.spans or layer.findings:
                self.add_payload(layer)

    def _keep(self, data: bytes) -> None:
        if data:
            self.add_payload(Raw(data))

    def guess_payload_class(self, payload: bytes, env: DissectEnv | None = None) -> Any:
        """The layer of the payload, None where it stays bytes."""
        return self.plan.choose(env if env is not None else BuildEnv(self, payload))

    def _find(self, severity: Severity, group: Group, code: str, at: int, text: str) -> None:
        self.findings.append(Finding(severity, group, f"{self.definition.name}.{code}", self.frame_offset + at, text))

    # -- values -------------------------------------------------------------------------------------------------

    @property
    def header_length(self) -> int:
        """Bytes before the payload, of a dissected layer."""
        return len(self.raw_packet_cache or b"")

    @property
    def pristine(self) -> bool:
        """True while the layer is as it was dissected."""
        return self.spans is not None and self.raw_packet_cache is not None

    def has_field(self, step: Step, env: BuildEnv) -> bool:
        """Whether a field is in the layer. Where only the wire could tell: if it is set, or fills itself in."""
        name = step.field.name
        if step.when is None:
            return not (isinstance(step.field, schema.Struct) and self.getfieldval(name) is None)
        holds = step.when(env)
        if holds is None:
            return name in self.fields or (step.auto is not None and name not in self.absent_fields)
        return bool(holds)

    def field_value(self, name: str) -> Any:
        """The value of a field, None where it is not there."""
        if self.pristine:
            return self.fields[name] if name in self.fields else self.computed_fields.get(name)
        step = self.plan.steps.get(name)
        env = BuildEnv(self)
        if step is None or not self.has_field(step, env):
            return None
        if isinstance(step.field, schema.Computed):
            return step.read(env)  # type: ignore[arg-type]
        value = self.getfieldval(name)
        if value is None and step.auto is not None:
            return step.auto(env)
        return value

    def computed_value(self, field: schema.Field) -> Any:
        """The value of a computed field."""
        return self.field_value(field.name)

    def fill_in(self, template: str, env: Any, short: bool = False) -> str:
        """`template` with each ``{field}`` replaced by its text."""
        return template.format_map(_Texts(self, env, short))

    def summary_of(self, alternatives: tuple[tuple[schema.Expr | None, str], ...]) -> str:
        """The first template whose condition holds, filled in."""
        env = BuildEnv(self)
        for condition, template in alternatives:
            if condition is None or condition.compiled()(env):
                return self.fill_in(template, env, short=True)
        return ""

    def mysummary(self) -> str:
        text = self.summary_of(self.definition.info)
        return f"{type(self).__name__} {text}" if text else type(self).__name__

    def frame_findings(self) -> list[Finding]:
        """The findings of this layer and of all that it encloses, by offset."""
        found: list[Finding] = []
        layer: Any = self
        while layer is not None and not isinstance(layer, NoPayload):
            if isinstance(layer, DefinedPacket):
                found += layer.findings
                for value in layer.fields.values():
                    for one in value if isinstance(value, list) else (value,):
                        if isinstance(one, DefinedPacket):
                            found += one.frame_findings()
            layer = layer.payload
        return sorted(found, key=lambda finding: finding.offset)

    # -- building -----------------------------------------------------------------------------------------------

    def do_build(self) -> bytes:
        layer: Any = self if self.explicit else next(iter(self))
        payload: bytes = layer.do_build_payload()
        if layer._unchanged():
            return bytes(layer.raw_packet_cache + payload + layer.trailer_cache)
        header = write_steps(layer.plan.header, layer, BuildEnv(layer, payload))
        trailer = write_steps(layer.plan.trailer, layer, BuildEnv(layer, payload, header + payload))
        return header + payload + trailer

    def self_build(self) -> bytes:
        if self._unchanged():
            assert self.raw_packet_cache is not None
            return self.raw_packet_cache
        return write_steps(self.plan.header, self, BuildEnv(self))

    def _unchanged(self) -> bool:
        if self.raw_packet_cache is None:
            return False
        for name, wire in self.kept_wire.items():
            sink = Sink()
            self.plan.steps[name].write(BuildEnv(self), sink, self.fields[name])
            if sink.done != wire:
                self.raw_packet_cache = None
                return False
        return True

    def copy(self) -> Any:
        return self._same(super().copy())

    def clone_with(self, payload: Any = None, **kargs: Any) -> Any:
        return self._same(super().clone_with(payload, **kargs))

    def _same(self, clone: Any) -> Any:
        """Give a copy what only this class knows."""
        for name in DefinedPacket.__slots__:
            object.__setattr__(clone, name, getattr(self, name))
        return clone


class _Texts(dict[str, str]):
    """Texts of fields on demand, for `str.format_map`; of one that a cut layer lost, a question mark."""

    def __init__(self, packet: DefinedPacket, env: Any, short: bool) -> None:
        super().__init__()
        self.packet, self.env, self.short = packet, env, short

    def __missing__(self, name: str) -> str:
        step = self.packet.plan.steps.get(name)
        value = self.packet.field_value(name)
        if isinstance(value, DefinedPacket):
            return value.summary_of(value.definition.info)
        if value is None and self.packet.header_cut:
            return "?"
        return describe(step.field, value, self.env, self.short) if step is not None else ""


def _fixed_size(field: schema.Field) -> int:
    match field:
        case schema.Integer(size=size) | schema.Flags(size=size):
            return size
        case schema.Bytes(length=int() as length):
            return length
        case schema.Computed():
            return 0
    raise TypeError(f"{field.name}: a trailer without a payload length needs fixed sizes")


def _bytes_below(packet: Packet) -> int:
    """Bytes of all layers below, when the layer below is one of Scapy's own."""
    total, layer = 0, above(packet)
    while layer is not None:
        total += len(layer.raw_packet_cache or b"")
        layer = above(layer)
    return total


def _count(number: int) -> str:
    return f"{number} byte" if number == 1 else f"{number} bytes"
