# SPDX-License-Identifier: GPL-2.0-or-later
"""How messages of the table services are protected on each port: what their digest covers, and what is encrypted.

Every message ends in its digest, in clear. A digest covers the message in clear, that of a response also its request.
"""

from __future__ import annotations

from dataclasses import dataclass

from dissectors.osgp.message import DIGEST
from dissectors.sources import CTC, MEP
from osgp_analyzer.schema import Source

LONGEST = 512
"""Longer messages are none: the MEP port has 476 bytes, the power line fewer (MEP p.8)."""
CONTINUES, OWN_DIGEST, RESTARTS = "continues", "own_digest", "restarts"
"""Where the key stream of a response comes from: it goes on where that of its request ended; it is that of a key made
with the response's own digest; or it is that of the request from its start."""


@dataclass(frozen=True)
class Protection:
    """`body`: where the table service begins in the message. `addressed`: the digest covers first subnet and node of
    the meter. `counted`: that of a response covers last the response's length, in one byte. `clear`: bytes at the start
    of a message that are never encrypted. `stream`: where the key stream of a response comes from. `clear_codes`:
    responses that are not encrypted."""

    name: str
    body: int
    addressed: bool
    counted: bool
    clear: int
    stream: str
    clear_codes: tuple[int, ...]
    source: Source
    certain: bool
    """False: what is encrypted is inferred."""
    digest: int = DIGEST


POWER_LINE = Protection(
    "power line", 1, True, True, 1, CONTINUES, (0x0B,),
    CTC.at("CT_security.c; RC4 by analogy with the MEP port, MEP p.11, p.256-257").inferred, False,
)  # fmt: skip
MEP_PORT = Protection("MEP port", 0, False, False, 0, CONTINUES, (0x0B,), MEP.at("p.11-13, p.250-257").one, True)
