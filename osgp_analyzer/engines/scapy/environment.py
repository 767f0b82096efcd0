# SPDX-License-Identifier: GPL-2.0-or-later
"""What expressions see of a Scapy layer, while it is dissected and while it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from scapy.packet import NoPayload, Packet, Raw

from osgp_analyzer.engines.knowledge import NOTHING, PART_REMAINING, Knowledge
from osgp_analyzer.engines.scapy.cursor import Cursor
from osgp_analyzer.schema.layer import asks

if TYPE_CHECKING:
    from osgp_analyzer.engines.scapy.packet import DefinedPacket

PROCEDURES: dict[str, Callable[..., Any]] = {}
"""Named procedures: ``procedure(env, *arguments)``; filled by whoever defines layers."""

FOREIGN: dict[str, Mapping[str, Callable[[Any], Any]]] = {}
"""For layers that are Scapy's own: class name -> full field name -> how to get the value."""


def above(packet: Any) -> Any:
    """The enclosing layer: underlayer, or for a nested struct its parent."""
    return packet.underlayer if packet.underlayer is not None else packet.parent


class LayerEnv:
    """Access to a layer and what encloses it; base of the two below."""

    __slots__ = ("packet", "skipped")

    def __init__(self, packet: DefinedPacket) -> None:
        self.packet = packet
        self.skipped: set[str] = set()
        """Fields before the part of the layer that is there."""

    def field(self, name: str) -> Any:
        return self.packet.field_value(name)

    def outer(self, name: str) -> Any:
        layer = above(self.packet)
        while layer is not None:
            names = getattr(layer, "full_names", None)
            if names is not None:
                if name in names:
                    return layer.field_value(names[name])
            else:
                foreign = FOREIGN.get(type(layer).__name__)
                if foreign is not None and name in foreign:
                    return foreign[name](layer)
            layer = above(layer)
        return None

    @property
    def knowledge(self) -> Knowledge:
        layer: Any = self.packet
        while layer is not None:
            known = getattr(layer, "knowledge", None)
            if isinstance(known, Knowledge):
                return known
            layer = above(layer)
        return NOTHING

    def request(self, name: str) -> Any:
        request = self.knowledge.request
        return request.get(name) if request is not None else None

    def index(self) -> int | None:
        layer: Any = self.packet
        while layer is not None:
            number: int | None = getattr(layer, "number_in_array", None)
            if number is not None:
                return number
            layer = above(layer)
        return None

    def again(self, names: tuple[str, ...]) -> bool:
        own = [self.field(name) for name in names]
        before = self.packet.element_before
        while before is not None:
            if [before.field_value(name) for name in names] == own:
                return True
            before = before.element_before
        return False

    def context(self, name: str) -> Any:
        return self.knowledge.tables.get(name)

    def call(self, procedure: str, *args: Any) -> Any:
        return PROCEDURES[procedure](self, *args)


class DissectEnv(LayerEnv):
    """Evaluation while a layer is read. `whole` is all bytes that the layer was given."""

    __slots__ = ("cursor", "whole", "within")

    building = False

    def __init__(self, packet: DefinedPacket, data: bytes, skip: int = 0) -> None:
        super().__init__(packet)
        self.whole, self.cursor = data, Cursor(data, skip)
        self.within = 0
        """The bit behind an element of an array that begins before the part and ends in it."""

    def field(self, name: str) -> Any:
        if name in self.skipped:  # as the meter's table was seen before
            definition = self.packet.definition
            return self.context(f"{definition.name}.{name}")
        return self.packet.field_value(name)

    def remaining(self) -> int:
        part, left = self.packet.part, self.cursor.left
        return left if part is None or part[1] or not left else PART_REMAINING

    def peek(self, offset: int) -> int | None:
        at = self.cursor.byte + offset
        return self.whole[at] if 0 <= at < self.cursor.end else None

    def missing(self, expression: Any) -> list[str]:
        """What an expression stands on of other tables, or of parts of this one, that has not been seen."""
        others, own = asks(expression)
        prefix = f"{self.packet.definition.name}."
        names = [*others, *(prefix + name for name in own if name in self.skipped)]
        return [name for name in names if self.context(name) is None]

    def size_of(self, name: str) -> int | None:
        span = self.packet.spans.get(name) if self.packet.spans else None
        return span.length if span is not None else None


class BuildEnv(LayerEnv):
    """Evaluation while a layer is built, or of a layer that was crafted. `whole` is what comes before a trailer."""

    __slots__ = ("payload", "whole")

    building = True

    def __init__(self, packet: DefinedPacket, payload: bytes | None = None, whole: bytes | None = None) -> None:
        super().__init__(packet)
        self.payload, self.whole = payload, whole

    def remaining(self) -> None:
        return None

    def peek(self, offset: int) -> int | None:
        payload = self.payload
        if payload is None and self.packet.pristine:  # the payload as it was dissected
            payload = self.packet.original[self.packet.header_length :]
        return payload[offset] if payload is not None and offset < len(payload) else None

    def size_of(self, name: str) -> int | None:
        if name == "payload":
            if self.payload is not None:
                return len(self.payload)
            payload = self.packet.payload
            return 0 if isinstance(payload, NoPayload) else len(payload)
        value = self.packet.field_value(name)
        if isinstance(value, (Packet, Raw)):
            return len(bytes(value))
        return len(value) if isinstance(value, (bytes, list, str)) else 0
