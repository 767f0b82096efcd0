# SPDX-License-Identifier: GPL-2.0-or-later
"""How many registers the meter has and what each measures: BT20, BT21, BT22, BT27."""

from dissectors.osgp.tables.measurements import SOURCES
from dissectors.sources import MEP, OPT
from osgp_analyzer.schema import U8, Array, Bits, BitSet, Check, Context, F, Group, Layer, Severity

COINCIDENT = 2
"""Values that go with each demand (MEP p.202)."""


class BT20(
    Layer,
    name="bt20",
    title="Dimension Register",
    source=OPT.at("p.20-21; CTC CT_bt20.h"),
    order="little",
    bit_order="lsb",
):
    """The most registers that the meter can have."""

    season_info = Bits(1, label="Season information", doc="Registers have a season.")
    date_time = Bits(1, label="Date and time", doc="Registers have date and time.")
    demand_reset_counter = Bits(1, doc="Registers have the number of demand resets.")
    demand_reset_lockout = Bits(1, doc="A demand reset locks out the next one for a while.")
    cumulative_demand = Bits(1, doc="There is cumulative demand.")
    continuous_cumulative = Bits(1, label="Continuous cumulative demand", doc="There is continuous cumulative demand.")
    time_remaining = Bits(1, doc="Present demands have the time remaining in their interval.")
    filler = Bits(1)
    self_read_inhibit_overflow = Bits(1, doc="No self-read is made when the memory has overflowed.")
    self_read_sequence_number = Bits(1, doc="Self-reads are numbered.")
    daily_self_read = Bits(1, doc="Self-reads can be made daily.")
    weekly_self_read = Bits(1, doc="Self-reads can be made weekly.")
    self_read_demand_reset = Bits(
        2,
        {0: "neither brings the other"},
        doc="Whether a self-read brings a demand reset or a demand reset a self-read.",
    )
    filler_2 = Bits(2)
    self_reads = U8(label="Number of self-reads", doc="Entries of BT26.")
    summations = U8(label="Number of summations", doc="Accumulated values in BT23.")
    demands = U8(label="Number of demands", doc="Demand registers.")
    coincident_values = U8(label="Number of coincident values", doc="Values kept with demands.")
    occurrences = U8(label="Number of occurrences", doc="Maximum demands of each demand register.")
    tiers = U8(label="Number of tiers", doc="Tariffs.")
    present_demands = U8(label="Number of present demands", doc="Present demands in BT28.")
    present_values = U8(label="Number of present values", doc="Instantaneous values in BT28.")

    info = "{summations} summations, {demands} demands, {tiers} tiers, {present_values} present values"


class BT21(
    BT20,
    name="bt21",
    title="Actual Register",
    source=MEP.at("p.201-202; optical guide p.22; CTC CT_bt21.h"),
):
    """The registers that the meter has now; the sizes of BT22 to BT28."""

    checks = (
        Check(
            "coincident_values",
            F.coincident_values != F.demands * COINCIDENT,
            Severity.NOTE,
            Group.PROTOCOL,
            "{coincident_values} coincident values for {demands} demands; the guide says two for each",
            "coincident_values",
        ),
    )


class BT22(
    Layer,
    name="bt22",
    title="Data Selection",
    source=MEP.at("p.203-206; optical guide p.23; CTC CT_bt22.h"),
    order="little",
):
    """What each register of BT23 measures."""

    summation_sources = Array(
        U8(SOURCES), Context("bt21.summations"), doc="What each summation adds up, in their order in BT23."
    )
    demand_select = Array(U8(SOURCES), Context("bt21.demands"), doc="What each demand is of.")
    min_max_flags = BitSet(
        (Context("bt21.demands") + 7) // 8,
        label="Maximum demands",
        doc="Demands that are maxima; the others are minima.",
    )
    coincident_select = Array(U8(SOURCES), Context("bt21.coincident_values"), doc="What each coincident value is of.")
    coincident_demand = Array(
        U8(),
        Context("bt21.coincident_values"),
        label="Coincident demand associated",
        doc="The demand that each coincident value goes with: its place among the demands.",
    )


class BT27(
    Layer,
    name="bt27",
    title="Present Register Selection",
    source=MEP.at("p.214").one,
    order="little",
):
    """What each value of BT28 is."""

    present_demand_sources = Array(U8(SOURCES), Context("bt21.present_demands"), doc="What each present demand is of.")
    present_value_sources = Array(U8(SOURCES), Context("bt21.present_values"), doc="What each present value is.")
