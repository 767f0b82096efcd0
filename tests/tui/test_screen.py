# SPDX-License-Identifier: GPL-2.0-or-later
"""The panes together: selection, layout, going to frames and finding them."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from osgp_analyzer.tui.app import Screen
from tests.tui.player import CUT, FRAMES, MESSAGE, POLLED, SERVICE_PIN, has, play, seen, until, write


def test_rows_and_moving(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        rows = seen(app)
        assert rows[0].split() == ["No.", "Time", "Source", "Destination", "Protocol", "Len", "Info"]
        assert "05:00:aa:00:00:01" in rows[1]
        assert "NV poll response 0x1ffe = c801" in rows[4]
        assert rows[5].startswith("✗")
        assert "frame 1 of 5" in rows[-2]
        await pilot.press("j", "down")
        assert app.frames.cursor == 2
        assert app.octets.data == FRAMES[2]
        assert has(app, "frame 3 of 5")
        await pilot.press("G")
        assert (app.frames.cursor, app.octets.data) == (4, CUT)
        assert has(app, "frame 5 of 5 · 2 findings")
        await pilot.press("j", "g", "k")
        assert (app.frames.cursor, app.octets.data) == (0, SERVICE_PIN)

    play(capture, steps)


def test_field_lights_its_bytes(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("colon", "4", "enter")
        assert app.focused is app.frames
        await pilot.press("enter", "end")
        item = app.fields.selected
        assert item is not None
        assert item.text == "Value: c801"
        assert (app.octets.lit_field, app.octets.lit_layer) == (range(10, 12), range(8, 12))
        assert app.status.field.startswith("nv.value  000a +2")
        await pilot.press("up")
        assert app.octets.lit_field == range(8, 10)
        assert "..01 1111 1111 1110 = 0x1ffe" in app.status.field
        await pilot.press("left")
        assert (app.octets.lit_field, app.octets.lit_layer) == (range(0), range(8, 12))

    play(capture, steps)


def test_byte_selects_its_field(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("colon", "4", "enter", "tab", "tab")
        assert app.focused is app.octets
        for key, name in (("G", "lpdu.crc"), ("g", "lpdu.priority"), ("right", "npdu.version")):
            await pilot.press(key)
            assert app.status.field.startswith(name)
        await pilot.press(*["right"] * 9)
        assert app.octets.cursor == 10
        assert app.status.field.startswith("nv.value")
        assert app.octets.cursor == 10, "selecting the field must not move the byte cursor"
        await pilot.press("right")
        assert app.status.field.startswith("nv.value")

    play(capture, steps)


@pytest.mark.parametrize(("x", "offset"), [(6, 0), (9, 1), (31, 8), (37, 10), (56, 0), (66, 10)])
def test_click_on_a_byte(capture: Path, x: int, offset: int) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("colon", "4", "enter")
        await pilot.click(app.octets, offset=(x, 1))
        assert app.octets.cursor == offset
        assert app.fields.selected is not None
        assert offset in app.fields.selected.span

    play(capture, steps)


def test_mouse_in_list_and_tree(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.click(app.frames, offset=(20, 4))
        assert app.octets.data == POLLED
        await pilot.click(app.fields, offset=(0, 2))
        assert app.fields.selected is not None
        assert app.fields.selected.key == "lpdu"
        assert app.fields.is_open(app.fields.selected)
        await pilot.click(app.fields, offset=(10, 2))
        assert app.fields.is_open(app.fields.selected), "only the arrow opens and closes"

    play(capture, steps)


def test_goto_says_what_there_is(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+g", "9", "9", "enter")
        assert app.frames.cursor == 0
        assert has(app, "no frame 99: there are 1 to 5")
        await pilot.press("ctrl+g", "3", "escape")
        assert app.frames.cursor == 0
        assert not app.prompt.display

    play(capture, steps)


def test_search(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"nv P")
        await until(pilot, lambda: app.frames.cursor == 2)
        await pilot.press("enter", "n")
        await until(pilot, lambda: app.frames.cursor == 3)
        await pilot.press("n")
        await until(pilot, lambda: app.frames.cursor == 2)
        assert has(app, "went on at the other end")
        await pilot.press("N")
        await until(pilot, lambda: app.frames.cursor == 3)
        await pilot.press("slash", *"nothing like it", "enter")
        await until(pilot, lambda: has(app, "no frame has 'nothing like it'"))
        assert app.frames.cursor == 3
        await pilot.press("slash", *"service", "escape")
        await pilot.pause()
        assert app.frames.cursor == 3, "Escape goes back"
        await pilot.press("g", "]")
        await until(pilot, lambda: app.frames.cursor == 4)

    play(capture, steps)


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 12)])
def test_layout(capture: Path, size: tuple[int, int]) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        regions = [w.region for w in (app.frames, app.fields, app.octets, app.status)]
        assert regions[0].y == 0
        assert [r.bottom for r in regions[:-1]] == [r.y for r in regions[1:]]
        assert regions[-1].bottom == size[1] - 1
        assert all(r.width == size[0] for r in regions)
        assert app.octets.per_row == (16 if size[0] >= 72 else 8)
        assert has(app, "0000  00 30 00 80 00 7f 05 00")
        assert has(app, "five.pcapng")
        before = app.fields.size.height
        await pilot.press("tab", "plus", "plus", "plus")
        assert app.fields.size.height >= before
        await pilot.press("z")
        assert app.fields.region.height == size[1] - 3
        assert not app.frames.display
        await pilot.press("tab")
        assert app.focused is app.octets
        assert app.octets.region.height == size[1] - 3
        await pilot.press("z")
        assert all(pane.display for pane in app.panes)

    play(capture, steps, size)


def test_times(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        texts = []
        for _ in range(6):
            texts.append(app.clock.text(3))
            await pilot.press("t")
        assert texts[:2] == ["0.030000000", "0.010000000"]
        assert texts[4:] == ["2023-11-14 22:13:20.030000000", "1700000000.030000000"]
        assert app.clock.format == "relative"

    play(capture, steps)


def test_help_and_field_pages(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        assert has(app, "Next frame with findings")
        await pilot.press("escape", "enter", "i")
        assert len(app.screen_stack) == 2
        await pilot.press("escape")
        assert len(app.screen_stack) == 1

    play(capture, steps)


def test_tree_remembers(capture: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("down", "enter", "home", "down", "down", "right", "right", "right", "down")
        assert app.fields.selected is not None
        key = app.fields.selected.key
        assert key.startswith("npdu/")
        await pilot.press("shift+tab", "down")
        assert app.fields.selected is not None
        assert app.fields.selected.key == key
        assert app.octets.lit_field == range(1, 2)
        await pilot.press("tab", "asterisk")
        assert {item.key for item in app.fields.rows} == {one.key for top in app.fields.items for one in top.walk()}
        await pilot.press("backspace")
        assert app.fields.rows == app.fields.items

    play(capture, steps)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_quit(capture: Path, key: str) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running)

    play(capture, steps)


def test_no_time_and_no_bytes(tmp_path: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("tab", "tab", "right", "end")
        assert has(app, "frame 1 of 2")
        await pilot.press("shift+tab", "shift+tab", "down")
        assert app.octets.data == MESSAGE

    play(write(tmp_path / "empty.pcapng", [b"", MESSAGE]), steps)
