# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged captures with the keys of their meters: nothing raises, nothing is opened that the senders did not say."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.security.keyring import KeyRing, Kind, Place
from osgp_analyzer.simulate.checksums import lpdu_crc
from tests.analysis.secured import (
    LPDU,
    MEP,
    PORTS,
    column_values,
    key_of,
    known,
    opened,
    ring_of,
    simulated,
    texts,
    tracked,
    verdicts,
    written,
)
from tests.conftest import CAPTURES

SCENARIOS = {
    "lpdu": "on_demand,tampered,alternate_key,key_change,group_auth",
    "cnip": "daily,keystream,authentication",
    "lonudp": "daily,failures,key_change",
    "mep": "on_demand,tampered,keystream,basic_key",
}


def damage(rng: random.Random, data: bytes) -> bytes:
    """Some bytes changed, cut off or put in."""
    made = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(made)) if made else 0
        match rng.randrange(4):
            case 0 if made:
                made[at] ^= 1 << rng.randrange(8)
            case 1 if made:
                made[at] = rng.randrange(256)
            case 2:
                del made[at:]
            case 3:
                made[at:at] = rng.randbytes(rng.randrange(1, 30))
    return bytes(made)


def damaged_capture(source: Path, path: Path, rng: random.Random) -> list[int | None]:
    """Write a capture with frames damaged, cut by the capture, dropped, doubled, and out of order, on interfaces with
    any names. Gives the frame that each one is as it was, None for one that is not."""
    with Capture.open(str(source)) as capture, PcapngWriter(path) as writer:
        frames, interfaces = list(capture), list(capture.interfaces)
        link = interfaces[0].link_type
        names = [one.name if rng.random() < 0.5 else rng.choice(("", "x" * 300, "mep1", "ä\u202e", None))
                 for one in interfaces]  # fmt: skip
        for name in names:
            writer.add_interface(link, name=name, fcs_length=2 if link == LPDU else None)
        order = [i for i in range(len(frames)) for _ in range(rng.choices((0, 1, 2), (2, 20, 1))[0])]
        for _ in range(len(order) // 20):
            at, to = rng.randrange(len(order)), rng.randrange(len(order))
            order.insert(to, order.pop(at))
        whole: list[int | None] = []
        for i in order:
            frame, data, length, same = frames[i], frames[i].data, None, True
            if rng.random() < 0.15:
                data, same = damage(rng, data) or b"\0", False
                if link == LPDU and rng.random() < 0.7:
                    data = data[:-2] + lpdu_crc(data[:-2])
            elif rng.random() < 0.05:
                length, data, same = len(data), data[: rng.randrange(1, len(data) + 1)], False
            writer.write(data, frame.time, frame.interface.index, length=length)
            whole.append(i if same else None)
    return whole


@pytest.mark.parametrize(("port", "seed"), [*((port, 0) for port in PORTS), ("lpdu", 1), ("mep", 1)])
def test_damaged_captures(port: str, seed: int, tmp_path: Path) -> None:
    path, rng = simulated(port, SCENARIOS[port], "--encrypt"), random.Random(f"{port} {seed}")
    made = tmp_path / "damaged.pcapng"
    whole, frames = damaged_capture(path, made, rng), known(path)
    session = opened(made, ring_of(path))
    found, columns = verdicts(session, rng.choice((50, 4096))), column_values(session)
    request = [one for chunk in tracked(session) for one in chunk.request.tolist()]
    right = 0
    for i, source in enumerate(whole):
        if not found.encrypted[i] or source is None:
            continue
        f = frames[source]
        assert f.get("encrypted"), f["step"]
        if "answers" in f and (request[i] < 0 or whole[request[i]] != f["answers"] - 1):
            continue  # out of order it may be read as the answer to another request
        for name, value in f["fields"].items():
            if name.startswith("osgp.") and not name.startswith("osgp.request_"):
                assert columns[i].get(name, texts([])) == texts(value), (i, name)
        right += 1
    assert right > 30
    for i in rng.sample(range(len(whole)), 40):
        security = session[i].security
        shown = security.as_json() if security is not None else {"status": None, "encrypted": False}
        if security is None or security.opened is None:
            assert not shown["encrypted"]
        else:
            assert shown["encrypted"]
            assert shown["status"] == "verified"
            assert security.key is not None


@pytest.mark.parametrize("seed", range(2))
def test_damaged_tls(seed: int, tmp_path: Path) -> None:
    rng, made = random.Random(seed), tmp_path / "damaged.pcapng"
    damaged_capture(CAPTURES / "mep_tls_psk.pcapng", made, rng)
    ring = KeyRing((key_of(Kind.PSK, b"MADE UP FOR TEST"), key_of(Kind.MAK, bytes(16), "other")))
    session = opened(made, ring)
    found = verdicts(session, 7)
    for i, hidden in enumerate(found.encrypted):
        assert not hidden or found.status[i] == "verified"
        assert session[i].frame.number == i + 1


ANY = st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=12)
NAMES = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY, st.sampled_from([LPDU, MEP]), NAMES)
def test_anything(tmp_path: Path, frames: list[bytes], link: int, name: str | None) -> None:
    """Frames of anything, with keys that may be anybody's and with those of the port: no message is genuine."""
    keys = [key_of(Kind.OMAK, bytes(12), "a"), key_of(Kind.MAK, bytes(range(16)), "b", Place(port=name or "x")),
            key_of(Kind.DOMAIN_KEY, bytes(6), "c"), key_of(Kind.PSK, bytes(16), "d")]  # fmt: skip
    session = opened(written(tmp_path / "any.pcapng", link, frames, name), KeyRing(tuple(keys)))
    for size in (4096, 2):
        assert not any(verdicts(session, size).encrypted)
    for decoded in session:
        assert decoded.security is None or decoded.security.opened is None


def test_noise_between_request_and_response(tmp_path: Path) -> None:
    """On a MEP port: what comes between them does not make another request of it, in chunks and frame by frame."""
    path = simulated("mep", "daily", "--encrypt")
    frames, rng = known(path), random.Random(2)
    data = {f["frame"]: opened(path).frame(f["frame"] - 1) for f in frames}
    meter = frames[0]["meter"]
    own = [f for f in frames if f["meter"] == meter]
    made: list[bytes] = []
    places = {}
    for f in own:
        if "answers" in f:
            made.append((20).to_bytes(2, "big") + rng.randbytes(20))
        places[len(made)] = f
        made.append(data[f["frame"]].data)
    name = data[own[0]["frame"]].interface.name
    session = opened(written(tmp_path / "noise.pcapng", MEP, made, name), ring_of(path))
    for size in (4096, 3):
        found, columns = verdicts(session, size), column_values(session, size)
        for i, f in places.items():
            assert (found.status[i], found.encrypted[i]) == ("verified", True)
            if "osgp.data" in f["fields"]:
                assert columns[i]["osgp.data"] == texts(f["fields"]["osgp.data"])
                assert session[i].values["osgp.data"].hex() == f["fields"]["osgp.data"]
    assert len(places) > 20
