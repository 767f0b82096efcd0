# SPDX-License-Identifier: GPL-2.0-or-later
"""`osgp-analyzer keys`: files that it writes are read back, files as people wrote them stay so, no key is shown."""

from __future__ import annotations

import io
import os
import pty
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from osgp_analyzer.app.keys import VARIABLE, ring
from osgp_analyzer.cli.commands import parser
from osgp_analyzer.cli.commands_keys import KINDS
from osgp_analyzer.cli.main import main
from osgp_analyzer.security.keyring import KeyFileError, KeyRing, Kind
from tests.security.test_keyring import EXAMPLE, METER, OMAK, OTHER, pieces, write

MAK = "Q7RW2MZK9XBT4HNC"
STREET = ["--meter", "Main street 4", "--domain", "4F5347", "--address", "1/20"]


class Done(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `keys` with lines of standard input, in an empty folder; no output has a key of these tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")

    def call(*arguments: str, given: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        code = main(["keys", *arguments])
        shown = capsys.readouterr()
        keys = pieces(f'"{OMAK}" "{OTHER}" "text:{MAK}" "{MAK.encode().hex()}" {EXAMPLE}')
        assert not [part for part in keys if part in shown.out + shown.err]
        return Done(code, shown.out, shown.err)

    return call


# -- add --------------------------------------------------------------------------------------------------------------


def test_a_new_file(run: Run) -> None:
    done = run("add", "k.toml", *STREET, "--omak", "--mak", given=f"{OMAK}\ntext:{MAK}\r\n")
    assert done == (0, "k.toml: added omak, mak of meter Main street 4\n", "")
    assert stat.S_IMODE(os.stat("k.toml").st_mode) == 0o600
    assert os.listdir() == ["k.toml"]
    assert tomllib.loads(Path("k.toml").read_text()) == {
        "meter": {"Main street 4": {"domain": "4F5347", "address": "1/20", "omak": OMAK, "mak": f"text:{MAK}"}}
    }
    assert [key.secret.reveal() for key in KeyRing.read(["k.toml"]).keys] == [bytes.fromhex(OMAK), MAK.encode()]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_there_stays(run: Run, end: str, whole: bool) -> None:
    """A file with comments, histories and lists, also one whose last line does not end."""
    before = EXAMPLE.replace("\n", end)
    before = before if whole else before.rstrip()
    path = Path("k.toml")
    path.touch(0o600)
    for options, section, added in [
        ([*STREET, "--port", "mep0", "--mbk"], ["meter", "Main street 4"], {"mbk": f"text:{MAK}"}),
        (["--meter", "new one", "--port", "ä", "--mak"], ["meter", "new one"], {"port": "ä", "mak": f"text:{MAK}"}),
        (["--meter", 'a "b" \\', "--port", "x", "--mk"], ["meter", 'a "b" \\'], {"port": "x", "mk": f"text:{MAK}ABC "}),
        (["--domain", "4F5347", "--mak"], ["domain", "4F5347"], {"mak": f"text:{MAK}"}),
        (["--group", "4F5347/4", "--mak"], ["group", "4F5347/4"], {"mak": f"text:{MAK}"}),
        (["--try", "--mak"], ["try"], {"mak": f"text:{MAK}"}),
    ]:
        path.write_bytes(before.encode())
        done = run("add", "k.toml", *options, given=f"{list(added.values())[-1]}\n")
        assert (done.code, done.err) == (0, "")
        after = path.read_bytes().decode()
        known: Any = tomllib.loads(before.replace("\r", ""))
        inner = known
        new = section[1] not in known[section[0]] if len(section) > 1 else False
        for step in section:
            inner = inner.setdefault(step, {})
        inner.update(added)
        assert tomllib.loads(after.replace("\r", "")) == known
        lines = iter(after.splitlines())
        assert all(line in lines for line in before.splitlines())  # in the same order: `in` goes on from the last
        assert len(after.splitlines()) - len(before.splitlines()) == len(added) + 2 * new
        assert (end == "\r\n") == ("\r" in after)
        assert after.count("\r") in (0, after.count("\n"))


def test_what_is_wrong_changes_nothing(run: Run) -> None:
    write(Path("k.toml"), METER)
    for options, given, wrong in [
        (["--meter", "a", "--omak"], OTHER, "k.toml:3: has this omak already: to change it"),
        (["--meter", "a", "--address", "1/21", "--mak"], "", "k.toml:2: has another address already"),
        (["--meter", "b", "--address", "1/20", "--omak"], OTHER, "another one for the same address"),
        (["--meter", "b", "--address", "1/128", "--omak"], "", "k.toml:6: address is no address"),
        (["--meter", "b", "--neuron-id", "05", "--omak"], "", "k.toml:6: neuron_id has 1 byte"),
        (["--meter", "b\x1b[2J", "--port", "x", "--omak"], "", "characters that cannot be shown"),
        (["--meter", "b\udcff", "--port", "x", "--omak"], "", "is not UTF-8"),
        (["--meter", "b", "--omak"], "", "says not which meter it is"),
        (["--meter", "b", "--port", "x"], "", "name the keys to add"),
        (["--meter", "b", "--port", "x", "--omak"], "", "standard input ends where the omak should be"),
        (["--meter", "b", "--port", "x", "--omak"], OMAK[:-2], "omak has 11 bytes, and needs 12"),
        (["--meter", "b", "--port", "x", "--omak"], f"text:{MAK}", "omak has 16 bytes, and needs 12"),
        (["--meter", "b", "--port", "x", "--mak"], MAK, "mak is not hexadecimal"),
        (["--meter", "b", "--port", MAK, "--mak"], f"text:{MAK}", "its name or port has its mak in it"),
        (["--meter", "b", "--port", "x", "--mak", "--mak"], "", "each kind of key once"),
        (["--meter", "b", "--port", "x", "--omak", OMAK], OMAK, "a word too many: a key is not written here"),
        (["--meter", "b", "--port", "x", f"--omak={OMAK}"], OMAK, "argument --omak: has no value"),
        (["--meter", "b", "--port", "x", f"--oma={OMAK}"], OMAK, "unknown option --oma; did you mean --omak"),
        (["--address", "1/20", "--omak"], OMAK, "say whose the keys are"),
        (["--group", "4F/1", "--domain", "4F", "--omak"], OMAK, "say whose the keys are"),
        (["--try", "--meter", "b", "--omak"], OMAK, "choose one"),
        (["--group", "4F", "--omak"], "", "a group is domain/group"),
    ]:  # fmt: skip
        done = run("add", "k.toml", *options, given=given)
        assert (done.code, done.out) == (2, ""), options
        assert wrong in done.err
        assert Path("k.toml").read_text() == METER
        assert os.listdir() == ["k.toml"]


def test_sections_that_are_written_otherwise(run: Run) -> None:
    for text in (f'[meter]\na = {{ address = "1/20", omak = "{OMAK}" }}\n', 'meter.a.address = "1/20"\n'):
        write(Path("k.toml"), text)
        done = run("add", "k.toml", "--meter", "a", "--mak", given=f"text:{MAK}")
        assert (done.code, "is not written as a section: edit the file" in done.err) == (2, True)
        assert Path("k.toml").read_text() == text


def test_every_kind_has_an_option() -> None:
    assert list(KINDS) == list(Kind)


def test_a_file_that_others_can_read(run: Run) -> None:
    path = write(Path("k.toml"), METER, 0o640)
    done = run("add", "k.toml", "--meter", "a", "--mak", given=f"text:{MAK}")
    assert (done.code, "chmod 600 k.toml, or --shared-keys" in done.err) == (2, True)
    assert run("add", "--shared-keys", "k.toml", "--meter", "a", "--mak", given=f"text:{MAK}").code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert len(KeyRing.read([path], shared=True).keys) == 2
    assert run("add", "/dev/null", "--meter", "a", "--mak").code == 2
    assert run("add", "nowhere/k.toml", *STREET, "--omak", given=OMAK).code == 2


def test_a_terminal_does_not_show_what_is_typed(tmp_path: Path) -> None:
    pid, end = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        code = "from osgp_analyzer.cli.main import main; raise SystemExit(main())"
        os.execv(sys.executable, [sys.executable, "-c", code, "keys", "add", "k.toml", *STREET, "--omak", "--mak"])
    seen = b""
    try:
        for prompt, answer in ((b"omak (12 bytes", OMAK), (b"mak (16 or 20 bytes", f"text:{MAK}")):
            while prompt not in seen.replace(b"omak (12", b"", answer != OMAK):
                seen += os.read(end, 1000)
            os.write(end, f"{answer}\n".encode())
        while b"added" not in seen:
            seen += os.read(end, 1000)
    finally:
        status = os.waitpid(pid, 0)[1]
        os.close(end)
    assert os.waitstatus_to_exitcode(status) == 0
    assert OMAK[:6].encode() not in seen
    assert MAK[:6].encode() not in seen
    assert len(KeyRing.read([tmp_path / "k.toml"]).keys) == 2


# -- list and check ---------------------------------------------------------------------------------------------------


def test_list(run: Run) -> None:
    write(Path("k.toml"), EXAMPLE)
    done = run("list", "k.toml")
    assert (done.code, done.err) == (0, "")
    rows = [line.split("  ") for line in done.out.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    whose = "1/20, Neuron ID 05:00:e5:00:00:01, domain 4f5347, port mep0"
    assert cells[0] == ["NAME", "KIND", "BYTES", "WHOSE", "FROM", "UNTIL"]
    assert cells[3] == ["meter Main street 4 domain_key 2", "domain_key", "6", whose, "2026-03-01T10:00:00Z", "-"]
    assert cells[-1] == ["tried omak 1", "omak", "12", "anybody's", "-", "-"]
    assert len(cells) == 1 + len(KeyRing.read(["k.toml"]).keys)


def test_check(run: Run) -> None:
    write(Path("k.toml"), EXAMPLE)
    assert run("check", "k.toml") == (0, "9 keys: 2 omak, 3 domain_key, 3 oma_key, 1 mak\n", "")
    write(Path("k.toml"), METER.replace(OMAK, "DF" * 12) + f'mak = "text:{MAK}WXYZ"')
    done = run("check", "k.toml")
    assert done.code == 1
    assert done.out.splitlines()[1:] == [
        "note: k.toml:4: mak has 20 bytes, of which the first 16 are the key",
        "weak: meter a omak is the same byte throughout",
    ]
    write(Path("other.toml"), '[try]\nomak = "00"\n')
    done = run("check", "k.toml", "other.toml")
    assert done == (2, "", "osgp-analyzer: other.toml:2: omak has 1 byte, and needs 12\n")
    assert run("check", "missing.toml") == (2, "", "osgp-analyzer: missing.toml: No such file or directory\n")
    assert run("check").err.startswith("osgp-analyzer: name a key file")


def test_hostile_names_of_files(run: Run) -> None:
    name = "k\x1b[2J\n.toml"
    write(Path(name), METER, 0o644)
    done = run("list", name)
    assert done.code == 2
    assert "\x1b" not in done.err
    assert done.err.count("\n") == 1
    assert "\\x1b[2J\\n.toml" in done.err
    done = run("add", "--shared-keys", name, "--meter", "a", "--mak", given=f"text:{MAK}")
    assert (done.code, "\x1b" in done.out, done.out.count("\n")) == (0, False, 1)


# -- keys of other commands -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["show", "view", "export", "sql", "stats"])
def test_options_of_commands_that_read_captures(command: str) -> None:
    words = {"export": ["f", "out"], "sql": ["select 1", "f"]}.get(command, ["f"])
    options = parser().parse_args([command, *words, "--keys", "a", "--keys", "b", "--shared-keys"])
    assert (options.keys, options.shared_keys) == (["a", "b"], True)
    options = parser().parse_args([command, *words])
    assert (options.keys, options.shared_keys) == ([], False)


def test_the_standing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    assert ring([], False).keys == ()
    (tmp_path / "osgp-analyzer").mkdir()
    standing = write(tmp_path / "osgp-analyzer" / "keys.toml")
    given = write(tmp_path / "given.toml", f'[try]\nomak = "{OTHER}"')
    assert [key.name for key in ring([str(given), str(given)], False).keys] == ["meter a omak", "tried omak 1"]
    monkeypatch.setenv(VARIABLE, "")
    assert [key.name for key in ring([str(given)], False).keys] == ["tried omak 1"]
    named = write(tmp_path / "named.toml", METER.replace('"a"', '"b"'))
    monkeypatch.setenv(VARIABLE, str(named))
    assert [key.name for key in ring([], False).keys] == ["meter b omak"]
    named.write_text("[try]\nx = 1\n")
    with pytest.raises(KeyFileError) as raised:
        ring([str(given)], False)
    assert raised.value.errors[-1] == f"{named} is read at every start; to go on without it, set {VARIABLE} to nothing"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(KeyFileError, match="No such file"):
        ring([], False)
    monkeypatch.delenv(VARIABLE)
    standing.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        ring([], False)
    assert len(ring([], True).keys) == 1


def test_many_errors_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    path = write(tmp_path / "k.toml", '[try]\nomak = ["00"' + ',\n"00"' * 99 + "]")
    with pytest.raises(KeyFileError) as raised:
        ring([str(path)], False)
    assert len(raised.value.errors) == 21
    assert raised.value.errors[-1] == "and 80 more"


def test_as_a_program(tmp_path: Path) -> None:
    path = write(tmp_path / "k.toml", EXAMPLE)
    shell = f"exec {sys.executable} -m osgp_analyzer keys check <(cat {path})"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (
        0, "9 keys: 2 omak, 3 domain_key, 3 oma_key, 1 mak\n", ""
    )  # fmt: skip
