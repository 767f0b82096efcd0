# SPDX-License-Identifier: GPL-2.0-or-later
"""Time and memory of whole processes. This module and the runner load no NumPy: the peak of a child counts from what
its parent had at the moment of the fork."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE = 0.02
"""Seconds between two looks at the memory of a child."""


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds of the clock and of all cores, bytes of memory at most (`anonymous`: without what is
    mapped from files; None where it was not watched)."""

    seconds: float
    cpu: float
    peak: int
    anonymous: int | None = None


class Failed(Exception):
    """A program did not do its work; the text says which and how."""


def run(
    command: Sequence[str], output: Any = subprocess.DEVNULL, watch: bool = False, options: Mapping[str, Any] = {}
) -> Cost:
    """Run a program to its end. Raises `Failed` with the end of its standard error when its exit code is not 0."""
    anonymous = 0
    with tempfile.TemporaryFile() as stderr:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=stderr, **options)
        done = 0
        try:
            while True:
                done, status, usage = os.wait4(child.pid, os.WNOHANG if watch else 0)
                if done:
                    break
                anonymous = max(anonymous, _anonymous(child.pid))
                time.sleep(SAMPLE)
            seconds = time.perf_counter() - start
        finally:
            if not done:  # interrupted
                child.send_signal(signal.SIGKILL)
                child.wait()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            stderr.seek(0)
            last = stderr.read().decode(errors="replace").strip().splitlines()[-1:]
            raise Failed(f"{' '.join(command[:4])} ...: exit code {child.returncode}: {''.join(last)}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, anonymous if watch else None)


def _anonymous(pid: int) -> int:
    """RssAnon of a process in bytes, 0 when it has ended."""
    try:
        return memory(pid)["RssAnon"]
    except (OSError, KeyError):
        return 0


def memory(pid: int | str = "self") -> dict[str, int]:
    """Memory of a process by the names of /proc/PID/status, in bytes."""
    pairs = (line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: int(value.split()[0]) * 1024 for name, value in pairs if value.endswith(" kB")}


def median(costs: Sequence[Cost]) -> float:
    """Median of the seconds."""
    return statistics.median(cost.seconds for cost in costs)


def warm(path: Path) -> None:
    """Read a file once, so that it is in the page cache."""
    with path.open("rb") as file:
        while file.read(1 << 22):
            pass


def said(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
