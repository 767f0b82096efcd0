# SPDX-License-Identifier: GPL-2.0-or-later
"""Network management: memory, checksums, self-identification data."""

from dissectors.en14908.management.codes import MEMORY, MEMORY_MODES, NETMGMT
from dissectors.sources import DX
from osgp_analyzer.schema import U8, U16, Bytes, F, Layer, Remaining, SizeOf

FORMS = {
    0: "no action",
    1: "both checksums",
    3: "delta checksum",
    4: "configuration checksum",
    8: "reset",
    9: "both checksums, reset",
    12: "configuration checksum, reset",
}


class ReadMemory(Layer, name="nm.read_memory", title="Read memory", source=NETMGMT):
    """Reads memory of the node. One byte at absolute address 0 is the firmware version."""

    mode = U8(values=MEMORY_MODES, source=MEMORY)
    address = U16(show="hex", doc="Address, or offset in the structure.")
    count = U8(unit="bytes")

    info = "{count} at {mode} {address}"


class ReadMemoryResponse(Layer, name="nm.read_memory_response", title="Read memory response", source=NETMGMT):
    """Contents of the memory from the address of the request on."""

    data = Bytes()

    info = "{data}"


class WriteMemory(Layer, name="nm.write_memory", title="Write memory", source=NETMGMT):
    """Writes memory of the node, and says what is to be done after that."""

    mode = U8(values=MEMORY_MODES, source=MEMORY)
    address = U16(show="hex", doc="Address, or offset in the structure.")
    count = U8(auto=SizeOf("data"), unit="bytes")
    form = U8(values=FORMS, source=DX.at("lon_types.h IzotMemoryWriteForm"), doc="What to do after the write.")
    data = Bytes(F.count)
    unused = Bytes(when=Remaining() > 0, doc="Some tools always send 16 bytes; only the first `count` are written.")

    info = "{count} at {mode} {address}, {form}"


class ChecksumRecalc(Layer, name="nm.checksum_recalc", title="Checksum recalculation", source=NETMGMT):
    """Has the node compute its checksums anew."""

    type = U8(values={1: "both checksums", 4: "configuration checksum"}, default=1)

    info = "{type}"


class MemoryRefresh(Layer, name="nm.memory_refresh", title="Memory refresh", source=NETMGMT):
    """Has the node rewrite part of its EEPROM with what is in it."""

    offset = U16(
        show="hex",
        source=DX.at("HandleNMRefresh").one,
        doc="Place in the EEPROM; one source counts it in pages of 16 bytes.",
    )
    count = U8(unit="bytes")
    off_chip = U8(values={0: "on-chip", 1: "off-chip"}, label="EEPROM", doc="Which EEPROM is meant.")

    info = "{count} at {offset}, {off_chip}"


class QuerySIData(Layer, name="nm.query_si_data", title="Query self-identification data", source=NETMGMT):
    """Reads the self-identification and self-documentation of the node (also called query SNVT)."""

    offset = U16(doc="Where in the data to start.")
    count = U8(unit="bytes")

    info = "{count} at {offset}"


class QuerySIDataResponse(
    Layer, name="nm.query_si_data_response", title="Query self-identification data response", source=NETMGMT
):
    """Part of the self-identification data, from the offset of the request on."""

    data = Bytes()

    info = "{data}"
