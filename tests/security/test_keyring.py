# SPDX-License-Identifier: GPL-2.0-or-later
"""Key files: what they say, what is wrong in them, and that no key is shown anywhere."""

from __future__ import annotations

import copy
import datetime
import json
import os
import pickle
import random
import re
import threading
import tomllib
import traceback
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osgp_analyzer.cli.main import main
from osgp_analyzer.security.keyfile import LARGEST_FILE, parse
from osgp_analyzer.security.keyring import EMPTY, Key, KeyFileError, KeyRing, Kind, Place, Secret
from osgp_analyzer.security.weak import weakness, weaknesses
from tests.conftest import TESTS, load
from tests.simulate.agreement import sidecar

DOCUMENT = (TESTS.parent / "docs" / "keys.md").read_text()
EXAMPLE = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[0]
OMAK, OTHER = "9C215E03B748FA601D8E72C5", "D16B3F8802E759C4AA10973E"
METER = f'[meter."a"]\naddress = "1/20"\nomak = "{OMAK}"\n'


def ring(text: str) -> KeyRing:
    return parse("k.toml", text.encode())


def errors(text: str) -> list[str]:
    with pytest.raises(KeyFileError) as raised:
        ring(text)
    assert str(raised.value) == "\n".join(raised.value.errors)
    return raised.value.errors


def write(path: Path, text: str = METER, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


# -- what files say ---------------------------------------------------------------------------------------------------


def test_the_example_of_the_document() -> None:
    keys = {key.name: key for key in ring(EXAMPLE).keys}
    domain = bytes.fromhex("4F5347")
    place = Place(domain, 1, 20, bytes.fromhex("0500E5000001"), None, "mep0")
    change = int(datetime.datetime(2026, 3, 1, 10, tzinfo=datetime.UTC).timestamp()) * 10**9

    def key(name: str, kind: str, value: bytes, place: Place, *times: int | None) -> Key:
        return Key(name, Kind(kind), Secret(value), place, *times)

    new = Place(neuron_id=bytes.fromhex("0500E5000002"))
    assert list(keys.values()) == [
        key("meter Main street 4 omak", "omak", bytes.fromhex(OMAK), place),
        key("meter Main street 4 domain_key 1", "domain_key", bytes.fromhex("3B9AF07C15D2"), place, None, change),
        key("meter Main street 4 domain_key 2", "domain_key", bytes.fromhex("E8461C93A05F"), place, change, None),
        key("meter Main street 4 mak", "mak", b"Q7RW2MZK9XBT4HNC", place),
        key("meter new one oma_key 1", "oma_key", bytes.fromhex(OTHER), new),
        key("meter new one oma_key 2", "oma_key", bytes.fromhex("64F52BD8910C7EA335CE08B9"), new),
        key("domain 4f5347 oma_key", "oma_key", bytes.fromhex("17C85AE2903DF64B812ED765"), Place(domain)),
        key("group 4f5347/3 domain_key", "domain_key", bytes.fromhex("A20D6EF953C7"), Place(domain, group=3)),
        key("tried omak 1", "omak", bytes.fromhex("DF" * 12), Place()),
    ]
    assert weaknesses(ring(EXAMPLE)) == []


@pytest.mark.parametrize("kind", Kind)
def test_lengths(kind: Kind) -> None:
    """Those of osgp.md 2.1 and en14908.md 4; one byte less or more is refused, with both numbers."""
    lengths = {
        "omak": [12], "base_key": [16], "domain_key": [6], "oma_key": [12], "mak": [16, 20], "mbk": [16, 20],
        "psk": [16, 32], "mk": [20], "pk": [20], "rk": [20],
    }[kind]  # fmt: skip
    for length in lengths:
        value = bytes(range(0xA1, 0xA1 + length))
        (key,) = ring(f'[try]\n{kind} = "{value.hex()}"').keys
        assert key.secret.reveal() == (value[:16] if kind in ("mak", "mbk") else value)
        text = ("Ab! ~9#" * 5)[:length]
        (key,) = ring(f'[try]\n{kind} = "text:{text}"').keys
        assert key.secret.reveal() == text.encode()[: len(value[:16] if kind in ("mak", "mbk") else value)]
        for wrong in {length - 1, length + 1} - set(lengths):
            (error,) = errors(f'\n[try]\n{kind} = "{value.hex()[:2] * wrong}"')
            assert error == f"k.toml:3: {kind} has {wrong} bytes, and needs {' or '.join(map(str, lengths))}"


def test_a_key_of_the_port_is_cut_with_a_note() -> None:
    found = ring('[try]\nmak = "text:ABCDEFGHIJKLMNOPQRST"\n')
    assert found.keys[0].secret.reveal() == b"ABCDEFGHIJKLMNOP"
    assert found.notes == ("k.toml:2: mak has 20 bytes, of which the first 16 are the key",)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("2026-03-01T10:00:00Z", 1_772_359_200 * 10**9),
        ("2026-03-01T10:00:00", 1_772_359_200 * 10**9),
        ("2026-03-01 11:00:00.000001+01:00", 1_772_359_200 * 10**9 + 1000),
        ("2026-03-01", 1_772_323_200 * 10**9),
    ],
)
def test_times(written: str, means: int) -> None:
    """Against `date -d ... +%s`."""
    (key,) = ring(f'[meter.a]\nport = "p"\nomak = {{ key = "{OMAK}", from = {written} }}').keys
    assert (key.since, key.until) == (means, None)


