# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of the messages of simulated captures, against what their senders knew: all scenarios of all ports."""

from __future__ import annotations

import random
from typing import Any

import pytest

from osgp_analyzer.security.keyring import EMPTY, KeyRing, Kind
from osgp_analyzer.simulate.scenarios.catalogue import playable
from tests.analysis.secured import (
    LON,
    PORTS,
    Verdicts,
    column_values,
    known,
    opened,
    ring_of,
    simulated,
    texts,
    verdicts,
)
from tests.simulate.agreement import disagreements, occurrences

CASES = [(port, "5", *more) for port in PORTS for more in ((), ("--encrypt",))]
CASES += [("lpdu", "2", "--encrypt"), ("mep", "6", "--encrypt")]
ENCRYPTED = [(port, "5", "--encrypt") for port in PORTS]
TOLD = {
    "sequence_reused", "sequence_back", "sequence_far", "replayed", "failures_in_a_row", "unauthenticated_write",
    "password_in_clear",
}  # fmt: skip
"""Findings that both have at the same frames."""
REASONS = {"bad_digest", "good_under_other_key", "good_for_other_address", "good_without_length"}
"""Those of a message with a bad digest. The search for a reason may be given up: then it is the first."""
SHORT = {
    "lpdu": "commissioning,tampered,keystream,key_change",
    "mep": "tampered,keystream,basic_key",
}
PRIVATE = {
    port: ",".join(
        scenario.name for scenario in playable(port) if scenario.name not in ("key_change", "default_key")
    )
    for port in PORTS
}  # fmt: skip
"""Scenarios in which no key is sent in clear and none is easy to guess."""


def capture(port: str, seed: str, *more: str) -> Any:
    return simulated(port, "all", "--seed", seed, *more)


def place(frame: dict[str, Any]) -> str:
    return f"frame {frame['frame']}, {frame['step']}"


def keystreams(frames: list[dict[str, Any]]) -> set[int]:
    """Frames with another answer to an encrypted request than those that were heard before. The meter's own account
    has answers that were lost, and counts an answer that is sent once more."""
    heard: dict[str, set[str]] = {}
    found = set()
    for f in frames:
        if "osgp.response" in f["fields"] and f["security"]["encrypted"] and f["security"]["status"] == "verified":
            before = heard.setdefault(frames[f["answers"] - 1]["fields"]["osgp.digest"], set())
            if before and f["fields"]["osgp.digest"] not in before:
                found.add(f["frame"])
            before.add(f["fields"]["osgp.digest"])
    return found


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_verdicts_and_findings(case: tuple[str, ...]) -> None:
    path = capture(*case)
    found, frames = verdicts(opened(path, ring_of(path))), known(path)
    reused = keystreams(frames)
    counts = dict.fromkeys(("verified", "bad_digest", "not_authenticated", "encrypted", "changed"), 0)
    for i, f in enumerate(frames):
        if "security" not in f:  # a request that is challenged, or no message
            assert found.status[i] in (None, "challenged"), place(f)
            continue
        security, remarks = f["security"], found.remarks[i]
        assert found.status[i] == security["status"].replace("_", " "), place(f)
        counts[security["status"]] += 1
        if security["status"] == "verified":
            assert found.encrypted[i] == security["encrypted"], place(f)
            assert_key(f, found.key[i])
            counts["encrypted"] += security["encrypted"]
            counts["changed"] += "changed_in" in security
        elif security["status"] == "bad_digest":
            assert f["meter"] in str(found.key[i]), place(f)
            assert not found.encrypted[i]
        assert remarks & TOLD == TOLD & set(security["findings"]), place(f)
        assert ("keystream_reused" in remarks) == (f["frame"] in reused), place(f)
        assert "weak_key" in remarks or "weak_key" not in security["findings"], place(f)
        reasons = set(security["findings"]) & REASONS
        assert remarks & REASONS in (reasons, {"bad_digest"} if reasons else reasons), place(f)
        assert "old_key" not in remarks, place(f)
    assert min(counts["verified"], counts["bad_digest"]) > 30
    assert (counts["encrypted"] > 200) == ("--encrypt" in case)
    assert (counts["changed"] > 10) == (case[0] != "mep")
    told = {code for f in frames for code in f.get("security", {}).get("findings", ())}
    assert told - REASONS <= set().union(*found.remarks)


