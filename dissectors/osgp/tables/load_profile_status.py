# SPDX-License-Identifier: GPL-2.0-or-later
"""Load profile: what its channels are (BT62), and where the newest data are (BT63)."""

from dissectors.osgp.tables.measurements import SOURCES
from dissectors.sources import MEP
from osgp_analyzer.schema import (
    U8,
    U16,
    U32,
    Array,
    Bits,
    Computed,
    Context,
    Expr,
    F,
    If,
    Index,
    Layer,
)

CONTROL = MEP.at("p.235-236; optical guide p.33-34").one
STATUS = MEP.at("p.236-238; optical guide p.34-35; CTC include/BT")
FORMATS = {1: "UINT8", 2: "UINT16", 4: "UINT32", 8: "INT8", 16: "INT16", 32: "INT32", 64: "NI_FMAT1", 128: "NI_FMAT2"}
"""The bits that BT61.6 has; the guides give the value of INT32 only."""
LISTS = {0: "FIFO", 1: "circular"}
ORDERS = {0: "ascending"}


def of_set(name: str) -> Expr:
    """What another table says of the data set whose element this is; `name` has ``{}`` where its number is."""
    values = [Context(name.format(number)) for number in range(1, 5)]
    return If(Index() == 0, values[0], If(Index() == 1, values[1], If(Index() == 2, values[2], values[3])))


class ChannelSettings(Layer, name="bt62.channel", title="Channel", source=CONTROL, bit_order="lsb"):
    """What a channel records."""

    end_reading = Bits(1, doc="Blocks have the register at their end; not supported.")
    filler = Bits(7)
    interval_source = U8(SOURCES, doc="What is recorded.")
    end_reading_source = U8(SOURCES, doc="What the end reading is of; not supported.")

    info = "{interval_source}"


class DataSetControl(Layer, name="bt62.set", title="Data set", source=CONTROL, order="little"):
    """The channels of a data set."""

    channels = Computed(of_set("bt61.set{}_channels"), qualified="load_profile.channels", doc="From BT61.")
    settings = Array(ChannelSettings, F.channels, label="Channel settings")
    format = U8(FORMATS, source=CONTROL.inferred, doc="Of interval data: INT32 are the registers themselves.")
    scalars = Array(
        U16(),
        F.channels,
        when=of_set("bt60.set{}_scalar_divisor") == 1,
        doc="Interval data were multiplied by them.",
    )
    divisors = Array(
        U16(),
        F.channels,
        when=of_set("bt60.set{}_scalar_divisor") == 1,
        doc="Interval data were divided by them.",
    )


class BT62(Layer, name="bt62", title="Load Profile Control", source=CONTROL, order="little"):
    """What the channels of each data set record."""

    sets = Array(DataSetControl, label="Data set control", doc="One for each data set that the meter has.")


class DataSetStatus(Layer, name="bt63.set", title="Data set", source=STATUS, order="little", bit_order="lsb"):
    """Where the newest data of a data set are."""

    block_order = Bits(1, ORDERS, doc="Which block is older.")
    overflow = Bits(1, doc="Blocks were lost before they were read.")
    list_type = Bits(1, LISTS, doc="FIFO also where it has no blocks.")
    block_inhibit_overflow = Bits(1, doc="Nothing is recorded when the memory is full.")
    interval_order = Bits(1, ORDERS, doc="Which interval of a block is older.")
    active_mode = Bits(1, doc="Data are being collected.")
    test_mode = Bits(1, doc="They are collected in test mode.")
    filler = Bits(1)
    valid_blocks = U16(label="Number of valid blocks")
    last_block = U16(doc="Place of the newest block, from 0.")
    last_block_sequence_number = U32(doc="Its number.")
    unread_blocks = U16(label="Number of unread blocks", doc="Blocks that were not read.")
    valid_intervals = U16(label="Number of valid intervals", doc="Intervals of the newest block.")

    info = "block {last_block}, {valid_intervals} intervals"


class BT63(Layer, name="bt63", title="Load Profile Status", source=STATUS, order="little"):
    """Which blocks of BT64 to BT67 are the newest."""

    sets = Array(DataSetStatus, label="Data set status", doc="One for each data set that the meter has.")
