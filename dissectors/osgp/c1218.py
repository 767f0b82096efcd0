# SPDX-License-Identifier: GPL-2.0-or-later
"""The messages of ANSI C12.18: the table services with a checksum in place of sequence number and digest, and those of
the session. The standard's text is not public; the facts are those of programs that talk to meters."""

from typing import ClassVar

from dissectors.en14908.apdu import DIRECTIONS
from dissectors.osgp.message import TableRequest, TableResponse, asked, count_of, data_of, not_asked
from dissectors.osgp.names import OK, SERVICES
from dissectors.sources import OHB, OPT, TERMINETER
from osgp_analyzer.schema import (
    U8,
    U16,
    Array,
    Bytes,
    Call,
    Case,
    Cases,
    Check,
    Computed,
    F,
    Group,
    If,
    Integer,
    Known,
    Layer,
    Map,
    Not,
    Payload,
    Peek,
    Remaining,
    Severity,
    Text,
)

IDENTIFY, TERMINATE, LOGON, SECURITY, LOGOFF, WAIT = 0x20, 0x21, 0x50, 0x51, 0x52, 0x70
NEGOTIATE = range(0x60, 0x6C)
"""The last four bits are the number of rates that are offered."""
SESSION = {
    IDENTIFY: "identify",
    TERMINATE: "terminate",
    LOGON: "logon",
    SECURITY: "security",
    LOGOFF: "logoff",
    **{code: f"negotiate, {code - 0x60} baud rates" for code in NEGOTIATE},
    0x60: "negotiate",
    0x61: "negotiate, 1 baud rate",
    WAIT: "wait",
}
REQUESTS = SERVICES | SESSION
RESPONSES = {
    0x00: "ok",
    0x01: "error",
    0x02: "service not supported",
    0x03: "insufficient security clearance",
    0x04: "operation not possible",
    0x05: "inappropriate action requested",
    0x06: "device busy",
    0x07: "data not ready",
    0x08: "data locked",
    0x09: "renegotiate",
    0x0A: "invalid service sequence state",
}
BAUD_RATES = {
    code: f"{rate} bit/s" for code, rate in enumerate((300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 57600), 1)
}
STANDARDS = {0: "ANSI C12.18", 2: "ANSI C12.21"}
STATUS = {0: "bad", 1: "good"}
SOURCE = TERMINETER.at("and the openHAB smartmeterosgp binding")
CHECKSUM = 1

MESSAGE = Map(Peek(0), dict.fromkeys(REQUESTS, 0) | dict.fromkeys(RESPONSES, 1))
"""The direction of a message that begins at the next byte."""


def checksum() -> Integer:
    """The checksum behind the data of a table."""
    return U8(
        show="hex",
        when=Known(F.data),
        auto=Call("negated_sum", F.data),
        qualified="c1218.checksum",
        doc="Two's complement of the sum of the data.",
    )


def checksum_status() -> Computed:
    """Whether it is right."""
    return Computed(
        If(Call("negated_sum", F.data) == F.checksum, 1, 0),
        STATUS,
        when=Known(F.checksum) & Known(F.data),
        qualified="c1218.checksum_status",
        doc="Whether the checksum is right.",
    )


CHECKSUM_BAD = Check(
    "checksum_bad",
    F.checksum_status == 0,
    Severity.ERROR,
    Group.CHECKSUM,
    "wrong checksum {checksum} of the table's data",
    "checksum",
)


class C1218TableRequest(TableRequest, title="Table service (C12.18)", source=SOURCE):
    """Reads or writes a table, or a part of one."""

    checksum = checksum()
    checksum_status = checksum_status()

    checks = (CHECKSUM_BAD,)


class C1218TableResponse(TableResponse, title="Table service response (C12.18)", source=SOURCE):
    """The answer to a read or write of a table."""

    response = U8(RESPONSES, show="hex", doc="How the request went.")
    request_service = Computed(asked, REQUESTS, show="hex", doc="The service that was asked for.")
    count = count_of(CHECKSUM)
    data = data_of(CHECKSUM)
    checksum = checksum()
    checksum_status = checksum_status()

    checks: ClassVar[tuple[Check, ...]] = (*TableResponse.checks, CHECKSUM_BAD)


of_logon = F.service == LOGON
of_negotiation = F.service.among(*NEGOTIATE)


