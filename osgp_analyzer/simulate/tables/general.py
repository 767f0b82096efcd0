# SPDX-License-Identifier: GPL-2.0-or-later
"""BT00, BT01, BT03, BT52 and ET03, ET04, ET11: what the meter is (MEP guide p.56-80, p.196-199, p.224; optical guide
p.18-19, p.40-42, p.45-48)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osgp_analyzer.simulate.layout import Layout, calendar

if TYPE_CHECKING:
    from osgp_analyzer.simulate.meter import Meter

BASIC = (*range(9), 10, 12, 13, 15, 16, *range(20, 29), 30, 33, 40, 42, 43, 44, 50, 52, 53, 54, 55, *range(60, 68),
         *range(70, 75))  # fmt: skip
EXTENDED = (*range(24), *range(27, 63), *range(66, 76), *range(77, 82), 90, 97)
BASIC_PROCEDURES = (4, 5, 6, 10, 12, 13, 14, 15)
EXTENDED_PROCEDURES = (*range(38), 39, *range(41, 50), *range(51, 55), *range(56, 61))
WRITABLE = (1, 2, 5, 6, 7, 15, 23, 24, 33, 42, 53, 54, 73)
"""Numbers in the sets of a published BT00 of a real meter (tables.md)."""

FIRMWARE = 3, 90, 4
METERING = 1
POWER_FAILURE, COVER_REMOVED = 11, 12
EVENTS_UNREAD, PROFILE_UNREAD = 28, 30
"""Bits of BT03; those of the manufacturer count from its byte 4."""


def bt00(meter: Meter, time: int) -> Layout:
    """General Configuration; behind the header the sets of tables and procedures, as a real meter has them."""
    table = Layout("bt00")
    table.bits(1, ("data_order", 0, 1, 0), ("char_format", 1, 3, 1))
    table.bits(1, ("time_format", 0, 3, 2), ("data_access_method", 3, 2, 1), ("id_format", 5, 1, 1),
               ("int_format", 6, 2, 0))  # fmt: skip
    table.bits(1, ("non_int_format_1", 0, 4, 8), ("non_int_format_2", 4, 4, 8))
    table.text("manufacturer", "NES ", 4)
    for name, value in (
        ("nameplate_type", 2),
        ("default_set_used", 0),
        ("procedure_parameter_length", 255),
        ("response_data_length", 12),
        ("standard_version", 1),
        ("standard_revision", 0),
        ("dim_basic_tables_used", 10),
        ("dim_extended_tables_used", 13),
        ("dim_basic_procedures_used", 2),
        ("dim_extended_procedures_used", 12),
        ("manufacturer_status_length", 9),
        ("number_pending_tables", 2),
    ):
        table.uint(name, value)
    for name, members, size in (
        ("basic_tables_used", BASIC, 10),
        ("extended_tables_used", EXTENDED, 13),
        ("basic_procedures_used", BASIC_PROCEDURES, 2),
        ("extended_procedures_used", EXTENDED_PROCEDURES, 12),
        ("basic_tables_write", WRITABLE, 10),
        ("extended_tables_write", (3, 4, 50, 51, 52), 13),
    ):
        table.raw(name, sum(1 << n for n in members).to_bytes(size, "little"))
    return table


def bt01(meter: Meter, time: int) -> Layout:
    """General Manufacturer Identification."""
    table = Layout("bt01")
    table.text("manufacturer", "NES", 4, b" ")
    table.text("model", "83331-3I", 8, b" ")
    table.uint("hardware_version", 0x32)
    table.uint("hardware_revision", 0x03)
    # Its two bytes are big-endian: 4 bits, 7 bits and 5 bits.
    major, minor, build = FIRMWARE
    table.packed(2, ("firmware_major", 4, major), ("firmware_minor", 7, minor), ("firmware_build", 5, build))
    table.raw("serial_number", bytes.fromhex(f"{meter.serial:016d}"))
    return table


def bt03(meter: Meter, time: int) -> Layout:
    """End Device Mode Status: the alarms."""
    table = Layout("bt03")
    table.uint("mode", METERING)
    table.uint("alarms", sum(1 << bit for bit in meter.alarms), 2)
    table.uint("extended_alarms", 0)
    table.uint("manufacturer_alarms", sum(1 << bit for bit in meter.manufacturer_alarms()), 4)
    table.uint("later_alarms", 0, 2)
    table.fill(3)
    return table


def bt52(meter: Meter, time: int) -> Layout:
    """UTC Clock."""
    table = Layout("bt52")
    now = meter.clock(time)
    table.ltime("clock_calendar", now)
    # The day of the week counts from Sunday, as in an RDATE (MEP guide p.41).
    table.bits(1, ("day_of_week", 0, 3, calendar(now).isoweekday() % 7), ("dst", 3, 1, 0), ("gmt", 4, 1, 1),
               ("time_zone_applied", 5, 1, 0), ("dst_applied", 6, 1, 0))  # fmt: skip
    return table


def et03(meter: Meter, time: int) -> Layout:
    """Utility Information."""
    table = Layout("et03")
    table.text("serial_number", f"{meter.serial:010d}", 30)
    table.fill(107)
    table.uint("image_crc", 0x5C00 | meter.number & 0xFF, 2)
    table.fill(4)
    return table


def et04(meter: Meter, time: int) -> Layout:
    """System Information; what the guide calls reserved or unused is zero."""
    table = Layout("et04")
    table.uint("sequence_number", meter.sequence, 4)
    table.raw("neuron_id", meter.neuron_id)
    table.uint("subnet", meter.subnet)
    table.uint("node", meter.node)
    table.bits(1, ("message_received", 0, 1, 1), ("force_configuration", 1, 1, 0),
               ("request_neuron_state", 2, 1, 0), ("disable_encryption", 3, 1, 0),
               ("disable_eeprom_lock", 4, 1, 0), ("neuron_phase", 5, 3, 1))  # fmt: skip
    table.uint("rated_frequency", 50)
    table.raw("program_id", meter.program_id)
    table.raw("self_identification", b"simulated".ljust(30, b"\0"))
    table.uints(
        ("pk_access", 0, 1), ("max_power_outages", 10, 1), ("unused_54", 4, 1), ("max_te_registers", 4, 1),
        ("registration_current", 16, 2), ("max_current", 100, 2), ("rated_voltage", 230, 2),
        ("inactive_voltage_phase_l1", 0, 1),
    )  # fmt: skip
    table.number("dst_off_time_delta", -60, 2)
    table.uints(
        ("self_read_hour", 0, 1), ("self_read_minute", 0, 1), ("stop_mode", 30, 1), ("", 0, 3),
        ("rk_access", 0, 1), ("neuron_state", 4, 1), ("phase_rotation", 0, 1),
        ("plc_inactive_threshold", 1440, 2),
    )  # fmt: skip
    table.ltime("broadcast_receipt", 0)
    table.uints(
        ("broadcast_base", 0, 4), ("broadcast_delta", 0, 2), ("reverse_energy_current", 1000, 2),
        ("plc_signal_quality", 4, 1), ("auto_discovery_ta", 0, 2), ("auto_discovery_to", 0, 2),
        ("auto_discovery_disable", 0, 1), ("amplifier_gain", 0, 2), ("events_outage_threshold", 0, 2),
        ("nvm_size", 256, 2), ("safe_image_locked", 0, 1), ("mep_sequence_number", meter.sequence, 4),
        ("unused_107", 0, 2), ("premise_power_generation", int(meter.load.sun > 0), 1),
        ("power_outage_threshold", 72, 1), ("phase_loss_threshold", 61, 1), ("meter_form", 0, 1),
        ("clock_error_tier", 0, 1), ("", 0, 2), ("idt_version", 3, 1), ("tilt_timer", 30, 1),
        ("min_registration_current", 16, 2), ("registration_current_fraction", 0, 1), ("phase_loss_constant", 0, 1),
        ("power_up_wait", 0, 1), ("max_key_usage", 1_000_000, 4), ("security_mode", 0, 1), ("fcm_count", 0, 1),
        ("mep_sequence_numbers", meter.sequence, 4), ("mep_sequence_numbers", 0, 4),
        ("reverse_energy_time_ms", 0, 1), ("reverse_energy_time_s", 10, 2),
    )  # fmt: skip
    return table


def et11(meter: Meter, time: int) -> Layout:
    """MFG Dimension."""
    table = Layout("et11")
    table.uints(
        ("devices", 5, 1), ("config_entry_size", 66, 1), ("status_entry_size", 36, 1),
        ("on_demand_queue_size", 5, 1), ("on_demand_entry_size", 6, 1), ("data_entry_size", 517, 2),
        ("transaction_request_length", 896, 2), ("transaction_response_length", 1785, 2),
        ("on_demand_write_entry_size", 25, 1), ("phase_measurement_data_size", 16, 1), ("config_entry_2_size", 22, 1),
        ("meter_one_time_queue_size", 3, 1), ("mbus_one_time_queue_size", 4, 1), ("meter_one_time_entry_size", 17, 1),
        ("mbus_one_time_entry_size", 17, 1), ("group_ids", 10, 1), ("harmonics", 10, 1),
        ("mbus_multicast_length", 65, 1), ("et22_alarm_size", 120, 1), ("mep_data_sources", 6, 1),
        ("et48_entry_count", 10, 1), ("max_critical_bitmaps", 10, 1), ("et57_entry_count", 16, 1),
        ("relay_switches", 80, 1), ("mep_delta_data_sources", 10, 1), ("ram_only_request_length", 261, 2),
        ("ram_only_response_length", 769, 2), ("firmware_module_entries", 6, 1), ("firmware_module_entry_length", 7, 1),
        ("mep_channels", 1, 1), ("reserved", 10, 1), ("et17_bitmap_size", 1250, 2),
        ("error_screens", 3, 1),
    )  # fmt: skip
    return table
