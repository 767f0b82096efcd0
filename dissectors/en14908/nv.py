# SPDX-License-Identifier: GPL-2.0-or-later
"""Network variables of EN 14908-1: an APDU whose first byte has its top bit set."""

from dissectors.sources import DX_EX
from osgp_analyzer.schema import Bits, Bytes, Check, F, Group, Layer, Outer, Severity

NV_DIRECTIONS = {0: "to an input (update or poll response)", 1: "to an output (poll)"}


class NV(
    Layer, name="nv", title="Network variable", source=DX_EX.at("lcs_api.h DestinType; LtApdu.cpp"), protocol="NV"
):
    """Update or poll of a network variable. Types are not in the message, so a value is bytes."""

    marker = Bits(1, default=1, doc="1: this APDU is about a network variable.")
    direction = Bits(1, NV_DIRECTIONS)
    selector = Bits(14, show="hex", doc="Which binding: 0 to 0x2FFF bound, 0x3000 to 0x3FFF not bound.")
    value = Bytes(doc="The value; empty in a poll, and in the response of a node that has no match or is offline.")

    checks = (
        Check(
            "poll_with_value",
            (F.direction == 1) & (F.value != b"") & (Outer("spdu.type") == 0),
            Severity.WARN,
            Group.PROTOCOL,
            "a poll carries no value",
            "value",
        ),
    )
    info = (
        (F.direction == 1, "NV poll {selector}"),
        (Outer("spdu.type") == 2, "NV poll response {selector} = {value}"),
        (None, "NV update {selector} = {value}"),
    )
