# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes of the tables that the manufacturer added: ET11."""

from dissectors.sources import MEP, OPT
from osgp_analyzer.schema import U8, U16, Layer, Remaining

GUIDES = MEP.at("p.77-80; optical guide p.40-42").one
OPTICAL = OPT.at("p.40-42").one
later = Remaining() > 0
"""Fields that older firmware does not have: they are there where the table goes on."""


class ET11(
    Layer,
    name="et11",
    title="MFG Dimension",
    source=MEP.at("p.77-80; optical guide p.40-42; CTC CT_et11.h"),
    order="little",
):
    """Numbers of devices and sizes of entries of other tables; they change with the firmware only."""

    devices = U8(label="Number of devices", doc="MEP and M-Bus devices at most.")
    config_entry_size = U8(unit="bytes", label="Configuration entry size", doc="Of an entry of ET13.")
    status_entry_size = U8(unit="bytes", doc="Of an entry of ET14.")
    on_demand_queue_size = U8(label="On-demand request queue size", doc="Entries of the queue at most.")
    on_demand_entry_size = U8(unit="bytes", label="On-demand request entry size", doc="Of an entry of ET15.")
    data_entry_size = U16(unit="bytes", doc="Of an entry of ET16.")
    transaction_request_length = U16(unit="bytes", doc="Length of ET52.")
    transaction_response_length = U16(unit="bytes", doc="Length of ET53.")
    on_demand_write_entry_size = U8(unit="bytes", doc="Longest on-demand write, with its length byte.")
    phase_measurement_data_size = U8(unit="bytes", doc="Of the measurements of a phase.")
    config_entry_2_size = U8(unit="bytes", label="Configuration entry 2 size", doc="Of an entry of ET34.")
    meter_one_time_queue_size = U8(label="Meter one-time read queue size", source=OPTICAL, doc="Entries at most.")
    mbus_one_time_queue_size = U8(label="M-Bus one-time read queue size", source=OPTICAL, doc="Entries at most.")
    meter_one_time_entry_size = U8(
        unit="bytes", label="Meter one-time read request entry size", source=OPTICAL, doc="Of an entry of ET19."
    )
    mbus_one_time_entry_size = U8(
        unit="bytes", label="M-Bus one-time read request entry size", source=OPTICAL, doc="Of an entry of ET20."
    )
    group_ids = U8(label="Number of group IDs", doc="That the meter can have.")
    harmonics = U8(label="Number of harmonics", doc="That are measured.")
    mbus_multicast_length = U8(unit="bytes", label="M-Bus multicast message length", doc="At most.")
    et22_alarm_size = U8(unit="bytes", label="ET22 alarm size", doc="Of the first array of ET22.")
    mep_data_sources = U8(label="MEP data sources", doc="In ET50.")
    et48_entry_count = U8(label="ET48 entry count", doc="At most.")
    max_critical_bitmaps = U8(when=later, label="Maximum critical event bitmaps", doc="Since firmware 3.30.")
    et57_entry_count = U8(when=later, label="ET57 entry count", doc="M-Bus data types at most.")
    relay_switches = U8(when=later, label="Time-based relay switches", doc="In ET61, for each control relay.")
    mep_delta_data_sources = U8(
        when=later, source=GUIDES, label="MEP delta data alert sources", doc="In ET71; since firmware 3.40."
    )
    ram_only_request_length = U16(
        unit="bytes", when=later, source=GUIDES, label="RAM-only transaction request length", doc="Since firmware 3.50."
    )
    ram_only_response_length = U16(
        unit="bytes", when=later, source=GUIDES, label="RAM-only transaction response length", doc="As above."
    )
    firmware_module_entries = U8(
        when=later, source=OPTICAL, label="Firmware module entry count", doc="Since firmware 4.0."
    )
    firmware_module_entry_length = U8(unit="bytes", when=later, source=OPTICAL, doc="As above.")
    mep_channels = U8(when=later, source=GUIDES, label="MEP channel count", doc="MEP devices at most.")
    reserved = U8(when=later, source=GUIDES, doc="Reserved.")
    et17_bitmap_size = U16(
        unit="bytes", when=later, source=OPTICAL, label="ET17 verification bitmap size", doc="Since firmware 4.0."
    )
    error_screens = U8(
        when=later, source=GUIDES, label="Error and caution screen count", doc="On the display; firmware 4.20 or 4.30."
    )

    info = "{devices} devices"
