# SPDX-License-Identifier: GPL-2.0-or-later
"""The table services of OSGP on the power line: what follows the APDU code 0x00."""

from dissectors.osgp.contents import content
from dissectors.osgp.names import OK, PARTIAL, READS, RESPONSES, SEQUENCE, SERVICES, TABLES, WRITES
from dissectors.sources import CTC, MEP
from osgp_analyzer.schema import (
    U8,
    U16,
    U24,
    U32,
    Bytes,
    Check,
    Computed,
    F,
    Group,
    Known,
    Layer,
    Not,
    Remaining,
    Request,
    Severity,
    SizeOf,
)

SOURCE = CTC.at("CT_apdu.c, CT_table_services.c, CT_definitions.h").one
DIGEST = 8

asked = Request("osgp.service")
read_asked = asked.among(*READS)


class OSGPRequest(Layer, name="osgp", title="OSGP request", source=SOURCE, protocol="OSGP"):
    """Reads or writes a table of the meter, or a part of one. The numbers are big-endian, the data are not.

    Told by APDU code 0x00 and its first byte; another application may use both, so that it is OSGP is inferred.
    """

    service = U8(SERVICES, show="hex", doc="What is to be done.")
    table = U16(
        TABLES,
        source=MEP.at("p.42, chapter 5; optical guide p.7-8; CTC"),
        doc="The table: BT n is n, ET n is 2048 + n, the pending copy of either 4096 more.",
    )
    offset = U24(
        when=F.service.among(*PARTIAL), unit="bytes", doc="First byte of the part, from the start of the table."
    )
    count = U16(
        when=F.service.among(*PARTIAL, *WRITES), auto=SizeOf("data"), unit="bytes", doc="Bytes to be read or written."
    )
    data = Bytes(F.count, when=F.service.among(*WRITES), doc="What is to be written.")
    content = content(F.table, F.offset)
    sequence = U32(label="Sequence number", show="hex", doc="Counts the requests to this meter.")
    digest = Bytes(DIGEST, doc="OMA digest of the message under the meter's key.")

    info = (
        (F.service.among(*PARTIAL), "{service} {table}, {offset} on, {count}"),
        (F.service.among(*WRITES), "{service} {table}, {count}"),
        (None, "{service} {table}"),
    )


class OSGPResponse(Layer, name="osgp", title="OSGP response", source=SOURCE, protocol="OSGP"):
    """The answer to a table service. Its shape follows from its request; only a read has data in its answer."""

    response = U8(RESPONSES, show="hex", source=MEP.at("p.11-12"), doc="How the request went.")
    request_service = Computed(asked, SERVICES, show="hex", doc="The service that was asked for.")
    request_table = Computed(Request("osgp.table"), TABLES, doc="The table that was asked for.")
    request_offset = Computed(Request("osgp.offset"), unit="bytes", doc="Where the part begins that was asked for.")
    sequence = U32(
        label="Sequence number to use",
        qualified="osgp.sequence",
        show="hex",
        when=(F.response == SEQUENCE) & (Remaining() == 4 + DIGEST),
        source=MEP.at("p.11; on the power line by analogy").inferred,
        doc="The number that the meter expects.",
    )
    count = U16(
        when=read_asked & (F.response != SEQUENCE) & (Remaining() >= 2 + DIGEST),
        auto=SizeOf("data"),
        unit="bytes",
        qualified="osgp.count",
        doc="Bytes that were read. One implementation sends it, as 0, with errors too.",
    )
    data = Bytes(F.count, when=Known(F.count), qualified="osgp.data", doc="What was read.")
    content = content(F.request_table, F.request_offset)
    digest = Bytes(DIGEST, qualified="osgp.digest", doc="OMA digest of request and response under the meter's key.")

    checks = (
        Check(
            "data_missing",
            read_asked & (F.response == OK) & Not(Known(F.count)),
            Severity.WARN,
            Group.PROTOCOL,
            "a read that went well has data in its answer, but there are none",
            "response",
        ),
    )
    info = (
        (F.response == SEQUENCE, "{request_table}: {response}, use {sequence}"),
        (Known(F.count), "{request_table}: {response}, {count}"),
        (None, "{request_table}: {response}"),
    )
