# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of real meters against what their publishers read in them."""

from __future__ import annotations

from typing import Any

import pytest

from dissectors.layers import layer_class
from dissectors.osgp.names import PROCEDURES
from dissectors.osgp.tables import TABLES
from dissectors.osgp.tables.measurements import SOURCES
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.tree import values
from osgp_analyzer.engines.text import members
from tests.conftest import load
from tests.guides.layout import layout

REAL: dict[str, dict[str, Any]] = {entry["id"]: entry for entry in load("real_payloads.json")}

# Dimensions of the meters whose BT23 was published: 220 bytes, 11 summations in total and for 4 tiers, no demand.
REGISTERS = {
    "bt21.demand_reset_counter": 0,
    "bt21.date_time": 1,
    "bt21.cumulative_demand": 0,
    "bt21.continuous_cumulative": 0,
    "bt21.summations": 11,
    "bt21.demands": 0,
    "bt21.coincident_values": 0,
    "bt21.occurrences": 1,
    "bt21.tiers": 4,
    "bt21.time_remaining": 0,
    "bt21.present_demands": 0,
    "bt21.present_values": 26,
}


def table(name: str, data: str | bytes, **tables: Any) -> Any:
    data = bytes.fromhex(data) if isinstance(data, str) else data
    return layer_class(name)(data, knowledge=Knowledge(tables=tables))


def codes(packet: Any) -> list[str]:
    return [finding.code for finding in packet.frame_findings()]


def test_tables_are_found_by_number() -> None:
    assert {n for n in TABLES if n < 2048} >= {0, 1, 3, 7, 8, 20, 21, 22, 23, 27, 28, 60, 61, 64, 65, 66, 67}
    assert {n - 2048 for n in TABLES if n >= 2048} >= {3, 4, 11, 52, 53, 59, 85}
    for number, layer in TABLES.items():
        assert layer.__name__ == f"{'ET' if number >= 2048 else 'BT'}{number % 2048:02}"
        assert layer.definition.name == layer.__name__.lower()
        assert layer.definition.order == "little"


def test_general_configuration_of_a_real_meter() -> None:
    entry = REAL["opt-ohb-bt00"]
    packet = table("BT00", entry["hex"])
    read = entry["derived_here_not_published"]
    assert codes(packet) == []
    assert packet.data_order == 0
    assert (packet.char_format, packet.time_format, packet.data_access_method) == (1, 2, 1)
    assert (packet.id_format, packet.int_format) == (1, 0)
    assert (packet.non_int_format_1, packet.non_int_format_2) == (8, 8)
    assert (packet.manufacturer, packet.nameplate_type, packet.default_set_used) == ("ELON", 2, 0)
    assert (packet.procedure_parameter_length, packet.response_data_length) == (255, 12)
    assert (packet.standard_version, packet.standard_revision) == (1, 0)
    assert (packet.manufacturer_status_length, packet.number_pending_tables) == (9, 4)
    assert read["dims"] == [
        packet.dim_basic_tables_used,
        packet.dim_extended_tables_used,
        packet.dim_basic_procedures_used,
        packet.dim_extended_procedures_used,
    ]
    for key, field in (
        ("BT_used", packet.basic_tables_used),
        ("ET_used", packet.extended_tables_used),
        ("BP_used", packet.basic_procedures_used),
        ("EP_used", packet.extended_procedures_used),
        ("BT_write", packet.basic_tables_write),
        ("ET_write", packet.extended_tables_write),
    ):
        assert members(field) == read[key]
    assert bytes(packet) == bytes.fromhex(entry["hex"])


@pytest.mark.parametrize("name", ["c1219-epri-st0-EE", "c1219-epri-st0-EPRI"])
def test_general_configuration_of_c1219(name: str) -> None:
    """The published ST0 of C12.19: the same header, other registers and other sizes of sets."""
    entry = REAL[name]
    packet = table("BT00", entry["hex"])
    expected = entry["expected"]
    assert packet.manufacturer == expected["DEVICE_CLASS"]
    assert packet.dim_basic_procedures_used == expected["DIM_STD_PROC_USED"]
    assert packet.number_pending_tables == expected["NBR_PENDING"]
    assert (packet.non_int_format_1, packet.non_int_format_2) == (expected["NI_FORMAT1"], expected["NI_FORMAT2"])
    assert members(packet.basic_procedures_used) == expected["STD_PROC_USED"]
    assert len(packet.original) == expected["total_size"]
    assert codes(packet) == ["bt00.format"]


