# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of a layer: its findings, and its part of a line in a packet list."""

from __future__ import annotations

import re

from osgp_analyzer import schema
from osgp_analyzer.engines.lua.expressions import identifier, quoted
from osgp_analyzer.engines.lua.fields import shape, written
from osgp_analyzer.engines.lua.page import Page
from osgp_analyzer.schema import Expr, Field, Severity

PLACES = re.compile(r"\{(\w+)\}")
"""A field in a text."""


class Telling(Page):
    """Writes texts with the values of fields in them."""

    def _checks(self) -> None:
        for check in self.definition.checks:
            code = identifier(check.code)
            place = f"(at_{check.field} or at)" if check.field else "at"
            guard = f"(not part or at_{check.field}) and " if check.field else ""
            grave = ", true" if check.severity is Severity.ERROR else ""
            text = self._filled(check.text, False)
            with self.block(f"if {guard}{self.truth(check.when)} then"):
                self.put(f"find(n, x.{code}, {place}, {text}{grave})")

    def _filled(self, template: str, short: bool) -> str:
        """A text with the values of fields in it."""
        pieces = []
        for i, piece in enumerate(PLACES.split(template)):
            if i % 2:
                one = next(f for f in self.definition.fields if f.name == piece)
                pieces.append(self._said(one, short))
            elif piece:
                pieces.append(quoted(piece))
        return " .. ".join(pieces) or '""'

    def _said(self, one: Field, short: bool) -> str:
        value = f"v_{one.name}"
        if isinstance(one, schema.Struct):
            return f'({value} or "?")'
        if isinstance(one, (schema.View, schema.Array)):
            return '""'
        text = written(one, value, self.declared.names, short)
        for label in reversed(one.labels):
            names = self.declared.names(label.values)
            found = f"{names}[{self.value(label.key)}]"
            counted = list(label.values.values())
            unique = {k: 1 for k, v in label.values.items() if counted.count(v) == 1}
            bare = f"{self.writer.maps(unique)}[{self.value(label.key)}]" if short else "nil"
            unique_name = f"name_of({found}, {value}, {bare}, {quoted(shape(one))})"
            text = f"({self.truth(label.when)} and {found} and {unique_name} or {text})"
        return f'({value} ~= nil and {text} or "?")'

    def _alternatives(self, alternatives: tuple[tuple[Expr | None, str], ...], say: str) -> None:
        """The first text whose condition holds."""
        for number, (condition, template) in enumerate(alternatives):
            text = say % self._filled(template, True)
            if condition is None:
                if not number:
                    self.put(text)
                    return
                self.put("else")
                self.put("  " + text)
                break
            self.put(f"{'elseif' if number else 'if'} {self.truth(condition)} then")
            self.put("  " + text)
        if alternatives:
            self.put("end")

    def _tell(self) -> None:
        """What a packet list says of the layer."""
        d = self.definition
        if not (d.info or d.source_address or d.destination_address or d.protocol):
            return
        with self.block("if not inner and (stop > at or cut) then"):
            if d.protocol:
                self.put(f"PROTOCOL = {quoted(d.protocol)}")
            self._alternatives(d.info, "inform(%s)")
            self._alternatives(d.source_address, "SOURCE = said(SOURCE, %s)")
            self._alternatives(d.destination_address, "DESTINATION = said(DESTINATION, %s)")

    def _told(self) -> None:
        """What the layer around a structure can say of it."""
        with self.block("if inner then"):
            self.put('TOLD = ""')
            self._alternatives(self.definition.info, "TOLD = %s")
