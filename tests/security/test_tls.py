# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS sessions of openssl, and one of a real meter that the guide prints, opened with their pre-shared keys."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors.layers import layer_class
from dissectors.osgp.tls_messages import read_record
from osgp_analyzer.capture import Capture
from osgp_analyzer.engines.scapy.tree import values
from osgp_analyzer.security.tls import WINDOW, Result, Session, Status
from osgp_analyzer.security.tls_keys import TRIES, Candidate
from tests.conftest import CAPTURES, load
from tests.security.openssl import IDENTITY, PSK, Client, Server, Stream
from tests.security.record_mep_tls import MESSAGES, frame, turns

CHANGE, ALERT, HANDSHAKE, DATA = range(20, 24)
KEYS = [("MBK", bytes(16)), ("MAK", PSK)]
WRONG = [("MBK", bytes(16)), ("other", PSK[:-1] + b"\0")]
Opened = list[tuple[bool, Result]]


@dataclass
class Recording:
    """What a server and its clients sent: in the records, and into them."""

    stream: Stream
    sent: Stream
    single: Stream = field(init=False)
    """The stream, a record at a time."""

    def __post_init__(self) -> None:
        self.single = []
        for from_client, data in turns(self.stream):
            while data:
                record = read_record(data)
                assert record is not None
                size = 5 + len(record.body)
                self.single.append((from_client, data[:size]))
                data = data[size:]


def opened(stream: Stream, keys: list[tuple[str, bytes]] = KEYS) -> Opened:
    session = Session(keys)
    return [(from_client, result) for from_client, data in stream for result in session.feed(from_client, data)]


def texts(results: Opened) -> Stream:
    """Application data."""
    return [(side, r.plain) for side, r in results if r.content_type == DATA and r.plain is not None]


def statuses(results: Opened) -> Counter[str]:
    return Counter(result.status.name for _, result in results)


def talk(client: Client, count: int = 4, seed: int = 0) -> None:
    """Messages each way, of all sizes; none begins with a letter that is a command to openssl."""
    rng = random.Random(seed)
    for i in range(count):
        size = (1, 40, 400, 5000)[i % 4]
        client.send(True, b"\x3f" + rng.randbytes(size))
        client.send(False, b"\0" + rng.randbytes(size))


def record(folder: Path, act: Callable[[Server], None], *options: str, **how: Any) -> Recording:
    with Server(folder, *options, **how) as server:
        act(server)
    return Recording(server.stream, server.sent)


def once(server: Server) -> None:
    with server.connect() as client:
        talk(client)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A session with the extended master secret, and a ticket that is not used."""
    return record(tmp_path_factory.mktemp("tls"), once, "-quiet")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A session with 24 short messages each way, without the extended master secret."""

    def act(server: Server) -> None:
        with server.connect() as client:
            for i in range(24):
                client.send(True, b"\x3f\0\x17" + bytes([i] * 5))
                client.send(False, b"\0\0\1" + bytes([i]))

    return record(tmp_path_factory.mktemp("tls"), act, "-quiet", "-no_ticket", extended=False)


# -- openssl ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", ["PSK-AES256-GCM-SHA384", "PSK-AES128-GCM-SHA256"])
@pytest.mark.parametrize("extended", [True, False])
def test_everything_is_opened(tmp_path: Path, suite: str, extended: bool) -> None:
    made = record(tmp_path, once, "-quiet", suite=suite, extended=extended)
    assert (b"\0\x17\0\0" in made.single[1][1]) == extended  # the extension, in the server's hello
    results = opened(made.stream)
    assert texts(results) == made.sent
    assert len(made.sent) == 8
    # Hellos, done, key exchange, ticket and both changes of cipher are clear; both finished and alerts are not.
    assert statuses(results) == {"CLEAR": 7, "GOOD": 12}
    good = [r for _, r in results if r.status is Status.GOOD]
    assert {(r.key, r.identity) for r in good} == {("MAK", IDENTITY)}
    assert [r.sequence for side, r in results if side and r.status is Status.GOOD] == list(range(6))
    assert [(r.plain or b"").hex() for _, r in results if r.content_type == ALERT] == ["0100", "0100"]


