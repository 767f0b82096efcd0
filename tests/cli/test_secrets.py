# SPDX-License-Identifier: GPL-2.0-or-later
"""No output of any command has a key in it, nor a piece of one."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from osgp_analyzer.analysis.fields import FIELDS
from osgp_analyzer.cli.main import main
from tests.analysis.leaks import leaks, secrets_of
from tests.analysis.secured import ring_of, simulated
from tests.conftest import CAPTURES, load

SCENARIOS = {"lpdu": "on_demand,authentication,other_key,no_length", "mep": "on_demand,wrong_key"}
SECURITY = [word for name in FIELDS if name.startswith(("security.", "frame.")) for word in ("-e", name)]
COMMANDS = {
    "show": ["show"],
    "tree": ["show", "-V"],
    "json": ["show", "-T", "json"],
    "fields": ["show", "-T", "fields", *SECURITY, "-e", "osgp.data", "-e", "osgp.digest", "-e", "finding.code"],
    "filter": ["show", "-Y", "security.status == verified and security.key contains omak"],
    "csv": ["export", "-", "--format", "csv", *SECURITY],
    "export json": ["export", "-", "--format", "json"],
    "jsonl": ["export", "-", "--format", "jsonl", *SECURITY],
    "stats": ["stats"],
    "stats json": ["stats", "--json"],
    "audit": ["audit"],
    "audit json": ["audit", "--json"],
    "audit page": ["audit", "--html", "-"],
    "sql": ["sql", "SELECT * FROM frames"],
    "try": ["keys", "try"],
}
FILES = {"parquet": SECURITY, "pcapng": [], "wireshark": []}


def run(*arguments: str) -> tuple[int, bytes]:
    """Exit code, and all that a command wrote."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        out.flush()
    return code, out.buffer.getvalue() + err.getvalue().encode()  # type: ignore[attr-defined]


@pytest.fixture(scope="module", params=["lpdu", "mep"])
def given(request: pytest.FixtureRequest) -> tuple[list[str], list[bytes]]:
    """A capture with its keys as arguments, and what must not be shown."""
    path = simulated(request.param, SCENARIOS[request.param], "--encrypt")
    arguments = [str(path), "--keys", str(path.with_suffix(".keys.toml")), "--shared-keys"]
    return arguments, secrets_of(ring_of(path))


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(name: str, given: tuple[list[str], list[bytes]]) -> None:
    command, (arguments, secrets) = COMMANDS[name], given
    words = [*command, *arguments]
    if command[0] == "export":
        words = ["export", arguments[0], *command[1:], *arguments[1:]]
    code, out = run(*words)
    assert code in (0, 1, 3), out[-500:]
    assert len(out) > 100 or name == "filter"
    assert leaks(out, secrets) == []


@pytest.mark.parametrize("suffix", FILES)
def test_files(suffix: str, given: tuple[list[str], list[bytes]], tmp_path: Path) -> None:
    arguments, secrets = given
    made = tmp_path / f"made.{suffix}"
    code, out = run("export", arguments[0], str(made), "--format", suffix, *FILES[suffix], *arguments[1:])
    assert code == 0, out
    assert leaks(out + made.read_bytes(), secrets) == []


@pytest.mark.parametrize(
    "words",
    [
        ["show", "-Y", "security.nothing == 1"],
        ["show", "-Y", "security.status == ?"],
        ["show", "-T", "fields", "-e", "security.secret"],
        ["export", "-", "--format", "none"],
        ["fields", "security"],
    ],
    ids=" ".join,
)
def test_errors(words: list[str], given: tuple[list[str], list[bytes]]) -> None:
    arguments, secrets = given
    code, out = run(*words, *(arguments if words[0] != "fields" else []))
    assert code == (0 if words[0] == "fields" else 2)
    assert out
    assert leaks(out, secrets) == []


@pytest.mark.parametrize("name", ["tree", "json", "audit json"])
def test_pre_shared_keys(name: str, tmp_path: Path) -> None:
    psk = load("sidecars/mep_tls_psk.json")["psk"]
    file = tmp_path / "keys.toml"
    file.touch(0o600)
    file.write_text(f'[meter."one"]\nport = "mep0"\npsk = "{psk}"\n')
    _, out = run(*COMMANDS[name], str(CAPTURES / "mep_tls_psk.pcapng"), "--keys", str(file))
    assert b"one psk" in out
    # It begins and ends with words that are in a message of the capture.
    assert leaks(out, [bytes.fromhex(psk)[6:14]]) == []
    assert psk.encode() not in out.lower()
