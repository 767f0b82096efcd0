# SPDX-License-Identifier: GPL-2.0-or-later
"""`osgp-analyzer show` as a program: output, exit codes, and what it says when something is wrong."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.capture import PcapngWriter
from tests.conftest import CAPTURES, load

NATIVE = CAPTURES / "native_lpdu.pcap"


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "osgp_analyzer", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def frames(*arguments: str, **options: Any) -> list[dict[str, Any]]:
    done = run("show", "-T", "json", *arguments, **options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def one_frame(path: Path, data: bytes, link_type: int = 147, **options: Any) -> Path:
    with PcapngWriter(path) as writer:
        writer.write(data, 1_700_000_000_123_456_789, writer.add_interface(link_type), **options)
    return path


def test_a_line_a_frame() -> None:
    done = run("show", NATIVE)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr, len(lines)) == (0, "", 571)
    first = lines[0].split()
    assert first[:4] == ["1", "0.000000000", "0/0", "→"]
    assert "Service pin" in lines[0]
    assert "\x1b" not in done.stdout  # no colour in a pipe
    assert len(run("show", "-c", "3", NATIVE).stdout.splitlines()) == 3
    assert run("show", "-c", "0", NATIVE).stdout == ""


def test_json_is_what_was_promised() -> None:
    known = load("sidecars/native_lpdu.json")["frames"]
    shown = frames(str(NATIVE))
    for f, s in zip(known, shown, strict=True):
        assert (s["number"], s["link_type"], s["length"]) == (f["frame"], 147, f["len"])
        assert abs(s["time"] - round(f["time"] * 1e9)) < 2000
        assert isinstance(s["time"], int)
        for layer in s["layers"]:
            assert layer["name"]
            for name, field in layer["fields"].items():
                assert {"value", "raw", "offset", "length", "text"} <= set(field), name
                if field["offset"] is not None:
                    at = field["offset"]
                    assert f["hex"][2 * at : 2 * (at + field["length"])] == field["raw"]
        for finding in s["findings"]:
            assert set(finding) == {"severity", "group", "code", "offset", "text"}
    node = shown[5]["layers"][1]["fields"]["npdu.src_node"]
    assert node == {"value": 10, "raw": "8a", "offset": 3, "length": 1, "text": "10"}


def test_tree_has_offsets_and_bits() -> None:
    text = run("show", "-V", "-c", "6", NATIVE).stdout.split("\n\n")[5]
    assert (
        "0003 +1         .000 1010 = Source node: 10"
        in text.replace("    .000", ".000").replace("         .000", "         .000")
        or ".000 1010 = Source node: 10" in text
    )
    assert text.startswith("Frame 6: 13 bytes")
    assert "Network layer" in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("epoch", "1700000000.123456789"),
        ("e", "1700000000.123456789"),
        ("utc", "2023-11-14 22:13:20.123456789"),
        ("u", "22:13:20.123456789"),
        ("relative", "0.000000000"),
        ("delta", "0.000000000"),
        ("date", "2023-11-14"),
        ("absolute", ":13:20.123456789"),
    ],
)
def test_time_formats(tmp_path: Path, name: str, expected: str) -> None:
    path = one_frame(tmp_path / "a.pcapng", bytes.fromhex("00380185018302aabb"))
    assert expected in run("show", "--time", name, path, env={**os.environ, "TZ": "Europe/Berlin"}).stdout


def test_responses_are_certain_when_their_request_is_in_the_capture() -> None:
    known = load("sidecars/native_lpdu.json")["frames"]
    shown = frames(str(NATIVE))
    paired = 0
    for f, s in zip(known, shown, strict=True):
        if f["msg"] != "RESPONSE":
            continue
        request = next(
            g
            for g in reversed(known[: f["frame"] - 1])
            if g["step"] == f["step"] and g["trans"] == f["trans"] and g["msg"] in ("REQUEST", "REM_MSG")
        )
        assert s["request"] <= f["frame"]
        partner = known[s["request"] - 1]
        assert (partner["apdu"], partner["trans"]) == (request["apdu"], f["trans"])
        assert not [x for x in s["findings"] if x["code"] == "apdu.request_unknown"]
        paired += 1
    assert paired > 100


def test_stdin_gzip_and_zstd() -> None:
    with NATIVE.open("rb") as file:
        assert len(frames("-", stdin=file)) == 571
    assert len(frames("-", stdin=subprocess.Popen(["cat", str(NATIVE)], stdout=subprocess.PIPE).stdout)) == 571


def test_gzip(tmp_path: Path) -> None:
    packed = tmp_path / "packed.pcap.gz"
    packed.write_bytes(gzip.compress(NATIVE.read_bytes()))
    assert len(frames(str(packed))) == 571


def test_link_option(tmp_path: Path) -> None:
    path = one_frame(tmp_path / "a.pcapng", bytes.fromhex("0109018501834f02829f00c48727"), link_type=220)
    refused = run("show", path)
    assert refused.returncode == 2
    assert "link type 220" in refused.stderr
    assert "--link" in refused.stderr
    assert frames(str(path), "--link", "220=lpdu")[0]["layers"][0]["fields"]["lpdu.crc"]["value"] == 0x8727
    wrong = run("show", path, "--link", "220=lpud")
    assert wrong.returncode == 2
    assert "lpdu" in wrong.stderr


def test_crc_absent_present_wrong(tmp_path: Path) -> None:
    bad = one_frame(tmp_path / "bad.pcapng", bytes.fromhex("0109018501834f02829f00c48728"))
    (auto,) = frames(str(bad))
    assert "lpdu.crc_absent" in [f["code"] for f in auto["findings"]]
    (told,) = frames(str(bad), "--crc", "present")
    assert [(f["code"], f["offset"]) for f in told["findings"]] == [("lpdu.crc_bad", 12)]
    # One damaged frame among good ones: the capture keeps CRCs, so this one is wrong.
    with PcapngWriter(tmp_path / "mixed.pcapng") as writer:
        interface = writer.add_interface(147)
        for last in ("87", "87", "87", "87", "86"):
            writer.write(bytes.fromhex(f"0109018501834f02829f00c4{last}27"), 0, interface)
    codes = [[f["code"] for f in s["findings"]] for s in frames(str(tmp_path / "mixed.pcapng"))]
    assert codes == [[], [], [], [], ["lpdu.crc_bad"]]


def test_bad_files_end_with_one_sentence_and_2(tmp_path: Path) -> None:
    empty, text, folder, header = (tmp_path / n for n in ("empty.pcap", "notes.txt", "folder", "header.pcap"))
    empty.write_bytes(b"")
    text.write_text("this is not a capture\n" * 10)
    folder.mkdir()
    header.write_bytes(NATIVE.read_bytes()[:24])
    for path in (empty, text, folder, header, tmp_path / "missing.pcap"):
        done = run("show", path)
        assert done.returncode == 2, path
        assert done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1
        assert path.name in done.stderr
        assert "Traceback" not in done.stderr


def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "secret.pcap"
    path.write_bytes(NATIVE.read_bytes())
    path.chmod(0)
    if os.geteuid() == 0:
        script = "import locale, os, sys, osgp_analyzer.cli.show, osgp_analyzer.app.decode; "
        script += "os.setgid(65534); os.setuid(65534); "
        script += "from osgp_analyzer.cli.main import main; sys.exit(main())"
        tmp_path.chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", script, "show", str(path)], capture_output=True, text=True, check=False
        )
    else:
        done = run("show", path)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_cut_file_shows_what_is_there_and_says_so(tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(NATIVE.read_bytes()[:-5])
    done = run("show", cut)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 570
    assert "cut.pcap" in done.stderr


def test_wrong_words_get_the_nearest(tmp_path: Path) -> None:
    for arguments, hint in (
        (("show", "--tiem", "e", NATIVE), "--time"),
        (("shwo", NATIVE), "show"),
        (("fields", "npdu.domian"), "npdu.domain"),
        (("show", "-T", "jsn", NATIVE), "json"),
    ):
        done = run(*arguments)
        assert done.returncode == 2, arguments
        assert hint in done.stderr
        assert "Traceback" not in done.stderr


def test_hostile_text_is_escaped(tmp_path: Path) -> None:
    path = one_frame(
        tmp_path / "a.pcapng", bytes.fromhex("00380185018302aabb"), comments=("\x1b[31mred\x07\n[bold]", "ümlaut")
    )
    done = run("show", "-V", path)
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "\\x1b[31mred" in done.stdout
    assert "ümlaut" in done.stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m osgp_analyzer show {NATIVE} | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_a_full_disk_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "osgp_analyzer", "show", str(NATIVE)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr


def test_a_terminal_without_arrows() -> None:
    done = run("show", "-c", "1", NATIVE, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0
    assert "\\u2192" in done.stdout


def test_file_alone_prints_without_a_terminal() -> None:
    assert run(NATIVE).stdout == run("show", NATIVE).stdout


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    script = "import sys; {}; loaded = {{m.split('.')[0] for m in sys.modules}}; "
    script += "print(sorted(loaded & {{'scapy', 'numpy', 'textual', 'rich'}}))"
    for statement in (
        "import osgp_analyzer",
        "from osgp_analyzer.cli.commands import parser; parser().format_help()",
        "import osgp_analyzer.schema",
    ):
        done = subprocess.run(
            [sys.executable, "-c", script.format(statement)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]", statement


def test_every_field_is_in_the_dictionary() -> None:
    text = run("fields").stdout
    # Asked in a process of its own: other tests define layers too.
    script = "from osgp_analyzer.filters.names import names; print(*(n for n, k in names().items() if not k.layer))"
    listed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    for name in listed:
        assert f"  {name} " in text, name
    seen = {name for s in frames(str(NATIVE)) for layer in s["layers"] for name in layer["fields"]}
    for name in seen:
        assert name.split("[")[0] in text
    assert "lcs_network.c" in run("fields", "npdu.domain").stdout
