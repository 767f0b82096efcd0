# SPDX-License-Identifier: GPL-2.0-or-later
"""What sidecars say of digests, keys and findings, made again from the bytes of the captures and the key ring."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from osgp_analyzer.capture import Capture
from osgp_analyzer.cli.main import main
from osgp_analyzer.simulate.findings import FINDINGS
from osgp_analyzer.simulate.security import challenge_reply, oma_digest, plc_base_key
from tests.simulate.agreement import sidecar
from tests.simulate.judge import Judge, key_ring, pdu, rc4

LON = ["lpdu", "cnip", "lonudp"]
ATTACKS = {
    "wrong_key": {"bad_digest"},
    "sequence": {"sequence_far"},
    "tampered": {"bad_digest"},
    "other_key": {"good_under_other_key"},
    "other_address": {"good_for_other_address"},
    "no_length": {"good_without_length", "sequence_far"},
    "sequence_trouble": {"sequence_reused", "sequence_back", "sequence_far"},
    "keystream": {"replayed", "keystream_reused"},
    "failures": {"bad_digest", "failures_in_a_row"},
    "replay": {"replayed"},
}
"""Findings of each scenario; encrypted, the refusal of a replayed message reuses its keystream too."""
MANAGEMENT = {
    "authentication": {"bad_digest"},
    "group_auth": {"bad_digest"},
    "alternate_key": {"bad_digest"},
    "unauthenticated": {"unauthenticated_write"},
    "key_change": set(),
}


def simulated(folder: Path, port: str, scenarios: str, *more: str) -> Path:
    path = folder / f"{port}{len(list(folder.iterdir()))}.pcapng"
    command = ["simulate", "--port", port, "--scenario", scenarios, "--meters", "3", "--repeaters", "0"]
    assert main([*command, *more, "-o", str(path)]) == 0
    return path


def findings(frames: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Codes by scenario."""
    found: dict[str, set[str]] = {}
    for f in frames:
        found.setdefault(f["step"].split(":")[0], set()).update(f.get("security", {}).get("findings", ()))
    return found


