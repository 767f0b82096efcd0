# SPDX-License-Identifier: GPL-2.0-or-later
"""Several commands carried out as one: ET52 takes them, ET53 has their responses."""

from dissectors.osgp.names import OK, PARTIAL, RESPONSES, SERVICES, TABLES, WRITES
from dissectors.osgp.tables.contents import content
from dissectors.sources import MEP
from osgp_analyzer.schema import (
    U8,
    U16,
    U24,
    Array,
    Bytes,
    Check,
    Computed,
    Context,
    F,
    Group,
    If,
    Index,
    Known,
    Layer,
    Outer,
    Peek,
    Remaining,
    Severity,
    SizeOf,
    Struct,
    Switch,
)

TABLE = MEP.at("p.43-50, 130-132").one
TYPES = {
    0: "requests",
    1: "responses",
    2: "responses, not all",
    3: "group broadcast requests",
    4: "group broadcast denied",
}
GROUP_BROADCAST = 3
of_request = Context("et52.number") == Outer("et53.number")
"""The transaction that was written last is the one that is answered."""
FIXED = 7
"""Bytes of size, type and the number twice."""


class TransactionRequest(Layer, name="transaction.request", title="Request", source=TABLE):
    """A read or write inside a transaction: without sequence number and digest. Its numbers are big-endian."""

    service = U8(SERVICES, show="hex", doc="What is to be done.")
    table = U16(TABLES, doc="The table: BT n is n, ET n is 2048 + n.")
    offset = U24(when=F.service.among(*PARTIAL), doc="First byte of the part.")
    count = U16(
        when=F.service.among(*PARTIAL, *WRITES), auto=SizeOf("data"), unit="bytes", doc="Bytes to be read or written."
    )
    data = Bytes(F.count, when=F.service.among(*WRITES), doc="What is to be written.")
    content = content(F.table, F.offset)

    info = (
        (F.service.among(*PARTIAL), "{service} {table}, {count} at {offset}"),
        (F.service.among(*WRITES), "{service} {table}, {count}"),
        (None, "{service} {table}"),
    )


class TransactionResponse(Layer, name="transaction.response", title="Response", source=TABLE):
    """The answer to the command of the same place in the transaction, without digest."""

    response = U8(RESPONSES, show="hex", doc="How the request went.")
    count = U16(
        when=(F.response == OK) & (Remaining() > 0), auto=SizeOf("data"), unit="bytes", doc="Bytes that were read."
    )
    data = Bytes(F.count, when=Known(F.count), doc="What was read.")
    request_table = Computed(
        Context("transaction.request.table", Index()), TABLES, when=of_request, doc="The table that was asked for."
    )
    request_offset = Computed(
        Context("transaction.request.offset", Index()),
        when=of_request,
        doc="Where the part begins that was asked for.",
    )
    requested_in = Computed(
        Context("et52.frame"), when=of_request, label="Requested in frame", doc="The frame that had the request."
    )
    content = content(F.request_table, F.request_offset)

    info = ((Known(F.request_table), "{request_table}: {response}"), (None, "{response}"))


class TransactionRecord(Layer, name="transaction.record", title="Command", source=TABLE, order="little"):
    """A request or response with its length."""

    length = U16(unit="bytes", auto=SizeOf("message"), doc="Of the message.")
    message = Struct(
        Switch(Peek(), dict.fromkeys(SERVICES, TransactionRequest), default=TransactionResponse),
        length=F.length,
        when=F.length > 0,
        doc="The first byte tells requests from responses.",
    )

    checks = (
        Check(
            "empty",
            F.length == 0,
            Severity.WARN,
            Group.PROTOCOL,
            "a command of length 0 ends the transaction",
            "length",
        ),
    )
    info = "{message}"


class TransactionRecords(Layer, name="transaction.records", title="Commands", source=TABLE):
    """The commands one after the other."""

    records = Array(TransactionRecord, doc="A request or response each.")


class ET52(Layer, name="et52", title="MEP Transaction Request", source=TABLE, order="little"):
    """Commands that are carried out together, once. They begin when the number at the end is that at the start."""

    size = U16(unit="bytes", label="Transaction size", doc="Of the transaction, this field included.")
    type = U8(TYPES, label="Transaction type", doc="What the transaction is.")
    number = U16(label="Transaction number", doc="Those of request and response agree.")
    group_count = U8(when=F.type == GROUP_BROADCAST, label="Group ID count", doc="Groups that follow.")
    group_ids = Array(
        U16(show="hex"),
        F.group_count,
        when=F.type == GROUP_BROADCAST,
        label="Group IDs",
        doc="Who is meant: 0xYYFF all sub-groups of group YY, 0xFFYY all groups.",
    )
    commands = Struct(
        TransactionRecords, length=F.size - FIXED - If(F.type == GROUP_BROADCAST, F.group_count * 2 + 1, 0)
    )
    end_number = U16(label="Transaction number again", doc="The number again.")
    unused = Bytes(when=Remaining() > 0, doc="The rest of the table is no part of the transaction.")

    checks = (
        Check(
            "number",
            F.end_number != F.number,
            Severity.WARN,
            Group.PROTOCOL,
            "the number at the end is {end_number}, that at the start {number}: not all of the transaction is written",
            "end_number",
        ),
    )
    info = "transaction {number}: {type}"


class ET53(ET52, name="et53", title="MEP Transaction Response"):
    """The responses to the commands of ET52, in their order."""
