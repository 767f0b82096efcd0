# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics against counts made in plain Python of what the senders knew, against tshark, and against the per-frame
engine."""

from __future__ import annotations

import json
import re
import struct
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.statistics import SECTIONS, Settings, Statistics
from osgp_analyzer.analysis.tracking import track
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture, Interface, PcapngWriter
from osgp_analyzer.schema import Severity
from osgp_analyzer.store import FrameStore
from tests.app.test_links import CARRIERS, ETHERNET, LPDU, ipv4, ipv6, udp
from tests.conftest import CAPTURES, load
from tests.tshark import readable_folder

NATIVE = ["native_lpdu", "ltep_lpdu", "example1_lpdu"]
SERVICES = {
    "UNACKD": "APDU",
    "REM_MSG": "REM/MSG",
    "CHALLENGE_OMA": "CHALLENGE (OMA)",
    "REPLY_OMA": "REPLY (OMA)",
}
"""Services that the definitions call otherwise than the sidecars."""


def gather(
    path: Path,
    *names: str,
    size: int = 32768,
    settings: Settings | None = None,
    keep: Callable[[int], bool] = lambda index: True,
) -> dict[str, Any]:
    statistics = Statistics(names or SECTIONS, settings)
    with Capture.open(path) as capture:
        for tracked in track(FrameStore(capture, LINK_TYPES), size, ahead=True):
            chunk = tracked.chunk
            statistics.add(tracked, np.array([keep(i) for i in range(chunk.start, chunk.stop)], bool))
        return statistics.result()


def capture(name: str) -> Path:
    return CAPTURES / f"{name}.pcap"


def known(name: str) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = load(f"sidecars/{name}.json")["frames"]
    return frames


def records(name: str) -> list[tuple[int, int]]:
    """Time in ns and bytes of each frame, as the record headers of the pcap file have them (microseconds)."""
    data, at, found = capture(name).read_bytes(), 24, []
    assert data[:4] == b"\xd4\xc3\xb2\xa1"
    while at < len(data):
        seconds, microseconds, captured, length = struct.unpack_from("<IIII", data, at)
        found.append((seconds * 10**9 + microseconds * 1000, length))
        at += 16 + captured
    return found


def source(f: dict[str, Any]) -> str:
    return f"{f['src']['subnet']}/{f['src']['node']}"


def destination(f: dict[str, Any]) -> str:
    to = f["dst"]
    match to["mode"]:
        case "group":
            return f"group {to['group']}"
        case "unique_id":
            return bytes.fromhex(to["uid"]).hex(":")
        case "broadcast":
            return f"subnet {to['subnet']}" if to["subnet"] else "broadcast"
    return f"{to['subnet']}/{to['node']}"


@pytest.mark.parametrize("name", [*NATIVE, "lon_udp_dom0", "lon_udp_dom1"])
def test_endpoints(name: str) -> None:
    sent, received = defaultdict(lambda: [0, 0, 0, 0]), defaultdict(lambda: [0, 0])
    for f, (_, size) in zip(known(name), records(name), strict=True):
        alt_path = f["alt_path"] if name in NATIVE else 0  # LON/UDP has no place for it
        for sums, amounts in (
            (sent[source(f), f["domain"]["id"]], (1, size, f["priority"], alt_path)),
            (received[destination(f), f["domain"]["id"]], (1, size)),
        ):
            for place, amount in enumerate(amounts):
                sums[place] += amount
    found = gather(capture(name), "endpoints")["endpoints"]
    rows = {(row["address"], row["domain"]): row for row in found["rows"]}
    assert rows.keys() == sent.keys() | received.keys()
    for key, row in rows.items():
        assert [row[n] for n in ("frames_sent", "bytes_sent", "priority", "alt_path")] == sent[key]
        assert [row[n] for n in ("frames_received", "bytes_received")] == received[key]
        assert row["crc_bad"] == 0
    assert found["frames_without_address"] == 0
    order = [row["frames_sent"] + row["frames_received"] for row in found["rows"]]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("name", [*NATIVE, "lon_udp_dom1"])
def test_conversations(name: str) -> None:
    expected: dict[Any, list[Any]] = defaultdict(list)
    for f, (time, size) in zip(known(name), records(name), strict=True):
        expected[frozenset((source(f), destination(f))), f["domain"]["id"]].append((source(f), size, time))
    rows = gather(capture(name), "conversations")["conversations"]["rows"]
    assert len(rows) == len(expected)
    for row in rows:
        frames = expected[frozenset((row["a"], row["b"])), row["domain"]]
        up, down = ([size for who, size, _ in frames if (who == row["a"]) is way] for way in (True, False))
        assert (row["frames_a_to_b"], row["bytes_a_to_b"]) == (len(up), sum(up))
        assert (row["frames_b_to_a"], row["bytes_b_to_a"]) == (len(down), sum(down))
        assert (row["frames"], row["bytes"]) == (len(frames), sum(up) + sum(down))
        times = [time for *_, time in frames]
        assert (row["first"], row["last"]) == (min(times), max(times))
        assert row["duration"] == max(times) - min(times)
        assert "/" in row["a"]  # the node comes first, whoever it talks to


@pytest.mark.parametrize("name", [*NATIVE, "lon_udp_dom0"])
def test_services_and_commands(name: str) -> None:
    frames = known(name)
    found = gather(capture(name), "services", "commands")
    rows = Counter()
    for row in found["services"]["rows"]:
        rows[row["name"]] += row["frames"]
    assert rows == Counter(SERVICES.get(f["msg"], f["msg"]) for f in frames)
    assert sum(row["bytes"] for row in found["services"]["rows"]) == sum(size for _, size in records(name))
    assert sum(row["priority"] for row in found["services"]["rows"]) == sum(f["priority"] for f in frames)
    messages = [bytes.fromhex(f["apdu"]) for f in frames if f.get("apdu") and f["msg"] != "RESPONSE"]
    expected = Counter(("nv.direction", m[0] >> 6 & 1) if m[0] & 0x80 else ("apdu.code", m[0]) for m in messages)
    assert {(r["field"], r["value"]): r["frames"] for r in found["commands"]["messages"]} == expected
    responses = found["commands"]["responses"]
    unpaired = found["commands"]["responses_without_request"]
    assert sum(row["frames"] for row in responses) + unpaired == sum(f["msg"] == "RESPONSE" for f in frames)


@pytest.mark.parametrize("name", [*NATIVE, "lon_udp_dom1", "osgp_contic"])
def test_what_each_frame_says(name: str) -> None:
    """Outcomes, layers and findings of the engine that reads frame by frame."""
    outcomes, layers, findings = Counter(), Counter(), Counter()
    faulty = remarked = 0
    for decoded in Session.open(str(capture(name))):
        values = decoded.values
        if "apdu.outcome" in values:
            outcomes[values.get("apdu.request_code"), values["apdu.outcome"]] += 1
        path: tuple[str, ...] = ()
        for layer in decoded.layers:
            if layer.name != "padding":
                path += (layer.name,)
                layers[path] += 1
        findings += Counter((f.severity.value, f.code, f.group.value) for f in decoded.findings)
        severe = any(f.severity in (Severity.ERROR, Severity.WARN) for f in decoded.findings)
        faulty += severe
        remarked += bool(decoded.findings) and not severe
    found = gather(capture(name), "hierarchy", "commands", "errors")
    names = {0: "success", 1: "failure", 2: "application response", 3: "not an answer to this request"}
    rows = {(r["request_code"], r["outcome"]): r["frames"] for r in found["commands"]["responses"] if r["outcome"]}
    assert rows == {(code, names[outcome]): count for (code, outcome), count in outcomes.items()}
    assert dict(tree(found["hierarchy"]["layers"])) == layers
    assert {(f["severity"], f["code"], f["group"]): f["count"] for f in found["errors"]["findings"]} == findings
    assert found["errors"]["frames_with_faults"] == faulty
    assert found["errors"]["frames_with_notes_only"] == remarked


def test_messages_that_nobody_answers() -> None:
    """The stack cannot receive a domain ID of 6 bytes (captures/README.md): all is sent again, and stays unanswered."""
    sendings = defaultdict(list)
    for f in known("native_lpdu"):
        if f["domain"]["len"] == 6 and f["msg"] != "UNACKD":
            sendings[f["step"], f["trans"], json.dumps(f["dst"])].append(f["msg"])
    asking = [sent for sent in sendings.values() if sent[0] in ("ACKD", "REQUEST")]
    nodes = gather(capture("native_lpdu"), "errors")["errors"]["nodes"]
    (node,) = (row for row in nodes if row["domain"] == "020406080a0c")
    assert node["missing"] == len(asking) > 5
    assert node["retries"] == sum(len(s) - 1 for s in sendings.values() if s[0] != "UNACKD_RPT") > 5
    assert (node["late"], node["crc_bad"], node["failed"]) == (0, 0, 0)


@pytest.mark.parametrize("name", ["example1_lpdu", "lon_udp_dom1"])
def test_response_times(name: str) -> None:
    """ACKs by what the sidecar says: the latest message with their number from the node that they go to."""
    frames, times = known(name), [time for time, _ in records(name)]
    expected = defaultdict(list)
    for at, f in enumerate(frames):
        if f["msg"] != "ACK":
            continue
        asked = max(
            i
            for i, message in enumerate(frames[:at])
            if message["msg"] in ("ACKD", "REM_MSG")
            and message["trans"] == f["trans"]
            and message["priority"] == f["priority"]
            and source(message) == destination(f)
            and message["dst"].get("node") in (None, f["src"]["node"])
        )
        expected[source(f), f["domain"]["id"]].append(times[at] - times[asked])
    found = gather(capture(name), "responses")["responses"]
    (row,) = (r for r in found["by_service"] if r["name"] == "ACK")
    every = [time for some in expected.values() for time in some]
    assert (row["count"], row["min"], row["max"]) == (len(every), min(every), max(every))
    assert row["mean"] == sum(every) // len(every)
    assert row["median"] == pytest.approx(sorted(every)[(len(every) - 1) // 2], rel=found["percentile_error"])
    if name == "example1_lpdu":  # where all answers are ACKs
        rows = {(r["address"], r["domain"]): r for r in found["by_responder"]}
        assert {key: (r["count"], r["max"]) for key, r in rows.items()} == {
            key: (len(some), max(some)) for key, some in expected.items()
        }
    assert found["untimed"] == 0
    assert found["all"]["count"] == found["answers"] == sum(b["count"] for b in found["histogram"])


def tree(rows: list[dict[str, Any]], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], int]]:
    found = []
    for row in rows:
        path = (*above, row["layer"])
        found += [(path, row["frames"]), *tree(row["layers"], path)]
    return found


def tshark(path: Path, *options: str) -> str:
    """What `tshark -q` prints."""
    with readable_folder() as folder:
        copied = folder / path.name
        copied.write_bytes(path.read_bytes())
        copied.chmod(0o644)
        command = ["tshark", "-n", "-q", "-r", str(copied), *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("name", ["lon_udp_dom1", "osgp_contic"])
def test_like_tshark(name: str) -> None:
    printed = tshark(capture(name), "-z", "io,phs", "-z", "io,stat,1")
    found = gather(capture(name), "hierarchy", "load", settings=Settings(interval=10**9))
    (eth,) = found["hierarchy"]["layers"]
    (ip,) = eth["layers"]
    (datagram,) = ip["layers"]
    for row, theirs in ((eth, "eth"), (ip, "ip"), (datagram, "udp")):
        match = re.search(rf"^ *{theirs} +frames:(\d+) bytes:(\d+)$", printed, re.MULTILINE)
        assert match is not None
        assert (row["frames"], row["bytes"]) == (int(match[1]), int(match[2]))
    expected = {
        int(start): (int(frames), int(size))
        for start, frames, size in re.findall(r"^\| *(\d+) <> *\w+ *\| *(\d+) *\| *(\d+) *\|$", printed, re.MULTILINE)
    }
    origin = found["load"]["origin"]
    assert {(r["start"] - origin) // 10**9: (r["frames"], r["bytes"]) for r in found["load"]["rows"]} == expected
    assert len(expected) > 5
    assert (0, 0) in expected.values()  # an interval without frames is one too
    assert (found["load"]["rate"], found["load"]["rows"][0]["load"]) == (None, None)  # the channel is not an Ethernet


def test_load_of_a_power_line() -> None:
    frames = records("native_lpdu")
    found = gather(capture("native_lpdu"), "load", settings=Settings(interval=5 * 10**9))["load"]
    assert (found["rate"], found["rate_from"], found["preamble_bits"]) == (3600, "power line, A band", 35)
    expected: Counter[int] = Counter()
    for time, size in frames:
        expected[(time - frames[0][0]) // (5 * 10**9)] += size * 8 + 35
    assert {(r["start"] - found["origin"]) // (5 * 10**9): r["bits"] for r in found["rows"]} == expected
    for row in found["rows"]:
        assert row["load"] == pytest.approx(row["bits"] / (3600 * 5))
    other = gather(capture("native_lpdu"), "load", settings=Settings(rate=78_125, interval=10**9))["load"]
    assert (other["rate"], other["rate_from"], other["preamble_bits"]) == (78_125, "option", 0)
    assert sum(r["bits"] for r in other["rows"]) == 8 * sum(size for _, size in records("native_lpdu"))


def test_gaps_in_the_load(tmp_path: Path) -> None:
    """Intervals without frames are zero; a gap of years makes no millions of rows."""
    second, year = 10**9, 31_557_600
    seconds = [0, 2, 1000, 1000 + 3 * year, 1005 + 3 * year]
    with PcapngWriter(tmp_path / "gap.pcapng") as writer:
        interface = writer.add_interface(147)
        for time in seconds:
            writer.write(LPDU, time * second, interface)
    found = gather(tmp_path / "gap.pcapng", "load", settings=Settings(interval=second))["load"]
    assert [r["start"] // second for r in found["rows"]] == [*range(1001), *range(seconds[3], seconds[4] + 1)]
    assert [r["start"] // second for r in found["rows"] if r["frames"]] == seconds
    empty = next(r for r in found["rows"] if not r["frames"])
    assert {k: v for k, v in empty.items() if k != "start"} == {"frames": 0, "bytes": 0, "bits": 0, "load": 0}
    assert found["left_out"] == 3 * year - 1


def test_the_file_may_say_the_rate(tmp_path: Path) -> None:
    with PcapngWriter(tmp_path / "one.pcapng") as writer:
        writer.write(LPDU, 10**18, writer.add_interface(Interface(0, 147, speed=5400)))
    found = gather(tmp_path / "one.pcapng", "load")["load"]
    assert (found["rate"], found["rate_from"], found["preamble_bits"]) == (5400, "file", 35)


def test_records_of_an_interface_count_as_what_they_heard(tmp_path: Path) -> None:
    """The bits on the channel do not depend on how the tap writes them down."""
    bits = {}
    for kind in ("native", "NI record", "NI record, phase and signal", "NI record, trailing junk"):
        link, data = CARRIERS[kind]
        with PcapngWriter(tmp_path / "one.pcapng") as writer:
            writer.write(data, 10**18, writer.add_interface(link))
        (row,) = gather(tmp_path / "one.pcapng", "load")["load"]["rows"]
        bits[kind] = row["bits"]
    assert set(bits.values()) == {len(LPDU) * 8 + 35}


@pytest.mark.parametrize("size", [1, 17, 100])
@pytest.mark.parametrize("name", ["native_lpdu", "lon_udp_dom1"])
def test_chunks_make_no_difference(name: str, size: int) -> None:
    if size == 1 and name == "native_lpdu":
        size = 7
    assert gather(capture(name), size=size) == gather(capture(name))


def test_only_what_a_mask_lets_through() -> None:
    frames = known("native_lpdu")
    on = [f["alt_path"] == 1 for f in frames]
    found = gather(capture("native_lpdu"), keep=lambda index: on[index])
    chosen = [f for f in frames if f["alt_path"]]
    assert (found["frames"]["frames"], found["frames"]["in_capture"]) == (len(chosen), len(frames))
    assert sum(r["frames_sent"] for r in found["endpoints"]["rows"]) == len(chosen)
    assert sum(r["frames"] for r in found["services"]["rows"]) == len(chosen)
    assert sum(r["frames"] for r in found["conversations"]["rows"]) == len(chosen)
    assert sum(r["frames"] for r in found["load"]["rows"]) == len(chosen)
    assert found["hierarchy"]["layers"][0]["frames"] == len(chosen)
    assert all(r["alt_path"] == r["frames"] for r in found["errors"]["nodes"])
    # Answers keep their time and outcome although what they answer is not counted.
    assert found["responses"]["answers"] > 0


def test_nothing_chosen() -> None:
    found = gather(capture("native_lpdu"), keep=lambda index: False)
    assert found["frames"]["frames"] == 0
    assert found["frames"]["first"] is None
    assert found["load"]["rows"] == found["endpoints"]["rows"] == found["hierarchy"]["layers"] == []
    assert found["responses"]["all"] is None


def test_frames_without_stamps(tmp_path: Path) -> None:
    with PcapngWriter(tmp_path / "no.pcapng") as writer:
        interface = writer.add_interface(147)
        for _ in range(3):
            writer.write(LPDU, None, interface)
    found = gather(tmp_path / "no.pcapng")
    assert (found["frames"]["untimed"], found["frames"]["duration"]) == (3, None)
    assert (found["load"]["untimed"], found["load"]["rows"]) == (3, [])
    (row,) = found["conversations"]["rows"]
    assert (row["frames"], row["first"], row["last"], row["duration"]) == (3, None, None, None)
    assert found["responses"]["all"] is None


def test_odd_frames(tmp_path: Path) -> None:
    """Damaged, cut, empty, of an unknown link type, from all of time: each is counted and named, nothing raises."""
    damaged = bytes([LPDU[0] ^ 0x40, *LPDU[1:]])
    with PcapngWriter(tmp_path / "odd.pcapng") as writer:
        native, unknown, ethernet = (writer.add_interface(link) for link in (147, 250, 1))
        for _ in range(80):  # enough that the CRC is known to be there
            writer.write(LPDU, 0, native)
        writer.write(damaged, 2**63 - 1, native)
        writer.write(LPDU[:4], 0, native, length=len(LPDU))
        writer.write(b"", 10**18, native)
        writer.write(b"\x1b[31m", 10**18, unknown)
        writer.write(ETHERNET + b"\x08\x00" + ipv4(udp(b"what", 9999)), 10**18, ethernet)
        writer.write(ETHERNET + b"\x86\xdd" + ipv6(udp(b"what", 9999)), 10**18, ethernet)
    found = gather(tmp_path / "odd.pcapng")
    codes = {f["code"]: f["count"] for f in found["errors"]["findings"]}
    expected = Counter(f.code for d in Session.open(str(tmp_path / "odd.pcapng")) for f in d.findings)
    assert codes == expected
    assert {"lpdu.crc_bad", "frame.empty", "frame.cut", "frame.link_type"} <= codes.keys()
    assert sum(r["crc_bad"] for r in found["endpoints"]["rows"]) == 1
    assert sum(r["crc_bad"] for r in found["errors"]["nodes"]) == 1
    assert sum(r["frames"] for r in found["load"]["rows"]) == 86
    assert len(found["load"]["rows"]) <= 60
    talks = {(r["a"], r["b"], r["domain"]) for r in found["conversations"]["rows"]}
    assert {("10.0.0.1", "10.0.0.2", None), ("::1", "::2", None)} <= talks
    assert found["endpoints"]["frames_without_address"] == 3  # cut, empty, unknown
    assert {r["layer"] for r in found["hierarchy"]["layers"]} == {"lpdu", "eth", "data"}
