# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of published software: replies to challenges, a constant for a digest, TLS with a pre-shared key."""

from __future__ import annotations

import random
from typing import Any

import pytest

from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.security.keyring import KeyRing, Kind, Place
from tests.analysis.secured import column_values, key_of, opened, tracked, verdicts
from tests.conftest import CAPTURES, load
from tests.simulate.agreement import occurrences

# -- challenges -------------------------------------------------------------------------------------------------------

NATIVE = CAPTURES / "native_lpdu.pcap"
SIDECAR = load("sidecars/native_lpdu.json")
EVENTS = [event for event in SIDECAR["app_events"] if event["ev"] == "auth"]
KINDS = {12: Kind.DOMAIN_KEY, 24: Kind.OMA_KEY}
GIVEN = sorted({event["key"] for event in EVENTS})


def replies() -> list[tuple[dict[str, Any], dict[str, Any], bool]]:
    """Frames with replies, what their senders did, and whether who asked has the same key."""
    found = []
    for frame in SIDECAR["frames"]:
        if "reply" in frame:
            event = next(e for e in EVENTS if e["role"] == "prover" and e["computed_reply"] == frame["reply"])
            other = next(e for e in EVENTS if e["role"] == "verifier" and e["challenge"] == event["challenge"])
            found.append((frame, event, other["key"] == event["key"]))
    return found


def test_every_reply_has_its_event() -> None:
    assert len(replies()) == len(EVENTS) / 2 == 24
    assert sum(right for _, _, right in replies()) == 21
    assert len(GIVEN) == 4


@pytest.mark.parametrize("size", [4096, 10])
@pytest.mark.parametrize("backwards", [False, True])
def test_replies_with_keys_to_try(size: int, backwards: bool) -> None:
    """Right ones are verified with the key of who replied; wrong ones are bad for the key of who asked, which is known
    by then, and good under another."""
    keys = GIVEN[::-1] if backwards else GIVEN
    ring = KeyRing(
        tuple(key_of(KINDS[len(key)], bytes.fromhex(key), f"try {key[:2]}-{i}") for i, key in enumerate(keys))
    )
    names = {key: one.name for key, one in zip(keys, ring.keys, strict=True)}
    found = verdicts(opened(NATIVE, ring), size)
    for frame, event, right in replies():
        i = frame["frame"] - 1
        if right:
            assert (found.status[i], found.key[i]) == ("verified", names[event["key"]]), frame["frame"]
            assert not found.remarks[i] & {"bad_digest", "good_under_other_key"}
        else:
            assert found.status[i] == "bad digest", frame["frame"]
            assert found.key[i] != names[event["key"]]
            assert "good_under_other_key" in found.remarks[i]
    others = [status for i, status in enumerate(found.status) if not any(r[0]["frame"] == i + 1 for r in replies())]
    assert "verified" not in others
    assert "bad digest" not in others


@pytest.mark.parametrize("size", [4096, 10])
def test_replies_with_the_keys_of_domains(size: int) -> None:
    """As sections of domains give them: a message is bad where who replied has another key."""
    right = {len(event["key"]): event["key"] for event in EVENTS if event["role"] == "verifier"}
    ring = KeyRing(tuple(
        key_of(KINDS[length], bytes.fromhex(key), f"domain {domain} {KINDS[length]}", Place(bytes.fromhex(domain)))
        for domain in ("07", "8c0f1e") for length, key in right.items()
    ))  # fmt: skip
    session = opened(NATIVE, ring)
    found = verdicts(session, size)
    for frame, event, same in replies():
        expected = f"domain {frame['domain']['id']} {KINDS[len(event['key'])]}"
        i = frame["frame"] - 1
        status = "verified" if same else "bad digest"
        assert (found.status[i], found.key[i]) == (status, expected), frame["frame"]
        shown = session[i].security
        assert shown is not None
        assert (shown.as_json()["status"], shown.key) == (status, expected)


def test_keys_of_others_fit_no_reply() -> None:
    """Keys that are not related: of one that differs in a bit a reply may be the same, as bytes 7 to 12 of a key are
    used once only in a block, each bit in one step."""
    source = random.Random(4)
    keys = [
        key_of(kind, source.randbytes(size), f"{kind} {i}")
        for kind, size in ((Kind.DOMAIN_KEY, 6), (Kind.OMA_KEY, 12)) for i in range(200)
    ]  # fmt: skip
    found = verdicts(opened(NATIVE, KeyRing(tuple(keys))))
    assert "verified" not in found.status
    assert {found.status[frame["frame"] - 1] for frame, _, _ in replies()} == {"no key"}


def test_no_keys_no_verdict() -> None:
    found = verdicts(opened(NATIVE))
    assert {found.status[frame["frame"] - 1] for frame, _, _ in replies()} == {"no key"}
    challenged = [f["frame"] for f in SIDECAR["frames"] if f.get("auth") and f["pdu_type"] in ("TPDU", "SPDU")
                  and f["msg"] not in ("ACK", "RESPONSE")]  # fmt: skip
    assert {found.status[number - 1] for number in challenged} == {"challenged"}


# -- what is no digest ------------------------------------------------------------------------------------------------

CHOSEN = {"udp.port": dict.fromkeys(range(24010, 24012), "APDU")}


