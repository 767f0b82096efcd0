# SPDX-License-Identifier: GPL-2.0-or-later
"""The expanded management command 0x60: a second level of commands, by a sub-code that the answer repeats."""

from dissectors.en14908.command import UnknownBody
from dissectors.en14908.records import AliasConfigEAT, KeylessDomain, NVConfigEAT
from dissectors.sources import DX, DX_EX, EX
from osgp_analyzer.schema import (
    U8,
    U16,
    U32,
    Array,
    Bits,
    BitSet,
    Bytes,
    Check,
    F,
    Flags,
    Group,
    Layer,
    Payload,
    Remaining,
    Severity,
    SizeOf,
    Struct,
    Switch,
)

SUBCOMMANDS = {
    0x01: "query version",
    0x02: "update NV by index",
    0x07: "update domain, no key",
    0x08: "query domain, no key",
    0x09: "query OMA key",
    0x0A: "update OMA key",
    0x0B: "update proxy route table",
    0x0C: "query proxy route table",
    0x0D: "update proxy route index table",
    0x0E: "query proxy route index table",
    0x0F: "init config",
    0x11: "update NV configuration (EAT)",
    0x12: "query NV configuration (EAT)",
    0x13: "update alias configuration (EAT)",
    0x14: "query alias configuration (EAT)",
    0x15: "device LS address announcement",
    0x16: "subnets announcement",
    0x17: "set announcement parameters",
    0x18: "query announcement parameters",
    0x19: "query IP address",
    0x1C: "image update: init",
    0x1D: "image update: transfer",
    0x1E: "image update: confirm",
    0x1F: "image update: validate",
    0x20: "image update: switchover",
    0x21: "image update: status",
    0x22: "image update: commit",
    0x25: "image update: transfer acknowledge",
}
IMAGE_TYPES = {
    0x00: "Neuron system image",
    0x01: "Neuron application",
    0x02: "Neuron DSP image",
    0x03: "Neuron data image",
    0x80: "host processor system image",
    0x81: "host processor application image",
    0x82: "host processor DSP image",
    0x83: "host processor data image",
    0x84: "host processor combined image",
    **dict.fromkeys(range(192, 256), "host specific image"),
}
INIT_RESULTS = {
    0: "success",
    1: "still pending",
    2: "packet size too large",
    3: "invalid image type",
    4: "invalid image subtype",
    5: "version incompatible",
    6: "model incompatible",
    7: "image too large",
    8: "packet count too high",
}
CONFIRM_RESULTS = {0: "success", 1: "still pending", 2: "packets missed", 3: "image not viable"}
VALIDATE_RESULTS = {
    0: "success",
    1: "still pending",
    2: "version incompatible",
    3: "model incompatible",
    4: "invalid digest",
    5: "invalid digital signature",
    6: "digest type not supported",
    7: "other",
}
SWITCHOVER_RESULTS = {
    0: "success",
    1: "version incompatible",
    2: "model incompatible",
    3: "secondary mode not supported",
    4: "preservation not supported",
    5: "image not available",
    6: "image rejected",
    7: "delay not supported",
}
REJECTIONS = {
    0: "none",
    1: "version incompatible",
    2: "model incompatible",
    3: "secondary mode not supported",
    4: "preservation not supported",
    5: "image rejected",
}
COMMIT_RESULTS = {
    0: "success",
    1: "still pending",
    2: "image does not exist",
    3: "image is primary already",
    4: "failed",
}
DIGESTS = {0: "none", 1: "MD5", 2: "SHA-256", 3: "native"}
LS_MODES = {0: "compatibility only", 1: "enhanced only", 2: "compatibility or enhanced", 3: "reserved"}

SOURCE = DX_EX.at("lcs_netmgmt.c HandleNMExpanded; LtNetworkManager.cpp processExpandedCommand")
IUP = DX.at("lcs_iup.h, lcs_iup.c").one
ANNOUNCE = EX.at("LtDeviceStack.cpp lsAddrMappingConfigToLonTalk").one


