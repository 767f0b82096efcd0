# SPDX-License-Identifier: GPL-2.0-or-later
"""Cipher suites in users' files: what they define, and what is said of what is wrong."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors.osgp.suites import NAMES, SUITES
from osgp_analyzer.engines.scapy.compile import TAKEN
from osgp_analyzer.schema.entries import load
from osgp_analyzer.schema.errors import DefinitionError
from osgp_analyzer.schema.formula import FormulaError
from osgp_analyzer.schema.parts import Given, joined, sizes
from osgp_analyzer.schema.parttext import condition, read_parts
from osgp_analyzer.schema.source import Certainty
from osgp_analyzer.schema.suite import Suite, problems
from osgp_analyzer.schema.suitefile import SUITE_KEYS, read_suites
from osgp_analyzer.schema.userfile import read
from tests.conftest import TESTS

Define = Callable[[str], None]
DOCS = TESTS.parent / "docs"
DOCUMENT = (DOCS / "definitions.md").read_text()
MESSAGES = ("wire", "message", "request", "request_tag")
WIRE = bytes(range(0x40, 0x60))
GIVEN = Given(
    {"target.subnet": 3, "target.node": 77, "npdu.domain": b"OSG", "npdu.neuron_id": bytes(6), "mep.length": 0xABCD},
    {"wire": WIRE, "message": b"message", "request": b"request", "request_tag": b"12345678"},
)


def value(*texts: str) -> bytes | None:
    return joined(read_parts(texts, NAMES, MESSAGES), GIVEN)


# -- byte parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hex:00 ff", b"\0\xff"),
        ("text:a b", b"a b"),
        ("wire", WIRE),
        ("message", b"message"),
        (" npdu.domain ", b"OSG"),
        ("wire[2:5]", WIRE[2:5]),
        ("wire[30:]", WIRE[30:]),
        ("request[:3]", b"req"),
        ("wire[33:]", None),
        ("wire[30:33]", None),
        ("npdu.domain[1:3]", b"SG"),
        ("last(request, 4)", b"uest"),
        ("last(request, 8)", None),
        ("last(wire[0:9], 4)[1:3]", WIRE[6:8]),
        ("pad(npdu.domain, 6)", b"OSG\0\0\0"),
        ("pad(wire, 6)", None),
        (
            "xor(request_tag, hex('0102030405060708'))",
            bytes(a ^ b for a, b in zip(b"12345678", range(1, 9), strict=True)),
        ),
        ("xor(npdu.domain, wire[0:6])", None),
        ("u8(target.node)", b"M"),
        ("u16(mep.length)", b"\xab\xcd"),
        ("u16le(mep.length)", b"\xcd\xab"),
        ("u8(mep.length)", b"\xcd"),
        ("u32(target.subnet * 256 + target.node)", b"\0\0\3M"),
        ("u64le(1)", b"\1" + bytes(7)),
        ("u24(0 - 1)", b"\xff\xff\xff"),
        ("u8(size(message) + 1)", b"\x08"),
        ("u8(wire[3])", WIRE[3:4]),
        ("u8(wire[32])", None),
        ("u8(npdu.src_subnet)", None),
        ("u8(npdu.src_subnet == 1 or target.node == 77)", b"\1"),
        ("target.neuron_id", None),
    ],
)
def test_parts(text: str, expected: bytes | None) -> None:
    parts = read_parts([text], NAMES, MESSAGES)
    assert joined(parts, GIVEN) == expected
    if expected is not None:
        assert sizes(parts)[0] <= len(expected) <= sizes(parts)[1]


def test_parts_are_joined() -> None:
    assert value("u8(target.subnet)", "hex:00", "message") == b"\3\0message"
    assert value() == b""
    assert value("hex:00", "target.neuron_id") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wire[-4:]", "counts from the end: write last(wire, 8)"),
        ("wire[:-4]", "counts from the end: write last(wire, 8)"),
        ("last(wire, -4)", "counts from the end"),
        ("wire[5:2]", "has the bytes from 5 to 2, which are none"),
        ("wire[5:5]", "which are none"),
        ("wire[::2]", "a part is"),
        ("wire[2]", "write wire[2:3] for byte 2"),
        ("wire[0:99999999999999999999]", "where a number from 0 to 4096 is needed"),
        ("wire[0:True]", "where a number from 0 to 4096 is needed"),
        ("pad(wire, 99999999)", "where a number from 0 to 256 is needed"),
        ("pad(hex('0000'), 1)", "fills up to 1 bytes what has at least 2"),
        ("npdu.domain[2:9]", "has bytes up to 9 of what has at most 6"),
        ("last(npdu.domain, 7)", "has the last 7 bytes of what has at most 6"),
        ("last(wire, 0)", "has the last 0 bytes"),
        ("xor(hex('00'), hex('0000'))", "never of the same size"),
        ("target.node", "which is a number: write how many bytes it has, such as u8(target.node)"),
        ("target.nodes", "which is no field in clear; did you mean target.node?"),
        ("u8(target.nodes)", "which is no field in clear; did you mean target.node?"),
        ("u8(npdu.domain)", "which is bytes and no number"),
        ("u8(1 << 63)", "shifts by a number"),
        ("u8(2 ** 99999999)", "an expression has names"),
        ("u8(9 * 9 * 99999999999999999999)", "can get too large"),
        ("u8(size(npdu.domain))", "size(wire)"),
        ("u8(wire[target.node])", "an expression has"),
        ("u128(1)", "a part is"),
        ("u8()", "a part is"),
        ("__import__('os').system('x')", "a part is"),
        ("wire.__class__", "'wire.__class__', which is no field in clear"),
        ("open('/etc/passwd')", "a part is"),
        ("[wire for x in wire]", "a part is"),
        ("hex:0", "is no bytes in hex"),
        ("hex:", "is no bytes in hex"),
        ("hex:" + "00" * 240, None),
        ("text:ä", "is no text of ASCII"),
        ("text:" + "a" * 257, "has more than 256 bytes"),
        ("wire[", "is no expression at character"),
        ("", "is no expression"),
        ("wire\0", "is no expression"),
        ("xor(" * 12 + "wire", "is no expression"),
        ("pad(" * 12 + "wire" + ", 9)" * 12, "more than 8 parts inside each other"),
        ("(" * 240 + "wire" + ")" * 240, "no expression"),
        ("wire" + "[0:9]" * 99, "more than 8 parts inside each other"),
        ("u8(" + "1+" * 2000 + "1)", "is longer than 500 characters"),
        ("u8(" + "-" * 400 + "1)", "more than 40 parts"),
    ],
)
def test_parts_that_are_refused(text: str, said: str | None) -> None:
    if said is None:
        assert len(read_parts([text], NAMES, MESSAGES)) == 1
        return
    with pytest.raises(FormulaError, match=re.escape(said)) as caught:
        read_parts(["hex:00", text], NAMES, MESSAGES)
    assert str(caught.value).startswith("part 2 ")


def test_messages_that_are_not_known_yet() -> None:
    with pytest.raises(FormulaError, match="has 'message', the message in clear, without its tag, which is not known"):
        read_parts(["message"], NAMES, ("wire",))
    with pytest.raises(FormulaError, match="more than 32 parts"):
        read_parts(["wire"] * 33, NAMES, ("wire",))


def test_too_many_bytes_are_none() -> None:
    long = Given({}, {"wire": bytes(4096)})
    assert joined(read_parts(["wire"] * 4, NAMES, ("wire",)), long) == bytes(4 * 4096)
    assert joined(read_parts(["wire"] * 5, NAMES, ("wire",)), long) is None


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("wire[:](),0123456789-+*u8le.xorpadlasthexnpdu domain'\"\0"), max_size=60))
def test_any_text(text: str) -> None:
    try:
        parts = read_parts([text], NAMES, MESSAGES)
    except FormulaError:
        return
    found = joined(parts, GIVEN)
    assert found is None or sizes(parts)[0] <= len(found) <= sizes(parts)[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wire[0] == 0x40", 1),
        ("target.node == 77 and not target.subnet == 4", 1),
        ("size(wire) > 32", 0),
        ("npdu.version == 0", None),
        ("wire[99] == 0", None),
    ],
)
def test_conditions(text: str, expected: int | None) -> None:
    assert GIVEN.number(condition(text, NAMES)) == expected


# -- suites -----------------------------------------------------------------------------------------------------------

SMALL = """
[[suite]]
name = "own"
source = "made up"
carrier = "apdu"
when = "wire[0] == 0x11"
key = "psk"
cipher = "aes-gcm"
nonce = ["hex:000000000000000000000000"]
"""


CMAC = '[[suite.derive]]\nkdf = "counter-aes-cmac"'


def test_the_document_has_the_example() -> None:
    assert (DOCS / "example-suite.toml").read_text() in re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    assert [key for key in SUITE_KEYS if f"`{key}`" not in DOCUMENT] == ["derive"]  # [[suite.derive]]


def test_the_examples_of_the_document(own_tables: Define) -> None:
    for text in re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[1:]:
        own_tables(text)
    assert list(SUITES) == ["osgp-rc4", "mep-rc4", "EXAMPLE-AES-128-CCM"]
    example = SUITES["EXAMPLE-AES-128-CCM"]
    assert example.source.certainty is Certainty.UNCONFIRMED
    assert "made up" in example.source.document
    assert (example.keys, example.tag_length, example.clear_at_end) == (("psk",), 8, 8)
    assert (SUITES["osgp-rc4"].encrypted_from, SUITES["osgp-rc4"].response_stream) == (2, "own_digest")


def test_what_is_built_in() -> None:
    assert list(SUITES) == ["osgp-rc4", "mep-rc4"]
    assert [list(problems(suite)) for suite in SUITES.values()] == [[], []]
    assert SUITES["osgp-rc4"].source.certainty is Certainty.INFERRED
    assert [suite.plain_has_sequence for suite in SUITES.values()] == [True, True]


def test_what_is_usual(own_tables: Define) -> None:
    own_tables(SMALL)
    suite = SUITES["own"]
    assert (suite.title, suite.mac, suite.tag_length, suite.clear_at_end, suite.encrypted_from) == (
        *("own", "none", 16, 16, 0),
    )
    assert suite.response.nonce is suite.request.nonce
    assert str(suite.source) == "made up [one source]"


def test_a_suite_and_a_table_in_one_file(own_tables: Define) -> None:
    table = '[[table]]\nnumber = "ET99"\ntitle = "T"\nsource = "s"\n[[table.field]]\nname = "a"\ntype = "u8"\n'
    own_tables(f'{table}{SMALL}[[suite.derive]]\nkdf = "counter-aes-cmac"\nlabel = ["text:x"]\nlength = 24\n')
    assert [step.length for step in SUITES["own"].derive] == [24]


def test_files_change_suites_one_after_the_other(tmp_path: Path) -> None:
    files = []
    for number, text in enumerate((SMALL, '[[suite]]\nname = "own"\nsource = "seen"\nencrypted_from = 3')):
        files.append(tmp_path / f"{number}.toml")
        files[-1].write_text(text)
    found = read(files, {}, TAKEN, SUITES, NAMES).suites
    assert [(one.name, one.encrypted_from, one.cipher, one.source.document) for one in found] == [
        ("own", 0, "aes-gcm", "made up"),
        ("own", 3, "aes-gcm", "seen"),
    ]


def test_nothing_is_left_of_them() -> None:
    assert list(SUITES) == ["osgp-rc4", "mep-rc4"]


def errors(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(DefinitionError) as caught:
        read([path], {}, TAKEN, SUITES, NAMES)
    return [line.removeprefix(str(path)) for line in caught.value.errors]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "encrypted_form = 1", ":10#: encrypted_form is no key of a suite; did you mean encrypted_from?"),
        ('source = "made up"', "", ":2#: has no source: say who says so"),
        ('name = "own"', 'name = "1"', ":3: 1: name is letters, digits, _, - and ., and begins with a letter"),
        ('name = "own"', "", ":2: [[suite]] number 1: has no name"),
        ('carrier = "apdu"', "", ":2#: has no carrier: one of apdu, mep"),
        ('carrier = "apdu"', 'carrier = "adpu"', ":5#: carrier is 'adpu', which is none; did you mean apdu?"),
        ('when = "wire[0] == 0x11"', "", ":2#: has no when, which says what messages it is for"),
        (
            '"wire[0] == 0x11"',
            '"apdu.cod == 1"',
            ":6#: when refers to 'apdu.cod', which is no field in clear; did you mean apdu.code?",
        ),
        ('"wire[0] == 0x11"', "1", ':6: own: when is an expression in text: write when = "..."'),
        ('"wire[0] == 0x11"', '"message[0] == 1"', ":6#: when has 'message[0]'; an expression has names of fields"),
        ('key = "psk"', "", ":2#: has no key: one of omak, mak"),
        ('key = "psk"', 'key = "pks"', ":7#: key is 'pks', which is no kind of key; did you mean psk?"),
        ('key = "psk"', "key = []", ":7#: key is a kind of key, or a list of them"),
        ('"aes-gcm"', '"aes-gmc"', ":8#: cipher is 'aes-gmc', which is none; did you mean aes-gcm?"),
        ('"aes-gcm"', '"chacha20-poly1305"\ntag_length = 12', ":9#: tag_length of chacha20-poly1305 is 16"),
        ('"aes-gcm"', '"aes-ccm"\ntag_length = 5', ":9#: tag_length of aes-ccm is 4, 6, 8, 10, 12, 14 or 16"),
        ("", "tag_length = 99999999999", ":10#: tag_length is a number from 1 to 16"),
        ("", "encrypted_from = -1", ":10#: encrypted_from is a number from 0 to 255"),
        ("", "encrypted_from = true", ":10#: encrypted_from is a number from 0 to 255"),
        ("", "clear_at_end = 4", ":10#: clear_at_end is at least the 16 bytes of the tag"),
        ("", 'mac = "oma"', ":10#: mac is not for aes-gcm, which has a tag of its own"),
        ("", 'mac_input = ["wire"]', ":10#: mac_input is not for aes-gcm: write associated_data"),
        ("", 'response_stream = "restarts"', ":10#: response_stream is not for aes-gcm"),
        (
            "",
            'response_stream = "restart"',
            ":10#: response_stream is 'restart', which is none; did you mean restarts?",
        ),
        ("", 'plain_has_sequence = "yes"', ":10#: plain_has_sequence is true or false"),
        ('"hex:000000000000000000000000"', '"hex:00"', ":9#: nonce has 1 bytes; aes-gcm takes 8 to 128"),
        (
            '"aes-gcm"',
            '"aes-ccm"\nnonce_response = ["wire[0:6]"]',
            ":9#: nonce_response has 6 bytes; aes-ccm takes 7 to 13",
        ),
        ('nonce = ["hex:000000000000000000000000"]', "", ":2#: nonce has 0 bytes; aes-gcm takes 8 to 128"),
        ('["hex:000000000000000000000000"]', '"hex:00"', ":9#: nonce is a list of parts in text"),
        (
            '"hex:000000000000000000000000"',
            '"message"',
            ":9#: nonce part 1 has 'message', the message in clear, without its tag, which is not known there",
        ),
        ("", 'associated_data = ["request"]', ":10#: associated_data part 1 has 'request', the request of a response"),
        ("", 'derive = { kdf = "x" }', ":2#: write [[suite.derive]]"),
        ("", '[[suite.derive]]\nkdf = "hkdf"', ":11#.derive 1: kdf is 'hkdf', which is no derivation"),
        ("", "[[suite.derive]]\nlength = 16", ":10#.derive 1: has no kdf"),
        ("", "@CMAC", ":10#.derive 1: has no length"),
        ("", "@CMAC\nlength = 20", ":10#: derive ends with a key of 20 bytes; aes-gcm takes 16, 24 or 32"),
        ("", "@CMAC\nlength = 99999999", ":12#.derive 1: length is a number from 1 to 64"),
        ("", "@CMAC\nlength = 16\ncounter_bits = 12", ":13#.derive 1: counter_bits is 8, 16, 24 or 32"),
        ("", "@CMAC\nlength = 32\nlength_bits = 8", ":13#.derive 1: length_bits cannot say 256"),
        (
            "",
            "@CMAC\nlength = 16\nlable = []",
            ":13#.derive 1: lable is no key of a derivation with counter-aes-cmac; did you mean label?",
        ),
        (
            "",
            "@CMAC\nlength = 16\nfixed = []\nlabel = []",
            ":14#.derive 1: label is no key of a derivation with counter-aes-cmac and fixed",
        ),
        ("", '@CMAC\nlength = 16\nlabel = ["request"]', ":13#.derive 1: label part 1 has 'request'"),
        (
            "",
            '[[suite.derive]]\nkdf = "gpsk-sha256"\ntake = "pk"',
            ":12#.derive 1: take is 'pk': gpsk-sha256 gives msk, emsk, sk",
        ),
        (
            "",
            '[[suite.derive]]\nkdf = "gpsk-aes"\ntake = "sk"\nlength = 17',
            ":13#.derive 1: length is a number from 1 to 16",
        ),
        (
            "",
            '[[suite.derive]]\nkdf = "gpsk-aes"\ntake = "sk"\n[[suite.derive]]\nkdf = "gpsk-sha256"\ntake = "sk"',
            ":10#: derive has gpsk-sha256 on a key of 16 bytes, which is too short",
        ),
        ("", '[[suite.derive]]\nkdf = "gpsk-aes"\ntake = "sk"\n' * 9, ":10#: derive has more than 8 steps"),
        ("", SMALL, ":12#: name is that of an earlier suite of this file"),
    ],
)
def test_what_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    """`new` in place of `old`, or at the end; @CMAC stands for the first lines of a derivation, # for ``: own``."""
    new, said = new.replace("@CMAC", CMAC), said.replace("#", ": own", 1)
    text = SMALL.replace(old, new, 1) if old else f"{SMALL}{new}\n"
    assert [line for line in errors(text, tmp_path) if line.startswith(said)], errors(text, tmp_path)


