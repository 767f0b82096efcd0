# SPDX-License-Identifier: GPL-2.0-or-later
"""What the utility keeps in the meter: ET03."""

from dissectors.sources import MEP
from osgp_analyzer.schema import U16, Bytes, Layer, Text


class ET03(
    Layer,
    name="et03",
    title="Utility Information",
    source=MEP.at("p.56; optical guide p.18").one,
    order="little",
):
    """The serial number by which the utility knows the meter."""

    serial_number = Text(30, label="Utility serial number", doc="Serial number of the customer, ended by a zero.")
    reserved = Bytes(107, doc="For other uses, not documented.")
    image_crc = U16(
        label="Image CRC", show="hex", source=MEP.at("p.56").one, doc="CRC of the legally relevant firmware; read only."
    )
    reserved_after_crc = Bytes(4, doc="For other uses, not documented.")

    info = "{serial_number}"
