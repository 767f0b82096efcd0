# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics as plots: response times and the load of the channel."""

from __future__ import annotations

from osgp_analyzer.cli import tables
from osgp_analyzer.cli.stats_page import NOTHING, Page, Row, domain, milliseconds, number, seconds, span

WIDTH, HEIGHT, BAR = 60, 4, 40
"""Characters of a plot over time, and of the longest bar."""


def responses(page: Page, result: Row) -> None:
    """Response times: a table, a histogram, and who answers how fast."""
    page.head("Response times in ms")
    if result["all"] is None:
        page.line(f"  {'no answer has a time' if result['answers'] else 'no answers'}")
        return
    times = ("min", "median", "p95", "p99", "max", "mean")
    titles = ("count", *times)

    def cells(row: Row) -> list[str]:
        return [number(row["count"]), *(milliseconds(row[name]) for name in times)]

    services = [{"name": "all", "field": "", **result["all"]}, *result["by_service"]]
    page.table(("<answer", *titles), services, lambda row: (row["name"] or f"undefined ({row['value']})", *cells(row)))
    page.note(result["untimed"], "with an answer of unknown time")
    counts = [row["count"] for row in result["histogram"]]
    drawn = tables.bars(counts, BAR, page.marks)
    page.line()
    for row, bar in zip(result["histogram"], drawn, strict=True):
        upto = "" if row["to"] is None else span(row["to"])
        page.line(f"  {span(row['from']):>8} .. {upto:<8} {row['count']:>9} {bar}".rstrip())
    page.line()
    page.table(
        ("<responder", "<domain", *titles),
        result["by_responder"],
        lambda row: (row["address"], domain(row), *cells(row)),
    )
    page.line(f"  median, p95 and p99 are right to {result['percentile_error'] * 100:.1f} %")


def load(page: Page, result: Row) -> None:
    """A plot of the load over time, and the numbers behind it."""
    page.head("Channel load")
    rows, rate = result["rows"], result["rate"]
    if not rows:
        page.line("  no frame has a time stamp")
        return
    if rate is None:
        page.line("  not all frames were heard on a LON channel, so that its rate is not known: name one with --rate")
    else:
        page.line(f"  {rate} bit/s ({rate_from(result)}); bits of {_basis(result)}")
        page.line("  without error correction, priority slots and gaps: the real load is higher")
    if too_much(result):
        page.line("  more than the channel can carry: the rate is not that of this capture, and --rate names another")
    page.note(result["untimed"], "without a time stamp, not counted")
    plot(page, result)
    if result["left_out"]:
        page.line(f"  in long gaps {result['left_out']} intervals without frames are left out below")
    page.table(
        ("from s", "frames", "frames/s", "bytes", "bits", "bit/s", "load %"),
        rows,
        lambda row: (
            seconds(row["start"] - result["origin"]),
            number(row["frames"]),
            f"{row['frames'] * 1e9 / result['interval']:.1f}",
            number(row["bytes"]),
            number(row["bits"]),
            f"{row['bits'] * 1e9 / result['interval']:.0f}",
            NOTHING if row["load"] is None else f"{row['load'] * 100:.1f}",
        ),
    )


def too_much(result: Row) -> bool:
    """Whether there is more than the channel can carry, so that its rate must be another."""
    return any(row["load"] is not None and row["load"] > 1 for row in result["rows"])


def plot(page: Page, result: Row) -> None:
    """Load over time, or bit/s where it is not known; several intervals in a column where there are many."""
    rows, interval = result["rows"], result["interval"]
    first = rows[0]["start"]
    count = (rows[-1]["start"] - first) // interval + 1
    merged = -(-count // WIDTH)
    sums = [0.0] * (-(-count // merged))
    known = result["rate"] is not None
    for row in rows:
        value = row["load"] * 100 if known else row["bits"] * 1e9 / interval
        sums[(row["start"] - first) // interval // merged] += value / merged
    unit = "%" if known else "bit/s"
    top, mean = max(sums), sum(sums) * merged / count
    labels = [f"{top:.1f} {unit}", *[""] * (HEIGHT - 2), "0"]
    size = max(map(len, labels))
    for label, line in zip(labels, tables.columns(sums, HEIGHT, page.marks), strict=True):
        page.line(f"  {label:>{size}} |{line.rstrip()}")
    wide = f"{count} intervals of {span(interval)}" + (f", {merged} in a column" if merged > 1 else "")
    page.line(f"  {'':>{size}}  {wide}; mean {mean:.1f} {unit}")


_ORIGIN = {"option": "--rate", "file": "as the file says"}


def rate_from(result: Row) -> str:
    """Who says what the rate is."""
    origin: str = result["rate_from"]
    return _ORIGIN.get(origin, origin)


def _basis(result: Row) -> str:
    preamble = result["preamble_bits"]
    return f"frame, CRC and preamble ({preamble} bits [one source])" if preamble else "frame and CRC"
