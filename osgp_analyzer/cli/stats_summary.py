# SPDX-License-Identifier: GPL-2.0-or-later
"""The summary of all statistics, which fits a terminal of 24 lines and 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from osgp_analyzer.cli import stats_plots, stats_tables
from osgp_analyzer.cli.stats_page import Page, Row, domain, milliseconds
from osgp_analyzer.engines.text import printable

WIDTH, LABEL = 80, 15
"""Characters of a line, and of the name of a statistic before it."""
BLANK = "\N{NO-BREAK SPACE}"
FAULTS = {"crc_bad": "bad CRC", "failed": "failed", "retries": "retries", "duplicates": "duplicates", "late": "late",
          "missing": "missing"}  # fmt: skip
HELP = """
The numbers are frames. All of one statistic, named as on the left, or of all:
osgp-analyzer stats FILE commands; osgp-analyzer stats FILE all"""


def summary(page: Page, found: dict[str, Row]) -> None:
    """The greatest numbers of each statistic, by its name, and how to see the rest."""
    stats_tables.frames(page, found["frames"])
    page.line()
    for name, lines in (
        ("hierarchy", _layers(found["hierarchy"]["layers"])),
        ("endpoints", _few(_endpoints(found["endpoints"]["rows"]))),
        ("conversations", _few(_conversations(found["conversations"]["rows"]))),
        ("services", _few(f"{_named(row)} {row['frames']}" for row in found["services"]["rows"])),
        ("commands", _few(_commands(found["commands"]["messages"]), 2)),
        ("errors", _errors(found["errors"])),
        ("responses", [_times(found["responses"])]),
        ("load", [_load(found["load"])]),
    ):
        for label, line in zip([name, *[""] * len(lines)], lines, strict=False):
            page.line(f"{label:<{LABEL}}{printable(line)}")
    if found["load"]["rows"]:
        stats_plots.plot(page, found["load"])
    page.line(HELP)


def _few(texts: Iterable[str], lines: int = 1) -> list[str]:
    """The first of some texts, as many as there is room for, and how many more there are."""
    texts = list(texts)
    for count in range(min(len(texts), WIDTH), 0, -1):
        items = texts[:count] + ([f"... and {len(texts) - count} more"] if count < len(texts) else [])
        # No line ends within a text.
        whole = ", ".join(item.replace(" ", BLANK) for item in items)
        found = textwrap.wrap(whole, WIDTH - LABEL, break_long_words=False, break_on_hyphens=False)
        if len(found) <= lines and max(map(len, found)) <= WIDTH - LABEL:
            return [line.replace(BLANK, " ") for line in found]
    return [f"{len(texts)}" if texts else "none"]


def _named(row: Row) -> str:
    return row["name"] or f"undefined ({row['value']})"


def _counted(rows: Sequence[tuple[str, str, int]]) -> list[str]:
    """Names with their numbers; where several have the same name, also with what tells them apart."""
    seen = Counter(name for name, _, _ in rows)
    return [f"{name}{f' ({other})' if seen[name] > 1 else ''} {count}" for name, other, count in rows]


def _endpoints(rows: Sequence[Row]) -> list[str]:
    return _counted([(row["address"], domain(row), row["frames_sent"] + row["frames_received"]) for row in rows])


def _conversations(rows: Sequence[Row]) -> list[str]:
    return _counted([(f"{row['a']} - {row['b']}", domain(row), row["frames"]) for row in rows])


def _commands(rows: Sequence[Row]) -> list[str]:
    return _counted([(_named(row), f"0x{row['value']:02x}", row["frames"]) for row in rows])


def _layers(layers: Sequence[Row]) -> list[str]:
    """Layers inside their parents, the most frequent first."""
    paths = sorted(_paths(layers, ""), key=lambda path: -path[1])
    return _few((f"{path} {frames}" for path, frames in paths), 2)


def _paths(layers: Sequence[Row], parent: str) -> Iterator[tuple[str, int]]:
    for row in layers:
        yield (f"{parent} > " if parent else "") + row["layer"], row["frames"]
        yield from _paths(row["layers"], row["layer"])


def _errors(result: Row) -> list[str]:
    """Findings, and faults by sender."""
    sums = {name: sum(row[name] for row in result["nodes"]) for name in FAULTS}
    faults = _few(f"{FAULTS[name]} {count}" for name, count in sums.items() if count)
    return _few(f"{row['code']} {row['frames']}" for row in result["findings"]) + (faults if any(sums.values()) else [])


def _times(result: Row) -> str:
    every = result["all"]
    if every is None:
        return "no answer has a time" if result["answers"] else "no answers"
    times = ", ".join(f"{name} {milliseconds(every[name])}" for name in ("median", "p95", "max"))
    return f"{every['count']} answers, {times} ms"


def _load(result: Row) -> str:
    if not result["rows"]:
        return "no frame has a time stamp"
    if result["rate"] is None:
        return "the rate of the channel is not known: name one with --rate"
    if stats_plots.too_much(result):
        return f"too much for {result['rate']} bit/s: name the rate of the channel with --rate"
    return f"share of {result['rate']} bit/s ({stats_plots.rate_from(result)})"
