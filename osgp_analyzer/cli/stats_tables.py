# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics as tables."""

from __future__ import annotations

from collections.abc import Iterator

from osgp_analyzer.cli import tables
from osgp_analyzer.cli.stats_page import NOTHING, Page, Row, domain, number, seconds, share


def frames(page: Page, result: Row) -> None:
    """How many frames there are."""
    total = page.total
    some = "" if total["frames"] == total["in_capture"] else f" of {total['in_capture']}"
    length = f", {seconds(total['duration'])} s" if total["duration"] is not None else ""
    page.line(f"{total['frames']}{some} frames, {total['bytes']} bytes{length}")
    page.note(total["untimed"], "without a time stamp")


def hierarchy(page: Page, result: Row) -> None:
    """A line for each path of layers."""
    page.head("Protocol hierarchy")
    rows = [
        (
            "  " * depth + row["layer"],
            row["title"],
            number(row["frames"]),
            share(row["frames"], page.total["frames"]),
            number(row["bytes"]),
        )
        for depth, row in _flat(result["layers"], 0)
    ]
    for line in tables.table(("<layer", "<", "frames", "%", "bytes"), rows, page.width):
        page.line(f"  {line}")


def endpoints(page: Page, result: Row) -> None:
    """A line for each address."""
    page.head("Endpoints")
    page.table(
        ("<address", "<domain", "sent", "bytes", "received", "bytes", "priority", "alt path", "CRC bad"),
        result["rows"],
        lambda row: (
            row["address"],
            domain(row),
            *(
                number(row[name])
                for name in (
                    "frames_sent",
                    "bytes_sent",
                    "frames_received",
                    "bytes_received",
                    "priority",
                    "alt_path",
                    "crc_bad",
                )
            ),
        ),
    )
    page.note(result["frames_without_address"], "without an address, not counted")


def conversations(page: Page, result: Row) -> None:
    """A line for each pair of addresses."""
    page.head("Conversations")
    start = page.total["first"]

    def since(time: int | None) -> str:
        return seconds(None if time is None or start is None else time - start)

    page.table(
        ("<A", "<B", "<domain", "frames", "bytes", "A>B", "bytes", "B>A", "bytes", "first s", "lasts s"),
        result["rows"],
        lambda row: (
            row["a"],
            row["b"],
            domain(row),
            number(row["frames"]),
            number(row["bytes"]),
            number(row["frames_a_to_b"]),
            number(row["bytes_a_to_b"]),
            number(row["frames_b_to_a"]),
            number(row["bytes_b_to_a"]),
            since(row["first"]),
            seconds(row["duration"]),
        ),
    )


def services(page: Page, result: Row) -> None:
    """A line for each service."""
    page.head("Services")
    page.table(
        ("<service", "<field", "frames", "%", "bytes", "priority", "alt path"),
        result["rows"],
        lambda row: (
            row["name"] or f"undefined ({row['value']})",
            row["field"],
            number(row["frames"]),
            share(row["frames"], page.total["frames"]),
            number(row["bytes"]),
            number(row["priority"]),
            number(row["alt_path"]),
        ),
    )
    page.note(result["frames_without_service"], "without a LON service")


def commands(page: Page, result: Row) -> None:
    """Messages, and responses by their request."""
    page.head("Commands")
    page.table(
        ("<message", "<field", "code", "frames", "%", "bytes"),
        result["messages"],
        lambda row: (
            row["name"] or "undefined",
            row["field"],
            f"0x{row['value']:02x}",
            number(row["frames"]),
            share(row["frames"], page.total["frames"]),
            number(row["bytes"]),
        ),
    )
    page.head("Responses by their request")
    page.table(
        ("<request", "code", "<outcome", "frames", "bytes"),
        result["responses"],
        lambda row: (
            row["request"] or "no APDU code",
            NOTHING if row["request_code"] is None else f"0x{row['request_code']:02x}",
            row["outcome"] or NOTHING,
            number(row["frames"]),
            number(row["bytes"]),
        ),
    )
    count = result["responses_without_request"]
    if count:
        page.line(f"  {count} response{'' if count == 1 else 's'} without a request in the capture")


def errors(page: Page, result: Row) -> None:
    """Findings, and faults by sender."""
    page.head("Findings")
    page.table(
        ("<severity", "<finding", "<group", "count", "frames"),
        result["findings"],
        lambda row: (row["severity"], row["code"], row["group"], number(row["count"]), number(row["frames"])),
    )
    page.note(result["frames_with_faults"], "with errors or warnings")
    page.note(result["frames_with_notes_only"], "with notes only")
    page.head("Faults by sender")
    names = ("frames", "crc_bad", "failed", "retries", "duplicates", "late", "missing")
    page.table(
        ("<address", "<domain", *(name.replace("_", " ") for name in names), "alt path", "of it %"),
        result["nodes"],
        lambda row: (
            row["address"],
            domain(row),
            *(number(row[name]) for name in names),
            number(row["alt_path"]),
            share(row["alt_path"], row["frames"]),
        ),
    )
    page.line("  retries without the planned repeats of UNACKD_RPT; missing are messages, however often they were sent")


def _flat(layers: list[Row], depth: int) -> Iterator[tuple[int, Row]]:
    for layer in layers:
        yield depth, layer
        yield from _flat(layer["layers"], depth + 1)
