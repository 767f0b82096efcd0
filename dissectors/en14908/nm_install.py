# SPDX-License-Identifier: GPL-2.0-or-later
"""Two management commands with sub-commands: 0x70 (wink, install, extended command set) and 0x7D (escape)."""

from dissectors.en14908.command import UnknownBody
from dissectors.en14908.records import DIRECTIONS, SERVICES, YES_NO
from dissectors.sources import DX, DX_EX, EX
from osgp_analyzer.schema import (
    U8,
    U16,
    Bits,
    Bytes,
    Check,
    F,
    Flags,
    Group,
    Label,
    Layer,
    Not,
    Outer,
    Payload,
    Remaining,
    Request,
    Severity,
    SizeOf,
    Struct,
    Switch,
    Text,
)

SUBCOMMANDS = {
    0x00: "wink",
    0x01: "send ID info",
    0x02: "NV define",
    0x03: "NV remove",
    0x04: "query NV info",
    0x05: "query node info",
    0x06: "update NV info",
    0x07: "get capability info",
    0x08: "update NV value",
    0x09: "batch",
    0x0A: "batch enumerate",
    0x0B: "batch legacy",
    0x0C: "batch management and diagnostics",
    0x20: "initialize",
    0x21: "create",
    0x22: "remove",
    0x23: "set",
    0x24: "get",
    0x25: "update",
    0x26: "enumerate",
    **{code: f"resource-specific command {code:02X}" for code in range(0x81, 0x86)},
}
RESOURCES = {
    1: "node",
    2: "domain",
    3: "address",
    4: "NV definition",
    5: "NV configuration",
    6: "alias configuration",
    0x7D: "monitor/control set",
    0x7E: "monitor/control point",
}
NV_INFO = {
    0: "descriptor",
    1: "rate estimates",
    2: "name",
    3: "self-documentation text",
    4: "SNVT index",
    5: "descriptor, 2-byte SNVT index",
    6: "SNVT index, 2 bytes",
}
REASONS = {
    1: "cause unknown",
    2: "unsupported",
    3: "not found",
    4: "end of enumeration",
    5: "illegal parameters",
    6: "denied",
    7: "authentication",
    8: "write failure",
    9: "internal failure",
    10: "owner does not exist",
}
RESOURCE_COMMANDS = (*range(0x20, 0x27), *range(0x81, 0x86))

ECS = EX.at("LtNetworkManager.cpp processExtendedCommand; LtNetworkManagerLit.h").one
is_product_query = (Request("nm.escape.subcommand") == 1) & (Request("nm.escape.function") == 1)
DYNAMIC = EX.at("DynamicNvs.cpp").one
TYPES = DX_EX.at("lon_types.h IzotNmInstallRequest; DynamicNvs.cpp")


class SendIDInfo(Layer, name="nm.send_id_info", title="Send ID info", source=DX.at("HandleNMWink").one):
    """Asks for the identification of one of the node's network interfaces."""

    interface = U8(when=Remaining() > 0, doc="Number of the network interface; none: 0.")


class SendIDInfoResponse(
    Layer, name="nm.send_id_info_response", title="Send ID info response", source=DX.at("HandleNMWink").one
):
    """State and identification of a network interface of the node."""

    status = U8(values={0: "up"}, doc="State of the interface.")
    neuron_id = Bytes(6, show="neuron_id", label="Neuron ID", doc="Unique ID of the node.")
    program_id = Bytes(8, show="hex", label="Program ID")

    info = "{neuron_id} program {program_id}"


class NVAttributes(Layer, name="nv_attributes", title="NV attributes", source=TYPES):
    """Two bytes that say how a network variable may be used."""

    unused = Bits(3)
    nv_direction = Bits(1, DIRECTIONS, label="Direction")
    authenticated = Bits(1, YES_NO, doc="Default, as for the next two.")
    priority = Bits(1, YES_NO)
    service = Bits(2, SERVICES)
    reserved = Bits(1)
    synchronous = Bits(1, YES_NO)
    polled = Bits(1, YES_NO)
    offline = Bits(1, YES_NO, doc="Take the node off line before an update.")
    service_configurable = Bits(1, YES_NO)
    priority_configurable = Bits(1, YES_NO)
    authentication_configurable = Bits(1, YES_NO)
    config_class = Bits(1, YES_NO, doc="A configuration variable.")


