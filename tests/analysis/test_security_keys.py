# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys: of a big ring that says of none whose it is, changed on the wire, and with times; bounded work."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osgp_analyzer.analysis.security import verdicts as verdicts_module
from osgp_analyzer.analysis.security.locks import FREE_TRIALS
from osgp_analyzer.analysis.security.opening import Opening
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.security.keyring import Key, KeyRing, Kind, Place
from osgp_analyzer.simulate import lon
from osgp_analyzer.simulate.checksums import lpdu_crc
from tests.analysis.secured import (
    LON,
    LPDU,
    PORTS,
    key_of,
    known,
    opened,
    ring_of,
    simulated,
    verdicts,
    written,
)

OWN = {"mep": Kind.MAK}


def nobodys(path: Path, count: int, kind: Kind) -> KeyRing:
    """A ring of so many keys, without places, the meters' own among them."""
    source = random.Random(count)
    own = [key for key in ring_of(path).keys if key.kind is kind and not key.name.endswith(" 2")]
    size = len(own[0].secret)
    made = [key_of(kind, source.randbytes(size), f"try {i}") for i in range(count - len(own))]
    made += [key_of(kind, key.secret.reveal(), key.name) for key in own]
    source.shuffle(made)
    return KeyRing(tuple(made))


@pytest.mark.parametrize("more", [[], ["--encrypt"]], ids=["plain", "encrypted"])
@pytest.mark.parametrize("port", PORTS)
def test_a_hundred_keys_that_belong_to_nobody(port: str, more: list[str]) -> None:
    """Each meter's is found with its first message, and remembered."""
    path = simulated(port, "daily,wrong_key", *more)
    found = verdicts(opened(path, nobodys(path, 100, OWN.get(port, Kind.OMAK))), 64)
    for i, f in enumerate(known(path)):
        assert found.status[i] == f["security"]["status"].replace("_", " "), f["step"]
        if found.status[i] == "verified":
            assert str(found.key[i]).startswith(f"meter {f['meter']} ")
            assert found.encrypted[i] == f["security"]["encrypted"]
            assert "good_under_other_key" not in found.remarks[i]


class Work:
    """Counts how many messages are tried with keys."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pairs = self.calls = 0
        for name in ("requests", "responses"):
            self._count(monkeypatch, name)

    def _count(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        original = getattr(Opening, name)

        def counted(opening: Opening, messages: Any, *arguments: Any, **more: Any) -> Any:
            self.pairs += len(messages)
            self.calls += 1
            return original(opening, messages, *arguments, **more)

        monkeypatch.setattr(Opening, name, counted)


@pytest.mark.parametrize("port", ["lpdu", "mep"])
def test_a_key_is_found_once(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first chunk no message is tried with all keys, and a key costs a few tries."""
    path = simulated(port, "daily,profiles,procedures,firmware")
    messages, work = len(known(path)), Work(monkeypatch)
    found = verdicts(opened(path, nobodys(path, 100, OWN.get(port, Kind.OMAK))), 64)
    assert set(found.status) == {"verified"}
    assert messages > 150
    assert work.pairs < 3 * (64 + FREE_TRIALS) * 100 * 2 + 4 * messages
    many = Work(monkeypatch)
    verdicts(opened(path, nobodys(path, 100, OWN.get(port, Kind.OMAK))), 4096)
    assert many.pairs < 3 * FREE_TRIALS * 100 * 4 + 4 * messages


def test_the_first_chunk_may_be_damaged(tmp_path: Path) -> None:
    """The search goes on with later messages, ever more rarely, and finds the keys."""
    path, cut = simulated("lpdu", "daily,on_demand,profiles,daily", "--encrypt"), tmp_path / "cut.pcapng"
    source = random.Random(8)
    with Capture.open(str(path)) as capture, PcapngWriter(cut) as writer:
        frames = list(capture)
        writer.add_interface(LPDU, fcs_length=2)
        for number, frame in enumerate(frames):
            data = frame.data
            if number < 120:
                body = bytearray(data[:-2])
                body[-1 - source.randrange(6)] ^= 1 << source.randrange(8)
                data = bytes(body) + lpdu_crc(bytes(body))
            writer.write(data, frame.time)
    found = verdicts(opened(cut, nobodys(path, 100, Kind.OMAK)), 64)
    assert len(frames) > 240
    assert "verified" not in found.status[:120]
    late = found.status[-100:]
    assert set(late) == {"verified"}
    for i, f in enumerate(known(path)[-100:], len(frames) - 100):
        assert str(found.key[i]).startswith(f"meter {f['meter']} ")