class VersionResponse(Layer, name="nm.query_version_response", title="Query version response", source=SOURCE):
    """Which expanded commands the node has."""

    version = U8(default=2, doc="Version of the command set.")
    reserved = Bits(5)
    announcements = Bits(1, doc="LS/IP address mapping announcements.")
    ls_mode = Bits(2, LS_MODES, label="LS mode", doc="Which versions of the protocol the node speaks.")
    security_ii = Bits(1, label="Security II", source=DX.at("lcs_netmgmt.h NVM_SECURITY_II").one)
    nv_by_index = Bits(1, label="Update NV by index")
    memory_map = Bits(1, doc="Reports its memory map.")
    init_config = Bits(1)
    signal_strength = Bits(1, label="Bidirectional signal strength")
    phase = Bits(1, label="Phase detection")
    proxy = Bits(1, doc="LonTalk Enhanced Proxy.")
    oma = Bits(1, doc="Open media authentication, with 96-bit keys.")

    info = "version {version}"


class UpdateNVByIndex(Layer, name="nm.update_nv_by_index", title="Update NV by index", source=SOURCE):
    """Writes the value of a network variable, by its index."""

    index = U16(label="NV index")
    value = Bytes(doc="Types are not in the message, so it is bytes.")

    info = "{index} = {value}"


class UpdateDomainNoKey(Layer, name="nm.update_domain_no_key", title="Update domain, no key", source=SOURCE):
    """Writes an entry of the domain table; its key stays."""

    index = U8(doc="Entry of the domain table.")
    domain = Struct(KeylessDomain)

    info = "{index}"


class QueryDomainNoKey(Layer, name="nm.query_domain_no_key", title="Query domain, no key", source=SOURCE):
    """Reads an entry of the domain table, without its key."""

    index = U8(doc="Entry of the domain table.")

    info = "{index}"


class QueryDomainNoKeyResponse(
    Layer, name="nm.query_domain_no_key_response", title="Query domain, no key response", source=SOURCE
):
    """An entry of the domain table, without its key."""

    domain = Struct(KeylessDomain)


class OMAKeyResponse(Layer, name="nm.query_oma_key_response", title="Query OMA key response", source=SOURCE):
    """The 96-bit key of the node, in plain text."""

    key = Bytes(12, doc="The keys of domain table entries 0 and 1, one after the other.")


class UpdateOMAKey(Layer, name="nm.update_oma_key", title="Update OMA key", source=SOURCE):
    """Sets the 96-bit key of the node, or adds to it."""

    increment = U8(values={0: "replace", 1: "add"}, default=1, doc="Add: the key itself is not in the message.")
    key = Bytes(12, doc="The new key, or what is added to it byte by byte, each modulo 256.")

    info = "{increment}"


class InitConfig(Layer, name="nm.init_config", title="Init config", source=SOURCE):
    """Takes back all connections: address table, aliases and selectors are cleared."""

    length = U8(auto=SizeOf("authenticated"), unit="bytes")
    authenticated = BitSet(
        F.length,
        label="Authenticated NVs",
        source=DX.at("HandleNmeInitConfig").one,
        doc="Network variables that are to use authentication. The last flag goes for all that follow.",
    )

    info = "authenticated NVs: {authenticated}"


class UpdateNVConfigEAT(Layer, name="nm.update_nv_config_eat", title="Update NV configuration (EAT)", source=SOURCE):
    """Writes the configuration of a network variable."""

    index = U16(label="NV index")
    config = Struct(NVConfigEAT, label="Configuration")

    info = "{index}"


class QueryConfigEAT(Layer, name="nm.query_config_eat", title="Query configuration (EAT)", source=SOURCE):
    """Reads the configuration of a network variable or alias."""

    index = U16(doc="Index of the network variable or of the alias, by the sub-command.")

    info = "{index}"


