# SPDX-License-Identifier: GPL-2.0-or-later
"""PDUs exported from Wireshark: tags that tell the dissector, then the PDU."""

from dissectors.sources import WS
from osgp_analyzer.schema import (
    U16,
    U32,
    Bytes,
    Case,
    Cases,
    Check,
    Computed,
    F,
    Group,
    If,
    Known,
    Layer,
    Not,
    Outer,
    Payload,
    Severity,
)

TAGS = {
    0: "end of tags",
    10: "length of tags",
    11: "link type",
    12: "dissector name",
    13: "heuristic dissector name",
    14: "dissector table name",
    20: "IPv4 source address",
    21: "IPv4 destination address",
    22: "IPv6 source address",
    23: "IPv6 destination address",
    24: "port type",
    25: "source port",
    26: "destination port",
    28: "SS7 origin point code",
    29: "SS7 destination point code",
    30: "original frame number",
    31: "DVB-CI event",
    32: "dissector table value",
    33: "protocol column text",
    34: "TCP data",
    35: "point-to-point direction",
    36: "info column text",
    37: "user data",
    38: "3GPP identity",
}

CONTENTS = {0: "no dissector known here", 1: "LPDU", 2: "by value in the table cnip.protocol", 3: "CN/IP"}

is_name = F.tag.among(12, 13, 14)
is_number = (F.tag == 32) & (F.length == 4)

NAMED = If(
    (F.dissector == b"lon") | (F.dissector == b"lon\0"),
    1,
    If(
        (F.dissector == b"cnip.protocol") | (F.dissector == b"cnip.protocol\0\0\0"),
        2,
        If((F.dissector == b"cnip") | (F.dissector == b"cnip\0\0\0\0"), 3, 0),
    ),
)


class UpperPDU(
    Layer,
    name="exported_pdu",
    title="Exported PDU tag",
    source=WS.at("exported_pdu.h"),
    protocol="Exported PDU",
):
    """One tag of a PDU exported from Wireshark. Tags follow one another up to tag 0; behind it is the PDU, and the
    dissector named in the tags reads it: `lon`, `cnip`, or value 0 of the table `cnip.protocol`, which is LON too."""

    tag = U16(TAGS, doc="What this tag says.")
    length = U16(unit="bytes", doc="Length of the value, padding included.")
    dissector = Bytes(F.length, when=is_name, show="ascii", doc="Name of a dissector or of a table, padded with zeros.")
    number = U32(when=is_number, doc="Value under which the table has the dissector.")
    value = Bytes(F.length, when=Not(is_name | is_number), doc="Value of another tag, not read.")
    contents = Computed(
        If(is_name, NAMED, Outer("exported_pdu.contents")),
        CONTENTS,
        doc="What the tags up to here say that the PDU is.",
    )
    table_value = Computed(
        If(is_number, F.number, Outer("exported_pdu.table_value")),
        doc="Value in the dissector table, as far as it was given up to here.",
    )
    pdu = Payload(
        Cases(
            (
                Case(F.tag != 0, "UpperPDU"),
                Case(F.contents == 1, "LPDU"),
                Case((F.contents == 2) & (F.table_value == 0), "LPDU"),
                Case(F.contents == 3, "CNIP"),
            )
        ),
        doc="The next tag; after tag 0 the PDU.",
    )

    checks = (
        Check(
            "dissector",
            (F.tag == 0) & (Not(Known(F.contents)) | (F.contents == 0) | ((F.contents == 2) & Not(F.table_value == 0))),
            Severity.NOTE,
            Group.UNDECODED,
            "the tags name no dissector that is known here: the PDU is not read",
            "tag",
        ),
    )
    info = ((is_name, "{tag} {dissector}"), (is_number, "{tag} {number}"), (None, "{tag}"))
