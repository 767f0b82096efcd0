# SPDX-License-Identifier: GPL-2.0-or-later
"""How a proxied message goes on from node to node (en14908.md 7, osgp.md 3): what analysis needs to put its frames
together."""

from __future__ import annotations

from dissectors.en14908.management.codes import timer
from dissectors.en14908.npdu import BROADCAST, GROUP, SUBNET_NODE, UNIQUE_ID

PROXIED, FAILURE = 0x4D, 0x4C
"""APDU codes: of a proxied message, and as a response of success without data; and of failure."""
MOST_HOPS = 15
"""Repeaters in one address list: its count has four bits."""
TARGET_FORMATS = (GROUP, SUBNET_NODE, UNIQUE_ID, BROADCAST, GROUP, SUBNET_NODE, UNIQUE_ID, SUBNET_NODE)
"""Of each target type the address format of the agent's message."""
TARGET_VALUES = {
    GROUP: "target_group",
    SUBNET_NODE: "target_node",
    UNIQUE_ID: "target_neuron_id",
    BROADCAST: "target_subnet",
}
"""Of each address format the field of the proxied message that has the address."""
WHOLE_NODE = 1
"""The target type that has a node with its subnet; in others the subnet is that of a neighbour."""
ACKD, UNACKD_RPT, UNACKD, REQUEST = range(4)
"""Services of the agent's message."""
ANSWERED = (ACKD, REQUEST)
"""Services with which the agent waits for an answer."""
TIMERS_MS = tuple(timer(code) for code in range(16)) + tuple(timer(code, 4096) for code in range(16))
"""Transmit timers by code; with the long timer 16 more."""
LAST_TRY_MS = 512
"""What a repeater waits longer after its last try, for each node that follows, at most (DX: 256 or 512)."""
