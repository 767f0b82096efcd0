# SPDX-License-Identifier: GPL-2.0-or-later
"""A definition as a Lua function that reads the layer, as `osgp_analyzer.engines.scapy.dissection` does.

``L.NPDU(at, stop, tree, depth, inner, part, whole)`` reads the layer whose bytes are `at` to `stop` into `tree`, with
all that it encloses, and returns where it ends and whether it was cut short. `inner`: it is a structure of another
layer; `part`: it is read from the bytes of a field, and `whole` says whether these should be all of it.
"""

from __future__ import annotations

from osgp_analyzer import schema
from osgp_analyzer.engines.lua.expressions import identifier
from osgp_analyzer.engines.lua.nesting import Nesting
from osgp_analyzer.engines.lua.telling import PLACES, Telling
from osgp_analyzer.schema import Expr
from osgp_analyzer.schema.expr import Ref
from osgp_analyzer.schema.layer import fixed_size, walk


class LayerWriter(Nesting, Telling):
    """Writes one layer."""

    def function(self) -> list[str]:
        """The lines of the function."""
        definition = self.definition
        for text in (definition.info, definition.source_address, definition.destination_address):
            for condition, template in text:
                self.used.update(PLACES.findall(template))
                self.used.update(_refs(condition))
        for check in definition.checks:
            self.used.update((*PLACES.findall(check.text), *_refs(check.when)))
            if check.field:
                self.used.add(f"at_{check.field}")
        for one in definition.fields:
            for expression in (*one.expressions(), *one.label_expressions()):
                if expression is not one.auto:
                    self.used.update(_refs(expression))
            if isinstance(one, schema.View) and isinstance(one.data, Ref):
                self.used.update((one.data.name, f"at_{one.data.name}"))
            if isinstance(one, (schema.Struct, schema.View, schema.Payload)):
                self.used.update(name for e in self.choices.expressions(one.target) for name in _refs(e))
        body_start = len(self.lines)
        payload = definition.payload
        if definition.end_fields:
            self._hold_back()
        with self.block("repeat", "until true"):
            self._fields(definition.header)
        self._align()
        if "k = " in "\n".join(self.lines):
            self.put("if k > 0 then q, k = q + 1, 0 end")
        self.always.clear()  # a layer that was cut has none of what would follow
        self.put("local head, header_cut = q, cut")
        if payload is None:
            self.put("local from, to = q, e")
        else:
            self._payload_bounds(payload)
        self.k = 0
        self.put("q, e = from, to")
        self._checks()
        self._tell()
        self._enclose(payload)
        self._restore()
        self._told()
        self.put("return ending, cut")
        body = self.lines[body_start:]
        return [*self._begin(), *body, "end"]

    def _begin(self) -> list[str]:
        d = self.definition
        node = self.declared.plain(d.name, d.title)
        names = [f"v_{f.name}" for f in d.fields if f.name in self._kept()]
        names += [f"at_{f.name}" for f in d.fields if f"at_{f.name}" in self.used]
        lines = [f"L.{d.class_name} = function(at, stop, tree, depth, inner, part, whole)"]
        lines.append("    local q, k, e, cut, ending = at, 0, stop, false, at")
        for i in range(0, len(names), 12):
            lines.append(f"    local {', '.join(names[i : i + 12])}")
        for name, full in self.owned.items():
            lines.append(f"    local o_{name} = O.{identifier(full)}")
        lines.append(f"    local n = stop > at and tree:add({node}, B(at, stop - at)) or tree:add({node})")
        lines.append(f"    local x = X.{identifier(d.name)}")
        return lines

    def _hold_back(self) -> None:
        """Leave the bytes of a trailer that is taken from the end."""
        self.put("local held = 0")
        for one in self.definition.end_fields:
            size = fixed_size(one)
            if size:
                when = f"if {self.truth(one.when)} then " if one.when is not None else ""
                self.put(f"{when}held = held + {size}{' end' if when else ''}")
        self.put("if held > e - at then held = 0 end")
        self.put("e = e - held")

    def _payload_bounds(self, payload: schema.Payload) -> None:
        self.put("local from, to = q, e")
        d = self.definition
        if payload.length is not None:
            with self.block("if not cut then"):
                self.put(f"local size = {self._size(payload.length)} or 0")
                self.put("if size < 0 then size = 0 end")
                with self.block("if size <= to - from then"):
                    self.put("to = from + size")
                    self.turn("else")
                    self.put(
                        'cut = short_of(n, x, part, from, count(size) .. " should follow, " '
                        '.. count(to - from) .. " are there")'
                    )
        if not d.trailer:
            self.put("q = to")
            self.put("ending = to")
            return
        self.put("q = to")
        if d.end_fields:
            self.put("e = e + held")
            with self.block("repeat", "until true"):
                self._fields(d.trailer)
        else:
            with self.block("if not cut then"), self.block("repeat", "until true"):
                self._fields(d.trailer)
        self._align()
        self.put("ending = q")

    def _enclose(self, payload: schema.Payload | None) -> None:
        self.put("if head > at then n:set_len(head - at) end")
        if payload is None:
            self.put("ending = from")
            with self.block("if not inner then"):
                with self.block("if to > from and not cut then"):
                    self.put('find(n, x.surplus, from, count(to - from) .. " more than the layer has fields for")')
                self.put("keep(tree, from, to)")
                self.put("ending = to")
            return
        for line in self.choices.lines(payload.target, self):
            self.put(line)
        self.put("if cut and to == from then f = nil end")
        nothing = self.truth(payload.nothing) if payload.nothing is not None else "false"
        required = self.truth(payload.required) if isinstance(payload.required, Expr) else str(payload.required).lower()
        with self.block("if header_cut then"):
            self.put("keep(tree, from, to)")
            self.turn(f"elseif to > from and {nothing} then")
            self.put('find(n, x.surplus, from, count(to - from) .. " where the message should end")')
            self.put("keep(tree, from, to)")
            self.turn(f"elseif to == from and {required} and not cut then")
            self.put('cut = short_of(n, x, part, from, "the bytes end before the " .. (f and NAMES[f] or "payload"))')
            self.turn("elseif depth >= MAX_DEPTH and to > from then")
            self.put("too_deep(n, x, from)")
            self.put("keep(tree, from, to)")
            self.turn(f"elseif f == nil or {nothing} then")
            self.put("keep(tree, from, to)")
            self.turn("else")
            self._descend()
            self.put("enclose(f, tree, from, to, depth + 1)")


def _refs(e: Expr | None) -> set[str]:
    return {node.name for node in walk(e) if isinstance(node, Ref)} if e is not None else set()