def test_files_are_one_ring(tmp_path: Path) -> None:
    one = write(tmp_path / "1", f'{METER}[try]\nomak = "{OTHER}"\n[domain.""]\nomak = "{OTHER}"')
    two = write(tmp_path / "2", f'[try]\nomak = ["{OTHER}", "{OMAK}"]\n{METER}mak = "text:ABCDEFGHIJKLMNOX"')
    names = [key.name for key in KeyRing.read([one, str(two)]).keys]
    tried = ["tried omak 1", "tried omak 2"]
    assert names == ["meter a omak", "domain of length 0 omak", "meter a mak", *tried]
    assert KeyRing.read([]) == EMPTY == KeyRing()


def test_the_ring_of_the_simulator(tmp_path: Path) -> None:
    """It has the addresses and the keys that are in the simulator's meters, and every port its meter."""
    for port in ("lpdu", "lonudp", "mep"):
        path = tmp_path / f"{port}.pcapng"
        assert main(["simulate", "--meters", "3", "--port", port, "-o", str(path)]) == 0
        found = KeyRing.read([path.with_suffix(".keys.toml")])
        written = tomllib.loads(path.with_suffix(".keys.toml").read_text())["meter"]
        meters = sidecar(path)["meters"]
        assert {key.name.split()[1] for key in found.keys} == set(meters) == set(written)
        for number, (label, meter) in enumerate(meters.items()):
            domain, subnet, node = label.split("/")
            own = [key for key in found.keys if key.name.startswith(f"meter {label} ")]
            (place,) = {key.place for key in own}
            line = f"mep{number}" if port == "mep" else None
            assert place == Place(
                bytes.fromhex(domain), int(subnet), int(node), bytes.fromhex(meter["neuron_id"]), None, line
            )
            assert [key.kind for key in own] == [
                *["omak"] * 2, *["domain_key"] * 2, *["oma_key"] * 2, "mak", "mbk", "mk", "pk", "rk"
            ]  # fmt: skip
            omaks = [bytes.fromhex(text) for text in written[label]["omak"]]
            assert [key.secret.reveal() for key in own[:6]] == [*omaks, *(omak[:6] for omak in omaks), *omaks]
        assert weaknesses(found) == []


# -- what is wrong ----------------------------------------------------------------------------------------------------

TIMED = "[try]\nomak = [\n{{{}}}]"


def another(line: int, what: str) -> str:
    """Of METER and another meter."""
    return (
        f"k.toml:{line}: omak: k.toml:3 has another one for the same {what} at the same time: "
        "leave one, or say from when until when each is right"
    )


