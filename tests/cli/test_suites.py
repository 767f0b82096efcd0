# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages under cipher suites of the user's own, encrypted here by hand, as a program shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from osgp_analyzer.simulate import lon
from osgp_analyzer.simulate.checksums import lpdu_crc
from osgp_analyzer.simulate.security import message_stream, oma_digest, plc_base_key
from tests.analysis.secured import LPDU, written
from tests.cli.test_show import run
from tests.conftest import TESTS
from tests.security.test_suite import cmac

SUBNET, NODE, DOMAIN, NEURON_ID = 3, 77, b"OSG", bytes.fromhex("0123456789ab")
PSK, OMAK = bytes(range(0x20, 0x30)), bytes.fromhex("9c215e03b748fa601d8e72c5")
SECOND = 10**9
TABLE, DATA = 5000, "c0ffee0123456789"
ASKED = "3f 1388 000010 0008 01020304"
ANSWERED = "00 0008" + DATA
CHANGED = """
[[suite]]
name = "osgp-rc4"
source = "made up for this test"
encrypted_from = {first}
response_stream = "{stream}"
mac_input = ["text:AB", "u8(target.node)", "message"]
mac_input_response = ["request", "u8(target.subnet)", "message"]
"""


@dataclass(frozen=True)
class Pair:
    """APDUs of a request and its response."""

    request: bytes
    response: bytes


def example(psk: bytes = PSK) -> Pair:
    """What docs/example-suite.toml says in words: AES-CCM, a key made of the PSK, a nonce of header fields."""
    key = cmac(psk, b"\1EXAMPLE message key\0" + NEURON_ID + b"\5\0\x80")
    cipher, number = AESCCM(key, tag_length=8), b"\1\2\3\4"
    head, nonce = b"\x11\5" + number, DOMAIN + bytes(3) + bytes([SUBNET, NODE])
    asked = bytes.fromhex(ASKED)[:-4]
    request = head + cipher.encrypt(nonce + b"\0" + number, asked, head)
    head = b"\x12\5\0\0\0\0"
    answer = cipher.encrypt(nonce + b"\1" + number, bytes.fromhex(ANSWERED), head + request[-8:])
    return Pair(request, head + answer)


def changed(first: int, stream: str, start: bytes, omak: bytes = OMAK) -> Pair:
    """OSGP with RC4 as `CHANGED` has it; the digest of a request begins with `start`."""
    asked, answered = b"\0" + bytes.fromhex(ASKED), b"\0" + bytes.fromhex(ANSWERED)
    base = plc_base_key(omak)
    digest = oma_digest(omak, start + bytes([NODE]) + asked)
    other = oma_digest(omak, asked + bytes([SUBNET]) + answered)
    of_request = message_stream(base, digest)
    request = asked[:first] + of_request.apply(asked[first:]) + digest
    of_response = {
        "continues": of_request,
        "restarts": message_stream(base, digest),
        "own_digest": message_stream(base, other),
    }[stream]
    return Pair(request, answered[:first] + of_response.apply(answered[first:]) + other)


def lpdus(pair: Pair, transaction: int = 1) -> list[bytes]:
    asks = lon.Lon(lon.SPDU, lon.node(1, 1), lon.node(SUBNET, NODE), DOMAIN, pair.request, lon.REQUEST, transaction)
    both = (asks.lpdu(), asks.answer(pair.response).lpdu())
    return [made + lpdu_crc(made) for made in both]


def keys(folder: Path, kind: str, key: bytes) -> Path:
    file = folder / f"{key.hex()}.toml"
    file.touch(0o600)
    file.write_text(
        f'[meter."here"]\ndomain = "{DOMAIN.hex()}"\naddress = "{SUBNET}/{NODE}"\n'
        f'neuron_id = "{NEURON_ID.hex()}"\n{kind} = "{key.hex()}"\n'
    )
    return file


@dataclass
class Given:
    """A way to encrypt: its definition, a pair of messages, the kind of key and the right one."""

    define: Path
    pair: Pair
    kind: str
    key: bytes


CASES = ["example", "4 own_digest", "2 restarts", "3 continues headers"]
HEADERS = ("text:AB", "pad(npdu.domain, 6)")
"""What digests are over that can only be tried message by message."""


@pytest.fixture(params=CASES)
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Given:
    if request.param == "example":
        return Given(TESTS.parent / "docs" / "example-suite.toml", example(), "psk", PSK)
    first, stream, *headers = request.param.split()
    file = tmp_path / "changed.toml"
    text, start = CHANGED.format(first=first, stream=stream), b"AB"
    if headers:
        text, start = text.replace(*HEADERS), DOMAIN.ljust(6, b"\0")
    file.write_text(text)
    return Given(file, changed(int(first), stream, start), "omak", OMAK)