@pytest.mark.parametrize("more", [[], ["--encrypt"]], ids=["plain", "encrypted"])
@pytest.mark.parametrize(
    ("port", "scenario", "reason"),
    [
        *((port, "other_key", "good_under_other_key") for port in PORTS),
        *((port, "other_address", "good_for_other_address") for port in LON),
        *((port, "no_length", "good_without_length") for port in LON),
    ],
)
def test_reasons_are_found(port: str, scenario: str, reason: str, more: list[str]) -> None:
    """Each of them, where a meter has not had many bad messages before."""
    path = simulated(port, scenario, *more)
    found = verdicts(opened(path, ring_of(path)))
    wanted = [set(f["security"]["findings"]) & REASONS for f in known(path)]
    assert [remarks & REASONS for remarks in found.remarks] == wanted
    assert {reason} in wanted


def assert_key(f: dict[str, Any], name: str | None) -> None:
    """The name of a key is of the meter whose it is, and says in which frame it was changed."""
    assert name is not None
    start = f"meter {f['meter']} "
    assert name.startswith(start), place(f)
    kind, _, change = name[len(start) :].partition(",")
    own = f["security"]["key"]
    kinds = {"domain_key": "domain_key 1", "mak": "mak", "mbk": "mbk"}
    if own in ("omak", "first_omak"):
        number = 1 if own == "omak" else 2
        kinds[own] = f"omak {number}" if "osgp.digest" in f["fields"] else f"oma_key {number}"
    assert kind == kinds[own], place(f)
    changed = f["security"].get("changed_in")
    assert change.endswith(f" changed in frame {changed}") if changed else change == "", place(f)


@pytest.mark.parametrize("size", [64, 7])
@pytest.mark.parametrize("more", [(), ("--encrypt",)], ids=["plain", "encrypted"])
@pytest.mark.parametrize("port", ["lpdu", "mep"])
def test_chunks_make_no_difference(port: str, more: tuple[str, ...], size: int) -> None:
    """7 frames are fewer than one exchange with a challenge has, over a border or two."""
    path = capture(port, "5", *more) if size == 64 else simulated(port, SHORT[port], "--repeaters", "1", *more)
    ring = ring_of(path)
    first, *others = [verdicts(opened(path, ring), one) for one in (65_536, size)]
    for other in others:
        assert other.status == first.status
        assert without_reasons(other) == without_reasons(first)
        assert own_keys(other) == own_keys(first)
        for one, two in zip(first.remarks, other.remarks, strict=True):
            assert one == two or "bad_digest" in (one ^ two) <= REASONS


def without_reasons(found: Verdicts) -> list[set[str]]:
    return [remarks - REASONS for remarks in found.remarks]


def own_keys(found: Verdicts) -> list[tuple[str | None, bool]]:
    """Keys that verify, and what they open."""
    return [
        (key if status == "verified" else None, hidden)
        for status, key, hidden in zip(found.status, found.key, found.encrypted, strict=True)
    ]


# -- what messages say ------------------------------------------------------------------------------------------------


def told_values(frames: list[dict[str, Any]], f: dict[str, Any]) -> dict[str, Any]:
    """All that the sender knew of a frame: fields, and values of tables."""
    values: dict[str, Any] = frames[f.get("carries", f["frame"]) - 1].get("values", {})
    return values | f["fields"]


def readable(f: dict[str, Any], frames: list[dict[str, Any]]) -> bool:
    """Whether all of a message can be read: an encrypted one whose digest is bad is not opened, and the meter's answer
    to it in clear is not that of a request that is known."""
    asked = frames[f["answers"] - 1] if "answers" in f else f
    return all(one.get("security", {}).get("status") != "bad_digest" or not one.get("encrypted") for one in (f, asked))


