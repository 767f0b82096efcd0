# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields that hold one value, as lines of Lua."""

from __future__ import annotations

from osgp_analyzer import schema
from osgp_analyzer.engines.lua import fields
from osgp_analyzer.engines.lua.expressions import quoted
from osgp_analyzer.engines.lua.fields import octets, own_text, written
from osgp_analyzer.engines.lua.page import Page
from osgp_analyzer.schema import Expr, Field
from osgp_analyzer.schema.layer import asks


class Simple(Page):
    """Reads bits, whole bytes, and what is computed."""

    def _bits(self, one: schema.Bits) -> None:
        title, kept = quoted(one.title), one.name in self._kept() or bool(one.labels)
        lsb = self.definition.bit_order == "lsb"
        if isinstance(one.width, int) and self.k is not None:
            k, w = self.k, one.width
            n = -(-(k + w) // 8)
            begun = f" k = {k}" if k else ""
            self.put(
                f"if q + {n} > e then cut = short(n, x, part, whole, q, {k}, e, {-(-w // 8)}, {title}){begun} break end"
            )
            self._mark(one)
            number = f"{'field_lsb' if lsb else 'field_msb'}(q, {k}, {w})"
            if n == 1:
                shift = k if lsb else 8 - k - w
                number = "byte(S, q + 1)"
                if shift:
                    number = f"bit.rshift({number}, {shift})"
                if w < 8 and (lsb or k):
                    number = f"band({number}, {(1 << w) - 1})"
            elif n == 2 and w == 16:
                number = "byte(S, q + 1) * 256 + byte(S, q + 2)"
            if kept:
                self.put(f"v_{one.name} = {number}")
            if n <= fields.MASKED:
                mask = (1 << w) - 1 << (k if lsb else 8 * n - k - w)
                # The mask is that of the type of all fields of this name: bytes that are not read are none of it.
                name = self.declared.named(self.definition, one, mask if w < 8 * n else None)
                self._item(one, f"n:{'add_le' if lsb else 'add'}({name}, B(q, {n}))")
            else:
                name = self.declared.named(self.definition, one)
                self._item(one, f"put(n, {name}, q, {n}, {f'v_{one.name}' if kept else number})")
            self.k = (k + w) % 8
            if (k + w) // 8:
                self.put(f"q = q + {(k + w) // 8}")
            return
        if self.k is not None:
            self.put(f"k = {self.k}")
            self.k = None
        self._missing(one, one.width)
        with self.block("do"):
            self.put(f"local w = {self._size(one.width)}")
            self.put("if w == nil then w = 0 end")
            self.put("if w < 0 then w = 0 end")
            self.put(
                f"if 8 * q + k + w > 8 * e then cut = short(n, x, part, whole, q, k, e, floor((w + 7) / 8), {title}) "
                "break end"
            )
            self._mark(one)
            local = f"v_{one.name}" if kept else "local v"
            self.put(f"{local} = {'field_lsb' if lsb else 'field_msb'}(q, k, w)")
            name = self.declared.named(self.definition, one)
            value = f"v_{one.name}" if kept else "v"
            self._item(one, f"put(n, {name}, q, floor((k + w + 7) / 8), {value})")
            self.put("k = k + w")
            self.put("q, k = q + floor(k / 8), k % 8")

    def _item(self, one: Field, add: str) -> None:
        """Add a field to the tree, with what Wireshark would not say of it."""
        extra = ""
        mark = self.definition.source_of(one).certainty.value
        if one.labels:
            text = "nil"
            for label in reversed(one.labels):
                names = self.declared.names(label.values)
                found = f"{names}[{self.value(label.key)}]"
                text = f"({self.truth(label.when)} and {found} or {text})"
            extra = f":append_text(label({text}))"
        if mark in ("inferred", "unconfirmed"):
            extra += f":append_text({quoted(f' [{mark}]')})"
        self.put(f"{add}{extra}")

    def _length(self, one: Field) -> str | None:
        size = octets(one) or fields.length_of(one)
        if size is not None:
            return str(size)
        length = getattr(one, "length", None)
        return None if length is None else self._size(length)

    def _bytes(self, one: Field, length: str | None, named: Field, element: bool = False) -> None:
        """A field of whole bytes at `q`."""
        if isinstance(getattr(one, "length", None), Expr):
            self._missing(named, one.length)  # type: ignore[attr-defined]
        title = quoted(named.title)
        with self.block("do"):
            if length is None:
                self.put("local size = e > q and e - q or 0")
            elif length.isdigit():
                self.put(f"local size = {length}")
            else:
                self.put(f"local size = {length}")
                self.put(f'if size == nil then cut = unknown(n, x, q, {title}, "its length") break end')
                self.put("if size < 0 then size = 0 end")
            if element:
                self.put("if q + size > e then lacking = size break end")
            elif length is not None:
                self.put(f"if q + size > e then cut = short(n, x, part, whole, q, 0, e, size, {title}) break end")
            self._mark(named)
            name = self.declared.named(self.definition, named)
            kept = named.name in self._kept() and not element
            number = octets(one)
            if number is not None:
                little = (getattr(one, "order", "") or self.definition.order) == "little"
                read = f"{'little' if little else 'big'}(q, {number})"
                if number == 1:
                    read = "byte(S, q + 1)"
                if isinstance(one, schema.Integer) and one.signed:
                    read = f"signed({read}, {number})"
                add = f"n:{'add_le' if little and number > 1 else 'add'}({name}, B(q, size))"
            else:
                read = "sub(S, q + 1, q + size)"
                add = f"raw(n, {name}, q, size)"
                if isinstance(one, schema.Text):
                    add = f"put(n, {name}, q, size, text_of(sub(S, q + 1, q + size), {quoted(one.pad)}))"
            text = own_text(one) or one.show == fields.SECRET
            if kept or text or isinstance(one, (schema.BCD, schema.Time)):
                self.put(f"local value = {read}")
            if kept:
                self.put(f"v_{named.name} = value")
            self.put(f"local item = {add}")
            if one.show == fields.SECRET:
                self.put(
                    f'if item then item:set_text({quoted(named.title + ": ")} .. count(size) .. ", not shown") end'
                )
            elif text and not isinstance(one, schema.Text):
                shown = written(one, "value", self.declared.names, False)
                self.put(f"if item then item:set_text({quoted(named.title + ': ')} .. {shown}) end")
            if named.labels or self.definition.source_of(named).certainty.value in ("inferred", "unconfirmed"):
                with self.block("if item then"):
                    self._item(named, "item")
            if isinstance(one, schema.BCD):
                self._impossible("bad_digits(value)", title)
            elif isinstance(one, schema.Time) and octets(one) is None:
                self._impossible("bad_clock(value, 1)" if one.kind == "time" else "bad_date(value)", title)
            self.put("q = q + size")
        self.k = 0

    def _impossible(self, condition: str, title: str) -> None:
        self.put(f'if {condition} then find(n, x.impossible, q, {title} .. " has no possible value") end')

    def _computed(self, one: schema.Computed) -> None:
        kept = one.name in self._kept()
        others, _ = asks(one.expression)
        when_others, _ = asks(one.when)
        wanted = [quoted(name) for name in (*others, *when_others)]
        with self.block(f"if not unseen({', '.join(wanted)}) then" if wanted else "do"):
            self.put(f"local value = {self.value(one.expression)}")
            with self.block("if value ~= nil then"):
                self.put("value = number(value)")
                if kept:
                    self.put(f"v_{one.name} = value")
                name = self.declared.named(self.definition, one)
                if fields.computes_bytes(one):
                    self.put(f"made_bytes(n, {name}, value)")
                else:
                    self.put(f"made(n, {name}, value)")
