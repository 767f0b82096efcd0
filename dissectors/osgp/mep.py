# SPDX-License-Identifier: GPL-2.0-or-later
"""The MEP port of a meter (multipurpose expansion port): a serial line with frames of a length and a message.

A request begins with another code than a response, so the first byte tells the direction. Where the body is
encrypted under RC4 nothing says so: only the length and the digest behind it are clear.
"""

from typing import ClassVar

from dissectors.en14908.apdu import DIRECTIONS
from dissectors.osgp.message import DIGEST, Encrypted, OpenedRequest, OpenedResponse, OSGPRequest, OSGPResponse
from dissectors.osgp.names import AUTHENTICATION, READS, RESPONSES, SEQUENCE, SERVICES
from dissectors.osgp.tls import TLSRecord
from dissectors.sources import MEP as GUIDE
from osgp_analyzer.schema import (
    U8,
    U16,
    U32,
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
    Known,
    Layer,
    Map,
    Not,
    Payload,
    Peek,
    Remaining,
    Request,
    Severity,
    SizeOf,
    View,
)

LONGEST = 476
"""Bytes of the longest message, without the length before it (MEP p.8)."""
FULL_READ = READS[0]
TERMINATE = 0x57
TLS_CODES = {
    TERMINATE: "terminate TLS",
    0x58: "TLS handshake, first message",
    0x59: "TLS handshake",
    0x80: "TLS table request",
}
TLS_RESPONSES = {0: "successful", 1: "TLS error", 3: "invalid identity or key", 0x0A: "invalid service sequence state"}
DIRECTION = Map(Peek(0), dict.fromkeys([*SERVICES, *TLS_CODES], 0) | dict.fromkeys(RESPONSES, 1))
OPENED = Call("opened_next")
"""The direction of a message that was encrypted, where one of the user's keys opened it."""
HAS_RECORD = Peek(1).among(0x14, 0x15, 0x16, 0x17) & (Peek(2) == 3) & (Peek(3) <= 4)
"""Behind the response code a TLS record begins."""
OF_TLS = Known(Request("mep.tls.code")) & (Peek(0) != AUTHENTICATION)
"""The answer to a step of a TLS session: it refuses no digest, as these messages have none. An encrypted request may
begin with a code of TLS by chance; the refusal of its key is in clear."""


class MEPRequest(OSGPRequest, title="OSGP request (MEP)", source=GUIDE.at("p.10-13, examples p.15-17")):
    """Reads or writes a table of the meter, or a part of one. On this port a full read has a count too."""

    count = U16(
        when=(F.service != FULL_READ) | (Remaining() >= 2 + 4 + DIGEST),
        auto=SizeOf("data"),
        unit="bytes",
        doc="Bytes to be read or written.",
    )

    checks = (
        Check(
            "count_missing",
            (F.service == FULL_READ) & Known(F.digest) & Not(Known(F.count)),
            Severity.WARN,
            Group.PROTOCOL,
            "a full read has a count on this port: without it the meter takes any number for it",
            "table",
        ),
    )


class MEPResponse(OSGPResponse, title="OSGP response (MEP)", source=GUIDE.at("p.10-13, examples p.15-17")):
    """The answer to a table service. Its shape follows from its request; only a read has data in its answer."""

    sequence = U32(
        label="Sequence number to use",
        show="hex",
        qualified="osgp.sequence",
        when=(F.response == SEQUENCE) & (Remaining() == 4 + DIGEST),
        doc="The number that the meter expects.",
    )


class MEPTLSRequest(Layer, name="mep.tls", title="TLS request (MEP)", source=GUIDE.at("p.8-9"), protocol="TLS"):
    """A step of a TLS session. The messages in it are those of the table services, without sequence and digest."""

    code = U8(TLS_CODES, show="hex", default=0x80, doc="What the records are.")
    data = Bytes(when=F.code == TERMINATE, doc="One byte or more, without a meaning.")
    records = Array(TLSRecord, when=F.code != TERMINATE, doc="The records of TLS.")
    message = View(OpenedRequest, Call("opened"), made="Decrypted", label="Message", doc="The message in clear.")

    info = "{code}"


