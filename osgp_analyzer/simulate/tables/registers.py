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
SUMMATIONS = ("forward_active_energy", "reverse_active_energy", "import_reactive_energy", "export_reactive_energy",
              "power_outage_duration", "power_outages", "sum_active_energy", "net_active_energy", "pulse_input_1",
              "pulse_input_2", "error_counter", "reactive_energy_q1", "reactive_energy_q2", "reactive_energy_q3",
              "reactive_energy_q4")  # fmt: skip
VALUES = ("forward_active_power", "reverse_active_power", "import_reactive_power", "export_reactive_power",
          "rms_current_l1", "rms_current_l2", "rms_current_l3", "rms_voltage_l1", "rms_voltage_l2", "rms_voltage_l3",
          "power_factor_l1", "frequency", "apparent_power", "power_factor_l2", "power_factor_l3",
          "sine_phase_angle_l1", "sine_phase_angle_l2", "sine_phase_angle_l3", "forward_active_power_after_ratio",
          "reverse_active_power_after_ratio", "import_reactive_power_after_ratio", "export_reactive_power_after_ratio",
          "reactive_power_q1", "reactive_power_q2", "reactive_power_q3", "reactive_power_q4")  # fmt: skip
"""In the order of the guides' lists (MEP guide p.208, p.215)."""
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
WITH_DEMAND = Registers(15, 2, 4, 2, 26)


def bt21(meter: Meter, time: int) -> Layout:
    """Actual Register."""
    table, dims = Layout("bt21"), meter.registers
    demand = int(dims.demands > 0)
    table.bits(1, *flags(("season_info", 1), ("date_time", 1), ("demand_reset_counter", demand),
                         ("demand_reset_lockout", demand), ("cumulative_demand", demand),
                         ("continuous_cumulative", demand), ("time_remaining", 0)))  # fmt: skip
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
    table, dims = Layout("bt22"), meter.registers
    for i in range(dims.summations):
        table.uint("summation_sources", SUMMATION_SOURCES[i])
    for i in range(dims.demands):
        table.uint("demand_select", 8 + i)
    table.raw("min_max_flags", ((1 << dims.demands) - 1).to_bytes((dims.demands + 7) // 8, "little"))
    for i in range(dims.coincident):
        table.uint("coincident_select", 10 + i)
    for i in range(dims.coincident):
        table.uint("coincident_demand", i // 2)
    return table


def bt23(meter: Meter, time: int) -> Layout:
    """Current Register Data."""
    table, dims = Layout("bt23"), meter.registers
    if dims.demands:
        table.uint("demand_resets", meter.demand_resets)
    for tier in (None, *range(dims.tiers)):
        _block(table, meter, time, tier)
    return table


def _block(table: Layout, meter: Meter, time: int, tier: int | None) -> None:
    """The registers of a tier, or of all together."""
    dims = meter.registers
    for name, value in zip(SUMMATIONS[: dims.summations], summations(meter, time, tier), strict=False):
        table.number(f"registers.{name}", value)
    peak = time - time % DAY + (6 + 4 * (tier or 3)) * 3600 * SECOND  # an hour in which the tier is in force
    peak -= DAY if peak > time else 0
    powers = meter.load.power(peak)
    for i in range(dims.demands):
        for _ in range(dims.occurrences):
            table.stime("registers.demand.times", peak)
        table.number("registers.demand.cumulative", 3 * powers[i])
        table.number("registers.demand.continuous_cumulative", 4 * powers[i])
        for _ in range(dims.occurrences):
            table.number("registers.demand.demands", powers[i])
    for _ in range(dims.coincident * dims.occurrences):
        table.number("registers.coincident.values", powers[2])


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
    table, dims = Layout("bt27"), meter.registers
    for i in range(dims.present_demands):
        table.uint("present_demand_sources", 8 + i)
    for i in range(dims.present_values):
        table.uint("present_value_sources", VALUE_SOURCES[i])
    return table


def bt28(meter: Meter, time: int) -> Layout:
    """Present Register Data: W, var, mA, mV, 1/1000, mHz, VA."""
    table, dims = Layout("bt28"), meter.registers
    forward, reverse, reactive = meter.load.power(time)
    for i in range(dims.present_demands):
        table.number("bt28.demand.value", (forward, reverse)[i])
    apparent = int(((forward - reverse) ** 2 + reactive**2) ** 0.5)
    factor = 1000 * abs(forward - reverse) // max(apparent, 1)
    volts = meter.load.voltage + time // SECOND % 601 - 300
    current = 1_000_000 * apparent // 3 // volts
    frequency = 49_980 + time // (60 * SECOND) % 41
    sine = 1000 * reactive // max(apparent, 1)
    values = [forward, reverse, reactive, reactive // 5, current, current, current, volts, volts - 700, volts + 500,
              factor, frequency, apparent, factor, factor, sine, sine, sine, forward, reverse, reactive, reactive // 5,
              reactive, 0, 0, reactive // 5]  # fmt: skip
    for name, value in zip(VALUES[: dims.present_values], values, strict=False):
        table.number(name, value)
    return table
