# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured inside a process: `python -m tests.bench.inside WHAT CAPTURE` prints it as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.measure import memory

FILTER = "npdu.src_node == 10 and apdu.code == 0x4d"
TIMES = 7
FIRST = 4
"""Frames of a session with a request and a response of each table that is read."""


def store(capture: str) -> dict[str, Any]:
    """All chunks of a store held in memory."""
    session, seconds = _indexed(capture)
    used = memory()
    return {
        "frames": len(session.store),
        "seconds": seconds,
        "anonymous": used["RssAnon"],
        "peak": used["VmHWM"],
    }


def filtering(capture: str) -> dict[str, Any]:
    """A filter, from its text to the masks of all chunks of a store that is there already."""
    from osgp_analyzer.filters.filter import Filter

    session, _ = _indexed(capture)
    taken, matches = [], 0
    for _ in range(TIMES):
        start = time.perf_counter()
        matches = Filter(FILTER).count(session.store)
        taken.append(time.perf_counter() - start)
    return {"frames": len(session.store), "matches": matches, "seconds": statistics.median(taken)}


def scapy(capture: str) -> dict[str, Any]:
    """PcapReader with our layers; imports are not counted."""
    from scapy.utils import PcapReader

    from dissectors.layers import register

    register()
    start, frames, layers = time.perf_counter(), 0, []
    with PcapReader(capture) as reader:
        for packet in reader:
            frames += 1
            layers = packet.layers()
    return {"frames": frames, "seconds": time.perf_counter() - start, "layers": [c.__name__ for c in layers]}


def pyshark(capture: str, script: str) -> dict[str, Any]:
    """FileCapture with tshark's JSON, which is its faster way; from the first packet on, so without tshark's start."""
    import pyshark

    start, frames, layers = 0.0, 0, []
    reader = pyshark.FileCapture(
        capture, keep_packets=False, use_json=True, custom_parameters=["-n", "-X", f"lua_script:{script}"]
    )
    for packet in reader:
        start = start or time.perf_counter()
        frames += 1
        layers = [layer.layer_name for layer in packet.layers]
    seconds = time.perf_counter() - start
    reader.close()
    return {"frames": frames, "seconds": seconds, "layers": layers}


def session(capture: str, frames: str) -> dict[str, Any]:
    """The first frames of a capture one by one, as the screen and `-T json` read them: responses with their requests
    and with what other tables say. What is loaded and found out for the first ones is not counted."""
    from osgp_analyzer.app.session import Session

    session, reads, start = Session.open(capture), 0, 0.0
    for index in range(int(frames) + FIRST):
        start = time.perf_counter() if index == FIRST else start
        names = [field.name for layer in session[index].layers for field in layer.values()]
        reads += index >= FIRST and "registers.forward_active_energy" in names
    return {"frames": int(frames), "reads": reads, "seconds": time.perf_counter() - start}


def judged(capture: str, keys: str) -> dict[str, Any]:
    """All frames in columns and paired, and the same with their messages judged and opened: processor time of each."""
    from osgp_analyzer.analysis.tracking import track
    from osgp_analyzer.app.session import Session, Settings
    from osgp_analyzer.security.keyring import KeyRing

    ring = KeyRing.read([keys])
    found: dict[str, Any] = {"columns": [], "judged": []}
    for _ in range(2):
        session, start = Session.open(capture), time.process_time()
        for _tracked in track(session.store, whole=False):
            pass
        found["columns"].append(time.process_time() - start)
        session, start = Session.open(capture, Settings(keys=ring)), time.process_time()
        verified = opened = 0
        for tracked in track(session.store, whole=False, guard=session.guard(conduct=False)):
            assert tracked.secured is not None
            verified += int((tracked.secured.status == 0).sum())
            opened += int(tracked.secured.encrypted.sum())
        found["judged"].append(time.process_time() - start)
    return found | {"frames": len(session), "verified": verified, "opened": opened}


def digests(_: str) -> dict[str, Any]:
    """OMA digests of messages of 40 bytes, each under its own key, at once and one by one in Python."""
    import numpy as np

    from dissectors.security import oma_digest
    from dissectors.security_columns import mix

    many, few, size = 200_000, 2_000, 40
    bytes_of = np.random.default_rng(1).integers(0, 256, (12 + size, many), np.uint8)
    keys, messages = np.ascontiguousarray(bytes_of[:12]), np.ascontiguousarray(bytes_of[12:])
    length = np.full(many, size)
    start = time.process_time()
    found = mix(messages, length, keys)
    bulk = (time.process_time() - start) / many
    pairs = [(keys[:, i].tobytes(), messages[:, i].tobytes()) for i in range(few)]
    start = time.process_time()
    alone = [oma_digest(key, message) for key, message in pairs]
    one = (time.process_time() - start) / few
    assert [found[:, i].tobytes() for i in range(few)] == alone
    return {"bulk": bulk, "alone": one}


def _indexed(capture: str) -> tuple[Any, float]:
    from osgp_analyzer.app.session import Session

    start = time.perf_counter()
    session = Session.open(capture)
    while session.store.advance():
        pass
    return session, time.perf_counter() - start


if __name__ == "__main__":
    measurements: dict[str, Callable[..., dict[str, Any]]]
    measurements = {"store": store, "filter": filtering, "scapy": scapy, "pyshark": pyshark, "session": session}
    measurements |= {"judged": judged, "digests": digests}
    print(json.dumps(measurements[sys.argv[1]](*sys.argv[2:])))
