# SPDX-License-Identifier: GPL-2.0-or-later
"""LON frames: LPDU, NPDU and what is in it, legacy version (en14908.md 1 to 4; lon-stack-dx, lcs_*.c)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

TPDU, SPDU, AUTHPDU, APDU = range(4)
REQUEST, RESPONSE = 0, 2
CHALLENGE, CHALLENGE_OMA, REPLY, REPLY_OMA = range(4)
BROADCAST, GROUP, NODE, UNIQUE_ID = range(4)
DOMAIN_CODES = {0: 0, 1: 1, 3: 2, 6: 3}
NAMES = {TPDU: "tpdu", SPDU: "spdu"}


@dataclass(frozen=True)
class Address:
    """Where a frame goes. `group` and `member` with NODE: the answer to a group message (format 2b)."""

    format: int
    subnet: int = 0
    node: int = 0
    group: int | None = None
    member: int = 0
    neuron_id: bytes = b""

    @property
    def answers_group(self) -> bool:
        """Whether this is format 2b."""
        return self.format == NODE and self.group is not None

    def encode(self) -> bytes:
        """The address bytes of an NPDU."""
        group = b"" if self.group is None else bytes([self.group])
        if self.format == GROUP:
            return group
        if self.format == NODE:
            return bytes([self.subnet, 0x80 | self.node]) + group + (bytes([self.member]) if group else b"")
        return bytes([self.subnet]) + self.neuron_id

    def fields(self) -> dict[str, Any]:
        """Values by the names of the analyzer."""
        found: dict[str, Any] = {}
        if self.format == GROUP:
            return {"npdu.dst_group": self.group}
        found["npdu.dst_subnet"] = self.subnet
        if self.format == NODE:
            found["npdu.dst_node"] = self.node
        if self.answers_group:
            found |= {"npdu.group": self.group, "npdu.member": self.member}
        if self.format == UNIQUE_ID:
            found["npdu.neuron_id"] = self.neuron_id.hex()
        return found


def node(subnet: int, number: int) -> Address:
    """A node's own address."""
    return Address(NODE, subnet, number)


def unique_id(neuron_id: bytes) -> Address:
    """A node by its Neuron ID, in any subnet."""
    return Address(UNIQUE_ID, neuron_id=neuron_id)


EVERYBODY = Address(BROADCAST)
UNCONFIGURED = node(0, 0)


@dataclass(frozen=True)
class Lon:
    """A frame before it is encoded. `body` is the APDU, or the 8 bytes of a challenge or reply; `auth_format` is then
    the address format of the message that is authenticated, `group` its group."""

    pdu: int
    source: Address
    target: Address
    domain: bytes
    body: bytes
    type: int = 0
    transaction: int = 0
    auth: int = 0
    auth_format: int = NODE
    auth_group: int = 0
    priority: int = 0
    alt_path: int = 0
    backlog: int = 0

    def answer(self, body: bytes, pdu: int = SPDU, type: int = RESPONSE) -> Lon:
        """What its receiver sends back: the same path and transaction, authentication and backlog 0."""
        source = self.target if self.target.format == NODE else UNCONFIGURED
        target = self.source
        return replace(self, pdu=pdu, type=type, source=source, target=target, body=body, auth=0, backlog=0)

    def enclosed(self) -> bytes:
        """The PDU inside the NPDU."""
        if self.pdu == APDU:
            return self.body
        if self.pdu == AUTHPDU:
            head = bytes([self.auth_format << 6 | self.type << 4 | self.transaction])
            return head + self.body + (bytes([self.auth_group]) if self.auth_format == GROUP else b"")
        return bytes([self.auth << 7 | self.type << 4 | self.transaction]) + self.body

    def npdu(self) -> bytes:
        """The NPDU with all that is in it."""
        head = self.pdu << 4 | self.target.format << 2 | DOMAIN_CODES[len(self.domain)]
        selector = 0 if self.target.answers_group else 0x80
        source = bytes([head, self.source.subnet, selector | self.source.node])
        return source + self.target.encode() + self.domain + self.enclosed()

    def lpdu(self) -> bytes:
        """The LPDU without its CRC."""
        return bytes([self.priority << 7 | self.alt_path << 6 | self.backlog]) + self.npdu()

    def fields(self) -> dict[str, Any]:
        """Values of all but the link layer, by the names of the analyzer."""
        found = {
            "npdu.version": 0,
            "npdu.pdu_type": self.pdu,
            "npdu.address_format": self.target.format,
            "npdu.domain_length": DOMAIN_CODES[len(self.domain)],
            "npdu.src_subnet": self.source.subnet,
            "npdu.src_node": self.source.node,
            **self.target.fields(),
            "npdu.domain": self.domain.hex(),
        }
        return found | self._enclosed_fields()

    def _enclosed_fields(self) -> dict[str, Any]:
        if self.pdu == APDU:
            return {}
        if self.pdu == AUTHPDU:
            what = "challenge" if self.type in (CHALLENGE, CHALLENGE_OMA) else "reply"
            group = {"authpdu.group": self.auth_group} if self.auth_format == GROUP else {}
            return {
                "authpdu.format": self.auth_format,
                "authpdu.type": self.type,
                "authpdu.transaction": self.transaction,
                f"authpdu.{what}": self.body.hex(),
                **group,
            }
        layer = NAMES[self.pdu]
        return {f"{layer}.auth": self.auth, f"{layer}.type": self.type, f"{layer}.transaction": self.transaction}
