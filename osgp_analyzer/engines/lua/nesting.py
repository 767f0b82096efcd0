# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields with others inside them, and fields one after the other, as lines of Lua."""

from __future__ import annotations

from osgp_analyzer import schema
from osgp_analyzer.engines.lua.expressions import quoted
from osgp_analyzer.engines.lua.simple import Simple
from osgp_analyzer.schema import Bits, Expr, Field, resolve
from osgp_analyzer.schema.expr import Again, Ref
from osgp_analyzer.schema.layer import walk


class Nesting(Simple):
    """Reads all fields of a layer."""

    def _fields(self, some: tuple[Field, ...]) -> None:
        """Read fields one after the other; those with the same condition in one block."""
        at = 0
        some = tuple(f for f in some if not isinstance(f, schema.Payload))
        while at < len(some):
            first = some[at]
            if first.when is None:
                self._field(first)
                self.always.update(() if isinstance(first, schema.Computed) else (first.name,))
                at += 1
                continue
            condition = self.truth(first.when)
            stop = at + 1
            if isinstance(first, Bits):
                while stop < len(some) and isinstance(some[stop], Bits) and self._same(some[stop], condition):
                    stop += 1
            self._missing(first, first.when)
            before = self.k
            with self.block(f"if {condition} then"):
                for one in some[at:stop]:
                    self._field(one)
                if self.k != before and before is not None:
                    # Where it goes on is not known before the capture is read.
                    if self.k is not None:
                        self.put(f"k = {self.k}")
                    self.turn("else")
                    self.put(f"k = {before}")
            self.k = self.k if self.k == before else None
            at = stop

    def _same(self, one: Field, condition: str) -> bool:
        return one.when is not None and self.truth(one.when) == condition

    def _field(self, one: Field) -> None:
        match one:
            case schema.Bits():
                self._bits(one)
            case schema.Computed():
                self._computed(one)
            case schema.View():
                self._view(one)
            case schema.Struct():
                self._align()
                self._struct(one)
            case schema.Array():
                self._align_array(one)
            case _:
                self._align()
                self._bytes(one, self._length(one), one)

    def _align_array(self, one: schema.Array) -> None:
        if isinstance(one.element, Bits):
            if self.k is not None:
                self.put(f"k = {self.k}")
                self.k = None
        else:
            self._align()
        self._array(one)

    def _array(self, one: schema.Array) -> None:
        element, title = one.element, quoted(one.title)
        if isinstance(one.count, Expr):
            self._missing(one, one.count)
        with self.block("do"):
            self.put("local outer_index, i, lacking, wanted, begun = I, 0, nil, nil, nil")
            if one.count is not None:
                self.put(f"wanted = {self._size(one.count)}")
                self.put(f'if wanted == nil then cut = unknown(n, x, q, {title}, "its length") break end')
            self._mark(one)
            compared = _compares(element)
            if compared:
                self.put("local outer_seen = SEEN")
                self.put("SEEN = {}")
            more = "i < wanted" if one.count is not None else "q < e"
            with self.block(f"while {more} and not cut and not lacking do"):
                self.put("I, begun = i, 8 * q + k")
                with self.block("repeat", "until true"):
                    if isinstance(element, Bits):
                        self._element_bits(element, one)
                    elif isinstance(element, Field):
                        self._bytes(element, self._length(element), one, element=True)
                    else:
                        name = element.__name__
                        self._descend()
                        self.put(f"q, cut = L.{name}(q, e, n, depth + 1, true, part, whole)")
                self.put("i = i + 1")
                self.put("if 8 * q + k == begun then break end")
            self.put("I = outer_index")
            if compared:
                self.put("SEEN = outer_seen")
            self.put(f"if lacking then cut = lacks(n, x, part, whole, q, k, e, lacking, {title}) end")
            self.put("if cut then break end")
        self.k = None if isinstance(element, Bits) else 0

    def _element_bits(self, element: Bits, one: Field) -> None:
        width = self._size(element.width)
        self.put(f"local w = {width}")
        self.put("if 8 * q + k + w > 8 * e then lacking = floor((w + 7) / 8) break end")
        lsb = self.definition.bit_order == "lsb"
        name = self.declared.named(self.definition, one)
        read = "field_lsb" if lsb else "field_msb"
        self.put(f"put(n, {name}, q, floor((k + w + 7) / 8), {read}(q, k, w))")
        self.put("k = k + w")
        self.put("q, k = q + floor(k / 8), k % 8")

    def _struct(self, one: schema.Struct) -> None:
        with self.block("do"):
            self.put("local to = e")
            if one.length is not None:
                self._missing(one, one.length)
                self.put(f"local size = {self._size(one.length)}")
                self.put(f'if size == nil then cut = unknown(n, x, q, {quoted(one.title)}, "its length") break end')
                self.put("if size < 0 then size = 0 end")
            for line in self.choices.lines(one.target, self):
                self.put(line)
            if one.length is not None:
                self.put("if f and part and not whole and e > q and e - q < size then size = e - q end")
                self.put(
                    f"if q + size > e then cut = short(n, x, part, whole, q, 0, e, size, {quoted(one.title)}) break end"
                )
                self.put("to = q + size")
            self._mark(one)
            with self.block("if f and depth >= MAX_DEPTH then"):
                self.put("too_deep(n, x, q)")
                self.turn("elseif f then")
                self._descend()
                beside = _has_payload(one.target)
                self.put(f"local used, inside = f(q, to, {'ROOT' if beside else 'n'}, depth + 1, true, part, whole)")
                self.put("q = used" if one.length is None else "q = (inside and not part) and used or to")
                if one.name in self._kept():
                    self.put(f"v_{one.name} = TOLD")
                self.put("if inside then cut = true break end")
                if one.length is not None and not isinstance(one.target, (str, type)):
                    self.turn("else")
                    name = self.declared.plain(self.definition.full_name(one), one.title, "bytes")
                    self.put(f"raw(n, {name}, q, size)")
                    if one.name in self._kept():
                        self.put(f"if size > 0 then v_{one.name} = hex(sub(S, q + 1, q + size)) end")
                    self.put("q = q + size")
        self.k = 0

    def _view(self, one: schema.View) -> None:
        if not isinstance(one.data, Ref):
            return  # bytes that a procedure makes: there are none without keys
        source = one.data.name
        with self.block(f'if v_{source} ~= nil and v_{source} ~= "" then'):
            for line in self.choices.lines(one.target, self):
                self.put(line)
            skip = self.value(one.skip) if isinstance(one.skip, Expr) else str(one.skip)
            self.put(f"local from, skip = at_{source}, number({skip})")
            whole = self.truth(one.whole) if isinstance(one.whole, Expr) else str(one.whole).lower()
            with self.block("if f and depth >= MAX_DEPTH then"):
                self.put("too_deep(n, x, q)")
                self.turn("elseif f and skip == 0 then")
                self._descend()
                self.put(f"f(from, from + #v_{source}, n, depth + 1, true, true, {whole})")
                self.turn("elseif f then")
                self.put('find(n, x.part, from, "a part of the table: not taken apart here")')


def _compares(element: object) -> bool:
    """Whether elements of an array are held against those before them."""
    if isinstance(element, Field):
        return False
    expressions = resolve(element).definition.expressions()  # type: ignore[arg-type]
    return any(isinstance(node, Again) for expression in expressions for node in walk(expression))


def _has_payload(target: object) -> bool:
    return isinstance(target, (str, type)) and resolve(target).definition.payload is not None
