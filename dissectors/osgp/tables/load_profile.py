# SPDX-License-Identifier: GPL-2.0-or-later
"""Load profile: how it is recorded (BT60, BT61) and what was recorded (BT64 to BT67)."""

from dissectors.sources import MEP
from osgp_analyzer.schema import (
    I32,
    U8,
    U16,
    U32,
    Array,
    Bits,
    BitSet,
    Check,
    Computed,
    Context,
    Expr,
    F,
    Group,
    Integer,
    Label,
    Layer,
    Outer,
    Remaining,
    Severity,
    Source,
    Time,
)

SETS = MEP.at("p.231-235; optical guide p.31-33").one
"""CTC has the first data set only."""
MORE = "Of this data set; meters with one set have none."
DAY = 84
"""Stands for 24 hours where others are minutes."""
later = Remaining() > 0


def interval_time(number: int, doc: str, when: Expr | None = None, source: Source | None = None) -> Integer:
    """The field for how long the intervals of a set are."""
    own = getattr(F, f"set{number}_interval_time")
    labels = (Label(own == DAY, own, {DAY: "24 h"}),)
    return U8(labels=labels, when=when, source=source, unit="min", label=f"Interval time, set {number}", doc=doc)


class BT60(
    Layer,
    name="bt60",
    title="Dimension Load Profile",
    source=MEP.at("p.231-233; CTC include/BT"),
    order="little",
    bit_order="lsb",
):
    """The largest load profile that the meter can have; each value for itself, not all together."""

    memory_length = U32(unit="bytes", doc="Of all data sets.")
    set1_inhibit_overflow = Bits(1, doc="Recording stops when the memory is full.")
    set2_inhibit_overflow = Bits(1, doc="As above.")
    set3_inhibit_overflow = Bits(1, doc="As above.")
    set4_inhibit_overflow = Bits(1, doc="As above.")
    end_readings = Bits(1, doc="Blocks have the registers at their end.")
    end_pulses = Bits(1, doc="Blocks have pulse counts at their end.")
    set1_scalar_divisor = Bits(1, doc="BT62 has scalars and divisors of this set.")
    set2_scalar_divisor = Bits(1, doc="As above.")
    set3_scalar_divisor = Bits(1, doc="As above.")
    set4_scalar_divisor = Bits(1, doc="As above.")
    extended_interval_status = Bits(1, doc="Intervals have a status for each channel.")
    simple_interval_status = Bits(1, doc="Blocks have a bit for each interval that was recorded.")
    filler = Bits(4)
    format_uint8 = Bits(1, label="UINT8 supported", doc="A format of interval data.")
    format_uint16 = Bits(1, label="UINT16 supported", doc="As above.")
    format_uint32 = Bits(1, label="UINT32 supported", doc="As above.")
    format_int8 = Bits(1, label="INT8 supported", doc="As above.")
    format_int16 = Bits(1, label="INT16 supported", doc="As above.")
    format_int32 = Bits(1, label="INT32 supported", doc="As above.")
    format_ni_fmat1 = Bits(1, label="NI_FMAT1 supported", doc="As above.")
    format_ni_fmat2 = Bits(1, label="NI_FMAT2 supported", doc="As above.")
    set1_blocks = U16(label="Number of blocks, set 1", doc="Blocks that it holds.")
    set1_intervals = U16(label="Number of intervals, set 1", doc="Intervals of a block.")
    set1_channels = U8(label="Number of channels, set 1", doc="Channels of an interval.")
    set1_interval_time = interval_time(1, doc="From start to start.")
    set2_blocks = U16(when=later, source=SETS, label="Number of blocks, set 2", doc=MORE)
    set2_intervals = U16(when=later, source=SETS, label="Number of intervals, set 2", doc=MORE)
    set2_channels = U8(when=later, source=SETS, label="Number of channels, set 2", doc=MORE)
    set2_interval_time = interval_time(2, when=later, source=SETS, doc=MORE)
    set3_blocks = U16(when=later, source=SETS, label="Number of blocks, set 3", doc=MORE)
    set3_intervals = U16(when=later, source=SETS, label="Number of intervals, set 3", doc=MORE)
    set3_channels = U8(when=later, source=SETS, label="Number of channels, set 3", doc=MORE)
    set3_interval_time = interval_time(3, when=later, source=SETS, doc=MORE)
    set4_blocks = U16(when=later, source=SETS, label="Number of blocks, set 4", doc=MORE)
    set4_intervals = U16(when=later, source=SETS, label="Number of intervals, set 4", doc=MORE)
    set4_channels = U8(when=later, source=SETS, label="Number of channels, set 4", doc=MORE)
    set4_interval_time = interval_time(4, when=later, source=SETS, doc=MORE)

    info = "{set1_blocks} blocks of {set1_intervals} intervals, {set1_channels} channels"


