# SPDX-License-Identifier: GPL-2.0-or-later
"""What the meter is and how its tables are written: BT00, BT01."""

from dissectors.sources import CTC, MEP, OPT
from osgp_analyzer.schema import BCD, U8, Bits, BitSet, Check, F, Group, Layer, Severity, Text

SETS = CTC.at("include/BT/CT_bt00.h; sizes proven by a real BT00")
"""The guides keep this part of BT00 for internal use."""
INT32_FORMAT = 8
"""The only non-integer format that the guides know."""


class BT00(
    Layer,
    name="bt00",
    title="General Configuration",
    source=MEP.at("p.196-198; optical guide p.48-49; CTC CT_bt00.h"),
    order="little",
    bit_order="lsb",
):
    """How values are written in all other tables, and which tables and procedures the meter has."""

    data_order = Bits(1, {0: "little-endian", 1: "big-endian"}, doc="Order of the bytes of a number.")
    char_format = Bits(
        3,
        {1: "ISO/IEC 646 (ASCII)", 2: "ISO 8859-1"},
        label="Character format",
        doc="How characters are written.",
    )
    filler = Bits(4)
    time_format = Bits(3, {2: "a byte for each of year to second"}, doc="How dates and times are written.")
    data_access_method = Bits(2, {1: "offset and count"}, doc="How a part of a table is addressed.")
    id_format = Bits(
        1, {0: "characters", 1: "BCD"}, label="Identification format", doc="How BT01, BT05 and BT06 write identifiers."
    )
    int_format = Bits(2, {0: "two's complement"}, label="Integer format", doc="How signed integers are written.")
    non_int_format_1 = Bits(4, {8: "signed, 4 bytes"}, label="Non-integer format 1", doc="What NI_FMAT1 is.")
    non_int_format_2 = Bits(4, {8: "signed, 4 bytes"}, label="Non-integer format 2", doc="What NI_FMAT2 is.")
    manufacturer = Text(4, doc="Who made the meter.")
    nameplate_type = U8({2: "electric"}, doc="What the meter measures.")
    default_set_used = U8({0: "none"}, doc="Default set of ANSI C12.10.")
    procedure_parameter_length = U8(unit="bytes", doc="Longest parameters that BT07 takes.")
    response_data_length = U8(unit="bytes", doc="Longest result data in BT08, ET59 and ET85.")
    standard_version = U8(doc="Version of ANSI C12.19.")
    standard_revision = U8(doc="Revision of ANSI C12.19.")
    dim_basic_tables_used = U8(unit="bytes", doc="Size of the sets of basic tables.")
    dim_extended_tables_used = U8(unit="bytes", doc="Size of the sets of extended tables.")
    dim_basic_procedures_used = U8(unit="bytes", doc="Size of the set of basic procedures.")
    dim_extended_procedures_used = U8(unit="bytes", doc="Size of the set of extended procedures.")
    manufacturer_status_length = U8(unit="bytes", doc="Size of the alarms of the manufacturer in BT03.")
    number_pending_tables = U8(label="Number of pending tables", doc="Pending tables that the meter has.")
    basic_tables_used = BitSet(F.dim_basic_tables_used, source=SETS, doc="Basic tables that the meter has.")
    extended_tables_used = BitSet(F.dim_extended_tables_used, source=SETS, doc="Extended tables that the meter has.")
    basic_procedures_used = BitSet(F.dim_basic_procedures_used, source=SETS, doc="Basic procedures that it has.")
    extended_procedures_used = BitSet(
        F.dim_extended_procedures_used, source=SETS, doc="Extended procedures that it has."
    )
    basic_tables_write = BitSet(F.dim_basic_tables_used, source=SETS, doc="Basic tables that can be written.")
    extended_tables_write = BitSet(F.dim_extended_tables_used, source=SETS, doc="Extended tables that can be written.")

    checks = (
        Check(
            "big_endian",
            F.data_order != 0,
            Severity.WARN,
            Group.PROTOCOL,
            "the meter says that its tables are big-endian; they are read as little-endian, as OSGP has them",
            "data_order",
        ),
        Check(
            "format",
            (F.non_int_format_1 != INT32_FORMAT) | (F.non_int_format_2 != INT32_FORMAT),
            Severity.WARN,
            Group.PROTOCOL,
            "the meter says that its registers have another format; they are read as OSGP has them, signed in 4 bytes",
            "non_int_format_1",
        ),
    )
    info = "{manufacturer}, {dim_basic_tables_used} and {dim_extended_tables_used} of tables"


class BT01(
    Layer,
    name="bt01",
    title="General Manufacturer Information",
    source=MEP.at("p.199; optical guide p.19").one,
    order="little",
):
    """Who made the meter, its model, versions and serial number."""

    manufacturer = Text(4, pad=" ", doc="Who made the meter.")
    model = Text(8, pad=" ", doc="The model, left-justified.")
    hardware_version = U8(source=OPT.at("p.19").one, doc="The guide explains it with the formula of the firmware.")
    hardware_revision = U8(source=OPT.at("p.19").one, doc="As above.")
    firmware_major = Bits(4, doc="Version of the main firmware; its two bytes are big-endian.")
    firmware_minor = Bits(7, doc="Second part of the version.")
    firmware_build = Bits(5, doc="Third part of the version.")
    serial_number = BCD(
        8,
        source=OPT.at("p.19, which gives 16 digits and says 8 bytes").one,
        doc="Serial number that the manufacturer gave.",
    )

    info = "{manufacturer} {model}, firmware {firmware_major}.{firmware_minor}.{firmware_build}"
