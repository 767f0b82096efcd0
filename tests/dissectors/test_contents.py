# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables inside messages of real meters: the values that their publishers read in them, through the whole frame."""

from __future__ import annotations

from typing import Any

import pytest

from dissectors.layers import layer_class
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.tree import layers, values
from tests.conftest import load
from tests.engines.test_differential import compare

ITEMS = {item["id"]: item for item in load("real_payloads.json")}
DIMENSIONS = {
    "bt21.demand_reset_counter": 0,
    "bt21.summations": 11,
    "bt21.demands": 0,
    "bt21.coincident_values": 0,
    "bt21.tiers": 4,
}
"""Of the meters whose BT23 was published: 220 bytes."""
FORWARD, REVERSE = "registers.forward_active_energy", "registers.reverse_active_energy"


def fields(layer: str, frame: bytes, request: dict[str, Any], tables: dict[str, int], **known: Any) -> dict[str, Any]:
    """The first field of each name in a frame."""
    packet = layer_class(layer)(_internal=1, knowledge=Knowledge(request, tables, **known))
    packet.dissect(frame)
    found: dict[str, Any] = {}
    for one in layers(packet, frame):
        for field in one.values():
            found.setdefault(field.name, field)
    return found


@pytest.mark.parametrize(
    ("name", "forward", "reverse"),
    [("mep-dab10-bt23", "63961870 Wh", "66 Wh"), ("mep-dab2-bt23-idx8", "65845342 Wh", "179 Wh")],
)
def test_a_full_read_on_the_mep_port(name: str, forward: str, reverse: str) -> None:
    request = {"osgp.service": 0x30, "osgp.table": 23}
    found = fields("MEP", bytes.fromhex(ITEMS[name]["hex"]), request, DIMENSIONS)
    assert (found[FORWARD].text, found[REVERSE].text) == (forward, reverse)
    expected = ITEMS[name]["expected"]
    assert found[FORWARD].value == expected["Fwd Active Wh L1L2L3"]
    assert found[FORWARD].offset == 2 + 1 + 2  # length, code, count
    assert found[FORWARD].mark == "[inferred]"


def test_a_part_on_the_optical_port() -> None:
    asked = layer_class("Optical")(bytes.fromhex(ITEMS["opt-ireye-read23-req"]["hex"]))
    frame = bytes.fromhex(ITEMS["opt-ireye-read23-rsp"]["hex"])
    found = fields("Optical", frame, values(asked), DIMENSIONS)
    expected = ITEMS["opt-ireye-read23-rsp"]["expected"]
    assert found[FORWARD].value == round(expected["energy_fwd_kWh"] * 1000)
    assert found[REVERSE].value == round(expected["energy_rev_kWh"] * 1000)


def test_a_table_in_two_packets() -> None:
    """BT00 of an ELON meter; the packet before is known."""
    first, last = (bytes.fromhex(ITEMS[f"opt-ohb-bt00-p{i}"]["hex"]) for i in (1, 2))
    request = {"osgp.service": 0x30, "osgp.table": 0}
    found = fields("Optical", last, request, {}, earlier=first[6:-2])
    assert found["bt00.manufacturer"].value.strip() == "ELON"
    assert found["osgp.count"].value == 79
    assert found["c1218.checksum_status"].value == 1
    alone = fields("Optical", last, request, {})
    assert "bt00.manufacturer" not in alone


def test_a_procedure() -> None:
    found = fields("MEP", bytes.fromhex(ITEMS["mepg-bt07-ep17"]["request_hex"]), {}, {})
    assert found["bt07.procedure"].text.startswith("EP17 ")
    assert (found["bt07.sequence_number"].value, found["ep17.handle"].value) == (7, 0x03F8)


def test_a_transaction_and_its_responses() -> None:
    """MEP p.45-48: six reads, and the responses, which are read with them."""
    asked = layer_class("MEP")(bytes.fromhex(ITEMS["mepg-et52-tx"]["request_hex"]))
    records = asked.payload.content.commands.records
    told = {"et52.number": asked.payload.content.number, "et52.frame": 1}
    for number, record in enumerate(records):
        told[f"transaction.request.table[{number}]"] = record.message.table
        told[f"transaction.request.offset[{number}]"] = record.message.offset
    assert [(r.message.table, r.message.offset, r.message.count) for r in records] == [
        (2048 + 11, 0, 10), (20, 0, 10), (21, 0, 10), (2048 + 4, 55, 1), (2048 + 14, 0, 12), (2048 + 15, 0, 31)
    ]  # fmt: skip
    request = {"osgp.service": 0x3F, "osgp.table": 2048 + 53, "osgp.offset": 0}
    found = fields("MEP", bytes.fromhex(ITEMS["mepg-et53-full"]["hex"]), request, told)
    data = {entry["table"]: entry["data"] for entry in ITEMS["mepg-et53-full"]["expected"]["responses"]}
    assert data["ET11 0..9"] == "054224050605020103F9"
    assert (found["et11.devices"].value, found["et11.data_entry_size"].value) == (0x05, 0x0205)
    assert found["et11.transaction_request_length"].value == 0x0301
    assert data["BT21"] == "3F0E0C0F08000104081A"
    assert (found["bt21.summations"].value, found["bt21.demands"].value, found["bt21.tiers"].value) == (15, 8, 4)
    assert (found["bt20.summations"].value, found["bt21.present_values"].value) == (15, 0x1A)
    assert data["ET04.55"] == "04"
    assert found["et04.max_te_registers"].value == 4
    assert found["transaction.response.requested_in"].value == 1


PED = bytes([0x10, 26, 11, 25, 12, 0])
"""At an absolute time, with a self-read before (optical guide p.10)."""


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("40" "1015" "0010", {"bt21.self_reads": 12, "bt21.summations": 11, "bt21.tiers": 4}),
        # The offset does not count the description, the count does (optical guide p.11).
        ("4f" "1015" "000003" "0008", {"bt21.summations": 11}),
    ],
)  # fmt: skip
def test_a_pending_table(message: str, expected: dict[str, int]) -> None:
    table = bytes.fromhex("030c0c0b000001040012")
    part = table if message.startswith("40") else table[3:5]
    frame = bytes.fromhex("0000" + message) + PED + part + bytes(4 + 8)
    found = fields("SPDU", frame, {}, {})
    assert found["ped.self_read"].value == 1
    assert found["ped.event_time"].text == "2026-11-25 12:00"
    assert {name: field.value for name, field in found.items() if name in expected} == expected
    assert ("bt21.tiers" in found) == ("bt21.tiers" in expected)
    compare("SPDU", [(frame, {}, -1)] * 70)
