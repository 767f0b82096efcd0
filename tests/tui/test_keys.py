# SPDX-License-Identifier: GPL-2.0-or-later
"""What keys open: the bytes that the senders encrypted, how messages are protected, and no key anywhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from osgp_analyzer.analysis.security.locks import Lock, Names
from osgp_analyzer.app.history import History
from osgp_analyzer.app.session import Session, Settings
from osgp_analyzer.cli.main import main
from osgp_analyzer.engines.tree import FieldNode
from osgp_analyzer.security.keyring import KeyRing, Kind
from osgp_analyzer.tui.app import Screen
from tests.simulate.agreement import sidecar
from tests.tui.player import has, play, seen, until

OPENED = {"status": "verified", "encrypted": True, "findings": []}
SIZES = {"service": 1, "response": 1, "table": 2, "offset": 3, "count": 2, "sequence": 4}


def simulated(folder: Path, port: str, *more: str, scenarios: str = "daily,wrong_key") -> Path:
    path = folder / f"{port}.pcapng"
    command = ["simulate", "--port", port, "--scenario", scenarios, "--meters", "1", "--repeaters", "0"]
    assert main([*command, *more, "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module", params=["lpdu", "mep"])
def encrypted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("keys"), request.param, "--encrypt")


def ring(path: Path) -> Settings:
    return Settings(keys=KeyRing.read([path.with_suffix(".keys.toml")]))


def plain(known: dict[str, Any]) -> bytes:
    """What the sender of a message encrypted, from what it says of its fields (osgp.md 1.5)."""
    fields = known["fields"]
    message = b""
    for name in ("service", "response", "table", "offset", "count", "data", "sequence"):
        value = fields.get(f"osgp.{name}")
        if value is not None:
            message += bytes.fromhex(value) if name == "data" else value.to_bytes(SIZES[name], "big")
    return message


def lit(app: Screen) -> bytes:
    return bytes(app.octets.data[offset] for offset in app.octets.lit_field)


def test_second_view_has_what_was_encrypted(encrypted: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        for known in sidecar(encrypted)["frames"]:
            app.frames.point_to(known["frame"] - 1)
            await pilot.pause()
            opened = known["security"]["status"] == "verified" and known["security"]["encrypted"]
            assert [page.title for page in app.octets.pages] == ["Frame", "Decrypted"][: 1 + opened]
            assert app.octets.pages[0].data == app.session.frame(known["frame"] - 1).data
            if opened:
                assert app.octets.pages[1].data == plain(known)
            assert known["security"]["status"].replace("_", " ") in app.status.parts

    play(encrypted, steps, settings=ring(encrypted))


def test_nothing_is_opened_without_keys(encrypted: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        for index in range(len(app.session)):
            app.frames.point_to(index)
            await pilot.pause()
            assert len(app.octets.pages) == 1
        assert app.octets.border_title == "Bytes"
        await pilot.press("v")
        assert has(app, "no decrypted or joined bytes")

    play(encrypted, steps)


def test_fields_light_their_decrypted_bytes(encrypted: Path) -> None:
    """And each of these bytes leads to its field."""
    known = sidecar(encrypted)["frames"]

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        for index in (0, 1, 2, 3):
            assert known[index]["security"] == {**OPENED, "key": known[index]["key"]}
            app.frames.point_to(index)
            await pilot.pause()
            layer = app.fields.items[-1]
            looked_at = 0
            for item in layer.children:
                if not isinstance(item.of, FieldNode) or item.of.value is None or not item.span:
                    continue
                app.fields._reveal(item)
                app.fields.point_to(app.fields.rows.index(item))
                await pilot.pause()
                value = known[index]["fields"][item.of.name]
                assert app.octets.page == 1
                assert lit(app) == (bytes.fromhex(value) if isinstance(value, str) else
                                    value.to_bytes(len(item.span), "big"))  # fmt: skip
                assert f"{item.span.start:04x} +{len(item.span)} decrypted" in app.status.field.replace("  ", " ")
                looked_at += 1
            assert looked_at >= 2
            for offset in range(len(app.octets.data)):
                app.octets.point_to(offset)
                await pilot.pause()
                item = app.fields.selected  # type: ignore[assignment]
                assert (app.octets.page, app.octets.cursor) == (1, offset)
                assert item.derived is app.derived[1]
                assert offset in item.span

    play(encrypted, steps, settings=ring(encrypted))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_pages(encrypted: Path, size: tuple[int, int]) -> None:
    known = sidecar(encrypted)["frames"][0]

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        wire = app.session.frame(0).data
        titles = [f"Frame ({len(wire)} bytes)", f"Decrypted ({len(plain(known))} bytes)"]
        await pilot.press("enter", "home")
        assert has(app, f"● {titles[0]}  ○ {titles[1]}")
        await pilot.press("v")
        assert has(app, f"○ {titles[0]}  ● {titles[1]}")
        assert has(app, f"0000  {plain(known)[:7].hex(' ')}")
        await pilot.press("v")
        assert app.octets.data == wire
        await pilot.click(app.octets, offset=(len(titles[0]) + 8, 0))
        assert app.octets.data == plain(known)
        await pilot.press("shift+tab", "end")
        assert lit(app) == known["fields"]["osgp.sequence"].to_bytes(4, "big")
        await pilot.click(app.octets, offset=(5, 0))
        assert (app.octets.page, app.octets.cursor) == (0, 0)
        await pilot.press("v")
        assert app.octets.cursor == len(plain(known)) - 4, "back to what is lit"
        await pilot.press("v", "home")
        assert app.octets.page == 0, "the field of the first line is in the frame"
        assert has(app, "frame 1 of")
        assert has(app, "· verified")

    play(encrypted, steps, size, settings=ring(encrypted))


def test_joined_packets_are_a_view_too(tmp_path: Path) -> None:
    path = simulated(tmp_path, "optical", scenarios="daily")
    last = [known for known in sidecar(path)["frames"] if "packets" in known and "osgp.data" in known["fields"]]

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        for known in last:
            app.frames.point_to(known["frame"] - 1)
            await pilot.pause()
            assert [page.title for page in app.octets.pages] == ["Frame", "Joined"]
            assert app.octets.pages[1].data == plain(known) + bytes([known["fields"]["c1218.checksum"]])
        await pilot.press("enter", "v", "end", "up")
        assert app.status.field.startswith("c1218.checksum  ")
        assert lit(app) == bytes([last[-1]["fields"]["c1218.checksum"]])

    assert last
    play(path, steps)


def test_bad_digest_is_said_with_its_key(encrypted: Path) -> None:
    bad = next(f for f in sidecar(encrypted)["frames"] if f["security"]["status"] == "bad_digest")

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("g", "]")
        await until(pilot, lambda: app.frames.cursor == bad["frame"] - 1)
        assert has(app, f"Bad digest under meter {bad['meter']} ")
        assert any(line.startswith(("✗", "!")) and f" {bad['frame']} " in line for line in seen(app))
        words = {part.text.strip(): part.style for part in app.status.render_line(1)}
        assert words["bad digest"] == app.status.get_component_rich_style("status--bad")

    play(encrypted, steps, settings=ring(encrypted))


def test_names_of_keys_are_shown_as_they_are(tmp_path: Path) -> None:
    path = simulated(tmp_path, "lpdu", "--encrypt")
    keys = path.with_suffix(".keys.toml")
    name = sidecar(path)["frames"][0]["meter"]
    evil = "[red]x[/] [@click=app.quit]q[/]"
    keys.write_text(keys.read_text().replace(f'"{name}"', f'"{evil}"'))

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        assert has(app, f"Verified with meter {evil} omak")

    play(path, steps, settings=ring(path))


def test_frames_are_judged_in_the_background(encrypted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, real = threading.Event(), History.follow

    def follow(self: History, wanted: int, end: int | None = None) -> Iterator[None]:
        assert threading.current_thread().name == "following"
        gate.wait(20)
        yield from real(self, wanted, end)

    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down")
        assert seen(app)[3].startswith("…")
        assert has(app, "not judged yet")
        assert has(app, "judging 0%")
        assert len(app.octets.pages) == 1
        await pilot.press("]")
        assert app.frames.cursor == 2, "the search waits"
        gate.set()
        bad = next(f for f in sidecar(encrypted)["frames"] if f["security"]["status"] == "bad_digest")
        await until(pilot, lambda: app.frames.cursor == bad["frame"] - 1)
        await pilot.press("g")
        assert has(app, "Verified with")
        assert not any(has(app, text) for text in ("…  ", "not judged yet", "judging"))
        patient = Session.open(str(encrypted), ring(encrypted))
        monkeypatch.setattr(History, "follow", real)
        for mine, other in zip(app.session, patient, strict=True):
            assert (mine.info, mine.request, mine.findings) == (other.info, other.request, other.findings)
            assert str(mine.security) == str(other.security)

    monkeypatch.setattr(History, "follow", follow)
    play(encrypted, steps, indexed=False, settings=ring(encrypted))


def secrets(path: Path) -> list[bytes]:
    return [key.secret.reveal() for key in ring(path).keys.keys]


def test_no_key_is_on_the_screen(encrypted: Path) -> None:
    async def steps(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("tab", "asterisk", "z")
        for index in range(len(app.session)):
            app.frames.point_to(index)
            await pilot.pause()
            picture = app.export_screenshot().lower()
            for secret in secrets(encrypted):
                assert secret.hex() not in picture
                assert secret.decode("latin-1").lower() not in picture

    play(encrypted, steps, (120, 60), settings=ring(encrypted))


def test_no_key_is_in_what_is_left_of_a_crash(
    encrypted: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(self: History, wanted: int, end: int | None = None) -> Iterator[None]:
        assert self.guard is not None
        column = self.guard.power_line.lock.secrets[:, 0]
        raw = column.tobytes()
        yield from ()
        raise RuntimeError(f"a bug with {len(raw)} bytes in {column.shape}")

    monkeypatch.setattr(History, "follow", fail)
    monkeypatch.setattr("sys.__stdin__", None)
    Screen(Session.open(str(encrypted), ring(encrypted))).run(headless=True, size=(200, 50))
    out, error = capfd.readouterr()
    assert "a bug with" in error
    assert "raise RuntimeError" in error
    assert "locals" not in out + error
    for secret in secrets(encrypted):
        for text in (secret.hex(), repr(secret)[2:-1], ", ".join(map(str, secret[:4])), " ".join(map(str, secret[:4]))):
            assert text not in out + error


def test_locks_hide_what_they_hold(encrypted: Path) -> None:
    keys = ring(encrypted).keys
    lock = Lock([Kind.MAK, Kind.MBK], 16, keys, Names(), {})
    assert repr(lock) == f"Lock({sum(key.kind in lock.kinds for key in keys.keys)} keys: mak, mbk)"
