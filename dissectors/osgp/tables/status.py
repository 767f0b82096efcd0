# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of the meter and its alarms: BT03."""

from dissectors.sources import OPT
from osgp_analyzer.schema import Bytes, Flags, Layer, Remaining

ALARMS = {
    0: "unprogrammed",
    1: "configuration error",
    2: "system reset",
    3: "RAM failure",
    4: "ROM failure",
    5: "non-volatile memory failure",
    6: "clock error",
    7: "measurement error",
    8: "low battery",
    9: "low loss potential",
    10: "demand overload",
    11: "power failure",
    12: "cover removed",
    13: "reverse energy",
    14: "data backup incomplete",
    15: "disconnect switch error",
}
EXTENDED_ALARMS = {
    0: "load profile 2 unread entries",
    1: "load profile 3 unread entries",
    2: "load profile 4 unread entries",
    3: "neutral current deviation or earth fault",
}
MANUFACTURER_ALARMS = {
    0: "load profile overflow",
    1: "self-read occurred",
    2: "load disconnect has changed state",
    3: "control relay 1 open",
    4: "phase loss",
    5: "phase inversion",
    6: "PLC configuration failure",
    7: "general error",
    8: "invalid password",
    9: "remote communications inactive",
    10: "current on missing or unused phase",
    11: "pulse input 1 tamper",
    12: "pulse input 2 tamper",
    13: "software CRC error",
    14: "code bank changed",
    15: "load profile backfill failed",
    16: "MEP installed or removed",
    17: "M-Bus alarm",
    18: "M-Bus auto-discovery complete",
    19: "phase rotation changed",
    20: "prepay credit exhausted",
    21: "prepay warning acknowledged",
    22: "event log overflow pending",
    23: "manufacturer log entry available",
    24: "dimension change",
    25: "magnetic tamper detected",
    26: "access lockout override",
    27: "power quality event detected",
    28: "event log unread entries",
    29: "THD state changed",
    30: "load profile 1 unread entries",
    31: "load side voltage detected",
}
LATER_ALARMS = {
    0: "unbalanced voltage detected",
    1: "password table written to",
    2: "password (key) expiration pending",
    3: "P2P security",
    4: "firmware separation violation",
    5: "modem error",
    6: "G3 alarm",
    7: "G3 event logged",
    8: "control relay 2 open",
}


class BT03(
    Layer,
    name="bt03",
    title="End Device Mode Status",
    source=OPT.at("p.45-47").one,
    order="little",
    bit_order="lsb",
):
    """The mode that the meter is in, and its alarms."""

    mode = Flags(1, {0: "metering mode", 1: "test mode", 2: "meter shop mode"}, doc="What the meter is doing.")
    alarms = Flags(2, ALARMS, doc="Alarms that ANSI C12.19 knows.")
    extended_alarms = Flags(1, EXTENDED_ALARMS, doc="Later alarms: of unread entries since firmware 3.50.")
    manufacturer_alarms = Flags(
        4, MANUFACTURER_ALARMS, doc="Alarms of the manufacturer; BT00 says how many bytes there are of them."
    )
    later_alarms = Flags(
        2, LATER_ALARMS, when=Remaining() > 0, doc="Alarms of the manufacturer that came with firmware 3.60 and later."
    )
    more_alarms = Bytes(doc="Alarms of the manufacturer that no source names.")

    info = "{mode}, alarms {alarms}, {manufacturer_alarms}"
