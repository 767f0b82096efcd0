# SPDX-License-Identifier: GPL-2.0-or-later
"""BT21, BT22, BT23, BT27, BT28: registers (MEP guide p.201-219; optical guide p.20-27, p.53-57)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osgp_analyzer.simulate.layout import SECOND, Layout, flags
from osgp_analyzer.simulate.load import DAY

if TYPE_CHECKING:
    from osgp_analyzer.simulate.meter import Meter

SUMMATION_SOURCES = (0, 1, 2, 3, 4, 5, 6, 7, 26, 27, 28, 108, 109, 110, 111)
VALUE_SOURCES = (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 81, 82, 83, 84, 104, 105, 106,
                 107)  # fmt: skip
"""Source IDs in the order of the tables (MEP guide p.204-205)."""
OUTAGE_SECONDS, OUTAGES = 4, 5
IN_TIERS = (0, 1, 2, 3, 6, 7)
"""Summations that tiers have too; the rest is 0 there."""


@dataclass(frozen=True)
class Registers:
    """How many registers of each kind a meter has. With demands, it counts demand resets and keeps cumulative ones."""

    summations: int = 11
    demands: int = 0
    coincident: int = 0
    present_demands: int = 0
    present_values: int = 18
    tiers: int = 4
    occurrences: int = 1


PLAIN = Registers()
WITH_DEMAND = Registers(15, 2, 1, 2, 26)


def bt21(meter: Meter, time: int) -> Layout:
    """Actual Register."""
    table, dims = Layout(), meter.registers
    demand = int(dims.demands > 0)
    table.bits(1, *flags(("season_information", 1), ("date_time", 1), ("demand_reset_counter", demand),
                         ("demand_reset_lock", demand), ("cumulative_demand", demand),
                         ("continuous_cumulative_demand", demand), ("time_remaining", 0)))  # fmt: skip
    table.bits(1, *flags(("self_read_inhibit_overflow", 0), ("self_read_sequence_number", 0), ("daily_self_read", 1),
                         ("weekly_self_read", 1)))  # fmt: skip
    for name, value in (
        ("self_reads", 12),
        ("summations", dims.summations),
        ("demands", dims.demands),
        ("coincident_values", dims.coincident),
        ("occurrences", dims.occurrences),
        ("tiers", dims.tiers),
        ("present_demands", dims.present_demands),
        ("present_values", dims.present_values),
    ):
        table.uint(name, value)
    return table


def bt22(meter: Meter, time: int) -> Layout:
    """Data Selection: which sources the registers record."""
    table, dims = Layout(), meter.registers
    for i in range(dims.summations):
        table.uint(f"summation_sources[{i}]", SUMMATION_SOURCES[i])
    for i in range(dims.demands):
        table.uint(f"demand_select[{i}]", 8 + i)
    table.raw("min_max_flags", ((1 << dims.demands) - 1).to_bytes((dims.demands + 7) // 8, "little"))
    for i in range(dims.coincident):
        table.uint(f"coincident_select[{i}]", 10 + i)
    for i in range(dims.coincident):
        table.uint(f"coincident_demand_associated[{i}]", i)
    return table


def bt23(meter: Meter, time: int) -> Layout:
    """Current Register Data."""
    table, dims = Layout(), meter.registers
    if dims.demands:
        table.uint("demand_resets", meter.demand_resets)
    _block(table, "total.", meter, time, None)
    for tier in range(dims.tiers):
        _block(table, f"tiers[{tier}].", meter, time, tier)
    return table


def _block(table: Layout, path: str, meter: Meter, time: int, tier: int | None) -> None:
    dims = meter.registers
    table.ints(f"{path}summations", summations(meter, time, tier)[: dims.summations])
    peak = time - time % DAY + (6 + 4 * (tier or 3)) * 3600 * SECOND  # an hour in which the tier is in force
    peak -= DAY if peak > time else 0
    powers = meter.load.power(peak)
    for i in range(dims.demands):
        for k in range(dims.occurrences):
            table.stime(f"{path}demands[{i}].event_time[{k}]", peak)
        table.number(f"{path}demands[{i}].cumulative", 3 * powers[i])
        table.number(f"{path}demands[{i}].continuous_cumulative", 4 * powers[i])
        for k in range(dims.occurrences):
            table.number(f"{path}demands[{i}].demand[{k}]", powers[i])
    for i in range(dims.coincident):
        for k in range(dims.occurrences):
            table.number(f"{path}coincidents[{i}].values[{k}]", powers[2])


def summations(meter: Meter, time: int, tier: int | None = None) -> list[int]:
    """All 15 summations of the totals or of a tier, in Wh, varh, seconds or pieces."""
    load = meter.load
    forward, reverse = load.forward(time, tier), load.reverse(time, tier)
    imported, exported = load.imported(time, tier), load.exported(time, tier)
    total = [forward, reverse, imported, exported, meter.outage_seconds, meter.outages, forward + reverse,
             max(forward - reverse, 0), meter.pulses(time), 0, 0, imported, 0, 0, exported]  # fmt: skip
    return total if tier is None else [v if i in IN_TIERS or i > 10 else 0 for i, v in enumerate(total)]


def bt27(meter: Meter, time: int) -> Layout:
    """Present Register Selection."""
    table, dims = Layout(), meter.registers
    for i in range(dims.present_demands):
        table.uint(f"present_demand_sources[{i}]", 8 + i)
    for i in range(dims.present_values):
        table.uint(f"present_value_sources[{i}]", VALUE_SOURCES[i])
    return table


def bt28(meter: Meter, time: int) -> Layout:
    """Present Register Data: W, var, mA, mV, 1/1000, mHz, VA."""
    table, dims = Layout(), meter.registers
    forward, reverse, reactive = meter.load.power(time)
    for i in range(dims.present_demands):
        table.number(f"present_demands[{i}].value", (forward, reverse)[i])
    apparent = int(((forward - reverse) ** 2 + reactive**2) ** 0.5)
    factor = 1000 * abs(forward - reverse) // max(apparent, 1)
    volts = meter.load.voltage + time // SECOND % 601 - 300
    current = 1_000_000 * apparent // 3 // volts
    frequency = 49_980 + time // (60 * SECOND) % 41
    sine = 1000 * reactive // max(apparent, 1)
    values = [forward, reverse, reactive, reactive // 5, current, current, current, volts, volts - 700, volts + 500,
              factor, frequency, apparent, factor, factor, sine, sine, sine, forward, reverse, reactive, reactive // 5,
              reactive, 0, 0, reactive // 5]  # fmt: skip
    table.ints("present_values", values[: dims.present_values])
    return table
