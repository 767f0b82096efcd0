# SPDX-License-Identifier: GPL-2.0-or-later
"""The registers that are read for billing: BT23, and the block of registers that other tables have too."""

from dissectors.osgp.tables.measurements import SUMMATIONS, other_source
from dissectors.sources import MEP
from osgp_analyzer.schema import I32, U8, Array, Context, Integer, Layer, Struct, Time

summations, demands_kept = Context("bt21.summations"), Context("bt21.demands")
occurrences, coincident = Context("bt21.occurrences"), Context("bt21.coincident_values")
BLOCK = MEP.at("p.208-211; optical guide p.25-27").one
LISTED = 19
"""Summations that the guides list by name."""


def summation(number: int, unit: str, doc: str, label: str = "") -> Integer:
    """The field for a summation by its number in the guides' list. BT22 says what the meter really has there, so
    that its name is inferred."""
    return I32(unit=unit, label=label, when=summations > number, doc=doc, source=BLOCK.inferred)


class DemandRegister(Layer, name="registers.demand", title="Demand", source=BLOCK, order="little", bit_order="lsb"):
    """A demand register; BT22 says of what."""

    times = Array(
        Time("stime_date"),
        occurrences,
        when=Context("bt21.date_time") == 1,
        label="Event times",
        doc="When each demand occurred.",
    )
    cumulative = I32(when=Context("bt21.cumulative_demand") == 1, label="Cumulative demand")
    continuous_cumulative = I32(when=Context("bt21.continuous_cumulative") == 1, label="Continuous cumulative demand")
    demands = Array(I32(), occurrences, doc="The demands.")


class CoincidentRegister(Layer, name="registers.coincident", title="Coincident value", source=BLOCK, order="little"):
    """What was measured together with a demand; BT22 says what."""

    values = Array(I32(), occurrences, doc="One for each demand.")


class RegisterBlock(Layer, name="registers", title="Registers", source=BLOCK, order="little"):
    """Summations, demands and coincident values of all tiers or of one. CT and VT ratios are in them. Their energies
    may be in units of 10 or 100: ET55 says so."""

    forward_active_energy = summation(0, "Wh", "All phases.")
    reverse_active_energy = summation(1, "Wh", "All phases.")
    import_reactive_energy = summation(2, "varh", "All phases.")
    export_reactive_energy = summation(3, "varh", "All phases.")
    power_outage_duration = summation(4, "s", "In minutes with firmware 2.0; not kept for tiers.")
    power_outages = summation(5, "", "How often the power failed; not kept for tiers.")
    sum_active_energy = summation(6, "Wh", "All phases.", "Forward + reverse active energy")
    net_active_energy = summation(7, "Wh", "Never below 0.", "Forward - reverse active energy")
    pulse_input_1 = summation(8, "", "Pulses counted; not kept for tiers.")
    pulse_input_2 = summation(9, "", "Pulses counted; not kept for tiers.")
    error_counter = summation(10, "", "Failures of memory, clock and measurement; not kept for tiers.")
    reactive_energy_q1 = summation(11, "varh", "Quadrant 1.")
    reactive_energy_q2 = summation(12, "varh", "Quadrant 2.")
    reactive_energy_q3 = summation(13, "varh", "Quadrant 3.")
    reactive_energy_q4 = summation(14, "varh", "Quadrant 4.")
    apparent_energy_q1 = summation(15, "VAh", "Quadrant 1.")
    apparent_energy_q2 = summation(16, "VAh", "Quadrant 2.")
    apparent_energy_q3 = summation(17, "VAh", "Quadrant 3.")
    apparent_energy_q4 = summation(18, "VAh", "Quadrant 4.")
    more_summations = Array(
        I32(), summations - LISTED, when=summations > LISTED, doc="Those that the guides do not list."
    )
    demands = Array(DemandRegister, demands_kept, doc="The demand registers.")
    coincident_values = Array(CoincidentRegister, coincident, doc="What was measured with the demands.")

    checks = (other_source("bt22.summation_sources", SUMMATIONS),)
    info = "{forward_active_energy} forward, {reverse_active_energy} reverse"


class BT23(
    Layer,
    name="bt23",
    title="Current Register Data",
    source=MEP.at("p.207-211; optical guide p.24-27").one,
    order="little",
):
    """Energy and demand up to now, in total and by tier. BT21 says how many registers there are, BT22 which."""

    demand_resets = U8(
        when=Context("bt21.demand_reset_counter") == 1, label="Number of demand resets", doc="How many were made."
    )
    total = Struct(RegisterBlock, doc="All tiers together.")
    tiers = Array(RegisterBlock, Context("bt21.tiers"), doc="Each tier, the first is tier 0.")
