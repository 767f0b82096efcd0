# SPDX-License-Identifier: GPL-2.0-or-later
"""Results as text: the same Markdown goes to the terminal and to docs/speed.md."""

from __future__ import annotations

import datetime
import os
import platform
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.bench.measure import Cost

NOTHING = "–"
MB = 1e6


@dataclass
class Comparison:
    """Runs of two programs, by turns. `theirs` is empty where there is nothing to compare with."""

    work: str
    against: str
    target: float
    ours: list[Cost] = field(default_factory=list)
    theirs: list[Cost] = field(default_factory=list)


@dataclass
class Size:
    """Costs at one number of frames: `show` with 26 fields, and a store held in memory."""

    frames: int
    show: list[Cost]
    store_seconds: float
    store_anonymous: int
    store_peak: int


@dataclass
class Reads:
    """Many reads of one table, by turns: `show` with fields of it over all of them, and so many `frames` one by one,
    in `alone` seconds."""

    reads: int
    frames: int
    target: float
    show: list[Cost] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)


@dataclass
class Judged:
    """Messages of a capture judged with keys, in processor seconds beside those of the columns alone."""

    what: str
    frames: int
    verified: int
    opened: int
    columns: float
    judged: float


@dataclass
class Results:
    """All that was measured; what was not is empty or None. `notes`: what could not be done."""

    frames: int
    rounds: int
    tshark: str | None = None
    comparisons: list[Comparison] = field(default_factory=list)
    filter_seconds: float | None = None
    filter_matches: int = 0
    sizes: list[Size] = field(default_factory=list)
    reads: Reads | None = None
    judged: list[Judged] = field(default_factory=list)
    digests: list[tuple[float, float]] = field(default_factory=list)
    """Seconds of a digest in bulk, and by itself in Python."""
    peers: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Name: number of frames, seconds."""
    notes: list[str] = field(default_factory=list)


def markdown(results: Results, arguments: Sequence[str], filter_text: str) -> str:
    """The report."""
    parts = [
        "# Speed and memory",
        _machine(results, arguments),
        _comparisons(results, filter_text),
        _reads(results.reads),
        _judged(results),
        _growth(results),
        _peers(results),
    ]
    if results.notes:
        parts.append("## Not measured\n\n" + "\n".join(f"* {note}" for note in results.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(results: Results, arguments: Sequence[str]) -> str:
    bench = f" BENCH={shlex.quote(shlex.join(arguments))}" if arguments else ""
    versions = [f"Python {platform.python_version()}", *(f"{n} {version(n.lower())}" for n in ("NumPy", "Scapy"))]
    if results.tshark:
        versions.append(f"tshark {results.tshark}")
    return (
        f"Made by `make bench{bench}` on {datetime.date.today()}: {os.cpu_count()} cores ({_processor()}), "
        f"{', '.join(versions)}.\n\n"
        "Whole processes, output to /dev/null, file in the page cache. Programs that are compared run by turns "
        f"(A B A B), rounds: {results.rounds}. Seconds are medians; a ratio is that of the medians, in brackets the "
        "lowest and highest of one round. The captures are generated: mixed services, address formats and domains, "
        "retries, lost answers, groups, damaged frames (`python -m tests.bench.generate`). On a shared machine "
        "only the ratios mean much."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _comparisons(results: Results, filter_text: str) -> str:
    rows = []
    for one in results.comparisons:
        rows.append([one.work, _costs(one.ours), one.against, _costs(one.theirs), _ratio(one), f"{one.target:g} times"])
    if results.filter_seconds is not None:
        shown = f"{results.filter_seconds * 1000:.1f} ms, {results.filter_matches:,} match"
        rows.append([f"filter `{filter_text}`, warm", shown, "", "", "", "under 100 ms"])
    if not rows:
        return ""
    head = ["work", "osgp-analyzer", "against", "needs", "times as fast", "at least"]
    return f"## {results.frames:,} frames\n\n" + _table(head, rows)


def _costs(costs: Sequence[Cost]) -> str:
    if not costs:
        return NOTHING
    seconds, cpu = median(c.seconds for c in costs), median(c.cpu for c in costs)
    return f"{seconds:.2f} s (CPU {cpu:.2f} s, {max(c.peak for c in costs) / MB:.0f} MB)"


def _ratio(one: Comparison) -> str:
    if not one.ours or not one.theirs:
        return NOTHING
    rounds = [b.seconds / a.seconds for a, b in zip(one.ours, one.theirs, strict=False)]
    whole = median(c.seconds for c in one.theirs) / median(c.seconds for c in one.ours)
    return f"**{_times(whole)}** ({_times(min(rounds))}–{_times(max(rounds))})"


def _times(ratio: float) -> str:
    return f"{ratio:.{0 if ratio >= 20 else 1}f}" if ratio >= 1 else f"{ratio:.1g}"


def _reads(reads: Reads | None) -> str:
    if reads is None or not reads.alone:
        return ""
    each = 2 * reads.reads / 1e6
    ours, theirs = median(c.seconds for c in reads.show) / each, median(reads.alone) / reads.frames * 1e6
    rounds = [b / reads.frames * 1e6 / (a.seconds / each) for a, b in zip(reads.show, reads.alone, strict=False)]
    ratio = f"**{_times(theirs / ours)}** ({_times(min(rounds))}–{_times(max(rounds))})"
    head = ["reads", "`show`, 3 fields of all blocks", "a frame", "frame by frame", "times as fast", "at least"]
    row = [f"{reads.reads:,}", _costs(reads.show), f"{ours:.1f} µs", f"{theirs:.0f} µs", ratio]
    return (
        f"## One table, many times\n\n{_table(head, [[*row, f'{reads.target:g} times']])}\n\n"
        "BT23 in full (220 bytes, 55 registers), laid out by the BT21 of its meter, with a request for each; a whole "
        f"process, its start included, against {reads.frames:,} frames of the same capture one by one, with their "
        "trees, as the screen reads them, in a process that has started."
    )


def _judged(results: Results) -> str:
    if not results.judged and not results.digests:
        return ""
    head = ["decode + pair + verify + decrypt", "frames", "verified", "opened", "columns", "with keys", "more a frame"]
    rows = [
        [
            one.what,
            f"{one.frames:,}",
            f"{one.verified:,}",
            f"{one.opened:,}",
            f"{one.columns:.2f} s",
            f"{one.judged:.2f} s",
            f"{(one.judged - one.columns) / one.frames * 1e6:.2f} µs",
        ]
        for one in results.judged
    ]
    text = f"## Keys\n\n{_table(head, rows)}\n\nProcessor time of one process."
    if results.digests:
        ratios = [alone / bulk for bulk, alone in results.digests]
        bulk, alone = (median(times) for times in zip(*results.digests, strict=True))
        text += (
            f" An OMA digest of 40 bytes takes {bulk * 1e6:.2f} µs in bulk, each under its own key, and "
            f"{alone * 1e6:.1f} µs in plain Python: **{_times(alone / bulk)}** times "
            f"({_times(min(ratios))}–{_times(max(ratios))}); at least 50 are wanted."
        )
    return text


def _growth(results: Results) -> str:
    if not results.sizes:
        return ""
    rows = []
    for size in results.sizes:
        seconds = median(c.seconds for c in size.show)
        rows.append(
            [
                f"{size.frames:,}",
                f"{seconds:.2f} s",
                f"{seconds / size.frames * 1e6:.2f} µs",
                f"{max(c.peak for c in size.show) / MB:.0f} MB",
                f"{max(c.anonymous or 0 for c in size.show) / MB:.0f} MB",
                f"{size.store_seconds / size.frames * 1e6:.2f} µs",
                f"{size.store_peak / MB:.0f} MB",
                f"{size.store_anonymous / MB:.0f} MB",
            ]
        )
    head = ["frames", "`show`, 26 fields", "a frame", "peak", "own memory", "store: a frame", "peak", "own memory"]
    text = "## Growth\n\n" + _table(head, rows)
    text += (
        "\n\nPeak is all memory of the process with the pages of the mapped file; own memory is without them, for "
        "`show` at its highest as seen every 20 ms, for the store once all chunks are there."
    )
    known = {size.frames: size for size in results.sizes}
    last = results.sizes[-1]
    if 100_000 in known and last.frames > 100_000:
        first = known[100_000]
        more = last.frames - first.frames
        show = (max(c.anonymous or 0 for c in last.show) - max(c.anonymous or 0 for c in first.show)) / more
        store = (last.store_anonymous - first.store_anonymous) / more
        each = (median(c.seconds for c in last.show) - median(c.seconds for c in first.show)) / more * 1e6
        text += (
            f"\n\nFrom {first.frames:,} to {last.frames:,} frames each further frame costs `show` {each:.2f} µs and "
            f"{show:.0f} bytes, and the store {store:.0f} bytes (at most 100; 10 million frames in under 2 GB)."
        )
    return text


def _peers(results: Results) -> str:
    if not results.peers:
        return ""
    base = next((c for c in results.comparisons if c.ours and "26 fields" in c.work), None)
    own = results.frames / median(c.seconds for c in base.ours) if base else None
    rows = []
    for name, (frames, seconds) in results.peers.items():
        times = _times(own / (frames / seconds)) if own else NOTHING
        rows.append([name, f"{frames:,}", f"{frames / seconds:,.0f}", times])
    text = "## Python libraries\n\n" + _table(["library", "frames", "frames a second", "`show` is times as fast"], rows)
    return text + (
        "\n\nWithout the time that they take to start, while `show` is the whole process with 26 fields"
        + (f", {own:,.0f} frames a second." if own else ".")
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up as text too."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
