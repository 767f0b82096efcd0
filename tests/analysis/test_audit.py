# SPDX-License-Identifier: GPL-2.0-or-later
"""What an audit counts for each meter, against what the simulator's senders knew; what meters are called."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osgp_analyzer.analysis.meter_names import NO_METER, MeterNames, label, whose
from osgp_analyzer.analysis.meters import (
    BY_END,
    NOBODY,
    address_number,
    group_numbers,
    neuron_number,
    packed_bytes,
    port_number,
)
from osgp_analyzer.analysis.security.audit import MOST_FRAMES, Audit
from osgp_analyzer.analysis.security.remarks import REMARKS
from osgp_analyzer.analysis.security.report import Meter, Report, said
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.app.audit import audit
from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.capture import Capture, Interface, PcapngWriter
from osgp_analyzer.cli.main import main
from osgp_analyzer.schema import Severity
from osgp_analyzer.security.keyring import EMPTY, Key, KeyRing, Kind, Place, Secret
from tests.simulate.agreement import sidecar

CODES = ("good_under_other_key", "good_for_other_address", "good_without_length")
"""Findings of the same meaning in sidecars. There a bad digest is one that none of these explains."""
STATUSES = ("verified", "bad digest")


def simulated(folder: Path, port: str, scenarios: str, *more: str) -> Path:
    path = folder / "simulated.pcapng"
    command = ["simulate", "--port", port, "--scenario", scenarios, "--meters", "3", "--repeaters", "0"]
    assert main([*command, *more, "-o", str(path)]) == 0
    return path


def ring_of(path: Path) -> KeyRing:
    return KeyRing.read([path.with_suffix(".keys.toml")], shared=True)


def report_of(path: Path, ring: KeyRing | None = None, filter_text: str | None = None) -> Report:
    settings = Settings(keys=ring if ring is not None else ring_of(path))
    return audit(Session.open(str(path), settings), filter_text)


def known(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The messages of each meter that the sidecar judges."""
    found: dict[str, list[dict[str, Any]]] = {}
    for frame in sidecar(path)["frames"]:
        if "security" in frame and "meter" in frame:
            found.setdefault(frame["meter"], []).append(frame)
    return found


@pytest.mark.parametrize(
    ("port", "scenarios", "more"),
    [
        ("lpdu", "tampered,failures", []),
        ("lpdu", "tampered,wrong_key", ["--encrypt"]),
        ("lpdu", "other_key", ["--encrypt"]),
        ("lpdu", "other_address,default_key", []),
        ("lpdu", "no_length", []),
        ("cnip", "other_key,wrong_key", []),
        ("lonudp", "no_length,daily", []),
        ("mep", "other_key,wrong_key,default_key", []),
        ("mep", "daily", ["--encrypt"]),
    ],
)
def test_counts_are_those_of_the_senders(port: str, scenarios: str, more: list[str], tmp_path: Path) -> None:
    path = simulated(tmp_path, port, scenarios, *more)
    report, truth = report_of(path), known(path)
    assert {meter.label for meter in report.meters} == truth.keys()
    codes: Counter[str] = Counter()
    for meter in report.meters:
        frames = truth[meter.label]
        status = Counter(frame["security"]["status"].replace("_", " ") for frame in frames)
        assert [meter.messages[name] for name in STATUSES] == [status[name] for name in STATUSES]
        assert meter.messages["no key"] == 0
        right = [frame for frame in frames if frame["security"]["status"] == "verified"]
        assert meter.encrypted == sum(frame["security"]["encrypted"] for frame in right)
        assert sum(meter.keys.values()) == len(right)
        findings = {finding.remark.code: finding for finding in meter.findings}
        evidence = {code: [f for f in frames if code in f["security"]["findings"]] for code in CODES}
        evidence["bad_digest"] = [f for f in frames if "bad_digest" in f["security"]["findings"]]
        for code, hits in evidence.items():
            codes[code] += len(hits)
            if not hits:
                assert code not in findings
                continue
            found = findings[code]
            assert found.frames == [f["frame"] for f in hits][:MOST_FRAMES]
            assert (found.count, found.first, found.last) == (len(hits), hits[0]["time"], hits[-1]["time"])
    for scenario, code in zip(("other_key", "other_address", "no_length"), CODES, strict=True):
        assert (codes[code] > 0) == (scenario in scenarios)
    totals = [sum(meter.messages[name] for meter in report.meters) for name in report.messages]
    assert list(report.messages.values()) == totals
    assert report.in_capture == report.frames == len(sidecar(path)["frames"])