class NVDefine(Layer, name="nm.nv_define", title="NV define", source=DYNAMIC):
    """Makes a new network variable, or an array of them."""

    index = U16(label="NV index")
    array_size = U16(doc="Elements of an array; 0: not an array.")
    length = U8(unit="bytes", doc="Size of the value.")
    attributes = Struct(NVAttributes)
    snvt_index = U8(label="SNVT index", doc="Standard type; 0: none.")
    snvt_index_2 = U16(
        when=Remaining() >= 2,
        label="SNVT index, 2 bytes",
        doc="Standard type beyond 255; with the top bit set: no standard type.",
    )

    info = "{index}, {length}, SNVT {snvt_index}"


class NVRemove(Layer, name="nm.nv_remove", title="NV remove", source=DYNAMIC):
    """Removes network variables that were made by NV define."""

    index = U16(label="NV index")
    count = U16(doc="How many, from the index on; 0 removes one.")

    info = "{count} from {index}"


class QueryNVInfo(Layer, name="nm.query_nv_info", title="Query NV info", source=TYPES):
    """Asks what a network variable is: its descriptor, name, documentation."""

    info_type = U8(values=NV_INFO)
    index = U16(label="NV index")
    offset = U16(when=F.info_type == 3, doc="Where in the text to start.")
    length = U8(when=F.info_type == 3, unit="bytes", doc="How much text is wanted.")

    info = "{info_type} of NV {index}"


class NVDescriptor(Layer, name="nv_descriptor", title="NV descriptor", source=TYPES):
    """What a network variable is."""

    length = Bits(5, unit="bytes", doc="Size of the value, modulo 32.")
    origin = Bits(3, {0: "undefined", 1: "static", 2: "dynamic"})
    attributes = Struct(NVAttributes)
    snvt_index = U8(label="SNVT index", doc="Standard type; 0: none, 255: or beyond.")
    rates_max = Bits(1, YES_NO, label="Maximum rate estimate available")
    rates = Bits(1, YES_NO, label="Rate estimate available")
    name_available = Bits(1, YES_NO)
    text_available = Bits(1, YES_NO, label="Self-documentation available")
    name_supplied = Bits(1, YES_NO, doc="The name is in this message.")
    reserved = Bits(3)
    array_size = U16(doc="Elements of an array; 0: not an array.")
    array_element = U16(doc="Number of this element.")
    snvt_index_2 = U16(when=Request("nm.query_nv_info.info_type") == 5, source=DYNAMIC, label="SNVT index, 2 bytes")
    length_2 = U8(when=Request("nm.query_nv_info.info_type") == 5, source=DYNAMIC, label="Length", unit="bytes")
    nv_name = Text(16, when=Remaining() >= 16, label="Name")

    info = "{origin}, {length}, SNVT {snvt_index} {nv_name}"


class NVRates(Layer, name="nv_rates", title="NV rate estimates", source=TYPES):
    """How often a network variable is expected to be sent, in an encoding of its own."""

    rate = U8()
    maximum_rate = U8()


class NVName(Layer, name="nv_name", title="NV name", source=TYPES):
    """Name of a network variable."""

    text = Text(16)

    info = "{text}"


class DocumentationText(Layer, name="sd_text", title="Self-documentation text", source=TYPES):
    """Part of the text with which a node or network variable documents itself."""

    length = U8(auto=SizeOf("text"), unit="bytes")
    text = Text(F.length)

    info = "{text}"


