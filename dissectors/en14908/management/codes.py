# SPDX-License-Identifier: GPL-2.0-or-later
"""Enumerations that more than one record or command has: timers, services, states, models."""

from dissectors.sources import DX_EX


def timer(code: int, first: int = 16) -> int:
    """Milliseconds of a timer: doubling every second code, one and a half times as long in between."""
    return (first << code // 2) * (3 if code % 2 else 2) // 2


def _timer_codes(first: int) -> dict[int, str]:
    return {code: f"{timer(code, first)} ms" for code in range(16)}


TRANSMIT_TIMERS = _timer_codes(16)
"""Codes of the transmit and the repeat timer."""


RECEIVE_TIMERS = _timer_codes(128)
LONG_TIMERS = _timer_codes(4096)
"""Codes of the transmit timer of LTEP repeaters when it is long."""


YES_NO = {0: "no", 1: "yes"}


SERVICES = {0: "ACKD", 1: "UNACKD_RPT", 2: "UNACKD", 3: "REQUEST"}


DIRECTIONS = {0: "input", 1: "output"}


AUTH_TYPES = {0: "standard (48 bit)", 1: "OMA (96 bit)", 2: "reserved", 3: "standard (48 bit)"}


ADDRESS_TYPES = {
    0: "unassigned",
    1: "subnet/node",
    2: "unique ID",
    3: "broadcast",
    0x23: "broadcast group",
    0x7F: "local",
}


_STATES = {
    0: "invalid (0)",
    1: "invalid (1)",
    2: "unconfigured, with application",
    3: "unconfigured, applicationless",
    4: "configured, online",
    5: "invalid (5)",
    6: "configured, hard offline",
    7: "invalid (7)",
}
NODE_STATES = {
    **_STATES,
    **{state | 0x08: f"{name}, offline" for state, name in _STATES.items()},
    0x0C: "configured, soft offline",
    0x8C: "configured, bypass",
}
"""Bit 3: offline."""


RESET_CAUSES = {0: "cleared", 1: "power-up", 2: "external", 0x0C: "watchdog", 0x14: "software"}


ERRORS = {
    0: "none",
    **dict.fromkeys(range(1, 129), "application error"),
    129: "bad event",
    130: "NV length mismatch",
    131: "NV message too short",
    132: "EEPROM write failure",
    133: "bad address type",
    134: "preemption mode timeout",
    135: "already preempted",
    136: "synchronous NV update lost",
    137: "invalid response allocation",
    138: "invalid domain",
    139: "read past end of message",
    140: "write past end of message",
    141: "invalid address table index",
    142: "incomplete message",
    143: "NV update on output NV",
    144: "no message available",
    145: "illegal send",
    146: "unknown PDU",
    147: "invalid NV index",
    148: "divide by zero",
    149: "invalid application error",
    150: "memory allocation failure",
    151: "write past end of network buffer",
    152: "application checksum error",
    153: "configuration checksum error",
    154: "invalid transceiver register address",
    155: "transceiver register timeout",
    156: "write past end of application buffer",
    157: "I/O ready",
    158: "self test failed",
    159: "subnet partition",
    160: "authentication mismatch",
    161: "self-installation semaphore set",
    162: "read/write semaphore set",
    163: "application signature bad",
    164: "router firmware version mismatch",
    166: "invalid buffer size",
    167: "invalid firmware image",
    168: "invalid group size",
    169: "invalid NV length",
    170: "invalid packet length",
    171: "invalid selector",
    172: "invalid self-documentation",
    173: "invalid timer",
    174: "no selectors available",
    175: "no space in configuration table",
    176: "reset failed",
    177: "unexpected timer expiration",
    178: "receive record not available",
}


MODELS = {
    0: "3150",
    1: "PL 3150",
    2: "3150L",
    8: "3120",
    9: "3120E1",
    10: "3120E2",
    11: "3120E3",
    12: "3120A20",
    13: "3120E5",
    14: "3120E4",
    15: "PL 3120-E4",
    16: "3120L8",
    17: "PL 3170",
    32: "FT 5000",
    33: "Neuron 5000",
    36: "FT 6050",
    37: "Neuron 6050",
    38: "FT 6010",
    39: "Neuron 6010",
    0x70: "LON Stack DX",
    0x72: "LON Stack EX",
    0x80: "generic",
    0xA8: "LON Stack DX, default build",
}
"""Architectures, by the number in the read-only structure."""


MEMORY_MODES = {
    0: "absolute",
    1: "read-only structure",
    2: "configuration structure",
    3: "statistics",
    4: "reserved (4)",
    253: "RF event log (vendor)",
    254: "debug (vendor)",
    255: "manufacturing (vendor)",
}


NETMGMT = DX_EX.at("lcs_netmgmt.c HandleNM; LtNetworkManager.cpp")


MEMORY = DX_EX.at("lon_types.h IzotMemoryReadWriteMode; LtNetworkManagerLit.h")
