# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of all scenarios on every port are read as the simulator wrote them, by both engines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dissectors.answering import MAX_WAIT_NS
from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.app.decode import Decoded
from osgp_analyzer.capture import Capture
from osgp_analyzer.cli.main import main
from osgp_analyzer.store import FrameStore
from tests.analysis.test_tracking import compare
from tests.simulate.agreement import disagreements, occurrences, sidecar, wanted

LON = ["lpdu", "cnip", "lonudp"]
PORTS = [*LON, "mep", "optical"]
ENCRYPTED = [f"{port} --encrypt" for port in (*LON, "mep")]
CHUNK = 700
"""Frames, so that messages go over the borders of chunks."""
CRC = {"lpdu": 2, "cnip": 2}
"""Bytes behind the message."""

IN_PARTS = {
    "et03.partial_field": {"daily"},
    "et04.partial_field": {"daily"},
    "et11.partial_field": {"transactions"},
    "registers.partial_field": {
        *("daily", "sequence", "wrong_key", "replay", "encrypted", "lossy", "chains", "session"),
        *("tampered", "other_key", "other_address", "no_length", "sequence_trouble", "failures", "key_change"),
    },
    "registers.demand.partial_field": {"daily", "session"},
}
"""What there is to be remarked, and in which scenarios: parts of tables that end inside a field."""


@dataclass
class Read:
    """A capture and what was known of it, and its frames as the Scapy engine reads them; the columns have the same."""

    port: str
    path: Path
    known: list[dict[str, Any]]
    decoded: list[Decoded]

    def plain(self) -> list[tuple[dict[str, Any], Decoded]]:
        """The frames that are not encrypted."""
        return [(f, d) for f, d in zip(self.known, self.decoded, strict=True) if not f.get("encrypted")]


@pytest.fixture(scope="module", params=[*PORTS, *ENCRYPTED])
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("agreement") / "all.pcapng"
    arguments = ["simulate", "--port", *request.param.split(), "--scenario", "all", "--meters", "3", "--seed", "5"]
    assert main([*arguments, "-o", str(path)]) == 0
    return Read(request.param.split()[0], path, sidecar(path)["frames"], compare(path, CHUNK))


def test_every_value(read: Read) -> None:
    compared, wrong = disagreements(read.path, decoded=read.decoded)
    assert wrong == []
    assert compared > 800


def test_nothing_else_to_remark(read: Read) -> None:
    """Captures are free of mistakes: what is remarked in plain frames is that a part of a table ends inside a field."""
    for f, decoded in read.plain():
        if f.get("answers") and read.known[f["answers"] - 1].get("encrypted"):
            continue  # a refusal of the key is not encrypted, but what it refuses is
        for finding in decoded.findings:
            scenario = f["step"].split(":")[0]
            assert finding.severity.value == "note"
            assert scenario in IN_PARTS.get(finding.code, ()), (f["frame"], f["step"], finding.text)


def test_encrypted_messages(read: Read) -> None:
    """All that is clear is the length, and the digest in the last eight bytes. No message says that it is encrypted:
    one whose first byte happens to be that of a service or response code is taken for one."""
    hidden = [(f, d) for f, d in zip(read.known, read.decoded, strict=True) if f.get("encrypted")]
    taken = 0
    for f, decoded in hidden:
        digest = f["fields"]["osgp.digest"]
        message = decoded.frame.data[: len(decoded.frame.data) - CRC.get(read.port, 0)]
        assert message.hex().endswith(digest)
        got = occurrences(decoded)
        if read.port == "mep" and "mep.unread.body" in got:
            assert got["osgp.digest"] == [digest]
        elif read.port != "mep" and "osgp.table" not in got and "osgp.response" not in got:
            assert got["data.data"][-1].endswith(digest)
        else:
            taken += 1
    assert len(hidden) == 0 if read.port == "optical" else len(hidden) > 10
    assert taken <= len(hidden) / 10


def test_what_answers_what(read: Read) -> None:
    """Answers, repetitions, and messages without an answer, also where frames were lost. What is encrypted on the MEP
    port has no direction and no answers."""
    known = read.known
    answered = {f["answers"] for f in known if "answers" in f}
    sendings = defaultdict(set)
    for f in known:
        sendings[f.get("retry_of", f["frame"])].add(f["frame"])
    within = {number for f in known for number in f.get("packets", ())}

    def message(answer: dict[str, Any]) -> int:
        """The first sending of what is answered."""
        return int(known[answer["answers"] - 1].get("retry_of", answer["answers"]))

    untold = {f["frame"] for f in known if f.get("encrypted")} if read.port == "mep" else set()
    unanswered = 0
    with Capture.open(read.path) as capture:
        for tracked in track(FrameStore(capture, LINK_TYPES), CHUNK, ahead=True):
            found = tracked.exchanges
            for i, f in enumerate(known[tracked.chunk.start : tracked.chunk.stop]):
                place = f"frame {f['frame']}, {f['step']}"
                if f["frame"] in untold or f.get("answers") in untold:
                    continue
                assert found.answers[i] + 1 == f.get("answers", 0), place
                assert found.first[i] + 1 == f.get("retry_of", 0), place
                if again := int(found.duplicate[i]) + 1:
                    assert (f["node"], message(f)) == (known[again - 1]["node"], message(known[again - 1])), place
                if f["frame"] in within or (found.attempt[i] < 0 and "retry_of" not in f):
                    assert not found.missing[i], place
                    continue
                sent = sendings[f.get("retry_of", f["frame"])]
                # Near the end of a capture an answer may still come.
                waited = known[-1]["time"] - known[max(sent) - 1]["time"] > MAX_WAIT_NS
                assert found.missing[i] == (waited and not sent & answered), place
                unanswered += int(found.missing[i])
    assert unanswered > 0 or read.port == "optical" or untold


WRITES = (0x40, 0x4F)
STARTED = {
    "bt08.initiated_in": (7, "bt08.procedure"),
    "transaction.response.requested_in": (2048 + 52, "transaction.response.response"),
}
"""Fields that name the frame which started something, the table that it wrote, and a field beside them."""


def test_results_name_what_started_them(read: Read) -> None:
    """The frame that wrote BT07 or ET52 last, of the same meter; over repeaters that of the last hop."""
    writes: dict[tuple[str, int], int] = {}
    seen = 0
    for f, decoded in read.plain():
        meter = f.get("meter") or f["step"].rsplit(" of ")[-1]
        fields = f["fields"]
        if fields.get("osgp.service") in WRITES:
            writes[meter, fields["osgp.table"]] = f["frame"]
        values = read.known[f.get("carries", f["frame"]) - 1].get("values", {})
        got = occurrences(decoded)
        for name, (table, result) in STARTED.items():
            count = len(wanted(values.get(result, [])))
            assert got.get(name, []) == [writes.get((meter, table))] * count
            seen += count
    assert seen > 15 or any(f.get("encrypted") for f in read.known)
