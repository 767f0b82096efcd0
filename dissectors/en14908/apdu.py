# SPDX-License-Identifier: GPL-2.0-or-later
"""The application layer of EN 14908-1: what kind of message this is, and which layer reads its body.

A response uses the same code space anew (success 0x20-0x3F, failure 0x00-0x1F of a management command, anything as an
application's own answer), so only its request can say what it means. Until that is known the candidates are shown.
"""

from dissectors.en14908.management import COMMANDS
from dissectors.sources import CTC, DX, DX_EX
from osgp_analyzer.schema import (
    U8,
    Call,
    Case,
    Cases,
    Check,
    Computed,
    F,
    Group,
    If,
    Known,
    Label,
    Layer,
    Map,
    Not,
    Outer,
    Payload,
    Peek,
    Request,
    Severity,
    Switch,
)

OSGP_CODE, OSGP_SERVICES = 0x00, (0x30, 0x3F, 0x40, 0x4F)
"""Messages of OSGP have this code. It is one that every application may use: theirs go on with one of four services."""

LAST_OUTCOME = 0x0C
"""Highest response code of OSGP."""
DIRECTIONS = {0: "request", 1: "response"}
"""Which way a message goes, told by its code where no layer below says it: `osgp.direction`."""

CODES = {
    **dict.fromkeys(range(63), "Application message"),
    0x3D: "Interoperable self-installation (ISI)",
    0x3E: "File transfer",
    0x3F: "Application offline",
    **dict.fromkeys(range(64, 79), "Foreign frame"),
    0x45: "ATM message, outbound",
    0x4A: "ATM message, inbound",
    0x4C: "LTEP failure",
    0x4D: "LonTalk Enhanced Proxy",
    0x4E: "Security II (AES-GCM)",
    0x4F: "Foreign frame offline",
    **dict.fromkeys(range(80, 96), "Network diagnostic"),
    **dict.fromkeys(range(96, 128), "Network management"),
    **{command.code: command.name for command in COMMANDS.values()},
}


def _candidates() -> dict[int, str]:
    """What each response code may mean, as long as the request is not known."""
    found: dict[int, list[str]] = {code: [] for code in range(0x80)}
    for command in COMMANDS.values():
        if command.answered:
            found[command.success_code].append(f"{command.name}: success")
            found[command.failure_code].append(f"{command.name}: failure")
    found[0x4C].append("LTEP failure")
    found[0x4D].append("LTEP success")
    found[0x3F].append("application offline")
    found[0x4F].append("foreign frame offline")
    return {code: " / ".join([*names, "application response"]) for code, names in found.items()}


CANDIDATES = _candidates()
RESPONSES = {
    **dict.fromkeys(range(0x80), "Application response"),
    0x3F: "Application offline",
    0x4F: "Foreign frame offline",
}
OUTCOMES = {0: "success", 1: "failure", 2: "application response", 3: "not an answer to this request"}
SUCCESS = {code: f"{command.name}: success" for code, command in COMMANDS.items()}
FAILURE = {code: f"{command.name}: failure" for code, command in COMMANDS.items()}

is_response = Outer("spdu.type") == 2
request = Request("apdu.code")
request_known = Known(request) | Known(Request("spdu.type"))
is_command = (request >= 0x50) & (request < 0x80)
of_proxy = is_response & Known(Request("ltep.count")) & F.code.among(0x4C, 0x4D)
"""The answer of the proxy itself; else the response of the inner message is passed back as it is."""
answers_command = is_response & is_command & (F.code == ((request & 0x1F) | 0x20))
refuses_command = is_response & is_command & (F.code == (request & 0x1F))

opened = Known(Call("opened_next"))
"""One of the user's keys opened the message: it is an encrypted one of OSGP."""
alone = Known(Outer("udp.dst_port")) & Not(Known(Outer("npdu.version")))
"""The whole of a datagram, without network and session layer. What does not begin like a response of OSGP asks for one;
an answer to what could not be read can be nothing but the APDU code."""
DIRECTION = If(opened, Call("opened_next"), If((F.code == OSGP_CODE) & Not(Peek(0) > LAST_OUTCOME), 1, 0))

