# SPDX-License-Identifier: GPL-2.0-or-later
"""The table services: what OSGP on the power line has behind the APDU code 0x00. The meter's other ports have the same
fields (see `mep` and `c1218`)."""

from typing import ClassVar

from dissectors.osgp.names import OK, PARTIAL, READS, RESPONSES, SEQUENCE, SERVICES, TABLES, WRITES
from dissectors.osgp.tables.contents import message_content
from dissectors.sources import CTC, MEP
from osgp_analyzer.schema import (
    U8,
    U16,
    U24,
    U32,
    Bytes,
    Call,
    Case,
    Cases,
    Check,
    Computed,
    Expr,
    F,
    Group,
    If,
    Integer,
    Known,
    Layer,
    Not,
    Outer,
    Peek,
    Remaining,
    Request,
    Severity,
    SizeOf,
    Template,
    View,
)

SOURCE = CTC.at("CT_apdu.c, CT_table_services.c, CT_definitions.h").one
DIGEST = 8

asked = Request("osgp.service")
read_asked = asked.among(*READS)
not_asked = Not(Known(asked))


class TableRequest(Layer, name="osgp", title="OSGP table service", source=SOURCE, protocol="OSGP"):
    """What the request for a table service has on every port. The numbers are big-endian, the data are not."""

    service = U8(SERVICES, show="hex", doc="What is to be done.")
    table = U16(
        TABLES,
        source=MEP.at("p.42, chapter 5; optical guide p.7-8; CTC"),
        doc="The table: BT n is n, ET n is 2048 + n, the pending copy of either 4096 more.",
    )
    offset = U24(when=F.service.among(*PARTIAL), doc="First byte of the part, from the start of the table.")
    count = U16(
        when=F.service.among(*PARTIAL, *WRITES), auto=SizeOf("data"), unit="bytes", doc="Bytes to be read or written."
    )
    data = Bytes(F.count, when=F.service.among(*WRITES), doc="What is to be written.")
    content = message_content(F.table, F.offset)

    info = (
        (F.service.among(*PARTIAL), "{service} {table}, {count} at {offset}"),
        (F.service.among(*WRITES), "{service} {table}, {count}"),
        (None, "{service} {table}"),
    )


class OSGPRequest(TableRequest, title="OSGP request"):
    """Reads or writes a table of the meter, or a part of one. The numbers are big-endian, the data are not.

    Told by APDU code 0x00 and its first byte; another application may use both, so that it is OSGP is inferred.
    """

    sequence = U32(label="Sequence number", show="hex", doc="Counts the requests to this meter.")
    digest = Bytes(DIGEST, doc="OMA digest of the message under the meter's key.")


class OpenedRequest(TableRequest, title="OSGP request"):
    """A request that was encrypted, without what was in clear behind it. Inside TLS it has no sequence number."""

    count = U16(
        when=F.service.among(*PARTIAL, *WRITES) | Remaining().among(2, 6),
        auto=SizeOf("data"),
        unit="bytes",
        source=MEP.at("p.12").one,
        doc="Bytes to be read or written; on the MEP port a full read has it too.",
    )
    sequence = U32(
        label="Sequence number",
        show="hex",
        when=Remaining() >= 4,
        qualified="osgp.sequence",
        doc="Counts the requests to this meter.",
    )


def count_of(rest: int) -> Integer:
    """How many bytes were read, where `rest` bytes follow the data. Without the request it is told by the length."""
    fits = (Peek(0) << 8) + Peek(1) == Remaining() - 2 - rest
    return U16(
        when=(read_asked | (not_asked & fits)) & (F.response != SEQUENCE) & (Remaining() >= 2 + rest),
        auto=SizeOf("data"),
        unit="bytes",
        qualified="osgp.count",
        doc="Bytes that were read. One implementation sends it, as 0, with errors too.",
    )


def data_of(rest: int) -> Bytes:
    """What was read; where neither request nor length tell, what is before the last `rest` bytes."""
    return Bytes(
        If(Known(F.count), F.count, Remaining() - rest),
        when=Known(F.count) | (not_asked & (F.response != SEQUENCE) & (Remaining() > rest)),
        qualified="osgp.data",
        doc="What was read.",
    )