def test_keys_are_named(tmp_path: Path) -> None:
    """Used ones with what they verified, as the senders used them, and those that fit nothing."""
    path = simulated(tmp_path, "mep", "daily,basic_key")
    keys = report_of(path).keys
    used = Counter(f"meter {f['meter']} {f['security']['key']}" for frames in known(path).values() for f in frames)
    assert keys.used == used
    assert {name.split()[-1] for name in used} == {"mak", "mbk"}
    given = {key.name for key in ring_of(path).keys}
    other = {name for name in given if name.rsplit(" ", 1)[-1] in ("mk", "pk", "rk")}
    assert set(keys.unused) == given - used.keys() - other
    assert keys.untried == {"mk": 3, "pk": 3, "rk": 3}
    assert keys.given == len(ring_of(path).keys)


@pytest.mark.parametrize("size", [7, 50])
def test_chunks_make_no_difference(size: int, tmp_path: Path) -> None:
    path = simulated(tmp_path, "lpdu", "wrong_key,failures,failures,no_length")
    ring = ring_of(path)
    session = Session.open(str(path), Settings(keys=ring))
    found = Audit(ring)
    for tracked in track(session.store, size, whole=False, guard=session.guard()):
        found.take(tracked, np.ones(tracked.chunk.stop - tracked.chunk.start, bool))
    counts = [[(f.remark.code, f.count) for f in meter.findings] for meter in found.report().meters]
    assert max(count for one in counts for _, count in one) > MOST_FRAMES
    assert found.report() == report_of(path)


def test_unjudged_chunks_are_refused(tmp_path: Path) -> None:
    session = Session.open(str(simulated(tmp_path, "mep", "daily")))
    tracked = next(track(session.store))
    with pytest.raises(ValueError, match="not judged"):
        Audit().take(tracked, np.ones(tracked.chunk.stop, bool))


def test_without_keys(tmp_path: Path) -> None:
    """What would need them is said; nothing is called genuine."""
    path = simulated(tmp_path, "mep", "daily,wrong_key")
    report = report_of(path, EMPTY)
    assert report.messages["verified"] == report.messages["bad digest"] == report.encrypted == 0
    assert report.messages["no key"] == sum(map(len, known(path).values()))
    (reason,) = report.unjudged
    assert (reason.code, reason.count) == ("no_keys", report.messages["no key"])
    assert "--keys" in reason.advice
    some = KeyRing(tuple(key for key in ring_of(path).keys if key.name.startswith("meter 4f5347503031/1/20 ")))
    judged = report_of(path, some)
    (reason,) = judged.unjudged
    assert (reason.code, reason.count) == ("no_key", judged.messages["no key"])
    assert {m.label: m.messages["no key"] for m in judged.meters if m.label.startswith("4f")} == {
        "4f5347503031/1/20": 0
    }


