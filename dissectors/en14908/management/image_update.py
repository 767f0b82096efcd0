# SPDX-License-Identifier: GPL-2.0-or-later
"""Image update over the network, by sub-commands of 0x60."""

from dissectors.sources import DX
from osgp_analyzer.schema import U8, U16, U32, Array, Bits, Bytes, F, Flags, Layer, Remaining, SizeOf, Struct

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


IUP = DX.at("lcs_iup.h, lcs_iup.c").one


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