@pytest.mark.parametrize("case", ENCRYPTED, ids=" ".join)
def test_every_value_in_columns(case: tuple[str, ...]) -> None:
    path = capture(*case)
    frames, found = known(path), column_values(opened(path, ring_of(path)), 700)
    compared = hidden = 0
    for f, got in zip(frames, found, strict=True):
        if not readable(f, frames):
            assert not f.get("encrypted") or got.get("osgp.table") != texts(f["fields"].get("osgp.table")), place(f)
            continue
        hidden += bool(f.get("encrypted"))
        for name, value in told_values(frames, f).items():
            if value == []:
                continue
            assert got.get(name) == texts(value), (place(f), name)
            compared += 1
    assert hidden > 400
    assert compared > 9000


@pytest.mark.parametrize("case", ENCRYPTED, ids=" ".join)
def test_every_value_frame_by_frame(case: tuple[str, ...]) -> None:
    """In any order: a message is opened with what all frames before it have shown."""
    path = capture(*case)
    frames, session = known(path), opened(path, ring_of(path))
    rng = random.Random(case[0])
    compared = hidden = 0
    for i in rng.sample(range(len(frames)), 80):
        f, decoded = frames[i], session[i]
        if not readable(f, frames):
            continue
        got = occurrences(decoded)
        for name, value in told_values(frames, f).items():
            assert got.get(name) == (value if isinstance(value, list) else [value]), (place(f), name)
            compared += 1
        if "security" in f:
            assert decoded.security is not None
            shown = decoded.security.as_json()
            assert shown["status"] == f["security"]["status"].replace("_", " "), place(f)
            assert shown["encrypted"] == (f["security"]["encrypted"] and shown["status"] == "verified"), place(f)
            hidden += shown["encrypted"]
        assert "osgp.response" not in f["fields"] or decoded.request == f["answers"], place(f)
    assert compared > 600
    assert hidden > 20


@pytest.mark.parametrize(("port", "kind"), [*((port, "none") for port in PORTS), ("lpdu", "others"), ("mep", "others")])
def test_nothing_is_readable_without_the_keys(port: str, kind: str) -> None:
    """Neither without keys nor with those of meters that are not in the capture. By chance a message may look like one
    in clear: then it says something else."""
    path = simulated(port, PRIVATE[port], "--seed", "5", "--encrypt")
    ring = ring_of(simulated(port, "daily", "--seed", "99")) if kind == "others" else EMPTY
    frames, session = known(path), opened(path, ring)
    judged = verdicts(session)
    assert not any(judged.encrypted)
    assert "verified" not in judged.status
    columns = column_values(session)
    seen = by_chance = 0
    for i, f in enumerate(frames):
        if not f.get("encrypted"):
            continue
        seen += 1
        got = columns[i]
        inside = {name for name in got if name.startswith("osgp.") and name not in ("osgp.digest", "osgp.direction")}
        by_chance += bool(inside)
        for name in ("osgp.table", "osgp.sequence", "osgp.data"):
            assert name not in f["fields"] or got.get(name) != texts(f["fields"][name]), place(f)
        assert not got.keys() & frames[f.get("carries", i + 1) - 1].get("values", {}).keys(), place(f)
    assert seen > 400
    assert by_chance < seen / 8
    rng = random.Random(port)
    for i in rng.sample([i for i, f in enumerate(frames) if f.get("encrypted")], 40):
        if not [name for name in columns[i] if name in ("osgp.table", "osgp.response")]:
            assert not {name for name in occurrences(session[i]) if name.startswith("osgp.")} - {
                *("osgp.digest", "osgp.direction")
            }


def test_what_is_clear_is_read_with_keys_as_without() -> None:
    """Keys take nothing away: every value of a capture in clear, with its keys."""
    path = simulated("lpdu", "daily,procedures,commissioning,key_change")
    compared, wrong = disagreements(path, decoded=opened(path, ring_of(path)))
    assert wrong == []
    assert compared > 2000


def test_keys_of_other_kinds_fit_nothing() -> None:
    path = simulated("mep", "daily")
    ring = ring_of(path)
    others = KeyRing(tuple(key for key in ring.keys if key.kind not in (Kind.MAK, Kind.MBK)))
    found = verdicts(opened(path, others))
    assert set(found.status) == {"no key"}
