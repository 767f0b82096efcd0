# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests and RC4 over many messages at once, against published vectors, a library, and one message at a time."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher
from numpy.typing import NDArray

from dissectors import security as single
from dissectors import security_columns as columns
from dissectors.en14908.npdu import BROADCAST, GROUP, SUBNET_NODE, UNIQUE_ID
from dissectors.security_columns import Pieces, destinations, mep_base_keys, message_keys, mix, plc_base_keys, rc4
from osgp_analyzer.simulate import lon
from osgp_analyzer.simulate import security as simulated
from osgp_analyzer.simulate.authentication import destination
from tests.conftest import load

SECURITY = load("security.json")
CHALLENGES = load("authentication.json")["vectors"]
SIZES = (6, 12, 16)


def matrix(rows: list[bytes]) -> NDArray[np.uint8]:
    """Byte strings as columns, zeros behind the shorter ones."""
    longest = max(map(len, rows), default=0)
    joined = b"".join(row.ljust(longest, b"\0") for row in rows)
    return np.ascontiguousarray(np.frombuffer(joined, np.uint8).reshape(len(rows), longest).T)


def lengths(rows: list[bytes]) -> NDArray[np.int64]:
    return np.array([len(row) for row in rows], np.int64)


def rows_of(found: NDArray[np.uint8]) -> list[bytes]:
    return [column.tobytes() for column in np.ascontiguousarray(found.T)]


def digests(keys: list[bytes], messages: list[bytes], start: list[bytes] | None = None) -> list[bytes]:
    states = matrix(start) if start is not None else None
    return rows_of(mix(matrix(messages), lengths(messages), matrix(keys), states))


# -- digests ----------------------------------------------------------------------------------------------------------


