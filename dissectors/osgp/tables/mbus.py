# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices on the M-Bus and at the MEP port: how they are read (ET13), how that went (ET14), requests to them (ET15) and
what they said (ET16). The first four are on the M-Bus, the others are MEP clients."""

from dissectors.osgp.tables.procedures import REQUEST_TYPES
from dissectors.sources import MEP
from osgp_analyzer.schema import (
    U8,
    U16,
    U32,
    Array,
    Bits,
    Bytes,
    Computed,
    Context,
    F,
    Flags,
    If,
    Index,
    Label,
    Layer,
    Remaining,
    Struct,
    Switch,
    Text,
    Time,
)

CONFIGURATION = MEP.at("p.80-83").one
STATUS = MEP.at("p.83-89").one
REQUESTS = MEP.at("p.90-92").one
DATA = MEP.at("p.92-95; optical guide p.43-45").one
devices = Context("et11.devices")
MBUS_DEVICES = 4
MBUS, CLIENT = 0, 1
KINDS = {MBUS: "M-Bus", CLIENT: "MEP client"}
BAUD_RATES = {
    code: f"{rate} bit/s"
    for code, rate in enumerate((9600, 300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200))
}
FREQUENCIES = {0: "hourly", 1: "daily", 2: "weekly", 3: "monthly", 4: "never"}
DAYS = {0: "first of the month", 32: "Sunday", 33: "Monday", 34: "Tuesday", 35: "Wednesday", 36: "Thursday"}
DAYS |= {37: "Friday", 38: "Saturday", 39: "none"}
ALERTS = {
    0: "scheduled read request",
    1: "on-demand request in ET15",
    3: "M-Bus change",
    4: "delta data alert",
}
ALARMS = {
    0: "billing data collected",
    1: "app error response received (not supported)",
    2: "new device alarm",
    3: "billing read overflow",
    4: "failed communications on read",
    5: "serial number mismatch",
    6: "MEP firmware switchover success",
    7: "MEP firmware switchover failure",
}
STATES = {0: "empty", 1: "M-Bus device up", 2: "M-Bus device down", 3: "MEP client up", 4: "MEP client down"}
QUEUED_TYPES = REQUEST_TYPES | {0: "no entry", 7: "MEP download start", 8: "MEP download code packet"}
RESULTS = {0: "not completed", 1: "success", 2: "no response", 3: "failed"}
AUTHENTICATION = {0: "passed", 1: "ID failure", 2: "date failure", 3: "passed with alternate date"}
ALL_DEVICES, MULTICAST = 0xFFFF, 6


def kind(table: str) -> Computed:
    """The field that tells what the device of an array element is."""
    return Computed(
        If(Index() < MBUS_DEVICES, MBUS, CLIENT), KINDS, qualified=f"{table}.kind", doc="By its place in the table."
    )


class MBusConfiguration(Layer, name="et13.mbus", title="M-Bus device", source=CONFIGURATION, order="little"):
    """What only M-Bus devices have."""

    customer_id = Text(20, label="Customer ID")
    app_reset_parameter = U8(label="App reset parameter", doc="Of an application reset: which telegrams are output.")
    security_key_length = U8(unit="bytes", doc="7 or less: no key.")
    security_key = Bytes(32, show="secret", doc="The first 8 bytes read as zeros. It is not shown.")
    ta = U16(label="Ta", unit="bit times", doc="Added to the turn-around time of 330.")
    to = U16(label="To", unit="ms", doc="Added to the turn-around time of 50.")
    rest = Bytes(when=Remaining() > 0, doc="Not documented.")


class ClientConfiguration(Layer, name="et13.client", title="MEP client", source=CONFIGURATION, order="little"):
    """What only MEP clients have."""

    alert_flags = Flags(1, ALERTS, doc="What the client is to see to.")
    downlink_data = Bytes(label="MEP non-urgent downlink data", doc="For the client, of any form.")


class DeviceConfiguration(Layer, name="et13.device", title="Device", source=CONFIGURATION, order="little"):
    """When and how a device is read."""

    kind = kind("et13.device")
    billing_read_day = U8(DAYS, label="Scheduled billing read day", doc="1 to 28: of the month.")
    billing_read_hour = U8(unit="h", label="Scheduled billing read hour", doc="Local time.")
    billing_read_minute = U8(unit="min", label="Scheduled billing read minute", doc="Local time.")
    billing_read_frequency = U8(FREQUENCIES, label="Scheduled billing read frequency")
    status_read_frequency = U16(
        unit="min", label="Scheduled status read frequency", doc="0: with billing reads only; M-Bus only."
    )
    baud_rate = U8(BAUD_RATES, doc="Wanted.")
    device_alarm_bitmask = U8(show="hex", doc="Alarms of the device that the client is told of at once.")
    more = Struct(
        Switch(F.kind, {MBUS: MBusConfiguration, CLIENT: ClientConfiguration}),
        length=Context("et11.config_entry_size") - 8,
        doc="Depends on the kind of device.",
    )

    info = "{kind}, billing read {billing_read_frequency}"


class ET13(Layer, name="et13", title="M-Bus/MEP Device Configuration", source=CONFIGURATION, order="little"):
    """How each device is read, and what MEP clients are alerted of."""

    configurations = Array(DeviceConfiguration, devices, label="Device configurations")


class DeviceStatus(Layer, name="et14.device", title="Device", source=STATUS, order="little"):
    """How it goes with a device."""

    device_handle = U16(doc="Its number: 1 to 999 M-Bus, from 1000 on MEP clients.")
    device_status = U8(STATES)
    baud_rate = U8(BAUD_RATES, doc="In use.")
    billing_read_length = U16(unit="bytes", doc="Of the newest billing read in ET16, all its fields included.")
    read_attempts = U32(doc="Attempts to talk to it.")
    read_answers = U32(doc="Reads that it answered.")
    alarms = Flags(2, ALARMS, label="MEP alarms", doc="What the meter noticed, until EP18 clears it.")
    primary_address = U8(label="M-Bus application primary address", doc="From firmware 4.30 on.")
    reserved = Bytes(6, doc="For other uses.")
    device_alarms = U8(show="hex", label="MEP device alarms", doc="What the device itself said, until EP18 clears it.")
    status_read_time = Time("ltime_date", label="Status read timestamp", doc="Of the last good one, local time.")
    last_read_attempt = Time("ltime_date", doc="Of a billing read, local time.")
    rest = Bytes(Context("et11.status_entry_size") - 36, doc="Not documented.")

    info = "{device_handle}, {device_status}"


class ET14(Layer, name="et14", title="M-Bus/MEP Device Status", source=STATUS, order="little"):
    """How it goes with each device."""

    mode = Flags(1, {0: "auto-discovery"}, doc="Of the M-Bus; normally it is polled.")
    reserved = Bytes(4, doc="For other uses.")
    device_occupancy = Flags(
        1, {i: f"device {i + 1} ({'M-Bus' if i < MBUS_DEVICES else 'MEP'})" for i in range(6)}, doc="Places in use."
    )
    devices = Array(DeviceStatus, devices)


class OnDemandRequest(Layer, name="et15.request", title="Request", source=REQUESTS, order="little"):
    """A request, and what came of it."""

    transaction = U16(show="hex", label="Transaction number", doc="That of EP19 or EP39.")
    device_handle = U16(
        labels=(Label((F.request_type == MULTICAST) & (F.device_handle == ALL_DEVICES), F.device_handle,
                      {ALL_DEVICES: "all devices"}),),
        label="Device handle or group mask",
        doc="A mask of groups for a multicast.",
    )  # fmt: skip
    request_type = U8(QUEUED_TYPES)
    result = U8(RESULTS)
    rest = Bytes(Context("et11.on_demand_entry_size") - 6, doc="Not documented.")

    info = "{request_type}, {device_handle}: {result}"


class WriteMessage(Layer, name="et15.write", title="Write message", source=REQUESTS):
    """Data that a request writes to a device."""

    length = U8(unit="bytes", label="Write data length", doc="Bytes of the data that count.")
    data = Bytes(Context("et11.on_demand_write_entry_size") - 1, label="Write data", doc="As for the device.")


class ET15(Layer, name="et15", title="On-demand Requests", source=REQUESTS, order="little", bit_order="lsb"):
    """A ring of requests to devices, and the data for them."""

    write_pointer = Bits(4, doc="Where the next request is entered.")
    read_pointer = Bits(4, doc="The next request to be carried out.")
    requests = Array(OnDemandRequest, Context("et11.on_demand_queue_size"), label="Request queue")
    write_messages = Array(WriteMessage, Context("et11.on_demand_queue_size"), doc="In the order of the requests.")
    multicast_length = U8(unit="bytes", label="Multicast data length", doc="Bytes of the message that count.")
    multicast_data = Bytes(
        Context("et11.mbus_multicast_length") - 1,
        label="Multicast data message",
        doc="For M-Bus devices C field, CI field and user data; for a MEP download packet number (2 bytes) and code.",
    )


class MBusReading(Layer, name="et16.mbus", title="M-Bus telegrams", source=DATA):
    """The answer of an M-Bus device (EN 13757-3)."""

    length = U8(unit="bytes", doc="Of the telegram, with a zero at its end.")
    telegram = Bytes(F.length, doc="From the serial number on.")
    rest = Bytes(doc="Further telegrams, each behind its length; ET14 says how long all are. The last may be cut off.")


class ClientReading(Layer, name="et16.client", title="MEP data", source=DATA, order="little"):
    """What a MEP client wrote."""

    read_count = U16(doc="Billing reads that went well.")
    length = U16(unit="bytes", doc="Of the data.")
    data = Bytes(F.length, doc="Of any form.")
    rest = Bytes(doc="Not used.")


class DeviceData(Layer, name="et16.device", title="Device", source=DATA, order="little", bit_order="lsb"):
    """The newest billing read of a device."""

    kind = kind("et16.device")
    timestamp = Time("ltime_date", doc="Local time.")
    data_order = Bits(1, {0: "low byte first", 1: "high byte first"}, doc="Of records; M-Bus only, as all that follow.")
    response_type = Bits(1, {0: "variable data structure", 1: "fixed data structure"})
    key_availability = Bits(1, {0: "no key", 1: "decrypted as necessary"})
    authentication = Bits(2, AUTHENTICATION)
    security_status = Bits(1, {0: "passed", 1: "failed"})
    filler = Bits(2)
    reading = Struct(
        Switch(F.kind, {MBUS: MBusReading, CLIENT: ClientReading}),
        length=Context("et11.data_entry_size") - 7,
        doc="Depends on the kind of device.",
    )

    info = "{kind}, {timestamp}"


class ET16(Layer, name="et16", title="Device Data", source=DATA, order="little"):
    """The newest billing read of each device."""

    devices = Array(DeviceData, devices)