def twice(section: str) -> str:
    return f"k.toml:4: omak is given for this {section} in k.toml:2 too: leave one"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[metre."a"]\naddress = "1/20"', "k.toml:1: no such name is known here; did you mean meter?"),
        ('[zz]\nx = "y"', "k.toml:1: no such name is known here; there are meter, domain, group, try"),
        (METER + 'omk = "00"', "k.toml:4: no such name is known here; did you mean omak?"),
        (METER + 'xyz = "00"', "k.toml:4: no such name is known here; there are domain, address"),
        ('[domain."4F"]\naddress = "1/2"', "k.toml:2: no such name is known here; there are omak, base_key"),
        (TIMED.format(f'key = "{OMAK}", form = 2026-01-01'), "k.toml:3: no such name is known here; did you mean from"),
        (f'omak = "{OMAK}"', "k.toml:1: no such name is known here"),
        (f'[meter]\nomak = "{OMAK}"', 'k.toml:2: belongs into a section with a name: [meter."NAME"]'),
        (f'[[meter]]\nomak = "{OMAK}"', 'k.toml:1: write [meter."NAME"]'),
        (f'try = "{OMAK}"', "k.toml:1: write [try]"),
        ('[try]\n\nomak = "0011"', "k.toml:3: omak has 2 bytes, and needs 12"),
        ('[try]\nomak = ["DFDFDFDFDFDFDFDFDFDFDFDF",\n"001"]', "k.toml:3: omak has an odd number of hex digits, 3"),
        ('[try]\nomak = "Q7RW2MZK9XBT"', 'k.toml:2: omak is not hexadecimal: pairs of 0-9 and A-F, between them'),
        ('[try]\nomak = "text:Q7RW2MZK9XBÄ"', "k.toml:2: omak has characters after text: that are not printable ASCII"),
        ('[try]\nomak = "text:Q7RW2MZK9XB\\u0000"', "k.toml:2: omak has characters after text: that are not printable"),
        ("[try]\nomak = 112233", "k.toml:2: omak is no text: write it in quotes"),
        ("[try]\nomak = [[]]", "k.toml:2: omak is no text: write it in quotes"),
        ("[try]\nomak = []", "k.toml:2: omak has no key in its list"),
        (TIMED.format("from = 2026-01-01"), 'k.toml:3: omak has no key: { key = "...", from ='),
        (TIMED.format(f'key = "{OMAK}", until = 2026-01-01'), "k.toml:2: omak: keys to try have no times"),
        (f'[meter.a]\nomak = "{OMAK}"', "k.toml:1: says not which meter it is: give its address, neuron_id or port"),
        (f'[meter.a]\ndomain = "4F"\nomak = "{OMAK}"', "k.toml:1: says not which meter it is"),
        ('[meter.a]\naddress = "0/20"', "k.toml:2: address is no address: subnets are 1 to 255, nodes 1 to 127"),
        ('[meter.a]\naddress = "256/20"', "k.toml:2: address is no address"),
        ('[meter.a]\naddress = "1/0"', "k.toml:2: address is no address"),
        ('[meter.a]\naddress = "1/128"', "k.toml:2: address is no address"),
        ('[meter.a]\naddress = "1-20"', 'k.toml:2: address is subnet/node, such as "1/20"'),
        ('[meter.a]\naddress = "1/٢"', "k.toml:2: address is subnet/node"),
        ('[meter.a]\nport = "p"\ndomain = "4F53"', "k.toml:3: domain has 2 bytes: a domain has 0, 1, 3 or 6"),
        ('[meter.a]\nneuron_id = "0500E50000"', "k.toml:2: neuron_id has 5 bytes: a Neuron ID has 6"),
        ('[meter.a]\nport = "p\\u001b[2J"', "k.toml:2: port has characters that cannot be shown: choose another"),
        ('[meter.a]\nport = ""', "k.toml:2: port is a name of 1 to 80 characters"),
        ('[meter."a\\u202e"]\nport = "p"', "k.toml:1: the name of a meter has characters that cannot be shown"),
        (f'[meter."{"a" * 81}"]\nport = "p"', "k.toml:1: the name of a meter is a name of 1 to 80 characters"),
        ('[domain."4F53"]', "k.toml:1: a domain has 2 bytes: a domain has 0, 1, 3 or 6"),
        ('[domain."xy"]', "k.toml:1: a domain is not hexadecimal"),
        ('[group."4F5347"]', 'k.toml:1: a group is domain/group, such as "4F5347/3"'),
        ('[group."4F5347/256"]', "k.toml:1: a group is no group: groups are 0 to 255"),
        ('[group."4F53/1"]', "k.toml:1: a group has 2 bytes"),
        (METER.replace('"a"', f'"x {OMAK.lower()}"'), "k.toml:1: its name or port has its omak in it, and is shown"),
        ('[meter.x]\nport = "Q7RW2MZK9XBT4HNC!"\nmak = "text:Q7RW2MZK9XBT4HNC"', "k.toml:1: its name or port has its"),
        (METER + f'[meter.b]\naddress = "1/20"\nomak = "{OTHER}"', another(6, "address")),
        (
            METER + f'neuron_id = "0500E5000001"\n[meter.b]\nneuron_id = "05:00:E5:00:00:01"\nomak = "{OTHER}"',
            another(7, "Neuron ID"),
        ),
        (METER + f'port = "mep0"\n[meter.b]\nport = "mep0"\nomak = "{OTHER}"', another(7, "port")),
        (f'[domain."4F"]\nomak = "{OMAK}"\n[domain."4f "]\nomak = "{OTHER}"', twice("domain")),
        (f'[group."4F/1"]\nomak = "{OMAK}"\n[group."4f/01"]\nomak = "{OTHER}"', twice("group")),
        ("[try]\n[try]", "k.toml:2: is no TOML: Cannot declare ... twice"),
        (METER + f'omak = "{OTHER}"', "k.toml:4: is no TOML: Cannot overwrite a value: the name is there twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text: str, wrong: str) -> None:
    found = errors(text)
    assert any(error.startswith(wrong) for error in found), found
    assert not any(part in error for error in found for part in pieces(text))


@pytest.mark.parametrize(
    ("times", "wrong"),
    [
        ((", until = 2026-02-01", ", from = 2026-02-01"), ""),
        ((", until = 2026-02-01", ", from = 2026-03-01"), ""),
        ((", from = 2026-02-01", ", until = 2026-02-01T00:00:00Z"), ""),
        (("", ""), ""),
        ((", until = 2026-02-01T00:00:01", ", from = 2026-02-01"), "k.toml:5: omak begins before that of line 4 ends"),
        ((", from = 2026-02-01", ", until = 2026-02-02"), "k.toml:4: omak begins before that of line 5 ends"),
        (("", ", from = 2026-02-01"), "k.toml:5: omak begins before that of line 4 ends"),
        ((", from = 2026-02-01, until = 2026-02-01", ""), "k.toml:4: omak ends (until) before it begins (from)"),
        ((", from = 2026-02-02, until = 2026-02-01", ""), "k.toml:4: omak ends (until) before it begins (from)"),
        ((', from = "2026-02-02"', ""), "k.toml:4: from is a date, or date and time, without quotes"),
        ((", until = 10:00:00", ""), "k.toml:4: until is a date, or date and time, without quotes"),
        ((", until = 9999-01-01", ""), "k.toml:4: until is not in the years 1980 to 2199"),
    ],
)
def test_histories(times: tuple[str, str], wrong: str) -> None:
    listed = "\n".join(f'{{ key = "{key}"{time} }},' for key, time in zip((OMAK, OTHER), times, strict=True))
    text = f'[meter.a]\nport = "p"\nomak = [\n{listed}\n]'
    if wrong:
        assert [error for error in errors(text) if error.startswith(wrong)]
    else:
        assert [key.secret.reveal().hex().upper() for key in ring(text).keys] == [OMAK, OTHER]


def test_one_place_after_another_meter() -> None:
    """A new meter with the address of the old one, from a day on; and the same key twice is no contradiction."""
    old = f'[meter.old]\naddress = "1/20"\nomak = {{ key = "{OMAK}", until = 2026-03-01 }}\n'
    new = f'[meter.new]\naddress = "1/20"\nomak = {{ key = "{OTHER}", from = 2026-03-01 }}\n'
    assert len(ring(old + new).keys) == 2
    assert "another one for the same address" in errors(old + new.replace("03-01", "02-28"))[0]
    assert len(ring(METER + METER.replace('"a"', '"b"')).keys) == 2
    assert len(ring(METER + METER.replace('"a"', '"b"').replace("address", 'domain = "4F"\naddress')).keys) == 2


def test_all_that_is_wrong_in_all_files_and_nothing_half_loaded(tmp_path: Path) -> None:
    good = write(tmp_path / "good.toml")
    bad = write(tmp_path / "bad.toml", '[try]\nomak = ["00", "11"]\nmak = 3\n[meter.a]\n')
    missing = tmp_path / "missing.toml"
    with pytest.raises(KeyFileError) as raised:
        KeyRing.read([good, bad, missing])
    assert [error.replace(f"{tmp_path}/", "") for error in raised.value.errors] == [
        "bad.toml:4: says not which meter it is: give its address, neuron_id or port",
        "bad.toml:2: omak has 1 byte, and needs 12",
        "bad.toml:2: omak has 1 byte, and needs 12",
        "bad.toml:3: mak is no text: write it in quotes",
        "missing.toml: No such file or directory",
    ]


def test_two_files_that_contradict(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1"), write(tmp_path / "2", METER.replace(OMAK, OTHER))
    with pytest.raises(KeyFileError) as raised:
        KeyRing.read([one, two])
    assert raised.value.errors == [f"{two}:3: omak is given for this meter in {one}:3 too: leave one"]


# -- who can read them ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666])
def test_what_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "k.toml", mode=mode)
    with pytest.raises(KeyFileError) as raised:
        KeyRing.read([path])
    assert raised.value.errors == [f"{path}: others can read it: chmod 600 {path}, or --shared-keys to use it as it is"]
    assert len(KeyRing.read([path], shared=True).keys) == 1
    for own in (0o600, 0o400, 0o700):
        path.chmod(own)
        assert len(KeyRing.read([path]).keys) == 1


def test_pipes_are_private_and_devices_are_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o644)
    thread = threading.Thread(target=fifo.write_text, args=(METER,))
    thread.start()
    assert len(KeyRing.read([fifo]).keys) == 1
    thread.join()
    ours, theirs = os.pipe()
    os.write(theirs, METER.encode())
    os.close(theirs)
    assert len(KeyRing.read([f"/dev/fd/{ours}"]).keys) == 1
    os.close(ours)
    for path, why in (
        ("/dev/zero", "is no file: keys are read from files and pipes"),
        (str(tmp_path), "Is a directory"),
    ):
        with pytest.raises(KeyFileError) as raised:
            KeyRing.read([path], shared=True)
        assert raised.value.errors == [f"{path}: {why}"]


