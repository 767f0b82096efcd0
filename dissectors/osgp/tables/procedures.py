# SPDX-License-Identifier: GPL-2.0-or-later
"""Procedures: what a meter is told to do (BT07) and how that went (BT08, ET59, ET85)."""

from dissectors.osgp.names import PROCEDURES
from dissectors.osgp.tables.dates import PendingEvent
from dissectors.sources import C1219, MEP, OPT
from osgp_analyzer.schema import (
    U8,
    U16,
    U32,
    Bits,
    Bytes,
    Computed,
    Context,
    F,
    Flags,
    Label,
    Layer,
    Remaining,
    SizeOf,
    Struct,
    Switch,
    Time,
)

RESULTS = {
    0: "completed",
    1: "accepted, not fully completed",
    2: "invalid parameter",
    3: "conflict with the setup of the device",
    4: "timing constraint",
    5: "no authorization",
    6: "unrecognized procedure",
    7: "queue full (EP19)",
}
"""MEP p.53 and 247; a procedure may have codes of its own."""
SET_DATE_TIME, CLEAR_PENDING, REMOVE_DEVICE, POST_REQUEST, LOCK_TRANSACTIONS = 10, 15, 2048 + 17, 2048 + 19, 2048 + 61
USER_DATA, MULTICAST, SWITCHOVER, DATA_BY_INDEX = 4, 6, 9, 10
REQUEST_TYPES = {
    0: "reserved",
    1: "M-Bus application reset",
    2: "billing read",
    3: "status read",
    USER_DATA: "write user data",
    5: "time synchronization",
    MULTICAST: "multicast",
    SWITCHOVER: "MEP download switchover",
    DATA_BY_INDEX: "write user data by index",
}


class SetDateTime(Layer, name="bp10", title="Set date and time", source=C1219.unconfirmed, order="little"):
    """Sets the clock."""

    set_mask = Flags(1, {0: "time", 1: "date", 2: "qualifier"}, doc="What is set.")
    date_time = Time("ltime_date", label="Date and time", doc="UTC, as BT52.")
    time_date_qualifier = U8(show="hex", doc="Day of the week and daylight saving time, as BT52 has them.")

    info = "{date_time}"


class ClearPending(
    Layer,
    name="bp15",
    title="Clear specific pending table",
    source=OPT.at("p.12; the number is that of C12.19").inferred,
):
    """Takes back the activation of the pending tables that have this description."""

    pending_event = Struct(PendingEvent)


class RemoveDevice(Layer, name="ep17", title="Remove MEP device", source=MEP.at("p.53, 244").one, order="little"):
    """Takes a device off the meter."""

    action = U8({0: "remove, new primary address 0", 1: "remove, new primary address 250"}, doc="What to do.")
    handle = U16(
        labels=(Label(F.handle == 0xFFFF, F.handle, {0xFFFF: "all devices"}),),
        label="Device handle",
        show="hex",
        doc="The device; ET14 has the handles.",
    )

    info = "{action}, {handle}"


class PostRequest(
    Layer, name="ep19", title="Post on-demand M-Bus request", source=MEP.at("p.244-246").one, order="little"
):
    """Queues a request to an M-Bus or MEP device; ET15 has the queue and ET16 the answer."""

    transaction_number = U16(show="hex", doc="Optical port 0-0x3FF, MEP 0x400-0x4FF, concentrators from 0xFF00 on.")
    handle = U16(
        label="Device handle, group mask or device bitmask",
        show="hex",
        doc="A mask of groups for a multicast (0xFFFF: all devices), a bit for a device for data by index.",
    )
    request_type = U8(REQUEST_TYPES, doc="What the device is asked for.")
    write_length = U8(
        when=F.request_type.among(USER_DATA, MULTICAST, DATA_BY_INDEX),
        auto=SizeOf("write_data"),
        unit="bytes",
        doc="Of the data.",
    )
    write_data = Bytes(
        F.write_length,
        when=F.request_type.among(USER_DATA, MULTICAST, DATA_BY_INDEX),
        doc="The telegram; in a multicast its C field, CI field and user data.",
    )
    image_length = U32(
        when=(F.request_type == SWITCHOVER) & (Remaining() > 0), unit="bytes", doc="With AES security only."
    )
    image_mac = Bytes(
        16, when=(F.request_type == SWITCHOVER) & (Remaining() > 0), label="Image MAC", doc="With AES security only."
    )

    info = "{request_type}, {handle}"


class LockTransactions(Layer, name="ep61", title="MEP transaction lock control", source=MEP.at("p.247").one):
    """Keeps ET52 and ET53 for one of the two MEP ports, for 10 seconds at most."""

    lock = U8({0: "unlock", 1: "lock"}, doc="What to do.")

    info = "{lock}"


class ProcedureParameters(Layer, name="bt07.parameters", title="Parameters", source=MEP.at("p.52").one):
    """Parameters whose layout no source tells."""

    data = Bytes(doc="Not decoded.")


class BT07(
    Layer,
    name="bt07",
    title="Procedure Initiate",
    source=MEP.at("p.52-53; CTC include/BT"),
    order="little",
    bit_order="lsb",
):
    """Starts a procedure."""

    procedure = Bits(12, PROCEDURES, doc="BP n is n, EP n is 2048 + n.")
    response_handling = Bits(4, {0: "posted in BT08, ET59 or ET85"}, doc="Where the result goes.")
    sequence_number = U8(doc="Comes back with the result; MEP clients use 5 to 9.")
    parameters = Struct(
        Switch(
            F.procedure,
            {
                SET_DATE_TIME: SetDateTime,
                CLEAR_PENDING: ClearPending,
                REMOVE_DEVICE: RemoveDevice,
                POST_REQUEST: PostRequest,
                LOCK_TRANSACTIONS: LockTransactions,
            },
            default=ProcedureParameters,
        ),
        doc="They depend on the procedure.",
    )

    info = "{procedure}, sequence number {sequence_number}"


class PostRequestResult(Layer, name="ep19.result", title="Request posted", source=MEP.at("p.247").one):
    """Where the request is in the queue."""

    entry_index = U8(doc="Place in ET15.")

    info = "entry {entry_index}"


class ProcedureResult(Layer, name="bt08.result", title="Result data", source=MEP.at("p.52-53").one):
    """Result data whose layout no source tells; most procedures have none."""

    data = Bytes(doc="Not decoded.")


class BT08(
    Layer,
    name="bt08",
    title="Procedure Response",
    source=MEP.at("p.52-53").one,
    order="little",
    bit_order="lsb",
):
    """How the procedure that was started last went. (CTC's form of this table has no sequence number.)"""

    procedure = Bits(12, PROCEDURES, doc="BP n is n, EP n is 2048 + n.")
    filler = Bits(4)
    sequence_number = U8(doc="That of BT07.")
    result_code = U8(RESULTS, doc="How it went.")
    initiated_in = Computed(
        Context("bt07.frame"),
        when=(Context("bt07.procedure") == F.procedure) & (Context("bt07.sequence_number") == F.sequence_number),
        label="Initiated in frame",
        doc="The frame in which this procedure was started last.",
    )
    result = Struct(
        Switch(F.procedure, {POST_REQUEST: PostRequestResult}, default=ProcedureResult),
        when=Remaining() > 0,
        doc="It depends on the procedure.",
    )

    info = "{procedure}, sequence number {sequence_number}: {result_code}"


class ET59(BT08, name="et59", title="MEP Procedure Response"):
    """How the procedure that the first MEP client has started went."""


class ET85(BT08, name="et85", title="MEP Procedure Response (MEP2)"):
    """How the procedure that the second MEP client has started went."""
