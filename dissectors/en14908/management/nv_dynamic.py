# SPDX-License-Identifier: GPL-2.0-or-later
"""Sub-commands of 0x70 that define, remove, describe and update network variables."""

from dissectors.en14908.management.codes import DIRECTIONS, SERVICES, YES_NO
from dissectors.sources import DX, DX_EX, EX
from osgp_analyzer.schema import U8, U16, Bits, Bytes, F, Flags, Layer, Remaining, Request, SizeOf, Struct, Text

NV_INFO = {
    0: "descriptor",
    1: "rate estimates",
    2: "name",
    3: "self-documentation text",
    4: "SNVT index",
    5: "descriptor, 2-byte SNVT index",
    6: "SNVT index, 2 bytes",
}


ECS = EX.at("LtNetworkManager.cpp processExtendedCommand; LtNetworkManagerLit.h").one


DYNAMIC = EX.at("DynamicNvs.cpp").one


TYPES = DX_EX.at("lon_types.h IzotNmInstallRequest; DynamicNvs.cpp").one


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
    source=DX_EX.at("HandleNMWink; processExtendedCommand").one,
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


class CapabilityInfo(
    Layer,
    name="nm.get_capability_info_response",
    title="Get capability info response",
    source=DX_EX.at("HandleNMWink; processExtendedCommand").one,
):
    """Part of the self-identification data, from the offset of the request on."""

    data = Bytes()

    info = "{data}"
