# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of tables and procedures, and what response codes mean."""

SERVICES = {0x30: "full read", 0x3F: "partial read", 0x40: "full write", 0x4F: "partial write"}
READS, WRITES, PARTIAL = (0x30, 0x3F), (0x40, 0x4F), (0x3F, 0x4F)

OK, AUTHENTICATION, SEQUENCE = 0x00, 0x0B, 0x0C
WINDOW = 8
"""Sequence numbers ahead of the last one that a meter takes (MEP p.11; on the power line by analogy)."""
RESPONSES = {
    0x00: "successful",
    0x01: "unrecognized request",
    0x02: "unsupported request",
    0x03: "no permission",
    0x04: "requested operation not possible",
    0x05: "table operation not possible",
    0x06: "device busy (as in C12.18, inferred)",
    0x07: "data not ready (as in C12.18, inferred)",
    0x08: "data locked (as in C12.18, inferred)",
    0x09: "renegotiate (as in C12.18, inferred)",
    0x0A: "invalid service sequence state",
    0x0B: "authentication failure",
    0x0C: "invalid sequence number",
}
"""MEP p.11-12, 0A p.9. The guide does not list 06 to 09: they are those of C12.18."""

EXTENDED, PENDING = 0x0800, 0x1000
"""Added to the number of a table: one of OSGP's own, and the copy that waits to be activated (MEP p.42, OPT p.7)."""

# Names: MEP chapter 5 and appendix C, OPT appendix A; BT05, 06, 10, 12, 13, 16 and ET12 as CTC calls them.
BASIC_TABLES = {
    0: "General Configuration",
    1: "General Manufacturer Information",
    3: "End Device Mode Status",
    4: "Pending Status",
    5: "Device Identification",
    6: "Utility Information",
    7: "Procedure Initiate",
    8: "Procedure Response",
    10: "Dimension Sources Limiting",
    12: "Unit of Measure Entry",
    13: "Demand Control",
    15: "Constants",
    16: "Source Definition",
    20: "Dimension Register",
    21: "Actual Register",
    22: "Data Selection",
    23: "Current Register Data",
    24: "Previous Season Data",
    25: "Previous Demand Reset Data",
    26: "Self-Read Data",
    27: "Present Register Selection",
    28: "Present Register Data",
    30: "Dimension Display",
    33: "Primary Display List",
    50: "Dimension Time and TOU",
    52: "UTC Clock",
    53: "Time Offset",
    54: "Calendar",
    55: "Local Clock State",
    60: "Dimension Load Profile",
    61: "Actual Load Profile",
    62: "Load Profile Control",
    63: "Load Profile Status",
    64: "Load Profile Data Set 1",
    65: "Load Profile Data Set 2",
    66: "Load Profile Data Set 3",
    67: "Load Profile Data Set 4",
    70: "Dimension Log",
    71: "Actual Log",
    74: "History Log Data",
}
EXTENDED_TABLES = {
    1: "Pulse Output Options",
    2: "RTC Calibration",
    3: "Utility Information",
    4: "System Information",
    5: "Control Output Settings",
    6: "Pulse Inputs",
    7: "LCD Display Configuration",
    9: "Power Quality",
    11: "MFG Dimension",
    12: "Daily Consumption",
    13: "M-Bus/MEP Device Configuration",
    14: "M-Bus/MEP Device Status",
    15: "On-demand Requests",
    16: "Device Data",
    21: "Load Profile Internal Configuration",
    23: "Miscellaneous",
    29: "Hardware Configuration",
    30: "Maximum Power or Current Level Control",
    31: "One-time-read Log",
    34: "Additional M-Bus/MEP Configuration",
    36: "Extended Table Actual Dimensions",
    40: "Demand Configuration",
    41: "Historical Demand Reset Log",
    42: "Interface Definition",
    45: "MEP Recurring Read Log",
    46: "Control Output Read-only",
    47: "Calendar Override",
    50: "MEP Inbound Data Space",
    51: "MEP Device Configuration",
    52: "MEP Transaction Request",
    53: "MEP Transaction Response",
    54: "Meter Status",
    55: "Meter Configuration",
    57: "M-Bus Data Type",
    58: "M-Bus/MEP Status Extension",
    59: "MEP Procedure Response",
    61: "Time-based Relay Control Calendar",
    62: "Load Profile Display Configuration",
    66: "Load Profile Source ID Mapping",
    67: "Display Source ID Mapping",
    70: "RAM Only Status",
    71: "Delta Data Alerts",
    74: "Recurring Read Extended Log",
    75: "Primary Load Profile Channel Change Log",
    76: "Externally Configurable Hardware Options",
    77: "Secondary Display List",
    79: "Alternate Event Log",
    80: "Average Power Settings",
    81: "Power Outage Log",
    85: "MEP Procedure Response (MEP2)",
    89: "Meter LN Status",
    90: "Dimension LN",
    92: "P2P Connection Configuration",
    93: "P2P Connection Status",
    94: "P2P Gateway Module Configuration",
    95: "P2P Gateway Module Status",
    96: "P2P Gateway Socket Status",
    97: "Meter Configuration LN",
    98: "P2P AT Command Response",
}


