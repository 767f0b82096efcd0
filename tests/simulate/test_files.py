# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole simulations: Wireshark reads from them what the senders knew, and their files hold together."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

from osgp_analyzer.capture import Capture
from osgp_analyzer.cli.main import main
from osgp_analyzer.simulate.reader import Reader
from osgp_analyzer.simulate.scenarios.catalogue import SCENARIOS, playable
from osgp_analyzer.simulate.security import oma_digest, plc_base_key
from tests.simulate.agreement import sidecar
from tests.tshark import fields

LON = ["lpdu", "cnip", "lonudp"]
PORTS = [*LON, "mep", "optical"]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All scenarios of each port."""
    folder = tmp_path_factory.mktemp("simulated")
    made = {port: folder / f"{port}.pcapng" for port in PORTS}
    for port, path in made.items():
        arguments = ["simulate", "--port", port, "--scenario", "all", "--meters", "3", "--repeaters", "2"]
        assert main([*arguments, "-o", str(path)]) == 0
    return made


def test_wireshark_reads_what_was_sent(simulated: dict[str, Path]) -> None:
    """Through CN/IP, which Wireshark finds by itself. Of AuthPDUs it gets the bits wrong (en14908.md 12.3), and the CRC
    it takes for data."""
    names = {
        "lon.prio": "lpdu.priority",
        "lon.alt_path": "lpdu.alt_path",
        "lon.delta_bl": "lpdu.delta_backlog",
        "lon.vers": "npdu.version",
        "lon.pdufmt": "npdu.pdu_type",
        "lon.addrfmt": "npdu.address_format",
        "lon.domainlen": "npdu.domain_length",
        "lon.srcnet": "npdu.src_subnet",
        "lon.srcnode": "npdu.src_node",
        "lon.dstnet": "npdu.dst_subnet",
        "lon.dstnode": "npdu.dst_node",
        "lon.spdu_type": "spdu.type",
        "lon.auth": "spdu.auth",
        "lon.trans_no": "spdu.transaction",
        "cnip.seqno": "cnip.sequence",
        "cnip.sessid": "cnip.session_id",
        "cnip.tstamp": "cnip.timestamp",
        "cnip.len": "cnip.packet_length",
    }
    path = simulated["cnip"]
    compared = 0
    for f, seen in zip(sidecar(path)["frames"], fields(path, list(names)), strict=True):
        known = f["fields"]
        for theirs, ours in names.items():
            if ours in known:
                compared += 1
                assert number(seen[theirs][0]) == known[ours], (f["frame"], theirs)
    assert compared > 10_000


def number(text: str) -> int:
    return {"True": 1, "False": 0}.get(text) if text in ("True", "False") else int(text, 0)  # type: ignore[return-value]


@pytest.mark.parametrize("port", PORTS)
def test_truth_holds_together(simulated: dict[str, Path], port: str) -> None:
    """Answers follow what they answer, repetitions are the same bytes (but for the path), times go up."""
    path = simulated[port]
    frames = sidecar(path)["frames"]
    data = [frame.data for frame in Capture.open(str(path))]
    assert len(frames) == len(data)
    assert [f["frame"] for f in frames] == list(range(1, len(frames) + 1))
    assert [f["time"] for f in frames] == sorted(f["time"] for f in frames)
    for f in frames:
        assert f["len"] == len(data[f["frame"] - 1])
        for link in ("answers", "retry_of", "carries", "replay_of"):
            assert f.get(link, 0) < f["frame"]
        if "answers" in f:
            assert frames[f["answers"] - 1]["node"] != f["node"]
        if "retry_of" in f:
            first = frames[f["retry_of"] - 1]
            assert {k: v for k, v in f["fields"].items() if k.startswith(("osgp.", "npdu."))} == {
                k: v for k, v in first["fields"].items() if k.startswith(("osgp.", "npdu."))
            }
    steps = {f["step"].split(":")[0] for f in frames}
    assert {s.name for s in playable(port)} - {"two"} <= steps


def key_ring(path: Path) -> Any:
    return tomllib.loads(path.with_suffix(".keys.toml").read_text())["meter"]


def test_digests_are_right_under_the_keys_of_the_ring(simulated: dict[str, Path]) -> None:
    """Of requests on the power line; those under a key that is not in the ring are not."""
    keys = key_ring(simulated["lpdu"])
    frames = sidecar(simulated["lpdu"])["frames"]
    data = [frame.data for frame in Capture.open(str(simulated["lpdu"]))]
    good = bad = 0
    for f in frames:
        known = f["fields"]
        if known.get("apdu.code") != 0 or "osgp.service" not in known or f.get("encrypted"):
            continue
        apdu = data[f["frame"] - 1][-2 - size_of(known) : -2]
        subnet, node = map(int, f["meter"].split("/")[1:])
        omak = bytes.fromhex(keys[f["meter"]]["omak"][0])
        right = oma_digest(omak, bytes([subnet, node]) + apdu[:-8]) == apdu[-8:]
        assert right == f["digest_ok"]
        good, bad = good + right, bad + (not right)
    assert good > 100
    assert bad == 3


def size_of(known: dict[str, Any]) -> int:
    """Of an OSGP request on the power line (osgp.md 1.1)."""
    partial, writes = known["osgp.service"] & 0x0F == 0x0F, known["osgp.service"] >= 0x40
    data = known["osgp.count"] if writes else 0
    return 16 + 3 * partial + 2 * (partial or writes) + data


def test_ciphertext_is_that_of_another_rc4(simulated: dict[str, Path]) -> None:
    """A request and its response are one stream (inferred, osgp.md 2.6)."""
    keys = key_ring(simulated["lpdu"])
    frames = sidecar(simulated["lpdu"])["frames"]
    data = [frame.data for frame in Capture.open(str(simulated["lpdu"]))]
    count = 0
    for f in frames:
        if not f.get("encrypted") or f["fields"]["apdu.code"] != 0 or "answers" not in f or "hop" in f:
            continue
        request = frames[f["answers"] - 1]["fields"]
        digest = bytes.fromhex(request["osgp.digest"])
        base = plc_base_key(bytes.fromhex(keys[f["meter"]]["omak"][0]))
        key = bytes(b ^ d for b, d in zip(base, digest, strict=False)) + base[8:]
        stream = Cipher(ARC4(key), mode=None).decryptor()
        size = size_of(request)
        plain = stream.update(data[f["answers"] - 1][-2 - size : -2][1:-8])
        assert (plain[0], plain[1] << 8 | plain[2]) == (request["osgp.service"], request["osgp.table"])
        assert int.from_bytes(plain[-4:], "big") == request["osgp.sequence"]
        answer = stream.update(data[f["frame"] - 1][-2 - 12 - f["fields"]["osgp.count"] : -2][1:-8])
        assert answer[3:].hex() == f["fields"]["osgp.data"]
        count += 1
    assert count > 3


def test_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    made = []
    for seed in ("1", "2"):
        path = tmp_path / seed / "a.pcapng"
        path.parent.mkdir()
        command = [sys.executable, "-m", "osgp_analyzer", "simulate", "--scenario", "commissioning,lossy,two,encrypted"]
        run = subprocess.run(
            [*command, "-o", str(path)], env={**os.environ, "PYTHONHASHSEED": seed}, check=False, capture_output=True
        )
        assert run.returncode == 0, run.stderr
        made.append([file.read_bytes() for file in sorted(path.parent.iterdir())])
    assert made[0] == made[1]
    assert len(made[0]) == 3


def test_another_seed_is_another_segment(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        assert main(["simulate", "--seed", seed, "-o", str(tmp_path / f"{seed}.pcapng")]) == 0
    assert (tmp_path / "1.keys.toml").read_text() != (tmp_path / "2.keys.toml").read_text()


def test_at_least_so_many_frames_from_a_time_on(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    assert main(["simulate", "--frames", "1000", "--start", "2030-06-01T12:00+02:00", "-o", str(path)]) == 0
    frames = sidecar(path)["frames"]
    assert 1000 <= len(frames) < 2000
    assert 0 < frames[0]["time"] - 1_906_538_400 * 10**9 < 10**9


def test_the_key_ring_is_private(tmp_path: Path) -> None:
    keys = tmp_path / "a.keys.toml"
    keys.write_text("old")
    keys.chmod(0o644)
    assert main(["simulate", "-o", str(tmp_path / "a.pcapng")]) == 0
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    section = tomllib.loads(keys.read_text())["meter"]["4f5347503031/1/20"]
    assert list(section) == [
        "domain", "address", "neuron_id", "omak", "domain_key", "oma_key", "mak", "mbk", "mk", "pk", "rk"
    ]  # fmt: skip


def test_nothing_is_left_of_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Reader, "lost", broken)
    assert main(["simulate", "-o", str(tmp_path / "a.pcapng")]) == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--scenario", "dayly"], "did you mean daily"),
        (["--scenario", "session"], "cannot be played on lpdu, but on optical"),
        (["--meters", "0"], "1 to 10000"),
        (["--repeaters", "6"], "up to 5"),
        (["--port", "optical", "--encrypt"], "no encryption"),
        (["--start", "yesterday"], "not a date and time"),
        (["--start", "1999-01-01"], "2020 to 2099"),
        (["-o", "x.json"], "beside the capture"),
        (["-o", "-"], "three files"),
        (["-o", "nowhere/at/all.pcapng"], "cannot be written"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    given = arguments if "-o" in arguments else [*arguments, "-o", "a.pcapng"]
    assert main(["simulate", *given]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_list_has_all_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{s.name:15} {s.shows}" in shown for s in SCENARIOS)
