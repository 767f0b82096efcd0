# SPDX-License-Identifier: GPL-2.0-or-later
"""The meter as a part of the network: ET04."""

from fractions import Fraction

from dissectors.sources import MEP
from osgp_analyzer.schema import (
    I16,
    U8,
    U16,
    U32,
    Array,
    Bits,
    Bytes,
    Check,
    F,
    Flags,
    Group,
    Label,
    Layer,
    Remaining,
    Severity,
    Time,
)

GUIDE = MEP.at("p.56-67")
NEURON_PHASES = {
    0: "no phase inversion",
    1: "in phase, normal",
    2: "plus 120°, inverted",
    3: "minus 120°, normal",
    4: "180°, inverted",
    5: "plus 120°, normal",
    6: "minus 120°, inverted",
    7: "not available",
}
NEURON_STATES = {
    0: "invalid",
    1: "invalid",
    2: "application, unconfigured",
    3: "no application, unconfigured",
    4: "configured, online",
    5: "invalid",
    6: "hard offline",
    7: "invalid",
    12: "configured, soft offline",
    140: "configured, bypass mode",
    255: "no reply",
}
SIGNAL_QUALITY = {
    0: "no traffic",
    1: "traffic, but not to this meter",
    2: "margin up to 9 dB",
    3: "margin 12 or 15 dB",
    4: "margin 18 dB or more",
    5: "no activity, before that margin up to 9 dB",
    6: "no activity, before that margin 12 or 15 dB",
    7: "no activity, before that margin 18 dB or more",
}
later = Remaining() > 0
"""Fields that older firmware does not have: they are there where the table goes on."""


