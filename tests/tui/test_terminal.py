# SPDX-License-Identifier: GPL-2.0-or-later
"""The program in a terminal of its own."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

pytest.importorskip("termios", reason="pseudo-terminals are a thing of Unix")
import pty
import termios

LAUNCHER = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(1, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "osgp_analyzer", *sys.argv[1:]])
"""


class Terminal:
    """The other end of a pseudo-terminal."""

    def __init__(self, end: int, program: subprocess.Popen[bytes]) -> None:
        self.end, self.program, self.read = end, program, ""

    def type(self, keys: str) -> None:
        self.read = ""
        os.write(self.end, keys.encode())

    def expect(self, text: str) -> None:
        """Wait until the program has written `text` (a whole word: only what changes is written)."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if select.select([self.end], [], [], 0.1)[0]:
                self.read += os.read(self.end, 65536).decode(errors="replace")
            if text in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.read):
                return
        raise AssertionError(f"{text!r} was not written: {self.read!r}")


@contextmanager
def terminal(*arguments: str, stdin: int | IO[bytes] | None = None) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (30, 100))
    program = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, *arguments],
        stdin=theirs if stdin is None else stdin,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    try:
        yield Terminal(ours, program)
    finally:
        program.kill()
        program.wait()
        os.close(ours)


def test_file(capture: Path) -> None:
    with terminal(str(capture)) as screen:
        screen.expect("frame 1 of 5")
        screen.type("G")
        screen.expect("frame 5 of 5")
        screen.type("\x03")
        assert screen.program.wait(20) == 0


def test_pipe_that_stays_open(capture: Path) -> None:
    """Keys come from the terminal, and quitting does not wait for who writes into the pipe."""
    reading, writing = os.pipe()
    try:
        os.write(writing, capture.read_bytes())
        with terminal("view", "-", stdin=reading) as screen:
            screen.expect("frame 1 of 5 · reading")
            screen.type("G")
            screen.expect("frame 5 of 5")
            screen.type("q")
            assert screen.program.wait(20) == 0
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("command", [[], ["view"]])
def test_keys_that_cannot_be_read_are_told_of_before_the_screen_opens(
    command: list[str], capture: Path, tmp_path: Path
) -> None:
    wrong, missing = tmp_path / "wrong.toml", tmp_path / "missing.toml"
    wrong.write_text('[meter."1"]\nomak = "00"\n')
    wrong.chmod(0o600)
    for keys, said in ((wrong, "wrong.toml:2"), (missing, "missing.toml")):
        with terminal(*command, str(capture), "--keys", str(keys)) as screen:
            screen.expect(said)
            assert screen.program.wait(20) == 2
            assert "\x1b[?1049h" not in screen.read