def test_large_files_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "k.toml", "#" * LARGEST_FILE)
    assert KeyRing.read([path]) == EMPTY
    write(path, "#" * (LARGEST_FILE + 1))
    with pytest.raises(KeyFileError, match="is larger than 8 MiB"):
        KeyRing.read([path])


# -- no key is shown --------------------------------------------------------------------------------------------------


def pieces(text: str) -> set[str]:
    """All runs of six characters of what could be keys in a file: hex, and texts behind ``text:``."""
    keys = [re.sub(r"[\s:]", "", key) for key in re.findall(r'"((?:[0-9A-Fa-f]{2}[\s:]?){6,})"', text)]
    keys += re.findall(r'"text:([^"]*)"', text)
    return {variant[i : i + 6] for k in keys for variant in (k, k.lower(), k.upper()) for i in range(len(k) - 5)}


def test_secrets_show_nothing() -> None:
    value = b"Q7RW2MZK9XBT4HNC"
    secret = Secret(value)
    key = Key("meter a mak", Kind.MAK, secret, Place(port="p"))
    shown = [
        repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:x>40}", "%s" % secret, ascii(secret),  # noqa: UP031
        repr(key), str(key), repr(asdict(key)), repr(replace(key, name="b")), repr(KeyRing((key,))),
        json.dumps(asdict(key), default=repr), repr(dir(secret)), repr([secret]), repr({secret}),
    ]  # fmt: skip
    for text in shown:
        assert not {"Q7RW", value.hex()[:8], str(list(value))[1:9]} & set(re.findall(r"Q7RW|51375257|81, 55, ", text))
    assert repr(secret) == "Secret(16 bytes)"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(key, protocol)
    assert not hasattr(secret, "__dict__")
    assert copy.deepcopy(secret).reveal() == copy.copy(secret).reveal() == secret.reveal() == value