@pytest.mark.parametrize("encrypt", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("port", [*LON, "mep"])
def test_attacks(port: str, encrypt: bool, tmp_path: Path) -> None:
    """Every message is judged from its bytes alone as its sidecar says; without encryption there is the same text."""
    names = [name for name in ATTACKS if port != "mep" or name not in ("other_address", "no_length")]
    path = simulated(tmp_path, port, ",".join(names), *(["--encrypt"] if encrypt else []))
    judge = Judge(path, port)
    judged = [(f, wanted) for f, wanted in judge]
    for f, wanted in judged:
        got = f["security"]
        shown = {name: got[name] for name in ("status", "encrypted", "findings")}
        assert (f["frame"], f["step"], shown) == (f["frame"], f["step"], wanted)
        assert f["digest_ok"] == (wanted["status"] == "verified")
        assert f.get("encrypted", False) == wanted["encrypted"]
    assert len(judged) == len(judge.known) > 150
    wanted_findings = {name: ATTACKS[name] | ({"keystream_reused"} if (name, encrypt) == ("replay", True) else set())
                       for name in names}  # fmt: skip
    assert findings(judge.known) == wanted_findings
    if encrypt:
        clear = Judge(simulated(tmp_path, port, ",".join(names)), port)
        assert len(list(clear)) == len(judged)
        both = judge.plain.keys() & clear.plain.keys()
        assert len(both) > 0.6 * len(judged)
        assert {n: judge.plain[n] for n in both} == {n: clear.plain[n] for n in both}
        for a, b in zip(judge.known, clear.known, strict=True):
            assert without(a["fields"], "osgp.digest", "lpdu.crc") == without(b["fields"], "osgp.digest", "lpdu.crc")
            assert without(a["security"], "encrypted", "findings") == without(b["security"], "encrypted", "findings")


def without(known: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in known.items() if name not in names}


def test_failures_are_told_at_the_fifth(tmp_path: Path) -> None:
    known = sidecar(simulated(tmp_path, "lpdu", "failures"))["frames"]
    for label in {f["meter"] for f in known}:
        requests = [f for f in known if f["meter"] == label and "answers" not in f]
        told = [i for i, f in enumerate(requests) if "failures_in_a_row" in f["security"]["findings"]]
        assert told == [5]  # the first is a good one
        assert len(requests) == 12


@pytest.mark.parametrize("port", ["lpdu", "mep"])
def test_a_repeater_alters_what_it_got_unaltered(port: str, tmp_path: Path) -> None:
    path = simulated(tmp_path, port, "tampered", "--repeaters", "2")
    altered = [f for f in sidecar(path)["frames"] if "request" in f["step"] and "answers" not in f]
    by_hop = Counter((f.get("hop", 0), len(f.get("chain", (0, 0))) - 1, f["security"]["status"]) for f in altered)
    assert {hops for _, hops, _ in by_hop} == ({1, 2} if port == "lpdu" else {1})
    for (hop, hops, status), _ in by_hop.items():
        assert status == ("bad_digest" if max(hop, 1) == hops else "verified")


@pytest.mark.parametrize(("port", "name", "size"), [("lpdu", "omak", 12), ("cnip", "omak", 12), ("mep", "mak", 16)])
def test_default_keys(port: str, name: str, size: int, tmp_path: Path) -> None:
    """Two meters have keys of one byte; it is told at their first request."""
    path = simulated(tmp_path, port, "default_key")
    keys = {meter: bytes.fromhex(ring[name]) for meter, ring in key_ring(path).items()}
    weak = {meter for meter, key in keys.items() if len(set(key)) == 1}
    assert {keys[meter] for meter in weak} == {b"\xdf" * size, bytes(size)}
    first: dict[str, dict[str, Any]] = {}
    for f in sidecar(path)["frames"]:
        told = f["security"]["findings"] == ["weak_key"]
        assert told == (f["meter"] in weak and f["meter"] not in first)
        first.setdefault(f["meter"], f)
    judge = Judge(path, port)
    assert all(f["security"]["findings"] == wanted["findings"] for f, wanted in judge)


class Node:
    """The domain keys of a meter, as the wire changes them."""

    def __init__(self, ring: dict[str, str]) -> None:
        self.key = bytes.fromhex(ring["omak"])

    def change(self, command: bytes, answer: bytes) -> bool:
        """Follow an accepted change (osgp.md 2.9; en14908.md 6.2)."""
        if command[:2] == b"\x60\x0a" and answer == b"\x20\x0a":
            data = command[3:]
            self.key = bytes((a + b) % 256 for a, b in zip(self.key, data, strict=True)) if command[2] else data
        elif command[:2] == b"\x65\x00" and answer == b"\x25":
            added = command[2:].ljust(12, b"\0")
            self.key = bytes((a + b) % 256 for a, b in zip(self.key, added, strict=True))
        else:
            return False
        return True


@pytest.mark.parametrize("more", [[], ["--encrypt"]], ids=["plain", "encrypted"])
def test_management(more: list[str], tmp_path: Path) -> None:
    """Replies to challenges, and OSGP digests and ciphertext, under keys that follow every change."""
    path = simulated(tmp_path, "lpdu", ",".join(MANAGEMENT), *more)
    known = sidecar(path)["frames"]
    data = [frame.data for frame in Capture.open(str(path))]
    assert findings(known) == MANAGEMENT
    nodes = {label: Node(ring) for label, ring in key_ring(path).items()}
    neuron = {label: bytes.fromhex(ring["neuron_id"]) for label, ring in key_ring(path).items()}
    replies: Counter[tuple[str, int, bool]] = Counter()
    changes, refused, digests = [], 0, 0
    for f in known:
        lpdu = data[f["frame"] - 1]
        _, got = pdu(lpdu)
        kind = lpdu[1] >> 4 & 3
        if kind == 2 and got[0] >> 4 & 2:
            challenge = known[f["answers"] - 1]
            asked = data[challenge["answers"] - 1]
            place, message = pdu(asked)
            oma, form = bool(got[0] & 0x10), got[0] >> 6
            domain = b"OSGP01\x06"
            block = {
                1: domain + place[:1] + b"\xff",
                2: domain + bytes([place[0], place[1] & 0x7F]) if len(place) > 1 else b"",
                3: neuron[f["meter"]] + b"\xff" * 3,
            }[form]
            assert form == asked[1] >> 2 & 3
            key = nodes[f["meter"]].key[: 12 if oma else 6]
            right = (
                challenge_reply(key, pdu(data[challenge["frame"] - 1])[1][1:9], block * oma + message[1:]) == got[1:9]
            )
            assert f["reply_ok"] == right == (f["security"]["status"] == "verified")
            replies[f["step"].split(":")[0], form, right] += 1
        elif kind == 1 and "answers" in f and f["step"].startswith("key_change"):
            command = pdu(data[f["answers"] - 1])[1][1:]
            if nodes[f["meter"]].change(command, got[1:]):
                changes.append(f["frame"])
            refused += got[1:] == b"\x00\x0a"
        if "osgp.digest" in f["fields"]:
            text, digest = got[1:-8], got[-8:]
            meter = bytes(map(int, f["meter"].split("/")[1:]))
            request = pdu(data[f["answers"] - 1])[1][1:] if "answers" in f else b""
            asked_for = request[:-8]
            assert f.get("encrypted", False) == bool(more)
            if more:
                base = plc_base_key(nodes[f["meter"]].key)
                first, second = rc4(base, request[-8:] or digest, asked_for[1:] or text[1:], text[1:])
                asked_for, text = asked_for[:1] + first if request else b"", text[:1] + (second if request else first)
            length = bytes([len(text)]) if asked_for else b""
            assert oma_digest(nodes[f["meter"]].key, meter + asked_for + text + length) == digest
            assert f["security"].get("changed_in") == (changes[-1] if changes and changed(known, changes, f) else None)
            digests += 1
    assert len(changes) == 2 * 3
    assert refused == 3
    assert digests == 3 * 4 * 2
    assert replies["group_auth", 1, True] == replies["group_auth", 1, False] == 6
    assert replies["group_auth", 3, True] == replies["group_auth", 3, False] == 6
    assert replies["alternate_key", 2, True] == 3 * (3 + 2)
    assert replies["alternate_key", 2, False] == 3
    assert replies["key_change", 2, True] == 3 * 5


def changed(known: list[dict[str, Any]], changes: list[int], f: dict[str, Any]) -> bool:
    return bool(known[changes[-1] - 1]["meter"] == f["meter"])


def test_keys_toward_the_target(tmp_path: Path) -> None:
    """The agent's own key and the difference in the message give the key of the target, where the reply is right."""
    path = simulated(tmp_path, "lpdu", "alternate_key")
    known = sidecar(path)["frames"]
    data = [frame.data for frame in Capture.open(str(path))]
    keys = {meter.split("/", 1)[1]: bytes.fromhex(ring["omak"]) for meter, ring in key_ring(path).items()}
    seen: Counter[bool] = Counter()
    for f in known:
        apdu = pdu(data[f["frame"] - 1])[1][1:]
        if f.get("hop") != 1 or "answers" in f:
            continue
        assert apdu[:2] == b"\x4d\x00"
        assert apdu[2] & 3 == 2
        size = 12 if apdu[4] else 6
        agent, target = f["chain"][1], f["chain"][2]
        sums = bytes((a + b) % 256 for a, b in zip(keys[agent], apdu[5 : 5 + size], strict=False))
        right = keys[target].startswith(sums)
        reply = next(r for r in known[f["frame"] :] if r.get("hop") == 2 and "reply_ok" in r)
        assert reply["reply_ok"] == right
        seen[right] += 1
    assert seen == {True: 6, False: 3}


def test_writes_without_authentication(tmp_path: Path) -> None:
    """The commands, and the update of a variable, without the authentication bit; with it nothing is told."""
    path = simulated(tmp_path, "lpdu", "unauthenticated")
    told: Counter[tuple[int, int]] = Counter()
    for f, frame in zip(sidecar(path)["frames"], Capture.open(str(path)), strict=True):
        got = pdu(frame.data)[1]
        if "unauthenticated_write" in f.get("security", {}).get("findings", ()):
            told[got[1], got[0] >> 7] += 1
    assert told == {(code, 0): 3 for code in (0x66, 0x60, 0x6C, 0x6E, 0x82)}


def test_passwords_in_clear(tmp_path: Path) -> None:
    path = simulated(tmp_path, "optical", "session")
    secrets = {bytes.fromhex(ring["mk"]) for ring in key_ring(path).values()}
    told = 0
    for f, frame in zip(sidecar(path)["frames"], Capture.open(str(path)), strict=True):
        shown = any(secret in frame.data for secret in secrets)
        assert shown == ("password_in_clear" in f.get("security", {}).get("findings", ()))
        assert f.get("security", {}).get("status", "not_authenticated") == "not_authenticated"
        told += shown
    assert told == 3


def test_every_finding_has_a_scenario() -> None:
    shown = set().union(*ATTACKS.values(), *MANAGEMENT.values())
    assert shown | {"weak_key", "password_in_clear"} == set(FINDINGS)


@pytest.mark.parametrize("port", [*LON, "mep"])
def test_the_same_again_and_another_seed(port: str, tmp_path: Path) -> None:
    names = "tampered,failures,keystream,default_key" + (",key_change,group_auth,alternate_key" if port in LON else "")
    first, again, other = (simulated(tmp_path, port, names, "--seed", seed) for seed in ("3", "3", "4"))
    for suffix in (".pcapng", ".json", ".keys.toml"):
        made = [path.with_suffix(suffix).read_bytes() for path in (first, again, other)]
        assert made[0] == made[1] != made[2]
