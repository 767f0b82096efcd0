# SPDX-License-Identifier: GPL-2.0-or-later
"""BT71 and BT74: the event log (MEP guide p.241-243; optical guide p.50-53)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osgp_analyzer.simulate.layout import Layout

if TYPE_CHECKING:
    from osgp_analyzer.simulate.meter import Meter

ENTRIES = 100
NOBODY = 0xFFFF
"""User ID of an entry that came about with nobody logged on."""


@dataclass(frozen=True)
class Event:
    """An entry; what a code means is in no public document."""

    time: int
    sequence: int
    code: int
    argument: int


def bt71(meter: Meter, time: int) -> Layout:
    """Actual Log."""
    table = Layout("bt71")
    names = ("event_number", "history_date_time", "history_sequence_number", "history_inhibit_overflow",
             "event_inhibit_overflow")  # fmt: skip
    table.bits(1, *((name, bit, 1, int(bit in (1, 2))) for bit, name in enumerate(names)))
    table.uints(
        ("standard_event_bytes", 8, 1),
        ("manufacturer_event_bytes", 19, 1),
        ("history_data_length", 2, 1),
        ("event_data_length", 2, 1),
        ("history_entries", ENTRIES, 2),
        ("event_entries", 0, 2),
    )
    return table


def bt74(meter: Meter, time: int) -> Layout:
    """History Log Data, a circular queue."""
    table, events = Layout("bt74"), list(meter.events)
    last = events[-1]
    table.bits(1, ("order", 0, 1, 0), ("overflow", 1, 1, 0), ("list_type", 2, 1, 1), ("inhibit_overflow", 3, 1, 0))
    table.uint("valid_entries", len(events), 2)
    table.uint("last_entry_element", last.sequence % ENTRIES, 2)
    table.uint("last_entry_sequence_number", last.sequence, 4)
    table.uint("unread_entries", min(meter.unread_events, ENTRIES), 2)
    _entries(table, {event.sequence % ENTRIES: event for event in events}.items())
    return table


def _entries(table: Layout, events: Iterable[tuple[int, Event]]) -> None:
    place = dict(events)
    for i in range(ENTRIES):
        event, path = place.get(i), "event_log.entry"
        table.ltime(f"{path}.timestamp", event.time if event else 0)
        for name, value in (
            ("sequence_number", event.sequence & 0xFFFF if event else 0),
            ("user_id", NOBODY if event else 0),
        ):
            table.uint(f"{path}.{name}", value, 2)
        table.bits(2, (f"{path}.event", 0, 12, event.code if event else 0))
        table.raw(f"{path}.argument", (event.argument if event else 0).to_bytes(2, "little"))
