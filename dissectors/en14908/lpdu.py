# SPDX-License-Identifier: GPL-2.0-or-later
"""The link layer of EN 14908-1: one header byte, the NPDU, and a CRC where the carrier keeps it."""

from dissectors.sources import DX, EX
from osgp_analyzer.schema import U16, Bits, Call, Check, Computed, Group, Known, Layer, Not, Outer, Payload, Severity

CRC_STATUS = {0: "bad", 1: "good", 2: "absent"}


SOURCE = DX.at("lcs_link.c LPDUHeader; EX LtPktInfo.cpp")


class LPDU(Layer, name="lpdu", title="Link layer (EN 14908-1)", source=SOURCE, protocol="LonTalk"):
    """Link PDU (MPDU). Its length is not in the frame: it comes from the medium or the carrier.

    Whether the last two bytes are the CRC is known only when they match, or from the carrier: see `crc_present`
    in :mod:`dissectors.procedures`.
    """

    priority = Bits(1, doc="1: sent in a priority slot.")
    alt_path = Bits(
        1, label="Alternate path", doc="1: sent on the alternate path, on a power line the secondary carrier."
    )
    delta_backlog = Bits(6, doc="Number of further packets that this one is expected to cause.")
    npdu = Payload("NPDU", doc="The enclosed network PDU.")
    crc = U16(
        label="CRC-16",
        show="hex",
        when=Call("crc_present", Outer("ni.crc_kept")),
        auto=Call("crc16"),
        source=EX.at("Shared/LtCUtil.c LtCRC16").one,
        doc="Polynomial 0x1021, start 0xFFFF, inverted, high byte first, over the frame before it.",
    )
    crc_status = Computed(
        Call("crc_status", Outer("ni.crc_kept")),
        CRC_STATUS,
        label="CRC status",
        source=EX.at("Shared/LtCUtil.c LtCRC16").one,
        doc="Whether the CRC is there and right.",
    )

    checks = (
        Check(
            "crc_bad",
            Call("crc_status", Outer("ni.crc_kept")) == 0,
            Severity.ERROR,
            Group.CHECKSUM,
            "wrong CRC {crc}: the frame was damaged, or these bytes are no CRC",
            "crc",
        ),
        Check(
            "crc_absent",
            (Call("crc_status", Outer("ni.crc_kept")) == 2) & Not(Known(Outer("ni.crc_kept"))),
            Severity.NOTE,
            Group.ASSUMPTION,
            "read as without CRC: the last two bytes are not the right one, and nothing says that they are a wrong one",
            "priority",
        ),
        Check(
            "crc_missing",
            (Call("crc_status", Outer("ni.crc_kept")) == 2) & (Outer("ni.crc_kept") == 1),
            Severity.WARN,
            Group.MALFORMED,
            "received packets end in a CRC, but this one is too short to have one",
            "priority",
        ),
    )