@pytest.mark.parametrize("options", [(), ("-no_ticket",)], ids=["ticket", "session id"])
@pytest.mark.parametrize("extended", [True, False])
def test_resumed_sessions(tmp_path: Path, options: tuple[str, ...], extended: bool) -> None:
    kept = str(tmp_path / "session.pem")

    def act(server: Server) -> None:
        with server.connect("-sess_out", kept) as client:
            talk(client, seed=1)
        for seed in (2, 3):
            with server.connect("-sess_in", kept) as client:
                talk(client, seed=seed)

    made = record(tmp_path, act, "-quiet", *options, extended=extended)
    results = opened(made.stream)
    exchanges = [r for _, r in results if r.content_type == HANDSHAKE and r.plain and r.plain[0] == 0x10]
    assert len(exchanges) == 1, "the later sessions are resumed"
    assert texts(results) == made.sent
    assert {(r.key, r.identity) for _, r in results if r.status is Status.GOOD} == {("MAK", IDENTITY)}
    assert statuses(results).keys() == {"CLEAR", "GOOD"}

    later = made.stream[next(i for i, (_, data) in enumerate(made.stream) if i and data[:1] + data[5:6] == b"\x16\1") :]
    unknown = opened(later)
    assert (statuses(unknown)["GOOD"], texts(unknown)) == (0, [])
    assert "resumed is not known" in next(r.reason for _, r in unknown if r.status is Status.NO_KEY)


@pytest.mark.parametrize("by_client", [True, False])
def test_a_handshake_within_the_session(tmp_path: Path, by_client: bool) -> None:
    def act(server: Server) -> None:
        with server.connect() as client:
            for seed in range(3):
                talk(client, seed=seed)
                client.renegotiate(by_client)
            talk(client, seed=3)

    made = record(tmp_path, act, *(("-client_renegotiation",) if by_client else ()))
    results = opened(made.stream)
    assert texts(results) == made.sent
    assert len(made.sent) == 32
    assert statuses(results)["GOOD"] == len(results) - 7
    hellos = [r for _, r in results if r.content_type == HANDSHAKE and r.plain and r.plain[0] == 1]
    assert [r.status.name for r in hellos] == ["CLEAR", "GOOD", "GOOD", "GOOD"]


def test_short_records(tmp_path: Path) -> None:
    """A long message in several records."""
    made = record(tmp_path, once, "-quiet", "-max_send_frag", "512")
    results = opened(made.stream)
    assert len(texts(results)) > len(made.sent)
    for side in (True, False):
        assert b"".join(d for s, d in texts(results) if s == side) == b"".join(d for s, d in made.sent if s == side)


def test_sessions_one_after_the_other(plain: Recording, short: Recording) -> None:
    """The second begins without an end of the first."""
    cut = plain.single[:-3]
    results = opened([*cut, *short.single])
    assert texts(results) == plain.sent[:-1] + short.sent
    assert statuses(results).keys() == {"CLEAR", "GOOD"}


# -- keys -------------------------------------------------------------------------------------------------------------


def test_wrong_keys_open_nothing(plain: Recording) -> None:
    results = opened(plain.stream, WRONG)
    assert statuses(results) == {"CLEAR": 7, "BAD": 12}
    bad = [r for _, r in results if r.status is Status.BAD]
    assert {(r.plain, r.key, r.tried, r.identity) for r in bad} == {(None, None, ("MBK", "other"), IDENTITY)}
    assert texts(results) == []


def test_without_keys(plain: Recording) -> None:
    results = opened(plain.stream, [])
    assert statuses(results) == {"CLEAR": 7, "NO_KEY": 12}
    assert {r.reason for _, r in results if r.status is Status.NO_KEY} == {"there is no key to try"}


def test_the_right_one_of_a_hundred(plain: Recording) -> None:
    rng = random.Random(1)
    keys = [(f"key {i}", rng.randbytes(16)) for i in range(100)]
    keys[70] = ("the one", PSK)
    results = opened(plain.stream, keys)
    assert texts(results) == plain.sent
    assert {r.key for _, r in results if r.status is Status.GOOD} == {"the one"}


