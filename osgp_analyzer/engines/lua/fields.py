# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields as Wireshark knows them: a ProtoField for each, and how a value is written.

Fields of several layers that have one full name must be of one type there; so each name gets the type that holds all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from osgp_analyzer import schema
from osgp_analyzer.engines.lua.expressions import Constants, identifier, quoted
from osgp_analyzer.schema import Definition, Expr, Field, Values
from osgp_analyzer.schema.expr import Call, If
from osgp_analyzer.schema.layer import bit_runs
from osgp_analyzer.schema.types import TIME_SIZES

PREFIX = "osgp."
"""What all our names begin with in Wireshark, so that they are nobody else's."""
BYTES, ADDRESS4, ADDRESS6 = "bytes", "ipv4", "ipv6"
SECRET, COMPUTED = "secret", "computed"
SIZES = {1: 8, 2: 16, 3: 24, 4: 32}
SHOWN = {"neuron_id": "colons", "mac": "colons", "ipv4": "ip", "ipv6": "ip", "ascii": "printable"}
"""Functions of the runtime that write bytes."""
GIVE_BYTES: set[str] = set()
"""Procedures whose value is bytes; filled by whoever defines them."""
MASKED = 4
"""Bytes that Wireshark can take bits from by itself."""


def filter_name(name: str) -> str:
    """A full name as it is in Wireshark."""
    return name if name.startswith(PREFIX) else PREFIX + name


def leaf(one: Field) -> Field:
    """The field whose values there are: of an array of fields its element."""
    return one.element if isinstance(one, schema.Array) and isinstance(one.element, Field) else one


def octets(one: Field) -> int | None:
    """Bytes of a whole number; None for what is none."""
    match one:
        case schema.Integer(size=size) | schema.Flags(size=size):
            return size
        case schema.Time(kind="seconds_since_1900"):
            return 4
    return None


def computes_bytes(one: schema.Computed) -> bool:
    """Whether a computed value is bytes."""
    return _gives_bytes(one.expression)


def _gives_bytes(expression: Expr) -> bool:
    """Whether any branch of an expression does: a field that it refers to is then bytes too."""
    if isinstance(expression, If):
        return _gives_bytes(expression.then) or _gives_bytes(expression.other)
    return isinstance(expression, Call) and expression.procedure in GIVE_BYTES


def names_of(one: Field) -> Values | None:
    """The names of an enumeration."""
    return one.values if isinstance(one, (schema.Bits, schema.Integer, schema.Computed)) else None


@dataclass
class Declared:
    """All ProtoFields. `lines` declare them; `named` gives the Lua name of one."""

    names: Constants
    types: dict[str, str]
    lines: dict[str, str] = field(default_factory=dict)

    def named(self, definition: Definition, one: Field, mask: int | None = None) -> str:
        """The ProtoField of a field, with a mask where Wireshark takes its bits itself."""
        full = definition.full_name(one)
        kind, value = self.types[full], leaf(one)
        args = [quoted(filter_name(full)), quoted(one.title)]
        if kind in (BYTES, ADDRESS4, ADDRESS6, "none", "string"):
            if kind == BYTES:
                args.append("base.COLON" if value.show in ("neuron_id", "mac") else "base.NONE")
        else:
            base = "base.HEX" if value.show == "hex" or isinstance(value, schema.Flags) else "base.DEC"
            names = names_of(value)
            if kind.startswith("u") and base == "base.HEX" and names:
                base = "base.HEX"
            args += [base, self.names(names) if names else "nil", hex(mask) if mask is not None else "nil"]
        if one.doc:
            args.append(quoted(one.doc))
        text = f"ProtoField.{kind}({', '.join(args)})"
        return self._declared(text, full)

    def plain(self, name: str, title: str, kind: str = "none") -> str:
        """A ProtoField that no field of a definition stands for: the node of a layer, or bytes that none reads."""
        text = f"ProtoField.{kind}({quoted(filter_name(name))}, {quoted(title)})"
        return self._declared(text, name)

    def _declared(self, text: str, name: str) -> str:
        """The Lua name of a ProtoField: those of one full name are told apart by a number."""
        if text not in self.lines:
            known, number = f"P.{identifier(name)}", 1
            while known in self.lines.values():
                number += 1
                known = f"P.{identifier(name)}_{number}"
            self.lines[text] = known
        return self.lines[text]


