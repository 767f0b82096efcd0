# SPDX-License-Identifier: GPL-2.0-or-later
"""Network management of routers: tables, forwarding, the far side."""

from dissectors.sources import RTR
from osgp_analyzer.schema import U8, Bits, BitSet, Layer, Payload

ROUTER_MODES = {0: "normal", 1: "initialize routing tables from EEPROM", 2: "temporary bridge"}


ROUTER_TYPES = {0: "configured", 1: "learning", 2: "bridge", 3: "repeater"}


TABLES = {0: "subnet", 1: "group"}


ROUTER = RTR.at("Network Management Messages; EX LtNetworkManager.cpp")


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
