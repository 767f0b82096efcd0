# SPDX-License-Identifier: GPL-2.0-or-later
"""The Scapy layer that reads and builds itself from a definition, and knows the span of every field.

Dissecting never raises: what cannot be read is left as bytes, with a finding.
"""

from __future__ import annotations

from typing import Any, ClassVar

from scapy.packet import NoPayload, Packet

from osgp_analyzer import schema
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.cursor import Sink, Span
from osgp_analyzer.engines.scapy.dissection import Dissection
from osgp_analyzer.engines.scapy.environment import BuildEnv, DissectEnv
from osgp_analyzer.engines.scapy.plan import Plan
from osgp_analyzer.engines.scapy.steps import Step, write_steps
from osgp_analyzer.engines.text import describe
from osgp_analyzer.engines.tree import Derived
from osgp_analyzer.schema import Finding


class DefinedPacket(Packet):
    """Base of all layers made from definitions.

    Beside Scapy's own attributes a dissected layer has `frame_offset` (its offset in the frame), `spans` (field name
    to `Span`), `findings` (its own; `frame_findings()` has those of all layers) and `wire_length` (its bytes, with
    those of its payload).
    """

    __slots__ = (
        "absent_fields",
        "computed_fields",
        "derived",
        "element_before",
        "findings",
        "frame_offset",
        "header_cut",
        "is_cut",
        "kept_wire",
        "knowledge",
        "layer_depth",
        "number_in_array",
        "padding_bytes",
        "part",
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
    derived: Derived | None
    """Of a layer whose bytes are nowhere in the frame: all these bytes, in which `frame_offset` is a place then."""
    element_before: DefinedPacket | None
    """Of an element of an array: the one before it."""
    number_in_array: int | None
    """Of an element of an array: which one it is, from 0."""
    part: tuple[int, bool] | None
    """Of a layer inside a `View`: how many of its bytes come before those that are there, and whether it should be
    whole."""
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
        put(self, "part", None)
        put(self, "element_before", None)
        put(self, "number_in_array", None)
        put(self, "derived", None)
        put(self, "spans", None)
        put(self, "absent_fields", frozenset())
        put(self, "trailer_cache", b"")
        super().__init__(_pkt, *args, **fields)

    # -- dissecting ---------------------------------------------------------------------------------------------

    @classmethod
    def dissected(
        cls,
        data: bytes,
        *,
        underlayer: Any = None,
        parent: Any = None,
        base: int = -1,
        part: tuple[int, bool] | None = None,
        derived: Derived | None = None,
        number: int | None = None,
        before: DefinedPacket | None = None,
    ) -> DefinedPacket:
        """Dissect `data` (which may be empty) as this layer, `frame_offset` bytes into the frame. `part`: it is in a
        `View`, so many bytes of the layer come before the data, and whether they should be all of it. `derived`: the
        data are not in the frame; see the attribute. `number`: of the array element that it is, `before`: the element
        before."""
        packet = cls(_internal=1, _underlayer=underlayer, _parent=parent)
        packet.frame_offset, packet.part, packet.derived = base, part, derived
        packet.number_in_array, packet.element_before = number, before
        packet.original = data
        packet.dissect(data)
        return packet

    def dissect(self, s: bytes) -> None:
        """Scapy's entry: read header and trailer, then let the payload read itself."""
        Dissection(self, bytes(s)).run()

    def guess_payload_class(self, payload: bytes, env: DissectEnv | None = None) -> Any:
        """The layer of the payload, None where it stays bytes."""
        return self.plan.choose(env if env is not None else BuildEnv(self, payload))

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
            return not (isinstance(step.field, (schema.Struct, schema.View)) and self.getfieldval(name) is None)
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

    @property
    def onward(self) -> Any:
        """The layer that the message goes on with: the payload, or what is read from bytes that a procedure made."""
        if not isinstance(self.payload, NoPayload):
            return self.payload
        views = (self.fields.get(name) for name in self.plan.derived)
        return next((view for view in views if view is not None), self.payload)

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
