# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture of 100,000 frames: at once there, only what is seen is decoded, searching does not stop the keys."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot

from osgp_analyzer.app.decode import Decoded
from osgp_analyzer.app.session import Session
from osgp_analyzer.capture import Capture
from osgp_analyzer.tui.app import Screen
from tests.tui.player import has, play, until


def test_rows_before_it_is_indexed(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, real = threading.Event(), Capture.index_more

    def index_more(self: Capture, limit: int) -> bool:
        if threading.current_thread().name == "indexing":
            gate.wait(20)
        return real(self, limit)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        assert not app.session.capture.complete
        assert has(app, "Service pin, 05:00:aa:00:00:01")
        await pilot.press("down", "down")
        assert app.frames.cursor == 2
        assert has(app, "indexing ")
        await pilot.press("colon", *"100000", "enter")
        assert has(app, f"there are 1 to {len(app.session)} so far")
        gate.set()
        await until(pilot, lambda: app.frames.count == 100_000)
        assert app.frames.cursor == 2
        await pilot.press("G")
        await until(pilot, lambda: has(app, "frame 100000 of 100000"))

    monkeypatch.setattr(Capture, "index_more", index_more)
    play(large, steps, indexed=False)


def test_decodes_what_is_seen(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[int] = set()
    real = Session.__getitem__

    def getitem(self: Session, index: int) -> Decoded:
        asked.add(index)
        return real(self, index)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("G", "pageup", "g", "pagedown")
        assert app.frames.cursor == app.frames.page
        await until(pilot, lambda: has(app, f"frame {app.frames.page + 1} of 100000"))
        assert len(asked) <= 5 * app.frames.page

    monkeypatch.setattr(Session, "__getitem__", getitem)
    play(large, steps)


def test_search_can_be_left(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"nothing like it", "enter")
        await until(pilot, lambda: has(app, "looking for 'nothing like it'"))
        await pilot.press("down", "down")
        assert app.frames.cursor == 2
        assert any(worker.group == "search" for worker in app.workers)
        await pilot.press("escape")
        await until(pilot, lambda: not any(worker.group == "search" for worker in app.workers))
        assert not has(app, "looking for")

    # The pilot waits after each key until there is nothing to do: leave it more time than a user gets.
    monkeypatch.setattr("osgp_analyzer.tui.search.SLICE", 0.002)
    monkeypatch.setattr("osgp_analyzer.tui.search.REST", 0.2)
    play(large, steps)