class NVConfigEATResponse(
    Layer,
    name="nm.query_nv_config_eat_response",
    title="Query NV configuration (EAT) response",
    source=SOURCE,
):
    """The configuration of a network variable."""

    config = Struct(NVConfigEAT, label="Configuration")


class UpdateAliasConfigEAT(
    Layer, name="nm.update_alias_config_eat", title="Update alias configuration (EAT)", source=SOURCE
):
    """Writes the configuration of an alias."""

    index = U16(label="Alias index")
    config = Struct(AliasConfigEAT, label="Configuration")
    unused = Bytes(
        when=Remaining() > 0,
        source=DX.at("HandleNmeUpdateNvAliasCnfg").one,
        doc="One implementation wants the message longer than it uses.",
    )

    info = "{index}"


class AliasConfigEATResponse(
    Layer,
    name="nm.query_alias_config_eat_response",
    title="Query alias configuration (EAT) response",
    source=SOURCE,
):
    """The configuration of an alias."""

    config = Struct(AliasConfigEAT, label="Configuration")


class SubnetsAnnouncement(
    Layer,
    name="nm.subnets_announcement",
    title="Subnets announcement",
    source=EX.at("LtNetworkManagerLit.h").one,
):
    """A router tells which subnets with derived IP addresses are behind it."""

    set = U8(label="Set flag", doc="1: the subnets are these; else they are taken away.")
    subnets = BitSet(32, msb_first=True)

    info = "{subnets}"


class AnnouncementParameters(
    Layer, name="nm.announcement_parameters", title="Announcement parameters", source=ANNOUNCE
):
    """How often a node announces its LS address, and how long such an announcement holds.

    One implementation leaves out the throttle when it answers.
    """

    announce_period = U32(unit="s", doc="Time between announcements; 0: none.")
    throttle = U16(when=Remaining() >= 6, doc="Least time between announcements; unit not known.")
    aging_period = U32(unit="s", doc="Time after which an announced address is forgotten.")

    info = "every {announce_period}, aging {aging_period}"


class IPAddressResponse(Layer, name="nm.query_ip_address_response", title="Query IP address response", source=SOURCE):
    """The IP address under which the node answered."""

    ipv4 = Bytes(4, when=Remaining() == 4, show="ipv4", label="IPv4 address")
    ipv6 = Bytes(16, when=Remaining() == 16, show="ipv6", label="IPv6 address")
    data = Bytes(when=Remaining() > 0, doc="Neither an IPv4 nor an IPv6 address.")

    checks = (
        Check(
            "layout",
            F.data != b"",
            Severity.WARN,
            Group.MALFORMED,
            "an IP address has 4 or 16 bytes",
            "data",
        ),
    )
    info = "{ipv4}{ipv6}"


class ImageID(Layer, name="image", title="Image", source=IUP):
    """Which image: what it is for, and which one of these."""

    type = U8(values=IMAGE_TYPES, show="hex")
    subtype = U8(show="hex", doc="By the type.")
    instance = Bytes(8, show="hex", doc="Number of the image within its type and subtype.")

    info = "{type} {instance}"


class ImageInit(Layer, name="nm.image_init", title="Image update: init", source=IUP):
    """Starts the transfer of a new image."""

    session = U32(show="hex", doc="Number that all messages of this update have.")
    image = Struct(ImageID)
    packet_size = U16(unit="bytes")
    packet_count = U16()
    image_length = U32(unit="bytes")
    header = Bytes(16, show="hex", doc="Header of the image; 0: not to be checked.")

    info = "session {session}, {image_length} in {packet_count} packets"


class ImageInitResponse(Layer, name="nm.image_init_response", title="Image update: init response", source=IUP):
    """Whether the node accepts an update, and how fast."""

    result = U8(values=INIT_RESULTS)
    action_time = U16(unit="s", doc="Time that the node needs before the first packet.")
    packet_size = U16(unit="bytes", doc="Largest that the node takes, if that asked for is too large.")
    packet_spacing = U16(unit="ms", doc="Least time between packets.", source=IUP.inferred)
    reserved = Bits(6)
    sha = Bits(1, label="SHA supported")
    md5 = Bits(1, default=1, label="MD5 supported")
    packet_count = U16(doc="Largest that the node takes, if that asked for is too high.")

    info = "{result}"


