# SPDX-License-Identifier: GPL-2.0-or-later
"""Network diagnostics of EN 14908-1: commands 0x51 to 0x59."""

from dissectors.en14908.management.addresses import ProxyAddress
from dissectors.en14908.management.command import Command, UnknownBody
from dissectors.en14908.management.status import Identification, NodeStatus, TransceiverRegisters
from dissectors.sources import DX, DX_EX, EX
from osgp_analyzer.schema import (
    I8,
    U8,
    Bytes,
    Check,
    F,
    Flags,
    Group,
    Layer,
    Not,
    Remaining,
    Request,
    Severity,
    Struct,
    Switch,
)

PROXIED = {0: "query ID of an unconfigured node", 1: "query status", 2: "query transceiver status"}


NETMGMT = DX_EX.at("lcs_netmgmt.c HandleND; LtNetworkManager.cpp")


class QueryStatusResponse(NodeStatus, name="nd.query_status_response", title="Query status response"):
    """Error counts since the last clear, why the node was reset last, and what state it is in."""


class QueryStatusFlexResponse(
    NodeStatus, name="nd.query_status_flex_response", title="Query status response, flexible domain"
):
    """As the query status response, but sent in the flexible domain: readable for a tool outside the node's domains."""


class ProxyCommand(Layer, name="nd.proxy", title="Proxy command", source=NETMGMT):
    """Asks a node to pass one of three queries on to another. What the other node gets has no address."""

    query = U8(values=PROXIED, doc="The query to be carried out.")
    address = Struct(ProxyAddress, when=Remaining() > 0, doc="The node to ask; none: the receiver itself.")

    checks = (
        Check(
            "command_undefined",
            Not(F.query.among(0, 1, 2)),
            Severity.WARN,
            Group.PROTOCOL,
            "proxied query {query} is not defined",
            "query",
        ),
    )
    info = "{query}"


class ProxyCommandResponse(Layer, name="nd.proxy_response", title="Proxy command response", source=NETMGMT):
    """What the proxied query gives: identification, status or transceiver registers, by the request."""

    answer = Struct(
        Switch(Request("nd.proxy.query"), {0: Identification, 1: NodeStatus, 2: TransceiverRegisters}),
        doc="The answer of the node that was asked.",
    )
    data = Bytes(when=Remaining() > 0, doc="Bytes that the proxied query does not explain.")

    checks = (
        Check(
            "layout",
            Not(Request("nd.proxy.query").among(0, 1, 2)),
            Severity.NOTE,
            Group.UNDECODED,
            "what this answers is not a defined query, so its layout is not known",
            "data",
        ),
    )


class QueryTransceiverResponse(
    TransceiverRegisters, name="nd.query_transceiver_response", title="Query transceiver status response"
):
    """The seven status registers of a special-purpose mode transceiver. Their meaning is the transceiver's own."""


class QueryTransceiverBidirectional(
    Layer, name="nd.query_transceiver_bidirectional", title="Bidirectional transceiver status", source=NETMGMT
):
    """Asks for the transceiver registers as they were when this request came in."""

    flags = Flags(
        1,
        {0: "attenuate"},
        when=Remaining() > 0,
        doc="Attenuate: the answer is sent at lower level. None: as 0; one implementation wants this byte.",
    )

    info = ((F.flags >= 0, "flags {flags}"), (None, ""))


class QueryTransceiverBidirectionalResponse(
    TransceiverRegisters,
    name="nd.query_transceiver_bidirectional_response",
    title="Bidirectional transceiver status response",
):
    """Transceiver registers of the answering node. The node that asked adds its own, which are not on the wire."""


class ComputePhase(Layer, name="nd.compute_phase", title="Compute phase", source=EX.at("LtNetworkManager2.cpp").one):
    """Asks on which mains phase the node is, seen from the sender: the zero crossing tells."""

    agent_phase = U8(
        when=Remaining() > 0,
        default=1,
        doc="Phase of the sender, 1 to 6 in steps of 60 degrees; the answer counts from it.",
    )

    info = ((F.agent_phase >= 0, "from phase {agent_phase}"), (None, ""))


class ComputePhaseResponse(
    Layer,
    name="nd.compute_phase_response",
    title="Compute phase response",
    source=EX.at("LtNetworkManager2.cpp").one,
):
    """The mains phase that the node found for itself."""

    phase = U8(
        values={0: "not found", **{n: f"{n} ({60 * (n - 1)} degrees)" for n in range(1, 7)}},
        doc="Phase of the node, in steps of 60 degrees.",
    )
    frequency = U8(unit="Hz", doc="Mains frequency.")
    reading = U8(doc="Zero-crossing value of the packet as received: bits 6 to 0 count ticks.")
    error = I8(doc="Distance from the middle of the step, in ticks.")

    info = "phase {phase}"


class GetFullVersionResponse(
    Layer,
    name="nd.get_full_version_response",
    title="Get full version response",
    source=DX.at("lcs_netmgmt.h ND_get_full_version_response").one,
):
    """Version of the firmware in full."""

    version = U8(doc="Firmware version, as in the query status response.")
    variant = U8()
    rom_version = U8(label="ROM version")
    minor_version = U8()
    build_number = U8()
    code = U8(doc="Meaning not known; the one implementation sends 0.")

    info = "{version}.{minor_version}.{build_number}"


COMMANDS: tuple[Command, ...] = (
    Command(0x51, "Query status", None, QueryStatusResponse),
    Command(0x52, "Proxy command", ProxyCommand, ProxyCommandResponse),
    Command(0x53, "Clear status"),
    Command(0x54, "Query transceiver status", None, QueryTransceiverResponse),
    Command(0x55, "Query EVN SDI", UnknownBody, UnknownBody),
    Command(0x56, "Query status, flexible domain", None, QueryStatusFlexResponse),
    Command(
        0x57,
        "Bidirectional transceiver status",
        QueryTransceiverBidirectional,
        QueryTransceiverBidirectionalResponse,
    ),
    Command(0x58, "Compute phase", ComputePhase, ComputePhaseResponse),
    Command(0x59, "Get full version", None, GetFullVersionResponse),
)
