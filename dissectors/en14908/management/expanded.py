# SPDX-License-Identifier: GPL-2.0-or-later
"""The expanded command 0x60: which sub-command has which body."""

from dissectors.en14908.management.announcements import AnnouncementParameters, IPAddressResponse, SubnetsAnnouncement
from dissectors.en14908.management.command import UnknownBody
from dissectors.en14908.management.expanded_records import (
    SOURCE,
    AliasConfigEATResponse,
    InitConfig,
    NVConfigEATResponse,
    OMAKeyResponse,
    QueryConfigEAT,
    QueryDomainNoKey,
    QueryDomainNoKeyResponse,
    UpdateAliasConfigEAT,
    UpdateDomainNoKey,
    UpdateNVByIndex,
    UpdateNVConfigEAT,
    UpdateOMAKey,
    VersionResponse,
)
from dissectors.en14908.management.image_update import (
    ImageCommit,
    ImageCommitResponse,
    ImageConfirm,
    ImageConfirmResponse,
    ImageInit,
    ImageInitResponse,
    ImageStatus,
    ImageStatusResponse,
    ImageSwitchover,
    ImageSwitchoverResponse,
    ImageTransfer,
    ImageTransferAck,
    ImageTransferAckResponse,
    ImageValidate,
    ImageValidateResponse,
)
from osgp_analyzer.schema import U8, F, Layer, Payload, Remaining, Switch

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
