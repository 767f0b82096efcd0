# SPDX-License-Identifier: GPL-2.0-or-later
"""Exchanges in made traffic, against what the maker of the traffic did: many senders at once, numbers used again,
retries, lost and late answers, a second tap, long pauses, stamps that are missing."""

from __future__ import annotations

import binascii
import random
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

import dissectors.layers
from dissectors.carriers import LINK_TYPES
from osgp_analyzer.analysis.pairing import Pairing
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.store import FrameStore
from tests.analysis.test_exchanges import exchanges
from tests.conftest import load

assert dissectors.layers

MS = 1_000_000
ACKD, REQUEST, ACK, RESPONSE = (0, 0), (1, 0), (0, 2), (1, 2)
"""PDU type in the NPDU, and type in the PDU (en14908.md 2.1, 3.1)."""


@dataclass(eq=False)
class Made:
    """A frame and what is true of it."""

    time: int
    data: bytes
    answers: Made | None = None
    first: Made | None = None
    attempt: int = -1
    duplicate: Made | None = None
    asks: Message | None = None
    tap: int = 0


@dataclass(eq=False)
class Message:
    """A message of which `last` is the last sending, and the answers to it in the order of time."""

    last: int = 0
    answers: list[Made] = field(default_factory=list)


def frame(source: int, target: int, kind: tuple[int, int], number: int, apdu: bytes, alt: bool = False) -> bytes:
    """An LPDU in domain 07, from subnet 1 and node `source` to node `target`."""
    head = bytes([alt << 6, kind[0] << 4 | 2 << 2 | 1, 1, 0x80 | source, 1, 0x80 | target, 7])
    data = head + bytes([kind[1] << 4 | number]) + apdu
    return data + (binascii.crc_hqx(data, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")


def talk(source: int, rng: random.Random, pauses: tuple[int, ...]) -> list[Made]:
    """A sender that asks one of a few nodes after the other, often the same thing again."""
    made: list[Made] = []
    time, number = rng.randrange(1000) * MS, rng.randrange(16)
    for _ in range(60):
        target, kind = rng.choice((100, 101, 102)), rng.choice((ACKD, REQUEST))
        apdu, step = bytes([0x10, rng.randrange(2)]), rng.choice((16, 100, 900, 3072)) * MS
        message, first = Message(), None
        answered = rng.random() < 0.8
        for attempt in range(rng.choice((1, 1, 1, 2, 4))):
            sent = Made(time, frame(source, target, kind, number, apdu, alt=attempt > 1), None, first, attempt)
            sent.asks, message.last = message, time
            first = first or sent
            made.append(sent)
            if answered:
                body = b"" if kind == ACKD else b"\x00" + apdu
                answer = frame(target, source, ACK if kind == ACKD else RESPONSE, number, body, alt=attempt > 1)
                wait = rng.randrange(1, 15) * MS
                earlier = message.answers[0] if message.answers else None
                message.answers.append(Made(time + wait, answer, sent, duplicate=earlier))
                made.append(message.answers[-1])
            time += step
        if not answered and rng.random() < 0.3:  # one answer, when nobody waits for it any more
            reply = frame(target, source, ACK if kind == ACKD else RESPONSE, number, b"" if kind == ACKD else b"\x01")
            time += 4000 * MS
            message.answers.append(Made(time, reply, sent))
            made.append(message.answers[-1])
        time += rng.choice(pauses) * MS
        number = number % 15 + 1
    return made


def second_tap(made: list[Made], rng: random.Random) -> list[Made]:
    """Some of the frames heard again within two milliseconds, before anything else can be on the channel."""
    copies = []
    for one in made:
        if rng.random() < 0.3:
            original = one.duplicate or one
            copy = replace(one, time=one.time + rng.randrange(1, 400_000), duplicate=original, tap=1)
            copies.append(copy)
    return copies


def write(path: Path, made: list[Made], stamps: bool = True) -> None:
    with PcapngWriter(path) as writer:
        for _ in range(2):
            writer.add_interface(147)
        for one in made:
            writer.write(one.data, 1_700_000_000_000_000_000 + one.time if stamps else None, one.tap)


def check(path: Path, made: list[Made], stamps: bool = True, size: int = 32768) -> None:
    """The columns of the capture are what is true."""
    place = {id(one): i for i, one in enumerate(made)}
    found = exchanges(path, size)
    end = max(one.time for one in made)
    for i, one in enumerate(made):
        where = f"frame {i + 1}"
        assert found["answers"][i] == (place[id(one.answers)] if one.answers else -1), where
        wait = one.time - one.answers.time if one.answers and stamps else -1
        assert found["response_time"][i] == wait, where
        assert found["late"][i] == (wait > 3072 * MS), where
        assert found["first"][i] == (place[id(one.first)] if one.first else -1), where
        assert found["attempt"][i] == one.attempt, where
        assert found["duplicate"][i] == (place[id(one.duplicate)] if one.duplicate else -1), where
        answers = one.asks.answers if one.asks else []
        assert found["answered_in"][i] == (min(place[id(a)] for a in answers) if answers else -1), where
        missing = one.asks is not None and not answers and stamps and end - one.asks.last > 24_576 * MS
        assert found["missing"][i] == missing, where


@pytest.mark.parametrize("seed", range(6))
def test_many_senders(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    pauses = ((0, 1, 20), (50, 400), (1, 40_000))[seed % 3]
    made = sorted((one for source in range(1, 9) for one in talk(source, rng, pauses)), key=lambda one: one.time)
    path = tmp_path / "made.pcapng"
    write(path, made)
    check(path, made)
    check(path, made, size=97)


@pytest.mark.parametrize("seed", range(3))
def test_two_taps(tmp_path: Path, seed: int) -> None:
    """A frame heard twice is no retry. What is answered is the frame heard last."""
    rng = random.Random(seed)
    made = talk(1, rng, (1, 100))
    copies = second_tap(made, rng)
    of = {id(copy.duplicate or copy): copy for copy in copies if copy.asks and copy.attempt >= 0}
    for one in (*made, *copies):
        if one.answers is not None:
            one.answers = of.get(id(one.answers), one.answers)
    made = sorted((*made, *copies), key=lambda one: one.time)
    path = tmp_path / "taps.pcapng"
    write(path, made)
    check(path, made, size=50)


def test_no_stamps(tmp_path: Path) -> None:
    """Order alone tells what answers what; times are missing, and nothing is called missing that may come."""
    made = talk(1, random.Random(7), (1,))
    path = tmp_path / "stampless.pcapng"
    write(path, made, stamps=False)
    check(path, made, stamps=False)


def test_a_number_comes_round(tmp_path: Path) -> None:
    """The same request to the same node every 50 ms: sixteen numbers later it is another request."""
    made = []
    for n in range(64):
        sent = Made(50 * n * MS, frame(1, 100, REQUEST, n % 15 + 1, b"\x10"), attempt=0)
        sent.asks = Message(sent.time)
        answer = Made(sent.time + MS, frame(100, 1, RESPONSE, n % 15 + 1, b"\x00"), sent)
        sent.asks.answers.append(answer)
        made += [sent, answer]
    path = tmp_path / "round.pcapng"
    write(path, made)
    check(path, made)


def test_another_message_under_the_number(tmp_path: Path) -> None:
    """Another APDU, another destination, or the same after the receive timer is another message."""
    sent = [
        Made(time * MS, frame(1, target, ACKD, 5, apdu), attempt=0, asks=Message(time * MS))
        for time, target, apdu in (
            (0, 100, b"\x10\x01"), (50, 100, b"\x10\x02"), (100, 101, b"\x10\x02"), (24_700, 101, b"\x10\x02"),
            (60_000, 100, b"\x10\x02"), (60_050, 100, b"\x10\x02\x00"), (100_000, 99, b"\x10"),
        )
    ]  # fmt: skip
    path = tmp_path / "numbers.pcapng"
    write(path, sent)
    check(path, sent)


def test_a_busy_backbone(tmp_path: Path) -> None:
    """Thousands of frames between a request and its response: the timers decide, within 32,768 frames."""
    other = [frame(2 + n % 90, 99, ACKD, n % 16, bytes([0x10, n >> 8 & 0xFF, n & 0xFF])) for n in range(512)]
    ask, answer = frame(1, 100, REQUEST, 3, b"\x10"), frame(100, 1, RESPONSE, 3, b"\x00")
    path = tmp_path / "busy.pcapng"
    for between, seconds, expected in ((32_767, 10, 0), (32_768, 10, -1), (32_000, 24.5, 0), (32_000, 24.6, -1)):
        with PcapngWriter(path) as writer:
            writer.add_interface(147)
            writer.write(ask, 0)
            for n in range(between):
                writer.write(other[n % 512], round(n * seconds * 1e9) // between)
            writer.write(answer, round(seconds * 1e9))
        with Capture.open(path) as capture:
            while capture.index_more(100_000):
                pass
            store, pairing = FrameStore(capture, LINK_TYPES), Pairing()
            found = [
                pairing.pair(store.chunk(n, min(n + 20_000, len(capture)))) for n in range(0, len(capture), 20_000)
            ]
        assert np.concatenate(found)[-1] == expected, (between, seconds)


def test_unacknowledged_heard_twice(tmp_path: Path) -> None:
    """Without a transaction number only another interface tells a copy from another message."""
    data = frame(1, 100, (3, 0), 0, b"\x10")
    data = data[:7] + b"\x10\x01"
    data += (binascii.crc_hqx(data, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")
    first = Made(0, data)
    made = [
        first,
        Made(MS, data, duplicate=first, tap=1),
        Made(2 * MS, data),
        other := Made(100 * MS, data),
        Made(101 * MS, data),
        Made(102 * MS, data[:-3] + b"\x02\0\0", tap=1),
        Made(300 * MS, data, tap=1),
    ]
    assert other.duplicate is None
    path = tmp_path / "unacknowledged.pcapng"
    write(path, made)
    check(path, made)
    check(path, made, size=1)


@pytest.mark.parametrize("seed", range(3))
def test_damage(tmp_path: Path, seed: int) -> None:
    """Cut and flipped frames, clocks that jump, stamps that are missing or absurd: no error, and nothing that depends
    on the size of the chunks."""
    rng = random.Random(seed)
    frames = [f for name in ("native_lpdu", "ltep_lpdu") for f in load(f"sidecars/{name}.json")["frames"]]
    path, time = tmp_path / "damage.pcapng", 10**18
    with PcapngWriter(path) as writer:
        for _ in range(2):
            writer.add_interface(147)
        for f in frames:
            data = bytearray.fromhex(f["hex"])
            if rng.random() < 0.1:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            if rng.random() < 0.1:
                data = data[: rng.randrange(len(data) + 1)]
            time += rng.choice((0, MS, 20 * MS, 300 * MS, 300 * MS, -(10**10), 10**11 if rng.random() < 0.1 else 0))
            stamp = rng.choice((None, 0, 2**63 - 1)) if rng.random() < 0.05 else time
            cut = rng.randrange(len(data) + 1) if rng.random() < 0.05 else len(data)
            writer.write(bytes(data[:cut]), stamp, 0 if stamp is None else rng.randrange(2), length=len(data))
    expected = exchanges(path, ahead=False)
    for size in (13, 200, 777):
        assert exchanges(path, size, ahead=False) == expected
    assert sum(exchanges(path, 200)["missing"]) > 0
