# SPDX-License-Identifier: GPL-2.0-or-later
"""All scenarios by name: what each shows, and on which ports it can be played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from osgp_analyzer.simulate.clock import Process
from osgp_analyzer.simulate.network import Network
from osgp_analyzer.simulate.scenarios import (
    attacks,
    commissioning,
    management,
    ports,
    reading,
    security,
    services,
    trouble,
)

LON = ("lpdu", "cnip", "lonudp")
SECURE = (*LON, "mep")
ALL = (*SECURE, "optical")


@dataclass(frozen=True)
class Scenario:
    """`play` makes the process of one reader; `two`: of both concentrators at once; `prepare`: what it changes
    beforehand; `new`: where it comes first, the meters are not commissioned yet."""

    name: str
    shows: str
    ports: tuple[str, ...]
    play: Callable[[Any], Process]
    two: bool = False
    prepare: Callable[[Network], None] | None = None
    new: bool = False


SCENARIOS = (
    Scenario("commissioning", "service pin, query ID, join domain, authenticated key update, status", LON,
             commissioning.commissioning, new=True),
    Scenario("daily", "dimension tables, then registers, present values and alarms", ALL, reading.daily),
    Scenario("profiles", "load profile and event log in parts, after a power failure", ALL, reading.profiles),
    Scenario("on_demand", "a few present values and registers at once", ALL, reading.on_demand),
    Scenario("clock", "BT52, set with BP10 (its parameters [recall]), result in BT08", ALL, services.clocks),
    Scenario("procedures", "EP17, EP02 and EP16 without parameters, an unknown one, a number used twice", ALL,
             services.procedures),
    Scenario("mbus", "EP19, ET14 to ET16: M-Bus telegrams on demand", ALL, services.mbus_requests),
    Scenario("firmware", "an image in partial writes (its table [inferred])", ALL, services.firmware),
    Scenario("sequence", "an unexpected sequence number, and the one to use", SECURE, security.sequence),
    Scenario("wrong_key", "a digest under another key: authentication failure", SECURE, security.wrong_key),
    Scenario("replay", "an old message once more: its sequence number is used up", SECURE, security.replay),
    Scenario("encrypted", "the same reads plain and with RC4 (on the power line the span is [inferred])", SECURE,
             security.encrypted),
    Scenario("lossy", "lost frames: retries, alternate path, another route", SECURE, trouble.lossy),
    Scenario("chains", "a read through 0 to 5 repeaters, every hop in both directions", LON, trouble.chains),
    Scenario("fading", "ever more losses on one link, then none", SECURE, trouble.fading),
    Scenario("authentication", "EN 14908 challenge and reply: 48 bits, OMA, a wrong key", LON,
             security.authentication),
    Scenario("group_auth", "the same of a group and by Neuron ID, right and wrong keys", LON, management.group_auth),
    Scenario("alternate_key", "LTEP with a key difference: the agent authenticates with another key than its own", LON,
             management.alternate_key),
    Scenario("unauthenticated", "address, domain, state, memory, a network variable written by anybody", LON,
             management.unauthenticated_writes),
    Scenario("tampered", "a bit changed on the way: of requests, responses, digests, plain and encrypted", SECURE,
             attacks.tampered),
    Scenario("other_key", "a digest under the key of another meter", SECURE, attacks.other_key),
    Scenario("other_address", "a digest made for the address of another meter", LON, attacks.other_address),
    Scenario("no_length", "a meter that forgets the length in the digest of its responses", LON, attacks.no_length),
    Scenario("sequence_trouble", "numbers used again, going back, too far ahead, each refused", SECURE,
             attacks.sequence_trouble),
    Scenario("keystream", "two different responses encrypted with one keystream", SECURE, attacks.keystream),
    Scenario("default_key", "meters whose key is one byte all over", SECURE, attacks.default_key,
             prepare=attacks.weaken),
    Scenario("failures", "ten keys tried in a row", SECURE, attacks.failures),
    Scenario("two", "two concentrators with their own domains and meters on one line", LON, reading.daily, two=True),
    Scenario("key_change", "OMA and 48-bit keys changed on the wire, one change refused", LON, management.key_change),
    Scenario("alerts", "the meter calls its client, which reads ET13", ("mep",), ports.alerts),
    Scenario("transactions", "several commands in ET52, their answers in ET53", ("mep",), ports.transactions),
    Scenario("basic_key", "the client registers under the basic key", ("mep",), ports.basic_key),
    Scenario("session", "tables in several packets, refused packets; all of the port is in sessions",
             ("optical",), ports.session),
)  # fmt: skip
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def playable(port: str) -> list[Scenario]:
    """The scenarios of a port."""
    return [scenario for scenario in SCENARIOS if port in scenario.ports]
