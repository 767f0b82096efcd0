# SPDX-License-Identifier: GPL-2.0-or-later
"""Automated topology management: how concentrators and meters find each other. Only little of it is known."""

from dissectors.sources import EX
from osgp_analyzer.schema import Bytes, Check, F, Group, Layer, Severity


class ATM(
    Layer,
    name="atm",
    title="Automated topology management",
    source=EX.at("Stack/include/LtApdu.h; LtDeviceStack.cpp updateStats").one,
    protocol="ATM",
):
    """Discovery message, outbound from a concentrator or inbound from a meter, on the discovery domain."""

    unknown = Bytes(1, doc="Not known.")
    source = Bytes(6, show="neuron_id", label="Source Neuron ID", doc="Who sent it.")
    body = Bytes(doc="Not known.")

    checks = (
        Check(
            "body_unknown",
            F.body != b"",
            Severity.NOTE,
            Group.UNDECODED,
            "no source tells the layout of the rest of the message",
            "body",
        ),
    )
    info = "from {source}"
