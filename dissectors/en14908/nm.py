# SPDX-License-Identifier: GPL-2.0-or-later
"""Network management of EN 14908-1: commands 0x60 to 0x7F. Those with sub-commands are in modules of their own."""

from dissectors.en14908.command import Command
from dissectors.en14908.nm_expanded import Expanded, ExpandedFailure, ExpandedResponse
from dissectors.en14908.nm_install import Escape, EscapeResponse, Install, InstallFailure, InstallResponse
from dissectors.en14908.records import (
    NODE_STATES,
    AddressEntry,
    AliasConfig,
    DomainRecord,
    Identification,
    NVConfig,
    NVIndex,
)
from dissectors.sources import DX, DX_EX, RTR
from osgp_analyzer.schema import (
    U8,
    U16,
    Bits,
    BitSet,
    Bytes,
    Case,
    Cases,
    Check,
    F,
    Group,
    Layer,
    Payload,
    Remaining,
    Severity,
    SizeOf,
    Struct,
)

SELECTORS = {0: "unconfigured", 1: "selected", 2: "selected and unconfigured"}
MEMORY_MODES = {
    0: "absolute",
    1: "read-only structure",
    2: "configuration structure",
    3: "statistics",
    4: "reserved (4)",
    253: "RF event log (vendor)",
    254: "debug (vendor)",
    255: "manufacturing (vendor)",
}
FORMS = {
    0: "no action",
    1: "both checksums",
    3: "delta checksum",
    4: "configuration checksum",
    8: "reset",
    9: "both checksums, reset",
    12: "configuration checksum, reset",
}
NODE_MODES = {
    0: "offline",
    1: "online",
    2: "reset",
    3: "change state",
    4: "reset with default buffers",
    5: "reset transaction history",
    6: "physical reset",
}
ROUTER_MODES = {0: "normal", 1: "initialize routing tables from EEPROM", 2: "temporary bridge"}
ROUTER_TYPES = {0: "configured", 1: "learning", 2: "bridge", 3: "repeater"}
TABLES = {0: "subnet", 1: "group"}

NETMGMT = DX_EX.at("lcs_netmgmt.c HandleNM; LtNetworkManager.cpp")
MEMORY = DX_EX.at("lon_types.h IzotMemoryReadWriteMode; LtNetworkManagerLit.h")
ROUTER = RTR.at("Network Management Messages; EX LtNetworkManager.cpp")


class MemoryMatch(Layer, name="nm.query_id.match", title="Memory to be matched", source=NETMGMT):
    """Only nodes that have these bytes at this place answer."""

    mode = U8(values=MEMORY_MODES, source=MEMORY)
    address = U16(show="hex", doc="Address, or offset in the structure.")
    count = U8(auto=SizeOf("data"), unit="bytes")
    data = Bytes(F.count, doc="What the memory has to hold.")

    info = "{count} at {mode} {address}"


class QueryID(Layer, name="nm.query_id", title="Query ID", source=NETMGMT):
    """Asks nodes for their unique ID and program ID; those that do not match do not answer."""

    selector = U8(values=SELECTORS, doc="Which nodes are meant; selected are those told to respond to queries.")
    match = Struct(MemoryMatch, when=Remaining() > 0, doc="A further condition, on the memory of the node.")

    info = "{selector}"


class QueryIDResponse(Identification, name="nm.query_id_response", title="Query ID response"):
    """The unique ID of the node, and the ID of its program."""


class RespondToQuery(Layer, name="nm.respond_to_query", title="Respond to query", source=NETMGMT):
    """Selects a node, or takes that back: whether it answers to "query ID" for selected nodes."""

    selected = U8(values={0: "off", 1: "on"})

    info = "{selected}"


class UpdateDomain(Layer, name="nm.update_domain", title="Update domain", source=NETMGMT):
    """Writes an entry of the domain table, with its key in plain text."""

    index = U8(doc="Entry of the domain table.")
    domain = Struct(DomainRecord)

    info = "{index}"


class LeaveDomain(Layer, name="nm.leave_domain", title="Leave domain", source=NETMGMT):
    """Clears an entry of the domain table. There is no answer to one that came in that domain."""

    index = U8(doc="Entry of the domain table.")

    info = "{index}"


class UpdateKey(Layer, name="nm.update_key", title="Update key", source=NETMGMT):
    """Changes a key by a difference, so that the key itself is not sent."""

    index = U8(doc="Entry of the domain table.")
    increment = Bytes(6, doc="Added byte by byte to the key, each modulo 256.")

    info = "{index}"


class UpdateAddress(Layer, name="nm.update_address", title="Update address", source=NETMGMT):
    """Writes an entry of the address table."""

    index = U8(doc="Entry of the address table.")
    address = Struct(AddressEntry)

    info = "{index}"


