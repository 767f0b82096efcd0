# SPDX-License-Identifier: GPL-2.0-or-later
"""Wink, and the installation commands that share its code 0x70."""

from dissectors.en14908.management.command import UnknownBody
from dissectors.en14908.management.nv_dynamic import (
    ECS,
    CapabilityInfo,
    DocumentationText,
    GetCapabilityInfo,
    NVDefine,
    NVDescriptor,
    NVName,
    NVRates,
    NVRemove,
    NVType,
    QueryNodeInfo,
    QueryNVInfo,
    SendIDInfo,
    SendIDInfoResponse,
    UpdateNVInfo,
    UpdateNVValue,
)
from dissectors.sources import DX_EX, EX
from osgp_analyzer.schema import U8, U16, Bytes, F, Layer, Outer, Payload, Remaining, Request, Switch

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
    source=DX_EX.at("lon_types.h IzotInstallCommand; LtNetworkManagerLit.h LT_ECS").one,
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


class InstallResponse(
    Layer,
    name="nm.install_response",
    title="Wink / install response",
    source=DX_EX.at("lon_types.h IzotNmInstallResponse; DynamicNvs.cpp").one,
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