class ET04(
    Layer,
    name="et04",
    title="System Information",
    source=MEP.at("p.56-67; CTC CT_et04.h"),
    order="little",
    bit_order="lsb",
):
    """Addresses, state and settings of the meter that the rest of the network needs."""

    sequence_number = U32(show="hex", doc="Sequence number of messages on the power line.")
    neuron_id = Bytes(6, show="neuron_id", label="Neuron ID", doc="Unique ID of the transceiver.")
    subnet = U8(doc="Not 0 once a concentrator has commissioned the meter.")
    node = U8(doc="As above.")
    message_received = Bits(1, label="Explicit message received", doc="Set with each read or write on the power line.")
    force_configuration = Bits(1, label="Force Neuron configuration", doc="Configures the Neuron; back to 0 when done.")
    request_neuron_state = Bits(1, label="Request Neuron state", doc="Asks for the state of the Neuron.")
    disable_encryption = Bits(1, label="Disable PLC encryption", doc="Messages on the power line are not encrypted.")
    disable_eeprom_lock = Bits(1, label="Disable Neuron EEPROM lock", doc="The EEPROM of the Neuron is not locked.")
    neuron_phase = Bits(3, NEURON_PHASES, label="Neuron phase", doc="Phase that the Neuron has reported.")
    rated_frequency = U8(unit="Hz", doc="Set when the meter is made.")
    program_id = Bytes(8, label="Program ID", doc="Version of the firmware; with it the dimensions may change.")
    self_identification = Bytes(30, doc="LonTalk self-identification string.")
    pk_access = U8({0: "enabled", 1: "disabled"}, label="PK access", doc="Access with the provisioning key.")
    max_power_outages = U8(label="Power outages recorded", doc="Outages that ET09 and ET10 keep.")
    unused_54 = U8(doc="Unused.")
    max_te_registers = U8(label="Total energy registers", doc="Registers recorded for the daily consumption, ET12.")
    registration_current = U16(unit="mA", doc="Current from which energy is registered.")
    max_current = U16(unit="A", label="Maximum current", doc="Above it is over-current.")
    rated_voltage = U16(unit="V", doc="Set when the meter is made.")
    inactive_voltage_phase_l1 = Bits(1, label="Voltage phase L1 not present", doc="No phase loss is reported of it.")
    inactive_voltage_phase_l2 = Bits(1, label="Voltage phase L2 not present", doc="As above.")
    inactive_voltage_phase_l3 = Bits(1, label="Voltage phase L3 not present", doc="As above.")
    separate_inactive_phases = Bits(
        1, label="Separate voltage and current phases", source=GUIDE.one, doc="The next three count for current."
    )
    inactive_current_phase_l1 = Bits(1, label="Current phase L1 not present", source=GUIDE.one, doc="As for voltage.")
    inactive_current_phase_l2 = Bits(1, label="Current phase L2 not present", source=GUIDE.one, doc="As for voltage.")
    inactive_current_phase_l3 = Bits(1, label="Current phase L3 not present", source=GUIDE.one, doc="As for voltage.")
    reserved_62 = Bits(1, doc="Reserved.")
    dst_off_time_delta = I16(unit="min", label="DST off time delta", doc="From the time when DST begins to its end's.")
    self_read_hour = U8(unit="h", doc="When the daily self-read is made, 0 to 23.")
    self_read_minute = U8(unit="min", doc="As above, 0 to 59.")
    stop_mode = U8(
        labels=(Label(F.stop_mode.among(0, 255), F.stop_mode, {0: "never", 255: "at once"}),),
        label="Stop mode configuration",
        doc="Days without power until the clock stops.",
    )
    manufacturer_status = Bytes(3, doc="Internal.")
    rk_access = Bits(
        1,
        {0: "enabled", 1: "disabled"},
        label="RK access to BP10 and EP16",
        doc="Clock setting with the read-only key.",
    )
    test_point = Bits(1, doc="The meter is a test point.")
    test_point_confirmed = Bits(1, doc="Internal.")
    lp_use_skipped = Bits(
        1,
        label="Load profile marks what it skips",
        doc="Intervals without data get the status skipped and the value 0.",
    )
    reserved_71 = Bits(4, doc="Not documented.")
    neuron_state = U8(NEURON_STATES, label="Neuron state", doc="Last state received from the Neuron.")
    phase_rotation = U8(
        {0: "L1L2L3", 1: "L3L2L1", 2: "unknown"}, label="Phase rotation changed", doc="Found each second."
    )
    plc_inactive_threshold = U16(
        unit="min", label="PLC inactive time threshold", doc="Without a message so long, an alarm is set; 0 for never."
    )
    broadcast_receipt = Time("ltime_date", doc="When the last secure broadcast was accepted, UTC.")
    broadcast_base = U32(doc="Base value of secure broadcast.")
    broadcast_delta = U16(doc="Delta value of secure broadcast.")
    reverse_energy_current = U16(
        unit="mA", label="Reverse energy alarm current threshold", doc="Above it reverse energy is an alarm."
    )
    plc_signal_quality = U8(SIGNAL_QUALITY, label="PLC signal quality", doc="How well the power line is heard.")
    auto_discovery_ta = U16(
        unit="bit times", label="Auto-discovery turn-around", doc="Added to the 330 of auto-discovery of MEP devices."
    )
    auto_discovery_to = U16(unit="ms", label="Auto-discovery time-out", doc="Added to the 50 ms of auto-discovery.")
    auto_discovery_disable = U8(doc="Not 0 disables the auto-discovery of MEP devices.")
    amplifier_gain = I16(
        label="Amplifier gain detection sensitivity", source=GUIDE.one, doc="Sensitivity of the gain detection."
    )
    events_outage_threshold = U16(
        labels=(Label(F.events_outage_threshold == 0xFFFF, F.events_outage_threshold, {0xFFFF: "that of ET09.0"}),),
        unit="s",
        doc="How long power is off before the outage is logged.",
    )
    nvm_size = U16(unit="KiB", label="NVM size", doc="Non-volatile memory, in blocks of 1 K.")
    safe_image_locked = U8({0: "no", 1: "yes"}, doc="The safe image cannot be activated.")
    mep_sequence_number = U32(label="MEP sequence number", show="hex", doc="Unused from firmware 4.0 on.")
    unused_107 = U16(doc="Unused.")
    premise_power_generation = U8({0: "off", 1: "on"}, doc="The premise generates power.")
    power_outage_threshold = U8(unit="%", label="Power outage detection threshold", doc="Of the rated voltage.")
    phase_loss_threshold = U8(unit="%", doc="Of the reference voltage; below it a phase is missing.")
    meter_form = U8({0: "IEC", 0x41: "A-base", 0x53: "S-base"}, source=GUIDE.one, doc="What standard it measures by.")
    clock_error_tier = U8(doc="Tier when the clock is in error.")
    compliance_flags = Bytes(2, label="C12.19 compliance flags", source=GUIDE.one, doc="Unused.")
    idt_version = U8(label="IDT version", doc="Counts changes of the dimensions in ET42.")
    tilt_timer = U8(unit="s", doc="Tilt shorter than this before an outage is not an event; 255 for never.")
    min_registration_current = U16(
        unit="mA", when=later, source=GUIDE.one, label="Minimum registration current", doc="Counts where it is larger."
    )
    registration_current_fraction = U8(
        unit="mA", scale=Fraction(1, 10), when=later, source=GUIDE.one, doc="Added to the registration current."
    )
    phase_loss_constant = Flags(
        1,
        {0: "phase loss alarm as long as it lasts"},
        when=later,
        source=GUIDE.one,
        label="Constant phase loss alarm",
        doc="Since firmware 3.60.",
    )
    power_up_wait = U8(
        when=later, source=GUIDE.one, label="Power up wait time", doc="For modules; the unit is not said."
    )
    max_key_usage = U32(
        when=later, source=GUIDE.one, label="Maximum key usage count", doc="How often a key may be used."
    )
    security_mode = U8(
        {0: "RC4", 1: "reserved", 2: "OSGP-AES-128-PSK"},
        when=later,
        source=GUIDE.one,
        doc="Security on the power line.",
    )
    fcm_count = U8(
        when=later, source=GUIDE.one, label="FCM message count", doc="Challenges and commissions of the day."
    )
    mep_sequence_numbers = Array(
        U32(show="hex"),
        2,
        when=later,
        source=GUIDE.one,
        label="MEP sequence numbers",
        doc="Of the two MEP ports; since firmware 4.0.",
    )
    reverse_energy_time_ms = U8(
        unit="ms",
        when=later,
        source=GUIDE.one,
        label="Reverse energy alarm time, milliseconds",
        doc="Added to the next.",
    )
    reverse_energy_time_s = U16(
        unit="s",
        when=later,
        source=GUIDE.one,
        label="Reverse energy alarm time, seconds",
        doc="How long until the alarm.",
    )

    checks = (
        Check(
            "self_read_time",
            (F.self_read_hour > 23) | (F.self_read_minute > 59),
            Severity.WARN,
            Group.MALFORMED,
            "no time of day is {self_read_hour} {self_read_minute}",
            "self_read_hour",
        ),
    )
    info = "{neuron_id}, subnet {subnet} node {node}, {plc_signal_quality}"