class ImageTransfer(Layer, name="nm.image_transfer", title="Image update: transfer", source=IUP):
    """A packet of the image."""

    session = U32(show="hex")
    packet = U16(label="Packet number", default=1, doc="From 1.")
    data = Bytes()

    info = "session {session}, packet {packet}"


class ImageConfirm(Layer, name="nm.image_confirm", title="Image update: confirm", source=IUP):
    """Asks whether all packets have arrived."""

    session = U32(show="hex")

    info = "session {session}"


class ImageConfirmResponse(Layer, name="nm.image_confirm_response", title="Image update: confirm response", source=IUP):
    """Which packets of the image are missing."""

    result = U8(values=CONFIRM_RESULTS)
    count = U8(auto=SizeOf("missing"), doc="Packets to be sent again.")
    missing = Array(U16(), F.count, doc="Their numbers.")

    info = "{result}, {count} missing"


class ImageValidate(Layer, name="nm.image_validate", title="Image update: validate", source=IUP):
    """Has the node check the image against a digest."""

    session = U32(show="hex")
    digest_type = U8(values=DIGESTS)
    salt = Bytes(16, when=F.digest_type != 0, show="hex")
    digest = Bytes(when=F.digest_type != 0, show="hex", doc="Digest of salt and image; MD5 has 16 bytes.")

    info = "session {session}, {digest_type}"


class ImageValidateResponse(
    Layer, name="nm.image_validate_response", title="Image update: validate response", source=IUP
):
    """Whether the image is what it should be."""

    result = U8(values=VALIDATE_RESULTS)
    action_time = U16(unit="s", doc="Time that the check takes.")

    info = "{result}"


class ImageSwitchover(Layer, name="nm.image_switchover", title="Image update: switchover", source=IUP):
    """Has the node start the new image."""

    flags = Flags(
        1,
        {0: "stay secondary", 1: "preserve configuration", 2: "preserve persistent data"},
        doc="Stay secondary: until a commit, the old image can be taken back.",
    )
    delay = U32(unit="s", doc="Time until the switchover.")
    count = U8(auto=SizeOf("images"))
    images = Array(ImageID, F.count)

    info = "in {delay}, flags {flags}"


class Rejection(Layer, name="rejection", title="Reason of a rejection", source=IUP):
    """More about a rejection, in a form of the node's own. One byte of data is sent even when the length is 0."""

    length = U8(unit="bytes")
    type = U8()
    data = Bytes(show="hex")


class ImageSwitchoverResponse(
    Layer, name="nm.image_switchover_response", title="Image update: switchover response", source=IUP
):
    """Whether the node starts the new image."""

    result = U8(values=SWITCHOVER_RESULTS)
    action_time = U16(unit="s", doc="Time until the node is back.")
    image = Struct(ImageID, doc="The image that was refused.")
    rejection = Struct(Rejection, when=Remaining() > 0)

    info = "{result}"


class ImageStatus(Layer, name="nm.image_status", title="Image update: status", source=IUP):
    """Asks what became of an image."""

    image = Struct(ImageID)


class ImageStatusResponse(Layer, name="nm.image_status_response", title="Image update: status response", source=IUP):
    """What became of an image."""

    status = Flags(1, {0: "accepted", 1: "secondary", 2: "active"})
    rejection_code = U8(values=REJECTIONS)
    action_time = U32(unit="s")
    rejection = Struct(Rejection, when=Remaining() > 0)

    info = "{status}, rejection {rejection_code}"


class ImageCommit(Layer, name="nm.image_commit", title="Image update: commit", source=IUP):
    """Makes the new image the primary one: the old one can no longer be taken back."""

    count = U8(auto=SizeOf("images"))
    images = Array(ImageID, F.count)

    info = "{count} images"