@pytest.mark.parametrize("name", ["mep-dab2-bt23-idx8", "mep-dab10-bt23"])
def test_registers_of_a_real_meter(name: str) -> None:
    entry = REAL[name]
    read = entry["derived_here_not_published"]
    packet = table("BT23", read["table_data_hex"], **REGISTERS)
    assert codes(packet) == []
    assert packet.total.forward_active_energy == entry["expected"]["Fwd Active Wh L1L2L3"]
    assert packet.total.reverse_active_energy == entry["expected"]["Rev Active Wh L1L2L3"]
    blocks = [packet.total, *packet.tiers]
    assert len(blocks) == 5
    numbers = [block.fields[f.name] for block in blocks for f in block.definition.fields if _is_number(block, f.name)]
    assert numbers == read["int32_le"]


def _is_number(block: Any, name: str) -> bool:
    return isinstance(block.fields.get(name), int)


def test_energy_has_its_unit() -> None:
    packet = table("BT23", REAL["mep-dab10-bt23"]["derived_here_not_published"]["table_data_hex"], **REGISTERS)
    assert "63961870 Wh forward" in packet.total.mysummary()
    field = next(f for f in packet.total.definition.fields if f.name == "forward_active_energy")
    assert field.source.certainty.value == "inferred"  # BT22 has the last word on what it is


def test_registers_without_their_dimensions_stay_bytes() -> None:
    data = bytes.fromhex(REAL["mep-dab10-bt23"]["derived_here_not_published"]["table_data_hex"])
    packet = table("BT23", data)
    assert bytes(packet.payload) == data
    findings = packet.frame_findings()
    assert "bt21" in findings[0].text
    assert findings[0].code.endswith("unknown_size")


def test_the_guides_example_of_registers() -> None:
    """MEP p.16: the first 44 bytes, read as a table of 11 summations and no tiers."""
    entry = REAL["mepg-bt23-req2"]
    packet = table("BT23", entry["expected"]["table_data"], **(REGISTERS | {"bt21.tiers": 0}))
    numbers = [v for v in packet.total.fields.values() if isinstance(v, int)]
    assert numbers == entry["derived_here_not_published"]["int32_le"]
    assert codes(packet) == []


def responses() -> dict[str, bytes]:
    """The tables inside the transaction response of MEP p.48-50."""
    expected = REAL["mepg-et53-full"]["expected"]["responses"]
    return {r["table"]: bytes.fromhex(r["data"]) for r in expected}


def test_mbus_status_of_a_real_meter() -> None:
    """The first bytes of ET14 and ET15: a device on the M-Bus and a MEP client, and billing reads of both."""
    sizes = {"et11.devices": 5, "et11.on_demand_queue_size": 5, "et11.on_demand_entry_size": 6}
    status = table("ET14", responses()["ET14 0..11"], **sizes)
    assert (status.mode, status.device_occupancy) == (0, 0b10001)
    first = status.devices[0]
    assert (first.device_handle, first.device_status, first.baud_rate, first.billing_read_length) == (1, 1, 4, 47)
    queue = table("ET15", responses()["ET15 0..30"], **sizes)
    assert (queue.write_pointer, queue.read_pointer) == (0, 0)
    assert [request.transaction for request in queue.requests] == [0x42, 0x45, 0x48, 3, 0x4B]
    assert [request.device_handle for request in queue.requests] == [1, 1, 1, 1016, 1]
    assert {(request.request_type, request.result) for request in queue.requests} == {(2, 1)}


def test_dimensions_of_a_real_meter() -> None:
    read = REAL["mepg-et53-full"]["derived_here_not_published"]
    for name in ("BT20", "BT21"):
        packet = table(name, responses()[name])
        names = ("self_reads", "summations", "demands", "occurrences", "tiers", "present_demands", "present_values")
        assert {n: getattr(packet, n) for n in names} == {n: read[name][n] for n in names}
        assert packet.coincident_values == read[name]["coincident"]
        # 3F 0E: the six flags that the optical guide (p.20-21) has as true for this firmware, and self-reads.
        assert (packet.season_info, packet.date_time, packet.continuous_cumulative, packet.time_remaining) == (
            1,
            1,
            1,
            0,
        )
        assert (packet.self_read_inhibit_overflow, packet.daily_self_read, packet.weekly_self_read) == (0, 1, 1)
    most = {f"bt20.{n}": read["BT20"][n] for n in ("summations", "demands", "tiers", "present_values")}
    assert codes(table("BT21", responses()["BT21"], **most)) == []
    assert codes(table("BT21", responses()["BT21"], **(most | {"bt20.tiers": 3}))) == ["bt21.more_than_possible"]
    assert codes(table("BT21", "3F0E0C0F08050104081A")) == ["bt21.coincident_values"]


