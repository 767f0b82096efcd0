# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that are compared, and how they are called."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.bench.measure import Cost, Failed, run
from tests.tshark import BRIDGE

# ours and the one of Wireshark's C dissector that corresponds
FIELDS = (
    ("frame.number", "frame.number"),
    ("frame.time_epoch", "frame.time_epoch"),
    ("frame.len", "frame.len"),
    ("lpdu.priority", "lon.prio"),
    ("lpdu.alt_path", "lon.alt_path"),
    ("lpdu.delta_backlog", "lon.delta_bl"),
    ("npdu.version", "lon.vers"),
    ("npdu.pdu_type", "lon.pdufmt"),
    ("npdu.address_format", "lon.addrfmt"),
    ("npdu.domain_length", "lon.domainlen"),
    ("npdu.src_subnet", "lon.srcnet"),
    ("npdu.src_node", "lon.srcnode"),
    ("npdu.dst_subnet", "lon.dstnet"),
    ("npdu.dst_node", "lon.dstnode"),
    ("npdu.dst_group", "lon.dstgrp"),
    ("npdu.group", "lon.grp"),
    ("npdu.member", "lon.grpmem"),
    ("npdu.neuron_id", "lon.uid"),
    ("npdu.domain", "lon.domain"),
    ("tpdu.auth", "lon.auth"),
    ("tpdu.type", "lon.tpdu_type"),
    ("spdu.type", "lon.spdu_type"),
    ("spdu.transaction", "lon.trans_no"),
    ("apdu.code", "lon.code"),
    ("nv.direction", "lon.nv.dir"),
    ("nv.selector", "lon.nv.selector"),
)

ROOT = Path(__file__).parents[2]


class Ours:
    """`osgp-analyzer show` from the environment that runs the benchmark, or from the source when it is not there."""

    name = "osgp-analyzer show"

    def __init__(self) -> None:
        script = Path(sys.executable).with_name("osgp-analyzer")
        self.command = [str(script)] if script.exists() else [sys.executable, "-m", "osgp_analyzer"]

    def summary(self, capture: Path) -> list[str]:
        return [*self.command, "show", str(capture)]

    def fields(self, capture: Path, names: Iterable[str] = [ours for ours, _ in FIELDS]) -> list[str]:
        return [*self.command, "show", "-T", "fields", *(a for name in names for a in ("-e", name)), str(capture)]

    def run(self, command: list[str], watch: bool = False) -> Cost:
        return run(command, watch=watch)


class Tshark:
    """tshark with its C dissector of LonTalk for link type 147. Raises `Failed` when there is none that works.

    Newer versions load no Lua as root: root calls it as an ordinary user.
    """

    name = "tshark"

    def __init__(self, folder: Path) -> None:
        if shutil.which("tshark") is None:
            raise Failed("tshark is not installed (apt-get install tshark): nothing to compare with")
        self.script = folder / "bridge.lua"
        self.script.write_text(BRIDGE)
        home = {**os.environ, "HOME": str(folder)}
        self.options: dict[str, Any] = {"user": "nobody", "env": home} if os.geteuid() == 0 else {}
        with tempfile.TemporaryFile() as out:
            run(["tshark", "--version"], out)
            out.seek(0)
            self.version = out.readline().decode().split()[2].rstrip(".")

    def _start(self, capture: Path) -> list[str]:
        return ["tshark", "-n", "-r", str(capture), "-X", f"lua_script:{self.script}"]

    def summary(self, capture: Path) -> list[str]:
        return self._start(capture)

    def fields(self, capture: Path) -> list[str]:
        return [*self._start(capture), "-T", "fields", *(a for _, theirs in FIELDS for a in ("-e", theirs))]

    def run(self, command: list[str], watch: bool = False) -> Cost:
        return run(command, watch=watch, options=self.options)

    def check(self, capture: Path) -> None:
        """Whether it decodes LonTalk: it ends with 0 even when the Lua script fails."""
        with tempfile.TemporaryFile() as out:
            command = [*self._start(capture), "-c", "1", "-T", "fields", "-e", "lon.prio"]
            run(command, out, options=self.options)
            out.seek(0)
            if not out.read().strip():
                raise Failed("tshark does not decode LonTalk here: is its Lua support missing or switched off?")


def inside(what: str, capture: Path, *more: str) -> tuple[dict[str, Any], Cost]:
    """A measurement of `tests.bench.inside` in a process of its own: what it says, and its cost."""
    with tempfile.TemporaryFile() as out:
        cost = run(
            [sys.executable, "-m", "tests.bench.inside", what, str(capture), *more], out, options={"cwd": str(ROOT)}
        )
        out.seek(0)
        found: dict[str, Any] = json.loads(out.read())
        return found, cost