class MEPTLSResponse(Layer, name="mep.tls", title="TLS response (MEP)", source=GUIDE.at("p.9"), protocol="TLS"):
    """The meter's answer to a step of a TLS session."""

    response = U8(TLS_RESPONSES, show="hex", doc="How the step went.")
    request_code = Computed(Request("mep.tls.code"), TLS_CODES, show="hex", doc="What was asked for.")
    records = Array(TLSRecord, when=Remaining() > 0, qualified="mep.tls.records", doc="The records of TLS.")
    message = View(
        OpenedResponse,
        Call("opened"),
        made="Decrypted",
        label="Message",
        qualified="mep.tls.message",
        doc="The message in clear.",
    )

    info = ((Known(Request("mep.tls.code")), "{request_code}: {response}"), (None, "TLS response {response}"))


class MEPUnread(Layer, name="mep.unread", title="Unread message", source=GUIDE.at("p.11"), protocol="MEP"):
    """A message that is encrypted, or no message at all. The digest is in clear in either case, if there is one."""

    body = Bytes(If(Remaining() >= DIGEST, Remaining() - DIGEST, Remaining()), doc="Encrypted, or anything.")
    digest = Bytes(
        DIGEST,
        when=Remaining() >= DIGEST,
        qualified="osgp.digest",
        source=GUIDE.at("p.11").inferred,
        doc="The digest of the message, if it is an encrypted one.",
    )

    checks = (
        Check(
            "encrypted",
            Remaining() >= 0,
            Severity.NOTE,
            Group.UNDECODED,
            "the first byte is no code of a request or response: the message is encrypted, or reading is out of step "
            "with the frames",
            "body",
        ),
    )
    info = "encrypted or out of step"


class MEP(Layer, name="mep", title="MEP frame", source=GUIDE.at("p.8-18"), protocol="MEP"):
    """A frame of the serial line between a meter and the device in its MEP port. Length 0 is the meter's call for
    attention (alert); what follows it in the same record is a frame of its own."""

    length = U16(auto=SizeOf("payload"), unit="bytes", doc="Length of the message that follows.")
    direction = Computed(
        If(Known(OPENED), OPENED, DIRECTION),
        DIRECTIONS,
        when=F.length != 0,
        qualified="osgp.direction",
        doc="Whether it is a request or a response, by its first byte.",
    )
    message = Payload(
        Cases(
            (
                Case(F.length == 0, Cases((Case(Remaining() > 0, "MEP"),))),
                Case(Known(OPENED) & Not(HAS_RECORD), Encrypted),
                Case(Peek(0).among(*SERVICES), MEPRequest),
                Case(Peek(0).among(*TLS_CODES), MEPTLSRequest),
                Case((F.direction == 1) & (HAS_RECORD | OF_TLS), MEPTLSResponse),
                Case(F.direction == 1, MEPResponse),
            ),
            MEPUnread,
        ),
        length=If(F.length == 0, Remaining(), F.length),
        required=F.length != 0,
        doc="The message.",
    )
    trailing = Bytes(when=Remaining() > 0, label="Trailing bytes", doc="What is behind the message: not read.")

    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            "length_large",
            F.length > LONGEST,
            Severity.WARN,
            Group.PROTOCOL,
            f"a message has at most {LONGEST} bytes, not {{length}}: reading is out of step with the frames",
            "length",
        ),
        Check(
            "trailing",
            Known(F.trailing),
            Severity.WARN,
            Group.MALFORMED,
            "the length does not match: more bytes follow than the {length} that it says",
            "length",
        ),
    )
    info = ((F.length == 0, "alert"), (None, ""))
    source_address = ((F.direction == 0, "client"), ((F.direction == 1) | (F.length == 0), "meter"), (None, ""))
    destination_address = ((F.direction == 0, "meter"), ((F.direction == 1) | (F.length == 0), "client"), (None, ""))
