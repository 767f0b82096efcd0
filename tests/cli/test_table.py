# SPDX-License-Identifier: GPL-2.0-or-later
"""`osgp-analyzer table` and `--define` as a program: output, exit codes, and what is said when something is wrong."""

from __future__ import annotations

import csv
import io
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.app.definitions import VARIABLE
from osgp_analyzer.capture import PcapngWriter
from tests.cli.test_show import run
from tests.schema.test_userfile import EXAMPLE, REAL, answer, channel, table

BT21 = REAL["mepg-et53-full"]["expected"]["responses"][2]["data"]
REGISTERS = REAL["mep-dab10-bt23"]["derived_here_not_published"]["table_data_hex"]
ELEVEN = [
    *("bt21.demand_reset_counter=0", "bt21.summations=11", "bt21.demands=0", "bt21.coincident_values=0"),
    "bt21.tiers=4",
]


def context(*given: str) -> list[str]:
    return [word for one in given for word in ("--context", one)]


def fields(*arguments: str, **options: Any) -> dict[str, Any]:
    """What `-T json` has, all layers together."""
    done = run("table", "-T", "json", *arguments, **options)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    return found | {"fields": {n: f for layer in found["layers"] for n, f in layer["fields"].items()}}


def test_registers_of_a_real_meter() -> None:
    """What the owner of the meter read in it: 63961870 Wh."""
    published = REAL["mep-dab10-bt23"]["expected"]
    done = run("table", "BT23", REGISTERS, *context(*ELEVEN))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "BT23: 220 bytes"
    assert f"Forward active energy: {published['Fwd Active Wh L1L2L3']} Wh [inferred]" in done.stdout
    found = fields("23", REGISTERS, *context(*ELEVEN))
    assert (found["table"], found["number"], found["offset"], found["length"]) == ("BT23", 23, None, 220)
    assert found["fields"]["registers.forward_active_energy"]["value"] == published["Fwd Active Wh L1L2L3"]
    assert found["fields"]["registers.reverse_active_energy"]["value"] == published["Rev Active Wh L1L2L3"]
    assert (found["findings"], found["missing"]) == ([], [])


def test_what_is_missing_is_said() -> None:
    done = run("table", "BT23", REGISTERS)
    assert done.returncode == 1
    assert f"Data: {REGISTERS}" in done.stdout
    assert done.stderr.startswith("osgp-analyzer: BT23 needs BT21: --context BT21=HEX")
    assert "--context bt21.summations=N" in done.stderr
    missing = fields("BT23", REGISTERS)["missing"]
    assert {"bt21.summations", "bt21.tiers", "bt21.occurrences"} <= set(missing)


def test_another_table_tells_the_sizes() -> None:
    """The BT21 of the guide (p.49, flags 3F) has a counter of demand resets, 15 summations, 4 tiers, and 8 demands of
    one occurrence each: its time and three values."""
    block = struct.pack("<15i", *range(15)) + bytes(8 * (5 + 3 * 4))
    whole = (b"\7" + block * 5).hex()
    found = fields("BT23", whole, *context(f"BT21={BT21}"))
    assert (found["findings"], found["missing"]) == ([], [])
    assert found["fields"]["bt23.demand_resets"]["value"] == 7
    assert found["fields"]["registers.reactive_energy_q4"]["value"] == 14
    assert "registers.apparent_energy_q1" not in found["fields"]
    overruled = fields("BT23", whole, *context(f"BT21={BT21}", "bt21.summations=2"))
    assert "registers.import_reactive_energy" not in overruled["fields"]


@pytest.mark.parametrize("text", ["054224", "05 42 24", "05:42:24", "0x05,0x42,0x24", "05\n42 24\r\n", "0x054224"])
def test_bytes_as_people_paste_them(text: str) -> None:
    """The first sizes of ET11 in MEP p.49: 5 devices, entries of 66 and 36 bytes."""
    known = REAL["mepg-et53-full"]["derived_here_not_published"]["ET11"]
    words = text.split()
    for arguments, options in (
        (("ET11", text), {}),
        (("ET11", "-"), {"input": text}),
        (("ET11", *words), {}),
        (("ET11", *context(*ELEVEN), *words), {}),
        ((*context(*ELEVEN), "ET11", *words), {}),
        (("ET11", *context(*ELEVEN), "-"), {"input": text}),
    ):
        found = fields(*arguments, **options)["fields"]
        assert found["et11.devices"]["value"] == known["devices"]
        assert found["et11.config_entry_size"]["value"] == known["config_entry"]
        assert found["et11.status_entry_size"]["value"] == known["status_entry"]