def test_tries_are_bounded(short: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong keys are given up; under the right one each record is tried a constant number of times."""
    tried = 0
    really = Candidate.open

    def counted(self: Candidate, *rest: Any) -> bytes | None:
        nonlocal tried
        tried += 1
        return really(self, *rest)

    monkeypatch.setattr(Candidate, "open", counted)
    opened(short.single * 2, WRONG)
    assert tried <= 2 * TRIES * len(WRONG) * (WINDOW + 3)
    tried = 0
    opened(short.single)
    assert tried <= len(short.single) + len(KEYS)
    tried = 0
    junk = [(side, data[:-1] + bytes([data[-1] ^ 1])) for side, data in short.single[-20:]]
    opened([*short.single, *junk * 10])
    assert tried <= len(short.single) + len(KEYS) + 200 * (WINDOW + 3)


def test_keys_are_not_told() -> None:
    session = Session([("MAK", PSK)])
    told = repr(session) + str(session)
    assert PSK.hex() not in told
    assert repr(PSK) not in told
    with pytest.raises(ValueError, match="key long has 65536 bytes") as raised:
        Session([("long", bytes(65536))])
    assert "\\x00" not in str(raised.value)


# -- what is damaged or missing ---------------------------------------------------------------------------------------


def test_every_flipped_bit(short: Recording) -> None:
    """Of one record in the middle: it is never opened. What follows is, but for the records that a wrong length
    swallows."""
    at = 20
    side, whole = short.single[at]
    for bit in range(len(whole) * 8):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        results = opened([*short.single[:at], (side, bytes(data)), *short.single[at + 1 :]])
        here = texts(results)
        assert len(here) == len(short.sent) - 1, bit
        assert [text for text in short.sent if text not in here] == [short.sent[len(texts(opened(short.single[:at])))]]
        bad = [r for _, r in results if r.status is not Status.CLEAR and r.status is not Status.GOOD]
        assert bad, bit
        assert {r.status for r in bad} == {Status.BAD}
        assert all(r.plain is None for r in bad)


@pytest.mark.parametrize("extended", [True, False])
def test_a_flipped_bit_in_the_handshake(plain: Recording, short: Recording, extended: bool) -> None:
    """In the random of a hello: no key opens the session. In a finished: this record is BAD, all else is opened."""
    made = plain if extended else short
    for at in (0, 1):
        side, data = made.single[at]
        changed = data[:20] + bytes([data[20] ^ 1]) + data[21:]
        results = opened([*made.single[:at], (side, changed), *made.single[at + 1 :]])
        assert (statuses(results)["GOOD"], texts(results)) == (0, [])
    for at in [i for i, (_, data) in enumerate(made.single) if data[0] == HANDSHAKE and len(data) == 45]:
        side, data = made.single[at]
        results = opened([*made.single[:at], (side, data[:-1] + bytes([data[-1] ^ 1])), *made.single[at + 1 :]])
        assert (texts(results), statuses(results)["BAD"]) == (made.sent, 1)


def test_missing_records(short: Recording) -> None:
    """Any of the records behind the key exchange, changes of cipher and finished too."""
    first = next(i for i, (_, data) in enumerate(short.single) if data[0] == CHANGE)
    rng = random.Random(2)
    for _ in range(100):
        gone = set(rng.sample(range(first, len(short.single)), rng.randrange(1, 30)))
        left = [sent for i, sent in enumerate(short.single) if i not in gone]
        results = opened(left)
        there = [i for i, (_, data) in enumerate(short.single) if data[0] == DATA]
        assert texts(results) == [short.sent[k] for k, i in enumerate(there) if i not in gone]
        assert statuses(results).keys() == {"CLEAR", "GOOD"}


def test_a_gap(short: Recording) -> None:
    """Of any size once a record of that direction was opened; before that, up to what is tried."""
    data = [i for i, (_, data) in enumerate(short.single) if data[0] == DATA]
    assert texts(opened([*short.single[: data[2]], *short.single[data[44] :]])) == short.sent[:2] + short.sent[44:]
    first = next(i for i, (_, data) in enumerate(short.single) if data[0] == CHANGE)
    changes = [sent for sent in short.single if sent[1][0] == CHANGE]
    for k, found in ((WINDOW - 1, True), (WINDOW, False)):
        left = [*short.single[:first], *changes, *short.single[data[2 * k] :]]
        assert texts(opened(left)) == (short.sent[2 * k :] if found else [])


def test_without_the_handshake(plain: Recording, short: Recording) -> None:
    for made in (plain, short):
        first = next(i for i, (_, data) in enumerate(made.single) if data[0] == DATA)
        for begin in (1, 2, first - 1, first, first + 3):
            results = opened(made.single[begin:])
            assert texts(results) == []
            assert statuses(results).keys() <= {"CLEAR", "NO_KEY"}
            assert {r.status for _, r in results if r.content_type == DATA} == {Status.NO_KEY}


def test_missing_messages_of_the_handshake(plain: Recording, short: Recording) -> None:
    """With the extended master secret every one is needed, without it only the hellos and one of the others."""
    for at, extended, status in (
        (2, False, Status.GOOD),
        (3, False, Status.GOOD),
        (2, True, Status.NO_KEY),
        (3, True, Status.NO_KEY),
        (1, True, Status.NO_KEY),
        (1, False, Status.NO_KEY),
    ):
        made = plain if extended else short
        results = opened([*made.single[:at], *made.single[at + 1 :]])
        assert {r.status for _, r in results if r.content_type == DATA} == {status}, (at, extended)
        assert texts(results) == (made.sent if status is Status.GOOD else [])


def test_the_last_sequence_number(short: Recording) -> None:
    """Whoever has the key can make it: nothing is raised behind it."""
    session = Session(KEYS)
    for from_client, data in short.single[:-4]:
        session.feed(from_client, data)
    epoch = session._sides[True].epoch
    assert epoch is not None
    assert epoch.found is not None
    cipher, salt = epoch.found._ciphers[0]
    last = b"\xff" * 8
    body = last + cipher.encrypt(salt + last, b"last", last + b"\x17\3\3\0\4")
    made = b"\x17\3\3" + len(body).to_bytes(2, "big") + body
    (result,) = session.feed(True, made)
    assert (result.plain, result.sequence) == (b"last", 2**64 - 1)
    assert [r.status for r in session.feed(True, made)] == [Status.GOOD]
    assert [r.status for r in session.feed(True, made[:-1] + b"\0")] == [Status.BAD]


def test_records_that_are_sent_again(short: Recording) -> None:
    """As in the guide, p.14: a client repeats what had no answer in time, to the byte."""
    rng = random.Random(3)
    stream: Stream = []
    for request, answer in zip(turns(short.stream)[::2], turns(short.stream)[1::2], strict=True):
        stream += [request, answer] * rng.choice((1, 1, 2, 3))
    results = opened(stream[2:] if stream[0] == stream[2] else stream)
    assert list(dict.fromkeys(texts(results))) == short.sent
    assert statuses(results).keys() == {"CLEAR", "GOOD"}


# -- frames of the MEP port -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5, 7, 64, 473])
def test_frames_cut_anywhere(plain: Recording, size: int) -> None:
    """Records in parts and several in a frame: boundaries at every `size` bytes, and at odd places."""
    rng = random.Random(size)
    frames: Stream = []
    for from_client, data in turns(plain.stream):
        while data:
            cut = rng.choice((size, rng.randrange(1, 2 * size + 1)))
            frames.append((from_client, frame(0x80 if from_client else 0, data[:cut])))
            frames.append((not from_client, frame(0 if from_client else 0x80, b"")))
            data = data[cut:]
    results = opened([(from_client, data[3:]) for from_client, data in frames])
    assert texts(results) == plain.sent
    assert statuses(results) == {"CLEAR": 7, "GOOD": 12}


def test_messages_of_the_handshake_in_several_records(short: Recording) -> None:
    """Where they are split does not count for the keys."""
    for size in (1, 3, 10, 30):
        stream: Stream = []
        for from_client, data in short.single:
            parts = [data[i : i + size] for i in range(5, len(data), size)]
            if data[0] == HANDSHAKE and len(data) != 45:
                data = b"".join(data[:3] + len(part).to_bytes(2, "big") + part for part in parts)
            stream.append((from_client, data))
        results = opened(stream)
        assert texts(results) == short.sent
        assert statuses(results).keys() == {"CLEAR", "GOOD"}


def test_a_frame_that_is_missing(plain: Recording) -> None:
    """The second half of a record: it is BAD, what follows is opened."""
    at = next(i for i, (_, data) in enumerate(plain.single) if len(data) > 400)
    side, data = plain.single[at]
    results = opened([*plain.single[:at], (side, data[:200]), *plain.single[at + 1 :]])
    assert statuses(results) == {"CLEAR": 7, "GOOD": 11, "BAD": 1}
    assert len(texts(results)) == len(plain.sent) - 1


def test_the_sample_capture() -> None:
    """captures/mep_tls_psk.pcapng against its sidecar; the texts are read as table services."""
    known = load("sidecars/mep_tls_psk.json")
    session = Session([("made up", bytes.fromhex(known["psk"]))])
    found: list[str | None] = []
    with Capture.open(CAPTURES / "mep_tls_psk.pcapng") as capture:
        frames = [f.data for f in capture]
    for data, about in zip(frames, known["frames"], strict=True):
        packet = layer_class("MEP")(_internal=1)
        packet.frame_offset = 0
        packet.dissect(data)
        from_client = about["direction"] == "request"
        code = values(packet).get("mep.tls.code")
        assert (code is not None) == from_client
        results = session.feed(from_client, data[3:] if code != 0x57 else b"")
        assert all(r.status in (Status.GOOD, Status.CLEAR) for r in results)
        assert {r.identity.hex() for r in results if r.identity} <= {known["identity"]}
        plain = [r.plain.hex() for r in results if r.content_type == DATA and r.plain is not None]
        found.append(plain[0] if plain else None)
    assert found == [f["plain"] for f in known["frames"]]
    written = [bytes.fromhex(text).hex() for pair in MESSAGES for text in pair]
    assert [text for text in found if text] == written


def test_the_session_of_the_guide() -> None:
    """p.14-15, of a real meter. It is opened with the key of p.15; the text of the answer has a count too."""
    frames = [bytes.fromhex(text) for text in load("mep_tls.json").values()]
    results = opened(
        [(i % 2 == 0, data[3:]) for i, data in enumerate(frames)], [("zeros", bytes(16)), ("01", b"\1" * 16)]
    )
    assert [(side, text.hex()) for side, text in texts(results)] == [
        (True, "3f084600008e0001"),
        (False, "00000102"),
    ]
    good = [r for _, r in results if r.status is Status.GOOD]
    assert {(r.key, r.identity) for r in good} == {("01", bytes.fromhex("640001"))}
    assert [r.sequence for r in good] == [0, 0, 1, 1]
    assert statuses(opened([(i % 2 == 0, data[3:]) for i, data in enumerate(frames)])) == {"CLEAR": 6, "BAD": 4}


# -- anything ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=8))
def test_any_bytes(stream: Stream) -> None:
    for _, result in opened(stream):
        assert result.status is not Status.GOOD


HEADS = st.sampled_from(
    [b"", b"\x14\3\3\0\1\1", b"\x15\3\3\0\2", b"\x16\3\3\0", b"\x17\3\3\0", b"\x16\3\3\0\x2f\1\0\0\x2b"]
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.tuples(HEADS, st.binary(max_size=60)).map(b"".join)), max_size=8))
def test_anything_like_records(stream: Stream) -> None:
    for _, result in opened(stream):
        assert result.status is not Status.GOOD


@settings(deadline=None)
@given(st.data())
def test_damaged_sessions(plain: Recording, data: st.DataObject) -> None:
    """Records left out, doubled, moved and changed: no text comes out that was not sent."""
    pick = st.sampled_from(plain.single)
    stream = list(plain.single)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(stream) - 1))
        side, record = stream[at]
        match data.draw(st.integers(0, 4)):
            case 0 if len(stream) > 1:
                del stream[at]
            case 1:
                stream.insert(at, data.draw(pick))
            case 2:
                stream[at] = (not side, record)
            case 3 if record:
                i = data.draw(st.integers(0, min(len(record) - 1, 60)))
                stream[at] = (side, record[:i] + bytes([data.draw(st.integers(0, 255))]) + record[i + 1 :])
            case _:
                stream[at] = (side, record[: data.draw(st.integers(0, len(record)))])
    for sent in texts(opened(stream)):
        assert sent in plain.sent


def test_memory_is_bounded(plain: Recording) -> None:
    """A handshake without end, tickets and sessions without end, records too long, junk."""
    rng = random.Random(4)
    session = Session(KEYS)
    fragment = b"\x16\3\3\x40\0" + (b"\2" + (0x3FFC).to_bytes(3, "big") + bytes(0x3FFC))
    hello = plain.single[0][1]
    ticket = b"\x16\3\3\0\x2c\4\0\0\x28" + bytes(4) + b"\0\x22"
    tracemalloc.start()
    for _ in range(200):
        session.feed(True, hello)
        results = [r for _ in range(10) for r in session.feed(False, fragment)]
        assert Status.BAD in {r.status for r in results}
    assert "more than" in results[-1].reason
    session.feed(False, b"\x16\3\3\x40\0" + b"\x0e\0\0\0" * 0x1000)
    assert not session._sides[False].messages
    session.feed(True, hello)
    for _ in range(5000):
        session.feed(False, ticket + rng.randbytes(34))
        (result,) = session.feed(True, b"\x17\3\3\xff\xff" + bytes(100))
        assert (result.status, result.reason) == (Status.BAD, "this is no record of TLS")
    session.feed(True, b"\x17\3\3\x48\0" + bytes(18431))
    assert session.feed(True, rng.randbytes(1 << 20))
    peak = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert peak < 2_000_000
