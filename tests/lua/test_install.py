# SPDX-License-Identifier: GPL-2.0-or-later
"""The script in the Wireshark of a user who has nothing yet: put there, loaded by itself, removed."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tshark import readable_folder

CAPTURE = Path(__file__).parents[2] / "captures" / "native_lpdu.pcap"


@pytest.fixture
def home() -> Iterator[Path]:
    """A new home of an ordinary user."""
    with readable_folder() as folder:
        shutil.copyfile(CAPTURE, folder / "capture.pcap")
        (folder / "capture.pcap").chmod(0o644)
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        yield folder


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of ours."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")} | {"HOME": str(home)}
    command = [sys.executable, "-m", "osgp_analyzer", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def protocols(home: Path) -> set[str]:
    """What the user's tshark, without any option for it, finds in the capture."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")} | {"HOME": str(home)}
    ordinary = {"user": "nobody"} if os.geteuid() == 0 else {}
    command = ["tshark", "-r", str(home / "capture.pcap"), "-T", "fields", "-e", "frame.protocols"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=120, check=False, **ordinary
    )  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert "Lua" not in done.stderr, done.stderr
    return set(done.stdout.split())


def test_installed_loaded_and_removed(home: Path) -> None:
    assert not any("osgp" in one for one in protocols(home))
    assert run(home, "lua", "status").returncode == 1

    done = run(home, "lua", "install")
    assert done.returncode == 0, done.stderr
    assert str(home) in done.stdout
    assert run(home, "lua", "status").returncode == 0
    assert all("osgp" in one for one in protocols(home))

    assert run(home, "lua", "uninstall").returncode == 0
    assert not any("osgp" in one for one in protocols(home))
    assert "not installed" in run(home, "lua", "uninstall").stdout
    assert not list(home.rglob("osgp.lua*"))


def test_a_script_that_was_changed_is_named_so(tmp_path: Path) -> None:
    assert run(tmp_path, "lua", "install", "--folder", str(tmp_path)).returncode == 0
    with (tmp_path / "osgp.lua").open("a") as file:
        file.write("\n")
    done = run(tmp_path, "lua", "status", "--folder", str(tmp_path))
    assert done.returncode == 1
    assert "not what the definitions say" in done.stdout


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(tmp_path, "lua", "install", "--folder", str(tmp_path / "file" / "plugins"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "file" in done.stderr