def test_sizes_of_mep_tables_are_little_endian() -> None:
    """ET11 0 to 9 of MEP p.49: the last size is cut after its first byte."""
    packet = table("ET11", responses()["ET11 0..9"])
    read = REAL["mepg-et53-full"]["derived_here_not_published"]["ET11"]
    assert (packet.devices, packet.config_entry_size, packet.status_entry_size) == (
        read["devices"],
        read["config_entry"],
        read["status_entry"],
    )
    assert (packet.on_demand_queue_size, packet.on_demand_entry_size) == (read["od_queue"], read["od_entry"])
    assert packet.data_entry_size == read["data_entry_LE"]
    assert packet.transaction_request_length == read["tx_req_len_LE"]
    assert codes(packet) == ["et11.truncated"]


def written(name: str) -> bytes:
    """The table data in a write request of the MEP guide: length, service, table, offset, count, data, sequence."""
    request = bytes.fromhex(REAL[name]["request_hex"])
    start = 10 if request[2] == 0x4F else 7
    return request[start : start + int.from_bytes(request[start - 2 : start], "big")]


def test_transaction_request() -> None:
    expected = REAL["mepg-et52-tx"]["expected"]
    packet = table("ET52", written("mepg-et52-tx"))
    assert codes(packet) == []
    assert (packet.size, packet.type, packet.number) == (expected["transaction_size"], 0, expected["number"])
    assert packet.end_number == packet.number
    commands = [record.message for record in packet.commands.records]
    texts = [f"{'ET' if c.table >= 2048 else 'BT'}{c.table % 2048:02} {c.offset}+{c.count}" for c in commands]
    assert texts == expected["commands"]
    assert {c.service for c in commands} == {0x3F}


def test_transaction_response() -> None:
    entry = REAL["mepg-et53-full"]
    answer = bytes.fromhex(entry["hex"])
    packet = table("ET53", answer[5 : 5 + int.from_bytes(answer[3:5], "big")])
    assert codes(packet) == []
    assert (packet.size, packet.type) == (entry["expected"]["transaction_size"], 1)
    found = [record.message for record in packet.commands.records]
    assert [r.data for r in found] == list(responses().values())
    assert {r.response for r in found} == {0}


def test_a_transaction_that_is_not_whole_yet() -> None:
    data = bytearray(written("mepg-et52-tx"))
    data[-2:] = b"\x07\x00"
    assert codes(table("ET52", bytes(data))) == ["et52.number"]
    assert codes(table("ET53", "6f00010100")) != []


def test_group_broadcast() -> None:
    """MEP p.131: two group IDs come before the commands, which keep their places behind them."""
    packet = table("ET52", "160003070002ff010 20108003f00170000 0000 2c0700".replace(" ", ""))
    assert codes(packet) == []
    assert packet.group_ids == [0x01FF, 0x0102]
    assert packet.commands.records[0].message.table == 23


def test_procedure_of_the_guide() -> None:
    """MEP p.53: EP17 takes the device with handle 0x03F8 off the meter."""
    packet = table("BT07", written("mepg-bt07-ep17"))
    assert codes(packet) == []
    assert PROCEDURES[packet.procedure] == "EP17 Remove MEP Device"
    assert (packet.response_handling, packet.sequence_number) == (0, 7)
    assert (packet.parameters.action, packet.parameters.handle) == (0, 0x03F8)
    assert "remove" in packet.parameters.mysummary()


def test_procedures_with_parameters() -> None:
    """MEP p.244-247: a multicast of EP19 with its data, the lock of EP61, and one that no source describes."""
    posted = table("BT07", "130805" + "0104" + "ffff" + "06" + "03" + "53fe01")
    assert posted.parameters.write_data.hex() == "53fe01"
    assert posted.parameters.transaction_number == 0x0401
    assert codes(posted) == []
    assert table("BT07", "3d080501").parameters.lock == 1
    assert table("BT07", "02080501ff").parameters.data.hex() == "01ff"
    result = table("ET59", "13080500" + "02")
    assert (result.result_code, result.result.entry_index) == (0, 2)
    assert table("BT08", "11080701").result_code == 1


def test_status_of_the_published_digest_vector() -> None:
    """The BT03 of the one published digest vector: 13 bytes, as many as 4 and the 9 of BT00."""
    packet = table("BT03", "0020980031c300080000000000")
    assert codes(packet) == []
    assert packet.alarms == 0x9820
    assert members(packet.alarms.to_bytes(2, "little")) == [5, 11, 12, 15]
    assert packet.more_alarms == bytes(3)
    old = table("BT03", "00209800" + "31c30008")  # OPT p.49: 4 bytes of BT00.17
    assert codes(old) == []
    assert "later_alarms" not in old.fields


def test_utility_serial_number() -> None:
    packet = table("ET03", b"5706900000000001".ljust(30, b"\0") + bytes(107) + b"\x34\x12" + bytes(4))
    assert (packet.serial_number, packet.image_crc) == ("5706900000000001", 0x1234)
    assert codes(packet) == []