class QueryAddress(Layer, name="nm.query_address", title="Query address", source=NETMGMT):
    """Reads an entry of the address table."""

    index = U8(doc="Entry of the address table.")

    info = "{index}"


class QueryAddressResponse(Layer, name="nm.query_address_response", title="Query address response", source=NETMGMT):
    """An entry of the address table."""

    address = Struct(AddressEntry)


class QueryNVConfig(NVIndex, name="nm.query_nv_config", title="Query NV configuration"):
    """Reads the configuration of a network variable or alias, by its index."""


def _config() -> Struct:
    """NV or alias configuration, told apart by the bytes that are left: 3, or 4 and 6."""
    return Struct(
        Cases((Case(Remaining() == 3, NVConfig), Case(Remaining().among(4, 6), AliasConfig))),
        label="Configuration",
        doc="Configuration of the network variable, or of the alias: the length tells which.",
    )


undecidable = Check(
    "layout",
    F.data != b"",
    Severity.NOTE,
    Group.UNDECODED,
    "an NV configuration has 3 bytes, an alias configuration 4 or 6: these are neither",
    "data",
)


class QueryNVConfigResponse(
    Layer, name="nm.query_nv_config_response", title="Query NV configuration response", source=NETMGMT
):
    """The configuration of a network variable, or of an alias: the length tells which."""

    config = _config()
    data = Bytes(when=Remaining() > 0, doc="A configuration of unknown layout.")

    checks = (undecidable,)


class UpdateGroupAddress(Layer, name="nm.update_group_address", title="Update group address", source=NETMGMT):
    """Changes size and timers of a group for all its members; it has to be sent to that group."""

    address = Struct(AddressEntry)


class QueryDomain(Layer, name="nm.query_domain", title="Query domain", source=NETMGMT):
    """Reads an entry of the domain table."""

    index = U8(doc="Entry of the domain table.")

    info = "{index}"


class QueryDomainResponse(Layer, name="nm.query_domain_response", title="Query domain response", source=NETMGMT):
    """An entry of the domain table, with its key in plain text."""

    domain = Struct(DomainRecord)


class UpdateNVConfig(NVIndex, name="nm.update_nv_config", title="Update NV configuration"):
    """Writes the configuration of a network variable, or of an alias: the length tells which."""

    config = _config()
    data = Bytes(when=Remaining() > 0, doc="A configuration of unknown layout.")

    checks = (undecidable,)


class SetNodeMode(Layer, name="nm.set_node_mode", title="Set node mode", source=NETMGMT):
    """Switches the application on or off line, resets the node or changes its state. Only a change of state is
    answered."""

    mode = U8(values=NODE_MODES, source=DX_EX.at("lon_types.h IzotNodeMode; LtNetworkManagerLit.h LT_MODE_*"))
    state = U8(
        values=NODE_STATES,
        show="hex",
        when=(F.mode == 3) | (Remaining() > 0),
        source=DX.at("lon_types.h IzotNodeState"),
        doc="The state to go to.",
    )

    info = ((F.mode == 3, "{mode} to {state}"), (None, "{mode}"))


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


class NVFetch(NVIndex, name="nm.nv_fetch", title="NV value fetch"):
    """Reads the value of a network variable, by its index."""


class NVFetchResponse(NVIndex, name="nm.nv_fetch_response", title="NV value fetch response"):
    """The value of a network variable. Types are not in the message, so it is bytes."""

    value = Bytes()

    info = "{index} = {value}"


class SetRouterMode(Layer, name="nm.set_router_mode", title="Set router mode", source=ROUTER):
    """Switches how a router forwards."""

    mode = U8(values=ROUTER_MODES)

    info = "{mode}"


class TableClear(Layer, name="nm.table_clear", title="Group or subnet table clear", source=ROUTER):
    """Clears part of a forwarding table of a router: nothing of it is forwarded."""

    table = Bits(1, TABLES, doc="Which forwarding table.")
    domain_index = Bits(1, doc="Entry of the domain table.")
    storage = Bits(1, {0: "RAM", 1: "EEPROM"}, doc="Which copy of the table; of table reports only.")
    reserved = Bits(3)
    segment = Bits(2, doc="Quarter of the table: 64 subnets or groups.")

    info = "{table} table, domain {domain_index}, segment {segment}"


class TableDownload(TableClear, name="nm.table_download", title="Group or subnet table download"):
    """Writes part of a forwarding table of a router."""

    flags = BitSet(8, doc="What is forwarded: subnets or groups, counted from 64 times the segment.")

    info = "{table} table, domain {domain_index}, segment {segment}: {flags}"


