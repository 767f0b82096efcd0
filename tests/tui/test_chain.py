# SPDX-License-Identifier: GPL-2.0-or-later
"""The chain of a frame on the screen says what the senders knew, and the screen goes on working meanwhile."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

import osgp_analyzer.tui.chain
from osgp_analyzer.analysis.chains.chain import Chain
from osgp_analyzer.analysis.transactions import FAR_BACK
from osgp_analyzer.app.changes import Change
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.store import FrameStore
from osgp_analyzer.tui.app import Screen
from osgp_analyzer.tui.chain import ChainView
from tests.analysis.test_chains import NODES, TRUTH, outcome_of, target_of
from tests.analysis.test_chains_simulated import known
from tests.cli.test_chains import long_chain
from tests.conftest import CAPTURES, load
from tests.tui.player import has, play, seen, until
from tests.tui.test_hostile import EVIL, SHOWN

PLAIN, SIMULATED = CAPTURES / "ltep_lpdu.pcap", CAPTURES / "simulated_chains.pcapng"
SIZES = [(80, 24), (120, 40)]


async def opened(app: Screen, pilot: Pilot[None], number: int) -> ChainView:
    """The chain of a frame, when it is found."""
    app.frames.point_to(number - 1)
    await pilot.press("c")
    view = app.screen
    assert isinstance(view, ChainView)
    await until(pilot, lambda: view.found and view.arrows.selected is not None)
    return view


def numbers(view: ChainView) -> list[int]:
    """The frames that have a line."""
    return [row.frame.index + 1 for row in view.arrows.drawing.rows if row.frame is not None]


def column(line: str) -> int:
    """The place of the arrow among the columns, from 1."""
    cells = line.partition("|")[2].rpartition("|")[0].split("|")
    return next(place for place, cell in enumerate(cells, 1) if cell.strip())


@pytest.mark.parametrize("size", SIZES)
def test_it_says_what_the_senders_knew(size: tuple[int, int]) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        for truth in TRUTH["transactions"][::6]:
            first, last = truth["frames"]
            view = await opened(app, pilot, (first + last) // 2)
            top, rows = seen(app)[:6], [line for line in seen(app) if line.lstrip().startswith("|")]
            route = " > ".join(["1/1", *(NODES[name] for name in truth["route"]), target_of(truth)])
            assert f"Chain {first} at " in top[0]
            assert f"route: {route}" in top[1]
            assert outcome_of(truth) in top[2]
            assert numbers(view) == list(range(first, last + 1))
            assert view.arrows.selected is not None
            assert view.arrows.selected.frame is not None
            assert view.arrows.selected.frame.index + 1 == (first + last) // 2
            nodes = ["concentrator", *truth["route"]]
            for line in rows:
                number = int(line.partition("#")[2].split()[0])
                frame = TRUTH["frames"][number - 1]
                forward = frame["msg"] not in ("ACK", "RESPONSE")
                assert (">" in line) == forward
                assert ("." in line.rpartition("|")[0]) == bool(frame["alt_path"])
                if frame["node"] in nodes[1:]:
                    at = nodes.index(frame["node"])
                    assert column(line) == (at + 1 if forward else at)
            assert any(f"#{(first + last) // 2}" in line for line in rows)
            await pilot.press("escape")
            assert app.screen_stack[-1] is not view
            assert app.frames.cursor + 1 == (first + last) // 2

    play(PLAIN, steps, size)


def test_simulated_chains() -> None:
    frames: list[dict[str, Any]] = load("sidecars/simulated_chains.json")["frames"]

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        for chain in known(frames):
            view = await opened(app, pilot, chain.all[-1])
            assert numbers(view) == chain.all
            assert has(app, "answered in ")
            rows = {row.frame.index + 1: row.hop.number for row in view.arrows.drawing.rows if row.frame is not None}
            assert rows == {number: hop for hop, all_ in chain.frames.items() for number in all_}
            for number in chain.all[::-1]:
                assert has(app, f"Frame {number}, hop {rows[number]}")
                await pilot.press("up")
            await pilot.press("q")

    play(SIMULATED, steps, (80, 24))


def test_what_changed_is_shown() -> None:
    """The second frame of a chain: the repeater has taken itself off the list."""
    truth = next(one for one in TRUTH["transactions"] if one["header"]["count"] == 2)
    number = truth["frames"][0] + 1

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await opened(app, pilot, number)
        assert has(app, f"Frame {number}, hop 2: changed since frame {number - 1}, hop 1")
        node = truth["header"]["count"]
        assert has(app, f"Count: {node} → {node - 1}")
        assert has(app, f"Node {NODES[truth['route'][1]].partition('/')[2]} taken off")
        await pilot.press("home")
        assert has(app, "nothing like it was heard before")

    play(PLAIN, steps, (80, 24))


def test_enter_goes_to_the_frame() -> None:
    first, last = TRUTH["transactions"][20]["frames"]

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("tab")
        await opened(app, pilot, first)
        await pilot.press("end", "enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.frames.cursor == last - 1
        assert app.focused is app.frames
        assert has(app, f"frame {last} of {len(TRUTH['frames'])}")

    play(PLAIN, steps, (80, 24))


def test_tab_goes_to_what_changed_and_back() -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        view = await opened(app, pilot, TRUTH["transactions"][0]["frames"][0])
        assert app.focused is view.arrows
        focused = set()
        for _ in range(3):
            await pilot.press("tab")
            focused.add(app.focused)
        assert app.focused is view.arrows
        assert len(focused) == 3

    play(PLAIN, steps, (80, 24))


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_without_chain(capture: Path, size: tuple[int, int]) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("j", "c")
        view = app.screen
        assert isinstance(view, ChainView)
        await until(pilot, lambda: view.found)
        assert has(app, "frame 2 is in no chain")
        await pilot.press("enter", "down", "end", "c")
        assert len(app.screen_stack) == 1
        assert app.frames.cursor == 1

    play(capture, steps, size)


def test_what_was_not_heard_has_a_line(tmp_path: Path) -> None:
    """The first message of a chain is taken out of a capture."""
    first, last = TRUTH["transactions"][20]["frames"]
    path = tmp_path / "part.pcapng"
    with Capture.open(PLAIN) as capture, PcapngWriter(path) as writer:
        capture.index_more(len(TRUTH["frames"]))
        interface = writer.add_interface(147)
        for index in range(first, last):
            writer.write(capture[index].data, capture[index].time, interface)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await opened(app, pilot, 1)
        agent = NODES[TRUTH["transactions"][20]["route"][0]]
        assert has(app, f"not heard: message 1/1 to {agent}")
        await pilot.press("end")
        assert has(app, f"the message from 1/1 to {agent} was not heard")
        await pilot.press("enter")
        assert isinstance(app.screen, ChainView), "there is no frame to go to"

    play(path, steps, (80, 24))


def test_long_chains_fit(tmp_path: Path) -> None:
    path = tmp_path / "long.pcapng"
    long_chain(path, 15)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await opened(app, pilot, 1)
        assert has(app, "R 1/48")
        assert has(app, "#1")
        await pilot.resize_terminal(120, 30)
        await pilot.pause()
        assert has(app, "R 1/48")
        assert has(app, "#1")

    play(path, steps, (80, 24))


def test_the_screen_works_while_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, ended = threading.Event(), threading.Event()
    real = osgp_analyzer.tui.chain.around

    def slow(store: FrameStore, index: int, limit: int) -> Chain | None:
        go_on.wait(20)
        found = real(store, index, limit)
        ended.set()
        return found

    monkeypatch.setattr(osgp_analyzer.tui.chain, "around", slow)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("c", "down", "enter")
        assert has(app, "looking for the chain of frame 1 ...")
        await pilot.press("escape", "down")
        assert len(app.screen_stack) == 1
        assert app.frames.cursor == 1
        await pilot.press("c")
        go_on.set()
        view = app.screen
        assert isinstance(view, ChainView)
        await until(pilot, lambda: view.found and view.arrows.selected is not None)
        assert ended.is_set()
        assert has(app, "Chain 1 at ")

    play(PLAIN, steps)


def test_frames_in_reach_are_waited_for(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits, go_on = [], threading.Event()
    real, index_more = osgp_analyzer.tui.chain.around, Capture.index_more

    def held(self: Capture, count: int) -> bool:
        if threading.current_thread().name == "indexing":
            go_on.wait(20)
        return index_more(self, count)

    def spy(store: FrameStore, index: int, limit: int) -> Chain | None:
        limits.append(limit)
        return real(store, index, limit)

    monkeypatch.setattr(osgp_analyzer.tui.chain, "around", spy)
    monkeypatch.setattr(Capture, "index_more", held)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        view = app.screen
        assert isinstance(view, ChainView)
        assert len(app.session) < FAR_BACK
        assert has(app, "looking for the chain of frame 1 ...")
        go_on.set()
        await until(pilot, lambda: view.found)
        assert has(app, "frame 1 is in no chain")
        assert len(limits) == 1
        assert limits[0] > FAR_BACK

    play(large, steps, indexed=False)


def test_exceptions_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug in the search")

    monkeypatch.setattr(osgp_analyzer.tui.chain, "around", fail)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await until(pilot, lambda: app._exception is not None)

    with pytest.raises(RuntimeError, match="a bug in the search"):
        play(PLAIN, steps)


def test_text_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osgp_analyzer.tui.chain, "changes", lambda *_: [Change("x", [EVIL], [])])

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        app.session[1].info = EVIL
        view = await opened(app, pilot, 2)
        text = str(view.query_one("#changes").query_one(Static).render())
        assert text.splitlines() == [SHOWN, f"x: {SHOWN} taken off"]
        assert has(app, SHOWN)

    play(PLAIN, steps)


def test_the_key_is_in_the_help() -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        assert any(re.search(r"│ +c +Chain ", line) for line in seen(app))
        await pilot.press("escape")
        await opened(app, pilot, 1)
        await pilot.press("question_mark", "G")
        assert len(app.screen_stack) == 3
        await pilot.press("escape", "escape")
        assert len(app.screen_stack) == 1

    play(PLAIN, steps, (120, 60))
