# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in a capture does nothing to the screen, and what is wrong with one is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture
from osgp_analyzer.tui.app import Screen
from osgp_analyzer.tui.cells import fit
from tests.tui.player import FRAMES, has, play, seen, write

EVIL = "[red]x[/] [/] [@click=app.quit]q[/] \x1b[2J\x1b]0;t\x07 \u202e\r\n"
SHOWN = r"[red]x[/] [/] [@click=app.quit]q[/] \x1b[2J\x1b]0;t\x07 \u202e\r\n"


def test_text_is_shown_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "[bold]\x1b[31m[.pcapng", name=EVIL, comments=[EVIL])

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("enter", "home", "asterisk")
        assert has(app, f"Comment: {SHOWN}")
        assert has(app, f"Interface: {SHOWN}")
        assert has(app, r"[bold]\x1b[31m[.pcapng")
        await pilot.press(*["down"] * 4, "i")
        assert any("│" in line and "Comment: [red]x[/] [/] [@click=app.quit]q[/]" in line for line in seen(app))

    play(path, steps)


@pytest.mark.parametrize(("text", "width", "cells"), [
    ("abc", 5, "abc  "), ("abcdef", 5, "abcd…"), ("日本語", 5, "日本…"), ("\x1b", 6, r"\x1b  "), ("ab", 0, ""),
])  # fmt: skip
def test_cells(text: str, width: int, cells: str) -> None:
    assert fit(text, width) == cells


def test_cut_file_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.pcapng")
    path.write_bytes(path.read_bytes()[:-20])

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        note = str(app.session.capture.notes[0])
        assert has(app, "frame 1 of 4")
        assert note[:40] in app.status.file

    play(path, steps)


def test_exceptions_are_not_hidden(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise RuntimeError("a bug in indexing")

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        monkeypatch.setattr(Capture, "index_more", fail)
        app._indexing.run()
        await pilot.pause()

    with pytest.raises(RuntimeError, match="a bug in indexing"):
        play(capture, steps)


def test_exceptions_in_decoding_are_not_hidden(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Session.__getitem__

    def fail(self: Session, index: int) -> object:
        if index == 3:
            raise RuntimeError("a bug in decoding")
        return real(self, index)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.pause()

    monkeypatch.setattr(Session, "__getitem__", fail)
    with pytest.raises(RuntimeError, match="a bug in decoding"):
        play(capture, steps)


def test_any_bytes_can_be_shown(tmp_path: Path) -> None:
    frames = [bytes((i * 7 + j * step) % 256 for j in range(70)) for i in range(20) for step in (1, 3)]
    path = write(tmp_path / "rubbish.pcapng", [*frames, *(f[:n] for f in FRAMES for n in range(len(f)))])

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("tab", "asterisk", "shift+tab")
        while app.frames.cursor < len(app.session) - 1:
            await pilot.press("pagedown")
            seen(app)
        assert app.frames.cursor == len(app.session) - 1

    play(path, steps, (80, 24))