@pytest.mark.parametrize("size", [118, 123, 129, 140])
def test_system_information_ends_with_the_firmware(size: int) -> None:
    packet = table("ET04", bytes(size))
    assert codes(packet) == []
    assert packet.wire_length == size


def test_load_profile_has_the_size_of_its_dimensions() -> None:
    """MEP p.239-240: status nibbles, high one first, then a value for each channel."""
    known = {"bt61.set1_channels": 3, "bt61.set1_intervals": 2, "bt61.set1_blocks": 1, "bt61.end_readings": 0}
    interval = "10f2" + "01000000" + "02000000" + "ffffffff"
    packet = table("BT64", "1a0b190a00" + "03" + interval + interval, **known)
    assert codes(packet) == []
    block = packet.blocks[0]
    assert members(block.simple_status) == [0, 1]
    assert block.intervals[1].values == [1, 2, -1]
    assert block.intervals[0].status == [0, 15, 2]
    assert (block.intervals[0].daylight_saving, block.intervals[0].power_failed) == (1, 0)
    even = table("BT64", "1a0b190a00" + "01" + "0120" + "01000000" + "02000000", **(known | EVEN))
    assert (codes(even), even.blocks[0].intervals[0].status) == ([], [1, 2])


EVEN = {"bt61.set1_channels": 2, "bt61.set1_intervals": 1}


def test_present_values() -> None:
    places = {p.name: p for p in layout(TABLES[28].definition, REGISTERS | {"bt21.present_demands": 2})}
    assert places["bt28.forward_active_power"].offset == 2 * 4  # MEP p.216: (A + 4) * BT21.8, A = 0
    packet = table("BT28", b"".join(n.to_bytes(4, "little") for n in range(26)), **REGISTERS)
    assert codes(packet) == []
    found = values(packet)
    assert (found["bt28.rms_voltage_l1"], found["bt28.reactive_power_q4"]) == (7, 25)
    assert "bt28.forward_active_power_l1" not in found


def test_sources_are_those_of_the_guide() -> None:
    """MEP p.204-206, at the places where its four columns begin anew."""
    assert len(SOURCES) == 245
    assert SOURCES[0] == "forward active energy"
    assert SOURCES[26] == "pulse input channel 0"
    assert SOURCES[40] == "tier 1 forward active energy"
    assert SOURCES[61] == "tier 2 error counter"
    assert SOURCES[72] == "tier 3 error counter"
    assert SOURCES[111] == "reactive energy Q4"
    assert SOURCES[163].startswith("mapped")
    assert SOURCES[196] == "reverse active power L3 after CT/VT ratio"
    assert SOURCES[231] == "apparent power Q4 L3"
    assert SOURCES[244] == "export reactive power C"


@pytest.mark.parametrize("number", sorted(TABLES))
def test_any_bytes_are_dissected(number: int) -> None:
    """Noise of any length: values and findings, no exception, and the same bytes when built again."""
    layer = layer_class(TABLES[number].__name__)
    for size in (1, 2, 3, 7, 19, 40, 141):
        data = bytes((37 * i + size) % 256 for i in range(size))
        packet = layer(data, knowledge=Knowledge(tables=REGISTERS | EVEN | {"bt61.set1_blocks": 2}))
        packet.frame_findings()
        values(packet)
        assert bytes(packet) == data


def test_packed_dates() -> None:
    """MEP p.41-42: bits from the low end; the lowest four tell what kind of recurring date it is."""
    date = layer_class("ANSIDate")(bytes.fromhex("8cc9"))
    assert (date.year, date.month, date.day) == (12, 3, 25)
    assert codes(layer_class("ANSIDate")(bytes.fromhex("0cc8"))) == ["ansi_date.impossible"]
    yearly = layer_class("RecurringDate")(bytes.fromhex("8cc9"))
    assert (yearly.month, yearly.shift, yearly.weekday, yearly.day) == (12, 8, 1, 25)
    weekly = layer_class("WeeklyDate")(bytes.fromhex("0e02"))
    assert (weekly.month, weekly.weekday) == (14, 2)
    periodic = layer_class("PeriodicDate")(bytes.fromhex("5f0c"))
    assert (periodic.period, periodic.delta) == (5, 3)


def test_pending_event() -> None:
    """Optical guide p.10 and 12: the description of a pending event, absolute, after a time, and opaque."""
    for data, field in (("101a0b190a1e", "event_time"), ("01000100001e", "delay"), ("02ffffffffff", "storage")):
        event = table("BT07", "0f0005" + data).parameters.pending_event
        assert {"event_time", "delay", "storage"} & set(event.fields) == {field}
    assert table("BT07", "0f0005" + "01000100001e").parameters.pending_event.delay.seconds == 30
    assert table("BT07", "0f0005" + "101a0b190a1e").parameters.pending_event.self_read == 1