def test_a_part_has_its_place_in_the_table() -> None:
    known = REAL["mepg-et53-full"]["derived_here_not_published"]["ET11"]
    done = run("table", "ET11", REAL["mepg-et53-full"]["expected"]["responses"][0]["data"][10:], "--offset", "5")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "ET11: 5 bytes from offset 5 on"
    assert f"0005 +2         Data entry size: {known['data_entry_LE']} bytes" in done.stdout
    assert "[note, undecoded: the last bytes belong to Transaction response length" in done.stdout
    part = fields("BT23", REGISTERS[88 * 2 :], "--offset", "0x58", *context(*ELEVEN))
    at = part["fields"]["registers.forward_active_energy"]
    assert (part["offset"], at["offset"], at["value"]) == (88, 88, 0)


def test_all_tables_are_listed() -> None:
    assert "--context WHAT=VALUE" in run("table", "--help").stdout
    text = run("table").stdout
    defined, named = text.split("\n\n")
    assert "  BT23   Current Register Data  (needs BT21)" in defined
    assert "  BT30   Dimension Display" in named or "  BT30   Dimension Display" in defined
    assert "BT23" not in named


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("BT32", "00"), "no table BT32 is known"),
        (("B23", "00"), "did you mean BT23"),
        (("ET11",), "there are no bytes"),
        (("ET11", ""), "there are no bytes"),
        (("ET11", "05 4"), "half a byte is missing"),
        (("ET11", "05 4g"), "'g' is no hex digit"),
        (("ET11", "05", "--offset", "-1"), "no offset in a table"),
        (("ET11", "05", "--offset", "99999999"), "no offset in a table"),
        (("BT23", "05", *context("bt21.sumations=1")), "did you mean bt21.summations"),
        (("BT23", "05", *context("bt21.summations=x")), "'x' is no number"),
        (("BT23", "05", *context("bt21.summations")), "is not FIELD=NUMBER or TABLE=HEX"),
        (("BT23", "05", *context("BT99=00")), "no table BT99 is known"),
        (("BT23", "05", *context("BT21=0")), "half a byte is missing"),
    ],
)
def test_wrong_words(arguments: tuple[str, ...], hint: str) -> None:
    done = run("table", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


# -- tables of the user ---------------------------------------------------------------------------------------------

READINGS = struct.pack("<BH8sBB", 0, 0, b"S12345", 1, 2) + channel(2, 3, 1500, -1)
ALL = READINGS + struct.pack("<15I", *range(15)) + bytes([26, 11, 25, 13, 37, 0])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(EXAMPLE)
    return path


def test_a_table_of_the_user(own: Path) -> None:
    done = run("table", "ET200", ALL.hex(), "--define", own, *context(f"BT21={BT21}"))
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        "Relay state: open (0) [unconfirmed]",
        "Readings: 1.5 kWh, -0.001 kWh",
        "Changed: 2026-11-25 13:37:00",
    ):
        assert line in done.stdout
    short = run("table", "2248", ALL.hex(), "--define", own)
    assert short.returncode == 1
    assert "ET200 needs BT21: --context BT21=HEX" in short.stderr
    assert "  ET200  Channel Readings  (needs BT21)" in run("table", "--define", own).stdout
    assert "made up for this page [unconfirmed]" in run("fields", "et200", "--define", own).stdout
    assert run("table", "ET200", ALL.hex()).returncode == 2


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A MEP port on which BT21 of the guide is read, then ET200: the requests are those published for BT23."""
    request = bytes.fromhex(REAL["mep-dab2-bt23-idx8"]["request_hex"])
    path = tmp_path / "mep.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        for number, (asked, data) in enumerate(((21, bytes.fromhex(BT21)), (2248, ALL))):
            for frame in (request[:3] + asked.to_bytes(2, "big") + request[5:], answer(data)):
                writer.write(frame, 10**9 * (1 + number), interface)
    return path


def test_in_captures(own: Path, capture: Path) -> None:
    options = ("--link", "147=mep", "--define", own, capture)
    done = run("show", "-Y", "et200.state == open && et200_channel.kind == export", "-V", *options)
    assert done.stdout.startswith("Frame 4:")
    assert "Read with BT21 of frame 2" in done.stdout
    assert "Totals: 0 Wh, 1 Wh, 2 Wh" in done.stdout
    assert "ET200 Channel Readings" in run("show", *options).stdout.splitlines()[2]
    asked = ("-T", "fields", "-E", "separator=|", "-e", "et200.serial", "-e", "et200_channel.readings")
    assert run("show", *asked, *options).stdout.splitlines()[3] == "S12345|1500,-1"
    text = run("export", "-e", "et200.alarms", "-e", "et200.serial", "--format", "csv", *options, "-").stdout
    assert list(csv.reader(io.StringIO(text)))[4] == ["0", "S12345"]
    query = "select et200.serial s, et200.depth d from frames where et200.state is not null"
    answered = run("sql", query, "--format", "json", *options)
    assert json.loads(answered.stdout) == [{"s": "S12345", "d": 2}]
    without = run("show", "-V", "--link", "147=mep", capture).stdout
    assert ALL.hex() in without
    assert "Totals" not in without


def test_numbers_of_64_bits(tmp_path: Path) -> None:
    """The highest bit is a part of the number; where a table of numbers has no room for it, there is none."""
    own, capture = tmp_path / "own.toml", tmp_path / "mep.pcapng"
    own.write_text(table("ET199", "Large", 'name="n"', 'type="u64"'))
    request = bytes.fromhex(REAL["mep-dab2-bt23-idx8"]["request_hex"])
    numbers = (2**64 - 1, 2**63 + 5, 2**63 - 1, 7)
    with PcapngWriter(capture) as writer:
        interface = writer.add_interface(147)
        for time, number in enumerate(numbers):
            writer.write(request[:3] + (2048 + 199).to_bytes(2, "big") + request[5:], time, interface)
            writer.write(answer(number.to_bytes(8, "little")), time, interface)
    options = ("--link", "147=mep", "--define", own, capture)
    assert run("show", "-T", "fields", "-e", "et199.n", *options).stdout.split() == [str(n) for n in numbers]
    shown = run("show", "-T", "json", "-Y", f"et199.n == {2**63 + 5}", *options).stdout
    assert [json.loads(line)["number"] for line in shown.splitlines()] == [4]
    assert len(run("show", "-Y", f"et199.n > {2**63}", *options).stdout.splitlines()) == 2
    answered = run("sql", "select et199.n n from frames where et199", "--format", "json", *options)
    assert [row["n"] for row in json.loads(answered.stdout)] == [None, None, 2**63 - 1, 7]


def test_files_that_are_read_at_every_start(own: Path, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "osgp-analyzer" / "definitions"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(EXAMPLE)
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "PATH": "", "PYTHONPATH": _path()}
    assert run("fields", "et200.state", env=environment).returncode == 0
    for named in (folder, folder / "mine.toml"):
        assert run("fields", "et200.state", env={VARIABLE: str(named), "PYTHONPATH": _path()}).returncode == 0
    assert run("fields", "et200.state", env=environment | {VARIABLE: ""}).returncode == 2
    (folder / "mine.toml").write_text(table("ET99", "T", 'name="a"', 'type="u9"'))
    broken = run("show", "none.pcap", env=environment)
    assert broken.returncode == 2
    assert "mine.toml:7: ET99.a: type is 'u9', which is no type; did you mean u8?" in broken.stderr
    assert f"set {VARIABLE} to nothing" in broken.stderr
    assert run("simulate", "--list", env=environment).returncode == 0  # it reads no definitions


def _path() -> str:
    import osgp_analyzer

    return str(Path(osgp_analyzer.__file__).parent.parent)


def test_wrong_files(own: Path, tmp_path: Path) -> None:
    missing = run("fields", "--define", tmp_path / "none.toml")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.endswith("none.toml: No such file or directory\n")
    assert run("fields", "--define", tmp_path).returncode == 2
    twice = tmp_path / "twice.toml"
    twice.write_text(EXAMPLE)
    done = run("fields", "--define", own, "--define", twice)
    assert done.returncode == 2
    assert "ET200: number is defined in" in done.stderr
    many = tmp_path / "many.toml"
    many.write_text("".join(table(f"ET{n}", "T", 'name="a"', 'type="u9"') for n in range(100, 200)))
    assert run("fields", "--define", many).stderr.splitlines()[-1] == "osgp-analyzer: and 80 more"
    odd = tmp_path / "odd.toml"
    odd.write_text('[[table]]\nnumber = "ET99"\n"\\u001b[31m" = 1')
    assert "\x1b" not in run("fields", "--define", odd).stderr
