# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens captures made here in a screen without a terminal, plays keys, and reads what is to be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from time import monotonic
from xml.etree import ElementTree

from textual.pilot import Pilot

from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.capture import PcapngWriter
from osgp_analyzer.tui.app import Screen

SERVICE_PIN = bytes.fromhex("00300080007f0500aa0000019fffff0a0b0c0401a245")
MESSAGE = bytes.fromhex("0039018a0194071201020184b7")
POLL = bytes.fromhex("01190194018a0706dffe33ad")
POLLED = bytes.fromhex("0019018a019407269ffec801198a")
"""LPDU, NPDU from 1, SPDU at 7, network variable: selector at 8 (2 bytes), value at 10 (2 bytes); CRC."""

CUT = bytes.fromhex("0019018a")
"""Ends in the addresses."""

FRAMES = (SERVICE_PIN, MESSAGE, POLL, POLLED, CUT)
LPDU = 147
START = 1_700_000_000_000_000_000
SVG_TEXT, CELL = "{http://www.w3.org/2000/svg}text", 12.2
Steps = Callable[[Screen, Pilot[None]], Awaitable[None]]


def write(path: Path, frames: Iterable[bytes] = FRAMES, name: str = "", comments: Iterable[str] = ()) -> Path:
    """A capture with 10 ms between the frames; the comments are on each."""
    with PcapngWriter(path) as writer:
        writer.add_interface(LPDU, name=name)
        for number, frame in enumerate(frames):
            writer.write(frame, START + number * 10_000_000, comments=comments)
    return path


def play(
    path: Path,
    steps: Steps,
    size: tuple[int, int] = (120, 40),
    indexed: bool = True,
    settings: Settings = Settings(),
) -> None:
    """Open the capture and do `steps`, as a rule when all of it is indexed, and all is known that was asked for."""

    async def run() -> None:
        app = Screen(Session.open(str(path), settings))
        history = app.session.history
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: not indexed or (app.session.capture.complete and history.stop >= history.wanted))
            await steps(app, pilot)

    asyncio.run(run())


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    """Wait for something to become true, and for the screen to show it."""
    end = monotonic() + 60
    while monotonic() < end:
        await pilot.pause()
        if true():
            await pilot.pause()
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become true in time")


def seen(app: Screen) -> list[str]:
    """The lines of the screen, by way of a screenshot; that is no XML if a control character is on the screen."""
    lines = [""] * app.size.height
    texts = [t for t in ElementTree.fromstring(app.export_screenshot()).iter(SVG_TEXT) if t.get("clip-path")]
    rows = {y: row for row, y in enumerate(sorted({float(t.get("y", 0)) for t in texts}))}
    for text in sorted(texts, key=lambda t: float(t.get("x", 0))):
        row, column = rows[float(text.get("y", 0))], round(float(text.get("x", 0)) / CELL)
        lines[row] = lines[row].ljust(column) + (text.text or "").replace("\xa0", " ").rstrip("\n")
    return lines


def has(app: Screen, text: str) -> bool:
    """Whether a line of the screen has `text`."""
    return any(text in line for line in seen(app))