def shown(path: Path, given: Given, key: Path, *words: str) -> str:
    done = run("show", str(path), "--define", str(given.define), "--keys", str(key), *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_what_messages_say(given: Given, tmp_path: Path) -> None:
    """Filters, fields and JSON have the values inside."""
    path = written(tmp_path / "made.pcapng", LPDU, lpdus(given.pair))
    right = keys(tmp_path, given.kind, given.key)
    names = ("frame.number", "osgp.table", "osgp.offset", "osgp.data", "security.status", "security.key")
    words = ["-T", "fields", *(word for name in names for word in ("-e", name))]
    rows = [line.split("\t") for line in shown(path, given, right, *words).splitlines()]
    name = f"meter here {given.kind}"
    assert rows == [["1", str(TABLE), "16", "", "verified", name], ["2", "", "", DATA, "verified", name]]
    assert shown(path, given, right, "-Y", f"osgp.table == {TABLE}", "-T", "fields", "-e", "frame.number") == "1\n"
    assert shown(path, given, right, "-Y", "osgp.response == 0 and security.encrypted", "-T", "fields",
                 "-e", "osgp.request_table") == f"{TABLE}\n"  # fmt: skip
    frames: list[dict[str, Any]] = [json.loads(line) for line in shown(path, given, right, "-T", "json").splitlines()]
    for frame in frames:
        assert frame["security"] == {"status": "verified", "key": name, "encrypted": True}
    values = [{name: field["value"] for layer in frame["layers"] for name, field in layer["fields"].items()}
              for frame in frames]  # fmt: skip
    assert (values[0]["osgp.table"], values[0]["osgp.count"]) == (TABLE, 8)
    assert (values[1]["osgp.request_table"], values[1]["osgp.data"]) == (TABLE, DATA)
    assert ("osgp.sequence" in values[0]) == (given.kind == "omak")
    assert frames[1]["request"] == 1


def test_nothing_without_the_right_key_or_definition(given: Given, tmp_path: Path) -> None:
    path = written(tmp_path / "made.pcapng", LPDU, lpdus(given.pair))
    other = keys(tmp_path, given.kind, bytes([given.key[0] ^ 0x55]) + given.key[1:])
    names = ("security.status", "security.key", "security.encrypted", "osgp.data")
    words = ["-T", "fields", *(word for name in names for word in ("-e", name))]
    first, second = (line.split("\t") for line in shown(path, given, other, *words).splitlines())
    assert first[:2] == ["bad digest", f"meter here {given.kind}"]
    assert second[0] in ("bad digest", "no key")
    assert "1" not in (first[2], second[2])
    right = keys(tmp_path, given.kind, given.key)
    without = run("show", str(path), "--keys", str(right), *words)
    assert "verified" not in without.stdout
    assert DATA not in [*first, *second, *without.stdout.split()]


def test_flipped_bits(given: Given, tmp_path: Path) -> None:
    """Every bit behind the code, of request and response, in one capture: only what is whole is verified."""

    def flipped(data: bytes) -> list[bytes]:
        number = int.from_bytes(data, "big")
        return [(number ^ 1 << bit).to_bytes(len(data), "big") for bit in range(8 * (len(data) - 1))]

    asks = [Pair(one, given.pair.response) for one in flipped(given.pair.request)]
    answers = [Pair(given.pair.request, one) for one in flipped(given.pair.response)]
    frames, times, right = lpdus(given.pair), [0, SECOND // 10], {1, 2}
    for number, pair in enumerate([*asks, *answers], 1):
        both = lpdus(pair, 1 + number % 15)
        for place, frame in enumerate(both[:1] if number <= len(asks) else both):
            frames.append(frame)
            times.append(60 * SECOND * number + place * SECOND // 10)
            if number > len(asks) and not place:
                right.add(len(frames))
    path = written(tmp_path / "flipped.pcapng", LPDU, frames, None, times)
    words = [
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "security.status",
        "-e",
        "security.encrypted",
        "-e",
        "security.key",
    ]
    rows = [line.split("\t") for line in shown(path, given, keys(tmp_path, given.kind, given.key), *words).splitlines()]
    assert {int(number) for number, status, *_ in rows if status == "verified"} == right
    assert {int(number) for number, _, hidden, _ in rows if hidden == "1"} == right
    wrong = [row for row in rows if int(row[0]) not in right]
    assert {(status, key) for _, status, _, key in wrong} == {("bad digest", f"meter here {given.kind}")}
    assert len(wrong) == len(asks) + len(answers)
