# SPDX-License-Identifier: GPL-2.0-or-later
"""Network management: configuration and values of network variables."""

from dissectors.en14908.management.codes import NETMGMT
from dissectors.en14908.management.nv_records import AliasConfig, NVConfig, NVIndex
from osgp_analyzer.schema import Bytes, Case, Cases, Check, F, Group, Layer, Remaining, Severity, Struct


class QueryNVConfig(NVIndex, name="nm.query_nv_config", title="Query NV configuration"):
    """Reads the configuration of a network variable or alias, by its index."""


def _config() -> Struct:
    """NV or alias configuration, told apart by the bytes that are left: 3, or 4 and 6."""
    return Struct(
        Cases((Case(Remaining() == 3, NVConfig), Case(Remaining().among(4, 6), AliasConfig))),
        label="Configuration",
        doc="Configuration of the network variable, or of the alias: the length tells which.",
    )


undecidable = Check(
    "layout",
    F.data != b"",
    Severity.NOTE,
    Group.UNDECODED,
    "an NV configuration has 3 bytes, an alias configuration 4 or 6: these are neither",
    "data",
)


class QueryNVConfigResponse(
    Layer, name="nm.query_nv_config_response", title="Query NV configuration response", source=NETMGMT
):
    """The configuration of a network variable, or of an alias: the length tells which."""

    config = _config()
    data = Bytes(when=Remaining() > 0, doc="A configuration of unknown layout.")

    checks = (undecidable,)


class UpdateNVConfig(NVIndex, name="nm.update_nv_config", title="Update NV configuration"):
    """Writes the configuration of a network variable, or of an alias: the length tells which."""

    config = _config()
    data = Bytes(when=Remaining() > 0, doc="A configuration of unknown layout.")

    checks = (undecidable,)


class NVFetch(NVIndex, name="nm.nv_fetch", title="NV value fetch"):
    """Reads the value of a network variable, by its index."""


class NVFetchResponse(NVIndex, name="nm.nv_fetch_response", title="NV value fetch response"):
    """The value of a network variable. Types are not in the message, so it is bytes."""

    value = Bytes()

    info = "{index} = {value}"
