# SPDX-License-Identifier: GPL-2.0-or-later
"""How one layer is read and written: a step per field, made once per class from its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scapy.fields import RawVal
from scapy.packet import Packet

from osgp_analyzer import schema
from osgp_analyzer.engines.scapy.cursor import Before, Cursor, Sink, Truncated, Unknown
from osgp_analyzer.engines.scapy.environment import BuildEnv, DissectEnv
from osgp_analyzer.engines.tree import Derived
from osgp_analyzer.schema.expr import Compiled, Expr, Ref
from osgp_analyzer.schema.layer import MAX_DEPTH, asks, bit_runs, uniform
from osgp_analyzer.schema.types import TIME_SIZES

if TYPE_CHECKING:
    from osgp_analyzer.engines.scapy.packet import DefinedPacket

Read = Callable[[DissectEnv], Any]
Write = Callable[[BuildEnv, Sink, Any], None]
LayerClass = Callable[[type[schema.Layer] | str], "type[DefinedPacket]"]


@dataclass(frozen=True)
class Step:
    """One field: its condition, how to read it, how to write it, and its automatic value."""

    field: schema.Field
    when: Compiled | None
    read: Read
    write: Write
    auto: Compiled | None
    asks: bool
    """Whether it stands on fields of other tables."""


def compile_step(field: schema.Field, definition: schema.Definition, layer_class: LayerClass) -> Step:
    """The step for a field of `definition`; `layer_class` gives the Scapy class of a nested layer."""
    read, write = _Steps(definition, layer_class).of(field)
    return Step(
        field,
        field.when.compiled() if field.when is not None else None,
        read,
        write,
        field.auto.compiled() if field.auto is not None else None,
        any(asks(expression)[0] for expression in field.expressions()),
    )


def compile_target(target: Any, layer_class: LayerClass) -> Callable[[Any], type[DefinedPacket] | None]:
    """A function of the environment that chooses the layer of a payload or struct; None: bytes stay undecoded."""
    if target is None:
        return lambda env: None
    if isinstance(target, schema.Switch):
        key = target.key.compiled()
        cases = {value: compile_target(t, layer_class) for value, t in target.cases.items()}
        default, table = compile_target(target.default, layer_class), target.table
        if not table:
            return lambda env: cases.get(key(env), default)(env)

        def look_up(env: Any) -> type[DefinedPacket] | None:
            value = key(env)
            chosen = env.knowledge.chosen.get(table, {}).get(value)
            return layer_class(chosen) if chosen is not None else cases.get(value, default)(env)

        return look_up
    if isinstance(target, schema.Cases):
        ordered = [(case.when.compiled(), compile_target(case.target, layer_class)) for case in target.cases]
        otherwise = compile_target(target.default, layer_class)

        def choose(env: Any) -> type[DefinedPacket] | None:
            for when, chosen in ordered:
                if when(env):
                    return chosen(env)
            return otherwise(env)

        return choose
    return lambda env: layer_class(target)


def size_of(size: int | Expr) -> Callable[[Any], int]:
    """A length or count as a function; negative gives 0, unknowable raises `Unknown`."""
    if isinstance(size, int):
        return lambda env: size
    compiled = size.compiled()
    others, _ = asks(size)

    def run(env: Any) -> int:
        if (env.skipped or (others and not env.building)) and (missing := env.missing(size)):
            raise Unknown(", ".join(missing))
        value = compiled(env)
        if value is None:
            raise Unknown(", ".join(others) or "its length")
        return max(0, int(value))

    return run


def _bytes_like(value: Any) -> bytes:
    return value if isinstance(value, bytes) else bytes(value) if value is not None else b""


class _Steps:
    """Readers and writers for each field type."""

    def __init__(self, definition: schema.Definition, layer_class: LayerClass) -> None:
        self.definition, self.layer_class = definition, layer_class

    def of(self, field: schema.Field) -> tuple[Read, Write]:
        match field:
            case schema.Bits():
                return self.bits(field)
            case schema.Integer():
                return self.integer(field.size, field.order, field.signed)
            case schema.Flags():
                return self.integer(field.size, field.order)
            case schema.Time(kind="seconds_since_1900"):
                return self.integer(4, field.order)
            case schema.Time():
                return self.raw(TIME_SIZES[field.kind])
            case schema.Text():
                return self.text(field)
            case schema.Bytes() | schema.BCD() | schema.BitSet():
                return self.raw(field.length)
            case schema.Struct():
                return self.struct(field)
            case schema.View():
                return self.view(field)
            case schema.Array():
                return self.array(field)
            case schema.Computed():
                compute = field.expression.compiled()
                return compute, lambda env, sink, value: None
        raise TypeError(f"{self.definition.class_name}.{field.name}: no reader for {type(field).__name__}")

    def bits(self, field: schema.Bits) -> tuple[Read, Write]:
        if self.definition.bit_order == "lsb" and isinstance(field.width, int):
            width, (shift, run) = field.width, bit_runs(self.definition.fields)[field.name]
            return (
                lambda env: env.cursor.bits_lsb(width),
                lambda env, sink, value: sink.put_lsb(int(value or 0), width, shift, run),
            )
        size = size_of(field.width)
        return (
            lambda env: env.cursor.bits_msb(size(env)),
            lambda env, sink, value: sink.put_msb(int(value or 0), size(env)),
        )

    def integer(self, size: int, order: str, signed: bool = False) -> tuple[Read, Write]:
        little = (order or self.definition.order) == "little"
        mask = (1 << (8 * size)) - 1

        def read(env: DissectEnv) -> int:
            return int.from_bytes(env.cursor.take(size), "little" if little else "big", signed=signed)

        def write(env: BuildEnv, sink: Sink, value: Any) -> None:
            sink.put((int(value or 0) & mask).to_bytes(size, "little" if little else "big"))

        return read, write

    def raw(self, length: int | Expr | None) -> tuple[Read, Write]:
        if length is None:
            return lambda env: env.cursor.take(env.cursor.left), lambda env, sink, value: sink.put(_bytes_like(value))
        size = size_of(length)

        def write(env: BuildEnv, sink: Sink, value: Any) -> None:
            data = _bytes_like(value)
            sink.put(data.ljust(length, b"\0") if isinstance(length, int) else data)

        return lambda env: env.cursor.take(size(env)), write

    def text(self, field: schema.Text) -> tuple[Read, Write]:
        read, write = self.raw(field.length)
        encoding, pad, length = field.encoding, field.pad, field.length

        def write_text(env: BuildEnv, sink: Sink, value: Any) -> None:
            padded = value.ljust(length, pad) if isinstance(value, str) and isinstance(length, int) else value
            write(env, sink, padded.encode(encoding) if isinstance(padded, str) else padded)

        return lambda env: read(env).decode(encoding, "replace").rstrip(pad), write_text

    def struct(self, field: schema.Struct) -> tuple[Read, Write]:
        choose = compile_target(field.target, self.layer_class)
        size = size_of(field.length) if field.length is not None else None

        def read(env: DissectEnv) -> Any:
            chosen = choose(env)
            if chosen is None:
                return None if size is None else env.cursor.take(size(env)) or None
            return nested(chosen, env, size(env) if size is not None else None)

        return read, lambda env, sink, value: sink.put(_bytes_like(value))

    def view(self, field: schema.View) -> tuple[Read, Write]:
        choose, value_of = compile_target(field.target, self.layer_class), field.data.compiled()
        skip_of = size_of(field.skip)
        whole = field.whole.compiled() if isinstance(field.whole, Expr) else None
        source = field.data.name if isinstance(field.data, Ref) else ""

        def read(env: DissectEnv) -> Any:
            data = value_of(env)
            chosen = choose(env) if data else None
            if chosen is None:
                return None
            packet = env.packet
            if packet.layer_depth >= MAX_DEPTH:
                raise Nesting
            part = (skip_of(env), bool(whole(env) if whole is not None else field.whole))
            if not source:
                place = packet.frame_offset if packet.derived is None else packet.derived.offset
                derived = Derived(place, data, field.made)
                return chosen.dissected(data, parent=packet, base=0, part=part, derived=derived)
            span = packet.spans[source] if packet.spans else None
            base = packet.frame_offset + (span.offset if span is not None else 0)
            return chosen.dissected(data, parent=packet, base=base, part=part)

        return read, lambda env, sink, value: None

    def array(self, field: schema.Array) -> tuple[Read, Write]:
        element = field.element
        if isinstance(element, schema.Field):
            read_field, write_one = self.of(element)

            def read_one(env: DissectEnv, before: list[Any]) -> Any:
                return read_field(env)

        else:
            layer = element

            def read_one(env: DissectEnv, before: list[Any]) -> Any:
                return nested(self.layer_class(layer), env, None, len(before), before[-1] if before else None)

            def write_one(env: BuildEnv, sink: Sink, value: Any) -> None:
                sink.put(_bytes_like(value))

        count = size_of(field.count) if field.count is not None else None

        def read(env: DissectEnv) -> list[Any]:
            cursor = env.cursor
            found: list[Any] = []
            wanted = count(env) if count is not None else None
            while (len(found) < wanted) if wanted is not None else cursor.left > 0:
                before = cursor.bit
                try:
                    found.append(read_one(env, found))
                except Truncated as short:
                    raise PartialArray(found, short) from None
                except Before as early:
                    found.append(None)
                    env.within = cursor.bit if early.within else env.within
                    if cursor.bit < 0 and cursor.bit > before and wanted is not None and uniform(element):
                        passed = min(-cursor.bit // (cursor.bit - before), wanted - len(found))
                        found += [None] * passed
                        cursor.bit += passed * (cursor.bit - before)
                if cursor.bit == before or getattr(found[-1], "is_cut", False):
                    break
            if found and found[-1] is None:
                raise Before
            return found

        def write(env: BuildEnv, sink: Sink, value: Any) -> None:
            for one in value or ():
                if one is not None:
                    write_one(env, sink, one)

        return read, write


class Nesting(Exception):
    """A layer is too deep inside others to be read. Raised and caught inside the engine only."""


class PartialArray(Exception):
    """An array whose bytes end in the middle: the elements before are good."""

    def __init__(self, found: list[Any], short: Truncated) -> None:
        self.found, self.short = found, short


def nested(
    cls: type[DefinedPacket],
    env: DissectEnv,
    length: int | None,
    number: int | None = None,
    before: DefinedPacket | None = None,
) -> DefinedPacket:
    """Dissect a layer inside another at the cursor, and move the cursor behind it. `number`: of an array element,
    `before`: the element before it."""
    cursor: Cursor = env.cursor
    start = cursor.byte
    part = env.packet.part
    if length is not None and part is not None and not part[1] and 0 < cursor.left < length:
        length = cursor.left  # of a layer that ends behind the part, what is there
    if length is not None:
        cursor.need(length * 8)
    end = cursor.end if length is None else start + length
    if length is not None and start < 0 and end <= 0:
        cursor.bit = end * 8
        raise Before
    first = max(start, 0)
    packet = cls.dissected(
        cursor.data[first : max(first, end)],
        parent=env.packet,
        base=env.packet.frame_offset + first,
        part=(first - start, part[1]) if part is not None else None,
        number=number,
        before=before,
    )
    # What a layer that is cut did not read is left for the one around it, to be shown as bytes.
    whole = length is not None and not (packet.is_cut and part is None)
    cursor.bit = (end if whole else first + packet.wire_length) * 8
    if cursor.bit <= 0 and start < 0 and not packet.is_cut:
        raise Before
    return packet


def value_to_write(step: Step, packet: DefinedPacket, env: BuildEnv) -> Any:
    """What goes on the wire: the value set, else the automatic one, else the default."""
    value = packet.getfieldval(step.field.name)
    if value is None and step.auto is not None:
        value = step.auto(env)
    return value


def write_steps(steps: tuple[Step, ...], packet: DefinedPacket, env: BuildEnv) -> bytes:
    """Build the bytes of consecutive fields."""
    sink = Sink()
    for step in steps:
        if packet.has_field(step, env):
            value = value_to_write(step, packet, env)
            if isinstance(value, (RawVal, Packet)):
                sink.put(bytes(value))
            else:
                step.write(env, sink, value)
    sink.put(b"")
    return bytes(sink.done)
