# SPDX-License-Identifier: GPL-2.0-or-later
"""``osgp-analyzer chains``: lines, drawings and JSON say what the senders knew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osgp_analyzer.cli.main import main
from tests.analysis.test_chains import NODES, TRUTH, outcome_of, target_of
from tests.analysis.test_chains_changed import changed_requests
from tests.analysis.test_chains_simulated import run
from tests.conftest import CAPTURES

CAPTURE = str(CAPTURES / "ltep_lpdu.pcap")


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """Lines of a command that ends well."""
    assert main(["chains", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    head, *lines = printed(capsys, CAPTURE)
    assert head.split() == ["frame", "time", "outcome", "took", "retries", "route"]
    assert len(lines) == len(TRUTH["transactions"])
    for line, truth in zip(lines, TRUTH["transactions"], strict=True):
        assert line.split()[0] == str(truth["frames"][0])
        assert outcome_of(truth) in line
        assert line.endswith(" > ".join(["1/1", *(NODES[n] for n in truth["route"]), target_of(truth)]))


def test_what_a_filter_lets_through(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = [t for t in TRUTH["transactions"] if outcome_of(t) == "failed"]
    lines = printed(capsys, CAPTURE, "-Y", "chain.hops >= 3 && chain.outcome == failed")[1:]
    assert [line.split()[0] for line in lines] == [str(t["frames"][0]) for t in wanted]
    # One frame of a chain is enough.
    lines = printed(capsys, CAPTURE, "-Y", f"frame.number == {wanted[0]['frames'][1]}")[1:]
    assert [line.split()[0] for line in lines] == [str(wanted[0]["frames"][0])]


def test_json_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, CAPTURE, "--json")
    for line, truth in zip(lines, TRUTH["transactions"], strict=True):
        found = json.loads(line)
        answer = truth["source_response"][0]
        assert found["apdu"] == truth["ltep_apdu"]
        assert found["response"] == answer["code"] + answer["data"]
        assert [found["source"], *found["repeaters"], found["agent"]] == ["1/1", *(NODES[n] for n in truth["route"])]
        for name, value in truth["header"].items():
            assert found["message"][f"ltep.{name}"] == value
        frames = sorted(frame["frame"] for hop in found["hops"] for frame in hop["frames"])
        assert frames == list(range(truth["frames"][0], truth["frames"][1] + 1))


def test_drawings_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """An arrow for each frame, from the column of its sender to that of its receiver."""
    lines = printed(capsys, CAPTURE, "-V")
    assert max(len(line) for line in lines) <= 100
    drawn = [line for line in lines if line.startswith("  |")]
    assert len(drawn) == len(TRUTH["frames"])
    for line, frame in zip(drawn, TRUTH["frames"], strict=True):
        assert f"#{frame['frame']}" in line.split()
        forward = frame["msg"] not in ("ACK", "RESPONSE")
        assert (">" in line.partition("#")[0]) == forward
        assert ("." in line.rpartition("|")[0]) == bool(frame["alt_path"])


def test_many_hops_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "long.pcapng"
    long_chain(path, 15)
    lines = printed(capsys, str(path), "-V")
    assert max(len(line) for line in lines) <= 100
    assert sum(">" in line for line in lines if line.startswith("  |")) == 1
    assert "1/17" in "".join(lines)
    assert "not heard" not in "".join(line for line in lines if line.startswith("  |"))


def long_chain(path: Path, count: int) -> None:
    """A capture of one message with so many repeaters to come."""
    from osgp_analyzer.capture import PcapngWriter
    from osgp_analyzer.simulate.checksums import lpdu_crc

    hops = b"".join(bytes([1, node]) for node in range(3, 3 + count))
    apdu = bytes([0x4D, count]) + hops + bytes.fromhex("282c250130") + bytes.fromhex("100102")
    frame = bytes.fromhex("0119018101825a01") + apdu
    with PcapngWriter(path) as writer:
        interface = writer.add_interface(147)
        writer.write(frame + lpdu_crc(frame), 10**18, interface)


def test_nothing_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chains", str(CAPTURES / "native_lpdu.pcap")]) == 0
    out, err = capsys.readouterr()
    assert not out
    assert "no chains" in err


@pytest.mark.parametrize("scenario", ["tampered", "wrong_key", "other_key", "encrypted"])
@pytest.mark.parametrize("repeaters", [2, 4])
def test_protection_of_every_hop(
    scenario: str, repeaters: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "made.pcapng"
    frames = run(path, (scenario,), 1, repeaters=repeaters)
    keys = ("--keys", str(path.with_suffix(".keys")), "--shared-keys")
    count = 0
    for line in printed(capsys, str(path), "--json", *keys):
        chain = json.loads(line)
        for one in (one for hop in chain["hops"] for one in hop["frames"]):
            known = frames[one["frame"] - 1]["security"]
            assert one["security"]["status"] == known["status"].replace("_", " ")
            opened = known["encrypted"] and known["status"] == "verified"
            assert one["security"]["encrypted"] == opened
            assert one["changed"] == (one["frame"] in changed_requests(frames))
            count += 1
        said = {verdict["status"] for verdict in chain["security"]["message"]}
        assert len(said) == len(chain["security"]["message"]) == 1 + bool(chain["changed"])
    assert count == sum("hop" in frame for frame in frames)


def test_what_was_changed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "made.pcapng"
    true = changed_requests(run(path, ("tampered",), 1, repeaters=2))
    lines = printed(capsys, str(path), "-Y", "finding.code == chain.changed")[1:]
    assert [line.partition("changed in frame ")[2].rstrip(")") for line in lines] == [str(number) for number in true]
    keys = ("--keys", str(path.with_suffix(".keys")), "--shared-keys")
    for line in printed(capsys, str(path), "-Y", "chain.changed_in", *keys)[1:]:
        assert "verified with meter" in line
        assert "from hop 2 on bad digest" in line or "from hop 3 on bad digest" in line
    drawn = [line.split() for line in printed(capsys, str(path), "-V", *keys) if "changed," in line]
    assert [words[words.index("changed,") - 1] for words in drawn] == [f"#{number}" for number in true]
    assert all(words[-2:] == ["bad", "digest"] for words in drawn)
