# SPDX-License-Identifier: GPL-2.0-or-later
"""Authentication of EN 14908-1: the challenge of the receiver and the reply of the sender."""

from dissectors.en14908.npdu import ADDRESS_FORMATS
from dissectors.en14908.tpdu import TRANSACTION_BITS
from dissectors.sources import DX_EX
from osgp_analyzer.schema import U8, Bits, Bytes, F, Layer, Remaining

AUTH_TYPES = {0: "CHALLENGE", 1: "CHALLENGE (OMA)", 2: "REPLY", 3: "REPLY (OMA)"}


SOURCE = DX_EX.at("lcs_tsa.c AuthPDU; LtPktInfo.cpp parsePktLayer4")


class AuthPDU(Layer, name="authpdu", title="Authentication layer", source=SOURCE, protocol="LonTalk"):
    """Challenge or reply. The digest covers the APDU of the original message (OMA: and its destination)."""

    format = Bits(2, ADDRESS_FORMATS, default=2, doc="Address format of the original message, not of this frame.")
    type = Bits(2, AUTH_TYPES)
    transaction = Bits(TRANSACTION_BITS, label="Transaction number", doc="That of the original message.")
    challenge = Bytes(8, when=F.type < 2, doc="Random number to be answered.")
    reply = Bytes(8, when=F.type >= 2, doc="Digest of the original message under the key.")
    group = U8(
        when=(F.format == 1) | ((F.format == 0) & (Remaining() > 0)),
        doc="Group of the original message; one of two stacks sends this byte for broadcasts too.",
    )
    info = "{type} #{transaction}"