class NVType(Layer, name="nv_type", title="NV type", source=TYPES):
    """Number of the standard type of a network variable."""

    snvt_index = U8(label="SNVT index", when=Remaining() == 1)
    snvt_index_2 = U16(label="SNVT index, 2 bytes", when=Remaining() >= 2)


class QueryNodeInfo(Layer, name="nm.query_node_info", title="Query node info", source=TYPES):
    """Asks for the self-documentation text of the node."""

    info_type = U8(values={3: "self-documentation text"}, default=3)
    offset = U16(doc="Where in the text to start.")
    length = U8(unit="bytes", doc="How much text is wanted.")

    info = "{info_type}, {length} at {offset}"


class UpdateNVInfo(Layer, name="nm.update_nv_info", title="Update NV info", source=DYNAMIC):
    """Changes what a network variable says of itself."""

    info_type = U8(values=NV_INFO)
    index = U16(label="NV index")
    rate_flags = Flags(
        1,
        {0: "set rate", 1: "set maximum rate", 2: "clear rate", 3: "clear maximum rate"},
        when=F.info_type == 1,
        doc="Which of the two is changed.",
    )
    rate = U8(when=F.info_type == 1)
    maximum_rate = U8(when=F.info_type == 1)
    nv_name = Text(16, when=F.info_type == 2, label="Name")
    length = U8(when=F.info_type == 3, unit="bytes")
    offset = U16(when=F.info_type == 3, doc="Where in the text to write.")
    text = Text(F.length, when=F.info_type == 3, label="Self-documentation text")
    snvt_index = U8(when=F.info_type == 4, label="SNVT index")
    snvt_index_2 = U16(when=F.info_type == 6, label="SNVT index, 2 bytes")

    info = "{info_type} of NV {index}"


class GetCapabilityInfo(
    Layer,
    name="nm.get_capability_info",
    title="Get capability info",
    source=DX_EX.at("HandleNMWink; processExtendedCommand"),
):
    """Reads the part of the self-identification data that follows the number of aliases."""

    offset = U16(doc="Where in that part to start.")
    count = U8(unit="bytes")

    info = "{count} at {offset}"


class UpdateNVValue(
    Layer,
    name="nm.update_nv_value",
    title="Update NV value",
    source=EX.at("LtDeviceStack.cpp handleNetworkManagement").one,
):
    """Writes the value of a network variable, by its index."""

    index = U16(label="NV index")
    value = Bytes(doc="Types are not in the message, so it is bytes.")

    info = "{index} = {value}"


class ResourceCommand(Layer, name="nm.resource", title="Resource command", source=ECS):
    """A command of the extended command set on a kind of table: node, domains, addresses, variables.

    Commands on the node have no index, except to enumerate it.
    """

    resource = U8(values=RESOURCES)
    start_index = U16(when=(F.resource != 1) | (Outer("nm.install.subcommand") == 0x26))
    end_index = U16(
        when=(F.resource != 1) & Outer("nm.install.subcommand").among(0x20, 0x22),
        doc="Last entry to be initialized or removed.",
    )
    data = Bytes(when=Remaining() > 0, doc="What is written, in the form of that resource; not decoded.")

    info = ((F.start_index >= 0, "{resource} {start_index}"), (None, "{resource}"))


class Install(
    Layer,
    name="nm.install",
    title="Wink / install",
    source=DX_EX.at("lon_types.h IzotInstallCommand; LtNetworkManagerLit.h LT_ECS"),
):
    """Has a node show itself ("wink"); or, with a sub-command, one of the extended command set."""

    subcommand = U8(
        values=SUBCOMMANDS,
        when=Remaining() > 0,
        show="hex",
        doc="None: wink.",
    )
    body = Payload(
        Switch(
            F.subcommand,
            {
                1: SendIDInfo,
                2: NVDefine,
                3: NVRemove,
                4: QueryNVInfo,
                5: QueryNodeInfo,
                6: UpdateNVInfo,
                7: GetCapabilityInfo,
                8: UpdateNVValue,
                **dict.fromkeys(RESOURCE_COMMANDS, ResourceCommand),
            },
            UnknownBody,
        ),
        required=F.subcommand.among(2, 3, 4, 5, 6, 7, 8, *RESOURCE_COMMANDS),
        nothing=F.subcommand == 0,
        doc="The body of the sub-command.",
    )

    info = ((F.subcommand >= 0, "{subcommand}"), (None, "wink"))


