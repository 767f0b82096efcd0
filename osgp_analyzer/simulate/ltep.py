# SPDX-License-Identifier: GPL-2.0-or-later
"""LonTalk Enhanced Proxy: a message wrapped for repeaters (en14908.md 7; lon-stack-dx, lcs_proxy.c)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

CODE, FAILURE = 0x4D, 0x4C
SUBNET_NODE, NEURON_ID = 1, 2
REQUEST_SERVICE = 3
ALTERNATE_KEY = 2
TIMERS = tuple(16 * 2 ** (c // 2) * (3 if c % 2 else 2) // 2 for c in range(32))
"""Transmit timers by code, in ms; codes from 16 on are those of repeaters with the long timer."""


def timer_code(ms: int) -> int:
    """The code of the shortest timer that lasts so long."""
    return next((code for code, length in enumerate(TIMERS) if length >= ms), len(TIMERS) - 1)


@dataclass(frozen=True)
class Proxied:
    """A message on its way. `hops` are subnet, node and path of the repeaters still to come; `timer` and `retries` are
    theirs, `agent_timer` and `agent_retries` those of the last node, which sends `inner` to the target."""

    target_type: int
    target: bytes
    inner: bytes
    hops: tuple[tuple[int, int, int], ...] = ()
    retries: int = 0
    timer: int = 0
    agent_retries: int = 0
    agent_timer: int = 0
    target_path: int = 0
    service: int = REQUEST_SERVICE
    mode: int = 0
    key_block: bytes = b""
    uniform_by_dest: int = 0
    all_agents: int = 0
    uniform_by_src: int = 0

    def onward(self) -> Proxied:
        """What the next node sends on."""
        return replace(self, hops=self.hops[1:])

    @property
    def _flags(self) -> tuple[int, int]:
        return int(self.timer >= 16), len(self.hops)

    def encode(self) -> bytes:
        """The APDU."""
        long_timer, count = self._flags
        head = self.uniform_by_dest << 7 | long_timer << 6 | self.all_agents << 5 | self.uniform_by_src << 4 | count
        out = bytearray([CODE, head])
        for subnet, node, path in self.hops:
            if not (self.uniform_by_dest or self.uniform_by_src):
                out.append(subnet)
            out.append(path << 7 | node)
        if count:
            out.append(self.retries << 4 | self.timer & 15)
        out.append(self.target_type << 5 | self.target_path << 4 | self.service << 2 | self.mode)
        out.append(self.agent_retries << 4 | self.agent_timer)
        return bytes(out) + self.key_block + self.target + self.inner

    def fields(self) -> dict[str, Any]:
        """Values by the names of the analyzer, for targets by node or by Neuron ID."""
        long_timer, count = self._flags
        found: dict[str, Any] = {
            "ltep.uniform_by_dest": self.uniform_by_dest,
            "ltep.long_timer": long_timer,
            "ltep.all_agents": self.all_agents,
            "ltep.uniform_by_src": self.uniform_by_src,
            "ltep.count": count,
        }
        if count:
            found |= {"ltep.retries": self.retries, "ltep.timer": self.timer & 15}
        found |= {
            "ltep.target_type": self.target_type,
            "ltep.target_path": self.target_path,
            "ltep.service": self.service,
            "ltep.mode": self.mode,
            "ltep.agent_retries": self.agent_retries,
            "ltep.agent_timer": self.agent_timer,
        }
        if self.key_block:
            found |= {
                "ltep.key_reserved": 0,
                "ltep.key_type": self.key_block[0],
                "ltep.key_delta": self.key_block[1:].hex(),
            }
        found["ltep.target_subnet"] = self.target[0]
        if self.target_type == NEURON_ID:
            return found | {"ltep.target_neuron_id": self.target[1:].hex()}
        return found | {"ltep.target_node_path": self.target[1] >> 7, "ltep.target_node": self.target[1] & 0x7F}
