# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables as other programs read them, against what the senders knew and against frames decoded one by one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from dissectors.layers import layer_class
from osgp_analyzer.app.selection import Wanted, selected_chunks
from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.export.columns import YES_NO, Columns, column_types, default_names, with_names
from osgp_analyzer.export.tables import WRITERS, cell
from osgp_analyzer.store.header import kept_columns
from tests.conftest import CAPTURES, load

NATIVE = CAPTURES / "native_lpdu.pcap"
Rows = list[dict[str, Any]]


def write(
    form: str, capture: Path, columns: Columns, filter_text: str | None = None, settings: Settings = Settings()
) -> bytes:
    out = io.BytesIO()
    WRITERS[form](columns, selected_chunks(Session.open(str(capture), settings), Wanted(filter_text, whole=True)), out)
    return out.getvalue()


def read_csv(made: bytes, _: Path) -> Rows:
    rows = csv.DictReader(io.StringIO(made.decode(), newline=""), strict=True)
    return [{k: None if v == "" else int(v) if v.isdigit() else v for k, v in row.items()} for row in rows]


def read_parquet(made: bytes, folder: Path) -> Rows:
    (folder / "a.parquet").write_bytes(made)
    connection = duckdb.connect()
    found = connection.execute(f"select * from read_parquet('{folder}/a.parquet')")
    names = [d[0] for d in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


READERS: dict[str, Callable[[bytes, Path], Rows]] = {
    "csv": read_csv,
    "json": lambda made, _: json.loads(made),
    "jsonl": lambda made, _: [json.loads(line) for line in made.splitlines()],
    "parquet": read_parquet,
}


def expected(known: dict[str, Any]) -> dict[str, Any]:
    """What a frame of a sidecar has in each column."""
    dst, mode = known["dst"], known["dst"]["mode"]
    own = {
        "frame.number": known["frame"],
        "npdu.version": known["version"],
        "npdu.src": f"{known['src']['subnet']}/{known['src']['node']}",
        "npdu.src_subnet": known["src"]["subnet"],
        "npdu.src_node": known["src"]["node"],
        "npdu.domain_length": [0, 1, 3, 6].index(known["domain"]["len"]),
        "npdu.dst_node": dst.get("node"),
        "npdu.dst_group": dst.get("group") if mode == "group" else None,
        "npdu.group": dst.get("group") if mode == "group_ack" else None,
        "npdu.member": dst.get("member"),
        "lpdu.priority": known["priority"],
        "lpdu.alt_path": known["alt_path"],
        "lpdu.delta_backlog": known["delta_backlog"],
        "npdu.dst": {
            "broadcast": f"subnet {dst.get('subnet')}" if dst.get("subnet") else "broadcast",
            "group": f"group {dst.get('group')}",
            "unique_id": ":".join(dst["uid"][i : i + 2] for i in range(0, 12, 2)) if mode == "unique_id" else "",
        }.get(mode, f"{dst.get('subnet')}/{dst.get('node')}"),
    }
    if "crc" in known:
        own["lpdu.crc"] = int(known["crc"], 16)
    if "spdu" in known["pdu_type"].lower():
        own |= {"spdu.transaction": known["trans"], "tpdu.transaction": None}
    return own


@pytest.mark.parametrize("form", WRITERS)
def test_native_frames_are_what_their_senders_sent(form: str, tmp_path: Path) -> None:
    rows = READERS[form](write(form, NATIVE, Columns(default_names())), tmp_path)
    sent = load("sidecars/native_lpdu.json")["frames"]
    assert list(rows[0]) == list(default_names())
    for row, known in zip(rows, sent, strict=True):
        for name, value in expected(known).items():
            assert row[name] == value, (known["frame"], name)


@pytest.mark.parametrize("form", WRITERS)
def test_lon_over_ethernet(form: str, tmp_path: Path) -> None:
    names = ["frame.number", "npdu.src_subnet", "npdu.src_node", "npdu.src", "ipv4.src", "udp.dst_port"]
    rows = READERS[form](write(form, CAPTURES / "lon_udp_dom1.pcap", Columns(names)), tmp_path)
    sent = load("sidecars/lon_udp_dom1.json")["frames"]
    for row, known in zip(rows, sent, strict=True):
        source = known["src"]
        assert row["npdu.src_subnet"] == source["subnet"]
        assert row["npdu.src"] == f"{source['subnet']}/{source['node']}"
        assert row["udp.dst_port"] == known["port"]
        assert bytes.fromhex(str(row["ipv4.src"])) in (bytes([192, 168, source["subnet"], source["node"]]),
                                                       bytes(map(int, known["src_ip"].split("."))))  # fmt: skip


@pytest.mark.parametrize("name", ["native_lpdu", "ltep_lpdu", "lon_udp_dom1", "osgp_contic"])
def test_every_field_against_frames_decoded_one_by_one(name: str) -> None:
    """The first, the last and all occurrences of every field that a capture has."""
    capture = CAPTURES / f"{name}.pcap"
    session = Session.open(str(capture))
    frames = []
    for frame in session:
        found: dict[str, list[Any]] = {}
        for layer in frame.layers:
            for field in layer.values():
                flat = field.value if isinstance(field.value, list) else [field.value]
                found.setdefault(field.name, []).extend(v for v in flat if v is not None)
        frames.append((frame.request, found))
    chosen = sorted({*kept_columns(), *(n for _, found in frames for n in found)} & column_types().keys())
    chosen = [n for n in chosen if column_types()[n] != YES_NO]
    assert len(chosen) > 40
    pick: dict[str, Callable[[list[Any]], Any]] = {
        "f": lambda values: values[0],
        "l": lambda values: values[-1],
        "a": lambda values: ";".join(map(str, values)),
    }
    for occurrence, choose in pick.items():
        columns = Columns([*chosen, "frame.request"], occurrence, ";")
        for index, (row, (request, found)) in enumerate(
            zip(json.loads(write("json", capture, columns)), frames, strict=True)
        ):
            assert row["frame.request"] == request
            for field_name in chosen:
                wanted = choose(found[field_name]) if found.get(field_name) else None
                if columns.types[field_name] != "BIGINT" and wanted is not None:
                    wanted = str(wanted)
                assert row[field_name] == wanted, (index + 1, field_name, occurrence)


def test_all_columns_of_damaged_frames(tmp_path: Path) -> None:
    """Whatever the bytes are, every column there can be is made."""
    path = tmp_path / "a.pcapng"
    random = Random(1)
    with PcapngWriter(path) as writer:
        for source in CAPTURES.glob("*.pcap"):
            with Capture.open(source) as capture:
                number = writer.add_interface(capture[0].interface)
                for frame in list(capture)[::7]:
                    data = bytearray(frame.data[: random.randint(0, len(frame.data))])
                    for _ in range(2 if data else 0):
                        data[random.randrange(len(data))] = random.randrange(256)
                    writer.write(bytes(data), None, number)
    columns = Columns(column_types())
    rows = read_parquet(write("parquet", path, columns), tmp_path)
    assert len(rows) > 200
    assert set(rows[0]) == set(column_types())


def test_times_are_exact_to_the_nanosecond(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        writer.write(b"\0", 1_700_000_000_123_456_789, interface)
        writer.write(b"\0", None, interface)
    columns = Columns(["frame.time", "frame.time_epoch"])
    made = write("json", path, columns)
    assert b'"frame.time_epoch":1700000000.123456789' in made
    first, second = json.loads(made)
    assert first["frame.time"] == "2023-11-14T22:13:20.123456789Z"
    assert second == {"frame.time": None, "frame.time_epoch": None}
    (tmp_path / "a.parquet").write_bytes(write("parquet", path, columns))
    found = duckdb.connect().execute(f"select epoch_ns(\"frame.time\") from '{tmp_path}/a.parquet'").fetchall()
    assert found == [(1_700_000_000_123_456_789,), (None,)]


def test_names_of_values_stand_beside_the_numbers() -> None:
    rows = json.loads(write("json", NATIVE, Columns(with_names(["spdu.type", "frame.number"]))))
    assert set(rows[0]) == {"spdu.type", "spdu.type_text", "frame.number"}
    for row, known in zip(rows, load("sidecars/native_lpdu.json")["frames"], strict=True):
        if known["pdu_type"] == "SPDU":
            assert row["spdu.type_text"].replace("/", "_") == known["msg"]
        else:
            assert row["spdu.type_text"] is None


def test_a_layer_is_there_or_not() -> None:
    rows = json.loads(write("json", NATIVE, Columns(["authpdu", "tpdu"])))
    for row, known in zip(rows, load("sidecars/native_lpdu.json")["frames"], strict=True):
        assert row == {"authpdu": known["pdu_type"] == "AuthPDU", "tpdu": known["pdu_type"] == "TPDU"}


def test_only_the_chosen_frames() -> None:
    columns = Columns(["frame.number"])
    for form in ("json", "jsonl", "csv"):
        rows = READERS[form](write(form, NATIVE, columns, "npdu.src == 1/20"), Path())
        wanted = [f["frame"] for f in load("sidecars/native_lpdu.json")["frames"] if f["src"]["node"] == 20]
        assert [row["frame.number"] for row in rows] == wanted
    assert json.loads(write("json", NATIVE, columns, "npdu.src == 9/9")) == []
    assert write("csv", NATIVE, columns, "npdu.src == 9/9") == b"frame.number\r\n"


HOSTILE = [
    '=cmd|"/c calc"!A1',
    "+1",
    "-1",
    "@a",
    "a,b",
    'a"b',
    "a\nb",
    "\x1b[2J",
    "é",
    "\x9b31m",
    "\tx",
    "\r=1",
    "\x7f",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(text: str, tmp_path: Path) -> None:
    """The name of a device in a CN/IP registration: JSON and Parquet give it back as it is, in ASCII where it may come
    to a terminal; in CSV nothing acts on a terminal or a spreadsheet."""
    path = tmp_path / "a.pcapng"
    packet = layer_class("CNIP")(type=3) / layer_class("CnipRegistration")(device_name=text)
    with PcapngWriter(path) as writer:
        writer.write(bytes(packet), 0, writer.add_interface(155))
    settings = Settings({155: "CNIP"})
    name = "cnip.registration.device_name"
    made = write("json", path, Columns([name, "frame.number"]), settings=settings)
    assert [row[name] for row in json.loads(made)] == [text]
    assert made.isascii()
    assert b"\x7f" not in made
    rows = read_parquet(write("parquet", path, Columns([name, "frame.number"]), settings=settings), tmp_path)
    assert [row[name] for row in rows] == [text]
    (row,) = read_csv(write("csv", path, Columns([name, "frame.number"], text=cell), settings=settings), tmp_path)
    shown = row[name]
    assert shown[0] not in "=+-@"
    assert shown.isprintable()
    assert shown.removeprefix("'") == (text if text.isprintable() else text.encode("unicode_escape").decode())