OUTCOME = If(
    of_proxy,
    Map(F.code, {0x4D: 0, 0x4C: 1}),
    If(is_command, If(F.code == ((request & 0x1F) | 0x20), 0, If(F.code == (request & 0x1F), 1, 3)), 2),
)


class APDU(Layer, name="apdu", title="Application layer", source=DX_EX.at("lon_types.h; LtApdu.h")):
    """Application PDU: destination and type in one byte, then the body."""

    code = U8(
        CODES,
        show="hex",
        labels=(
            Label(is_response & Not(request_known), F.code, CANDIDATES),
            Label(of_proxy, F.code, {0x4C: "LTEP failure", 0x4D: "LTEP success"}),
            Label(answers_command, request, SUCCESS),
            Label(refuses_command, request, FAILURE),
            Label(is_response & Not(is_command), F.code, RESPONSES),
        ),
        doc="What the message is, or in a response how the request went.",
    )
    request_code = Computed(
        request, CODES, when=is_response & Known(request), show="hex", doc="APDU code of the request that this answers."
    )
    outcome = Computed(
        OUTCOME,
        OUTCOMES,
        when=is_response & request_known,
        source=DX.at("lcs_netmgmt.h; EX NMPASS/NMFAIL; RTR"),
        doc="How the request went. Two implementations are known to swap success and failure of management commands.",
    )
    direction = Computed(
        DIRECTION,
        DIRECTIONS,
        when=alone,
        qualified="osgp.direction",
        source=CTC.at("CT_apdu.c").inferred,
        doc="Whether a message that is alone in a datagram is a request or a response of OSGP.",
    )
    body = Payload(
        Cases(
            (
                Case(opened, "Encrypted"),
                Case((F.direction == 1) & Known(Peek(0)), "OSGPResponse"),
                Case(answers_command, Switch(request, {code: c.response for code, c in COMMANDS.items()})),
                Case(refuses_command, Switch(request, {code: c.failure for code, c in COMMANDS.items()})),
                Case(is_response & (F.code == 0x4C), "LTEPFailure"),
                Case(is_response & (F.code == OSGP_CODE) & Known(Request("osgp.service")), "OSGPResponse"),
                Case(is_response, None),
                Case((F.code == OSGP_CODE) & Peek(0).among(*OSGP_SERVICES), "OSGPRequest"),
            ),
            Switch(
                F.code,
                {0x45: "ATM", 0x4A: "ATM", 0x4D: "LTEP", 0x4E: "UnknownBody", 0x4F: "UnknownBody"}
                | {code: c.request for code, c in COMMANDS.items()},
            ),
        ),
        required=False,
        nothing=(Not(is_response) & F.code.among(*(code for code, c in COMMANDS.items() if c.request is None)))
        | (answers_command & request.among(*(code for code, c in COMMANDS.items() if c.response is None)))
        | (of_proxy & (F.code == 0x4D))
        | (refuses_command & request.among(*(code for code, c in COMMANDS.items() if c.failure is None))),
        doc="The body, by its code; in a response also by its request.",
    )

    checks = (
        Check(
            "request_unknown",
            is_response & Not(request_known),
            Severity.NOTE,
            Group.UNDECODED,
            "the request of this response is not known, so its code may mean: {code}",
            "code",
        ),
        Check(
            "not_an_answer",
            is_response & is_command & (OUTCOME == 3),
            Severity.WARN,
            Group.PROTOCOL,
            "{code} is neither success nor failure of {request_code}",
            "code",
        ),
    )
    info = (
        (opened, ""),
        (Known(F.direction) & (F.code == OSGP_CODE), ""),
        (is_response & (F.code == OSGP_CODE) & Known(Request("osgp.service")), ""),
        (Not(is_response) & (F.code == OSGP_CODE) & Peek(0).among(*OSGP_SERVICES), ""),
        (Not(is_response) & (F.code == 0x4D), ""),
        (is_response & request_known, "{code}"),
        (is_response, "response {code}"),
        (None, "{code}"),
    )