@pytest.mark.parametrize("hidden", [False, True])
def test_work_is_bounded(hidden: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """60,000 messages from as many addresses, 1000 keys, of which none fits: of each chunk a budget is tried."""
    source = random.Random(3)
    count, size = 60_000, 8192
    frames = []
    for number in range(count):
        address = lon.node(1 + number % 255, 1 + number // 255 % 127)
        start = source.randbytes(5) if hidden else b"\x30\0\x17"
        body = b"\0" + start + source.randbytes(12)
        domain = (number // (255 * 127)).to_bytes(1, "big")
        lpdu = lon.Lon(lon.SPDU, lon.node(1, 1), address, domain, body, lon.REQUEST, number % 16).lpdu()
        frames.append(lpdu + lpdu_crc(lpdu))
    path = written(tmp_path / "many.pcapng", LPDU, frames)
    ring = KeyRing(tuple(key_of(Kind.OMAK, source.randbytes(12), f"try {i}") for i in range(1000)))
    # What is tried would take a minute: here it fits nothing at once.
    tried: Counter[str] = Counter()

    def requests(opening: Opening, messages: Any, key: Any, encrypted: bool, address: Any = None) -> Any:
        tried["calls"] += 1
        tried["pairs"] += len(key)
        assert len(key) <= max(verdicts_module.PAIRS, size)
        return np.zeros(len(key), bool)

    monkeypatch.setattr(Opening, "requests", requests)
    found = verdicts(opened(path, ring), size)
    chunks = -(-count // size)
    assert 0 < tried["pairs"] <= chunks * 2 * 2 * verdicts_module.BUDGET
    assert tried["calls"] <= chunks * 2 * 4 * verdicts_module.BUDGET // verdicts_module.PAIRS + chunks * 8
    assert tried["pairs"] < count * len(ring.keys) / 10
    assert set(found.status) <= {"no key", "not authenticated"}


def test_one_meter_that_fits_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many messages of one meter are tried with all keys ever more rarely."""
    source = random.Random(5)
    frames = []
    for number in range(5000):
        body = b"\0\x30\0\x17" + source.randbytes(12)
        lpdu = lon.Lon(lon.SPDU, lon.node(1, 1), lon.node(1, 20), b"\7", body, lon.REQUEST, number % 16).lpdu()
        frames.append(lpdu + lpdu_crc(lpdu))
    ring = KeyRing(tuple(key_of(Kind.OMAK, source.randbytes(12), f"try {i}") for i in range(50)))
    work = Work(monkeypatch)
    found = verdicts(opened(written(tmp_path / "one.pcapng", LPDU, frames), ring), 500)
    assert set(found.status) == {"no key"}
    assert work.pairs <= (FREE_TRIALS + 7) * 2 * 50


# -- changes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [4096, 11])
@pytest.mark.parametrize("more", [[], ["--encrypt"]], ids=["plain", "encrypted"])
@pytest.mark.parametrize("port", LON)
def test_changes_are_followed(port: str, more: list[str], size: int) -> None:
    """Messages before and after a change, under the key that was in use then; a refused change changes nothing."""
    follow(simulated(port, "key_change,on_demand", *more), size)


@pytest.mark.parametrize("size", [4096, 50])
def test_changes_beside_keys_that_agents_made(size: int) -> None:
    """Keys with a delta are of some messages only: what is changed, and what the next delta is added to, is the key of
    the node; it stays known though there are many deltas."""
    follow(simulated("lpdu", "alternate_key,alternate_key,alternate_key,key_change,on_demand"), size)


def follow(path: Path, size: int) -> None:
    frames, found = known(path), verdicts(opened(path, ring_of(path)), size)
    seen: Counter[Any] = Counter()
    for i, f in enumerate(frames):
        security = f.get("security")
        if security is None:
            continue
        assert found.status[i] == security["status"].replace("_", " "), f["step"]
        if security["status"] == "verified":
            changed = security.get("changed_in")
            assert str(found.key[i]).endswith(f", changed in frame {changed}") == bool(changed)
            assert "old_key" not in found.remarks[i]
            seen["osgp.digest" in f["fields"], bool(changed)] += 1
    assert min(seen.values()) >= 3
    assert len(seen) == 4
    accepted = {f["security"]["changed_in"] for f in frames if "changed_in" in f.get("security", {})}
    assert {i + 1 for i, remarks in enumerate(found.remarks) if "key_changed" in remarks} == accepted
    assert len(accepted) == 6
    clear = [f["step"] for f, remarks in zip(frames, found.remarks, strict=True) if "key_in_clear" in remarks]
    assert clear
    assert all("OMA key, replaced" in step for step in clear)


def placed(path: Path, *kinds: Kind) -> list[Key]:
    return [key for key in ring_of(path).keys if key.kind in kinds and not key.name.endswith(" 2")]


def test_the_old_key_after_a_change(tmp_path: Path) -> None:
    """Messages from before the change, sent again after it: good under a key that is not in use any more."""
    path, again = simulated("lpdu", "key_change"), tmp_path / "again.pcapng"
    frames = known(path)
    early = [f for f in frames if "osgp.digest" in f["fields"] and not f["security"].get("changed_in")]
    assert len(early) == 2 * 3
    with Capture.open(str(path)) as capture, PcapngWriter(again) as writer:
        data = list(capture)
        writer.add_interface(LPDU, fcs_length=2)
        for frame in data:
            writer.write(frame.data, frame.time)
        last = data[-1].time or 0
        for number, f in enumerate(early, 1):
            writer.write(data[f["frame"] - 1].data, last + 3600 * 10**9 + number * 10**8)
    for size in (4096, 20):
        found = verdicts(opened(again, KeyRing(tuple(placed(path, Kind.OMAK)))), size)
        assert {i for i, remarks in enumerate(found.remarks) if "old_key" in remarks} == {
            len(data) + number for number in range(len(early))
        }
        assert set(found.status[-len(early) :]) == {"verified"}
        for i, f in enumerate(early, len(data)):
            assert found.key[i] == f"meter {f['meter']} omak 1"


def test_keys_with_times() -> None:
    """The history of a ring: each key holds from a time, or up to one."""
    path = simulated("lpdu", "daily", "--encrypt")
    frames = known(path)
    middle = frames[len(frames) // 2]["time"]
    own, other = placed(path, Kind.OMAK), random.Random(1)
    wrong = [key_of(Kind.OMAK, other.randbytes(12), f"{key.name} other", key.place) for key in own]

    def timed(keys: list[Key], **times: int) -> list[Key]:
        return [key_of(key.kind, key.secret.reveal(), key.name, key.place, **times) for key in keys]

    rings = {
        "whole": timed(own, since=frames[0]["time"], until=frames[-1]["time"] + 1),
        "early": timed(own, until=middle) + timed(wrong, since=middle),
        "late": timed(wrong, until=middle) + timed(own, since=middle),
        "none": timed(own, until=frames[0]["time"]),
    }
    for name, keys in rings.items():
        found = verdicts(opened(path, KeyRing(tuple(keys))), 50)
        for i, f in enumerate(frames):
            asked = frames[f["answers"] - 1] if "answers" in f else f
            if f["time"] >= middle > asked["time"]:
                continue  # a response is tried with the key of its request
            right = name == "whole" or (name != "none" and (f["time"] < middle) == (name == "early"))
            assert (found.status[i] == "verified") == right, (name, f["frame"])
            if right:
                assert str(found.key[i]).startswith(f"meter {f['meter']} ")
                assert not str(found.key[i]).endswith("other")
        assert name not in ("early", "late") or "bad digest" in found.status


def test_neuron_ids_groups_and_ports() -> None:
    """Keys by Neuron ID and by group fit replies, keys by port messages of this port only."""
    path = simulated("lpdu", "group_auth")
    frames = known(path)
    keys = ring_of(path).keys
    by_id = [key_of(k.kind, k.secret.reveal(), k.name, Place(neuron_id=k.place.neuron_id)) for k in keys]
    found = verdicts(opened(path, KeyRing(tuple(by_id))))
    to_id = [i for i, f in enumerate(frames) if "authpdu.reply" in f["fields"] and f["fields"]["authpdu.format"] == 3]
    assert len(to_id) == 12
    everywhere = verdicts(opened(path, ring_of(path)))
    for i in to_id:
        assert found.status[i] == everywhere.status[i] == frames[i]["security"]["status"].replace("_", " ")
    mep = simulated("mep", "daily")
    by_port = [
        key_of(k.kind, k.secret.reveal(), k.name, Place(port=k.place.port)) for k in ring_of(mep).keys
        if k.kind is Kind.MAK
    ]  # fmt: skip
    assert set(verdicts(opened(mep, KeyRing(tuple(by_port)))).status) == {"verified"}
    turned = [
        key_of(k.kind, k.secret.reveal(), k.name, other.place)
        for k, other in zip(by_port, by_port[1:] + by_port[:1], strict=True)
    ]
    wrong = verdicts(opened(mep, KeyRing(tuple(turned))))
    assert "verified" not in wrong.status
    assert any("good_under_other_key" in remarks for remarks in wrong.remarks)
