# SPDX-License-Identifier: GPL-2.0-or-later
"""The Scapy classes of all layers, made from the definitions on first use: ``from dissectors.layers import NPDU``."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

from scapy.config import conf
from scapy.packet import bind_layers

import dissectors.carriers
import dissectors.definitions
from dissectors.answering import answers, transaction
from dissectors.procedures import PROCEDURES
from osgp_analyzer.engines.knowledge import NOTHING
from osgp_analyzer.engines.scapy import environment
from osgp_analyzer.engines.scapy.compile import MIXINS, bind, scapy_layer
from osgp_analyzer.engines.scapy.packet import DefinedPacket
from osgp_analyzer.engines.scapy.tree import values
from osgp_analyzer.schema import REGISTRY

environment.PROCEDURES.update(PROCEDURES)
environment.FOREIGN.update(
    IP={"ipv4.src": lambda ip: socket.inet_aton(ip.src), "ipv4.dst": lambda ip: socket.inet_aton(ip.dst)},
    IPv6={
        "ipv6.src": lambda ip: socket.inet_pton(socket.AF_INET6, ip.src),
        "ipv6.dst": lambda ip: socket.inet_pton(socket.AF_INET6, ip.dst),
    },
)


class _Answering:
    """`hashret()` and `answers()` of the layers that start a LonTalk frame, for Scapy's `sr()`."""

    def hashret(self) -> bytes:
        found = values(self)
        return repr((transaction(found), found.get("npdu.domain"), found.get("lpdu.priority"))).encode()

    def answers(self, other: Any) -> int:
        return int(isinstance(other, DefinedPacket) and answers(values(self), values(other)))


MIXINS.update(LPDU=_Answering, NPDU=_Answering, LonUDP=_Answering)

# Not the carriers: Scapy has its own UDP and IPv6, which `import *` must not hide.
_CARRIERS = dissectors.carriers.__name__
__all__ = [name for name, layer in REGISTRY.items() if not layer.__module__.startswith(_CARRIERS) or name == "NIRecord"]
__all__ += ["layer_class", "register", "with_request"]


def layer_class(name: str) -> type[DefinedPacket]:
    """The Scapy class of a layer by name. Raises KeyError for a name that no definition has."""
    return scapy_layer(name)


def __getattr__(name: str) -> type[DefinedPacket]:
    if name not in REGISTRY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return scapy_layer(name)


def with_request(response: DefinedPacket, request: DefinedPacket) -> DefinedPacket:
    """`response` dissected again, now that its request is known: what its code means is then certain."""
    again = type(response)(_internal=1, knowledge=replace(response.knowledge or NOTHING, request=values(request)))
    again.original = bytes(response)
    again.dissect(again.original)
    return again


def __dir__() -> list[str]:
    return [*REGISTRY, *globals()]


_registered = False


def register() -> None:
    """Tell Scapy of the layers: link types, UDP ports, and what ``Lower()/Upper()`` sets. Done once."""
    global _registered
    if _registered:
        return
    _registered = True
    for layer in REGISTRY.values():
        bind(layer)
    for link_type, name in dissectors.carriers.LINK_TYPES.items():
        if link_type not in conf.l2types.num2layer:
            conf.l2types.register(link_type, scapy_layer(name))
    from scapy.layers.inet import UDP

    for port in (1628, 1629):
        bind_layers(UDP, scapy_layer("CNIP"), dport=port)
        bind_layers(UDP, scapy_layer("CNIP"), sport=port)
    bind_layers(UDP, scapy_layer("LonUDP"), dport=2541)
    bind_layers(UDP, scapy_layer("LonUDP"), sport=2541)