def _named(prefix: str, number: int, name: str) -> str:
    return f"{prefix}{number:02} {name}".rstrip()


TABLES = {n: _named("BT", n, BASIC_TABLES.get(n, "")) for n in range(256)}
TABLES |= {EXTENDED + n: _named("ET", n, EXTENDED_TABLES.get(n, "")) for n in range(256)}
TABLES |= {PENDING + n: f"{name}, pending" for n, name in list(TABLES.items())}
"""All tables by the number in messages; those without a name have their number."""

# Names in full: MEP p.244-247 and table C.2. What the others do is known from where the guides mention them
# (osgp.md 4.4) or from C12.19, and marked so.
BASIC_PROCEDURES = {
    0: "Cold Start (as in C12.19, unconfirmed)",
    1: "Warm Start (as in C12.19, unconfirmed)",
    2: "Save Configuration (as in C12.19, unconfirmed)",
    3: "Clear Data (as in C12.19, unconfirmed)",
    4: "Reset List Pointers (as in C12.19, unconfirmed)",
    5: "Update Last Read Entry (as in C12.19, unconfirmed)",
    6: "Change End Device Mode (as in C12.19, unconfirmed)",
    7: "Clear Standard Status Flags (as in C12.19, unconfirmed)",
    8: "Clear Manufacturer Status Flags (as in C12.19, unconfirmed)",
    9: "Remote Reset (as in C12.19, unconfirmed)",
    10: "Set Date and Time (as in C12.19, unconfirmed)",
    11: "Execute Diagnostics (as in C12.19, unconfirmed)",
    12: "Activate All Pending Tables (as in C12.19, inferred)",
    13: "Activate Specific Pending Table (as in C12.19, inferred)",
    14: "Clear All Pending Tables (as in C12.19, unconfirmed)",
    15: "Clear Specific Pending Table (as in C12.19, inferred)",
}
EXTENDED_PROCEDURES = {
    2: "Remote Relay Control (inferred)",
    3: "Clear Alarms (inferred)",
    6: "Change Dimensions (inferred)",
    11: "Change Load Profile Configuration (inferred)",
    16: "Change System Clock By Delta",
    17: "Remove MEP Device",
    18: "Clear M-Bus/MEP Alarms (inferred)",
    19: "Post On-demand M-Bus Request",
    26: "Decrement Unread Entries (inferred)",
    32: "Demand Configuration (inferred)",
    33: "Demand Configuration (inferred)",
    37: "Change Dimensions (inferred)",
    39: "Post MEP Data",
    41: "Firmware Download (inferred)",
    50: "Write External Register Values (inferred)",
    52: "Change Source Mapping (inferred)",
    61: "MEP Transaction Lock Control",
    64: "Reset Previous Season Data (inferred)",
}

PROCEDURES = {n: _named("BP", n, BASIC_PROCEDURES.get(n, "")) for n in range(256)}
PROCEDURES |= {EXTENDED + n: _named("EP", n, EXTENDED_PROCEDURES.get(n, "")) for n in range(256)}
"""All procedures by the number in BT07; those without a name have their number."""
