# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds of the other two engines: just enough to show that one definition drives NumPy and Lua as it does Scapy.

They read the header of a layer whose conditions and widths are made of its own fields.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from osgp_analyzer import schema
from osgp_analyzer.schema.expr import Const, Expr, If, Map, Not, Op, Ref

OPERATORS = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "+": np.add,
    "-": np.subtract,
    "&": np.bitwise_and,
    "|": np.bitwise_or,
    "<<": np.left_shift,
    ">>": np.right_shift,
    "and": np.logical_and,
    "or": np.logical_or,
}


class Columns:
    """A layer's header over many frames at once: a bit cursor per frame, moved by widths where conditions hold."""

    def __init__(self, definition: schema.Definition, frames: list[bytes]) -> None:
        self.size = len(frames)
        self.data = np.frombuffer(b"".join(frames) + bytes(16), np.uint8)
        self.start = np.cumsum([0, *(len(f) for f in frames[:-1])])
        self.end = np.array([len(f) * 8 for f in frames])
        self.bit = np.zeros(self.size, np.int64)
        self.alive = np.ones(self.size, bool)
        self.values: dict[str, Any] = {}
        self.present: dict[str, Any] = {}
        self.offset: dict[str, Any] = {}
        for field in definition.header:
            self.read(field)

    def evaluate(self, node: Expr) -> Any:
        match node:
            case Const(value=value):
                return np.full(self.size, value)
            case Ref(name=name):
                return self.values[name]
            case Op():
                return OPERATORS[node.operator](self.evaluate(node.left), self.evaluate(node.right))
            case Not():
                return ~self.evaluate(node.operand)
            case Map():
                keys = self.evaluate(node.key)
                found = np.full(self.size, -1 if node.default is None else node.default)
                for key, value in node.items.items():
                    found[keys == key] = value
                return found
            case If():
                return np.where(self.evaluate(node.condition), self.evaluate(node.then), self.evaluate(node.other))
        raise TypeError(type(node))

    def read(self, field: schema.Field) -> None:
        here = self.alive.copy()
        if field.when is not None:
            here &= self.evaluate(field.when).astype(bool)
        match field:
            case schema.Computed():
                self.values[field.name] = self.evaluate(field.expression)
                self.present[field.name] = here
                return
            case schema.Bits():
                width = field.width if isinstance(field.width, int) else self.evaluate(field.width)
            case schema.Integer():
                width = field.size * 8
            case schema.Bytes():
                width = (field.length if isinstance(field.length, int) else self.evaluate(field.length)) * 8
            case _:
                raise TypeError(type(field))
        width = np.broadcast_to(np.asarray(width), self.size)
        short = here & (self.bit + width > self.end)
        self.alive &= ~short
        here &= ~short
        self.offset[field.name] = self.bit // 8
        if not isinstance(field, schema.Bytes):
            first = self.start + self.bit // 8
            word = np.zeros(self.size, np.int64)
            for i in range(3):
                word = word << 8 | self.data[first + i]
            self.values[field.name] = word >> (24 - self.bit % 8 - width) & ((1 << width) - 1)
        self.present[field.name] = here
        self.bit = self.bit + np.where(here, width, 0)


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