class TableReport(TableClear, name="nm.table_report", title="Group or subnet table report"):
    """Reads part of a forwarding table of a router."""

    info = "{table} table in {storage}, domain {domain_index}, segment {segment}"


class TableReportResponse(
    Layer, name="nm.table_report_response", title="Group or subnet table report response", source=ROUTER
):
    """Part of a forwarding table of a router, by the request."""

    flags = BitSet(8, doc="What is forwarded: subnets or groups, counted from 64 times the segment of the request.")

    info = "{flags}"


class ForwardingOptions(Layer, name="nm.forwarding", title="Forwarding options", source=ROUTER):
    """What the four commands that change a single flag of a forwarding table have in common."""

    reserved = Bits(1)
    domain_index = Bits(1, doc="Entry of the domain table.")
    reserved_2 = Bits(5, label="Reserved")
    storage = Bits(1, {0: "RAM", 1: "RAM and EEPROM"}, doc="Which copies of the table are changed.")


class GroupForward(ForwardingOptions, name="nm.group_forward", title="Group forward"):
    """Has a router forward messages to a group."""

    group = U8()

    info = "group {group}, domain {domain_index}, {storage}"


class SubnetForward(ForwardingOptions, name="nm.subnet_forward", title="Subnet forward"):
    """Has a router forward messages to a subnet."""

    subnet = U8()

    info = "subnet {subnet}, domain {domain_index}, {storage}"


class GroupNoForward(GroupForward, name="nm.group_no_forward", title="Group no forward"):
    """Has a router no longer forward messages to a group."""


class SubnetNoForward(SubnetForward, name="nm.subnet_no_forward", title="Subnet no forward"):
    """Has a router no longer forward messages to a subnet."""


class RouterStatusResponse(Layer, name="nm.router_status_response", title="Router status response", source=ROUTER):
    """How a router is set up."""

    type = U8(values=ROUTER_TYPES)
    mode = U8(values=ROUTER_MODES)

    info = "{type}, {mode}"


class FarSideEscape(Layer, name="nm.far_side", title="Router far-side escape", source=ROUTER):
    """Carries a command to the other half of a router. The answer is that of the inner command."""

    apdu = Payload("APDU", label="APDU", doc="The command for the far side.")


class ServicePin(Identification, name="nm.service_pin", title="Service pin message"):
    """A node tells who it is, because its service pin was pressed."""


COMMANDS: tuple[Command, ...] = (
    Command(0x60, "Expanded command", Expanded, ExpandedResponse, ExpandedFailure),
    Command(0x61, "Query ID", QueryID, QueryIDResponse),
    Command(0x62, "Respond to query", RespondToQuery),
    Command(0x63, "Update domain", UpdateDomain),
    Command(0x64, "Leave domain", LeaveDomain),
    Command(0x65, "Update key", UpdateKey),
    Command(0x66, "Update address", UpdateAddress),
    Command(0x67, "Query address", QueryAddress, QueryAddressResponse),
    Command(0x68, "Query NV configuration", QueryNVConfig, QueryNVConfigResponse),
    Command(0x69, "Update group address", UpdateGroupAddress),
    Command(0x6A, "Query domain", QueryDomain, QueryDomainResponse),
    Command(0x6B, "Update NV configuration", UpdateNVConfig),
    Command(0x6C, "Set node mode", SetNodeMode),
    Command(0x6D, "Read memory", ReadMemory, ReadMemoryResponse),
    Command(0x6E, "Write memory", WriteMemory),
    Command(0x6F, "Checksum recalculation", ChecksumRecalc),
    Command(0x70, "Wink / install", Install, InstallResponse, InstallFailure),
    Command(0x71, "Memory refresh", MemoryRefresh),
    Command(0x72, "Query self-identification data", QuerySIData, QuerySIDataResponse),
    Command(0x73, "NV value fetch", NVFetch, NVFetchResponse),
    Command(0x74, "Set router mode", SetRouterMode),
    Command(0x75, "Group or subnet table clear", TableClear),
    Command(0x76, "Group or subnet table download", TableDownload),
    Command(0x77, "Group forward", GroupForward),
    Command(0x78, "Subnet forward", SubnetForward),
    Command(0x79, "Group no forward", GroupNoForward),
    Command(0x7A, "Subnet no forward", SubnetNoForward),
    Command(0x7B, "Group or subnet table report", TableReport, TableReportResponse),
    Command(0x7C, "Router status", None, RouterStatusResponse),
    Command(0x7D, "Network management escape", Escape, EscapeResponse),
    Command(0x7E, "Router far-side escape", FarSideEscape, answered=False),
    Command(0x7F, "Service pin", ServicePin, answered=False),
)
"""All of them. The far-side escape is answered with the codes of the command inside it, not with its own."""
