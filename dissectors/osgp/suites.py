# SPDX-License-Identifier: GPL-2.0-or-later
"""The cipher suites of OSGP, and what the header fields of a message are called in them. Users add suites in files of
their own, and change these (`define_suite`)."""

from __future__ import annotations

from collections.abc import Sequence

from dissectors.en14908.apdu import APDU, OSGP_CODE
from dissectors.en14908.lpdu import LPDU
from dissectors.en14908.ltep import LTEP
from dissectors.en14908.npdu import NPDU
from dissectors.en14908.tpdu import SPDU, TPDU
from dissectors.osgp.mep import MEP
from dissectors.sources import CTC
from dissectors.sources import MEP as GUIDE
from osgp_analyzer.schema.parts import MESSAGE, REQUEST, REQUEST_TAG, WIRE, Names, Parts
from osgp_analyzer.schema.parttext import condition, read_parts
from osgp_analyzer.schema.source import Source
from osgp_analyzer.schema.suite import OMA, RC4, Side, Suite
from osgp_analyzer.schema.types import Bits, limits

HEADERS = (LPDU, NPDU, TPDU, SPDU, APDU, LTEP, MEP)
"""Layers whose fields are in clear."""
UID = (6, 6)
STRINGS = {"npdu.domain": (0, 6), "npdu.neuron_id": UID, "ltep.target_neuron_id": UID, "target.neuron_id": UID}
"""Fields of them that are bytes, and how many. The target is the meter, whichever way the message goes."""
TARGET = {"target.subnet": (0, 255), "target.node": (0, 127)}


def _names() -> Names:
    fields = [one for layer in HEADERS for one in layer.definition.full_names]
    numbers = {name: limits(field) or (0, 0xFFFF) for field, name in fields if limits(field) or isinstance(field, Bits)}
    return Names({**numbers, **TARGET}, STRINGS)


NAMES = _names()
"""What suites can refer to."""
SUITES: dict[str, Suite] = {}
"""The suites by name, in the order in which they are tried."""


def define_suite(suite: Suite) -> None:
    """Add a suite, or put it in place of the one of its name. To be called before a message is read."""
    SUITES[suite.name] = suite


def _parts(texts: Sequence[str]) -> Parts:
    return read_parts(texts, NAMES, (WIRE, MESSAGE, REQUEST, REQUEST_TAG))


OSGP_CODED = condition(f"wire[0] == {OSGP_CODE}", NAMES)
ADDRESS = ("u8(target.subnet)", "u8(target.node)")
POWER_LINE = Suite(
    name="osgp-rc4",
    title="OSGP with RC4 on the power line",
    source=Source(
        "Digest: gviegas/contic-osgpb and a published vector; RC4: a published exercise", "encrypted part by analogy"
    ).inferred,
    carrier="apdu",
    keys=("omak",),
    cipher=RC4,
    mac=OMA,
    tag_length=8,
    encrypted_from=1,
    clear_at_end=8,
    response_stream="continues",
    plain_has_sequence=True,
    request=Side(when=OSGP_CODED, mac_input=_parts([*ADDRESS, "message"])),
    response=Side(when=OSGP_CODED, mac_input=_parts([*ADDRESS, "request", "message", "u8(size(message))"])),
    doc="From the byte behind the APDU code 0x00 on all is encrypted but the digest, and the response continues the "
    "request's keystream: this is taken over from the MEP port, no source says it of the power line. The digest is "
    f"over subnet and node of the meter as well, that of a response over the response's length ({CTC.document}).",
)
SERIAL = Suite(
    name="mep-rc4",
    title="OSGP with RC4 on the MEP port",
    source=GUIDE.at("p.11-17, appendices A and B, p.250-257"),
    carrier="mep",
    keys=("mak", "mbk"),
    cipher=RC4,
    mac=OMA,
    tag_length=8,
    encrypted_from=0,
    clear_at_end=8,
    response_stream="continues",
    plain_has_sequence=True,
    request=Side(mac_input=_parts(["message"])),
    response=Side(mac_input=_parts(["request", "message"])),
    doc="Nothing says that a message is encrypted: the meter tries whether the digest fits it as it is, and then "
    "decrypts it. The MAK is tried before the MBK.",
)
for _suite in (POWER_LINE, SERIAL):
    define_suite(_suite)
