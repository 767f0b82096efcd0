# SPDX-License-Identifier: GPL-2.0-or-later
"""A meter comes into the network: as far as sources show it, with LON network management (en14908.md 5 and 6).

How OSGP's own discovery (ATM) and key exchange look is in no source; they are left out.
"""

from __future__ import annotations

from typing import Any

from osgp_analyzer.simulate import message as msg
from osgp_analyzer.simulate.authentication import EXPANDED, Message, difference
from osgp_analyzer.simulate.clock import MS, Frame, Process
from osgp_analyzer.simulate.concentrator import Concentrator
from osgp_analyzer.simulate.findings import plain
from osgp_analyzer.simulate.lon import APDU, EVERYBODY, UNCONFIGURED, Lon, unique_id
from osgp_analyzer.simulate.lon import node as node_address
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import Talk
from osgp_analyzer.simulate.scenarios.management import (
    CONFIGURED,
    JOIN,
    MODE,
    QUERY_STATUS,
    UPDATE_OMA_KEY,
    command,
    status,
)

QUERY_ID, RESPOND, LEAVE, SERVICE_PIN = 0x61, 0x62, 0x64, 0x7F
VERSION = 1
OMA_PROXY_PHASE_STRENGTH = 0x0F


def commissioning(concentrator: Concentrator) -> Process:
    """Service pin, query ID, version, domain, key update under the old key, state, status, and the first read."""
    for meter in concentrator.meters:
        yield from _commission(concentrator, meter)
        concentrator.pause += 600 * MS


def _commission(concentrator: Concentrator, meter: Meter) -> Talk[None]:
    own = unique_id(meter.neuron_id)
    delta = difference(meter.keys.omak, meter.domain_keys)
    old_key, domain = meter.domain_keys, concentrator.domain
    identity = meter.neuron_id + meter.program_id
    concentrator.step = "commissioning"
    if meter.configured:
        meter.configured = False
        yield from command(
            concentrator, meter, "leave domain", bytes([LEAVE, 0]), own, b"", nm={"leave_domain.index": 0}
        )
    concentrator.step = f"commissioning: service pin of {meter.name}"
    pin = bytes([SERVICE_PIN]) + identity
    fields = {"apdu.code": SERVICE_PIN, **_identity("nm.service_pin", meter)}
    message = Lon(APDU, UNCONFIGURED, EVERYBODY, b"", pin)
    truth = {"meter": meter.label} | plain()
    yield Frame(message, meter.name, concentrator.step, message.fields() | fields, truth, after=concentrator.pause)
    concentrator.pause = 0
    for selected in (1, 0):
        name = {"respond_to_query.selected": selected}
        yield from command(concentrator, meter, "respond to query", bytes([RESPOND, selected]), own, b"", nm=name)
        if not selected:
            break
        answer = Message(
            bytes([0x21]) + identity, {"apdu.code": 0x21, **_identity("nm.query_id_response", meter)}, truth
        )
        yield from command(
            concentrator, meter, "query ID", bytes([QUERY_ID, 2]), EVERYBODY, b"", answer, {"query_id.selector": 2}
        )
    body = bytes([0x20, VERSION, 2, 0, OMA_PROXY_PHASE_STRENGTH])
    found = {"apdu.code": 0x20, "nm.expanded_response.subcommand": VERSION, "nm.query_version_response.version": 2}
    sub = {"expanded.subcommand": VERSION}
    answer = Message(body, found, truth)
    yield from command(concentrator, meter, "query version", bytes([EXPANDED, VERSION]), own, b"", answer, sub)

    record = domain.ljust(6, b"\0") + bytes([meter.subnet, 0x80 | meter.node, 1 << 3 | len(domain)])
    names = {"expanded.subcommand": JOIN, "update_domain_no_key.index": 0}
    yield from command(concentrator, meter, "join domain", bytes([EXPANDED, JOIN, 0]) + record, own, b"", nm=names)
    meter.configured = True

    names = {"expanded.subcommand": UPDATE_OMA_KEY, "update_oma_key.increment": 1}
    update = bytes([EXPANDED, UPDATE_OMA_KEY, 1]) + delta
    yield from command(concentrator, meter, "update OMA key", update, own, domain, nm=names, key=old_key)
    meter.domain_keys = meter.keys.omak

    names = {"set_node_mode.mode": 3, "set_node_mode.state": CONFIGURED}
    yield from command(concentrator, meter, "change state", bytes([MODE, 3, CONFIGURED]), own, domain, nm=names)
    place = node_address(meter.subnet, meter.node)
    yield from command(concentrator, meter, "query status", bytes([QUERY_STATUS]), place, domain, status(meter))
    concentrator.step = f"commissioning: ET04 of {meter.name}"
    yield from concentrator.ask(meter, msg.read(2048 + 4, 0, 12))


def _identity(prefix: str, meter: Meter) -> dict[str, Any]:
    return {f"{prefix}.neuron_id": meter.neuron_id.hex(), f"{prefix}.program_id": meter.program_id.hex()}
