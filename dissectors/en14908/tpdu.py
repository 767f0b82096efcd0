# SPDX-License-Identifier: GPL-2.0-or-later
"""Transport and session layer of EN 14908-1: acknowledged, repeated and request/response service."""

from typing import ClassVar

from dissectors.sources import DX, DX_EX
from osgp_analyzer.schema import (
    U8,
    Bits,
    BitSet,
    Case,
    Cases,
    Check,
    F,
    Group,
    If,
    Layer,
    Outer,
    Payload,
    Peek,
    Severity,
    SizeOf,
)

TPDU_TYPES = {0: "ACKD", 1: "UNACKD_RPT", 2: "ACK", 4: "REMINDER", 5: "REM/MSG"}
SPDU_TYPES = {0: "REQUEST", 2: "RESPONSE", 4: "REMINDER", 5: "REM/MSG"}

TRANSACTION_BITS = If(Outer("npdu.version") == 2, 12, 4)
"""Enhanced mode has a second byte: high bits first."""

APPLICATION = Cases((Case(Peek(0) >= 0x80, "NV"),), "APDU")
"""An application PDU: the first byte of network-variable messages has its top bit set."""

UNLESS_TPDU_UNDEFINED = Cases((Case(F.type.among(3, 6, 7), None),), APPLICATION)
UNLESS_SPDU_UNDEFINED = Cases((Case(F.type.among(1, 3, 6, 7), None),), APPLICATION)
"""What follows a type that is not defined is not known to be an APDU."""

with_m_list = F.type.among(4, 5)


class Transport(
    Layer, name="transport", title="Transport", source=DX_EX.at("lcs_tsa.c TSPDU; LtPktInfo.cpp parsePktLayer4")
):
    """What TPDU and SPDU have in common."""

    auth = Bits(
        1,
        label="Authentication",
        doc="1: the sender asks the receiver to authenticate it, which may cause a challenge.",
    )
    type = Bits(3)
    transaction = Bits(
        TRANSACTION_BITS, label="Transaction number", doc="Pairs a message with its answer; 12 bits in enhanced mode."
    )
    m_list_length = U8(when=with_m_list, auto=SizeOf("m_list"), label="M_List length", unit="bytes")
    m_list = BitSet(
        F.m_list_length,
        when=with_m_list,
        label="M_List",
        source=DX.at("lcs_tsa.c XmitTimerExpiration"),
        doc="Members of the group that have acknowledged or responded already.",
    )

    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            "m_list_long",
            F.m_list_length > 8,
            Severity.WARN,
            Group.PROTOCOL,
            "an M_List has at most 8 bytes (64 members), not {m_list_length}",
            "m_list_length",
        ),
    )
    info = ((with_m_list, "{type} #{transaction}, answered: {m_list}"), (None, "{type} #{transaction}"))


class TPDU(Transport, name="tpdu", title="Transport layer", protocol="LonTalk"):
    """Transport PDU: acknowledged (ACKD, ACK), repeated (UNACKD_RPT) and reminders to groups."""

    type = Bits(3, TPDU_TYPES)
    apdu = Payload(UNLESS_TPDU_UNDEFINED, required=F.type.among(0, 1, 5), nothing=F.type.among(2, 4), label="APDU")

    checks: ClassVar[tuple[Check, ...]] = (
        *Transport.checks,
        Check(
            "type_undefined",
            F.type.among(3, 6, 7),
            Severity.ERROR,
            Group.PROTOCOL,
            "TPDU type {type} is not defined",
            "type",
        ),
    )


class SPDU(Transport, name="spdu", title="Session layer", protocol="LonTalk"):
    """Session PDU: request and response."""

    type = Bits(3, SPDU_TYPES)
    apdu = Payload(UNLESS_SPDU_UNDEFINED, required=F.type.among(0, 2, 5), nothing=F.type == 4, label="APDU")

    checks: ClassVar[tuple[Check, ...]] = (
        *Transport.checks,
        Check(
            "type_undefined",
            F.type.among(1, 3, 6, 7),
            Severity.ERROR,
            Group.PROTOCOL,
            "SPDU type {type} is not defined",
            "type",
        ),
    )