class ImageCommitResponse(Layer, name="nm.image_commit_response", title="Image update: commit response", source=IUP):
    """Whether the new image is now the primary one."""

    result = U8(values=COMMIT_RESULTS)
    action_time = U16(unit="s", doc="Time that the commit takes.")
    rejection = Struct(Rejection, when=Remaining() > 0)

    info = "{result}"


class ImageTransferAck(
    Layer, name="nm.image_transfer_ack", title="Image update: transfer acknowledge", source=IUP.unconfirmed
):
    """Asks during a transfer whether to go on. The one implementation known reads nothing after the sub-command."""

    data = Bytes(doc="Not decoded.")


class ImageTransferAckResponse(
    Layer,
    name="nm.image_transfer_ack_response",
    title="Image update: transfer acknowledge response",
    source=IUP,
):
    """Whether the transfer is to go on."""

    result = U8(values={0: "stop", 1: "continue"})
    action_time = U8(unit="s")

    info = "{result}"


REQUESTS = {
    0x02: UpdateNVByIndex,
    0x07: UpdateDomainNoKey,
    0x08: QueryDomainNoKey,
    0x0A: UpdateOMAKey,
    0x0F: InitConfig,
    0x11: UpdateNVConfigEAT,
    0x12: QueryConfigEAT,
    0x13: UpdateAliasConfigEAT,
    0x14: QueryConfigEAT,
    0x16: SubnetsAnnouncement,
    0x17: AnnouncementParameters,
    0x1C: ImageInit,
    0x1D: ImageTransfer,
    0x1E: ImageConfirm,
    0x1F: ImageValidate,
    0x20: ImageSwitchover,
    0x21: ImageStatus,
    0x22: ImageCommit,
}
RESPONSES = {
    0x01: VersionResponse,
    0x08: QueryDomainNoKeyResponse,
    0x09: OMAKeyResponse,
    0x12: NVConfigEATResponse,
    0x14: AliasConfigEATResponse,
    0x18: AnnouncementParameters,
    0x19: IPAddressResponse,
    0x1C: ImageInitResponse,
    0x1E: ImageConfirmResponse,
    0x1F: ImageValidateResponse,
    0x20: ImageSwitchoverResponse,
    0x21: ImageStatusResponse,
    0x22: ImageCommitResponse,
    0x25: ImageTransferAckResponse,
}


class Expanded(Layer, name="nm.expanded", title="Expanded command", source=SOURCE):
    """One of the expanded commands. What the device announcement (0x15) tells is in its addresses alone."""

    subcommand = U8(values=SUBCOMMANDS, show="hex")
    body = Payload(
        Switch(F.subcommand, {0x25: ImageTransferAck, **REQUESTS}, UnknownBody),
        required=F.subcommand.among(*REQUESTS),
        nothing=F.subcommand.among(0x01, 0x09, 0x18, 0x19),
        doc="The body of the sub-command.",
    )

    info = "{subcommand}"


class ExpandedResponse(Layer, name="nm.expanded_response", title="Expanded command response", source=SOURCE):
    """The answer to an expanded command. It repeats the sub-command."""

    subcommand = U8(values=SUBCOMMANDS, show="hex")
    body = Payload(
        Switch(F.subcommand, RESPONSES, UnknownBody),
        required=F.subcommand.among(*RESPONSES),
        nothing=F.subcommand.among(0x02, 0x07, 0x0A, 0x0F, 0x11, 0x13, 0x17),
        doc="The answer, by the sub-command.",
    )

    info = "{subcommand}"


class ExpandedFailure(Layer, name="nm.expanded_failure", title="Expanded command failure", source=SOURCE):
    """Says which expanded command failed. Old devices, which know none of them, leave that out."""

    subcommand = U8(values=SUBCOMMANDS, when=Remaining() > 0, show="hex")

    info = ((F.subcommand >= 0, "{subcommand}"), (None, "expanded commands are not known"))