table_asked = Known(Request("osgp.table"))
OUTCOME: tuple[tuple[Expr | None, str], ...] = (
    (table_asked & Known(F.count), "{request_table}: {response}, {count}"),
    (table_asked, "{request_table}: {response}"),
    (Known(F.count), "response {response}, {count}"),
    (None, "response {response}"),
)
"""A line on a response."""


class TableResponse(Layer, name="osgp", title="Answer to an OSGP table service", source=SOURCE, protocol="OSGP"):
    """What the answer to a table service has on every port. Only a read has data in its answer."""

    response = U8(RESPONSES, show="hex", source=MEP.at("p.11-12"), doc="How the request went.")
    request_service = Computed(asked, SERVICES, show="hex", doc="The service that was asked for.")
    request_table = Computed(Request("osgp.table"), TABLES, doc="The table that was asked for.")
    request_offset = Computed(Request("osgp.offset"), doc="Where the part begins that was asked for.")
    count = count_of(DIGEST)
    data = data_of(DIGEST)
    content = message_content(F.request_table, F.request_offset)

    checks: ClassVar[tuple[Check, ...]] = (
        Check(
            "data_missing",
            read_asked & (F.response == OK) & Not(Known(F.count)),
            Severity.WARN,
            Group.PROTOCOL,
            "a read that went well has data in its answer, but there are none",
            "response",
        ),
        Check(
            "taken_for_read",
            not_asked & Known(F.count),
            Severity.NOTE,
            Group.ASSUMPTION,
            "the request of this response is not known: it is read as the answer to a read, as count and length agree",
            "count",
        ),
        Check(
            "request_unknown",
            not_asked & Known(F.data) & Not(Known(F.count)),
            Severity.NOTE,
            Group.UNDECODED,
            "the request of this response is not known, nor what its data are",
            "data",
        ),
    )
    info: ClassVar[Template] = OUTCOME


def sequence_to_use(rest: int) -> Integer:
    """The number that a meter expects, where `rest` bytes follow it."""
    return U32(
        label="Sequence number to use",
        show="hex",
        qualified="osgp.sequence",
        when=(F.response == SEQUENCE) & (Remaining() == 4 + rest),
        source=MEP.at("p.11; on the power line by analogy").inferred,
        doc="The number that the meter expects.",
    )


OUTCOME_SEQUENCE: tuple[tuple[Expr | None, str], ...] = (
    (table_asked & Known(F.sequence), "{request_table}: {response}, use {sequence}"),
    (Known(F.sequence), "response {response}, use {sequence}"),
    *OUTCOME,
)


class OpenedResponse(TableResponse, title="OSGP response"):
    """A response that was encrypted, without what was in clear behind it."""

    count = count_of(0)
    data = data_of(0)
    sequence = sequence_to_use(0)

    info = OUTCOME_SEQUENCE


class Encrypted(Layer, name="osgp.encrypted", title="Encrypted OSGP message", source=SOURCE, protocol="OSGP"):
    """A message that one of the user's keys opened: nothing in it says that it is encrypted."""

    header = Bytes(
        Call("opened_head"),
        when=Call("opened_head") > 0,
        source=MEP.one.unconfirmed,
        doc="What a suite of the user's has in clear before the message.",
    )
    ciphertext = Bytes(
        Remaining() - Call("opened_tail"),
        source=MEP.at("p.256-257; on the power line by analogy").inferred,
        doc="The encrypted bytes.",
    )
    digest = Bytes(
        Call("opened_tail"), qualified="osgp.digest", doc="Digest of the message in clear under the meter's key."
    )
    message = View(
        Cases((Case(Outer("spdu.type") == 2, OpenedResponse), Case(Outer("osgp.direction") == 1, OpenedResponse)),
              OpenedRequest),
        Call("opened"),
        made="Decrypted",
        label="Message",
        doc="The message in clear.",
    )  # fmt: skip


class OSGPResponse(TableResponse, title="OSGP response"):
    """The answer to a table service. Its shape follows from its request; only a read has data in its answer."""

    sequence = sequence_to_use(DIGEST)
    digest = Bytes(DIGEST, qualified="osgp.digest", doc="OMA digest of request and response under the meter's key.")

    info = OUTCOME_SEQUENCE