RC4 = '[[suite]]\nname = "osgp-rc4"\nsource = "seen"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{RC4}mac = "aes-cmac"', ":4: osgp-rc4: mac of rc4 is oma"),
        (f"{RC4}tag_length = 4", ":4: osgp-rc4: tag_length of oma is 8"),
        (f'{RC4}nonce = ["wire[0:8]"]', ":4: osgp-rc4: nonce is not for rc4"),
        (f'{RC4}cipher = "none"', ":4: osgp-rc4: cipher is none, and so is mac"),
        (f'{RC4}[[suite.derive]]\nkdf = "gpsk-aes"\ntake = "sk"', ":4: osgp-rc4: derive is not for rc4 and oma"),
        (f"{RC4}mac_input = []", ":4: osgp-rc4: mac_input is missing"),
        (RC4.replace("rc4", "rc5"), ":1: osgp-rc5: has no cipher: one of rc4"),
        (RC4.replace("rc4", "rc5"), "did you mean the suite osgp-rc4?"),
        ("[suite]\nname = 1", ": write [[suite]]"),
        ("[[suit]]\nname = 1", ": 'suit' is not known here; did you mean suite?"),
        ("suite = 7", ": write [[suite]]"),
        ('suite = [{ name = "own", cipher = 4 }]', ": own: cipher is no text"),
        ("[[suite]]\nname = [1]", ":2: [[suite]] number 1: name is no text"),
        ("x = " + "[" * 5000, "bad.toml: "),
    ],
)
def test_what_is_wrong_with_whole_files(tmp_path: Path, text: str, said: str) -> None:
    found = [line if said.startswith(":") or "mean" in said else f"bad.toml{line}" for line in errors(text, tmp_path)]
    assert [line for line in found if said in line], found