def test_published_digests() -> None:
    """OMA digests under keys of 12 and 16 bytes, those of one size at once."""
    for size in {len(vector["key"]) // 2 for vector in SECURITY["oma_digest"]}:
        some = [vector for vector in SECURITY["oma_digest"] if len(vector["key"]) == 2 * size]
        keys, inputs = ([bytes.fromhex(vector[name]) for vector in some] for name in ("key", "input"))
        assert [digest.hex() for digest in digests(keys, inputs)] == [vector["digest"] for vector in some]


def replies(vectors: list[dict[str, Any]]) -> list[str]:
    """What `mix` makes of challenges, all keys of one size: the message is taken from its end."""
    keys, starts, inputs = (
        [bytes.fromhex(vector[name]) for vector in vectors] for name in ("key", "nonce", "transform_input")
    )
    pieces = Pieces(len(inputs), max(map(len, inputs)))
    joined = np.frombuffer(b"".join(inputs), np.uint8)
    size = lengths(inputs)
    pieces.add(joined, np.cumsum(size) - size, size)
    found = mix(pieces.reversed(), pieces.length, matrix(keys), matrix(starts))
    return [reply.hex() for reply in rows_of(found)]


@pytest.mark.parametrize("kind", ["legacy48", "oma96"])
def test_challenges_of_a_stack(kind: str) -> None:
    """What a public C implementation (lon-stack-dx) has computed. Of nothing it gives the challenge back, which `mix`
    cannot: base keys are digests of nothing too. No message is without an APDU."""
    own = [vector for vector in CHALLENGES if vector["kind"] == kind]
    whole = [vector for vector in own if vector["transform_input"]]
    assert len(own) == 60
    assert {vector["result"] for vector in own if vector not in whole} <= {vector["nonce"] for vector in own}
    assert len(own) - len(whole) == (3 if kind == "legacy48" else 0)
    assert replies(whole) == [vector["result"] for vector in whole]


def test_other_published_challenges() -> None:
    for vector in SECURITY["en14908_authentication"]:
        own = {"key": vector["key"], "nonce": vector["random"],
               "transform_input": vector.get("destination_block", "") + vector["apdu"]}  # fmt: skip
        assert replies([own]) == [vector["digest"]]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("together", [columns.TOGETHER, 60])
def test_all_lengths_in_one_call(size: int, together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 to 400 bytes, in any order, each under its own key, from zeros and from other states."""
    monkeypatch.setattr(columns, "TOGETHER", together)
    source = random.Random(f"{size} {together}")
    messages = [source.randbytes(length) for length in range(401)] + [source.randbytes(source.randrange(401))
                                                                     for _ in range(100)]  # fmt: skip
    source.shuffle(messages)
    keys = [source.randbytes(size) for _ in messages]
    starts = [source.randbytes(8) for _ in messages]
    found, from_state = digests(keys, messages), digests(keys, messages, starts)
    for key, message, start, digest, other in zip(keys, messages, starts, found, from_state, strict=True):
        text = message or b"\0"  # nothing is a block of zeros
        assert digest == single.challenge_reply(key, bytes(8), text[::-1])
        assert other == simulated._mix(start, text, key)
        if size > 6:
            assert digest == single.oma_digest(key, text) == simulated.oma_digest(key, text)


def test_no_messages() -> None:
    none: NDArray[np.int64] = np.zeros(0, np.int64)
    assert mix(np.zeros((0, 0), np.uint8), none, np.zeros((12, 0), np.uint8)).shape == (8, 0)
    assert rc4(np.zeros((16, 0), np.uint8), 5).shape == (5, 0)


def test_bytes_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="300 bytes of a message, but only 4"):
        mix(np.zeros((4, 2), np.uint8), np.array([4, 300]), np.zeros((12, 2), np.uint8))


def test_start_is_not_changed() -> None:
    start = np.arange(16, dtype=np.uint8).reshape(8, 2)
    kept = start.copy()
    mix(np.ones((3, 2), np.uint8), np.array([3, 3]), np.ones((6, 2), np.uint8), start)
    assert (start == kept).all()


# -- RC4 and keys -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 16, 255, 256, 257, 700])
@pytest.mark.parametrize("streams", [columns.STREAMS, 3])
def test_rc4_is_that_of_a_library(size: int, streams: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "STREAMS", streams)
    source = random.Random(size)
    keys = [bytes(16), b"\xff" * 16, bytes(range(16)), *(source.randbytes(16) for _ in range(20))]
    found = rows_of(rc4(matrix(keys), size)) if size else [b""] * len(keys)
    assert found == [Cipher(ARC4(key), mode=None).encryptor().update(bytes(size)) for key in keys]


def test_base_keys() -> None:
    source = random.Random(1)
    omaks = [bytes(12), b"\xdf" * 12, *(source.randbytes(12) for _ in range(200))]
    bases = rows_of(plc_base_keys(matrix(omaks)))
    assert bases == [single.plc_base_key(key) for key in omaks] == [simulated.plc_base_key(key) for key in omaks]
    maks = [bytes(16), b"\1" * 16, *(source.randbytes(16) for _ in range(200))]
    bases = rows_of(mep_base_keys(matrix(maks)))
    assert bases == [single.mep_base_key(key) for key in maks] == [simulated.mep_base_key(key) for key in maks]


def test_message_keys() -> None:
    source = random.Random(2)
    bases, tags = [source.randbytes(16) for _ in range(50)], [source.randbytes(8) for _ in range(50)]
    given = matrix(bases)
    found = rows_of(message_keys(given, matrix(tags)))
    assert found == [single.message_key(base, tag) for base, tag in zip(bases, tags, strict=True)]
    assert rows_of(given) == bases


# -- destinations -----------------------------------------------------------------------------------------------------


class Receiver:
    subnet, node = 7, 99


@pytest.mark.parametrize("domain", [b"", b"\x5a", b"\x8c\x0f\x1e", b"OSGP01"])
def test_destinations(domain: bytes) -> None:
    """As the simulator puts them together, of four kinds of address at once; a broadcast has the domain only."""
    uid = bytes.fromhex("0500e5000001")
    targets = [lon.node(7, 99), lon.Address(lon.GROUP, group=200), lon.unique_id(uid)]
    expected = [
        destination(lon.Lon(lon.TPDU, lon.node(1, 1), target, domain, b""), Receiver())  # type: ignore[arg-type]
        for target in targets
    ]
    expected.append(domain.ljust(6, b"\0") + bytes([len(domain)]) + b"\xff\xff")
    packed = int.from_bytes(domain, "big") | len(domain) << 48
    found = destinations(
        np.array([SUBNET_NODE, GROUP, UNIQUE_ID, BROADCAST]),
        np.full(4, packed),
        np.array([7, 0, 3, 5]),
        np.array([99, 0, 0, 0]),
        np.array([-1, 200, -1, -1]),
        np.array([-1, -1, int.from_bytes(uid, "big") | 6 << 48, -1]),
    )
    assert rows_of(found) == expected


def test_destinations_of_a_stack() -> None:
    """The destinations of its vectors, but for what these have behind a short domain, which is made up."""
    forms = {"unique_id": UNIQUE_ID, "domain+len+subnet/node": SUBNET_NODE, "domain+len+group": GROUP}
    seen = set()
    for vector in CHALLENGES:
        if "oma_dest" not in vector:
            continue
        kind, block = forms[vector["oma_dest_form"]], bytes.fromhex(vector["oma_dest"])
        size = 6 if kind == UNIQUE_ID else block[6]
        packed = int.from_bytes(block[:size], "big") | size << 48
        values = [kind, packed, block[7], block[8], block[7], packed]
        (found,) = rows_of(destinations(*(np.array([value]) for value in values)))
        assert (found[:size], found[6:]) == (block[:size], block[6:]), vector
        seen.add((kind, size))
    assert len(seen) == 1 + 4 + 4


# -- pieces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alike", [False, True])
def test_pieces(alike: bool) -> None:
    """Pieces of many arrays one behind the other, of one length each or of many, and backwards."""
    source = random.Random(alike)
    count, expected = 300, [b""] * 300
    pieces = Pieces(count, 4 * 60 + 2)
    for _ in range(4):
        data = source.randbytes(500)
        size = [source.randrange(61)] * count if alike else [source.randrange(61) for _ in range(count)]
        offset = [source.randrange(500 - length + 1) for length in size]
        pieces.add(np.frombuffer(data, np.uint8), np.array(offset), np.array(size))
        expected = [e + data[o : o + n] for e, o, n in zip(expected, offset, size, strict=True)]
    numbers = [source.randrange(256) for _ in range(count)]
    pieces.add_byte(np.array(numbers))
    expected = [e + bytes([number]) for e, number in zip(expected, numbers, strict=True)]
    assert pieces.length.tolist() == [len(e) for e in expected]
    longest = len(pieces.bytes)
    assert rows_of(pieces.bytes) == [e.ljust(longest, b"\0") for e in expected]
    assert rows_of(pieces.reversed()) == [e[::-1].ljust(longest, b"\0") for e in expected]