def types(definitions: Iterable[Definition]) -> dict[str, str]:
    """The type of each full name."""
    found: dict[str, set[str]] = {}
    for definition in definitions:
        runs = bit_runs(definition.fields) if definition.bit_order == "lsb" else {}
        shift = 0
        for one in definition.fields:
            if isinstance(one, (schema.Payload, schema.View)):
                continue
            value = leaf(one)
            if isinstance(value, schema.Bits):
                width = value.width if isinstance(value.width, int) else 12
                start = runs[one.name][0] % 8 if one.name in runs else shift
                kind = _unsigned(-(-(start + width) // 8))
                shift = (shift + width) % 8
            else:
                kind, shift = _kind(value), 0 if not isinstance(value, schema.Computed) else shift
            found.setdefault(definition.full_name(one), set()).add(kind)
    return {name: _common(kinds) for name, kinds in found.items()}


def _unsigned(size: int) -> str:
    return f"uint{SIZES.get(size, 64)}"


def _kind(value: Field) -> str:
    if value.show == SECRET:
        return "none"
    match value:
        case schema.Integer(size=size, signed=True):
            return f"int{SIZES.get(size, 64)}"
        case schema.Integer(size=size) | schema.Flags(size=size):
            return _unsigned(size)
        case schema.Time(kind="seconds_since_1900"):
            return "uint32"
        case schema.Computed():
            return BYTES if computes_bytes(value) else COMPUTED
        case schema.Bytes(length=int() as n, show="ipv4") if n == 4:
            return ADDRESS4
        case schema.Bytes(length=int() as n, show="ipv6") if n == 16:
            return ADDRESS6
        case schema.Text():
            return "string"
        case schema.Array():
            return "none"
    return BYTES


def _common(kinds: set[str]) -> str:
    kinds = kinds - {COMPUTED} or {"uint32"}
    if len(kinds) == 1:
        return kinds.pop()
    if kinds & {BYTES, ADDRESS4, ADDRESS6}:
        return BYTES
    numbers = sorted(int(kind.lstrip("uint")) for kind in kinds if kind not in ("none", "string"))
    signed = any(kind.startswith("int") for kind in kinds)
    return f"{'int' if signed else 'uint'}{numbers[-1]}"


def shape(one: Field) -> str:
    """How a number is written."""
    if one.show != "hex":
        return "%d"
    bits = one.size * 8 if isinstance(one, (schema.Integer, schema.Flags)) else 8
    if isinstance(one, schema.Bits):
        bits = one.width if isinstance(one.width, int) else 1
    return f"0x%0{(bits + 3) // 4}x"


def written(one: Field, value: str, names: Constants, short: bool) -> str:
    """The text of a value that is there, as `osgp_analyzer.engines.text.unlabelled` has it."""
    known = names_of(one)
    if known is not None:
        if not short:
            return f"named({names(known)}, {value}, {quoted(shape(one))})"
        counted = list(known.values())
        shape_ = shape(one)
        alone = {k: v if counted.count(v) == 1 else f"{v} ({shape_ % k})" for k, v in known.items()}
        return f"alone({names(alone)}, {value}, {quoted(shape_)})"
    match one:
        case schema.Flags(size=size, bits=bits):
            return f"flags({value}, {names(bits)}, {size * 2})"
        case schema.BitSet():
            return f"set({value}, {names(one.values or {})}, {str(one.msb_first).lower()})"
        case schema.Text():
            return f"text_of({value}, {quoted(one.pad)})"
        case schema.Time(kind="seconds_since_1900"):
            return f"seconds_1900({value})"
        case schema.Time(kind="time"):
            return f"clock({value}, 1)"
        case schema.Time():
            return f"date({value})"
    if octets(one) is None and not isinstance(one, (schema.Bits, schema.Computed)):
        return f"{SHOWN.get(one.show, 'hex')}({value})"
    if isinstance(one, schema.Computed) and computes_bytes(one):
        return f"{'colons' if one.show == 'neuron_id' else 'hex'}({value})"
    if one.scale is not None:
        text = f"scaled({value}, {one.scale.numerator}, {one.scale.denominator})"
    else:
        text = f"format({quoted(shape(one))}, number({value}))"
    return f"{text} .. {quoted(' ' + one.unit)}" if one.unit else text


def own_text(one: Field) -> bool:
    """Whether Wireshark's own way to write the value would say less."""
    match one:
        case schema.Flags() | schema.BitSet() | schema.Time() | schema.Text() | schema.BCD():
            return True
        case schema.Bytes(show="ascii"):
            return True
        case schema.Bytes(show=("ipv4" | "ipv6"), length=length):
            return not isinstance(length, int)
    return bool(one.unit) or one.scale is not None


def length_of(one: Field) -> int | None:
    """Bytes of a time."""
    return TIME_SIZES[one.kind] if isinstance(one, schema.Time) else None
