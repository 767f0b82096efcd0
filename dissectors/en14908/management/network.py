# SPDX-License-Identifier: GPL-2.0-or-later
"""Network management: identification, domains, addresses, keys, node modes."""

from dissectors.en14908.management.addresses import AddressEntry, DomainRecord
from dissectors.en14908.management.codes import MEMORY, MEMORY_MODES, NETMGMT, NODE_STATES
from dissectors.en14908.management.status import Identification
from dissectors.sources import DX, DX_EX
from osgp_analyzer.schema import U8, U16, Bytes, F, Layer, Remaining, SizeOf, Struct

SELECTORS = {0: "unconfigured", 1: "selected", 2: "selected and unconfigured"}


NODE_MODES = {
    0: "offline",
    1: "online",
    2: "reset",
    3: "change state",
    4: "reset with default buffers (lon-stack-ex only)",
    5: "reset transaction history (lon-stack-ex only)",
    6: "physical reset (lon-stack-dx only)",
}


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


class ServicePin(Identification, name="nm.service_pin", title="Service pin message"):
    """A node tells who it is, because its service pin was pressed."""