class CapabilityInfo(
    Layer,
    name="nm.get_capability_info_response",
    title="Get capability info response",
    source=DX_EX.at("HandleNMWink; processExtendedCommand"),
):
    """Part of the self-identification data, from the offset of the request on."""

    data = Bytes()

    info = "{data}"


class InstallResponse(
    Layer,
    name="nm.install_response",
    title="Wink / install response",
    source=DX_EX.at("lon_types.h IzotNmInstallResponse; DynamicNvs.cpp"),
):
    """The answer to a command of the extended command set. What it holds follows from the request alone."""

    body = Payload(
        Switch(
            Request("nm.install.subcommand"),
            {
                1: SendIDInfoResponse,
                4: Switch(
                    Request("nm.query_nv_info.info_type"),
                    {
                        0: NVDescriptor,
                        1: NVRates,
                        2: NVName,
                        3: DocumentationText,
                        4: NVType,
                        5: NVDescriptor,
                        6: NVType,
                    },
                    UnknownBody,
                ),
                5: DocumentationText,
                7: CapabilityInfo,
            },
            UnknownBody,
        ),
        required=Request("nm.install.subcommand").among(1, 4, 5),
        nothing=Request("nm.install.subcommand").among(0, 2, 3, 6, 8),
        doc="The answer, by the sub-command of the request.",
    )


class InstallFailure(
    Layer,
    name="nm.install_failure",
    title="Wink / install failure",
    source=EX.at("LtNetworkManager.cpp toNmErr").one,
):
    """Why a command of the extended command set failed."""

    reason = U8(values=REASONS, when=Remaining() > 0)

    info = "{reason}"


class Escape(
    Layer,
    name="nm.escape",
    title="Network management escape",
    source=EX.at("LtNetworkManagerLit.h LT_NM_ESCAPE_*").one,
):
    """Commands of network interfaces and service nodes, by product."""

    subcommand = U8(values={1: "general", 3: "network services"}, default=1, doc="Whose command it is.")
    function = U8(
        when=Remaining() > 0,
        labels=(
            Label(F.subcommand == 1, F.function, {1: "product query"}),
            Label(
                F.subcommand == 3,
                F.function,
                {
                    0x09: "reset required",
                    0x0A: "change MIP mode",
                    0x0F: "query MIP EEPROM variables",
                    0x64: "set NSS data",
                    0x65: "get MIP mode",
                    0x66: "get NSS data",
                },
            ),
        ),
        doc="The command.",
    )
    data = Bytes(when=Remaining() > 0, doc="Parameters of the command; not decoded.")

    info = "{subcommand}: {function}"


class EscapeResponse(
    Layer,
    name="nm.escape_response",
    title="Network management escape response",
    source=EX.at("LtMipApp.cpp").one,
):
    """The answer to a product query; those to other escapes are in no source."""

    product = U8(when=is_product_query)
    model = U8(when=is_product_query)
    version = U8(when=is_product_query)
    reserved = U8(when=is_product_query & (Remaining() > 0), doc="0 in the one implementation known.")
    transceiver = U8(when=is_product_query & (Remaining() > 0), doc="Transceiver ID.")
    data = Bytes(when=Remaining() > 0, doc="The answer; not decoded.")

    checks = (
        Check(
            "layout",
            Not(is_product_query) & (F.data != b""),
            Severity.NOTE,
            Group.UNDECODED,
            "the layout of this answer is in no available source",
            "data",
        ),
    )
    info = ((is_product_query, "product {product} model {model} version {version}"), (None, ""))
