# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's own C dissector of LonTalk as a judge, run as an ordinary user (newer versions load no Lua as root)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# "lon" has no name that a user table could use: it is bound through the table that CN/IP uses.
BRIDGE = 'DissectorTable.get("wtap_encap"):add(wtap.USER0, DissectorTable.get("cnip.protocol"):get_dissector(0))\n'


@contextmanager
def readable_folder() -> Iterator[Path]:
    """A folder that any user can read."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def fields(capture: Path, names: list[str], *options: str) -> list[dict[str, list[str]]]:
    """Values of fields for each frame of a capture, as `tshark -T fields` prints them; every occurrence."""
    with readable_folder() as folder:
        copied, script = folder / capture.name, folder / "bridge.lua"
        shutil.copyfile(capture, copied)
        script.write_text(BRIDGE)
        for file in (copied, script):
            file.chmod(0o644)
        command = [
            "tshark",
            "-n",
            "-r",
            str(copied),
            "-X",
            f"lua_script:{script}",
            "-T",
            "fields",
            "-E",
            "occurrence=a",
            "-E",
            "separator=|",
            "-E",
            "aggregator=;",
        ]
        for name in names:
            command += ["-e", name]
        ordinary = {"user": "nobody", "env": {**os.environ, "HOME": str(folder)}} if os.geteuid() == 0 else {}
        run = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300, check=False, **ordinary)  # type: ignore[call-overload]
    assert run.returncode == 0, run.stderr
    assert "Lua" not in run.stderr, run.stderr  # tshark exits 0 even when a script fails
    return [
        {
            name: [v for v in value.split(";") if v and v != "<MISSING>"]
            for name, value in zip(names, line.split("|"), strict=True)
        }
        for line in run.stdout.splitlines()
    ]