def test_nothing_is_defined_where_anything_is_wrong(own_tables: Define) -> None:
    with pytest.raises(DefinitionError):
        own_tables(SMALL + RC4 + "encrypted_from = 999")
    assert list(SUITES) == ["osgp-rc4", "mep-rc4"]


def test_hostile_files_take_no_time(tmp_path: Path) -> None:
    """Many suites, long lists, deep expressions: errors or suites, and soon."""
    path = tmp_path / "hostile.toml"
    long = "[" + ", ".join(['"u8(' + "(" * 30 + "1" + "+1)" * 30 + ')"'] * 32) + "]"
    texts = [
        "".join(SMALL.replace('"own"', f'"own{n}"') for n in range(2000)),
        "".join(f'[[suite]]\nname = "own{n}"\n' for n in range(2000)),
        SMALL + f"associated_data = {long}",
        SMALL + "associated_data = [" + '"wire", ' * 100_000 + "]",
        SMALL + 'associated_data = ["' + "x" * 900_000 + '"]',
        SMALL + "[[suite.derive]]\n" * 50_000,
    ]
    for text in texts:
        path.write_text(text)
        start = time.process_time()
        wrong: list[str] = []
        found = read_suites(load(path, wrong), SUITES, NAMES)
        assert found or wrong
        assert time.process_time() - start < 10


def test_files_with_any_values(tmp_path: Path) -> None:
    """Each value of the example in turn is something else: it is refused, or it makes a suite that fits together."""
    lines = (DOCS / "example-suite.toml").read_text().splitlines()
    odd = ["7", "-1", "true", '""', '"wire"', '["wire"]', "[]", "[[1]]", "{ a = 1 }", "1.5", "1979-05-27", '"\\u0000"']
    path, source = tmp_path / "any.toml", random.Random(3)
    for number, line in enumerate(lines):
        if "=" not in line or line.endswith("["):
            continue
        for value in source.sample(odd, 6):
            path.write_text("\n".join([*lines[:number], f"{line.split('=')[0]}= {value}", *lines[number + 1 :]]))
            wrong: list[str] = []
            suites: list[Suite] = read_suites(load(path, wrong), SUITES, NAMES)
            assert wrong or not list(problems(suites[0]))
            assert all(one.startswith(str(path)) for one in wrong)
