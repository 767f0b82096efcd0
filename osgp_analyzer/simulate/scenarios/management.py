# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands of network management: who may give them, and keys that they change (en14908.md 4 to 7; osgp.md 2.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from osgp_analyzer.simulate.authentication import EXPANDED, Message, difference, unauthenticated
from osgp_analyzer.simulate.clock import MS, Process
from osgp_analyzer.simulate.concentrator import Concentrator
from osgp_analyzer.simulate.findings import plain
from osgp_analyzer.simulate.lon import TPDU, Address, Lon, node, unique_id
from osgp_analyzer.simulate.meter import Meter
from osgp_analyzer.simulate.reader import Talk
from osgp_analyzer.simulate.scenarios.attacks import ask, neighbour
from osgp_analyzer.simulate.scenarios.reading import read_table

UPDATE_KEY, UPDATE_ADDRESS, MODE, WRITE_MEMORY, QUERY_STATUS = 0x65, 0x66, 0x6C, 0x6E, 0x51
JOIN, UPDATE_OMA_KEY = 0x07, 0x0A
CONFIGURED = 4
OMA_KEY, DOMAIN_KEY = 12, 6
KEY_SIZES = {"standard": DOMAIN_KEY, "oma": OMA_KEY}
ACKD, ACK = 0, 2
GROUP, MEMBERS = 5, 4


def command(
    concentrator: Concentrator,
    meter: Meter,
    what: str,
    apdu: bytes,
    target: Address,
    domain: bytes,
    answer: Message | None = None,
    nm: dict[str, Any] | None = None,
    key: bytes = b"",
) -> Talk[Message | None]:
    """A management request; its answer is success without more, unless another is given. With a key it is
    authenticated, by OMA if that has 12 bytes."""
    concentrator.step = f"{concentrator.step.split(':')[0]}: {what}, {meter.name}"
    truth = {"meter": meter.label}
    fields = {"apdu.code": apdu[0], **{f"nm.{name}": value for name, value in (nm or {}).items()}}
    response = answer or done(apdu, meter)
    auth = {0: "", DOMAIN_KEY: "standard", OMA_KEY: "oma"}[len(key)]
    request = Message(apdu, fields, truth)
    return (yield from concentrator.manage(meter, request, lambda _: response, target, domain, auth=auth, auth_key=key))


def done(apdu: bytes, meter: Meter, success: bool = True) -> Message:
    """The answer to a command that gives nothing back: success, or failure."""
    body = bytes([apdu[0] & 0x1F | 0x20 * success]) + (apdu[1:2] if apdu[0] == EXPANDED else b"")
    name = f"nm.expanded_{'response' if success else 'failure'}.subcommand"
    found = {"apdu.code": body[0]} | ({name: body[1]} if len(body) > 1 else {})
    return Message(body, found, {"meter": meter.label})


def status(meter: Meter, success: bool = True) -> Message:
    """The answer to query status: no errors, powered up, configured and online; or failure."""
    if not success:
        return Message(b"\x11", {"apdu.code": 0x11}, {"meter": meter.label})
    body = bytes([0x31]) + bytes(10) + bytes([1, 4 if meter.configured else 2, 16, 0, 0])
    fields = {"apdu.code": 0x31, "nd.query_status_response.node_state": body[12]}
    return Message(body, fields, {"meter": meter.label})


def query_status(concentrator: Concentrator, meter: Meter, key: bytes, target: Address | None = None) -> Talk[None]:
    """Query status under a key; where that is wrong the answer is failure."""
    answer = status(meter, meter.domain_keys.startswith(key))
    auth = {size: kind for kind, size in KEY_SIZES.items()}[len(key)]
    place = target or node(meter.subnet, meter.node)
    what = f"query status, {auth}"
    yield from command(concentrator, meter, what, bytes([QUERY_STATUS]), place, concentrator.domain, answer, key=key)


def unauthenticated_writes(concentrator: Concentrator) -> Process:
    """Address, domain, state, memory and a network variable, changed by anybody; then an authenticated write."""
    for meter in concentrator.meters:
        concentrator.step = "unauthenticated"
        place, domain = node(meter.subnet, meter.node), concentrator.domain
        entry = bytes([1, concentrator.node, 0x30, 0x08, concentrator.subnet])
        record = domain.ljust(6, b"\0") + bytes([meter.subnet, 0x80 | meter.node, 1 << 3 | len(domain)])
        address = bytes([UPDATE_ADDRESS, 0]) + entry
        written = {"write_memory.mode": 2, "write_memory.address": 0x37, "write_memory.count": 1,
                   "write_memory.form": 4, "write_memory.data": "02"}  # fmt: skip
        for what, apdu, nm in (
            ("update address", address, {"update_address.index": 0}),
            ("update domain", bytes([EXPANDED, JOIN, 0]) + record, {"update_domain_no_key.index": 0}),
            ("change state", bytes([MODE, 3, CONFIGURED]), {"set_node_mode.mode": 3}),
            ("write memory", bytes([WRITE_MEMORY, 2, 0, 0x37, 1, 4, 2]), written),
        ):
            yield from command(concentrator, meter, what, apdu, place, domain, nm=nm)
        yield from _update_variable(concentrator, meter)
        nm = {"update_address.index": 0}
        key = meter.domain_keys
        yield from command(concentrator, meter, "update address, authenticated", address, place, domain, nm=nm, key=key)


