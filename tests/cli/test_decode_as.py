# SPDX-License-Identifier: GPL-2.0-or-later
"""What a port carries, said with ``-d``; and what is told nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osgp_analyzer.app.options import settings
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import CaptureError, PcapngWriter
from tests.cli.test_export import call
from tests.conftest import CAPTURES, load, port_frames

CONTIC = str(CAPTURES / "osgp_contic.pcap")
APDU = ("-d", "udp.port==24010-24011,apdu")
PASSWORD = "0123456789abcdefghij"


def test_all_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        ("show", *APDU, "-T", "fields", "-e", "osgp.table", "-Y", "osgp.service == 0x30", CONTIC),
        ("show", *APDU, "-Y", "frame.request == 1", CONTIC),
        ("show", *APDU, "-V", "-Y", "osgp.sequence == 107185", CONTIC),
        ("export", *APDU, "--format", "csv", "-e", "osgp.table", CONTIC, "-"),
        ("sql", "select osgp.table from frames where osgp.service = 48", *APDU, CONTIC),
    ):
        done = call(capsys, *command)
        assert (done.returncode, done.stderr) == (0, "")
        assert "16385" in done.stdout, command
    assert "OSGP" in call(capsys, "stats", CONTIC, "hierarchy", *APDU).stdout
    assert "16385" not in call(capsys, "show", CONTIC).stdout


def test_either_port_decides_and_sessions_do_not_share(capsys: pytest.CaptureFixture[str]) -> None:
    by_client = call(capsys, "show", "-d", "udp.port==24001,apdu", CONTIC).stdout
    known = [f for f in load("sidecars/osgp_contic.json")["frames"] if 24001 in (f["src_port"], f["dst_port"])]
    readable = [f for f in known if f.get("tampered", "") in ("", "digest") and f["apdu"] != "00"]
    assert by_client.count("OSGP") == len(readable) > 90
    one = Session.open(CONTIC, settings((), decode_as=[("udp.port", range(24010, 24011), "apdu")]))
    other = Session.open(CONTIC)
    assert one[0].protocol == "OSGP"
    assert other[0].protocol == "UDP"
    assert one[0].protocol == "OSGP"


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("udp.port==24010,adpu", "did you mean apdu"),
        ("udp.prt==24010,apdu", "did you mean udp.port?"),
        ("tcp==24010,apdu", "there are udp.port"),
        ("udp.port=24010,apdu", "such as udp.port==24010,apdu"),
        ("udp.port==24010", "such as udp.port==24010,apdu"),
        ("udp.port==70000,apdu", "no port or range of ports"),
        ("udp.port==9-8,apdu", "no port or range of ports"),
    ],
)
def test_wrong_options(option: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        done = call(capsys, "show", "-d", option, CONTIC)
    except SystemExit as end:
        assert end.code == 2
        assert expected in capsys.readouterr().err
    else:
        assert (done.returncode, expected in done.stderr) == (2, True)


def test_an_unknown_link_decoder_is_named() -> None:
    with pytest.raises(CaptureError, match="--link 147=lpud: no decoder named 'lpud'; did you mean lpdu"):
        settings([(147, "lpud")])


def test_a_password_is_told_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "optical.pcapng")
    with PcapngWriter(Path(path)) as writer:
        writer.add_interface(151)
        for data in port_frames("Optical"):
            writer.write(data, 0)
    for command in (
        ("show", path),
        ("show", "-V", path),
        ("show", "-V", "-n", path),
        ("show", "-T", "json", path),
        ("show", "-T", "fields", "-e", "c1218.session.password", path),
        ("export", "--format", "jsonl", "-e", "c1218.session.password", path, "-"),
        ("export", "--format", "csv", "-e", "c1218.session.password", path, "-"),
        ("sql", "select c1218.session.password from frames", path),
    ):
        done = call(capsys, *command)
        assert (done.returncode, done.stderr) == (0, "")
        assert PASSWORD not in done.stdout
        assert PASSWORD.encode().hex() not in done.stdout
        if command != ("show", path):
            assert "20 bytes, not shown" in done.stdout
    (frame,) = (
        json.loads(line)
        for line in call(capsys, "show", "-T", "json", "-Y", "c1218.session.password", path).stdout.splitlines()
    )
    field = frame["layers"][-1]["fields"]["c1218.session.password"]
    assert (field["value"], field["raw"]) == ("20 bytes, not shown", "")