def test_a_constant_is_never_verified() -> None:
    """The digest of contic is one and the same in all messages: whatever keys there are, it fits none."""
    side = load("sidecars/osgp_contic.json")
    secrets = [bytes.fromhex(text) for text in side["keys_given_on_command_line"].values()]
    secrets += [bytes([byte]) * 12 for byte in range(256)]
    secrets += [bytes(range(start, start + 12)) for start in range(200)]
    ring = KeyRing(tuple(key_of(Kind.OMAK, secret, f"try {i}") for i, secret in enumerate(secrets)))
    session = opened(CAPTURES / "osgp_contic.pcap", ring, chosen=CHOSEN)
    found = verdicts(session)
    assert len(found.status) == len(side["frames"]) == 117
    whole = [i for i, f in enumerate(side["frames"]) if "apdu" in f and len(f["apdu"]) > 40]
    assert len(whole) > 30
    assert {found.status[i] for i in whole} == {"no key"}
    assert set(found.status) <= {"no key", "not authenticated", None}
    assert not any(found.encrypted)
    assert set(found.key) == {None}
    assert {chunk.opened for chunk in tracked(session)} == {None}


# -- TLS --------------------------------------------------------------------------------------------------------------

TLS, KNOWN = CAPTURES / "mep_tls_psk.pcapng", load("sidecars/mep_tls_psk.json")
PSK = bytes.fromhex(KNOWN["psk"])
DATA = [i for i, frame in enumerate(KNOWN["frames"]) if frame["plain"] is not None]


def fields(plain: str, request: str | None) -> dict[str, Any]:
    """What a message without sequence number and digest says, cut by hand (MEP guide p.8-12)."""
    data = bytes.fromhex(plain)
    if request is None:
        found: dict[str, Any] = {"osgp.service": data[0], "osgp.table": int.from_bytes(data[1:3], "big")}
        at = 3
        if data[0] in (0x3F, 0x4F):
            found["osgp.offset"], at = int.from_bytes(data[3:6], "big"), 6
        found["osgp.count"] = int.from_bytes(data[at : at + 2], "big")
        return found | ({"osgp.data": data[at + 2 :].hex()} if data[at + 2 :] else {})
    asked = fields(request, None)
    found = {"osgp.response": data[0], "osgp.request_table": asked["osgp.table"]}
    return found | ({"osgp.count": int.from_bytes(data[1:3], "big"), "osgp.data": data[3:].hex()} if data[1:] else {})


def wanted(i: int) -> dict[str, Any]:
    frame = KNOWN["frames"][i]
    request = KNOWN["frames"][i - 1]["plain"] if frame["direction"] == "response" else None
    return fields(frame["plain"], request)


@pytest.mark.parametrize(("kind", "size"), [(Kind.PSK, 4096), (Kind.PSK, 1), (Kind.MAK, 7), (Kind.MBK, 7)])
def test_tls_is_opened(kind: Kind, size: int) -> None:
    """Keys of the port are tried before those that may be anybody's. MAK and MBK are pre-shared keys too (p.18)."""
    wrong = key_of(Kind.PSK, bytes(16), "nobody's")
    ring = KeyRing((wrong, key_of(kind, PSK, "the key", Place(port="mep0"))))
    session = opened(TLS, ring)
    found, columns = verdicts(session, size), column_values(session, size)
    for i in DATA[::-1]:
        assert (found.status[i], found.key[i], found.encrypted[i]) == ("verified", "the key", True)
        shown = occurrences(session[i])
        for name, value in wanted(i).items():
            assert columns[i][name] == {str(value): 1}
            assert shown[name] == [value]
    assert len(DATA) == 12
    assert not any(found.encrypted[i] for i in range(len(found.status)) if i not in DATA)


@pytest.mark.parametrize("size", [4096, 7])
def test_a_wrong_psk(size: int) -> None:
    ring = KeyRing((key_of(Kind.PSK, PSK[:-1] + b"\0", "other"),))
    session = opened(TLS, ring)
    found, columns = verdicts(session, size), column_values(session, size)
    for i in DATA:
        assert (found.status[i], found.key[i], found.encrypted[i]) == ("bad digest", "other", False)
        assert not [name for name in columns[i] if name.startswith("osgp.") and name != "osgp.direction"]
        security = session[i].security
        assert security is not None
        assert security.as_json() == {"status": "bad digest", "key": "other", "encrypted": False}
        assert not [name for name in occurrences(session[i]) if name.startswith("osgp.") and name != "osgp.direction"]
    assert "verified" not in found.status
    assert all(chunk.opened is None for chunk in tracked(session))


def test_no_psk() -> None:
    found = verdicts(opened(TLS))
    assert {found.status[i] for i in DATA} == {"no key"}
    assert set(found.key) == {None}


def test_a_changed_record_and_what_follows_it(tmp_path: Any) -> None:
    """A bit flipped in a record: it is not opened, and those after it are."""
    for bit in (30, 60, 100):
        path = tmp_path / f"{bit}.pcapng"
        with Capture.open(str(TLS)) as capture, PcapngWriter(path) as writer:
            frames = list(capture)
            writer.add_interface(150, name="mep0")
            for number, frame in enumerate(frames):
                data = bytearray(frame.data)
                if number == DATA[4]:
                    data[-1 - bit // 8] ^= 1 << bit % 8
                writer.write(bytes(data), frame.time)
        found = verdicts(opened(path, KeyRing((key_of(Kind.PSK, PSK),))))
        assert (found.status[DATA[4]], found.encrypted[DATA[4]]) == ("bad digest", False)
        assert {found.status[i] for i in DATA if i != DATA[4]} == {"verified"}