def test_frames_that_are_cut_cannot_be_judged(tmp_path: Path) -> None:
    path, cut = simulated(tmp_path, "mep", "daily"), tmp_path / "cut.pcapng"
    with Capture.open(str(path)) as capture, PcapngWriter(cut) as writer:
        frames = list(capture)
        for interface in capture.interfaces:
            writer.add_interface(interface)
        for number, frame in enumerate(frames):
            data = frame.data[:-1] if number % 5 == 0 else frame.data
            writer.write(data, frame.time, frame.interface.index, length=frame.length)
    report = report_of(cut, ring_of(path))
    assert [(one.code, one.count) for one in report.unjudged if one.code == "cut"] == [("cut", -(-len(frames) // 5))]


def test_a_filter_chooses_what_is_reported(tmp_path: Path) -> None:
    """A response is verified with its request, though that is not reported."""
    path = simulated(tmp_path, "lpdu", "daily,wrong_key")
    report = report_of(path, filter_text="spdu.type == RESPONSE")
    frames = [f for f in sidecar(path)["frames"] if f["fields"].get("spdu.type") == 2]
    assert (report.frames, report.in_capture) == (len(frames), len(sidecar(path)["frames"]))
    right = sum(f["security"]["status"] == "verified" for f in frames)
    assert report.messages["verified"] == right > 0


# -- names ------------------------------------------------------------------------------------------------------------

DOMAIN, NEURON_ID = bytes.fromhex("4f5347"), bytes.fromhex("0500e5000001")
PORTS = [Interface(0, 150, name="main street"), Interface(1, 150)]


def test_labels() -> None:
    domain = packed_bytes(DOMAIN)
    group = int(group_numbers(np.array([domain]), np.array([200]))[0])
    for meter, text in (
        (address_number(DOMAIN, 1, 20), "4f5347/1/20"),
        (address_number(DOMAIN, 255, 127), "4f5347/255/127"),
        (neuron_number(NEURON_ID), "05:00:e5:00:00:01"),
        (group, "4f5347/group 200"),
        (port_number(0), "main street"),
        (port_number(1), "interface 1"),
        ((192 << 24 | 2 << 8 | 10) << 16 | 1628 | BY_END, "192.0.2.10:1628"),
        (NOBODY, NO_METER),
    ):
        assert label(meter, domain, PORTS) == text
    assert label(address_number(b"", 1, 20), packed_bytes(b""), PORTS) == "-/1/20"


def key(place: Place, name: str = "m mak") -> Key:
    return Key(name, Kind.MAK, Secret(bytes(range(16))), place)


def ids(names: MeterNames, *meters: int) -> list[int]:
    domain = np.full(len(meters), packed_bytes(DOMAIN))
    return [int(one) for one in names.ids(np.array(meters, np.int64), domain, PORTS)]


def test_the_ring_tells_that_numbers_are_of_one_meter() -> None:
    numbers = neuron_number(NEURON_ID), address_number(DOMAIN, 1, 20), port_number(0)
    names = MeterNames(KeyRing((key(Place(DOMAIN, 1, 20, NEURON_ID, port="main street")),)))
    first, *rest, other = ids(names, *numbers, port_number(1))
    assert set(rest) == {first} != {other}
    assert sorted(names.labels) == ["4f5347/1/20", "interface 1"]
    names = MeterNames(EMPTY)
    assert len(set(ids(names, *numbers))) == 3
    # Two meters at one port: it is neither's.
    others = Place(DOMAIN, 1, 21, port="main street"), Place(DOMAIN, 1, 20, port="main street")
    names = MeterNames(KeyRing(tuple(key(place, str(n)) for n, place in enumerate(others))))
    assert len(set(ids(names, port_number(0), address_number(DOMAIN, 1, 20), address_number(DOMAIN, 1, 21)))) == 3
    assert "main street" in names.labels


@pytest.mark.parametrize(("port", "scenarios"), [("lpdu", "commissioning,group_auth,chains"), ("lonudp", "daily")])
def test_meters_are_called_as_in_sidecars(port: str, scenarios: str, tmp_path: Path) -> None:
    """Also those that are addressed by Neuron ID, and through repeaters."""
    path = simulated(tmp_path, port, scenarios)
    report = report_of(path)
    right = {name: sum(f["security"]["status"] == "verified" for f in frames) for name, frames in known(path).items()}
    assert {m.label: m.messages["verified"] for m in report.meters if m.messages["verified"]} == right
    assert {name.partition("/")[0] for name in right} == {"4f" if port == "lonudp" else "4f5347503031"}


@pytest.mark.parametrize(
    ("port", "scenarios"),
    [("lpdu", "commissioning,authentication,group_auth,unauthenticated,chains,lossy"), ("mep", "daily,alerts")],
)
def test_every_frame_is_somebodys(port: str, scenarios: str, tmp_path: Path) -> None:
    """Challenges and acknowledgements are the sender's, whether or not there is anything to say of them."""
    path = simulated(tmp_path, port, scenarios)
    session = Session.open(str(path))
    names, wrong, told = MeterNames(ring_of(path)), [], 0
    (tracked,) = track(session.store)
    chunk = tracked.chunk
    domain = chunk.columns["npdu.domain"].astype(np.int64)
    numbers = names.ids(whose(tracked), domain, chunk.capture.interfaces).tolist()
    for frame, number in zip(sidecar(path)["frames"], numbers, strict=True):
        if "meter" not in frame:
            continue
        told += 1
        if names.labels[number] != frame["meter"]:
            wrong.append((frame["frame"], frame["step"], names.labels[number], frame["meter"]))
    assert told > 90
    # A new meter has no address: neither its service pin message nor what is asked of all names it.
    assert {step for _, step, *_ in wrong} == {
        f"commissioning: {what} of 1/{node}" if what == "service pin" else f"commissioning: {what}, 1/{node}"
        for what in ("service pin", "query ID")
        for node in (20, 21, 22)
        if port == "lpdu"
    }
    assert {got for *_, got, _ in wrong} <= {NO_METER}


# -- reports ----------------------------------------------------------------------------------------------------------


def test_worst_first_and_severities(tmp_path: Path) -> None:
    report = report_of(simulated(tmp_path, "lpdu", "commissioning,other_key"))
    order = list(reversed(Severity))

    def gravity(meter: Meter) -> list[int]:
        return [-meter.frames(severity) for severity in order]

    assert [gravity(meter) for meter in report.meters] == sorted(gravity(meter) for meter in report.meters)
    assert report.worst is Severity.ERROR
    seen = {finding.remark.severity for meter in report.meters for finding in meter.findings}
    assert {Severity.ERROR, Severity.CHAT} <= seen
    for severity in Severity:
        shown = report.at_least(severity)
        left = {finding.remark.severity for meter in shown.meters for finding in meter.findings}
        assert left == seen & set(order[: order.index(severity) + 1])
        assert shown.messages == report.messages
    remarks = [order.index(remark.severity) for remark, _ in report.by_remark()]
    assert remarks == sorted(remarks)


def test_every_remark_is_a_sentence() -> None:
    for remark in REMARKS:
        for name in (None, "meter Main street 4 omak"):
            text = said(remark, name)
            assert "{" not in text
            assert text[0] == text[0].upper()
            assert text.endswith(".")
            assert remark.advice.endswith(".")
