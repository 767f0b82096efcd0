# SPDX-License-Identifier: GPL-2.0-or-later
"""Seed of the Lua engine: just enough to show that one definition drives Lua as it does Scapy and columns.

It reads the header of a layer whose conditions and widths are made of its own fields.
"""

from __future__ import annotations

from osgp_analyzer import schema
from osgp_analyzer.schema.expr import Const, Expr, If, Map, Not, Op, Ref


def lua(definition: schema.Definition) -> str:
    """Lua text of a function from a byte string to a table of values and one of offsets."""
    lines = ["return function(data)", "  local v, at, bit, size = {}, {}, 0, #data * 8"]
    for field in definition.header:
        condition = _lua(field.when) if field.when is not None else "true"
        match field:
            case schema.Computed():
                lines.append(f"  if {condition} then v.{field.name} = {_lua(field.expression)} end")
                continue
            case schema.Bits(width=width):
                size = _lua(width) if isinstance(width, Expr) else str(width)
            case schema.Integer(size=count):
                size = str(count * 8)
            case schema.Bytes(length=length):
                size = f"({_lua(length) if isinstance(length, Expr) else length}) * 8"
        lines += [
            f"  if {condition} then",
            f"    local width = {size}",
            "    if bit + width > size then return v, at end",
            f"    v.{field.name}, at.{field.name} = bits(data, bit, width), bit // 8",
            "    bit = bit + width",
            "  end",
        ]
    return "\n".join([*lines, "  return v, at", "end"])


def _lua(node: Expr) -> str:
    match node:
        case Const(value=value):
            return str(value)
        case Ref(name=name):
            return f"v.{name}"
        case Op(operator=operator, left=left, right=right):
            a, b = _lua(left), _lua(right)
            return f"({a} {'~=' if operator == '!=' else operator} {b})"
        case Not(operand=operand):
            return f"(not {_lua(operand)})"
        case If(condition=condition, then=then, other=other):
            return f"({_lua(condition)} and {_lua(then)} or {_lua(other)})"
        case Map(key=key, items=items, default=default):
            table = ", ".join(f"[{k}]={v}" for k, v in items.items())
            return f"(({{{table}}})[{_lua(key)}] or {default if default is not None else 'nil'})"
    raise TypeError(type(node))


LUA_RUNTIME = """
function bits(data, first, width)
  local value = 0
  for i = first, first + width - 1 do
    value = value * 2 + (data:byte(i // 8 + 1) >> (7 - i % 8) & 1)
  end
  return value
end
"""