class C1218Request(Layer, name="c1218.session", title="Session service (C12.18)", source=SOURCE, protocol="C12.18"):
    """Begins, protects, sets up, prolongs and ends a session."""

    service = U8(REQUESTS, show="hex", qualified="osgp.service", default=IDENTIFY, doc="What is to be done.")
    user_id = U16(when=of_logon, label="User ID", doc="Number of the user: anything, it is not checked (OPT p.13).")
    user = Text(10, when=of_logon, pad=" ", doc="Name of the user: anything, it is not checked (OPT p.13).")
    password = Bytes(
        20,
        when=F.service == SECURITY,
        show="secret",
        source=OPT.at("p.13"),
        doc="One of the meter's keys, in clear. It is not shown.",
    )
    packet_size = U16(when=of_negotiation, unit="bytes", doc="Largest packet that the sender can take.")
    packets = U8(when=of_negotiation, doc="Most packets of one message that the sender can take.")
    baud_rates = Array(U8(BAUD_RATES), F.service - NEGOTIATE[0], when=of_negotiation, doc="Rates that are offered.")
    wait = U8(when=F.service == WAIT, unit="s", doc="How long the session is to be kept without traffic.")

    info = (
        (of_logon, "{service} of {user}, ID {user_id}"),
        (of_negotiation, "{service}, packets of {packet_size}, up to {packets}"),
        (F.service == WAIT, "{service} {wait}"),
        (None, "{service}"),
    )


of_identify = (asked == IDENTIFY) & (F.response == OK)
of_negotiated = asked.among(*NEGOTIATE) & (F.response == OK)


class C1218Response(Layer, name="c1218.session", title="Response (C12.18)", source=SOURCE, protocol="C12.18"):
    """The answer to a service of the session. What follows the code depends on the request."""

    response = U8(RESPONSES, show="hex", qualified="osgp.response", doc="How the request went.")
    request_service = Computed(
        asked, REQUESTS, show="hex", qualified="osgp.request_service", doc="The service that was asked for."
    )
    standard = U8(STANDARDS, when=of_identify, source=OHB.one, doc="Reference standard.")
    version = U8(when=of_identify, source=OHB.one, doc="Version of the standard.")
    revision = U8(when=of_identify, source=OHB.one, doc="Revision of the standard.")
    features = Bytes(when=of_identify, source=OHB.one, doc="List of features, not read.")
    packet_size = U16(
        when=of_negotiated, unit="bytes", qualified="c1218.session.packet_size", doc="Packet size from now on."
    )
    packets = U8(when=of_negotiated, qualified="c1218.session.packets", doc="Most packets of one message from now on.")
    baud_rate = U8(BAUD_RATES, when=of_negotiated, doc="Rate from now on.")
    data = Bytes(when=not_asked & (Remaining() > 0), doc="What a response has to say whose request is not known.")

    checks = (
        Check(
            "request_unknown",
            Known(F.data),
            Severity.NOTE,
            Group.UNDECODED,
            "the request of this response is not known, nor what its data are",
            "data",
        ),
    )
    info = (
        (of_identify, "{request_service}: {response}, {standard} {version}.{revision}"),
        (of_negotiated, "{request_service}: {response}, packets of {packet_size}, up to {packets}, {baud_rate}"),
        (Known(asked), "{request_service}: {response}"),
        (None, "response {response}"),
    )


# Behind a code of one byte: the count, the data, the checksum. The answer to identify looks like a very short one.
COUNT = (Peek(1) << 8) + Peek(2)
IS_READ = not_asked & (Remaining() - 3 - CHECKSUM == COUNT) & (COUNT > 2)


class C1218Message(Layer, name="c1218.message", title="C12.18 message", source=SOURCE, protocol="C12.18"):
    """A whole message, from one packet or from several. Its first byte tells request and response."""

    direction = Computed(
        MESSAGE,
        DIRECTIONS,
        qualified="osgp.direction",
        doc="Whether it is a request or a response, by its first byte.",
    )
    body = Payload(
        Cases(
            (
                Case(Peek(0).among(*SERVICES), C1218TableRequest),
                Case(F.direction == 0, C1218Request),
                Case((F.direction == 1) & (asked.among(*SERVICES) | IS_READ), C1218TableResponse),
                Case(F.direction == 1, C1218Response),
            )
        ),
        required=False,
        doc="The request or response.",
    )

    checks = (
        Check(
            "code_unknown",
            Not(Known(F.direction)) & (Remaining() > 0),
            Severity.NOTE,
            Group.UNDECODED,
            "the first byte is no service and no response code that is known here",
        ),
    )
    source_address = ((F.direction == 0, "client"), (F.direction == 1, "meter"), (None, ""))
    destination_address = ((F.direction == 0, "meter"), (F.direction == 1, "client"), (None, ""))