def _update_variable(concentrator: Concentrator, meter: Meter) -> Talk[None]:
    concentrator.step = f"unauthenticated: update variable, {meter.name}"
    value, about = bytes([0, 0xC4]), {"meter": meter.label}
    apdu = bytes([0x82, 0x9F]) + value
    fields = {"nv.marker": 1, "nv.direction": 0, "nv.selector": 0x29F, "nv.value": value.hex()}
    message = Message(apdu, fields, plain(*unauthenticated(apdu)) | about)
    target, number = node(meter.subnet, meter.node), concentrator.next_transaction()
    frame = Lon(TPDU, concentrator.address, target, concentrator.domain, apdu, ACKD, number, backlog=1)
    sent = yield concentrator.frame(frame, concentrator, message, {}, concentrator.turnaround())
    answer = Message(b"", {}, about)
    yield concentrator.frame(
        frame.answer(b"", TPDU, ACK), meter, answer, {"answers": sent.number}, concentrator.turnaround()
    )


def key_change(concentrator: Concentrator) -> Process:
    """An OMA key changed by a difference or replaced, a change that is refused, and a changed 48-bit key."""
    for meter in concentrator.meters:
        concentrator.step = "key_change"
        yield from read_table(concentrator, meter, 21)
        yield from _change_oma_key(concentrator, meter, increment=not meter.number % 2)
        yield from ask(concentrator, meter, "BT23")
        yield from _change_oma_key(concentrator, meter, increment=bool(meter.number % 2), accepted=False)
        yield from ask(concentrator, meter, "BT23")
        yield from _change_domain_key(concentrator, meter)
        yield from ask(concentrator, meter, "BT23")
        concentrator.pause += 600 * MS


def _change_oma_key(concentrator: Concentrator, meter: Meter, *, increment: bool, accepted: bool = True) -> Talk[None]:
    old, new = meter.domain_keys, concentrator.rng.randbytes(OMA_KEY)
    apdu = bytes([EXPANDED, UPDATE_OMA_KEY, increment]) + (difference(new, old) if increment else new)
    what = f"OMA key, {'added to' if increment else 'replaced'}{'' if accepted else ', refused'}"
    nm = {"update_oma_key.increment": int(increment), "expanded.subcommand": UPDATE_OMA_KEY}
    place, answer = node(meter.subnet, meter.node), done(apdu, meter, accepted)
    yield from command(concentrator, meter, what, apdu, place, concentrator.domain, answer, nm, old)
    if accepted:
        meter.rekey(new, answer.origin[0])


def _change_domain_key(concentrator: Concentrator, meter: Meter) -> Talk[None]:
    """The key of entry 0 of the domain table: half of the OMA key."""
    old, new = meter.domain_keys[:DOMAIN_KEY], concentrator.rng.randbytes(DOMAIN_KEY)
    yield from query_status(concentrator, meter, old)
    apdu = bytes([UPDATE_KEY, 0]) + difference(new, old)
    place, answer = node(meter.subnet, meter.node), done(apdu, meter)
    nm = {"update_key.index": 0}
    yield from command(concentrator, meter, "domain key", apdu, place, concentrator.domain, answer, nm, old)
    meter.rekey(new + meter.domain_keys[DOMAIN_KEY:], answer.origin[0])
    yield from query_status(concentrator, meter, new)


def alternate_key(concentrator: Concentrator) -> Process:
    """Query status through another meter, which authenticates toward the target with its own key and a difference; the
    last difference is wrong."""
    for meter in concentrator.meters:
        agent = neighbour(concentrator, meter)
        if agent is None:
            return
        for auth, good in (("standard", True), ("oma", True), ("oma", False)):
            concentrator.step = f"alternate_key: query status of {meter.name}, {auth}"
            size = KEY_SIZES[auth]
            delta = difference(meter.domain_keys[:size], agent.domain_keys[:size])
            delta = delta if good else concentrator.rng.randbytes(size)
            request = Message(bytes([QUERY_STATUS]), {"apdu.code": QUERY_STATUS}, {"meter": meter.label})
            answer = _as_is(status(meter, good))
            yield from concentrator.send(meter, request, answer, (agent,), auth=auth, delta=delta)
        concentrator.pause += 800 * MS


def _as_is(answer: Message) -> Callable[[int], Message]:
    return lambda _: answer


def group_auth(concentrator: Concentrator) -> Process:
    """Query status to a group, each of whose members challenges the sender, and by Neuron ID; right and wrong keys."""
    members = concentrator.meters[:MEMBERS]
    for auth, size in KEY_SIZES.items():
        for good in (True, False):
            wrong = concentrator.rng.randbytes(size)
            concentrator.step = f"group_auth: query status of group {GROUP}, {auth}"
            yield from concentrator.ask_group(
                members,
                GROUP,
                Message(bytes([QUERY_STATUS]), {"apdu.code": QUERY_STATUS}),
                lambda meter, good=good: status(meter, good),  # type: ignore[misc]
                auth=auth,
                auth_key=lambda meter, size=size, key=b"" if good else wrong: key or meter.domain_keys[:size],  # type: ignore[misc]
            )
            for meter in members:
                key = meter.domain_keys[:size] if good else concentrator.rng.randbytes(size)
                yield from query_status(concentrator, meter, key, unique_id(meter.neuron_id))
            concentrator.pause += 800 * MS
