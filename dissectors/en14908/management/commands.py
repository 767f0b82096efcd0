# SPDX-License-Identifier: GPL-2.0-or-later
"""All commands of network management by code."""

from dissectors.en14908.management.command import Command
from dissectors.en14908.management.escape import Escape, EscapeResponse
from dissectors.en14908.management.expanded import Expanded, ExpandedFailure, ExpandedResponse
from dissectors.en14908.management.install import Install, InstallFailure, InstallResponse
from dissectors.en14908.management.memory import (
    ChecksumRecalc,
    MemoryRefresh,
    QuerySIData,
    QuerySIDataResponse,
    ReadMemory,
    ReadMemoryResponse,
    WriteMemory,
)
from dissectors.en14908.management.network import (
    LeaveDomain,
    QueryAddress,
    QueryAddressResponse,
    QueryDomain,
    QueryDomainResponse,
    QueryID,
    QueryIDResponse,
    RespondToQuery,
    ServicePin,
    SetNodeMode,
    UpdateAddress,
    UpdateDomain,
    UpdateGroupAddress,
    UpdateKey,
)
from dissectors.en14908.management.nv_commands import (
    NVFetch,
    NVFetchResponse,
    QueryNVConfig,
    QueryNVConfigResponse,
    UpdateNVConfig,
)
from dissectors.en14908.management.router import (
    FarSideEscape,
    GroupForward,
    GroupNoForward,
    RouterStatusResponse,
    SetRouterMode,
    SubnetForward,
    SubnetNoForward,
    TableClear,
    TableDownload,
    TableReport,
    TableReportResponse,
)

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
CHANGING = (0x63, 0x64, 0x65, 0x66, 0x69, 0x6B, 0x6C, 0x6E, *range(0x74, 0x7B))
EXPANDED_CHANGING = (0x02, 0x07, 0x0A, 0x0B, 0x0D, 0x0F, 0x11, 0x13, 0x17, *range(0x1C, 0x21), 0x22)
"""Commands, and subcommands of the expanded one, that change the node (en14908.md 6)."""
COMMISSIONING = (0x45, 0x4A, 0x61, 0x62, 0x63, 0x7F)
EXPANDED_COMMISSIONING = (0x07,)
"""Messages with which a node comes into a network: discovery, service pin, identification, its place in a domain."""
