# SPDX-License-Identifier: GPL-2.0-or-later
"""The event logs: their sizes (BT70, BT71) and what was logged (BT74, ET79)."""

from dissectors.sources import MEP, OPT
from osgp_analyzer.schema import U8, U16, U32, Array, Bits, Bytes, Context, Layer, Time

USERS = {0xFFFF: "nobody logged on", 0xFFFE: "a message over PLC, P2P or G3", 0xFFFD: "MEP client"}
LISTS = {0: "FIFO", 1: "circular"}
ORDERS = {0: "ascending"}


class BT70(Layer, name="bt70", title="Dimension Log", source=OPT.at("p.50").one, order="little", bit_order="lsb"):
    """The largest event logs that the meter can have."""

    event_number = Bits(1, doc="Both logs have a number in common for an event that is in both.")
    history_date_time = Bits(1, label="History date and time", doc="Entries have their time.")
    history_sequence_number = Bits(1, doc="Entries are numbered.")
    history_inhibit_overflow = Bits(1, doc="Nothing is entered in the history log when it is full.")
    event_inhibit_overflow = Bits(1, doc="Nothing is entered in the event log when it is full.")
    filler = Bits(3)
    standard_events = U8(label="Number of standard events", doc="That can be logged.")
    manufacturer_events = U8(label="Number of manufacturer events", doc="That can be logged.")
    history_data_length = U8(unit="bytes", doc="Of the argument of an entry in the history log.")
    event_data_length = U8(unit="bytes", doc="Of the argument of an entry in the event log.")
    history_entries = U16(label="Number of history entries", doc="That the history log holds.")
    event_entries = U16(label="Number of event entries", doc="That the event log holds; meters have none.")

    info = "{history_entries} entries"


class BT71(BT70, name="bt71", title="Actual Log", source=OPT.at("p.50-51").one):
    """The event logs that the meter has now; the sizes of BT74 and ET79."""

    standard_events = U8(
        unit="bytes",
        qualified="bt71.standard_event_bytes",
        label="Number of standard event bytes",
        doc="Size of a set of them.",
    )
    manufacturer_events = U8(
        unit="bytes",
        qualified="bt71.manufacturer_event_bytes",
        label="Number of manufacturer event bytes",
        doc="Size of a set of them.",
    )


class EventLogEntry(
    Layer, name="event_log.entry", title="Entry", source=MEP.at("p.242-243"), order="little", bit_order="lsb"
):
    """An event. What its number and argument mean is in no public document."""

    timestamp = Time("ltime_date", label="Time", doc="UTC.")
    sequence_number = U16(doc="Low half of a number that both logs have in common.")
    user_id = U16(USERS, label="User ID", doc="Who was logged on at the time.")
    event = Bits(12, doc="Its number.")
    filler = Bits(4)
    argument = Bytes(Context("bt71.history_data_length"), doc="Depends on the event.")

    info = "{timestamp}, event {event}"


class BT74(
    Layer,
    name="bt74",
    title="History Log Data",
    source=MEP.at("p.241-243; optical guide p.51-53"),
    order="little",
    bit_order="lsb",
):
    """The primary event log, a ring of entries."""

    order = Bits(1, ORDERS, doc="Which entry is older.")
    overflow = Bits(1, doc="Entries were lost before they were read.")
    list_type = Bits(1, LISTS, doc="FIFO also where it has no entries.")
    inhibit_overflow = Bits(1, doc="Nothing is entered when the log is full.")
    filler = Bits(4)
    valid_entries = U16(label="Number of valid entries")
    last_entry_element = U16(doc="Place of the newest entry, from 0.")
    last_entry_sequence_number = U32(doc="Its number.")
    unread_entries = U16(label="Number of unread entries", doc="Entries that were not read.")
    entries = Array(EventLogEntry, Context("bt71.history_entries"), label="History records")

    info = "{valid_entries} entries, {unread_entries} unread"


class ET79(BT74, name="et79", title="Alternate Event Log", source=MEP.at("p.181-183").one):
    """The second event log, from firmware 3.70 on."""

    entries = Array(
        EventLogEntry,
        label="History records",
        source=MEP.at("p.181-183, which gives the count in BT71.5 and in ET54.80").inferred,
        doc="As many as there are.",
    )