def test_secrets_are_equal_by_their_bytes() -> None:
    assert Secret(b"a") == Secret(bytearray(b"a"))
    assert Secret(b"a") != Secret(b"b")
    assert Secret(b"a") != b"a"
    assert len({Secret(b"a"), Secret(b"a"), Secret(b"b")}) == 2


def test_tracebacks_have_no_key(tmp_path: Path) -> None:
    for text in (f'[try]\nomak = "{OMAK}x"', f'[try]\nomak = "{OMAK}', f'[meter]\n"{OMAK}" = "{OMAK}"', f"x = {OMAK}"):
        path = write(tmp_path / "k.toml", text)
        try:
            KeyRing.read([path])
        except KeyFileError as error:
            # That of the TOML reader, which holds the text. (An exception that pytest is about may be there.)
            assert not isinstance(error.__context__, ValueError)
            shown = "".join(traceback.format_exception(error))
        assert "k.toml" in shown
        assert not any(part in shown for part in (OMAK[i : i + 6] for i in range(19)))


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_no_damage_makes_an_error_show_a_key(seed: int) -> None:
    """The example with some characters lost, doubled, swapped or replaced."""
    rng = random.Random(seed)
    text = list(EXAMPLE)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text))
        match rng.randrange(4):
            case 0:
                del text[at : at + rng.randrange(1, 30)]
            case 1:
                text[at:at] = text[at : at + rng.randrange(1, 60)]
            case 2:
                text[at] = rng.choice("\"'[]{}=\n#,.\\\0é A0")
            case 3:
                other = rng.randrange(len(text))
                text[at], text[other] = text[other], text[at]
    try:
        ring("".join(text))
    except KeyFileError as error:
        assert error.errors
        assert all(re.match(r"k\.toml(:\d+)?: ", line) for line in error.errors)
        assert not any(part in str(error) for part in pieces(EXAMPLE))