class BT61(
    BT60,
    name="bt61",
    title="Actual Load Profile",
    source=MEP.at("p.233-235; optical guide p.31-33; CTC include/BT"),
):
    """The load profile that the meter records; the sizes of BT62 to BT67."""

    checks = (
        Check(
            "format",
            F.format_int32 == 0,
            Severity.WARN,
            Group.PROTOCOL,
            "interval data are read as INT32, the format that the guide knows, but this meter does not say it has it",
            "format_int32",
        ),
    )


INTERVAL_STATUS = {
    0: "none",
    1: "overflow",
    2: "partial interval",
    3: "long interval",
    4: "skipped",
    5: "test mode",
    8: "decryption failed",
    9: "clock error",
    10: "device missing",
    11: "not current",
    12: "opted out",
    15: "no data yet",
}
"""MEP p.240-241, optical guide p.37-38."""
DATA = MEP.at("p.239-241; optical guide p.36-38; CTC include/BT")
CHANNELS, INTERVALS = Outer("load_profile.channels"), Outer("load_profile.intervals")


class LoadProfileInterval(Layer, name="load_profile.interval", title="Interval", source=DATA, order="little"):
    """The values of all channels at the end of an interval, after their status."""

    clock_set_back = Bits(
        1, source=DATA.inferred, doc="Within the interval. That bit 3 of the nibble is its high one is inferred."
    )
    clock_set_forward = Bits(1, source=DATA.inferred, doc="Within the interval.")
    power_failed = Bits(1, source=DATA.inferred, doc="Within the interval.")
    daylight_saving = Bits(1, source=DATA.inferred, doc="In effect in the interval or at its start.")
    status = Array(
        Bits(4, INTERVAL_STATUS), CHANNELS, label="Channel status", source=DATA.one, doc="High half of a byte first."
    )
    filler = Bits(4, when=CHANNELS % 2 == 0, doc="Fills the last byte.")
    values = Array(I32(), CHANNELS, doc="BT62 says of what each channel is.")


class LoadProfileBlock(Layer, name="load_profile.block", title="Block", source=DATA, order="little"):
    """Intervals that were recorded one after the other."""

    end_time = Time("stime_date", doc="Of the last interval recorded, UTC.")
    end_readings = Array(
        I32(), CHANNELS, when=Context("bt61.end_readings") == 1, source=DATA.one, doc="The registers at the end."
    )
    simple_status = BitSet((INTERVALS + 7) // 8, label="Intervals recorded", doc="Data of others are to be ignored.")
    intervals = Array(LoadProfileInterval, INTERVALS)

    info = "up to {end_time}"


class BT64(Layer, name="bt64", title="Load Profile Data Set 1", source=DATA, order="little"):
    """The blocks of data set 1, a ring: BT63 says which is the newest."""

    channels = Computed(Context("bt61.set1_channels"), qualified="load_profile.channels", doc="From BT61.")
    intervals = Computed(Context("bt61.set1_intervals"), qualified="load_profile.intervals", doc="From BT61.")
    blocks = Array(LoadProfileBlock, Context("bt61.set1_blocks"))


class BT65(Layer, name="bt65", title="Load Profile Data Set 2", source=DATA.one, order="little"):
    """The blocks of data set 2."""

    channels = Computed(Context("bt61.set2_channels"), qualified="load_profile.channels", doc="From BT61.")
    intervals = Computed(Context("bt61.set2_intervals"), qualified="load_profile.intervals", doc="From BT61.")
    blocks = Array(LoadProfileBlock, Context("bt61.set2_blocks"))


class BT66(Layer, name="bt66", title="Load Profile Data Set 3", source=DATA.one, order="little"):
    """The blocks of data set 3."""

    channels = Computed(Context("bt61.set3_channels"), qualified="load_profile.channels", doc="From BT61.")
    intervals = Computed(Context("bt61.set3_intervals"), qualified="load_profile.intervals", doc="From BT61.")
    blocks = Array(LoadProfileBlock, Context("bt61.set3_blocks"))


class BT67(Layer, name="bt67", title="Load Profile Data Set 4", source=DATA.one, order="little"):
    """The blocks of data set 4."""

    channels = Computed(Context("bt61.set4_channels"), qualified="load_profile.channels", doc="From BT61.")
    intervals = Computed(Context("bt61.set4_intervals"), qualified="load_profile.intervals", doc="From BT61.")
    blocks = Array(LoadProfileBlock, Context("bt61.set4_blocks"))