# -- weak keys --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "key", "why"),
    [
        ("omak", "DF" * 12, "is the same byte throughout"),
        ("omak", "00" * 12, "is the same byte throughout"),
        ("mak", "01" * 16, "is the same byte throughout"),
        ("omak", "000102030405060708090A0B", "counts from byte to byte"),
        ("domain_key", "FF0001020304", "counts from byte to byte"),
        ("omak", "FFEEDDCCBBAA998877665544", "counts from byte to byte"),
        ("omak", "12AB" * 6, "repeats 2 bytes"),
        ("mak", b"secretsecretsecr".hex(), "repeats 6 bytes"),
        ("omak", b"Main street!".hex(), "is made of characters only"),
        ("mak", b"Q7RW2MZK9XBT4HNC".hex(), ""),
        ("omak", OMAK, ""),
        ("domain_key", "112233445599", ""),
    ],
)
def test_weak_keys(kind: str, key: str, why: str) -> None:
    assert weakness(Kind(kind), Secret(bytes.fromhex(key))) == why


def test_the_keys_of_published_vectors_are_weak() -> None:
    """What exercises and guides print should be in no meter."""
    vectors: dict[str, Any] = load("security.json")
    published = {v["key"] for v in vectors["oma_digest"] if v["source"].startswith(("published", "MEP"))}
    assert published == {"df" * 12, "01" * 16}
    assert all(weakness(Kind.PSK, Secret(bytes.fromhex(key))) for key in published)


def test_keys_that_several_have() -> None:
    text = (
        "".join(f'[meter.m{n}]\nport = "p{n}"\nomak = "{OMAK}"\n' for n in range(5)) + f'[try]\nmak = "{OMAK}AABBCCDD"'
    )
    assert weaknesses(ring(text)) == ["the same key: meter m0 omak, meter m1 omak, meter m2 omak and 2 more"]
    assert weaknesses(ring(METER + f'[try]\nomak = "{OMAK}"')) == [
        "meter a omak is one of the keys to try: others know it"
    ]
    assert weaknesses(ring('[try]\nomak = "DFDFDFDFDFDFDFDFDFDFDFDF"')) == []
